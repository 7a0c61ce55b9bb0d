//! The files that the plugin wrote, seen from outside: found by comparing a folder before and after, and decoded by
//! symphonia, which shares no code with the plugin.

use anyhow::{Context, Result};
use ebur128::{Channel, EbuR128, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A folder where files may appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub folder: PathBuf,
    /// How many levels of folders below it are looked into.
    pub depth: usize,
}

/// The files in some folders at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
}

impl Snapshot {
    /// Looks now. A folder that is not there holds no files.
    pub fn of(watched: &[Watched]) -> Self {
        let mut snapshot = Self::default();
        for Watched { folder, depth } in watched {
            snapshot.add(folder, *depth);
        }
        snapshot
    }

    fn add(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if let Some(depth) = depth.checked_sub(1) {
                    self.add(&entry.path(), depth);
                }
            } else {
                self.files.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
            }
        }
    }

    /// The files that are new or changed since `before`, by path.
    pub fn since(&self, before: &Self) -> Vec<PathBuf> {
        let changed = self.files.iter().filter(|&(path, state)| before.files.get(path) != Some(state));
        changed.map(|(path, _)| path.clone()).collect()
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// symphonia's short name of the container.
    pub file_type: String,
    /// symphonia's short name of the codec.
    pub codec: String,
    pub channels: usize,
    /// Frames per second.
    pub rate: u32,
}

/// Decodes a whole file, gapless, and hands on its sound in planar pieces, each with its shape; integer samples as
/// fractions of full scale, exactly.
pub fn decode(path: &Path, mut hear: impl FnMut(&Shape, &[Vec<f64>])) -> Result<Shape> {
    let file = File::open(path).context("cannot be opened")?;
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    // No hint from the file's name: the content has to speak for itself.
    let probed = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    );
    let mut format = probed.context("is no sound file")?;
    let track = format.default_track(TrackType::Audio).context("holds no sound")?;
    let id = track.id;
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).context("holds no sound")?;
    let options = AudioDecoderOptions::default().gapless(true);
    let mut decoder = opus_decoder::codecs().make_audio_decoder(params, &options)?;
    let mut shape = Shape {
        file_type: format.format_info().short_name.to_owned(),
        codec: decoder.codec_info().short_name.to_owned(),
        channels: params.channels.as_ref().map_or(0, |channels| channels.count()),
        rate: params.sample_rate.unwrap_or(0),
    };
    let mut planar = Vec::new();
    while let Some(packet) = format.next_packet().context("breaks off")? {
        if packet.track_id != id {
            continue;
        }
        let sound = decoder.decode(&packet).context("is damaged")?;
        (shape.channels, shape.rate) = (sound.spec().channels().count(), sound.spec().rate());
        sound.copy_to_vecs_planar::<f64>(&mut planar);
        hear(&shape, &planar);
    }
    Ok(shape)
}

/// One file that the plugin wrote, decoded and measured.
pub struct Recording {
    pub path: PathBuf,
    pub content: Result<Content>,
}

/// What lies in a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub shape: Shape,
    /// Frames, as decoded.
    pub frames: u64,
    /// The largest absolute sample; 1 is full scale.
    pub peak: f64,
    pub loudness: Loudness,
}

/// How loud a recording is (EBU R 128), as the crate that the plugin builds on measures the decoded file by itself.
/// Nothing where there is nothing to measure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Loudness {
    pub integrated_lufs: Option<f64>,
    pub range_lu: Option<f64>,
    pub true_peak_dbtp: Option<f64>,
}

impl Loudness {
    /// A meter for this shape. It fails at rates that no sound has.
    fn meter(shape: &Shape) -> Option<EbuR128> {
        let mode = Mode::I | Mode::LRA | Mode::TRUE_PEAK;
        let meter = || EbuR128::new(shape.channels as u32, shape.rate, mode);
        let mut meter = (shape.rate >= 1000).then(meter)?.ok()?;
        meter.set_channel_map(&channel_map(shape.channels)).ok()?;
        Some(meter)
    }

    fn of(meter: &EbuR128) -> Self {
        let finite = |figure: Result<f64, ebur128::Error>| figure.ok().filter(|figure| figure.is_finite());
        let peaks = (0..meter.channels()).filter_map(|channel| meter.true_peak(channel).ok());
        Self {
            integrated_lufs: finite(meter.loudness_global()),
            range_lu: finite(meter.loudness_range()),
            true_peak_dbtp: finite(Ok(20.0 * peaks.fold(0.0, f64::max).log10())),
        }
    }
}

/// Five to eight channels are surround sound in the order of WAVE, whose bass does not count; else all count alike.
fn channel_map(channels: usize) -> Vec<Channel> {
    let speaker = |index: usize| match (channels, index) {
        (6..=8, 3) => Channel::Unused,
        (5..=8, 3..) => Channel::LeftSurround,
        _ => Channel::Left,
    };
    (0..channels).map(speaker).collect()
}

impl Recording {
    /// Decodes and measures `path`.
    pub fn examine(path: PathBuf) -> Self {
        let (mut frames, mut peak) = (0, 0.0_f64);
        let mut meter = None;
        let shape = decode(&path, |shape, planar| {
            if let Some(meter) = meter.get_or_insert_with(|| Loudness::meter(shape)) {
                let channels: Vec<&[f64]> = planar.iter().map(Vec::as_slice).collect();
                // Refused only where the number of channels changes in mid-file, which no file of ours does.
                let _ = meter.add_frames_planar_f64(&channels);
            }
            frames += planar.first().map_or(0, Vec::len) as u64;
            peak = planar.iter().flatten().fold(peak, |peak, sample| peak.max(sample.abs()));
        });
        let loudness = meter.flatten().as_ref().map(Loudness::of).unwrap_or_default();
        Self { path, content: shape.map(|shape| Content { shape, frames, peak, loudness }) }
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let path = self.path.to_string_lossy();
        match &self.content {
            Ok(Content { shape, frames, peak, loudness }) => json!({
                "path": path,
                "type": shape.file_type,
                "codec": shape.codec,
                "channels": shape.channels,
                "rate": shape.rate,
                "frames": frames,
                "peak": peak,
                "integrated_lufs": loudness.integrated_lufs,
                "range_lu": loudness.range_lu,
                "true_peak_dbtp": loudness.true_peak_dbtp,
            }),
            Err(error) => json!({ "path": path, "error": format!("{error:#}") }),
        }
    }

