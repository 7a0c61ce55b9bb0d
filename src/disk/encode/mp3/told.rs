//! What an MP3 file says of itself.

use super::frames::{HEADER_BYTES, Mpeg};
use super::tag;
use crate::disk::encode::appended::id3_bytes;
use crate::disk::encode::tags::id3::read_id3_tag;
use crate::disk::encode::told::Told;
use std::fs::File;

/// By its ID3 tag and the LAME tag behind it; without a LAME tag there is no length.
pub fn told(head: &[u8], _file: &File) -> Option<Told> {
    let start = usize::try_from(id3_bytes(head)).ok()?;
    let sound = head.get(start..)?;
    let header: [u8; HEADER_BYTES] = *sound.first_chunk()?;
    let (mpeg, sample_rate) = Mpeg::of_header(header).filter(|_| header[0] == 0xFF)?;
    let frame = sound.get(..mpeg.frame_bytes(&header, sample_rate)?)?;
    let frames = tag::counts(frame).map(|(count, _, left_out)| {
        let frames = u64::from(count) * mpeg.frame_length();
        frames.saturating_sub(left_out)
    });
    // The mode (ISO/IEC 11172-3, 2.4.2.3).
    let channels = if header[3] >> 6 == 0b11 { 1 } else { 2 };
    Some(Told { sample_rate, channels, frames, ..read_id3_tag(&head[..start]).unwrap_or_default() })
}
