//! Ogg pages (RFC 3533, 6).

use std::ops::Range;

/// Bytes of a page's head before the sizes of its segments.
const HEAD_BYTES: usize = 27;

/// No page is longer: the head, 255 sizes, 255 segments.
pub const LONGEST: usize = HEAD_BYTES + 255 + 255 * 255;

/// How a page begins: its mark and the version.
pub const START: &[u8] = b"OggS\0";

const FLAGS_AT: usize = 5;
const END_OF_STREAM: u8 = 4;
const POSITION: Range<usize> = 6..14;
const CHECKSUM: Range<usize> = 22..26;

/// The length of the page at the start of `bytes`, where that much is there.
pub fn length(bytes: &[u8]) -> Option<usize> {
    let segments = usize::from(*bytes.get(HEAD_BYTES - 1)?);
    let sizes = bytes.get(HEAD_BYTES..HEAD_BYTES + segments)?;
    let length = HEAD_BYTES + segments + sizes.iter().map(|&size| usize::from(size)).sum::<usize>();
    (length <= bytes.len()).then_some(length)
}

/// Where each of `pages` lies, one whole page after the other.
pub fn ranges(pages: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while let Some(length) = length(&pages[start..]) {
        ranges.push(start..start + length);
        start += length;
    }
    ranges
}

/// Where in `pages`, one whole page after the other, the last one begins.
pub fn start_of_last(pages: &[u8]) -> usize {
    ranges(pages).last().map_or(0, |last| last.start)
}

/// What of a packet lies on one page.
pub struct Piece {
    /// Where on the page.
    pub bytes: Range<usize>,
    /// The packet ends here.
    pub is_end: bool,
}

/// The packets on a whole page, in order. A segment of 255 bytes goes on in the next one.
pub fn packets(page: &[u8]) -> Vec<Piece> {
    let segments = usize::from(page[HEAD_BYTES - 1]);
    let mut start = HEAD_BYTES + segments;
    let sizes = &page[HEAD_BYTES..start];
    let pieces = sizes.chunk_by(|&size, _| size == 255).map(|sizes| {
        let bytes = start..start + sizes.iter().map(|&size| usize::from(size)).sum::<usize>();
        start = bytes.end;
        Piece { bytes, is_end: sizes.last().is_some_and(|&size| size < 255) }
    });
    pieces.collect()
}

/// The page at the start of `bytes` where one is there, whole and sound.
pub fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let page = bytes.get(..length(bytes)?).filter(|page| page.starts_with(START))?;
    (page[CHECKSUM] == checksum(page).to_le_bytes()).then_some(page)
}

/// The frames of the stream up to the end of this page; nothing where no packet ends on it.
pub fn frames(page: &[u8]) -> Option<u64> {
    let position = page.get(POSITION)?.try_into().map(i64::from_le_bytes).ok()?;
    u64::try_from(position).ok()
}

/// The same page as the last of its stream.
pub fn ending_stream(page: &[u8]) -> Vec<u8> {
    let mut page = page.to_vec();
    page[FLAGS_AT] |= END_OF_STREAM;
    seal(&mut page);
    page
}

/// Makes the checksum of a whole page right.
pub fn seal(page: &mut [u8]) {
    let checksum = checksum(page);
    page[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
}

/// The checksum of a page, taken as if it were 0 in the page.
fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |crc, (at, &byte)| {
        let byte = if CHECKSUM.contains(&at) { 0 } else { byte };
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| (crc << 1) ^ if crc >> 31 == 0 { 0 } else { 0x04C1_1DB7 })
    })
}
