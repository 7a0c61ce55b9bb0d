//! WAV.

use super::growing_file::GrowingFile;
use super::interleave::interleave;
use super::quantise::quantise;
use super::tags::riff_info::info_chunk;
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{Codec, StreamFormat};
use crate::core::metadata::Metadata;
use header::Header;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

mod header;
mod recovery;

/// The size fields are 32 bits wide (RIFF, Multimedia Programming Interface 1.0, section 2: `ckSize` is a DWORD). A
/// mebibyte stays free for the header and for chunks behind the sound.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - (1 << 20);

/// Samples that are interleaved at a time: few enough to stay in the fastest cache with 64 channels.
const TILE_SAMPLES: usize = 4096;

/// WAV: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(WavEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: recovery::repair,
};

/// One WAV file that is being written.
pub struct WavEncoder {
    sound: GrowingFile,
    file: Arc<File>,
    codec: Codec,
    channels: usize,
    header: Header,
    data_bytes: u64,
    max_data_bytes: u64,
    /// What comes behind the sound.
    info_chunk: Vec<u8>,
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
        let encoder = Self::open_limited(codec, format, file, MAX_DATA_BYTES)?;
        Ok(Self { info_chunk: info_chunk(metadata), ..encoder })
    }

    fn open_limited(
        codec: Codec,
        format: StreamFormat,
        file: Arc<File>,
        max_data_bytes: u64,
    ) -> Result<Self, OpenError> {
        check_header_fields(codec, format)?;
        let header = Header::new(codec, format);
        let mut sound = GrowingFile::new(Arc::clone(&file));
        sound.append(header.bytes())?;
        sound.flush()?;
        Ok(Self {
            sound,
            file,
            codec,
            channels: format.channels,
            header,
            data_bytes: 0,
            max_data_bytes,
            info_chunk: Vec::new(),
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

    /// More frames than [`frames_left`](Encoder::frames_left) are an error; none of them is written then.
    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        debug_assert_eq!(planar.len(), self.channels * frames);
        if frames as u64 > self.frames_left() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let tile_frames = TILE_SAMPLES / self.channels;
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

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.sound.flush()?;
        end_sound(&self.file, &mut self.header, self.data_bytes)?;
        append_chunk(&self.file, &mut self.header, self.data_bytes, &self.info_chunk)
    }

    fn frames_left(&self) -> u64 {
        self.max_data_bytes.saturating_sub(self.data_bytes) / self.header.bytes_per_frame()
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

/// Puts a chunk at the end of a complete file. Where that fails the file is as it was.
fn append_chunk(mut file: &File, header: &mut Header, data_bytes: u64, chunk: &[u8]) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    header.set_sizes(end + chunk.len() as u64, data_bytes);
    file.write_all(chunk).and_then(|()| header.write_to(file)).inspect_err(|_| {
        // An error on the way to an error. The RIFF chunk does not count what may be left behind it.
        let _ = file.set_len(end);
    })
}

#[cfg(test)]
mod tests;
