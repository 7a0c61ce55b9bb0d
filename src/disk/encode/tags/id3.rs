//! ID3v2.4, for MP3 and AIFF. Markers are chapters ("ID3v2 Chapter Frame Addendum" 1.0), which have no finer time than
//! milliseconds.

use crate::core::markers::{Marker, first_that_fit};
use crate::core::metadata::{Key, Metadata};
use crate::disk::encode::told::Told;
use ::id3::frame::{Chapter, Comment, ExtendedText, TableOfContents};
use ::id3::{Encoder, Frame, Tag, TagLike, Version};
use std::io::{self, Read, Seek, SeekFrom};

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

/// A longer text says nothing that is asked for, and frames with pictures are longer by far.
const MAX_READ_BYTES: usize = 16 << 10;

/// More frames of a tag are not looked at.
const MAX_FRAMES: usize = 4096;

/// What the entries of the tag at the start of `file` tell of their file; nothing where there is no tag. Frames without
/// entries are passed over by their sizes, so that a cover costs nothing. (The library's reader of all tags there are
/// would make the plugin a seventh of a megabyte longer.)
///
/// # Errors
/// Of `file`, also where it ends in the tag.
pub fn read_id3_tag(file: &mut (impl Read + Seek)) -> io::Result<Option<Told>> {
    let mut head = [0; 10];
    file.read_exact(&mut head)?;
    let [b'I', b'D', b'3', version @ 2..=4, _, flags, size @ ..] = head else { return Ok(None) };
    let mut left = u64::from(seven_bits(size));
    if version > 2 && flags & EXTENDED != 0 {
        let mut size = [0; 4];
        file.read_exact(&mut size)?;
        // Version 4 counts the size, too.
        let rest = if version == 4 { seven_bits(size).saturating_sub(4) } else { u32::from_be_bytes(size) };
        file.seek(SeekFrom::Current(rest.into()))?;
        left = left.saturating_sub(4 + u64::from(rest));
    }
    let mut entries = Vec::new();
    for _ in 0..MAX_FRAMES {
        let Some((id, bytes)) = read_frame_head(file, version, &mut left)? else { break };
        let is_text = matches!(&id, b"TSSE" | b"TXXX" | b"TSS\0" | b"TXX\0");
        if !is_text || bytes as usize > MAX_READ_BYTES {
            file.seek(SeekFrom::Current(bytes.into()))?;
            continue;
        }
        let mut fields = vec![0; bytes as usize];
        file.read_exact(&mut fields)?;
        let text = text(&fields);
        entries.extend(match &id {
            b"TSSE" | b"TSS\0" => Some((Key::Software.name().to_owned(), text.trim_end_matches('\0').to_owned())),
            _ => text.split_once('\0').map(|(name, value)| (name.to_owned(), value.trim_end_matches('\0').to_owned())),
        });
    }
    let entries: Vec<(&str, &str)> = entries.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(Some(Told::default().with_entries(&entries)))
}

/// The flag for a head that goes on (ID3v2.4.0 main structure, 3.1).
const EXTENDED: u8 = 0x40;

fn seven_bits(bytes: [u8; 4]) -> u32 {
    bytes.iter().fold(0, |size, &byte| size << 7 | u32::from(byte & 0x7F))
}

/// The name of the next frame and the bytes of its fields; nothing where the frames of the tag end. Version 2 has names
/// of three letters, and sizes with as many bytes; version 3 sizes of 32 bits.
fn read_frame_head(file: &mut impl Read, version: u8, left: &mut u64) -> io::Result<Option<([u8; 4], u32)>> {
    let mut head = [0; FRAME_HEAD_BYTES];
    let bytes = if version == 2 { 6 } else { FRAME_HEAD_BYTES };
    if *left < bytes as u64 {
        return Ok(None);
    }
    file.read_exact(&mut head[..bytes])?;
    let [i0, i1, i2, i3, s0, s1, s2, s3, ..] = head;
    let (id, size) = match version {
        2 => ([i0, i1, i2, 0], u32::from_be_bytes([0, i3, s0, s1])),
        3 => ([i0, i1, i2, i3], u32::from_be_bytes([s0, s1, s2, s3])),
        _ => ([i0, i1, i2, i3], seven_bits([s0, s1, s2, s3])),
    };
    let rest = left.checked_sub(bytes as u64 + u64::from(size)).filter(|_| i0 != 0);
    *left = rest.unwrap_or(0);
    Ok(rest.map(|_| (id, size)))
}

/// The text of a frame, which begins with its encoding (4): ISO 8859-1, UTF-16 with or without a mark, or UTF-8. Marks
/// within it are left out.
fn text(fields: &[u8]) -> String {
    let Some((&encoding, bytes)) = fields.split_first() else { return String::new() };
    let utf16 = |is_little: bool| {
        let word = |pair: &[u8; 2]| if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
        let words: Vec<u16> = bytes.as_chunks().0.iter().map(word).filter(|&word| word != 0xFEFF).collect();
        String::from_utf16_lossy(&words)
    };
    match encoding {
        0 => bytes.iter().map(|&byte| char::from(byte)).collect(),
        1 => utf16(bytes.starts_with(&[0xFF, 0xFE])),
        2 => utf16(false),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
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
