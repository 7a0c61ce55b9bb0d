//! Tags that programs put around a file, whatever its type: ID3v2 before it, ID3v1, Lyrics3, APE and ID3v2 behind it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The tags of a file are searched for one behind the other, so often at most.
const MAX_TAGS: usize = 8;

/// Bytes of a tag ID3v1, and of one with more room before it ("ID3v1 Enhanced").
const ID3V1_BYTES: u64 = 128;
const ENHANCED_BYTES: u64 = 227;

/// Bytes of the head or foot of an APE tag (APEv2 specification, "APE Tags Header").
const APE_FOOT_BYTES: u64 = 32;

/// Bytes behind the size in a Lyrics3 tag v2 ("Lyrics3 Tag v2.00").
const LYRICS_END: &[u8] = b"LYRICS200";
const LYRICS_SIZE_BYTES: u64 = 6;

/// Bytes of the head or foot of an ID3v2 tag (ID3v2.4.0 main structure, 3.1 and 3.4).
const ID3V2_HEAD_BYTES: u64 = 10;

/// Where the tags at the end of `file` begin; its length where there are none.
pub fn start_of_appended_tags(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    for _ in 0..MAX_TAGS {
        let Some(bytes) = last_tag_bytes(file, end)?.filter(|&bytes| bytes > 0 && bytes <= end) else { break };
        end -= bytes;
    }
    Ok(end)
}

/// The length of the tag that ends at `end`.
fn last_tag_bytes(file: &File, end: u64) -> io::Result<Option<u64>> {
    if bytes_before(file, end, ID3V1_BYTES)?.starts_with(b"TAG") {
        let enhanced = bytes_before(file, end - ID3V1_BYTES, ENHANCED_BYTES)?.starts_with(b"TAG+");
        return Ok(Some(ID3V1_BYTES + if enhanced { ENHANCED_BYTES } else { 0 }));
    }
    let foot = bytes_before(file, end, APE_FOOT_BYTES)?;
    if let Some(&[_, _, _, _, s0, s1, s2, s3, _, _, _, _, _, _, _, flags, ..]) = foot.strip_prefix(b"APETAGEX") {
        // The size counts the foot and not the head, of which the highest flag tells.
        let head = if flags & 0x80 == 0 { 0 } else { APE_FOOT_BYTES };
        return Ok(Some(u64::from(u32::from_le_bytes([s0, s1, s2, s3])) + head));
    }
    let foot = bytes_before(file, end, LYRICS_SIZE_BYTES + LYRICS_END.len() as u64)?;
    if let Some(size) = foot.strip_suffix(LYRICS_END) {
        let size = std::str::from_utf8(size).ok().and_then(|size| size.parse::<u64>().ok());
        return Ok(size.map(|size| size + LYRICS_SIZE_BYTES + LYRICS_END.len() as u64));
    }
    let foot = bytes_before(file, end, ID3V2_HEAD_BYTES)?;
    Ok(foot.strip_prefix(b"3DI").map(|fields| id3v2_size(&fields[3..]) + 2 * ID3V2_HEAD_BYTES))
}

/// Bytes of the ID3v2 tag that begins with `head`, 0 where none does.
pub fn id3_bytes(head: &[u8]) -> u64 {
    match head.strip_prefix(b"ID3") {
        Some(&[version, _, flags, ref size @ ..]) if size.len() >= 4 => {
            // The foot, which only version 4 has.
            let foot = if version >= 4 && flags & 0x10 != 0 { ID3V2_HEAD_BYTES } else { 0 };
            ID3V2_HEAD_BYTES + id3v2_size(size) + foot
        }
        _ => 0,
    }
}

/// Bytes of the ID3 tags at the start of the file.
pub fn leading_id3_bytes(mut file: &File) -> io::Result<u64> {
    let mut start = 0;
    loop {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(ID3V2_HEAD_BYTES).read_to_end(&mut head)?;
        match id3_bytes(&head) {
            0 => return Ok(start),
            bytes => start += bytes,
        }
    }
}

/// Seven bits of each of the first four bytes.
fn id3v2_size(bytes: &[u8]) -> u64 {
    bytes.iter().take(4).fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F))
}

/// The `count` bytes before `end`; none where there are fewer.
fn bytes_before(mut file: &File, end: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(start) = end.checked_sub(count) {
        file.seek(SeekFrom::Start(start))?;
        file.take(count).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
