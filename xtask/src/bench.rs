//! `cargo xtask bench`: how fast the built plugin is, as ratios, beside what a user would run instead.
//!
//! Times of two sides are taken in turns and only their ratios are compared, so that they hold on a busy machine.

mod many;
mod moments;
mod tools;
mod usage;
mod whole_path;

use crate::render::{fresh_folder, set_out_folder};
use crate::sound::Sound;
use crate::workspace::Workspace;
use crate::{bundle, demo};
use anyhow::{Context, Result, bail, ensure};
use lexopt::prelude::*;
use many::One;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const HELP: &str = "\
cargo xtask bench [options]

Measures the built plugin and prints the figures as Markdown. Have the machine to itself, or trust only the ratios.

  --only PART      process, path, many or moments; may be given again; default: all
  --rounds N       how often the whole path is measured; default: 5
  --seconds N      how long the instances record that record at once; default: 10
  --one TYPE:N     only N instances that record wav or mp3 at once, or, with keep, record nothing; with the plugin as it was built
                   last; with other settings behind it: wav:256:loudness=off
  --save           writes docs/performance.md
";

/// Parts of the measurement, by the names that `--only` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Process,
    Path,
    Many,
    Moments,
}

impl Part {
    const ALL: [(&str, Self); 4] =
        [("process", Self::Process), ("path", Self::Path), ("many", Self::Many), ("moments", Self::Moments)];

    fn named(name: &str) -> Result<Self> {
        let part = Self::ALL.into_iter().find(|(id, _)| *id == name);
        Ok(part.with_context(|| format!("there is no part `{name}`.\n\n{HELP}"))?.1)
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Options {
    parts: Vec<Part>,
    rounds: usize,
    seconds: usize,
    save: bool,
    one: Option<One>,
}

impl Options {
    fn parse(args: Vec<OsString>) -> Result<Option<Self>> {
        let mut options = Self { parts: Vec::new(), rounds: 5, seconds: 10, save: false, one: None };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("only") => options.parts.push(Part::named(&parser.value()?.string()?)?),
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("seconds") => options.seconds = parser.value()?.parse()?,
                Long("one") => options.one = Some(parser.value()?.string()?.parse()?),
                Long("save") => options.save = true,
                _ => bail!("{}.\n\n{HELP}", arg.unexpected()),
            }
        }
        ensure!(options.rounds > 0 && options.seconds > 0, "--rounds and --seconds have to be at least 1");
        if options.parts.is_empty() {
            options.parts = Part::ALL.map(|(_, part)| part).to_vec();
        }
        Ok(Some(options))
    }
}

/// The plugin, and a fresh folder for what it records.
struct Bench {
    plugin: PathBuf,
    folder: PathBuf,
}

impl Bench {
    /// Removes what was recorded so far.
    fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
        Ok(())
    }
}

/// Builds, measures, prints.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let command = args.iter().fold("cargo xtask bench".to_owned(), |all, arg| all + " " + &arg.to_string_lossy());
    let Some(options) = Options::parse(args)? else {
        print!("{HELP}");
        return Ok(());
    };
    if options.one.is_none() {
        bundle::run(workspace, Vec::new())?;
    }
    let folder = set_out_folder(&fresh_folder(&workspace.target.join("bench"))?)?;
    let bench = Bench { plugin: workspace.clap(), folder };
    if let Some(one) = &options.one {
        one.print(&bench, options.seconds)?;
        return Ok(fs::remove_dir_all(&bench.folder)?);
    }
    let mut page = heading(&command);
    // Memory is told best of a process that has done little else.
    for part in [Part::Moments, Part::Many, Part::Path, Part::Process] {
        if options.parts.contains(&part) {
            let section = match part {
                Part::Moments => moments::measure(&bench)?,
                Part::Many => many::measure(options.seconds)?,
                Part::Path => whole_path::measure(&bench, options.rounds)?,
                Part::Process => process(workspace)?,
            };
            println!("\n{section}");
            page += "\n";
            page += &section;
        }
    }
    fs::remove_dir_all(&bench.folder)?;
    if options.save {
        fs::write(workspace.root.join("docs/performance.md"), page)?;
    }
    Ok(())
}

fn heading(command: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plural = if cores == 1 { "core" } else { "cores" };
    format!("# Performance\n\nMeasured on {cores} {plural} ({}) with `{command}`.\n", std::env::consts::OS)
}

/// What recording adds to `process()`: the table that `cargo bench` prints.
fn process(workspace: &Workspace) -> Result<String> {
    let mut bench = workspace.cargo();
    bench.args(["bench", "--bench", "process"]).stderr(Stdio::inherit());
    let output = bench.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo bench failed");
    let table = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(format!(
        "## process()\n\nA block recorded against a plain copy of it into a ring of 16 seconds \
         (`cargo bench --bench process`). Aim: a ratio of 1.2 at 128 frames and above, 30 ns idle.\n\n```\n{table}\n```\n"
    ))
}

/// A sound that is neither easy nor hard for codecs: the demo's, over and over, with a little noise and beats of noise.
fn sound(seconds: usize) -> Sound {
    let part = demo::pleasant_sound();
    let mut seed = 1u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let frames = seconds * part.rate as usize;
    let beat = part.rate as usize / 2;
    let mut channel = |channel: &Vec<f32>| {
        let loudness = |frame: usize| 0.001 + 0.2 * (-((frame % beat) as f32) / 1500.0).exp();
        let samples = channel.iter().cycle().take(frames).enumerate();
        samples.map(|(frame, &sample)| sample + loudness(frame) * noise()).collect::<Vec<f32>>()
    };
    Sound { rate: part.rate, channels: part.channels.iter().map(&mut channel).collect() }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The files in `folder`.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn parts_are_chosen_by_name_and_all_of_them_without() {
        assert_eq!(parse("").unwrap().unwrap().parts.len(), 4);
        let options = parse("--only path --only many --rounds 3 --seconds 60 --save").unwrap().unwrap();
        let parts = vec![Part::Path, Part::Many];
        assert_eq!(options, Options { parts, rounds: 3, seconds: 60, save: true, one: None });
        assert!(parse("--only everything").is_err());
        assert!(parse("--rounds 0").is_err());
    }

    #[test]
    fn the_sound_never_clips_and_never_rests() {
        for channel in &sound(7).channels {
            assert_eq!(channel.len(), 7 * 48_000);
            assert!(channel.iter().all(|sample| sample.abs() < 1.0));
            assert!(channel.chunks(128).all(|block| block.iter().any(|sample| sample.abs() > 1e-4)));
        }
    }

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 3.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
