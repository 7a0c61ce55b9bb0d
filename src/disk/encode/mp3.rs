//! MP3, through LAME.
//!
//! Rates that MP3 has are encoded as they are. Others are resampled first, by our own [`Resampler`]: LAME's reaches
//! 36 dB. The decoded length of a finished file, delay and padding cut off as the LAME tag says, is exactly the
//! number of frames that were written ([`resampled_frames`](super::resample::resampled_frames) of them where the rate
//! changed).

use super::resample::Resampler;
use super::tags::id3::{Stretch, id3_tag_with_chapters, id3_tag_with_room};
use super::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{BitRate, FileType, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use crate::core::rate::mp3_rate;
use frames::{FrameFile, Mpeg};
use mp3lame_encoder::{Bitrate, BuildError, Builder, DualPcm, EncodeError, FlushGap, MonoPcm, Quality, VbrMode};
use std::fs::File;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

mod frames;
mod recovery;
mod tag;
mod told;

/// MP3: mono and stereo (ISO/IEC 11172-3, 2.4.2.3, `mode`).
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(Mp3Encoder::open(settings.bit_rate, stream, metadata, file)?)),
    repair: recovery::repair,
    told: told::told,
};

const FILE_TYPE: &str = "MP3";

/// The tag counts the bytes of the file in 32 bits. A mebibyte stays free for a tag of the writer.
const MAX_BYTES: u64 = u32::MAX as u64 - (1 << 20);

/// MP3 frames that LAME may hold back: its delay and the bit reservoir.
const HELD_BACK_FRAMES: u64 = 16;

/// Frames that LAME gets at a time.
const PIECE_FRAMES: usize = 4096;

/// Room for what LAME may hand on at the end, or of earlier pieces: tag, bit reservoir and the last frames (lame.h
/// asks for 7200 bytes).
const FLUSH_BYTES: usize = 1 << 14;

/// The loudest sample that LAME gets, 24 dB over full scale. From 65536 on (+96 dB), and at NaN, it calls abort(); 4096
/// (+72 dB) is still fine. Resampling overshoots by 14 dB at the very most, and LAME quantises such frames as any others.
const LOUDEST: f32 = 16.0;

/// One MP3 file that is being written.
pub struct Mp3Encoder {
    resampler: Option<Resampler>,
    lame: LameFile,
    /// Hz of the take, and of the file.
    rates: (u32, u32),
    mpeg: Mpeg,
    max_bytes: u64,
    /// Frames of the take so far, those of the last pieces included.
    frames: u64,
    metadata: Metadata,
    markers: Vec<Marker>,
    /// Bytes of the ID3 tag, with the room in it; 0 where there is none.
    id3_bytes: usize,
    /// The ID3 tag is to become another one.
    is_tag_old: bool,
    note: Option<&'static str>,
}

/// What a take is told that gets less than its bit rate says.
fn note(bit_rate: BitRate, format: StreamFormat) -> Option<&'static str> {
    let given = FileType::Mp3.kilobits(bit_rate, format)?;
    match (given < bit_rate.kilobits()?, given) {
        (false, _) => None,
        (true, 64) => Some("MP3 ends at 64 kb/s below 16 kHz. This take is recorded with 64 kb/s."),
        (true, _) => Some("MP3 ends at 160 kb/s below 32 kHz. This take is recorded with 160 kb/s."),
    }
}

impl Mp3Encoder {
    /// Starts an empty file with its ID3 tag.
    ///
    /// Bit rates that the MPEG version at the take's rate lacks become the nearest that it has: at most 160 kb/s below
    /// 32 kHz and 64 kb/s below 16 kHz.
    pub fn open(
        bit_rate: BitRate,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
    ) -> Result<Self, OpenError> {
        Self::open_limited(bit_rate, format, metadata, file, MAX_BYTES)
    }

