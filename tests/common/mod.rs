//! What the tests in the CLAP host share: an instance that records into a folder of its own, a sound in which every
//! sample is known, the rule of what a take holds, and an independent decoder.

// Every test binary compiles this for itself and uses its own part of it.
#![allow(dead_code)]

pub mod model;
pub mod riff;
pub mod threads;

use headless_host::{Change, Instance, ParamId, Plugin, Signal};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use tempfile::TempDir;

pub const RECORD: ParamId = ParamId::named("record");
pub const PAUSE: ParamId = ParamId::named("pause");
pub const FILE_TYPE: ParamId = ParamId::named("filetype");
pub const CODEC: ParamId = ParamId::named("codec");
pub const BIT_RATE: ParamId = ParamId::named("bitrate");
pub const UNIQUE_SUFFIX: ParamId = ParamId::named("uniquesuff");
pub const N: ParamId = ParamId::named("n");
pub const FILES: ParamId = ParamId::named("files");
pub const SPLIT: ParamId = ParamId::named("split");

pub const PREROLL: ParamId = ParamId::named("preroll");
pub const KEEP: ParamId = ParamId::named("keep");
pub const CAPTURE: ParamId = ParamId::named("capture");
pub const START: ParamId = ParamId::named("start");
pub const THRESHOLD: ParamId = ParamId::named("threshold");
pub const HOLD: ParamId = ParamId::named("hold");

pub const WITH_TRANSPORT: f64 = 1.0;
pub const WITH_HOSTS_RECORD: f64 = 2.0;
pub const WITH_SOUND: f64 = 3.0;

pub const AT_SONG_JUMPS: f64 = 5.0;
pub const ONE_FOR_EACH_CHANNEL: f64 = 1.0;
pub const MP3: f64 = 1.0;
pub const PCM16: f64 = 0.0;
pub const PCM32: f64 = 2.0;
pub const FLOAT32: f64 = 3.0;

/// The plugin as it is linked into the test.
pub fn plugin() -> Plugin {
    Plugin::from_entry(&audio_file_out::clap_entry).unwrap()
}

/// One instance that records to `take-001.wav`, `take-002.wav`, … in a folder of its own.
pub struct Rig {
    // Dropped first: it may still write into the folder.
    pub instance: Instance,
    pub folder: TempDir,
}

impl Rig {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let instance = instance_in(folder.path());
        Self { instance, folder }
    }

    /// The files in the folder, by name.
    pub fn files(&self) -> Vec<PathBuf> {
        files_in(self.folder.path())
    }

    /// The takes in the folder, decoded, by name.
    pub fn takes(&self) -> Vec<Decoded> {
        self.files().iter().map(|path| decode(path)).collect()
    }
}

/// A new instance that records to `take{suffix}` in `folder`.
pub fn instance_in(folder: &Path) -> Instance {
    let mut instance = plugin().instance().unwrap();
    instance.set_text("file", folder.join("take{suffix}").to_str().unwrap()).unwrap();
    instance
}

/// The files in a folder, by name; take 1000 comes after take 999.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    files
}

/// A sound in which every sample is another number of 24 bits, and so exact in 24-bit PCM, 32-bit PCM and float.
pub fn sound(channels: usize) -> Signal<fn(usize, usize) -> f32> {
    Signal(channels, sample)
}

/// The sample of [`sound`] at a channel and frame.
pub fn sample(channel: usize, frame: usize) -> f32 {
    let mixed = (frame as u64 * 64 + channel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 40) as i32 - (1 << 23)) as f32 / (1 << 23) as f32
}

/// Record on or off from a frame on.
pub fn record(frame: usize, on: bool) -> Change {
    Change::new(frame, RECORD, f64::from(on))
}

/// Pause on or off from a frame on.
pub fn pause(frame: usize, on: bool) -> Change {
    Change::new(frame, PAUSE, f64::from(on))
}

/// Capture on or off from a frame on.
pub fn capture(frame: usize, on: bool) -> Change {
    Change::new(frame, CAPTURE, f64::from(on))
}

/// Pre-roll of so many seconds from a frame on.
pub fn preroll(frame: usize, seconds: f64) -> Change {
    Change::new(frame, PREROLL, seconds / 300.0)
}

/// Keep of so many seconds from a frame on.
pub fn keep(frame: usize, seconds: f64) -> Change {
    Change::new(frame, KEEP, seconds / 300.0)
}

/// The rule of the product: the frames of each take while `span` is played with these changes, in order of frame.
pub fn expected_takes(changes: &[Change], span: Range<usize>) -> Vec<Vec<usize>> {
    let mut takes: Vec<Vec<usize>> = Vec::new();
    let (mut recording, mut paused, mut open) = (false, false, false);
    let mut changes = changes.iter().peekable();
    for frame in span {
        while let Some(change) = changes.next_if(|change| change.frame <= frame) {
            if change.param == RECORD {
                recording = change.value > 0.5;
            } else if change.param == PAUSE {
                paused = change.value > 0.5;
            }
        }
        if !recording {
            open = false;
        } else if !paused {
            if !open {
                takes.push(Vec::new());
                open = true;
            }
            takes.last_mut().unwrap().push(frame);
        }
    }
    takes
}

