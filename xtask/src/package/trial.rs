//! The trial of a package: it is unpacked, installed by its own script, loaded in hosts from where it lies then, and taken
//! away again, in a home folder of its own and with nothing but the system's tools.

use crate::test::Verdict;
use crate::workspace::Workspace;
use crate::{demo, vst3};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Short, and a take at each of many block sizes, in a host of the kind that most DAWs are.
const VST3_CHECK: &str = "every call is a take at every block size";

/// Tries `archive`, whose files lie in the folder `name`; the VST3 host is left out where there is no Python for it.
pub fn run(workspace: &Workspace, archive: &Path, name: &str) -> Result<Verdict> {
    // With blanks in it, as home folders have.
    let place = tempfile::Builder::new().prefix("audio file out ").tempdir()?;
    let (home, takes) = (place.path().join("a home"), place.path().join("some takes"));
    let usual = if cfg!(target_os = "macos") { home.join("Library/Audio/Plug-Ins") } else { home.clone() };
    for folder in [&usual, &takes] {
        fs::create_dir_all(folder)?;
    }
    let before = tree(&home)?;
    let unpacked = unpack(archive, place.path())?.join(name);
    let plugins = Installed::from(&unpacked, &home)?;

    demo::perform(&plugins.clap, &takes)?;
    let verdict = vst3::check(workspace, &plugins.vst3, &[VST3_CHECK])?;

    plugins.remove(&unpacked, &home)?;
    let left: Vec<_> = tree(&home)?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "the package left something behind: {left:?}");
    Ok(verdict)
}

/// Unpacks with the system's own tool; that of Windows knows ZIP archives, too.
fn unpack(archive: &Path, place: &Path) -> Result<PathBuf> {
    let folder = place.join("unpacked here");
    fs::create_dir(&folder)?;
    let status = Command::new("tar").arg("-xf").arg(archive).current_dir(&folder).status().context("cannot run tar")?;
    ensure!(status.success(), "tar cannot unpack {}", archive.display());
    Ok(folder)
}

/// The plugins where a DAW looks for them.
struct Installed {
    clap: PathBuf,
    vst3: PathBuf,
}

impl Installed {
    #[cfg(unix)]
    fn from(unpacked: &Path, home: &Path) -> Result<Self> {
        script(unpacked, home, &[])?;
        let (clap, vst3) = if cfg!(target_os = "macos") {
            ("Library/Audio/Plug-Ins/CLAP", "Library/Audio/Plug-Ins/VST3")
        } else {
            (".clap", ".vst3")
        };
        Ok(Self {
            clap: home.join(clap).join("Audio File Out.clap"),
            vst3: home.join(vst3).join("Audio File Out.vst3"),
        })
    }

    /// There is no script: they are tried where they were unpacked.
    #[cfg(not(unix))]
    fn from(unpacked: &Path, _: &Path) -> Result<Self> {
        Ok(Self { clap: unpacked.join("Audio File Out.clap"), vst3: unpacked.join("Audio File Out.vst3") })
    }

    #[cfg(unix)]
    fn remove(self, unpacked: &Path, home: &Path) -> Result<()> {
        script(unpacked, home, &["--uninstall"])
    }

    #[cfg(not(unix))]
    fn remove(self, _: &Path, _: &Path) -> Result<()> {
        Ok(())
    }
}

/// Runs the package's script, with no variable of the environment but the two that it needs.
#[cfg(unix)]
fn script(unpacked: &Path, home: &Path, options: &[&str]) -> Result<()> {
    let mut sh = Command::new("/bin/sh");
    sh.arg(unpacked.join("install.sh")).args(options).current_dir("/");
    sh.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    ensure!(sh.status().context("cannot run sh")?.success(), "install.sh {} failed", options.join(" "));
    Ok(())
}

/// Everything below a folder.
fn tree(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(tree(&path)?);
        }
        found.insert(path);
    }
    Ok(found)
}
