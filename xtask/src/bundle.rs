//! `cargo xtask bundle`: builds the plugins.

use crate::workspace::{PACKAGE, Workspace};
use anyhow::{Context, Result};
use std::ffi::OsString;

/// Builds the plugins in release mode; `args` are further options of `cargo build`, such as `--target`.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let mut options = vec!["--release".to_owned()];
    for arg in args {
        options.push(arg.into_string().ok().context("an option is not valid Unicode")?);
    }
    // Both functions of nice-plug-xtask work in the current folder.
    std::env::set_current_dir(&workspace.root)?;
    nice_plug_xtask::build(&[PACKAGE.to_owned()], &options)?;
    nice_plug_xtask::bundle(&workspace.target, PACKAGE, &options, false)
}
