//! How long the short moments take during which a user waits.

use super::{Bench, files, median, sound};
use crate::recording::Recording;
use crate::render::session::set_all;
use anyhow::{Context, Result, ensure};
use headless_host::{Change, ParamId, Plugin, Setup};
use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const SCANS: usize = 20;
const ACTIVATIONS: usize = 100;
const TAKES: usize = 5;

/// Frames of a block.
const BLOCK: usize = 128;

/// Seconds of a take that is closed.
const TAKE_SECONDS: usize = 1;

/// Longer than any file takes to be closed.
const PATIENCE: Duration = Duration::from_secs(10);

const TYPES: [&str; 6] = ["wav", "aiff", "flac", "mp3", "ogg", "opus"];

/// Measures and reports all of them.
pub fn measure(bench: &Bench) -> Result<String> {
    let mut text = "## Moments\n\n| | median | aim |\n|---|---|---|\n".to_owned();
    let mut row =
        |name: &str, value: f64, unit: &str, aim: &str| writeln!(text, "| {name} | {value:.1} {unit} | {aim} |");
    let bytes = fs::metadata(&bench.plugin)?.len() as f64;
    row("The plugin's file", bytes / 1e6, "MB", "12 MB")?;
    let (first, again) = scan(bench)?;
    row("Plugin scan in a fresh process (once): load, create, destroy, unload", first, "ms", "20 ms")?;
    row("The same again", again, "ms", "20 ms")?;
    row("Activate and deactivate without recording", activation(bench)?, "ms", "1 ms")?;
    for file_type in TYPES {
        row(&format!("Record off until the {file_type} file is closed"), closing(bench, file_type)?, "ms", "50 ms")?;
    }
    Ok(text)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The first scan of this process, and the median of those after it.
fn scan(bench: &Bench) -> Result<(f64, f64)> {
    let mut times = Vec::new();
    for _ in 0..SCANS {
        let start = Instant::now();
        let plugin = Plugin::from_bundle(&bench.plugin)?;
        drop(plugin.instance()?);
        drop(plugin);
        times.push(milliseconds(start.elapsed()));
    }
    let first = times.remove(0);
    Ok((first, median(times)))
}

fn activation(bench: &Bench) -> Result<f64> {
    let mut instance = Plugin::from_bundle(&bench.plugin)?.instance()?;
    let mut times = Vec::new();
    for _ in 0..ACTIVATIONS {
        let start = Instant::now();
        let processor = instance.activate(Setup::new(48_000.0, BLOCK as u32))?;
        instance.deactivate(processor);
        times.push(milliseconds(start.elapsed()));
    }
    Ok(median(times))
}

/// From the end of the block that switches Record off to the first look at the file that finds it whole.
fn closing(bench: &Bench, file_type: &str) -> Result<f64> {
    let sound = sound(TAKE_SECONDS);
    let plugin = Plugin::from_bundle(&bench.plugin)?;
    let mut instance = plugin.instance()?;
    set_all(&mut instance, &[("filetype".to_owned(), file_type.to_owned())])?;
    let mut processor = instance.activate(Setup::new(f64::from(sound.rate), BLOCK as u32))?;
    let mut output = vec![vec![0.0; BLOCK]; sound.channels.len()];
    let mut times = Vec::new();
    let record = |value| Change::new(0, ParamId::named("record"), value);
    for _ in 0..TAKES {
        let start = Instant::now();
        for first in (0..sound.frames()).step_by(BLOCK) {
            thread::sleep(Duration::from_secs_f64(sound.seconds(first)).saturating_sub(start.elapsed()));
            let input: Vec<&[f32]> = sound.channels.iter().map(|channel| &channel[first..first + BLOCK]).collect();
            let changes = if first == 0 { [record(1.0)].to_vec() } else { Vec::new() };
            processor.process(&input, &mut output, &changes)?;
        }
        let rest = vec![vec![0.0; BLOCK]; sound.channels.len()];
        processor.process(&rest, &mut output, &[record(0.0)])?;
        let off = Instant::now();
        times.push(milliseconds(whole_after(bench, off, sound.frames() as u64)?));
        bench.clear()?;
    }
    instance.deactivate(processor);
    Ok(median(times))
}

/// When, after `off`, the look began that found one file of so many frames.
fn whole_after(bench: &Bench, off: Instant, frames: u64) -> Result<Duration> {
    while off.elapsed() < PATIENCE {
        let look = off.elapsed();
        let found = files(&bench.folder)?;
        ensure!(found.len() < 2, "one take should give one file");
        if let Some(path) = found.into_iter().next()
            && Recording::examine(path).content.is_ok_and(|content| content.frames == frames)
        {
            return Ok(look);
        }
        thread::sleep(Duration::from_micros(500));
    }
    None.context("the file was not closed")
}
