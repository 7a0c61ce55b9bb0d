//! Ogg Vorbis, through libvorbis with the aoTuV and Lancer patches (vorbis_rs).
//!
//! The length is exact: the last page counts the frames, and decoders cut the rest off (Vorbis I specification, A.2).
//! The file always consists of whole pages, and after a refresh the last of them ends the stream, until others come.
//!
//! A page leaves as soon as libogg lets it, after four packets: with that and libvorbis's look-ahead, less than 0.29
//! seconds of sound are not in the file yet. By itself libogg would gather 4 kB, which in silence are many seconds.

use super::growing_file::GrowingFile;
use super::resample::Resampler;
use super::tags::vorbis_comments::{chapters, vorbis_comments};
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{BitRate, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use coder::Coder;
use comment_header::{CHAPTER_ROOM_BYTES, put_comments};
use std::fs::File;
use std::io;
use std::sync::Arc;

mod coder;
mod comment_header;
mod page;
mod recovery;

/// Ogg Vorbis: one to eight channels have an order (Vorbis I specification, 4.3.9).
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(OggEncoder::open(settings.bit_rate, stream, metadata, file)?)),
    repair: recovery::repair,
};

/// The highest rate in Hz that libvorbis has modes for.
const MAX_RATE: u32 = 200_000;

/// Frames that libvorbis gets at a time: enough to be quick, few enough to keep its buffers small.
const PIECE_FRAMES: usize = 1024;

/// Where the channels of a Vorbis stream come from, one row for each number of channels: Vorbis has the centre between
/// left and right and the bass last (4.3.9), the DAW's channels are taken to come in the order of WAVE and SMPTE
/// (L R C LFE, then the surrounds from the back to the front).
const SOURCES: [&[usize]; 8] = [
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
    /// Of the take, in Hz.
    sample_rate: u32,
    metadata: Metadata,
    markers: Vec<Marker>,
    /// The pages of the headers.
    header: Vec<u8>,
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
        let mut header = coder.take_pages();
        put_comments(&mut header, &vorbis_comments(metadata));
        let mut stream = OggStream { coder, sources, file: GrowingFile::new(file), last_page: Vec::new() };
        stream.append(&header)?;
        stream.refresh()?;
        let (sample_rate, metadata) = (format.sample_rate, metadata.clone());
        Ok(Self { resampler, stream, sample_rate, metadata, markers: Vec::new(), header })
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
        self.stream.refresh()
    }

    /// They come into the file with [`finish`](Self::finish): pages have checksums, and one that a kill tears plays no
    /// more.
    fn set_markers(&mut self, markers: &[Marker]) {
        self.markers = markers.to_vec();
    }

    fn set_loudness(&mut self, loudness: Loudness) {
        self.metadata = self.metadata.with_replay_gain(&loudness);
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { resampler, mut stream, sample_rate, metadata, markers, mut header } = *self;
        if let Some(resampler) = resampler {
            resampler.finish(|planar, frames| stream.encode(planar, frames))?;
        }
        let OggStream { coder, mut file, last_page, .. } = stream;
        file.append(&last_page)?;
        file.append(&coder.finish()?)?;
        file.flush()?;
        let chapters = chapters(&markers, sample_rate, CHAPTER_ROOM_BYTES);
        let mut comments = vorbis_comments(&metadata);
        comments.extend(chapters.iter().map(|(name, value)| (name.clone(), value.as_str())));
        if put_comments(&mut header, &comments) { file.overwrite(0, &header) } else { Ok(()) }
    }

    /// Pages count frames in 63 bits.
    fn frames_left(&self) -> u64 {
        u64::MAX
    }

    fn bytes(&self) -> u64 {
        self.stream.file.bytes() + self.stream.last_page.len() as u64
    }
}

/// libvorbis and the file that it fills.
struct OggStream {
    coder: Coder,
    sources: &'static [usize],
    file: GrowingFile,
    /// The last page so far, not yet in the file for good.
    last_page: Vec<u8>,
}

impl OggStream {
    fn encode(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        for start in (0..frames).step_by(PIECE_FRAMES) {
            let count = PIECE_FRAMES.min(frames - start);
            let channels: Vec<&[f32]> =
                self.sources.iter().map(|channel| &planar[channel * frames + start..][..count]).collect();
            self.coder.write(&channels)?;
            let pages = self.coder.take_pages();
            self.append(&pages)?;
        }
        Ok(())
    }

    /// Appends whole pages.
    fn append(&mut self, pages: &[u8]) -> io::Result<()> {
        if !pages.is_empty() {
            let (others, last) = pages.split_at(page::start_of_last(pages));
            self.file.append(&self.last_page)?;
            self.file.append(others)?;
            self.last_page = last.to_vec();
        }
        Ok(())
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.file.flush_with_end(&page::ending_stream(&self.last_page))
    }
}

#[cfg(test)]
mod tests;