    fn open_limited(
        bit_rate: BitRate,
        format: StreamFormat,
        metadata: &Metadata,
        file: Arc<File>,
        max_bytes: u64,
    ) -> Result<Self, OpenError> {
        let refuse = |reason: String| OpenError::Refused { file_type: FILE_TYPE, reason };
        let rate = mp3_rate(format.sample_rate);
        let resampler =
            Resampler::between(format.sample_rate, rate, format.channels).map_err(|error| refuse(error.to_string()))?;
        let encoder = build_lame(bit_rate, rate, format.channels).map_err(|error| refuse(error.to_string()))?;
        let mpeg = Mpeg::at_rate(rate);
        let id3_tag = id3_tag_with_room(metadata)?;
        let id3_bytes = id3_tag.len();
        let lame = LameFile {
            encoder,
            tamed: vec![0.0; PIECE_FRAMES * format.channels],
            encoded: Vec::new(),
            file: FrameFile::begin(file, &id3_tag, mpeg, rate)?,
            channels: format.channels,
            early: Some(Vec::new()),
        };
        Ok(Self {
            resampler,
            lame,
            rates: (format.sample_rate, rate),
            mpeg,
            max_bytes,
            frames: 0,
            metadata: metadata.clone(),
            markers: Vec::new(),
            id3_bytes,
            is_tag_old: false,
            note: note(bit_rate, format),
        })
    }
}

impl Mp3Encoder {
    /// What the ID3 tag is to become, where it is to, and where there is one: the user may have left every entry out.
    fn new_id3_tag(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.is_tag_old) || self.id3_bytes == 0 {
            return None;
        }
        let stretch = Stretch { sample_rate: self.rates.0, frames: self.frames };
        // Where the library refuses, or the room does not suffice, the tag stays as it is.
        id3_tag_with_chapters(&self.metadata, &self.markers, stretch, self.id3_bytes).ok()
    }
}

impl Encoder for Mp3Encoder {
    fn sample_range(&self) -> SampleRange {
        SampleRange::FullScale
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        self.frames += frames as u64;
        let lame = &mut self.lame;
        match &mut self.resampler {
            Some(resampler) => resampler.push(planar, frames, |planar, frames| lame.encode(planar, frames)),
            None => lame.encode(planar, frames),
        }
    }

    /// The tag then counts the frames that are in the file. LAME holds back about three, the resampler up to 0.1 s.
    fn refresh(&mut self) -> io::Result<()> {
        self.lame.refresh()?;
        match self.new_id3_tag() {
            Some(tag) => self.lame.file.write_id3_tag(&tag),
            None => Ok(()),
        }
    }

    fn set_markers(&mut self, markers: &[Marker]) {
        self.markers = markers.to_vec();
        self.is_tag_old = true;
    }

    fn set_song_position(&mut self, seconds: Option<f64>) {
        self.metadata = self.metadata.with_song_position(seconds);
        self.is_tag_old = true;
    }

    fn set_loudness(&mut self, loudness: Loudness) {
        self.metadata = self.metadata.with_replay_gain(&loudness);
        self.is_tag_old = true;
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        // Only now is it known where the last chapter ends.
        self.is_tag_old |= !self.markers.is_empty();
        if let Some(tag) = self.new_id3_tag() {
            self.lame.file.write_id3_tag(&tag)?;
        }
        let Self { resampler, mut lame, .. } = *self;
        if let Some(resampler) = resampler {
            resampler.finish(|planar, frames| lame.encode(planar, frames))?;
        }
        lame.finish()
    }

    /// Ends the file where the tag's count of bytes does, after 29 hours of 320 kb/s.
    fn frames_left(&self) -> u64 {
        let room = self.max_bytes.saturating_sub(self.bytes());
        let mp3_frames = (room / self.mpeg.largest_frame_bytes(self.rates.1)).saturating_sub(HELD_BACK_FRAMES);
        let (from, to) = self.rates;
        mp3_frames * self.mpeg.frame_length() * u64::from(from) / u64::from(to)
    }

    fn bytes(&self) -> u64 {
        self.lame.file.bytes()
    }

    fn note(&self) -> Option<&'static str> {
        self.note
    }
}

/// LAME and the file that it fills. The file always ends with a whole MP3 frame.
struct LameFile {
    encoder: mp3lame_encoder::Encoder,
    /// One piece of the sound, planar, as LAME gets it.
    tamed: Vec<f32>,
    encoded: Vec<u8>,
    file: FrameFile,
    channels: usize,
    /// What came before LAME had a tag; the file is still empty then.
    early: Option<Vec<u8>>,
}

impl LameFile {
    fn encode(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        debug_assert_eq!(planar.len(), self.channels * frames);
        for start in (0..frames).step_by(PIECE_FRAMES) {
            let count = PIECE_FRAMES.min(frames - start);
            self.tamed.clear();
            for channel in planar.chunks_exact(frames) {
                self.tamed.extend(channel[start..start + count].iter().map(|&sample| tame(sample)));
            }
            self.encoded.clear();
            self.encoded.reserve(mp3lame_encoder::max_required_buffer_size(count) + FLUSH_BYTES);
            match self.tamed.split_at(count) {
                (mono, []) => self.encoder.encode_to_vec(MonoPcm(mono), &mut self.encoded),
                (left, right) => self.encoder.encode_to_vec(DualPcm { left, right }, &mut self.encoded),
            }
            .map_err(lame_failed)?;
            match self.early.take() {
                None => self.file.append(&self.encoded)?,
                Some(early) => self.begin(early)?,
            }
        }
        Ok(())
    }

