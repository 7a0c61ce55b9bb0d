//! What an MP3 file says of itself.

use super::frames::{HEADER_BYTES, Mpeg};
use super::tag;
use crate::disk::encode::appended::leading_id3_bytes;
use crate::disk::encode::tags::id3::read_id3_tag;
use crate::disk::encode::told::Told;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// More than an MP3 frame takes.
const MAX_FRAME_BYTES: u64 = 4096;

/// By its first ID3 tag and the LAME tag behind all of them; without a LAME tag there is no length.
pub fn told(_head: &[u8], mut file: &File) -> Option<Told> {
    let start = leading_id3_bytes(file).ok()?;
    let mut sound = Vec::new();
    file.seek(SeekFrom::Start(start)).ok()?;
    file.take(MAX_FRAME_BYTES).read_to_end(&mut sound).ok()?;
    let header: [u8; HEADER_BYTES] = *sound.first_chunk()?;
    let (mpeg, sample_rate) = Mpeg::of_header(header).filter(|_| header[0] == 0xFF)?;
    let frame = sound.get(..mpeg.frame_bytes(&header, sample_rate)?)?;
    let frames = tag::counts(frame).map(|(count, _, left_out)| {
        let frames = u64::from(count) * mpeg.frame_length();
        frames.saturating_sub(left_out)
    });
    // The mode (ISO/IEC 11172-3, 2.4.2.3).
    let channels = if header[3] >> 6 == 0b11 { 1 } else { 2 };
    file.seek(SeekFrom::Start(0)).ok()?;
    let entries = read_id3_tag(&mut BufReader::new(file)).ok().flatten();
    Some(Told { sample_rate, channels, frames, ..entries.unwrap_or_default() })
}
