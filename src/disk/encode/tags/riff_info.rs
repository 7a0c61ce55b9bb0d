//! The LIST chunk of type INFO, for WAV (Multimedia Programming Interface 1.0, "INFO List Chunk").

use crate::core::metadata::{Key, Metadata};

/// Bytes of a chunk's id and size.
const CHUNK_HEAD_BYTES: usize = 8;

/// The chunk with its head, of an even length; nothing where there are no entries. Texts are UTF-8, which readers of our
/// time expect.
///
/// Entries that INFO has no place for become part of the comment. While the song's position may change, the chunk is as
/// long with one position as with another: zeros fill up the comment, or a chunk JUNK stands in its place.
pub fn info_chunk(metadata: &Metadata) -> Vec<u8> {
    let list = list_chunk(metadata, 0);
    let Some(longest) = metadata.with_longest_song_position() else { return list };
    let room = list_chunk(&longest, 0).len().saturating_sub(list.len());
    let filled = list_chunk(metadata, room);
    match room.checked_sub(CHUNK_HEAD_BYTES).filter(|_| filled.len() == list.len()) {
        Some(fields) => [&list, &b"JUNK"[..], &(fields as u32).to_le_bytes(), &vec![0; fields]].concat(),
        None => filled,
    }
}

/// The chunk, with so many more zeros behind the comment, an even number.
fn list_chunk(metadata: &Metadata, zeros: usize) -> Vec<u8> {
    let mut comment: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for (key, value) in metadata.entries() {
        match (places(key), key) {
            ([], Key::Comment) => comment.insert(0, value.to_owned()),
            ([], _) => comment.push(format!("{} = {value}", key.name())),
            (ids, _) => ids.iter().for_each(|&id| push_text(&mut texts, *id, value)),
        }
    }
    if !comment.is_empty() {
        push_text(&mut texts, *b"ICMT", &format!("{}{}", comment.join("; "), "\0".repeat(zeros)));
    }
    if texts.is_empty() {
        return texts;
    }
    let size = (b"INFO".len() + texts.len()) as u32;
    [b"LIST", &size.to_le_bytes()[..], b"INFO", &texts].concat()
}

/// ITRK and IPRT are customs, and each is the only one that some taggers know (mutagen and foobar2000, TagLib and
/// FFmpeg); the others are the specification's.
fn places(key: &Key) -> &'static [&'static [u8; 4]] {
    match key {
        Key::Title => &[b"INAM"],
        Key::Artist => &[b"IART"],
        Key::Album => &[b"IPRD"],
        Key::Date => &[b"ICRD"],
        Key::Genre => &[b"IGNR"],
        Key::Track => &[b"ITRK", b"IPRT"],
        Key::Software => &[b"ISFT"],
        Key::Comment | Key::Bpm | Key::SongPosition | Key::Other(_) => &[],
    }
}

/// A text ends with a zero, which its size counts, and is padded to an even length.
fn push_text(texts: &mut Vec<u8>, id: [u8; 4], text: &str) {
    texts.extend_from_slice(&id);
    texts.extend_from_slice(&(text.len() as u32 + 1).to_le_bytes());
    texts.extend_from_slice(text.as_bytes());
    texts.push(0);
    if !texts.len().is_multiple_of(2) {
        texts.push(0);
    }
}