    /// Begins the file once LAME has a tag to fill its first frame with, whatever it counts: without one, a file that is
    /// cut short would not say how late its sound is.
    fn begin(&mut self, mut early: Vec<u8>) -> io::Result<()> {
        early.extend_from_slice(&self.encoded);
        let tag = self.tag();
        match early.get_mut(..tag.len()).filter(|room| !room.is_empty()) {
            Some(room) => {
                room.copy_from_slice(&tag);
                self.file.append(&early)
            }
            None => {
                self.early = Some(early);
                Ok(())
            }
        }
    }

    /// LAME's tag as it stands now; empty before the first MP3 frame.
    fn tag(&self) -> Vec<u8> {
        let mut tag = Vec::with_capacity(self.encoder.lame_tag_size());
        self.encoder.lame_tag_encode_to_vec(&mut tag);
        tag
    }

    fn refresh(&mut self) -> io::Result<()> {
        let mut tag = self.tag();
        tag::count_what_is_there(&mut tag, self.file.tally());
        self.file.write_tag(&tag)
    }

    fn finish(&mut self) -> io::Result<()> {
        // Our ID3 tag does not go through LAME, so its own tag is the first frame.
        debug_assert_eq!(self.encoder.id3v2_tag_size(), 0);
        self.encoded.clear();
        self.encoded.reserve(FLUSH_BYTES);
        // The other flush, FlushNoGap, would lose the end.
        self.encoder.flush_to_vec::<FlushGap>(&mut self.encoded).map_err(lame_failed)?;
        self.file.append(&self.early.take().unwrap_or_default())?;
        self.file.append(&self.encoded)?;
        let tag = self.tag();
        self.file.write_tag(&tag)
    }
}

/// What LAME can take: NaN becomes 0, and nothing is louder than [`LOUDEST`]. The writer has sanitised the samples;
/// this is the last line, for a fault here takes the host down. It costs a thousandth of the encoding.
fn tame(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-LOUDEST, LOUDEST) }
}

fn lame_failed(error: EncodeError) -> io::Error {
    io::Error::other(format!("the MP3 encoder failed: {error}"))
}

fn build_lame(bit_rate: BitRate, rate: u32, channels: usize) -> Result<mp3lame_encoder::Encoder, BuildError> {
    let mut builder = Builder::new().ok_or(BuildError::NoMem)?;
    builder.set_num_channels(channels as u8)?;
    builder.set_sample_rate(rate)?;
    match bit_rate {
        BitRate::Cbr96 => constant(&mut builder, Bitrate::Kbps96, rate)?,
        BitRate::Cbr128 => constant(&mut builder, Bitrate::Kbps128, rate)?,
        BitRate::Cbr192 => constant(&mut builder, Bitrate::Kbps192, rate)?,
        BitRate::Cbr256 => constant(&mut builder, Bitrate::Kbps256, rate)?,
        BitRate::Cbr320 => constant(&mut builder, Bitrate::Kbps320, rate)?,
        BitRate::VbrV2 => variable(&mut builder, Quality::NearBest)?,
        BitRate::VbrV0 => variable(&mut builder, Quality::Best)?,
    }
    builder.build()
}

fn constant(builder: &mut Builder, bit_rate: Bitrate, rate: u32) -> Result<(), BuildError> {
    builder.set_brate(bit_rate)?;
    builder.set_quality(Quality::NearBest)?;
    // Left to itself, LAME resamples: 44.1 kHz at 96 kb/s becomes 32 kHz.
    builder.set_output_sample_rate(NonZeroU32::new(rate))
}

/// As `lame -V2` and `-V0`. LAME keeps the rate at these two; naming it would switch off the better quality that it
/// chooses for them below 44.1 kHz (lame_init_params, "mapping VBR scale").
fn variable(builder: &mut Builder, quality: Quality) -> Result<(), BuildError> {
    builder.set_vbr_mode(VbrMode::Mtrh)?;
    builder.set_vbr_quality(quality)
}

#[cfg(test)]
mod tests;
