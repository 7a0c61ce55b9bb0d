//! From samples to blocks (in FLAC's own words: frames).

use super::bits::{BitWriter, crc16};
use super::linear::Predictor;
use super::subframe::Subframe;
use crate::core::format::StreamFormat;
use crate::disk::encode::quantise::quantise;
use flac_codec::Error;
use flac_codec::metadata::Streaminfo;
use flac_codec::stream::{ChannelAssignment, FrameHeader, FrameNumber, Independent};
use std::num::NonZero;
use std::ops::Range;

/// The most frames of sound in a block; `flac -5` takes as many.
const MAX_BLOCK_FRAMES: u32 = 4096;

/// The longest that a block may be, in parts of a second: what is in an open block is lost when the host is killed.
const BLOCKS_PER_SECOND: u32 = 10;

/// Frames of sound in a block at `rate` Hz: a power of two, for only such blocks are divided well.
fn block_frames(rate: u32) -> u16 {
    let most = (rate / BLOCKS_PER_SECOND).clamp(64, MAX_BLOCK_FRAMES);
    1 << most.ilog2()
}

/// STREAMINFO of a stream before its first block.
fn streaminfo(bits: u16, format: StreamFormat) -> Result<Streaminfo, Error> {
    let block_frames = block_frames(format.sample_rate);
    Ok(Streaminfo {
        minimum_block_size: block_frames,
        maximum_block_size: block_frames,
        minimum_frame_size: None,
        maximum_frame_size: None,
        sample_rate: format.sample_rate,
        channels: u8::try_from(format.channels).ok().and_then(NonZero::new).ok_or(Error::ExcessiveChannels)?,
        bits_per_sample: u32::from(bits).try_into().map_err(|_| Error::ExcessiveBps)?,
        total_samples: None,
        md5: None,
    })
}

/// What the channels of a block stand for (RFC 9639, 4.2), and which of the planned subframes they are.
struct Choice {
    assignment: ChannelAssignment,
    subframes: &'static [usize],
}

/// Codes one stream, block by block. Touches no file; dropping it is harmless at any time.
pub struct Coder {
    info: Streaminfo,
    bits: u16,
    independent: Independent,
    /// The block that is being filled, one vector for each channel.
    block: Vec<Vec<i32>>,
    /// The blocks before it.
    blocks: u64,
    md5: md5::Context,
    /// The samples of a block as the MD5 takes them: interleaved, little-endian.
    pcm: Vec<u8>,
    middle: Vec<i32>,
    side: Vec<i32>,
    predictor: Predictor,
    /// One for each channel; of stereo one for left, right, middle and side.
    subframes: Vec<Subframe>,
}

impl Coder {
    /// Begins before the first block. `bits` of a sample: 16 or 24.
    pub fn new(bits: u16, format: StreamFormat) -> Result<Self, Error> {
        let info = streaminfo(bits, format)?;
        let subframes = if format.channels == 2 { 4 } else { format.channels };
        Ok(Self {
            block: vec![Vec::with_capacity(info.maximum_block_size.into()); format.channels],
            info,
            bits,
            independent: Independent::try_from(format.channels).map_err(|()| Error::ExcessiveChannels)?,
            blocks: 0,
            md5: md5::Context::new(),
            pcm: Vec::new(),
            middle: Vec::new(),
            side: Vec::new(),
            predictor: Predictor::default(),
            subframes: (0..subframes).map(|_| Subframe::default()).collect(),
        })
    }

    /// STREAMINFO as it is before the first block.
    pub fn info(&self) -> &Streaminfo {
        &self.info
    }

    /// Frames of sound in the open block.
    pub fn held_frames(&self) -> usize {
        self.block[0].len()
    }

    /// How many more frames the open block takes.
    pub fn room(&self) -> usize {
        usize::from(self.info.maximum_block_size) - self.held_frames()
    }

    /// Puts the frames `range` of `planar`, which holds `frames` frames of −1 to 1, into the open block.
    pub fn fill(&mut self, planar: &[f32], frames: usize, range: Range<usize>) {
        for (channel, samples) in self.block.iter_mut().zip(planar.chunks_exact(frames)) {
            channel.extend(samples[range.clone()].iter().map(|&sample| quantise(sample, self.bits)));
        }
    }

