//! Ogg pages (RFC 3533, 6).

use std::ops::Range;

/// Bytes of a page's head before the sizes of its segments.
const HEAD_BYTES: usize = 27;

/// A page has no more segments.
pub const MOST_SEGMENTS: usize = 255;

/// No page is longer: the head, 255 sizes, 255 segments.
pub const LONGEST: usize = HEAD_BYTES + MOST_SEGMENTS + MOST_SEGMENTS * 255;

/// How a page begins: its mark and the version.
pub const START: &[u8] = b"OggS\0";

const FLAGS_AT: usize = 5;
const CONTINUED: u8 = 1;
const BEGINNING_OF_STREAM: u8 = 2;
const END_OF_STREAM: u8 = 4;
const POSITION: Range<usize> = 6..14;
const CHECKSUM: Range<usize> = 22..26;

/// What the head of a page says beside what is on it.
pub struct Head {
    /// The first packet began on the page before.
    pub is_continued: bool,
    /// The stream's position after the last packet that ends on the page; nothing where none does.
    pub position: Option<u64>,
    /// The stream's number.
    pub serial: u32,
    /// The page's number, from 0.
    pub number: u32,
}

/// A page of the segments in `body`, at most [`MOST_SEGMENTS`], that are `sizes` bytes long.
pub fn assemble(head: &Head, sizes: &[u8], body: &[u8]) -> Vec<u8> {
    let first = if head.number == 0 { BEGINNING_OF_STREAM } else { 0 };
    let flags = if head.is_continued { CONTINUED } else { 0 } | first;
    let mut page = Vec::with_capacity(HEAD_BYTES + sizes.len() + body.len());
    page.extend_from_slice(START);
    page.push(flags);
    page.extend_from_slice(&head.position.unwrap_or(u64::MAX).to_le_bytes());
    page.extend_from_slice(&head.serial.to_le_bytes());
    page.extend_from_slice(&head.number.to_le_bytes());
    page.extend_from_slice(&[0; 4]);
    page.push(sizes.len() as u8);
    page.extend_from_slice(sizes);
    page.extend_from_slice(body);
    seal(&mut page);
    page
}

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
    page.iter().enumerate().fold(0, |crc: u32, (at, &byte)| {
        let byte = if CHECKSUM.contains(&at) { 0 } else { byte };
        (crc << 8) ^ CHECKSUMS[usize::from((crc >> 24) as u8 ^ byte)]
    })
}

/// The checksum of each byte alone.
const CHECKSUMS: [u32; 256] = {
    let mut checksums = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ if crc >> 31 == 0 { 0 } else { 0x04C1_1DB7 };
            bit += 1;
        }
        checksums[byte] = crc;
        byte += 1;
    }
    checksums
};
