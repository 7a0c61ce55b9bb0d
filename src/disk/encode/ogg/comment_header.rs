//! The comment header (Vorbis I specification, 4.2.1 and 5.2; RFC 7845, 5.2), with room for comments that are known only
//! at the end of the take.
//!
//! The room are zeros behind the comments, which is where decoders end to read: taggers (mutagen) keep their padding there,
//! too. So the pages behind the header never move, and whatever happens to the process, the header says nothing that it
//! does not know.

use super::page;
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use crate::disk::encode::tags::vorbis_comments::{chapters, read_vorbis_comments, vorbis_comments};
use crate::disk::encode::told::Told;
use std::ops::Range;

/// Bytes of the room that are for markers.
const CHAPTER_ROOM_BYTES: usize = 16 << 10;

/// Bytes of the room: 1 KiB is for loudness.
pub const ROOM_BYTES: usize = CHAPTER_ROOM_BYTES + 1024;

/// What is in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    Vorbis,
    Opus,
}

impl Mapping {
    /// Bytes before the vendor's name: the packet's type and `vorbis`, or `OpusTags`.
    fn head_bytes(self) -> usize {
        match self {
            Mapping::Vorbis => 7,
            Mapping::Opus => 8,
        }
    }

    /// What ends the comments.
    fn end(self) -> &'static [u8] {
        match self {
            // The framing bit.
            Mapping::Vorbis => &[1],
            Mapping::Opus => &[],
        }
    }
}

/// `packet`, which has no comments, with room for those of `metadata` and others.
pub fn with_room(mut packet: Vec<u8>, metadata: &Metadata) -> Vec<u8> {
    let field_bytes = |(name, value): &(String, &str)| 4 + name.len() + "=".len() + value.len();
    let comments: usize = vorbis_comments(metadata).iter().map(field_bytes).sum();
    packet.resize(packet.len() + comments + ROOM_BYTES, 0);
    packet
}

/// The headers of a stream, and what its comments are to say.
pub struct CommentHeader {
    mapping: Mapping,
    pages: Vec<u8>,
    /// By which markers are counted, in Hz.
    sample_rate: u32,
    metadata: Metadata,
    markers: Vec<Marker>,
}

impl CommentHeader {
    /// `pages` are the first of the stream, with room in the second packet.
    pub fn new(mapping: Mapping, pages: Vec<u8>, sample_rate: u32, metadata: &Metadata) -> Self {
        let mut header = Self { mapping, pages, sample_rate, metadata: metadata.clone(), markers: Vec::new() };
        // After a kill nothing is better than what may have been wrong.
        put_comments(&mut header.pages, mapping, &vorbis_comments(&metadata.for_sure()));
        header
    }

    /// As the file begins.
    pub fn pages(&self) -> &[u8] {
        &self.pages
    }

    pub fn set_markers(&mut self, markers: &[Marker]) {
        self.markers = markers.to_vec();
    }

    pub fn set_song_position(&mut self, seconds: Option<f64>) {
        self.metadata = self.metadata.with_song_position(seconds);
    }

    pub fn set_loudness(&mut self, loudness: &Loudness) {
        self.metadata = match self.mapping {
            Mapping::Vorbis => self.metadata.with_replay_gain(loudness),
            Mapping::Opus => self.metadata.with_r128_gain(loudness),
        };
    }

    /// The pages as a complete file has them, of the same lengths; nothing where there is no room for the comments.
    pub fn into_final_pages(mut self) -> Option<Vec<u8>> {
        let chapters = chapters(&self.markers, self.sample_rate, CHAPTER_ROOM_BYTES);
        let mut comments = vorbis_comments(&self.metadata);
        comments.extend(chapters.iter().map(|(name, value)| (name.clone(), value.as_str())));
        put_comments(&mut self.pages, self.mapping, &comments).then_some(self.pages)
    }
}

/// Makes `comments` all that there are in `pages`, the first of a stream, which keep their lengths; what is left of the
/// room becomes zeros. Leaves the pages as they are and says false where there is no room for the comments.
fn put_comments(pages: &mut [u8], mapping: Mapping, comments: &[(String, &str)]) -> bool {
    let places = packet(pages, 1);
    let old: Vec<u8> = places.iter().flat_map(|place| &pages[place.clone()]).copied().collect();
    let Some(vendor) = prefixed(old.get(mapping.head_bytes()..).unwrap_or_default()) else { return false };
    let mut new = old[..mapping.head_bytes() + vendor].to_vec();
    new.extend((comments.len() as u32).to_le_bytes());
    for (name, value) in comments {
        new.extend(((name.len() + 1 + value.len()) as u32).to_le_bytes());
        new.extend([name.as_bytes(), b"=", value.as_bytes()].concat());
    }
    new.extend(mapping.end());
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

/// The packet `number` of the stream that begins with `pages`, as far as it is there.
pub fn packet_bytes(pages: &[u8], number: usize) -> Option<Vec<u8>> {
    let places = packet(pages, number);
    let bytes = places.into_iter().flat_map(|place| &pages[place]).copied().collect::<Vec<u8>>();
    (!bytes.is_empty()).then_some(bytes)
}

/// `told` with what the comments say of the file; nothing where not all of them are in `pages`, the first of its stream.
pub fn with_comments(told: Told, pages: &[u8], mapping: Mapping) -> Option<Told> {
    let packet = packet_bytes(pages, 1)?;
    Some(told.with_entries(&read_vorbis_comments(packet.get(mapping.head_bytes()..)?)?))
}

/// Bytes of the text at the start of `bytes`, with the 32 bits before it that say how long it is.
fn prefixed(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(bytes.first_chunk().copied()?) as usize;
    length.checked_add(4).filter(|&length| length <= bytes.len())
}
