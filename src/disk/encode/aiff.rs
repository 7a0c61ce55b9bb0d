//! AIFF, and AIFF-C for float samples, through aifc.

use super::interleave::interleave;
use super::quantise::quantise;
use super::tags::id3::id3_tag;
use super::tags::mark::{mark_fields, that_have_room};
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{Codec, StreamFormat};
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use aifc::{AifcError, AifcWriteInfo, AifcWriter, FileFormat, SampleFormat};
use sink::Sink;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

mod recovery;
mod sink;
mod told;

/// Samples that are interleaved at a time: few enough to stay in the fastest cache with 64 channels.
const TILE_SAMPLES: usize = 4096;

/// AIFF: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(AiffEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: recovery::repair,
    told: told::told,
};

/// Sizes are signed 32-bit numbers (Apple, Audio Interchange File Format 1.3: `ckSize` is a `long`), and readers fail
/// beyond 2 GiB. A mebibyte stays free for the header and for chunks behind the sound.
const MAX_SOUND_BYTES: u64 = i32::MAX as u64 - (1 << 20);

/// Bytes of the SSND chunk before its sound: the chunk's head, `offset` and `blockSize`.
const SSND_HEAD_BYTES: u64 = 16;

/// More than all chunks before the sound take, that of the tag aside.
const CHUNK_BYTES: usize = 4096;

/// The chunk that keeps room for markers before the sound, as Apple's programs call it. The filler of IFF is four
/// blanks, with which some readers (npm music-metadata) refuse the file: no other id may begin with a blank ("EA IFF
/// 85", section 3).
const FILLER: [u8; 4] = *b"FLLR";
/// Bytes of a chunk's id and size.
const CHUNK_HEAD_BYTES: usize = 8;
/// Bytes of the room, with the chunk's head: some two hundred markers.
const MARKER_ROOM_BYTES: usize = 3584;

/// One AIFF file that is being written.
pub struct AiffEncoder {
    writer: AifcWriter<Sink>,
    codec: Codec,
    channels: usize,
    header_bytes: u64,
    frames: u64,
    max_sound_bytes: u64,
    metadata: Metadata,
    /// The place of the ID3 tag in the file.
    id3_tag: Range<usize>,
    /// Where the room for markers begins.
    marker_room_at: usize,
    /// What comes behind the sound: all markers, where they have no room before it.
    end_marks: Vec<u8>,
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
        let id3_tag = id3_tag(metadata)?;
        let sink = Sink::new(Arc::clone(&file), CHUNK_BYTES + id3_tag.len());
        let mut writer = AifcWriter::new(sink, &info).map_err(to_io)?;
        if !id3_tag.is_empty() {
            writer.write_chunk(b"ID3 ", &id3_tag).map_err(to_io)?;
        }
        writer.write_chunk(&FILLER, &[0; MARKER_ROOM_BYTES - CHUNK_HEAD_BYTES]).map_err(to_io)?;
        writer.flush().map_err(to_io)?;
        let there = file.metadata()?.len();
        let marker_room_at = there as usize - MARKER_ROOM_BYTES;
        let id3_tag_at = marker_room_at - id3_tag.len().next_multiple_of(2);
        let header_bytes = there + SSND_HEAD_BYTES;
        let channels = format.channels;
        Ok(Self {
            writer,
            codec,
            channels,
            header_bytes,
            frames: 0,
            max_sound_bytes,
            metadata: metadata.clone(),
            id3_tag: id3_tag_at..id3_tag_at + id3_tag.len(),
            marker_room_at,
            end_marks: Vec::new(),
            tile: Vec::new(),
            sound: Vec::new(),
        })
    }

    fn tell_before_sound(&mut self, markers: &[Marker]) {
        let mut chunks = Vec::new();
        if !markers.is_empty() {
            push_chunk(&mut chunks, *b"MARK", &mark_fields(markers));
        }
        let rest = vec![0; MARKER_ROOM_BYTES - CHUNK_HEAD_BYTES - chunks.len()];
        push_chunk(&mut chunks, FILLER, &rest);
        self.writer.get_mut().replace(self.marker_room_at, &chunks);
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

    /// Those that have no room before the sound come into the file with [`finish`](Self::finish).
    fn set_markers(&mut self, markers: &[Marker]) {
        let told = that_have_room(markers, MARKER_ROOM_BYTES - 2 * CHUNK_HEAD_BYTES);
        self.tell_before_sound(told);
        self.end_marks = if told.len() < markers.len() { mark_fields(markers) } else { Vec::new() };
    }

    fn set_song_position(&mut self, seconds: Option<f64>) {
        self.metadata = self.metadata.with_song_position(seconds);
        // It is as long as the one before, unless the user left all entries out.
        if let Ok(tag) = id3_tag(&self.metadata)
            && tag.len() == self.id3_tag.len()
        {
            self.writer.get_mut().replace(self.id3_tag.start, &tag);
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if !self.end_marks.is_empty() {
            // Right sizes first: by them what comes behind the sound is told from it, should there be no room for all.
            self.writer.flush().map_err(to_io)?;
            self.writer.write_chunk(b"MARK", &self.end_marks).map_err(to_io)?;
            // Once in a file.
            self.tell_before_sound(&[]);
        }
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

/// The number of `fields` is even.
fn push_chunk(bytes: &mut Vec<u8>, id: [u8; 4], fields: &[u8]) {
    debug_assert!(fields.len().is_multiple_of(2));
    bytes.extend(id);
    bytes.extend((fields.len() as u32).to_be_bytes());
    bytes.extend(fields);
}

fn to_io(error: AifcError) -> io::Error {
    match error {
        AifcError::StdIoError(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
