//! Mends a file whose end is missing.

use super::RATE;
use super::headers::HEAD_MAGIC;
use crate::disk::encode::Kept;
use crate::disk::encode::ogg::recovery::Tail;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Where the first packet begins: behind the first page's head.
const HEAD_AT: u64 = 28;

/// Cuts the file behind its last whole page and makes that the stream's last.
pub fn repair(file: &File) -> io::Result<Kept> {
    let tail = Tail::read(file)?;
    let pre_skip = read_pre_skip(file)?;
    tail.end_stream(file)?;
    Ok(Kept { frames: tail.position.saturating_sub(pre_skip), sample_rate: RATE })
}

/// Frames at the beginning that do not play: behind the version and the number of channels (RFC 7845, 5.1).
fn read_pre_skip(mut file: &File) -> io::Result<u64> {
    let mut head = [0; 12];
    file.seek(SeekFrom::Start(HEAD_AT))?;
    file.read_exact(&mut head)?;
    match head {
        [magic @ .., _, _, low, high] if magic == *HEAD_MAGIC => Ok(u16::from_le_bytes([low, high]).into()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
