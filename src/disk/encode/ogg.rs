//! Ogg Vorbis, through libvorbis with the aoTuV and Lancer patches.
//!
//! The length is exact: the last page counts the frames, and decoders cut the rest off (Vorbis I specification, A.2).
//! The file always consists of whole pages, and after a refresh the last of them ends the stream, until others come.
//!
//! A page leaves after four packets: with that and libvorbis's look-ahead, less than 0.29 seconds of sound are not in
//! the file yet. (libogg would gather 4 kB, which in silence are many seconds.)

use super::resample::Resampler;
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{BitRate, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use coder::Coder;
use comment_header::{CommentHeader, Mapping};
use page_file::PageFile;
use std::fs::File;
use std::io;
use std::sync::Arc;

mod coder;
pub(super) mod comment_header;
mod libvorbis;
pub(super) mod muxer;
mod page;
pub(super) mod page_file;
pub(super) mod recovery;
mod told;

/// Ogg Vorbis: one to eight channels have an order (Vorbis I specification, 4.3.9).
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(OggEncoder::open(settings.bit_rate, stream, metadata, file)?)),
    repair: recovery::repair,
    told: told::told,
};

/// The highest rate in Hz that libvorbis has modes for.
const MAX_RATE: u32 = 200_000;

/// Frames that libvorbis gets at a time: enough to be quick, few enough to keep its buffers small.
const PIECE_FRAMES: usize = 1024;

/// Where the channels of a Vorbis stream come from, one row for each number of channels: Vorbis has the centre between
/// left and right and the bass last (4.3.9), the DAW's channels are taken to come in the order of WAVE and SMPTE
/// (L R C LFE, then the surrounds from the back to the front).
pub(super) const SOURCES: [&[usize]; 8] = [
    &[0],
    &[0, 1],
    &[0, 2, 1],
    &[0, 1, 2, 3],
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 4, 5, 3],
    &[0, 2, 1, 5, 6, 4, 3],
    &[0, 2, 1, 6, 7, 4, 5, 3],
];

/// The rate in Hz at which a take of `rate` Hz is encoded: its own where libvorbis has it.
fn encoded_rate(rate: u32) -> u32 {
    match rate {
        0..=MAX_RATE => rate,
        _ if rate.is_multiple_of(44_100) => 176_400,
        _ => 192_000,
    }
}

/// One Ogg Vorbis file that is being written.
pub struct OggEncoder {
    resampler: Option<Resampler>,
    stream: OggStream,
    comments: CommentHeader,
}

impl OggEncoder {
    /// Writes the headers of an empty file.
    pub fn open(
        bit_rate: BitRate,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
    ) -> Result<Self, OpenError> {
        let refuse = |reason: String| OpenError::Refused { file_type: "Ogg Vorbis", reason };
        let rate = encoded_rate(format.sample_rate);
        let resampler =
            Resampler::between(format.sample_rate, rate, format.channels).map_err(|error| refuse(error.to_string()))?;
        let sources = SOURCES[format.channels - 1];
        let mut coder = Coder::new(bit_rate, StreamFormat { sample_rate: rate, ..format }, metadata)
            .map_err(|error| refuse(error.to_string()))?;
        let pages = coder.take_pages();
        let comments = CommentHeader::new(Mapping::Vorbis, pages, format.sample_rate, metadata);
        let mut stream = OggStream { coder, sources, file: PageFile::new(file) };
        stream.file.append(comments.pages())?;
        stream.file.refresh()?;
        Ok(Self { resampler, stream, comments })
    }
}

impl Encoder for OggEncoder {
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

    /// They come into the file with [`finish`](Self::finish): pages have checksums, and one that a kill tears plays no
    /// more.
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
        let Self { resampler, mut stream, comments } = *self;
        if let Some(resampler) = resampler {
            resampler.finish(|planar, frames| stream.encode(planar, frames))?;
        }
        let OggStream { coder, mut file, .. } = stream;
        file.append(&coder.finish()?)?;
        file.finish(comments.into_final_pages())
    }

    /// Pages count frames in 63 bits.
    fn frames_left(&self) -> u64 {
        u64::MAX
    }

    fn bytes(&self) -> u64 {
        self.stream.file.bytes()
    }
}

/// libvorbis and the file that it fills.
struct OggStream {
    coder: Coder,
    sources: &'static [usize],
    file: PageFile,
}

impl OggStream {
    fn encode(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        for start in (0..frames).step_by(PIECE_FRAMES) {
            let count = PIECE_FRAMES.min(frames - start);
            let channels: Vec<&[f32]> =
                self.sources.iter().map(|channel| &planar[channel * frames + start..][..count]).collect();
            self.coder.write(&channels)?;
            self.append_pages()?;
        }
        Ok(())
    }

    fn append_pages(&mut self) -> io::Result<()> {
        self.file.append(&self.coder.take_pages())
    }
}

#[cfg(test)]
mod tests;
