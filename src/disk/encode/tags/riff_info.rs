//! The LIST chunk of type INFO, for WAV (Multimedia Programming Interface 1.0, "INFO List Chunk").

use crate::core::metadata::{Key, Metadata};

/// The chunk with its head, of an even length; nothing where there are no entries. Texts are UTF-8, which readers of our
/// time expect.
///
/// What INFO has no place for becomes part of the comment.
pub fn info_chunk(metadata: &Metadata) -> Vec<u8> {
    let mut comment: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for (key, value) in metadata.entries() {
        match (place(key), key) {
            (Some(id), _) => push_text(&mut texts, id, value),
            (None, Key::Comment) => comment.insert(0, value.to_owned()),
            (None, _) => comment.push(format!("{} = {value}", key.name())),
        }
    }
    if !comment.is_empty() {
        push_text(&mut texts, *b"ICMT", &comment.join("; "));
    }
    if texts.is_empty() {
        return texts;
    }
    let size = (b"INFO".len() + texts.len()) as u32;
    [b"LIST", &size.to_le_bytes()[..], b"INFO", &texts].concat()
}

/// ITRK is a custom of taggers; the others are the specification's.
fn place(key: &Key) -> Option<[u8; 4]> {
    match key {
        Key::Title => Some(*b"INAM"),
        Key::Artist => Some(*b"IART"),
        Key::Album => Some(*b"IPRD"),
        Key::Date => Some(*b"ICRD"),
        Key::Genre => Some(*b"IGNR"),
        Key::Track => Some(*b"ITRK"),
        Key::Software => Some(*b"ISFT"),
        Key::Comment | Key::Bpm | Key::SongPosition | Key::Other(_) => None,
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
