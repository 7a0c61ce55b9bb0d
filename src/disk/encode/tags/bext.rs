//! The chunk `bext` of Broadcast Wave, version 2 (EBU Tech 3285, section 2.3): where in the song a file belongs.

use crate::core::format::{Codec, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::metadata::{Key, Metadata, Origin};
use crate::disk::encode::told::Told;

/// Bytes before the coding history.
const FIELDS_BYTES: usize = 602;
const DESCRIPTION_BYTES: usize = 256;
const NAME_BYTES: usize = 32;
const UMID_BYTES: usize = 64;
const LOUDNESS_FIELDS: usize = 5;
const RESERVED_BYTES: usize = 180;

/// What the description ends with where 0 in the time reference says nothing.
const UNKNOWN_POSITION: &str = "; song position unknown";

/// What a loudness field has that is not used (section 2.3, "LoudnessValue").
const NOT_MEASURED: i16 = 0x7FFF;

/// Where the loudness fields begin.
pub const LOUDNESS_AT: usize = FIELDS_BYTES - RESERVED_BYTES - LOUDNESS_BYTES;

/// Bytes of the loudness fields.
pub const LOUDNESS_BYTES: usize = 2 * LOUDNESS_FIELDS;

/// The loudness fields, from LoudnessValue to MaxShortTermLoudness: hundredths, rounded.
pub fn loudness_fields(loudness: &Loudness) -> Vec<u8> {
    let values = [
        loudness.integrated_lufs,
        loudness.range_lu,
        loudness.true_peak_dbtp,
        loudness.max_momentary_lufs,
        loudness.max_short_term_lufs,
    ];
    // The conversion ends at the largest number that there is, which says that there is none.
    let field = |value: Option<f64>| value.map_or(NOT_MEASURED, |value| (value * 100.0).round() as i16);
    values.into_iter().flat_map(|value| field(value).to_le_bytes()).collect()
}

/// The fields of the chunk.
pub fn bext_fields(metadata: &Metadata, codec: Codec, stream: StreamFormat) -> Vec<u8> {
    let origin = metadata.origin();
    let mut fields = Vec::with_capacity(FIELDS_BYTES);
    push_text(&mut fields, &description(metadata), DESCRIPTION_BYTES);
    push_text(&mut fields, &origin.software, NAME_BYTES);
    // OriginatorReference: nothing refers to us.
    push_text(&mut fields, "", NAME_BYTES);
    push_text(&mut fields, &origin.date, "yyyy-mm-dd".len());
    push_text(&mut fields, &origin.time, "hh:mm:ss".len());
    // TimeReferenceLow and TimeReferenceHigh.
    fields.extend(time_reference(origin, stream.sample_rate).to_le_bytes());
    fields.extend(2u16.to_le_bytes());
    fields.extend([0; UMID_BYTES]);
    fields.extend([NOT_MEASURED.to_le_bytes(); LOUDNESS_FIELDS].concat());
    fields.extend([0; RESERVED_BYTES]);
    fields.extend(coding_history(origin, codec, stream).into_bytes());
    // Readers forget the byte of padding that an odd size would need.
    fields.resize(fields.len().next_multiple_of(2), 0);
    fields
}

/// Frames from the beginning of the song to the first one of the file; 0 where that is not known.
pub fn time_reference(origin: &Origin, sample_rate: u32) -> u64 {
    let seconds = origin.song_seconds.filter(|seconds| seconds.is_finite());
    // What lies before the beginning of the song becomes 0.
    seconds.map_or(0, |seconds| (seconds * f64::from(sample_rate)).round() as u64)
}

/// What the fields of a chunk tell of a file. `None` where they are cut off.
pub fn read_bext(fields: &[u8]) -> Option<Told> {
    let fields = fields.get(..FIELDS_BYTES)?;
    let (description, rest) = fields.split_at(DESCRIPTION_BYTES);
    let software = text(&rest[..NAME_BYTES]);
    let reference: &[u8; 8] = rest.get(2 * NAME_BYTES + "yyyy-mm-ddhh:mm:ss".len()..)?.first_chunk()?;
    let values = fields.get(LOUDNESS_AT..)?.chunks_exact(2).map(|value| i16::from_le_bytes([value[0], value[1]]));
    let mut values = values.map(|value| (value != NOT_MEASURED).then(|| f64::from(value) / 100.0));
    let mut value = || values.next().flatten();
    let loudness = Loudness {
        integrated_lufs: value(),
        range_lu: value(),
        true_peak_dbtp: value(),
        max_momentary_lufs: value(),
        max_short_term_lufs: value(),
    };
    Some(Told {
        software: (!software.is_empty()).then_some(software),
        loudness: (loudness != Loudness::default()).then_some(loudness),
        song_position: (!text(description).ends_with(UNKNOWN_POSITION))
            .then(|| u64::from_le_bytes(*reference).to_string()),
        ..Told::default()
    })
}

/// The text in a field.
fn text(field: &[u8]) -> String {
    field.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
}

/// What the file is, and where 0 in the time reference does not mean the beginning of the song.
fn description(metadata: &Metadata) -> String {
    let title = ascii(metadata.value(&Key::Title).unwrap_or("Take"));
    let place = match metadata.origin().song_seconds.filter(|seconds| seconds.is_finite()) {
        Some(seconds) if seconds < 0.0 => format!("; begins {:.3} s before the song", -seconds),
        Some(_) => String::new(),
        None => UNKNOWN_POSITION.to_owned(),
    };
    // A long title is cut, not what comes behind it.
    let room = DESCRIPTION_BYTES.saturating_sub(place.len());
    format!("{}{place}", &title[..title.len().min(room)])
}

/// EBU R 98: algorithm, sampling frequency, word length, mode, text.
fn coding_history(origin: &Origin, codec: Codec, stream: StreamFormat) -> String {
    let (rate, bits) = (stream.sample_rate, codec.bits_per_sample());
    let mode = match stream.channels {
        1 => "M=mono,".to_owned(),
        2 => "M=stereo,".to_owned(),
        _ => String::new(),
    };
    let text = match codec {
        Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => ascii(&origin.software),
        Codec::Float32 => format!("{}; float", ascii(&origin.software)),
    };
    format!("A=PCM,F={rate},W={bits},{mode}T={text}\r\n")
}

/// The chunk's texts are ASCII. One that is shorter than its field ends with a zero.
fn push_text(fields: &mut Vec<u8>, text: &str, bytes: usize) {
    let end = fields.len() + bytes;
    fields.extend(ascii(text).bytes().take(bytes));
    fields.resize(end, 0);
}

fn ascii(text: &str) -> String {
    text.chars().map(|character| if matches!(character, ' '..='~') { character } else { '?' }).collect()
}
