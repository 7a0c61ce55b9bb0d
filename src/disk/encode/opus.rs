//! Ogg Opus (RFC 7845), through libopus 1.3.1 as Rust (unsafe-libopus).
//!
//! Opus plays at 48 kHz whatever it was made from: all other rates are resampled first, by our own [`Resampler`]. The
//! length is exact, at 48 kHz: decoders leave out as much at the beginning as the header says, and end where the last page
//! does (RFC 7845, 4.2 and 4.4).
//!
//! A page leaves after eight packets of 20 ms: with the one that is filled, libopus's look-ahead and the resampler, less
//! than 0.29 seconds of sound are not in the file yet.

use super::ogg;
use super::ogg::comment_header::{CommentHeader, Mapping};
use super::ogg::muxer::{Muxer, longest_packet};
use super::ogg::page_file::PageFile;
use super::resample::Resampler;
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{BitRate, FileType, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use coder::{Coder, LOOK_AHEAD, PACKET_FRAMES};
use std::fs::File;
use std::io;
use std::sync::Arc;

mod coder;
mod headers;
mod recovery;
mod told;

/// Ogg Opus: one to eight channels have an order, that of Vorbis (RFC 7845, 5.1.1.2).
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| {
        Ok(Box::new(OpusEncoder::open(settings.bit_rate, stream, metadata, file)?))
    },
    repair: recovery::repair,
    told: told::told,
};

/// The rate in Hz at which all is encoded, and played.
const RATE: u32 = 48_000;

/// Packets on one page.
const PAGE_PACKETS: usize = 8;

/// One Ogg Opus file that is being written.
pub struct OpusEncoder {
    resampler: Option<Resampler>,
    stream: OpusStream,
    comments: CommentHeader,
    note: Option<&'static str>,
}

/// The note of a take that gets less than [`BitRate`] says.
const FEWER_KILOBITS: &str = "Opus gives one channel 260 kb/s at most. This take is recorded with 260 kb/s.";

impl OpusEncoder {
    /// Writes the headers of an empty file.
    pub fn open(
        bit_rate: BitRate,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
    ) -> Result<Self, OpenError> {
        let refuse = |reason: String| OpenError::Refused { file_type: "Opus", reason };
        let resampler =
            Resampler::between(format.sample_rate, RATE, format.channels).map_err(|error| refuse(error.to_string()))?;
        let coder = Coder::new(bit_rate, format.channels).map_err(|error| refuse(error.to_string()))?;
        let mut muxer = Muxer::new();
        // Each has pages of its own (RFC 7845, 3).
        let headers = [headers::head(format, coder.layout()), headers::tags_with_room(metadata)];
        let pages = headers.into_iter().flat_map(|header| muxer.pages(&[header], 0)).collect();
        let comments = CommentHeader::new(Mapping::Opus, pages, format.sample_rate, metadata);
        let mut stream = OpusStream {
            coder,
            sources: ogg::SOURCES[format.channels - 1],
            muxer,
            file: PageFile::new(file),
            filled: Vec::with_capacity(PACKET_FRAMES * format.channels),
            packets: Vec::new(),
            frames: 0,
        };
        stream.file.append(comments.pages())?;
        stream.file.refresh()?;
        let is_less = FileType::Opus.kilobits(bit_rate, format) < bit_rate.kilobits();
        Ok(Self { resampler, stream, comments, note: is_less.then_some(FEWER_KILOBITS) })
    }
}

impl Encoder for OpusEncoder {
    fn sample_range(&self) -> SampleRange {
        SampleRange::FullScale
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        let stream = &mut self.stream;
        match &mut self.resampler {
            Some(resampler) => resampler.push(planar, frames, |planar, frames| stream.encode(planar, frames)),
            None => stream.encode(planar, frames),
        }
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.stream.file.refresh()
    }

    /// They come into the file with [`finish`](Self::finish), as in Ogg Vorbis.
    fn set_markers(&mut self, markers: &[Marker]) {
        self.comments.set_markers(markers);
    }

    /// It comes into the file with [`finish`](Self::finish), as the markers do. Until then the file tells none.
    fn set_song_position(&mut self, seconds: Option<f64>) {
        self.comments.set_song_position(seconds);
    }

    fn set_loudness(&mut self, loudness: Loudness) {
        self.comments.set_loudness(&loudness);
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { resampler, mut stream, comments, .. } = *self;
        if let Some(resampler) = resampler {
            resampler.finish(|planar, frames| stream.encode(planar, frames))?;
        }
        stream.finish(comments)
    }

    /// Pages count frames in 63 bits.
    fn frames_left(&self) -> u64 {
        u64::MAX
    }

    fn bytes(&self) -> u64 {
        self.stream.file.bytes()
    }

    fn note(&self) -> Option<&'static str> {
        self.note
    }
}

/// libopus and the file that it fills.
struct OpusStream {
    coder: Coder,
    sources: &'static [usize],
    muxer: Muxer,
    file: PageFile,
    /// The beginning of the next packet's sound, interleaved, in Vorbis's order.
    filled: Vec<f32>,
    /// Those of the next page.
    packets: Vec<Vec<u8>>,
    /// Frames in all packets so far, the look-ahead included.
    frames: u64,
}

impl OpusStream {
    fn encode(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        for frame in 0..frames {
            self.filled.extend(self.sources.iter().map(|channel| planar[channel * frames + frame]));
            if self.filled.len() == PACKET_FRAMES * self.sources.len() {
                self.encode_packet()?;
            }
        }
        Ok(())
    }

    /// Encodes what is filled, a packet's frames.
    fn encode_packet(&mut self) -> io::Result<()> {
        if self.packets.len() == PAGE_PACKETS {
            self.file.append(&self.muxer.pages(&self.packets, self.frames))?;
            self.packets.clear();
        }
        self.packets.push(self.coder.encode(&self.filled)?);
        self.frames += PACKET_FRAMES as u64;
        self.filled.clear();
        Ok(())
    }

    /// Pushes the end of the sound through libopus with silence behind it, which the last page cuts off.
    fn finish(mut self, comments: CommentHeader) -> io::Result<()> {
        let end = self.frames + (self.filled.len() / self.sources.len()) as u64 + u64::from(LOOK_AHEAD);
        while self.frames < end {
            self.filled.resize(PACKET_FRAMES * self.sources.len(), 0.0);
            self.encode_packet()?;
        }
        self.file.append(&self.muxer.last_pages(&self.packets, end))?;
        self.file.finish(comments.into_final_pages())
    }
}

#[cfg(test)]
mod tests;
