//! Vorbis comments, for Ogg Vorbis, FLAC and Opus (Vorbis I specification, section 5).

use crate::core::metadata::{Key, Metadata};

/// Field names and their values.
pub fn vorbis_comments(metadata: &Metadata) -> Vec<(String, &str)> {
    metadata.entries().map(|(key, value)| (field_name(key), value)).collect()
}

/// The names are those of section 5.2.2 and, where it has none, the ones in use.
fn field_name(key: &Key) -> String {
    match key {
        Key::Track => "TRACKNUMBER".to_owned(),
        Key::Software => "ENCODER".to_owned(),
        Key::Title
        | Key::Artist
        | Key::Album
        | Key::Date
        | Key::Comment
        | Key::Genre
        | Key::Bpm
        | Key::SongPosition
        | Key::Other(_) => key.name().chars().map(allowed).collect(),
    }
}

/// A name has the characters 0x20 to 0x7D but `=` (5.2.2).
fn allowed(character: char) -> char {
    match character {
        '=' => '_',
        ' '..='}' => character.to_ascii_uppercase(),
        _ => '_',
    }
}
