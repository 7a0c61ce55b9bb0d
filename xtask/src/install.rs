//! `cargo xtask install`: copies the plugins to where the user's DAWs look for them.

use crate::bundle;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Builds and copies both plugins; with `--uninstall`, removes them.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let mut uninstall = false;
    for arg in args {
        match arg.to_str() {
            Some("--uninstall") => uninstall = true,
            _ => bail!("`cargo xtask install` takes only --uninstall, not {}", arg.to_string_lossy()),
        }
    }
    let Folders { clap, vst3 } = Folders::of_this_user()?;
    let plugins = [(workspace.clap(), clap), (workspace.vst3(), vst3)];
    if uninstall {
        for (bundle, folder) in plugins {
            remove(&installed(&bundle, &folder))?;
        }
        println!("\nThe next scan of your DAW will no longer find Audio File Out.");
    } else {
        bundle::run(workspace, Vec::new())?;
        println!();
        for (bundle, folder) in plugins {
            copy(&bundle, &installed(&bundle, &folder))?;
        }
        println!("\nNext: start your DAW, or let it scan for plugins again, and put Audio File Out on a track.");
    }
    Ok(())
}

/// Where the user's own plugins lie.
#[derive(Debug, PartialEq, Eq)]
struct Folders {
    clap: PathBuf,
    vst3: PathBuf,
}

impl Folders {
    fn of_this_user() -> Result<Self> {
        let folder = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
        let found = if cfg!(windows) {
            folder("LOCALAPPDATA").map(|data| Self::windows(Path::new(&data)))
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| Self::macos(Path::new(&home)))
        } else {
            folder("HOME").map(|home| Self::linux(Path::new(&home)))
        };
        found.context("cannot tell where your home folder is")
    }

    /// The CLAP repository's `include/clap/entry.h`; "Plug-in Locations" in the VST 3 developer portal.
    fn linux(home: &Path) -> Self {
        Self { clap: home.join(".clap"), vst3: home.join(".vst3") }
    }

    /// As above, for macOS.
    fn macos(home: &Path) -> Self {
        let plugins = home.join("Library/Audio/Plug-Ins");
        Self { clap: plugins.join("CLAP"), vst3: plugins.join("VST3") }
    }

    /// As above, for Windows.
    fn windows(local_app_data: &Path) -> Self {
        let common = local_app_data.join("Programs").join("Common");
        Self { clap: common.join("CLAP"), vst3: common.join("VST3") }
    }
}

fn installed(bundle: &Path, folder: &Path) -> PathBuf {
    folder.join(bundle.file_name().unwrap_or_default())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    // Removed first: a DAW that runs keeps the old file, where overwriting would pull the code from under it.
    take_away(to)?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    copy_all(from, to).with_context(|| format!("cannot copy to {}", to.display()))?;
    println!("installed {}", to.display());
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    if take_away(path)? {
        println!("removed {}", path.display());
    } else {
        println!("was not there: {}", path.display());
    }
    Ok(())
}

/// Removes a file or folder; says whether there was one.
fn take_away(path: &Path) -> Result<bool> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            let advice = "if a DAW is running, please close it and try again";
            Err(error).with_context(|| format!("cannot remove {}; {advice}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_install_leaves_nothing_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("new.vst3"), folder.path().join("deep/er/installed.vst3"));
        fs::create_dir_all(to.join("Contents")).unwrap();
        fs::write(to.join("Contents/old.so"), "old").unwrap();
        fs::create_dir_all(from.join("Contents/x86_64-linux")).unwrap();
        fs::write(from.join("Contents/x86_64-linux/plugin.so"), "new").unwrap();

        copy(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("Contents/x86_64-linux/plugin.so")).unwrap(), "new");
        assert!(!to.join("Contents/old.so").exists());
    }

    #[test]
    fn uninstalling_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin.clap");
        assert!(!take_away(&plugin).unwrap());
        fs::write(&plugin, "").unwrap();
        assert!(take_away(&plugin).unwrap());
        assert!(!plugin.exists());
    }
}
