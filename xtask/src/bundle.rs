//! `cargo xtask bundle`: builds the plugins.

use crate::workspace::{PACKAGE, Workspace};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;

/// Builds the plugins in release mode; `args` are further options of `cargo build`, such as `--target`.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let mut options = vec!["--release".to_owned()];
    for arg in args {
        options.push(arg.into_string().ok().context("an option is not valid Unicode")?);
    }
    // All libraries: with the plugin's package alone, Cargo would choose fewer features for some dependencies than it
    // does for the tests, and compile half of them a second time.
    let status = workspace.cargo().args(["build", "--workspace", "--lib"]).args(&options).status();
    ensure!(status.context("cannot run cargo")?.success(), "the plugin could not be built");
    // nice-plug-xtask works in the current folder.
    std::env::set_current_dir(&workspace.root)?;
    nice_plug_xtask::bundle(&workspace.target, PACKAGE, &options, false)
}
