//! The LAME tag: the first frame of the file, silent to decoders, which says how long the sound is.
//!
//! Layout: the Xing header (frames, bytes, table of contents, quality) and LAME's extension behind it, as LAME 3.100
//! writes them in VbrTag.c (`lame_get_lametag_frame`, `PutLameVBR`) and the "MP3 info tag rev 1" specification says.

use super::frames::{Mpeg, Tally};

/// Offsets from the word "Xing" or "Info", which follows the header and the side information.
const FRAMES: usize = 8;
const BYTES: usize = 12;
const PADDING: usize = 142;
const MUSIC_BYTES: usize = 148;
const MUSIC_CRC: usize = 152;
const TAG_CRC: usize = 154;

/// Samples that every decoder is late by (528 of the filter bank and 1). Players cut them off at the start and take
/// them off the padding, so that a padding of as many says: nothing but the decoder's delay is missing at the end.
const DECODER_DELAY: u16 = 529;

/// CRC-16 as LAME uses it (polynomial 0x8005, reflected, from 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Crc16(pub(super) u16);

impl Crc16 {
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = index as u16;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 >> 8 ^ Self::TABLE[usize::from(self.0 as u8 ^ byte)];
        }
    }
}

/// Makes a `tag` that LAME gave in the middle of a take say what the file holds at this moment: LAME counts frames
/// that it still holds back, and knows no padding yet. An empty tag stays empty.
pub(super) fn count_what_is_there(tag: &mut [u8], tally: Tally) {
    let Some(start) = header_offset(tag) else { return };
    let bytes = (tally.bytes as u32).to_be_bytes();
    let mut put = |offset: usize, field: &[u8]| tag[start + offset..][..field.len()].copy_from_slice(field);
    put(FRAMES, &tally.frames.to_be_bytes());
    put(BYTES, &bytes);
    put(MUSIC_BYTES, &bytes);
    put(MUSIC_CRC, &tally.crc.0.to_be_bytes());
    // 12 bits of delay stand before the 12 of padding; the byte in the middle holds some of both.
    let [high, low] = DECODER_DELAY.to_be_bytes();
    let delay_bits = tag[start + PADDING] & 0xF0;
    tag[start + PADDING..][..2].copy_from_slice(&[delay_bits | high, low]);
    let mut crc = Crc16::default();
    crc.update(&tag[..start + TAG_CRC]);
    tag[start + TAG_CRC..][..2].copy_from_slice(&crc.0.to_be_bytes());
}

/// What a tag counts: MP3 frames without itself, bytes with it, and how many frames of sound are to be left out at both
/// ends. Nothing where `frame` is no tag.
pub(super) fn counts(frame: &[u8]) -> Option<(u32, u64, u64)> {
    let tag = &frame[header_offset(frame)?..];
    if !(tag.starts_with(b"Xing") || tag.starts_with(b"Info")) {
        return None;
    }
    let number = |offset: usize| tag[offset..][..4].iter().fold(0, |number, &byte| number << 8 | u32::from(byte));
    // 12 bits each, in three bytes.
    let gaps = number(PADDING - 1) >> 8;
    Some((number(FRAMES), number(BYTES).into(), u64::from((gaps >> 12) + (gaps & 0xFFF))))
}

/// Where "Xing" or "Info" stands.
fn header_offset(tag: &[u8]) -> Option<usize> {
    let mpeg = match tag.get(1)? >> 3 & 3 {
        0b11 => Mpeg::One,
        0b10 => Mpeg::Two,
        _ => Mpeg::TwoAndHalf,
    };
    let is_mono = tag.get(3)? >> 6 == 0b11;
    let offset = 4 + mpeg.side_info_bytes(is_mono);
    (tag.len() >= offset + TAG_CRC + 2).then_some(offset)
}
