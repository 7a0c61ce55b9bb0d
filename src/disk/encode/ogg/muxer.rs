//! Packets into Ogg pages (RFC 3533, 5 and 6).

use super::page::{self, Head, MOST_SEGMENTS};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The longest packet of which `packets` fit on one page, in bytes: each takes a segment for every 255 bytes, and one that
/// is shorter.
pub const fn longest_packet(packets: usize) -> usize {
    MOST_SEGMENTS / packets * 255 - 1
}

/// Makes the pages of one stream, in their order.
pub struct Muxer {
    serial: u32,
    /// Pages so far.
    pages: u32,
}

impl Muxer {
    /// A stream with a number that no other is likely to have.
    pub fn new() -> Self {
        Self { serial: RandomState::new().build_hasher().finish() as u32, pages: 0 }
    }

    /// The pages that hold `packets` and nothing else, one wherever they fit on it. After them the stream is at `position`,
    /// in frames.
    pub fn pages(&mut self, packets: &[Vec<u8>], position: u64) -> Vec<u8> {
        let sizes: Vec<u8> = packets.iter().flat_map(|packet| segment_sizes(packet.len())).collect();
        let body = packets.concat();
        let (mut rest, mut is_continued, mut pages) = (&body[..], false, Vec::new());
        for sizes in sizes.chunks(MOST_SEGMENTS) {
            let (segments, after) = rest.split_at(sizes.iter().map(|&size| usize::from(size)).sum());
            let position = sizes.iter().any(|&size| size < 255).then_some(position);
            let head = Head { is_continued, position, serial: self.serial, number: self.pages };
            pages.extend(page::assemble(&head, sizes, segments));
            self.pages += 1;
            rest = after;
            is_continued = sizes.last() == Some(&255);
        }
        pages
    }

    /// The same as [`pages`](Self::pages), the last of which ends the stream.
    pub fn last_pages(&mut self, packets: &[Vec<u8>], position: u64) -> Vec<u8> {
        let mut pages = self.pages(packets, position);
        let last = pages.split_off(page::start_of_last(&pages));
        pages.extend(page::ending_stream(&last));
        pages
    }
}

/// Segments that a packet takes.
pub fn segments(packet_bytes: usize) -> usize {
    packet_bytes / 255 + 1
}

/// The sizes of a packet's segments: all full but the last, which may be empty.
fn segment_sizes(packet: usize) -> impl Iterator<Item = u8> {
    std::iter::repeat_n(255, packet / 255).chain([(packet % 255) as u8])
}