/// Asserts that the takes are those that the rule expects of [`sound`], to the bit.
pub fn assert_takes(takes: &[Decoded], expected: &[Vec<usize>]) {
    let lengths = |takes: &[Decoded]| takes.iter().map(Decoded::frames).collect::<Vec<_>>();
    let expected_lengths: Vec<_> = expected.iter().map(Vec::len).collect();
    assert_eq!(lengths(takes), expected_lengths, "lengths of the takes in frames");
    for (number, (take, frames)) in takes.iter().zip(expected).enumerate() {
        for (channel, samples) in take.planar.iter().enumerate() {
            for (position, (&value, &frame)) in samples.iter().zip(frames).enumerate() {
                let expected = f64::from(sample(channel, frame));
                assert_eq!(
                    value, expected,
                    "take {number}, channel {channel}, frame {position} (of the input: {frame})"
                );
            }
        }
    }
}

/// A sound file as symphonia decodes it.
pub struct Decoded {
    pub sample_rate: u32,
    /// Planar; 1 is full scale.
    pub planar: Vec<Vec<f64>>,
}

impl Decoded {
    pub fn frames(&self) -> usize {
        self.planar.first().map_or(0, Vec::len)
    }

    pub fn channels(&self) -> usize {
        self.planar.len()
    }
}

/// Decodes a file whole; padding that the file declares is left out.
pub fn decode(path: &Path) -> Decoded {
    decode_to(path, |error| panic!("{}: {error}", path.display()))
}

/// Decodes a file up to the first error in it, as players do.
pub fn decode_as_far_as_it_goes(path: &Path) -> Decoded {
    decode_to(path, |_| ())
}

fn decode_to(path: &Path, broken: impl Fn(Error)) -> Decoded {
    // symphonia names every channel's speaker, and WAVE knows names for 18.
    if let Ok(reader) = hound::WavReader::open(path)
        && reader.spec().channels > 18
    {
        return decode_with_hound(reader);
    }
    let mut decoded = Decoded { sample_rate: 0, planar: Vec::new() };
    decode_with(path, broken, |rate, packet: Vec<Vec<f64>>| {
        decoded.sample_rate = rate;
        decoded.planar.resize(packet.len(), Vec::new());
        for (channel, samples) in decoded.planar.iter_mut().zip(packet) {
            channel.extend(samples);
        }
    });
    decoded
}

fn decode_with_hound(mut reader: hound::WavReader<impl std::io::Read>) -> Decoded {
    let spec = reader.spec();
    assert_eq!(spec.sample_format, hound::SampleFormat::Int);
    let full_scale = f64::from(1u32 << (spec.bits_per_sample - 1));
    let mut planar = vec![Vec::new(); spec.channels.into()];
    for (index, sample) in reader.samples::<i32>().enumerate() {
        planar[index % usize::from(spec.channels)].push(f64::from(sample.unwrap()) / full_scale);
    }
    Decoded { sample_rate: spec.sample_rate, planar }
}

/// For how many frames at `rate` Hz the sound lasts that the decoder finds in a file.
pub fn count_frames(path: &Path, rate: u32) -> usize {
    let (mut frames, mut rate_of_file) = (0, rate);
    let broken = |error| panic!("{}: {error}", path.display());
    decode_with(path, broken, |rate, packet| {
        frames += packet[0].len();
        rate_of_file = rate;
    });
    (frames as f64 * f64::from(rate) / f64::from(rate_of_file)).round() as usize
}

fn decode_with(path: &Path, broken: impl Fn(Error), mut packet_decoded: impl FnMut(u32, Vec<Vec<f64>>)) {
    let source = MediaSourceStream::new(Box::new(File::open(path).unwrap()), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(path.extension().unwrap().to_str().unwrap());
    let probe = symphonia::default::get_probe();
    let mut format = match probe.probe(&hint, source, FormatOptions::default(), MetadataOptions::default()) {
        Ok(format) => format,
        Err(error) => return broken(error),
    };
    let track = format.default_track(TrackType::Audio).expect("no audio track");
    let track_id = track.id;
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = opus_decoder::codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()).unwrap();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) if packet.track_id == track_id => packet,
            Ok(Some(_)) => continue,
            Ok(None) => return,
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return,
            Err(error) => return broken(error),
        };
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(error) => return broken(error),
        };
        let mut planar = Vec::new();
        buffer.copy_to_vecs_planar(&mut planar);
        packet_decoded(buffer.spec().rate(), planar);
    }
}
