//! `cargo xtask bundle`: builds the plugins.

use crate::workspace::{PACKAGE, Workspace};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs;

/// Builds the plugins in release mode. `args` are the plugin's name, if the user gives it, and further options of
/// `cargo build`, such as `--target`.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let args = args.into_iter().map(|arg| arg.into_string().ok().context("an option is not valid Unicode"));
    let options = options(args.collect::<Result<_>>()?)?;
    // All libraries: with the plugin's package alone, Cargo would choose fewer features for some dependencies than it
    // does for the tests, and compile half of them a second time.
    let status = workspace.cargo().args(["build", "--workspace", "--lib"]).args(&options).status();
    ensure!(status.context("cannot run cargo")?.success(), "the plugin could not be built");
    bundle(workspace, &options)
}

/// Builds the plugins and nothing else, in the target folder of `workspace`, with these variables in the environment of
/// Cargo. Where they hold flags of compilers every crate is compiled anew: in a folder that others use, theirs would be, too.
pub fn build_apart(workspace: &Workspace, environment: Vec<(&str, OsString)>) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--release", "--locked", "--package", PACKAGE, "--lib", "--target-dir"])
        .arg(&workspace.target);
    ensure!(cargo.envs(environment).status().context("cannot run cargo")?.success(), "the plugin could not be built");
    // Nothing of an older build.
    let bundled = workspace.target.join("bundled");
    if bundled.exists() {
        fs::remove_dir_all(&bundled)?;
    }
    bundle(workspace, &["--release".to_owned()])
}

fn bundle(workspace: &Workspace, options: &[String]) -> Result<()> {
    // nice-plug-xtask works in the current folder.
    std::env::set_current_dir(&workspace.root)?;
    nice_plug_xtask::bundle(&workspace.target, PACKAGE, options, false)
}

/// What `cargo build` is told. The plugin may be named in the ways of nice-plug-xtask, first or with `-p`, and the release
/// mode be asked for, which it is always built in.
fn options(args: Vec<String>) -> Result<Vec<String>> {
    let mut options = vec!["--release".to_owned()];
    let mut args = args.into_iter().peekable();
    if let Some(package) = args.next_if(|arg| !arg.starts_with('-')) {
        check_package(&package)?;
    }
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--release" | "-r" => {}
            "-p" | "--package" => check_package(&args.next().context("the name of the plugin is missing after `-p`")?)?,
            _ => match arg.strip_prefix("--package=") {
                Some(package) => check_package(package)?,
                None => options.push(arg),
            },
        }
    }
    Ok(options)
}

fn check_package(package: &str) -> Result<()> {
    ensure!(
        package == PACKAGE,
        "there is no plugin `{package}` here. There is one, `{PACKAGE}`, and `cargo xtask bundle` alone builds it, too."
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(args: &str) -> Result<String> {
        Ok(options(args.split_whitespace().map(str::to_owned).collect())?.join(" "))
    }

    #[test]
    fn every_way_to_ask_for_the_plugin_builds_it_in_release_mode() {
        for args in [
            "",
            "--release",
            "audio_file_out",
            "audio_file_out --release",
            "-p audio_file_out --release",
            "--release --package audio_file_out",
            "--package=audio_file_out -r",
        ] {
            assert_eq!(told(args).unwrap(), "--release", "{args}");
        }
    }

    #[test]
    fn options_of_cargo_build_pass_with_their_values() {
        let target = "--target aarch64-apple-darwin --locked";
        assert_eq!(told(&format!("audio_file_out {target}")).unwrap(), format!("--release {target}"));
        assert_eq!(told(target).unwrap(), format!("--release {target}"));
    }

    #[test]
    fn another_plugin_is_refused_with_the_name_of_ours() {
        for args in ["gain --release", "-p gain", "--package=gain", "--release -p audio_file_in"] {
            assert!(told(args).unwrap_err().to_string().contains("`audio_file_out`"), "{args}");
        }
        assert!(told("-p").is_err());
    }
}
