//! FLAC (RFC 9639).
//!
//! The file always consists of whole blocks (in FLAC's own words: frames). While it grows, STREAMINFO counts the samples
//! that are there and leaves the MD5 unset, and the seek table holds placeholders; both become right at the end.
//!
//! # Why the blocks are coded here
//! Metadata and the heads of blocks are flac-codec's. Its coder reaches the size of `flac -5` in 2.3 to 2.8 times the
//! time, and with options that keep the size within 1 % or built as one unit with link-time optimisation still in more
//! than twice the time: it writes out two predictions of each channel to keep one, bit by bit through two layers. So
//! [`coder`] and what it uses choose and write the predictions.

use super::growing_file::GrowingFile;
use super::tags::vorbis_comments::{chapters, vorbis_comments};
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{Codec, FileType, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use coder::Coder;
use flac_codec::metadata::{Block, Padding, SeekTable, Streaminfo, VorbisComment, write_blocks};
use seek_points::SeekPoints;
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::sync::Arc;

mod bits;
mod coder;
mod linear;
mod recovery;
mod rice;
mod seek_points;
mod subframe;
mod told;

/// FLAC: one to eight channels, in the order that WAVE has too (RFC 9639, 9.1.3).
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(FlacEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: recovery::repair,
    told: told::told,
};

const FILE_TYPE: &str = "FLAC";

/// The most frames that STREAMINFO counts (RFC 9639, 8.2: 36 bits): 16 days at 48 kHz.
const MAX_FRAMES: u64 = Streaminfo::MAX_TOTAL_SAMPLES.get();

/// The highest rate in Hz. STREAMINFO could name some more, but most decoders take that for an error.
const MAX_RATE: u32 = 655_350;

/// Bytes of the signature, STREAMINFO's head and STREAMINFO (RFC 9639, 8.1 and 8.2).
const STREAMINFO_END: usize = 4 + 4 + 34;

/// Bytes of a block's head (RFC 9639, 8.1).
const BLOCK_HEAD_BYTES: usize = 4;

/// Room for what is not known at the beginning, markers and loudness, and for what a tag editor adds: none of it has to move
/// the sound.
const PADDING_BYTES: usize = 16 << 10;

/// One FLAC file that is being written.
pub struct FlacEncoder {
    coder: Coder,
    file: FlacFile,
    codec: Codec,
    max_frames: u64,
    /// A coded block on its way to the file.
    coded: Vec<u8>,
}

impl FlacEncoder {
    /// Writes the header of an empty file.
    pub fn open(codec: Codec, format: StreamFormat, metadata: &Metadata, file: Arc<File>) -> Result<Self, OpenError> {
        Self::open_limited(codec, format, metadata, file, MAX_FRAMES)
    }

    fn open_limited(
        codec: Codec,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
        max_frames: u64,
    ) -> Result<Self, OpenError> {
        let refuse = |reason: String| OpenError::Refused { file_type: FILE_TYPE, reason };
        if format.sample_rate > MAX_RATE {
            return Err(refuse(format!("its sample rates end at {MAX_RATE} Hz")));
        }
        let coder =
            Coder::new(FileType::Flac.bits_per_sample(codec), format).map_err(|error| refuse(error.to_string()))?;
        let file = FlacFile::begin(file, coder.info().clone(), metadata)?;
        Ok(Self { coder, file, codec, max_frames, coded: Vec::new() })
    }

    fn close_block(&mut self) -> io::Result<()> {
        let frames = self.coder.held_frames();
        self.coder.close_block(&mut self.coded)?;
        self.file.append_block(&self.coded, frames)?;
        self.coded.clear();
        Ok(())
    }
}

impl Encoder for FlacEncoder {
    fn sample_range(&self) -> SampleRange {
        SampleRange::FullScale
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        let mut start = 0;
        while start < frames {
            let end = frames.min(start + self.coder.room());
            self.coder.fill(planar, frames, start..end);
            if self.coder.room() == 0 {
                self.close_block()?;
            }
            start = end;
        }
        Ok(())
    }

    /// The open block is held back: up to a tenth of a second.
    fn refresh(&mut self) -> io::Result<()> {
        self.file.refresh()
    }

    fn set_markers(&mut self, markers: &[Marker]) {
        self.file.markers = markers.to_vec();
        self.file.are_comments_old = true;
    }

    fn set_song_position(&mut self, seconds: Option<f64>) {
        self.file.metadata = self.file.metadata.with_song_position(seconds);
        self.file.are_comments_old = true;
    }

    fn set_loudness(&mut self, loudness: Loudness) {
        self.file.metadata = self.file.metadata.with_replay_gain(&loudness);
        self.file.are_comments_old = true;
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.coder.held_frames() > 0 {
            self.close_block()?;
        }
        let Self { coder, file, .. } = *self;
        file.finish(coder.md5())
    }

    fn frames_left(&self) -> u64 {
        self.max_frames - self.file.frames - self.coder.held_frames() as u64
    }

    fn bytes(&self) -> u64 {
        self.file.file.bytes()
    }

    fn rounded_bits(&self) -> Option<u16> {
        Some(FileType::Flac.bits_per_sample(self.codec))
    }

    fn note(&self) -> Option<&'static str> {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 => None,
            Codec::Pcm32 | Codec::Float32 => Some("FLAC holds 24 bits at most. This take is recorded with 24 bits."),
        }
    }
}

