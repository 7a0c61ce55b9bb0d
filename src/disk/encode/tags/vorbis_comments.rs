//! Vorbis comments, for Ogg Vorbis, FLAC and Opus (Vorbis I specification, section 5).

use crate::core::markers::{Marker, first_that_fit};
use crate::core::metadata::{Key, Metadata};

/// Field names and their values.
pub fn vorbis_comments(metadata: &Metadata) -> Vec<(String, &str)> {
    metadata.entries().map(|(key, value)| (field_name(key), value)).collect()
}

/// The fields of a header that begins with the vendor's name (section 5.2.1), each `name=value`; nothing where not all of them
/// are there.
pub fn read_vorbis_comments(header: &[u8]) -> Option<Vec<(&str, &str)>> {
    let (_, rest) = read_prefixed(header)?;
    let (number, mut rest) = rest.split_first_chunk()?;
    let mut fields = Vec::new();
    for _ in 0..u32::from_le_bytes(*number) {
        let (field, behind) = read_prefixed(rest)?;
        fields.extend(std::str::from_utf8(field).ok().and_then(|field| field.split_once('=')));
        rest = behind;
    }
    Some(fields)
}

/// The bytes whose number stands before them, and what comes behind.
fn read_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The most chapters, by the digits of their numbers.
const MOST_CHAPTERS: usize = 999;

/// Bytes of a field's length (section 5.2.1).
const LENGTH_BYTES: usize = 4;

/// Fields for the first of the markers, as many as have room in so many bytes: a time to the millisecond and a name for each
/// ("Chapter Extension" of the Xiph.Org wiki).
pub fn chapters(markers: &[Marker], sample_rate: u32, room: usize) -> Vec<(String, String)> {
    let fields = |number: usize, marker: &Marker| {
        let rate = u64::from(sample_rate);
        let milliseconds = (marker.frame * 1000 + rate / 2) / rate;
        let (seconds, minutes, hours) = (milliseconds / 1000, milliseconds / 60_000, milliseconds / 3_600_000);
        let time = format!("{hours:02}:{:02}:{:02}.{:03}", minutes % 60, seconds % 60, milliseconds % 1000);
        [(format!("CHAPTER{number:03}"), time), (format!("CHAPTER{number:03}NAME"), marker.kind.to_string())]
    };
    let field_bytes = |(name, value): (String, String)| LENGTH_BYTES + name.len() + "=".len() + value.len();
    let bytes = |marker: &Marker| fields(0, marker).map(field_bytes).iter().sum();
    let told = first_that_fit(markers, room, bytes);
    (1..=MOST_CHAPTERS).zip(told).flat_map(|(number, marker)| fields(number, marker)).collect()
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
