//! For tests: takes of any type, straight through its encoder.

use super::read_back::{Decoded, decode};
use crate::core::format::{BitRate, Codec, FileType, Menu, StreamFormat};
use crate::core::metadata::Metadata;
use crate::core::take::TakeSettings;
use crate::disk::encode::{self, Encoder, Format, OpenError};
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;

/// Lengths around the block sizes of the encoders, in frames.
pub const LENGTHS: [usize; 6] = [1, 4095, 4096, 4097, 44_100, 123_457];

/// A folder with one file in it, and what is to be recorded to it.
pub struct Trial {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
    pub file: Arc<File>,
    pub settings: TakeSettings,
    pub stream: StreamFormat,
    pub metadata: Metadata,
}

impl Trial {
    pub fn new(file_type: FileType, codec: Codec, bit_rate: BitRate, channels: usize, sample_rate: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take").with_extension(file_type.id());
        let file = Arc::new(OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap());
        let settings = TakeSettings { file_type, codec, bit_rate, ..TakeSettings::DEFAULT };
        let stream = StreamFormat { channels, sample_rate };
        Self { _folder: folder, path, file, settings, stream, metadata: Metadata::default() }
    }

    pub fn format(&self) -> Format {
        encode::format_of(self.settings.file_type)
    }

    pub fn try_open(&self) -> Result<Box<dyn Encoder>, OpenError> {
        (self.format().open)(&self.settings, self.stream, &self.metadata, Arc::clone(&self.file))
    }

    pub fn open(&self) -> Box<dyn Encoder> {
        self.try_open().unwrap()
    }

    /// Records all of `planar` in blocks of any length.
    pub fn record(&self, planar: &[f32]) {
        let mut encoder = self.open();
        self.write(&mut *encoder, planar);
        encoder.finish().unwrap();
    }

    /// Writes all of `planar` in blocks of any length.
    pub fn write(&self, encoder: &mut dyn Encoder, planar: &[f32]) {
        let (frames, mut noise) = (planar.len() / self.stream.channels, noise());
        let mut at = 0;
        while at < frames {
            let block = (9000.0f32.powf(noise().abs()) as usize).min(frames - at);
            let channels = planar.chunks_exact(frames);
            let part: Vec<f32> = channels.flat_map(|channel| &channel[at..at + block]).copied().collect();
            encoder.write(&part, block).unwrap();
            at += block;
        }
    }

    /// A chord, another one in each channel, with some noise and a rest in it. Planar, −1 to 1.
    pub fn sound(&self, frames: usize) -> Vec<f32> {
        let mut noise = noise();
        let tone = |time: f32, pitch: f32| (time * pitch * std::f32::consts::TAU).sin();
        (0..self.stream.channels * frames)
            .map(|index| {
                let (channel, frame) = (index / frames, index % frames);
                let time = frame as f32 / self.stream.sample_rate as f32;
                match frame {
                    0 => 1.0,
                    2000..12_000 => 0.0,
                    _ => 0.4 * tone(time, 220.0) + 0.3 * tone(time, 330.0 + 40.0 * channel as f32) + 0.02 * noise(),
                }
            })
            .collect()
    }

    /// What the file decodes to now.
    pub fn decoded(&self) -> Decoded {
        decode(&self.path)
    }

    /// The path, for a command line.
    pub fn path_text(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// The file as it is now.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    /// Cuts the file off after `bytes` bytes.
    pub fn cut(&self, bytes: usize) {
        self.file.set_len(bytes as u64).unwrap();
    }

    pub fn repair(&self) {
        (self.format().repair)(&self.file).unwrap();
    }
}

/// −1 to 1, the same each time.
pub fn noise() -> impl FnMut() -> f32 {
    let mut seed = 1u32;
    move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Interleaves planar samples.
pub fn interleaved(planar: &[f32], channels: usize) -> Vec<f32> {
    let frames = planar.len() / channels;
    (0..frames).flat_map(|frame| planar.iter().skip(frame).step_by(frames).copied()).collect()
}

/// What samples of −1 to 1 become with so many bits.
pub fn quantised(samples: &[f32], bits: u16) -> Vec<f32> {
    let scale = f64::from(1u32 << (bits - 1));
    samples.iter().map(|&sample| ((f64::from(sample) * scale).round().min(scale - 1.0) / scale) as f32).collect()
}
