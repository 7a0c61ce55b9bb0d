//! `cargo xtask demo`: the plugin at work without a DAW, and the proof that its files hold the exact sound.

use crate::recording::{self, Recording, Snapshot, Watched};
use crate::render::gate::Gate;
use crate::render::session::{Session, set_all};
use crate::render::{automation, fresh_folder, set_out_folder};
use crate::sound::Sound;
use crate::workspace::Workspace;
use crate::{bundle, no_arguments};
use anyhow::{Context, Result, ensure};
use headless_host::{Blocks, Instance, ParamId, Plugin, Processor, Render, Setup, Transport};
use std::f64::consts::TAU;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use std::thread;

/// Hz.
const RATE: u32 = 48_000;
const SECONDS: f64 = 6.0;

/// Where Record is on, in samples: in the middle of blocks, wherever those begin.
const RECORD: Range<usize> = 12_345..250_001;
/// Where Pause is on during the WAV take.
const PAUSE: Range<usize> = 100_003..148_009;
/// Where Record is on for the take with a pre-roll, and how long that is.
const LATE_RECORD: Range<usize> = 100_001..250_001;
/// Of the group, and the most frames that one is ahead of another.
const TRACKS: [&str; 3] = ["Drums", "Bass", "Voice"];
const MOST_FRAMES: u32 = 2048;
const PREROLL_SECONDS: &str = "1.5";
const PREROLL: usize = 72_000;
const WITH_PREROLL: Range<usize> = LATE_RECORD.start - PREROLL..LATE_RECORD.end;

/// The other file types, and whether they keep every sample.
const TYPES: [(&str, bool); 5] = [("mp3", false), ("ogg", false), ("aiff", true), ("flac", true), ("opus", false)];

/// Builds the plugin and runs the demo in a fresh folder below `target/demo`.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    no_arguments("demo", &args)?;
    bundle::run(workspace, Vec::new())?;
    println!();
    perform(&workspace.clap(), &fresh_folder(&workspace.target.join("demo"))?)
}

/// Makes a sound in `folder`, records it with `plugin` to every file type, and checks what was recorded.
pub fn perform(plugin: &Path, folder: &Path) -> Result<()> {
    let sound = pleasant_sound();
    let input = folder.join("input.wav");
    sound.write(&input)?;
    println!("A sound of {SECONDS} s, played through the plugin in blocks of random size:\n{}\n", input.display());
    set_out_folder(folder)?;

    let record = Gate::from_ranges(vec![RECORD], sound.frames());
    let pause = Gate::from_ranges(vec![PAUSE], sound.frames());
    let kept = record.without(&pause);
    println!(
        "Take 1, WAV, record on at sample {}, off at {}, paused from {} to {}:",
        RECORD.start, RECORD.end, PAUSE.start, PAUSE.end
    );
    let take = take(plugin, folder, &sound, &record, &pause, &[("filetype", "wav"), ("codec", "pcm24")])?;
    take.print();
    prove_equal(&take.path, &sound, &kept, 24)?;
    println!("    exact: every sample equals the input from record on to record off, the pause left out\n");

    let never = Gate::from_ranges(Vec::new(), sound.frames());
    let whole = record.without(&never);
    for (number, (file_type, is_lossless)) in (2..).zip(TYPES) {
        println!("Take {number}, {file_type}, record as before, no pause:");
        let settings = [("filetype", file_type), ("codec", "pcm24"), ("bitrate", "b192")];
        let take = self::take(plugin, folder, &sound, &record, &never, &settings)?;
        take.print();
        if is_lossless {
            prove_equal(&take.path, &sound, &whole, 24)?;
            println!("    exact: every sample equals the input from record on to record off\n");
        } else {
            prove_length(&take, RECORD.len())?;
            println!("    exact: {} frames, as long as record was on\n", RECORD.len());
        }
    }
    println!(
        "Take {}, WAV, record on at sample {}, off at {}, with a pre-roll of {PREROLL_SECONDS} s:",
        TYPES.len() + 2,
        LATE_RECORD.start,
        LATE_RECORD.end
    );
    let late = Gate::from_ranges(vec![LATE_RECORD], sound.frames());
    let settings = [("filetype", "wav"), ("codec", "pcm24"), ("preroll", PREROLL_SECONDS)];
    let take = self::take(plugin, folder, &sound, &late, &never, &settings)?;
    take.print();
    let first = WITH_PREROLL.start;
    let with_preroll = Gate::from_ranges(vec![WITH_PREROLL], sound.frames());
    prove_equal(&take.path, &sound, &with_preroll.without(&never), 24)?;
    println!("    exact: every sample equals the input from sample {first} on, {PREROLL} samples before record on\n");
    println!("Three tracks of one group, each in blocks of its own, record on in the first of them only, as before:");
    for take in group(plugin, folder, &sound)? {
        take.print();
        prove_equal(&take.path, &sound, &whole, 24)?;
    }
    println!("    they line up: every one begins with the input's sample {} and equals it to the end\n", RECORD.start);
    println!("Play them: they lie in {}", folder.display());
    Ok(())
}