    /// For people.
    pub fn print(&self) {
        println!("{}", self.path.display());
        match &self.content {
            Ok(Content { shape: Shape { file_type, codec, channels, rate }, frames, peak, loudness }) => {
                let plural = if *channels == 1 { "channel" } else { "channels" };
                println!("    {file_type} ({codec}), {channels} {plural}, {rate} Hz");
                let seconds = *frames as f64 / f64::from((*rate).max(1));
                println!("    {frames} frames, {seconds:.3} s, peak {:.1} dB", 20.0 * peak.log10());
                let figure = |figure: Option<f64>| figure.map_or("–".to_owned(), |figure| format!("{figure:.1}"));
                println!(
                    "    loudness {} LUFS, range {} LU, true peak {} dBTP",
                    figure(loudness.integrated_lufs),
                    figure(loudness.range_lu),
                    figure(loudness.true_peak_dbtp),
                );
            }
            Err(error) => println!("    {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{SampleFormat, WavSpec, WavWriter};

    fn watch(folder: &Path, depth: usize) -> [Watched; 1] {
        [Watched { folder: folder.to_owned(), depth }]
    }

    #[test]
    fn new_and_changed_files_are_found_in_folders_below_and_old_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("made later/deep");
        let before = Snapshot::of(&watch(root.path(), 9));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.wav"), "a").unwrap();
        fs::write(root.path().join("b.wav"), "b").unwrap();
        let between = Snapshot::of(&watch(root.path(), 9));
        assert_eq!(between.since(&before), [root.path().join("b.wav"), folder.join("a.wav")]);
        fs::write(folder.join("a.wav"), "longer").unwrap();
        assert_eq!(Snapshot::of(&watch(root.path(), 9)).since(&between), [folder.join("a.wav")]);
    }

    #[test]
    fn no_deeper_than_asked_is_looked() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("one/two")).unwrap();
        fs::write(root.path().join("one/a"), "").unwrap();
        fs::write(root.path().join("one/two/b"), "").unwrap();
        let found = |depth| Snapshot::of(&watch(root.path(), depth)).files.len();
        assert_eq!([found(0), found(1), found(2)], [0, 1, 2]);
    }

    fn written(
        bits: u16,
        sample_format: SampleFormat,
        write: impl Fn(&mut WavWriter<std::io::BufWriter<File>>),
    ) -> Vec<f64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no extension");
        let spec = WavSpec { channels: 1, sample_rate: 96_000, bits_per_sample: bits, sample_format };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        write(&mut writer);
        writer.finalize().unwrap();
        let mut heard = Vec::new();
        let shape = decode(&path, |_, planar| heard.extend_from_slice(&planar[0])).unwrap();
        assert_eq!((shape.file_type.as_str(), shape.channels, shape.rate), ("wave", 1, 96_000));
        heard
    }

    #[test]
    fn every_depth_is_decoded_to_the_bit() {
        for bits in [16, 24, 32] {
            let full_scale = 2_f64.powi(i32::from(bits) - 1);
            let samples = [0, 1, -1, 12_345, (full_scale - 1.0) as i32, -full_scale as i32];
            let heard = written(bits, SampleFormat::Int, |writer| {
                samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
            });
            assert_eq!(heard, samples.map(|sample| f64::from(sample) / full_scale), "{bits} bits");
        }
        let samples = [0.1_f32, -3.5, f32::MIN_POSITIVE];
        let heard = written(32, SampleFormat::Float, |writer| {
            samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        });
        assert_eq!(heard, samples.map(f64::from));
    }

    #[test]
    fn the_report_counts_frames_not_samples_and_finds_the_peak() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        let mut channels = vec![vec![0.25; 10_000]; 2];
        channels[1][9_999] = -0.75;
        crate::sound::Sound { rate: 44_100, channels }.write(&path).unwrap();
        let content = Recording::examine(path).content.unwrap();
        assert_eq!((content.frames, content.peak, content.shape.channels), (10_000, 0.75, 2));
    }

    #[test]
    fn the_report_says_how_loud_a_recording_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        let tone = |frame: u32| 0.1 * (frame as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin();
        crate::sound::Sound { rate: 48_000, channels: vec![(0..4 * 48_000).map(tone).collect(); 2] }
            .write(&path)
            .unwrap();
        let Loudness { integrated_lufs, range_lu, true_peak_dbtp } = Recording::examine(path).content.unwrap().loudness;
        for (figure, expected) in [(integrated_lufs, -20.0), (range_lu, 0.0), (true_peak_dbtp, -20.0)] {
            assert!((figure.unwrap() - expected).abs() < 0.1, "{figure:?}, not {expected}");
        }
    }

    #[test]
    fn a_file_that_is_no_sound_is_reported_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        fs::write(&path, "not a sound file, whatever its name says").unwrap();
        let recording = Recording::examine(path);
        assert!(recording.content.is_err());
        assert!(recording.to_json()["error"].as_str().unwrap().contains("no sound file"));
    }
}
