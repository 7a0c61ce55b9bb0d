//! What a FLAC file says of itself.

use crate::disk::encode::tags::vorbis_comments::read_vorbis_comments;
use crate::disk::encode::told::Told;
use std::fs::File;

/// By its metadata blocks STREAMINFO, the first one, and VORBIS_COMMENT (RFC 9639, 8). (flac-codec's own reader would read
/// the pictures that others put in front.)
pub fn told(head: &[u8], _file: &File) -> Option<Told> {
    let mut rest = head.strip_prefix(b"fLaC")?;
    let mut told = None;
    loop {
        let ([kind, size @ ..], behind) = rest.split_first_chunk::<4>()?;
        let size = size.iter().fold(0, |size, &byte| size << 8 | usize::from(byte));
        let (fields, behind) = behind.split_at_checked(size)?;
        match kind & 0x7F {
            0 => told = Some(stream_info(fields)?),
            4 => return Some(told?.with_entries(&read_vorbis_comments(fields)?)),
            _ if kind & 0x80 != 0 => return told,
            _ => {}
        }
        rest = behind;
    }
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