/// The file: metadata blocks whose length altogether never changes, then coded blocks.
struct FlacFile {
    file: GrowingFile,
    info: Streaminfo,
    metadata: Metadata,
    markers: Vec<Marker>,
    /// Bytes that comments and padding take together.
    room: usize,
    /// Bytes of the comments that the file has.
    told_bytes: usize,
    /// Other ones are to come into the file.
    are_comments_old: bool,
    seek_points: SeekPoints,
    header_bytes: u64,
    /// Frames of sound in the file.
    frames: u64,
}

impl FlacFile {
    fn begin(file: Arc<File>, info: Streaminfo, metadata: &Metadata) -> io::Result<Self> {
        let seek_points = SeekPoints::new(info.sample_rate / u32::from(info.maximum_block_size));
        let mut begun = Self {
            file: GrowingFile::new(file),
            info,
            metadata: metadata.clone(),
            markers: Vec::new(),
            room: 0,
            told_bytes: 0,
            are_comments_old: false,
            seek_points,
            header_bytes: 0,
            frames: 0,
        };
        begun.told_bytes = comment_bytes(&begun.comments());
        begun.room = begun.told_bytes + PADDING_BYTES;
        let header = begun.header(SeekPoints::placeholders())?;
        begun.file.append(&header)?;
        begun.file.flush()?;
        begun.header_bytes = header.len() as u64;
        Ok(begun)
    }

    /// The entries, and as many of the markers as have room.
    fn comments(&self) -> Vec<String> {
        let mut fields: Vec<_> =
            vorbis_comments(&self.metadata).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let room = self.room.saturating_sub(comment_bytes(&fields));
        let chapters = chapters(&self.markers, self.info.sample_rate, room);
        fields.extend(chapters.into_iter().map(|(name, value)| format!("{name}={value}")));
        fields
    }

    /// What comes before the sound, always as long. The comments stand before all that is long, so that their sizes lie in
    /// the file's first page.
    fn header(&self, seek_table: SeekTable) -> io::Result<Vec<u8>> {
        let fields = self.comments();
        let padding = Padding { size: (self.room.saturating_sub(comment_bytes(&fields)) as u16).into() };
        let comments = VorbisComment { fields, ..VorbisComment::default() };
        let blocks: [Block; 4] = [self.info.clone().into(), comments.into(), padding.into(), seek_table.into()];
        let mut bytes = Vec::new();
        write_blocks(&mut bytes, blocks)?;
        Ok(bytes)
    }

    fn append_block(&mut self, coded: &[u8], frames: usize) -> io::Result<()> {
        let bytes = NonZero::new(coded.len() as u32);
        self.info.minimum_frame_size = self.info.minimum_frame_size.min(bytes).or(bytes);
        self.info.maximum_frame_size = self.info.maximum_frame_size.max(bytes);
        let offset = self.file.bytes() - self.header_bytes;
        self.seek_points.add(self.frames, offset, frames as u16);
        self.frames += frames as u64;
        self.file.append(coded)
    }

    /// Sound first: STREAMINFO never counts what is not there.
    fn refresh(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.info.total_samples = NonZero::new(self.frames);
        let header = self.header(SeekPoints::placeholders())?;
        self.write_comments(&header)?;
        self.file.overwrite(0, &header[..STREAMINFO_END])
    }

    /// Brings the comments up to date where they have changed. What is still padding to a reader comes first, then, in one
    /// write, their sizes and the head of the padding behind the old ones.
    fn write_comments(&mut self, header: &[u8]) -> io::Result<()> {
        if !std::mem::take(&mut self.are_comments_old) {
            return Ok(());
        }
        let bytes = comment_bytes(&self.comments());
        let block_bytes =
            u32::from_be_bytes([0, header[STREAMINFO_END + 1], header[STREAMINFO_END + 2], header[STREAMINFO_END + 3]]);
        let end = STREAMINFO_END + BLOCK_HEAD_BYTES + block_bytes as usize;
        let padding_at = end + BLOCK_HEAD_BYTES;
        let was_padding_at = (padding_at + self.told_bytes - bytes).min(padding_at);
        self.file.overwrite(was_padding_at as u64, &header[was_padding_at..padding_at])?;
        self.file.overwrite(STREAMINFO_END as u64, &header[STREAMINFO_END..was_padding_at])?;
        self.told_bytes = bytes;
        Ok(())
    }

    fn finish(mut self, md5: [u8; 16]) -> io::Result<()> {
        self.refresh()?;
        self.info.md5 = Some(md5);
        let header = self.header(self.seek_points.table())?;
        self.file.overwrite(0, &header)
    }
}

/// Bytes of comments with their lengths, their number and the vendor's name aside (Vorbis I specification, 5.2.1).
fn comment_bytes(fields: &[String]) -> usize {
    fields.iter().map(|field| 4 + field.len()).sum()
}

#[cfg(test)]
mod tests;
