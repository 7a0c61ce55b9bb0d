//! From the first block to the closed file, beside other programs on the same sound.

use super::tools::{self, KINDS, Kind};
use super::{Bench, files, median, sound, timed};
use crate::render::automation;
use crate::render::gate::Gate;
use crate::render::session::Session;
use crate::sound::Sound;
use anyhow::{Result, ensure};
use headless_host::Blocks;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

const SECONDS: usize = 120;

/// Bytes of one raw write.
const RAW_WRITE: usize = 256 << 10;

/// Records each kind of file and lets the rivals make the same, in turns.
pub fn measure(bench: &Bench, rounds: usize) -> Result<String> {
    let sound = sound(SECONDS);
    let inputs = bench.folder.join("inputs");
    fs::create_dir(&inputs)?;
    sound.write(&inputs.join("IN.wav"))?;
    for bits in [16, 24] {
        write_whole(&sound, bits, &inputs.join(format!("IN{bits}.wav")))?;
    }
    let mut text = format!(
        "## The whole path\n\nA sound of {SECONDS} s, 48 kHz, stereo, played into the plugin at full speed until its file \
         is closed, beside other programs that make such a file from it. Ratio: the plugin's time as a part of theirs \
         ({}); below 1 the plugin is faster. Median of {rounds}.\n\n| file | times realtime | ratio |\n|---|---|---|\n",
        tools::versions().join(", ")
    );
    for kind in KINDS {
        let row = row(bench, &sound, &inputs, kind, rounds)?;
        println!("{row}");
        writeln!(text, "{row}")?;
    }
    Ok(text)
}

fn row(bench: &Bench, sound: &Sound, inputs: &Path, kind: &Kind, rounds: usize) -> Result<String> {
    let (there, missing): (Vec<&str>, Vec<&str>) =
        kind.rivals.iter().partition(|line| tools::is_installed(tools::program(line)));
    let is_raw = kind.name == "WAV, 16 bits";
    let mut speeds = Vec::new();
    let mut ratios = vec![Vec::new(); there.len() + usize::from(is_raw)];
    for _ in 0..rounds {
        let own = record(bench, sound, kind)?.as_secs_f64();
        speeds.push(SECONDS as f64 / own);
        for (ratios, line) in ratios.iter_mut().zip(&there) {
            let output = inputs.join("OUT").with_extension(kind.settings[0].1);
            let ((), time) = timed(|| tools::run(line, inputs, &output))?;
            fs::remove_file(output)?;
            ratios.push(own / time.as_secs_f64());
        }
        if is_raw && let Some(ratios) = ratios.last_mut() {
            ratios.push(own / raw_write(inputs)?.as_secs_f64());
        }
    }
    let names = there.iter().map(|line| tools::program(line)).chain(is_raw.then_some("raw write of the same bytes"));
    let told = names.zip(ratios).map(|(name, ratios)| format!("{name} {:.2}", median(ratios)));
    let told = told.chain(missing.into_iter().map(|line| format!("{} is missing", tools::program(line))));
    Ok(format!("| {} | {:.0} | {} |", kind.name, median(speeds), told.collect::<Vec<_>>().join(", ")))
}

/// Records the sound and says how long that took.
fn record(bench: &Bench, sound: &Sound, kind: &Kind) -> Result<Duration> {
    let folder = bench.folder.join("take");
    let file = ("file", folder.to_string_lossy().into_owned() + "/{suffix}");
    let settings = kind.settings.iter().map(|&(name, value)| (name, value.to_owned())).chain([file]);
    let outcome = Session {
        sound,
        settings: &settings.map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>(),
        changes: &automation(&Gate::always(sound.frames()), &Gate::from_ranges(Vec::new(), sound.frames())),
        transport: None,
        blocks: Blocks::Fixed(512),
        realtime: false,
        instances: 1,
        progress: false,
    }
    .run(&bench.plugin)?;
    ensure!(files(&folder)?.len() == 1, "one take should give one file");
    fs::remove_dir_all(&folder)?;
    Ok(outcome.elapsed)
}

/// Writes the 16-bit file's bytes once more, from memory.
fn raw_write(inputs: &Path) -> Result<Duration> {
    let bytes = fs::read(inputs.join("IN16.wav"))?;
    let path = inputs.join("RAW");
    let ((), time) = timed(|| {
        let mut file = File::create(&path)?;
        for chunk in bytes.chunks(RAW_WRITE) {
            file.write_all(chunk)?;
        }
        Ok(())
    })?;
    fs::remove_file(path)?;
    Ok(time)
}

/// Writes `sound` as a WAV file of whole samples.
fn write_whole(sound: &Sound, bits: u16, path: &Path) -> Result<()> {
    let channels = sound.channels.len() as u16;
    let spec = WavSpec { channels, sample_rate: sound.rate, bits_per_sample: bits, sample_format: SampleFormat::Int };
    let full_scale = f64::from(1u32 << (bits - 1));
    let mut writer = WavWriter::create(path, spec)?;
    for frame in 0..sound.frames() {
        for channel in &sound.channels {
            let sample = (f64::from(channel[frame]) * full_scale).round().clamp(-full_scale, full_scale - 1.0);
            writer.write_sample(sample as i32)?;
        }
    }
    Ok(writer.finalize()?)
}
