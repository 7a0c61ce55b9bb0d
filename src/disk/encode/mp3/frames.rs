//! The MP3 frames of a file: where each ends, how many there are.

use super::tag::Crc16;
use crate::disk::encode::growing_file::GrowingFile;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Bytes of a frame's header (ISO/IEC 11172-3, 2.4.1.3).
pub(super) const HEADER_BYTES: usize = 4;

/// The versions of MPEG audio, by the sample rates that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mpeg {
    /// 32 to 48 kHz.
    One,
    /// 16 to 24 kHz.
    Two,
    /// 8 to 12 kHz.
    TwoAndHalf,
}

impl Mpeg {
    /// The version that has `rate` Hz.
    pub(super) fn at_rate(rate: u32) -> Self {
        match rate {
            32_000.. => Mpeg::One,
            16_000..32_000 => Mpeg::Two,
            0..16_000 => Mpeg::TwoAndHalf,
        }
    }

    /// The version and the rate in Hz that a frame's header tells (ISO/IEC 11172-3, 2.4.2.3, and 13818-3).
    pub(super) fn of_header(header: [u8; HEADER_BYTES]) -> Option<(Self, u32)> {
        let (mpeg, divisor) = match header[1] >> 3 & 3 {
            0b11 => (Mpeg::One, 1),
            0b10 => (Mpeg::Two, 2),
            0b00 => (Mpeg::TwoAndHalf, 4),
            _ => return None,
        };
        let rate = [44_100, 48_000, 32_000].get(usize::from(header[2] >> 2 & 3))?;
        Some((mpeg, rate / divisor))
    }

    /// Frames of sound in one MP3 frame.
    pub(super) const fn frame_length(self) -> u64 {
        match self {
            Mpeg::One => 1152,
            Mpeg::Two | Mpeg::TwoAndHalf => 576,
        }
    }

    /// Bytes of side information behind the header of a frame (ISO/IEC 11172-3 and 13818-3, 2.4.1.7).
    pub(super) const fn side_info_bytes(self, mono: bool) -> usize {
        match (self, mono) {
            (Mpeg::One, true) => 17,
            (Mpeg::One, false) => 32,
            (Mpeg::Two | Mpeg::TwoAndHalf, true) => 9,
            (Mpeg::Two | Mpeg::TwoAndHalf, false) => 17,
        }
    }

    /// kb/s of layer III for the header's index, in which 0 is free and 15 forbidden (ISO/IEC 11172-3, 2.4.2.3;
    /// 13818-3, 2.4.2.3).
    const fn bit_rates(self) -> [u32; 15] {
        match self {
            Mpeg::One => [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
            Mpeg::Two | Mpeg::TwoAndHalf => [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        }
    }

    /// Bytes of the largest frame at `rate` Hz.
    pub(super) fn largest_frame_bytes(self, rate: u32) -> u64 {
        self.unpadded_bytes(self.bit_rates()[14], rate) as u64 + 1
    }

    fn unpadded_bytes(self, kilobits: u32, rate: u32) -> usize {
        (self.frame_length() as u32 / 8 * 1000 * kilobits / rate) as usize
    }

    /// Bytes of the frame at `rate` Hz that begins with `header`; nothing where none begins.
    pub(super) fn frame_bytes(self, header: &[u8], rate: u32) -> Option<usize> {
        let &[0xFF, second, third, _] = header else { return None };
        let kilobits = self.bit_rates().get(usize::from(third >> 4)).copied().filter(|&kilobits| kilobits > 0)?;
        let is_padded = third & 2 != 0;
        (second & 0xE0 == 0xE0).then(|| self.unpadded_bytes(kilobits, rate) + usize::from(is_padded))
    }
}

/// What a file holds, as its tag counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// MP3 frames without the first, which is the tag.
    pub(super) frames: u32,
    /// Bytes with the tag.
    pub(super) bytes: u64,
    /// Of all frames without the tag.
    pub(super) crc: Crc16,
}

/// A file that only takes whole MP3 frames, so that it can be cut at any moment.
pub(super) struct FrameFile {
    file: GrowingFile,
    /// Bytes of the ID3 tag that stands before the first frame.
    start: u64,
    mpeg: Mpeg,
    rate: u32,
    /// The beginning of a frame whose end has not come yet.
    pending: Vec<u8>,
    tally: Tally,
}

impl FrameFile {
    /// Begins an empty file with an ID3 tag, which may be empty; `rate` is in Hz.
    pub(super) fn begin(file: Arc<File>, id3_tag: &[u8], mpeg: Mpeg, rate: u32) -> io::Result<Self> {
        let mut file = GrowingFile::new(file);
        file.append(id3_tag)?;
        let start = id3_tag.len() as u64;
        Ok(Self { file, start, mpeg, rate, pending: Vec::new(), tally: Tally::default() })
    }

    /// Takes the next bytes of the stream.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let mut end = 0;
        while let Some(header) = self.pending.get(end..end + HEADER_BYTES) {
            let length = self.mpeg.frame_bytes(header, self.rate).ok_or_else(no_frame)?;
            let Some(frame) = self.pending.get(end..end + length) else { break };
            if self.tally.bytes > 0 {
                self.tally.frames += 1;
                self.tally.crc.update(frame);
            }
            self.tally.bytes += length as u64;
            end += length;
        }
        self.file.append(&self.pending[..end])?;
        self.pending.drain(..end);
        Ok(())
    }

    /// Hands all whole frames to the operating system, then writes `tag` over the first frame; where that one is not
    /// there yet, no tag.
    pub(super) fn write_tag(&mut self, tag: &[u8]) -> io::Result<()> {
        self.file.flush()?;
        if self.tally.bytes >= tag.len() as u64 { self.file.overwrite(self.start, tag) } else { Ok(()) }
    }

    /// Hands all whole frames to the operating system and replaces the ID3 tag by one of the same length.
    pub(super) fn write_id3_tag(&mut self, id3_tag: &[u8]) -> io::Result<()> {
        debug_assert_eq!(id3_tag.len() as u64, self.start);
        self.file.flush()?;
        self.file.overwrite(0, id3_tag)
    }

    /// What the whole frames so far come to.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Bytes so far, with the frame that is not whole yet.
    pub(super) fn bytes(&self) -> u64 {
        self.start + self.tally.bytes + self.pending.len() as u64
    }
}

fn no_frame() -> io::Error {
    io::Error::other("the MP3 encoder handed on something that is no MP3 frame")
}
