//! ID3v2.4, for MP3 and AIFF. Markers are chapters ("ID3v2 Chapter Frame Addendum" 1.0), which have no finer time than
//! milliseconds.

use crate::core::markers::{Marker, first_that_fit};
use crate::core::metadata::{Key, Metadata};
use crate::disk::encode::told::Told;
use ::id3::frame::{Chapter, Comment, ExtendedText, TableOfContents};
use ::id3::{Encoder, Frame, Tag, TagLike, Version};
use std::io;

/// What the frame COMM has for a language that is not known (ID3v2.4.0 main structure, 4.10 of the native frames).
const NO_LANGUAGE: &str = "XXX";

/// Bytes that an MP3 file keeps for what is not known at the beginning: chapters and loudness.
const ROOM_BYTES: usize = 16 << 10;

/// Entries that a table of contents counts with its one byte (3.2, "Entry count").
const MOST_CHAPTERS: usize = 255;

/// Bytes of a frame's head (ID3v2.4.0 main structure, 4).
const FRAME_HEAD_BYTES: usize = 10;

/// The name of the table of contents.
const TABLE: &str = "toc";

/// A chapter has no place in the bytes of the file (3.1, "Start offset").
const NO_OFFSET: u32 = u32::MAX;

/// How long the sound is whose chapters are told.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    pub sample_rate: u32,
    pub frames: u64,
}

impl Stretch {
    /// Up to 49 days.
    fn milliseconds(&self, frame: u64) -> u32 {
        let rate = u64::from(self.sample_rate);
        u32::try_from((frame.saturating_mul(1000) + rate / 2) / rate).unwrap_or(u32::MAX)
    }
}

/// The tag with room for more frames behind it; nothing where there are no entries.
///
/// # Errors
/// The library's own.
pub fn id3_tag_with_room(metadata: &Metadata) -> io::Result<Vec<u8>> {
    encode(&tag_of(metadata), |bytes| bytes + ROOM_BYTES)
}

/// The tag with as many chapters as have room in `bytes` bytes, which it takes.
///
/// # Errors
/// The library's own.
pub fn id3_tag_with_chapters(
    metadata: &Metadata,
    markers: &[Marker],
    stretch: Stretch,
    bytes: usize,
) -> io::Result<Vec<u8>> {
    let mut tag = tag_of(metadata);
    // A table of contents needs one more frame.
    let taken = encode(&tag, |bytes| bytes)?.len() + FRAME_HEAD_BYTES + TABLE.len() + 3;
    let room = bytes.checked_sub(taken).ok_or(io::ErrorKind::StorageFull)?;
    let told = first_that_fit(markers, room, |marker| chapter_bytes(&marker.kind.to_string()));
    let told = &told[..told.len().min(MOST_CHAPTERS)];
    let ends = told.iter().skip(1).map(|next| next.frame).chain([stretch.frames]);
    for (number, (marker, end)) in (1..).zip(told.iter().zip(ends)) {
        let start_time = stretch.milliseconds(marker.frame);
        tag.add_frame(Chapter {
            element_id: chapter_id(number),
            start_time,
            end_time: stretch.milliseconds(end).max(start_time),
            start_offset: NO_OFFSET,
            end_offset: NO_OFFSET,
            frames: vec![Frame::text("TIT2", marker.kind.to_string())],
        });
    }
    if !told.is_empty() {
        tag.add_frame(TableOfContents {
            element_id: TABLE.to_owned(),
            top_level: true,
            ordered: true,
            elements: (1..=told.len()).map(chapter_id).collect(),
            frames: Vec::new(),
        });
    }
    encode(&tag, |_| bytes)
}

fn chapter_id(number: usize) -> String {
    format!("c{number}")
}

/// At most: its head, its id, two times, two offsets and a title, and its id once more in the table of contents.
fn chapter_bytes(text: &str) -> usize {
    let id_bytes = chapter_id(MOST_CHAPTERS).len() + 1;
    FRAME_HEAD_BYTES + id_bytes + 4 * 4 + FRAME_HEAD_BYTES + 1 + text.len() + id_bytes
}