    /// Appends the open block to `coded` and begins the next one. The block has to be full, or the stream's last and
    /// not empty.
    pub fn close_block(&mut self, coded: &mut Vec<u8>) -> Result<(), Error> {
        self.digest();
        let choice = match self.block.as_slice() {
            [_, _] => self.plan_stereo(),
            _ => self.plan_independent(),
        };
        let start = coded.len();
        let header = FrameHeader {
            blocking_strategy: false,
            block_size: u16::try_from(self.held_frames()).map_err(|_| Error::InvalidBlockSize)?.try_into()?,
            sample_rate: self.info.sample_rate.try_into()?,
            channel_assignment: choice.assignment,
            bits_per_sample: self.info.bits_per_sample.into(),
            frame_number: FrameNumber(self.blocks),
        };
        header.write(coded, &self.info)?;
        let mut writer = BitWriter::new(coded);
        for &subframe in choice.subframes {
            self.subframes[subframe].write(&mut writer);
        }
        writer.finish();
        let checksum = crc16(&coded[start..]);
        coded.extend_from_slice(&checksum.to_be_bytes());
        self.blocks += 1;
        self.block.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    /// The MD5 of all closed blocks (RFC 9639, 8.2).
    pub fn md5(self) -> [u8; 16] {
        self.md5.finalize().0
    }

    fn digest(&mut self) {
        self.pcm.clear();
        match self.bits {
            16 => interleave_bytes::<2>(&self.block, &mut self.pcm),
            _ => interleave_bytes::<3>(&self.block, &mut self.pcm),
        }
        self.md5.consume(&self.pcm);
    }

    fn plan_independent(&mut self) -> Choice {
        for (subframe, samples) in self.subframes.iter_mut().zip(&self.block) {
            subframe.plan(samples, self.bits.into(), &mut self.predictor);
        }
        let all = &[0, 1, 2, 3, 4, 5, 6, 7];
        Choice { assignment: ChannelAssignment::Independent(self.independent), subframes: &all[..self.block.len()] }
    }

    /// Plans left, right, their middle and their difference, and chooses the two that take the fewest bits.
    fn plan_stereo(&mut self) -> Choice {
        const LEFT: usize = 0;
        const RIGHT: usize = 1;
        const MIDDLE: usize = 2;
        const SIDE: usize = 3;
        let [left, right] = [0, 1].map(|channel: usize| self.block[channel].as_slice());
        self.middle.clear();
        self.middle.extend(left.iter().zip(right).map(|(left, right)| (left + right) >> 1));
        self.side.clear();
        self.side.extend(left.iter().zip(right).map(|(left, right)| left - right));

        let bits = u32::from(self.bits);
        let channels = [(left, bits), (right, bits), (&self.middle, bits), (&self.side, bits + 1)];
        let mut sizes = [0; 4];
        for ((size, subframe), (samples, bits)) in sizes.iter_mut().zip(&mut self.subframes).zip(channels) {
            *size = subframe.plan(samples, bits, &mut self.predictor);
        }
        let independent = (ChannelAssignment::Independent(self.independent), &[LEFT, RIGHT]);
        let mut best = (independent, sizes[LEFT] + sizes[RIGHT]);
        for other in [
            (ChannelAssignment::LeftSide, &[LEFT, SIDE]),
            (ChannelAssignment::SideRight, &[SIDE, RIGHT]),
            (ChannelAssignment::MidSide, &[MIDDLE, SIDE]),
        ] {
            let size = other.1.iter().map(|&index| sizes[index]).sum();
            if size < best.1 {
                best = (other, size);
            }
        }
        let ((assignment, subframes), _) = best;
        Choice { assignment, subframes }
    }
}

/// Appends the lowest `BYTES` bytes of each sample, channels in turn.
fn interleave_bytes<const BYTES: usize>(channels: &[Vec<i32>], pcm: &mut Vec<u8>) {
    for frame in 0..channels[0].len() {
        for samples in channels {
            pcm.extend_from_slice(&samples[frame].to_le_bytes()[..BYTES]);
        }
    }
}