/// Six seconds of a chord that dies away, one octave wide, under a sweep that rises from left to right.
pub fn pleasant_sound() -> Sound {
    let frames = (SECONDS * f64::from(RATE)) as usize;
    let chord = [220.0, 277.18, 329.63, 440.0];
    let frame = |frame: usize| {
        let time = frame as f64 / f64::from(RATE);
        let decay = (-time / 2.0).exp();
        let tones = chord.iter().map(|frequency| (TAU * frequency * time).sin()).sum::<f64>();
        let part = time / SECONDS;
        // An exponential sweep over four octaves: the integral of its frequency is its phase.
        let octaves = 4.0_f64;
        let phase = 110.0 * SECONDS / (octaves * 2_f64.ln()) * ((octaves * part).exp2() - 1.0);
        let sweep = 0.2 * (TAU * phase).sin() * (TAU / 2.0 * part).sin();
        let tones = 0.15 * decay * tones;
        [(tones + sweep * (1.0 - part)) as f32, (tones + sweep * part) as f32]
    };
    let (left, right) = (0..frames).map(frame).map(|[left, right]| (left, right)).unzip();
    Sound { rate: RATE, channels: vec![left, right] }
}

/// Plays the sound through three instances of one group, each on a thread of its own, and returns the files that appeared.
fn group(plugin: &Path, folder: &Path, sound: &Sound) -> Result<Vec<Recording>> {
    let watched = [Watched { folder: folder.to_owned(), depth: 0 }];
    let before = Snapshot::of(&watched);
    let plugin = Plugin::from_bundle(plugin)?;
    let settings = [("group", "a"), ("file", "{group}{take} {track}"), ("codec", "pcm24")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut tracks: Vec<(Instance, Processor)> = Vec::new();
    for name in TRACKS {
        let mut instance = plugin.instance()?;
        instance.set_track_name(name)?;
        set_all(&mut instance, &settings)?;
        let mut processor = instance.activate(Setup::new(f64::from(RATE), MOST_FRAMES))?;
        processor.set_transport(Some(Transport { playing: true, recording: false, seconds: 0.0, tempo: Some(120.0) }));
        tracks.push((instance, processor));
    }
    let record = Gate::from_ranges(vec![RECORD], sound.frames()).changes(ParamId::named("record"));
    // As a DAW does: none is far ahead of the others.
    for start in (0..sound.frames()).step_by(MOST_FRAMES as usize) {
        let span = start..sound.frames().min(start + MOST_FRAMES as usize);
        let changes: Vec<_> = record.iter().filter(|change| span.contains(&change.frame)).copied().collect();
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for (track, (_, processor)) in tracks.iter_mut().enumerate() {
                let changes = if track == 0 { changes.clone() } else { Vec::new() };
                let (span, blocks) = (span.clone(), Blocks::Fixed(64 << track));
                let play = move || Render::new(&sound.channels, span).blocks(blocks).changes(&changes).play(processor);
                threads.push(scope.spawn(play));
            }
            threads.into_iter().try_for_each(|thread| {
                let played = thread.join().ok().context("a thread of the host panicked")??;
                ensure!(played.output_equals_input(), "the output differs from the input");
                Ok(())
            })
        })?;
    }
    for (mut instance, processor) in tracks {
        instance.deactivate(processor);
    }
    let files = Snapshot::of(&watched).since(&before);
    ensure!(files.len() == TRACKS.len(), "three tracks should give three files, not {}", files.len());
    Ok(files.into_iter().map(Recording::examine).collect())
}

