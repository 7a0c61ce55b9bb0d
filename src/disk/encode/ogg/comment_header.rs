//! The comment header (Vorbis I specification, 4.2.1 and 5.2), with room for comments that are known only at the end of
//! the take.
//!
//! The room are zeros behind the packet's framing bit, which is where decoders end to read: taggers (mutagen) keep
//! their padding there, too. So the pages behind the header never move, and whatever happens to the process, the header
//! says nothing that it does not know.

use super::page;
use std::ops::Range;

/// A comment that makes room in the packet, and is never in a file: [`put_comments`] leaves it out.
pub const PLACEHOLDER: (&str, &str) = ("ROOM", PLACEHOLDER_TEXT);

/// Bytes of the room that are for markers.
pub const CHAPTER_ROOM_BYTES: usize = 16 << 10;

/// Room of 1 KiB besides.
const PLACEHOLDER_TEXT: &str = match std::str::from_utf8(&[b' '; CHAPTER_ROOM_BYTES + 1024]) {
    Ok(text) => text,
    Err(_) => "",
};

/// The packet's type and `vorbis`.
const PACKET_HEAD_BYTES: usize = 7;

/// Makes `comments` all that there are in `pages`, the first of a stream, which keep their lengths; what is left of the
/// room becomes zeros. Leaves the pages as they are and says false where there is no room for the comments.
pub fn put_comments(pages: &mut [u8], comments: &[(String, &str)]) -> bool {
    let places = packet(pages, 1);
    let old: Vec<u8> = places.iter().flat_map(|place| &pages[place.clone()]).copied().collect();
    let Some(vendor) = prefixed(&old[PACKET_HEAD_BYTES.min(old.len())..]) else { return false };
    let mut new = old[..PACKET_HEAD_BYTES + vendor].to_vec();
    new.extend((comments.len() as u32).to_le_bytes());
    for (name, value) in comments {
        new.extend(((name.len() + 1 + value.len()) as u32).to_le_bytes());
        new.extend([name.as_bytes(), b"=", value.as_bytes()].concat());
    }
    // The framing bit.
    new.push(1);
    if new.len() > old.len() {
        return false;
    }
    new.resize(old.len(), 0);
    let mut rest = new.as_slice();
    for place in places {
        let (here, behind) = rest.split_at(place.len());
        pages[place].copy_from_slice(here);
        rest = behind;
    }
    for range in page::ranges(pages) {
        page::seal(&mut pages[range]);
    }
    true
}

/// Where the packet `number` of a stream lies in its first pages, one piece in each.
fn packet(pages: &[u8], number: usize) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut packets_before = 0;
    for range in page::ranges(pages) {
        for segments in page::packets(&pages[range.clone()]) {
            if packets_before == number {
                places.push(range.start + segments.bytes.start..range.start + segments.bytes.end);
            }
            packets_before += usize::from(segments.is_end);
        }
    }
    places
}

/// Bytes of the text at the start of `bytes`, with the 32 bits before it that say how long it is.
fn prefixed(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(bytes.first_chunk().copied()?) as usize;
    length.checked_add(4).filter(|&length| length <= bytes.len())
}
