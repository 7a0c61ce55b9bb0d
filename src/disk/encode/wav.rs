//! WAV of any length: RIFF, and RF64 once the file has outgrown that.

use super::growing_file::GrowingFile;
use super::interleave::interleave;
use super::quantise::quantise;
use super::tags::cue::cue_chunks;
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{Codec, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use header::{Header, MOST_RIFF_BYTES};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

mod header;
mod recovery;
mod told;

/// Samples that are interleaved at a time: few enough to stay in the fastest cache with 64 channels.
const TILE_SAMPLES: usize = 4096;

/// WAV: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(WavEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: recovery::repair,
    told: told::told,
};

/// One WAV file that is being written.
pub struct WavEncoder {
    sound: GrowingFile,
    file: Arc<File>,
    codec: Codec,
    stream: StreamFormat,
    metadata: Metadata,
    header: Header,
    data_bytes: u64,
    /// What comes behind the sound: all markers, where they have no room before it.
    end_chunks: Vec<u8>,
    /// The piece that is written now, interleaved.
    tile: Vec<f32>,
    /// Its samples as words of the file, in their lowest bytes.
    words: Vec<u32>,
    /// The same as it stands in the file.
    bytes: Vec<u8>,
}

impl WavEncoder {
    /// Writes the header of an empty file.
    pub fn open(codec: Codec, format: StreamFormat, metadata: &Metadata, file: Arc<File>) -> Result<Self, OpenError> {
        Self::open_with_line(codec, format, metadata, file, MOST_RIFF_BYTES)
    }

    fn open_with_line(
        codec: Codec,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
        most_riff_bytes: u64,
    ) -> Result<Self, OpenError> {
        check_header_fields(codec, format)?;
        let header = Header::new(codec, format, metadata, most_riff_bytes);
        let mut sound = GrowingFile::new(Arc::clone(&file));
        sound.append(header.bytes())?;
        sound.flush()?;
        Ok(Self {
            sound,
            file,
            codec,
            stream: format,
            metadata: metadata.clone(),
            header,
            data_bytes: 0,
            end_chunks: Vec::new(),
            tile: Vec::new(),
            words: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Writes what [`tile`](Self::tile) holds.
    fn write_tile(&mut self) -> io::Result<()> {
        match self.codec {
            Codec::Pcm16 => self.fill_bytes::<2>(|sample| quantise(sample, 16).cast_unsigned()),
            Codec::Pcm24 => self.fill_bytes::<3>(|sample| quantise(sample, 24).cast_unsigned()),
            Codec::Pcm32 => self.fill_bytes::<4>(|sample| quantise(sample, 32).cast_unsigned()),
            Codec::Float32 => self.fill_bytes::<4>(f32::to_bits),
        }
        self.sound.append(&self.bytes)
    }

    /// Puts the lowest `BYTES` bytes of each sample's word into [`bytes`](Self::bytes).
    fn fill_bytes<const BYTES: usize>(&mut self, word: impl Fn(f32) -> u32) {
        // First all words: several at a time, as long as nothing else is done.
        self.words.clear();
        self.words.extend(self.tile.iter().map(|&sample| word(sample)));
        self.bytes.resize(self.words.len() * BYTES, 0);
        let (places, _) = self.bytes.as_chunks_mut::<BYTES>();
        for (place, word) in places.iter_mut().zip(&self.words) {
            place.copy_from_slice(&word.to_le_bytes()[..BYTES]);
        }
    }
}

/// The header's fields have to hold the take: no rate of 0, at most 4 GiB of sound in a second.
fn check_header_fields(codec: Codec, format: StreamFormat) -> Result<(), OpenError> {
    let bytes_per_frame = format.channels as u64 * u64::from(codec.bits_per_sample() / 8);
    match bytes_per_frame * u64::from(format.sample_rate) {
        1..=0xFFFF_FFFF => Ok(()),
        _ => Err(OpenError::Refused {
            file_type: "WAV",
            reason: format!("a sample rate of {} Hz does not fit into its header", format.sample_rate),
        }),
    }
}

impl Encoder for WavEncoder {
    fn sample_range(&self) -> SampleRange {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleRange::FullScale,
            Codec::Float32 => SampleRange::Finite,
        }
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        debug_assert_eq!(planar.len(), self.stream.channels * frames);
        let tile_frames = TILE_SAMPLES / self.stream.channels;
        for start in (0..frames).step_by(tile_frames) {
            let count = tile_frames.min(frames - start);
            interleave(planar, frames, start..start + count, &mut self.tile);
            self.write_tile()?;
            self.data_bytes += count as u64 * self.header.bytes_per_frame();
        }
        Ok(())
    }

    /// Sound first: the header never tells of what is not there.
    fn refresh(&mut self) -> io::Result<()> {
        self.sound.flush()?;
        self.header.set_sizes(self.bytes(), self.data_bytes);
        self.header.write_to(&self.file)
    }

    /// Those that have no room before the sound come into the file with [`finish`](Self::finish).
    fn set_markers(&mut self, markers: &[Marker]) {
        let told = self.header.set_markers(markers);
        self.end_chunks = if told < markers.len() { cue_chunks(markers) } else { Vec::new() };
    }

    fn set_song_position(&mut self, seconds: Option<f64>) {
        self.metadata = self.metadata.with_song_position(seconds);
        self.header.set_metadata(self.codec, self.stream, &self.metadata);
    }

    fn set_loudness(&mut self, loudness: Loudness) {
        self.header.set_loudness(&loudness);
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.sound.flush()?;
        end_sound(&self.file, &mut self.header, self.data_bytes)?;
        if self.end_chunks.is_empty() {
            return Ok(());
        }
        // Once in a file.
        self.header.set_markers(&[]);
        append_chunks(&self.file, &mut self.header, self.data_bytes, &self.end_chunks)
    }

    /// No limit; file systems have one.
    fn frames_left(&self) -> u64 {
        u64::MAX
    }

    fn bytes(&self) -> u64 {
        self.header.len() + self.data_bytes
    }

    fn rounded_bits(&self) -> Option<u16> {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 => Some(self.codec.bits_per_sample()),
            Codec::Pcm32 | Codec::Float32 => None,
        }
    }
}

/// Cuts the file off behind `data_bytes` bytes of sound, pads them to an even number (RIFF, Multimedia Programming
/// Interface 1.0, section 2, "Chunks") and makes the header say so.
fn end_sound(file: &File, header: &mut Header, data_bytes: u64) -> io::Result<()> {
    let length = header.len() + data_bytes.next_multiple_of(2);
    file.set_len(length)?;
    header.set_sizes(length, data_bytes);
    header.write_to(file)
}

/// Puts chunks at the end of a complete file. Where that fails the file is as it was.
fn append_chunks(mut file: &File, header: &mut Header, data_bytes: u64, chunks: &[u8]) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    header.set_sizes(end + chunks.len() as u64, data_bytes);
    file.write_all(chunks).and_then(|()| header.write_to(file)).inspect_err(|_| {
        // An error on the way to an error. The RIFF chunk does not count what may be left behind it.
        let _ = file.set_len(end);
    })
}

#[cfg(test)]
mod tests;