/// Plays the sound through one instance and returns the one file that appeared.
fn take(
    plugin: &Path,
    folder: &Path,
    sound: &Sound,
    record: &Gate,
    pause: &Gate,
    settings: &[(&str, &str)],
) -> Result<Recording> {
    let watched = [Watched { folder: folder.to_owned(), depth: 0 }];
    let before = Snapshot::of(&watched);
    let session = Session {
        sound,
        settings: &settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>(),
        changes: &automation(record, pause),
        transport: None,
        blocks: Blocks::Random { seed: 1, max: 4096 },
        realtime: false,
        instances: 1,
        progress: true,
    };
    let outcome = session.run(plugin)?;
    ensure!(outcome.played.iter().all(|played| played.output_equals_input()), "the output differs from the input");
    let mut files = Snapshot::of(&watched).since(&before);
    ensure!(files.len() <= 1, "one take should give one file, not {}", files.len());
    let file = files.pop().context("the take left no file; run it with NICE_LOG=stderr to see the plugin's log")?;
    Ok(Recording::examine(file))
}

/// Fails unless the file at `path` holds exactly the frames `kept` of `sound`, as `bits`-bit samples.
fn prove_equal(path: &Path, sound: &Sound, kept: &[Range<usize>], bits: i32) -> Result<()> {
    let mut recorded = vec![Vec::new(); sound.channels.len()];
    recording::decode(path, |_, planar| {
        for (all, piece) in recorded.iter_mut().zip(planar) {
            all.extend_from_slice(piece);
        }
    })?;
    for (channel, (recorded, input)) in recorded.iter().zip(&sound.channels).enumerate() {
        let expected = kept.iter().flat_map(|range| &input[range.clone()]).map(|&sample| quantised(sample, bits));
        let length: usize = kept.iter().map(|range| range.len()).sum();
        ensure!(recorded.len() == length, "the file holds {} frames instead of {length}", recorded.len());
        let difference = expected.zip(recorded).position(|(expected, &recorded)| expected != recorded);
        if let Some(frame) = difference {
            anyhow::bail!("the file differs from the input in channel {} at its frame {frame}", channel + 1);
        }
    }
    Ok(())
}

/// A sample as `bits`-bit PCM holds it: rounded to the nearest, clamped to the largest that there is.
fn quantised(sample: f32, bits: i32) -> f64 {
    let full_scale = 2_f64.powi(bits - 1);
    (f64::from(sample) * full_scale).round().clamp(-full_scale, full_scale - 1.0) / full_scale
}

fn prove_length(take: &Recording, frames: usize) -> Result<()> {
    let content = take.content.as_ref().map_err(|error| anyhow::anyhow!("{}: {error:#}", take.path.display()))?;
    ensure!(content.frames == frames as u64, "the file holds {} frames instead of {frames}", content.frames);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{SampleFormat, WavSpec, WavWriter};

    /// A 24-bit file of the frames `kept` of `sound`, with `error` added to one sample in its middle.
    fn file(path: &Path, sound: &Sound, kept: &[Range<usize>], error: i32) {
        let spec = WavSpec { channels: 2, sample_rate: RATE, bits_per_sample: 24, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).unwrap();
        for frame in kept.iter().cloned().flatten() {
            for channel in &sound.channels {
                let error = if frame == 150_000 { error } else { 0 };
                writer.write_sample((quantised(channel[frame], 24) * f64::from(1 << 23)) as i32 + error).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn the_proof_fails_for_one_wrong_bit_one_missing_frame_and_a_pause_one_sample_late() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        let sound = pleasant_sound();
        let kept = [RECORD.start..PAUSE.start, PAUSE.end..RECORD.end];
        file(&path, &sound, &kept, 0);
        prove_equal(&path, &sound, &kept, 24).unwrap();

        file(&path, &sound, &kept, 1);
        assert!(prove_equal(&path, &sound, &kept, 24).unwrap_err().to_string().contains("differs"));
        file(&path, &sound, &[RECORD.start..PAUSE.start, PAUSE.end..RECORD.end - 1], 0);
        assert!(prove_equal(&path, &sound, &kept, 24).unwrap_err().to_string().contains("frames instead of"));
        file(&path, &sound, &[RECORD.start..PAUSE.start + 1, PAUSE.end + 1..RECORD.end], 0);
        assert!(prove_equal(&path, &sound, &kept, 24).unwrap_err().to_string().contains("differs"));
    }

    #[test]
    fn the_demos_sound_never_clips_and_is_never_silent_for_long() {
        let sound = pleasant_sound();
        for channel in &sound.channels {
            assert!(channel.iter().all(|sample| sample.abs() < 1.0));
            assert!(channel.chunks(RATE as usize / 4).all(|chunk| chunk.iter().any(|sample| sample.abs() > 0.01)));
        }
    }
}
