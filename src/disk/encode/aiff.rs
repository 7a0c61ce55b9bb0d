//! AIFF, and AIFF-C for float samples, through aifc.

use super::interleave::interleave;
use super::quantise::quantise;
use super::tags::id3::id3_tag;
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{Codec, StreamFormat};
use crate::core::metadata::Metadata;
use aifc::{AifcError, AifcWriteInfo, AifcWriter, FileFormat, SampleFormat};
use sink::Sink;
use std::fs::File;
use std::io;
use std::sync::Arc;

mod recovery;
mod sink;

/// Samples that are interleaved at a time: few enough to stay in the fastest cache with 64 channels.
const TILE_SAMPLES: usize = 4096;

/// AIFF: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(AiffEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: recovery::repair,
};

/// Sizes are signed 32-bit numbers (Apple, Audio Interchange File Format 1.3: `ckSize` is a `long`), and readers fail
/// beyond 2 GiB. A mebibyte stays free for the header and for chunks behind the sound.
const MAX_SOUND_BYTES: u64 = i32::MAX as u64 - (1 << 20);

/// Bytes of the SSND chunk before its sound: the chunk's head, `offset` and `blockSize`.
const SSND_HEAD_BYTES: u64 = 16;

/// More than all chunks before the sound take, that of the tag aside.
const CHUNK_BYTES: usize = 4096;

/// One AIFF file that is being written.
pub struct AiffEncoder {
    writer: AifcWriter<Sink>,
    codec: Codec,
    channels: usize,
    header_bytes: u64,
    frames: u64,
    max_sound_bytes: u64,
    /// The piece that is written now, interleaved.
    tile: Vec<f32>,
    /// The same as it stands in the file.
    sound: Vec<u8>,
}

impl AiffEncoder {
    /// Writes the header of an empty file.
    pub fn open(codec: Codec, format: StreamFormat, metadata: &Metadata, file: Arc<File>) -> Result<Self, OpenError> {
        Self::open_limited(codec, format, metadata, file, MAX_SOUND_BYTES)
    }

    fn open_limited(
        codec: Codec,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
        max_sound_bytes: u64,
    ) -> Result<Self, OpenError> {
        let (file_format, sample_format) = match codec {
            Codec::Pcm16 => (FileFormat::Aiff, SampleFormat::I16),
            Codec::Pcm24 => (FileFormat::Aiff, SampleFormat::I24),
            Codec::Pcm32 => (FileFormat::Aiff, SampleFormat::I32),
            Codec::Float32 => (FileFormat::Aifc, SampleFormat::F32),
        };
        let info = AifcWriteInfo {
            file_format,
            channels: format.channels as i16,
            sample_rate: format.sample_rate.into(),
            sample_format,
        };
        let id3_tag = id3_tag(metadata, 0)?;
        let sink = Sink::new(Arc::clone(&file), CHUNK_BYTES + id3_tag.len());
        let mut writer = AifcWriter::new(sink, &info).map_err(to_io)?;
        if !id3_tag.is_empty() {
            writer.write_chunk(b"ID3 ", &id3_tag).map_err(to_io)?;
        }
        writer.flush().map_err(to_io)?;
        let header_bytes = file.metadata()?.len() + SSND_HEAD_BYTES;
        let channels = format.channels;
        Ok(Self {
            writer,
            codec,
            channels,
            header_bytes,
            frames: 0,
            max_sound_bytes,
            tile: Vec::new(),
            sound: Vec::new(),
        })
    }

    fn bytes_per_frame(&self) -> u64 {
        self.channels as u64 * u64::from(self.codec.bits_per_sample() / 8)
    }
}

impl Encoder for AiffEncoder {
    fn sample_range(&self) -> SampleRange {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleRange::FullScale,
            Codec::Float32 => SampleRange::Finite,
        }
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        let bits = self.codec.bits_per_sample();
        let tile_frames = (TILE_SAMPLES / self.channels).max(1);
        for start in (0..frames).step_by(tile_frames) {
            let end = (start + tile_frames).min(frames);
            interleave(planar, frames, start..end, &mut self.tile);
            self.sound.clear();
            for &sample in &self.tile {
                match self.codec {
                    Codec::Pcm16 => self.sound.extend_from_slice(&quantise(sample, bits).to_be_bytes()[2..]),
                    Codec::Pcm24 => self.sound.extend_from_slice(&quantise(sample, bits).to_be_bytes()[1..]),
                    Codec::Pcm32 => self.sound.extend_from_slice(&quantise(sample, bits).to_be_bytes()),
                    Codec::Float32 => self.sound.extend_from_slice(&sample.to_be_bytes()),
                }
            }
            self.frames += (end - start) as u64;
            // The size limit keeps the count within 32 bits.
            self.writer.write_samples_raw(&self.sound, self.frames as u32).map_err(to_io)?;
        }
        Ok(())
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(to_io)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.writer.finalize().map_err(to_io)
    }

    fn frames_left(&self) -> u64 {
        self.max_sound_bytes / self.bytes_per_frame() - self.frames
    }

    fn bytes(&self) -> u64 {
        self.header_bytes + self.frames * self.bytes_per_frame()
    }

    fn rounded_bits(&self) -> Option<u16> {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 => Some(self.codec.bits_per_sample()),
            Codec::Pcm32 | Codec::Float32 => None,
        }
    }
}

fn to_io(error: AifcError) -> io::Error {
    match error {
        AifcError::StdIoError(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
