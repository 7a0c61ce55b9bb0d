//! The chunk `iXML` (iXML specification 2.10), as field recorders write it.

use super::bext::time_reference;
use crate::core::format::{Codec, StreamFormat};
use crate::core::metadata::{Key, Metadata};
use std::fmt::Write;

/// Digits of a number of 32 bits.
const LONGEST_WORD: usize = "4294967295".len();

/// The document, in UTF-8. It is as long with one song position as with another.
pub fn ixml(metadata: &Metadata, codec: Codec, stream: StreamFormat) -> String {
    let origin = metadata.origin();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML>\n");
    element(&mut text, "IXML_VERSION", "2.10");
    let optional = |text: &mut String, name: &str, key: Key| {
        if let Some(value) = metadata.value(&key) {
            element(text, name, value);
        }
    };
    optional(&mut text, "PROJECT", Key::Other("project".to_owned()));
    optional(&mut text, "SCENE", Key::Title);
    element(&mut text, "TAKE", &origin.take.to_string());
    optional(&mut text, "NOTE", Key::Comment);
    text.push_str("<SPEED>\n");
    element(&mut text, "FILE_SAMPLE_RATE", &stream.sample_rate.to_string());
    element(&mut text, "AUDIO_BIT_DEPTH", &codec.bits_per_sample().to_string());
    element(&mut text, "DIGITIZER_SAMPLE_RATE", &stream.sample_rate.to_string());
    let mut place = String::new();
    let frames = time_reference(origin, stream.sample_rate);
    word(&mut place, "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", (frames >> 32) as u32);
    word(&mut place, "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", frames as u32);
    element(&mut place, "TIMESTAMP_SAMPLE_RATE", &stream.sample_rate.to_string());
    // 0 would mean the beginning of the song. Blanks keep the length, for the place may become known.
    let is_known = origin.song_seconds.is_some_and(f64::is_finite);
    text.push_str(&if is_known { place } else { " ".repeat(place.len()) });
    text.push_str("</SPEED>\n<TRACK_LIST>\n");
    element(&mut text, "TRACK_COUNT", &stream.channels.to_string());
    for index in 0..stream.channels {
        let channel = origin.channel_names.get(index).map_or("", String::as_str);
        let name = [origin.track_name.as_str(), channel].join(" ");
        text.push_str("<TRACK>\n");
        element(&mut text, "CHANNEL_INDEX", &(origin.first_channel + index + 1).to_string());
        element(&mut text, "INTERLEAVE_INDEX", &(index + 1).to_string());
        element(&mut text, "NAME", name.trim());
        text.push_str("</TRACK>\n");
    }
    text.push_str("</TRACK_LIST>\n</BWFXML>\n");
    // Readers forget the byte of padding that an odd size would need.
    if !text.len().is_multiple_of(2) {
        text.push('\n');
    }
    text
}

/// Whether XML has the character (XML 1.0, section 2.2, "Char").
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// An element with a number. The document is as long whatever that is.
fn word(text: &mut String, name: &str, value: u32) {
    let value = value.to_string();
    text.extend(std::iter::repeat_n(' ', LONGEST_WORD - value.len()));
    element(text, name, &value);
}

fn element(text: &mut String, name: &str, value: &str) {
    let value: String = value.chars().map(|character| if is_allowed(character) { character } else { ' ' }).collect();
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "<{name}>{value}</{name}>");
}
