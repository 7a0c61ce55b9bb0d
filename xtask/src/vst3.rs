//! The VST3 checks: Python scripts in `tests/vst3` that load the bundle in real VST3 hosts from PyPI. What they need is
//! installed into `target`, never into the machine.

use crate::test::{Verdict, skip};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the checks on the built bundle.
pub fn run(workspace: &Workspace) -> Result<Verdict> {
    check(workspace, &workspace.vst3(), &[])
}

/// Runs the checks whose names have one of the words in them, or all, on `bundle`; without Python 3 they are skipped.
pub fn check(workspace: &Workspace, bundle: &Path, words: &[&str]) -> Result<Verdict> {
    let scripts = workspace.root.join("tests").join("vst3");
    let Some(system) = system_python() else {
        return skip("the VST3 hosts need Python 3, and there is none on this machine");
    };
    let Some(python) = Python::install(&system, &scripts.join("requirements.txt"), &workspace.target)? else {
        return skip("the VST3 hosts need venv or pip, and this machine's Python 3 has neither");
    };
    let status = python.command().arg(scripts.join("run.py")).arg(bundle).args(words).status();
    ensure!(status.context("cannot run Python")?.success(), "a VST3 check failed");
    Ok(Verdict::Passed)
}

/// The first Python 3 that starts.
fn system_python() -> Option<PathBuf> {
    let is_new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    let names = ["python3", "python"];
    names.into_iter().find(|name| succeeds(Command::new(name).args(["-c", is_new_enough]))).map(PathBuf::from)
}

/// A Python with the packages that the checks need.
struct Python {
    program: PathBuf,
    /// Where the packages lie, if not in the program's own environment.
    packages: Option<PathBuf>,
}

impl Python {
    /// Installs `requirements` below `target`, unless the very same ones are there already: in a virtual environment,
    /// or, where Python cannot make one, in a folder of packages. Nothing when Python can do neither.
    fn install(system: &Path, requirements: &Path, target: &Path) -> Result<Option<Self>> {
        let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
        let (venv, packages) = (target.join("vst3-venv"), target.join("vst3-packages"));
        let in_venv = Self { program: program_of(&venv), packages: None };
        let in_folder = Self { program: system.to_owned(), packages: Some(packages.clone()) };
        // The program is a link into the system's Python, which may have been upgraded since.
        if is_installed(&venv, &wanted) && in_venv.program.exists() {
            return Ok(Some(in_venv));
        }
        if is_installed(&packages, &wanted) {
            return Ok(Some(in_folder));
        }
        for folder in [&venv, &packages] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        // Debian makes the folder and fails then, if its package python3-venv is missing.
        if succeeds(Command::new(system).args([OsStr::new("-m"), OsStr::new("venv"), venv.as_os_str()])) {
            in_venv.pip(requirements, &venv, &wanted)?;
            return Ok(Some(in_venv));
        }
        if succeeds(Command::new(system).args(["-m", "pip", "--version"])) {
            in_folder.pip(requirements, &packages, &wanted)?;
            return Ok(Some(in_folder));
        }
        Ok(None)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command
    }

    /// Installs the packages; the stamp in `folder` is written last, so that a broken installation is made anew.
    fn pip(&self, requirements: &Path, folder: &Path, wanted: &[u8]) -> Result<()> {
        let mut pip = Command::new(&self.program);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        if let Some(packages) = &self.packages {
            pip.arg("--target").arg(packages);
        }
        let status = pip.arg("--requirement").arg(requirements).status().context("cannot run pip")?;
        ensure!(status.success(), "pip could not install what the VST3 checks need; is there a network?");
        fs::create_dir_all(folder)?;
        Ok(fs::write(stamp(folder), wanted)?)
    }
}

fn program_of(venv: &Path) -> PathBuf {
    if cfg!(windows) { venv.join("Scripts").join("python.exe") } else { venv.join("bin").join("python") }
}

/// A copy of the requirements that are installed in a folder.
fn stamp(folder: &Path) -> PathBuf {
    folder.join("installed-requirements.txt")
}

fn is_installed(folder: &Path, wanted: &[u8]) -> bool {
    fs::read(stamp(folder)).is_ok_and(|installed| installed == wanted)
}

/// Whether a command runs and is content. Shows nothing of it.
fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
