//! Mends a file whose end is missing.

use super::bits::crc16;
use crate::disk::encode::Kept;
use crate::disk::encode::appended::{leading_id3_bytes, start_of_appended_tags};
use flac_codec::metadata::{Block, BlockList, Streaminfo, write_blocks};
use flac_codec::stream::FrameHeader;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::num::NonZero;

/// Where STREAMINFO begins: behind the signature and its own head (RFC 9639, 8).
const STREAMINFO_AT: usize = 4 + 4;

/// More bytes than five blocks take at the very most: 4096 frames of eight channels of 24 bits.
const TAIL_BYTES: u64 = 1 << 19;

/// Cuts the file behind its last whole block and counts what is there. The MD5 goes where it is no longer right.
pub fn repair(mut file: &File) -> io::Result<Kept> {
    let flac_at = leading_id3_bytes(file)?;
    file.seek(SeekFrom::Start(flac_at))?;
    let mut info = BlockList::read(file)?.streaminfo().clone();
    // flac-codec reads samples of any number of bits, and panics when it writes that number.
    if info.bits_per_sample.checked_sub::<0b11111>(1).is_none() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let sound_at = file.stream_position()?;
    let (tags_at, end) = (start_of_appended_tags(file)?.max(sound_at), file.seek(SeekFrom::End(0))?);
    let mut tail_at = tags_at.saturating_sub(TAIL_BYTES).max(sound_at);
    let (whole_end, frames) = loop {
        file.seek(SeekFrom::Start(tail_at))?;
        let mut tail = Vec::new();
        file.take(TAIL_BYTES.min(tags_at - tail_at)).read_to_end(&mut tail)?;
        match last_whole_block(&tail, &info) {
            Some((bytes, frames)) => break (tail_at + bytes as u64, frames),
            None if tail_at == sound_at => break (sound_at, 0),
            // The end is no sound: a disk that lost its power may leave anything there.
            None => tail_at = tail_at.saturating_sub(TAIL_BYTES / 2).max(sound_at),
        }
    };
    let kept = Kept { frames, sample_rate: info.sample_rate.max(1) };
    if whole_end == tags_at && info.total_samples == NonZero::new(frames) {
        return Ok(kept);
    }
    // What others have put behind the sound is theirs.
    if tags_at == end {
        file.set_len(whole_end)?;
    }
    info.total_samples = NonZero::new(frames);
    info.md5 = None;
    let mut header = Vec::new();
    write_blocks(&mut header, [Block::from(info)])?;
    file.seek(SeekFrom::Start(flac_at + STREAMINFO_AT as u64))?;
    file.write_all(&header[STREAMINFO_AT..])?;
    Ok(kept)
}

/// Where in `tail` the last whole block ends, and how many frames the stream has up to there.
fn last_whole_block(tail: &[u8], info: &Streaminfo) -> Option<(usize, u64)> {
    let blocks: Vec<(usize, FrameHeader)> = (0..tail.len())
        .filter(|&at| tail[at..].starts_with(&[0xFF, 0xF8]))
        .filter_map(|at| Some((at, FrameHeader::read(&mut &tail[at..], info).ok()?)))
        .collect();
    let mut ends = vec![tail.len()];
    for (at, header) in blocks.iter().rev() {
        if let Some(&end) = ends.iter().find(|&&end| crc16(&tail[*at..end]) == 0) {
            let before = header.frame_number.0 * u64::from(info.maximum_block_size);
            return Some((end, before + u64::from(u16::from(header.block_size))));
        }
        ends.push(*at);
    }
    None
}
