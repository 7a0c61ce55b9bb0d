//! `cargo xtask test`: everything that is tested, in order, up to the first failure. With `--long` the fault tests run in
//! their full counts, which takes minutes.

use crate::workspace::Workspace;
use crate::{bundle, demo, package, vst3};
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::time::{Duration, Instant};

/// What a step came to, if it did not fail.
pub enum Verdict {
    Passed,
    /// Not possible on this machine, for this reason.
    Skipped(String),
}

/// Nothing is skipped where CI=true: that fails.
pub fn skip(reason: &str) -> Result<Verdict> {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("{reason}; CI=true says that no check may be skipped");
    }
    println!("!!! SKIPPED: {reason}.");
    Ok(Verdict::Skipped(reason.to_owned()))
}

type Step = fn(&Workspace) -> Result<Verdict>;

const STEPS: &[(&str, Step)] = &[
    ("Formatting", formatting),
    ("Clippy", clippy),
    ("Documentation", documentation),
    ("Rust tests", rust_tests),
    ("Bundles", bundles),
    ("CLAP check of the bundle", clap_check),
    ("VST3 checks of the bundle", vst3::run),
    ("Package", package::check),
];

/// Runs all steps.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let is_long = match args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().as_slice() {
        [] => false,
        [arg] if arg == "--long" => true,
        [..] => bail!("`cargo xtask test` takes `--long` or nothing"),
    };
    let mut steps = STEPS.to_vec();
    if is_long {
        steps.push(("Faults in full counts", faults_in_full));
    }
    let mut results: Vec<(&str, Duration, Verdict)> = Vec::new();
    for (number, (name, step)) in steps.iter().enumerate() {
        println!("\n=== {} of {}: {name} ===\n", number + 1, steps.len());
        let start = Instant::now();
        match step(workspace) {
            Ok(verdict) => results.push((name, start.elapsed(), verdict)),
            Err(error) => {
                summary(&results);
                println!("FAILED  {name}");
                println!("{} passed, 1 failed", passed(&results));
                return Err(error.context(format!("{name} failed")));
            }
        }
    }
    summary(&results);
    println!("{} passed, 0 failed", passed(&results));
    Ok(())
}

fn passed(results: &[(&str, Duration, Verdict)]) -> usize {
    results.iter().filter(|(_, _, verdict)| matches!(verdict, Verdict::Passed)).count()
}

fn summary(results: &[(&str, Duration, Verdict)]) {
    println!("\n=== Summary ===\n");
    for (name, taken, verdict) in results {
        match verdict {
            Verdict::Passed => println!("passed  {name} ({:.0} s)", taken.as_secs_f64()),
            Verdict::Skipped(reason) => println!("SKIPPED {name}: {reason}"),
        }
    }
}

fn formatting(workspace: &Workspace) -> Result<Verdict> {
    cargo(workspace, &["fmt", "--all", "--check"], "please run `cargo fmt --all`")
}

fn clippy(workspace: &Workspace) -> Result<Verdict> {
    let args = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
    cargo(workspace, &args, "clippy has something to say")
}

fn documentation(workspace: &Workspace) -> Result<Verdict> {
    let mut command = workspace.cargo();
    command.args(["doc", "--release", "--workspace", "--no-deps", "--document-private-items"]);
    let status = command.env("RUSTDOCFLAGS", "-D warnings").status().context("cannot run cargo")?;
    ensure!(status.success(), "rustdoc has something to say");
    Ok(Verdict::Passed)
}

fn rust_tests(workspace: &Workspace) -> Result<Verdict> {
    cargo(workspace, &["test", "--release", "--workspace"], "a Rust test failed")
}

fn faults_in_full(workspace: &Workspace) -> Result<Verdict> {
    let args = ["test", "--release", "--workspace", "--tests", "--", "--ignored"];
    cargo(workspace, &args, "a fault test failed")
}

fn cargo(workspace: &Workspace, args: &[&str], complaint: &'static str) -> Result<Verdict> {
    let status = workspace.cargo().args(args).status().context("cannot run cargo")?;
    ensure!(status.success(), complaint);
    Ok(Verdict::Passed)
}

fn bundles(workspace: &Workspace) -> Result<Verdict> {
    bundle::run(workspace, Vec::new())?;
    for path in [workspace.clap(), workspace.vst3()] {
        ensure!(path.exists(), "{} was not made", path.display());
    }
    Ok(Verdict::Passed)
}

fn clap_check(workspace: &Workspace) -> Result<Verdict> {
    let folder = tempfile::tempdir()?;
    match demo::perform(&workspace.clap(), folder.path()) {
        Ok(()) => Ok(Verdict::Passed),
        Err(error) => Err(error.context(format!("see the files in {}", folder.keep().display()))),
    }
}
