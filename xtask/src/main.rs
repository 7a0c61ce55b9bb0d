//! The project's own commands. `cargo xtask help` lists them.

mod bench;
mod bundle;
mod demo;
mod install;
mod package;
mod recording;
mod render;
mod screenshot;
mod sound;
mod test;
mod vst3;
mod workspace;

use anyhow::{Result, bail};
use std::ffi::OsString;
use std::process::ExitCode;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask demo          hear it work without a DAW: makes a sound, records it to every file type, checks the files
cargo xtask test          everything that is tested; --long runs the fault tests in their full counts, too
cargo xtask bundle        builds the plugins into target/bundled
cargo xtask install       builds them and copies them to where DAWs look; --uninstall takes them away again
cargo xtask package       packs them for others into target/package, with a script that installs them, and tries that
cargo xtask render FILE   plays a WAV file through the plugin; `cargo xtask render --help` lists the options
cargo xtask bench         how fast it is, beside other programs; `cargo xtask bench --help` lists the options
cargo xtask screenshot    takes the picture of the window for the README; needs Xvfb
";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    match run(&command.to_string_lossy(), args.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, args: Vec<OsString>) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        "bench" => bench::run(&workspace, args),
        "bundle" => bundle::run(&workspace, args),
        "install" => install::run(&workspace, args),
        "package" => package::run(&workspace, args),
        "render" => render::run(&workspace, args),
        "demo" => demo::run(&workspace, args),
        "screenshot" => screenshot::run(&workspace, args),
        "test" => test::run(&workspace, args),
        "" | "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("there is no command `{command}`.\n\n{HELP}"),
    }
}

/// For commands without options.
fn no_arguments(command: &str, args: &[OsString]) -> Result<()> {
    match args {
        [] => Ok(()),
        [..] => bail!("`cargo xtask {command}` takes no arguments"),
    }
}