/// The tag, in UTF-8; nothing where there are no entries, for a tag has at least one frame. It is as long with one song
/// position as with another where that may still be told.
///
/// # Errors
/// The library's own.
pub fn id3_tag(metadata: &Metadata) -> io::Result<Vec<u8>> {
    let longest = match metadata.with_longest_song_position() {
        Some(longest) => encode(&tag_of(&longest), |bytes| bytes)?.len(),
        None => 0,
    };
    encode(&tag_of(metadata), |bytes| bytes.max(longest))
}

/// What the entries of a tag tell of its file; nothing where it is none of ours. (The library's reader of all tags there are
/// would make the plugin a seventh of a megabyte longer.)
pub fn read_id3_tag(bytes: &[u8]) -> Option<Told> {
    // Version 4, and none of the flags (ID3v2.4.0 main structure, 3.1).
    let mut rest = bytes.strip_prefix(b"ID3\x04\0\0")?.get(4..)?;
    let mut entries = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
        let [id @ .., s0, s1, s2, s3, _, _] = head;
        let size = [s0, s1, s2, s3].iter().fold(0, |size, &&byte| size << 7 | usize::from(byte & 0x7F));
        let Some((fields, behind)) = behind.split_at_checked(size).filter(|_| id[0] != 0) else { break };
        entries.extend(utf8(fields).and_then(|text| match id {
            b"TSSE" => Some((Key::Software.name(), text)),
            b"TXXX" => text.split_once('\0'),
            _ => None,
        }));
        rest = behind;
    }
    Some(Told::default().with_entries(&entries))
}

/// The text of a frame, which begins with its encoding (4).
fn utf8(fields: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(fields.strip_prefix(&[3])?).ok()?;
    Some(text.trim_end_matches('\0'))
}

fn tag_of(metadata: &Metadata) -> Tag {
    let mut tag = Tag::new();
    for (key, value) in metadata.entries() {
        add(&mut tag, key, value);
    }
    tag
}

/// The tag filled up to the length that `padded` names, given its own.
fn encode(tag: &Tag, padded: impl Fn(usize) -> usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if tag.frames().next().is_none() {
        return Ok(bytes);
    }
    let encoder = || Encoder::new().version(Version::Id3v24);
    encoder().encode(tag, &mut bytes).map_err(io::Error::other)?;
    let padding = padded(bytes.len()) - bytes.len();
    if padding > 0 {
        bytes.clear();
        encoder().padding(padding).encode(tag, &mut bytes).map_err(io::Error::other)?;
    }
    Ok(bytes)
}

/// The frames are those of "ID3 tag version 2.4.0, native frames", section 4.
fn add(tag: &mut Tag, key: &Key, value: &str) {
    match key {
        Key::Title => tag.set_text("TIT2", value),
        Key::Artist => tag.set_text("TPE1", value),
        Key::Album => tag.set_text("TALB", value),
        Key::Date => tag.set_text("TDRC", value),
        Key::Genre => tag.set_text("TCON", value),
        Key::Track => tag.set_text("TRCK", value),
        Key::Software => tag.set_text("TSSE", value),
        Key::Bpm => tag.set_text("TBPM", whole(value)),
        Key::Comment => {
            let (lang, description) = (NO_LANGUAGE.to_owned(), String::new());
            tag.add_frame(Comment { lang, description, text: value.to_owned() });
        }
        Key::SongPosition | Key::Other(_) => {
            let description = key.name().to_uppercase();
            tag.add_frame(ExtendedText { description, value: value.to_owned() });
        }
    }
}

/// TBPM is a whole number (4.2.3). What is no number stays as the user wrote it.
fn whole(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() => format!("{number:.0}"),
        _ => value.to_owned(),
    }
}
