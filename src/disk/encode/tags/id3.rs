//! ID3v2.4, for MP3 and AIFF.

use crate::core::metadata::{Key, Metadata};
use ::id3::frame::{Comment, ExtendedText};
use ::id3::{Encoder, Tag, TagLike, Version};
use std::io;

/// What the frame COMM has for a language that is not known (ID3v2.4.0 main structure, 4.10 of the native frames).
const NO_LANGUAGE: &str = "XXX";

/// The tag, in UTF-8, with `padding` zeros behind it (ID3v2.4.0 main structure, 3.3); nothing where there are no entries,
/// for a tag has at least one frame.
///
/// # Errors
/// The library's own.
pub fn id3_tag(metadata: &Metadata, padding: usize) -> io::Result<Vec<u8>> {
    let mut tag = Tag::new();
    for (key, value) in metadata.entries() {
        add(&mut tag, key, value);
    }
    let mut bytes = Vec::new();
    if tag.frames().next().is_some() {
        Encoder::new().version(Version::Id3v24).padding(padding).encode(&tag, &mut bytes).map_err(io::Error::other)?;
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
