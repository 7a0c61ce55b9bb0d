//! What a FLAC file says of itself.

use crate::disk::encode::appended::leading_id3_bytes;
use crate::disk::encode::tags::vorbis_comments::read_vorbis_comments;
use crate::disk::encode::told::Told;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// More metadata blocks of a file are not looked at.
const MAX_BLOCKS: usize = 256;

/// By its metadata blocks STREAMINFO, the first one, and VORBIS_COMMENT (RFC 9639, 8), also behind pictures, which are
/// passed over by their sizes, and behind the ID3 tag that some taggers put in front.
pub fn told(_head: &[u8], file: &File) -> Option<Told> {
    let mut at = leading_id3_bytes(file).ok()?;
    let read = |at: u64, count: usize| {
        let (mut file, mut bytes) = (file, Vec::new());
        file.seek(SeekFrom::Start(at)).ok()?;
        file.take(count as u64).read_to_end(&mut bytes).ok()?;
        (bytes.len() == count).then_some(bytes)
    };
    if read(at, 4)? != b"fLaC" {
        return None;
    }
    at += 4;
    let mut told = None;
    for _ in 0..MAX_BLOCKS {
        let head = read(at, 4)?;
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        at += 4;
        match head[0] & 0x7F {
            0 => told = Some(stream_info(&read(at, size)?)?),
            4 => return Some(told?.with_entries(&read_vorbis_comments(&read(at, size)?)?)),
            _ if head[0] & 0x80 != 0 => return told,
            _ => {}
        }
        at += size as u64;
    }
    told
}

/// 8.2: 20 bits of rate, 3 of channels, 5 of bits for each sample and 36 of frames stand behind ten bytes of sizes.
fn stream_info(fields: &[u8]) -> Option<Told> {
    let bits = u64::from_be_bytes(*fields.get(10..)?.first_chunk()?);
    let frames = bits & ((1 << 36) - 1);
    Some(Told {
        sample_rate: ((bits >> 44) as u32).max(1),
        channels: (bits >> 41 & 0b111) as usize + 1,
        // 0 says that nobody knows.
        frames: (frames > 0).then_some(frames),
        ..Told::default()
    })
}
