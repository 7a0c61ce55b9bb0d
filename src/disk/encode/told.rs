//! What a file says of itself before its sound, found without a look at the sound. Nothing of it is measured.

use super::format_of;
use crate::core::format::FileType;
use crate::core::loudness::Loudness;
use crate::core::metadata::{Key, told_loudness};
use std::fs::File;
use std::io::{self, Read, Seek};

/// So many bytes of a file are looked at: at first those in which what we write ends nearly always, then those in which it
/// ends whatever `header` says.
const HEAD_BYTES: [u64; 2] = [64 << 10, 256 << 10];

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// The program that made the file, where it says so.
    pub software: Option<String>,
    /// In Hz; at least 1.
    pub sample_rate: u32,
    pub channels: usize,
    /// Frames that play; nothing where only the whole file tells.
    pub frames: Option<u64>,
    /// Where it was measured.
    pub loudness: Option<Loudness>,
    /// Where in the song the file begins, as its type writes that; only to be compared.
    pub song_position: Option<String>,
}

impl Told {
    /// The same with what these entries of `header` say, by any of the names that file types have for them.
    pub fn with_entries(self, entries: &[(&str, &str)]) -> Self {
        let value = |names: [&str; 2]| {
            let is_named = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
            entries.iter().find(|(key, _)| is_named(key)).map(|&(_, value)| value.to_owned())
        };
        let software = value([Key::Software.name(), "encoder"]);
        let song_position = value([Key::SongPosition.name(); 2]);
        Self { software, song_position, loudness: told_loudness(entries), ..self }
    }
}

/// Reads what `file` of this type says of itself: a few pages of it, whatever its length. `None` where it is no such file, or
/// one that we have not written.
///
/// # Errors
/// The disk's.
pub fn read(file_type: FileType, mut file: &File) -> io::Result<Option<Told>> {
    let mut head = Vec::new();
    file.rewind()?;
    for most in HEAD_BYTES {
        file.take(most - head.len() as u64).read_to_end(&mut head)?;
        // The end of an Ogg file is read from elsewhere.
        let position = file.stream_position()?;
        let told = (format_of(file_type).told)(&head, file);
        if told.is_some() || (head.len() as u64) < most {
            return Ok(told);
        }
        file.seek(io::SeekFrom::Start(position))?;
    }
    Ok(None)
}

/// The chunks of a RIFF or IFF file behind its first twelve bytes, as far as they are in `head`: id and fields. The fields of
/// the last one may be cut off.
pub fn chunks(head: &[u8], size: fn([u8; 4]) -> u32) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = head.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (id, behind) = rest.split_at_checked(4)?;
        let (bytes, behind) = behind.split_first_chunk()?;
        let bytes = size(*bytes) as usize;
        rest = behind.get(bytes.saturating_add(bytes % 2)..).unwrap_or_default();
        Some((id, &behind[..bytes.min(behind.len())]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::{BitRate, Codec, Menu};
    use crate::core::metadata::{Metadata, Origin};
    use crate::disk::testing::trial::Trial;

    const LOUDNESS: Loudness = Loudness {
        integrated_lufs: Some(-23.46),
        range_lu: Some(7.0),
        max_momentary_lufs: Some(-15.0),
        max_short_term_lufs: Some(-18.0),
        true_peak_dbtp: Some(-1.0),
    };

    fn origin() -> Origin {
        Origin { software: "Recorder 1.0".to_owned(), song_seconds: Some(1.5), ..Origin::default() }
    }

    /// Records so many frames of a file whose `header` is this.
    fn recorded(file_type: FileType, codec: Codec, header: &str, frames: usize) -> Trial {
        let mut trial = Trial::new(file_type, codec, BitRate::Cbr128, 2, 48_000);
        trial.metadata = Metadata::new(header, origin());
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(frames));
        encoder.set_loudness(LOUDNESS);
        encoder.finish().unwrap();
        trial
    }

    fn told(trial: &Trial) -> Told {
        read(trial.settings.file_type, &trial.file).unwrap().unwrap()
    }

    #[test]
    fn every_type_tells_its_exact_length_its_shape_and_who_made_it() {
        for &file_type in FileType::ALL {
            for codec in [Codec::Pcm16, Codec::Float32] {
                let told = told(&recorded(file_type, codec, "", 123_457));
                assert_eq!(told.frames, Some(123_457), "{file_type:?}");
                assert_eq!((told.sample_rate, told.channels), (48_000, 2), "{file_type:?}");
                assert_eq!(told.software.as_deref(), Some("Recorder 1.0"), "{file_type:?}");
                assert!(told.song_position.is_some(), "{file_type:?}");
            }
        }
    }

    #[test]
    fn the_loudness_is_what_each_type_keeps_of_it() {
        for &file_type in FileType::ALL {
            let told = told(&recorded(file_type, Codec::Pcm24, "", 48_000)).loudness;
            let rounded = |value: Option<f64>| value.map(|value| (value * 10.0).round() / 10.0);
            let expected = match file_type {
                FileType::Wav => Some(LOUDNESS),
                FileType::Mp3 | FileType::Flac | FileType::Ogg => {
                    Some(Loudness { integrated_lufs: Some(-23.5), true_peak_dbtp: Some(-1.0), ..Loudness::default() })
                }
                FileType::Opus => Some(Loudness { integrated_lufs: Some(-23.5), ..Loudness::default() }),
                FileType::Aiff => None,
            };
            let figures = |told: Loudness| {
                [told.integrated_lufs, told.true_peak_dbtp, told.range_lu, told.max_momentary_lufs].map(rounded)
            };
            assert_eq!(told.map(figures), expected.map(figures), "{file_type:?}");
        }
    }

    #[test]
    fn the_longest_header_hides_nothing() {
        let header: String = (0..900).map(|line| format!("key{line} = {}\n", "x".repeat(60))).collect();
        for &file_type in FileType::ALL {
            let told = told(&recorded(file_type, Codec::Pcm24, &header, 5_000));
            assert_eq!((told.frames, told.software.as_deref()), (Some(5_000), Some("Recorder 1.0")), "{file_type:?}");
        }
    }

    #[test]
    fn without_a_place_in_the_song_no_file_names_one() {
        for &file_type in FileType::ALL {
            let mut trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr128, 2, 48_000);
            trial.metadata = Metadata::new("", Origin { song_seconds: None, ..origin() });
            trial.record(&trial.sound(5_000));
            assert_eq!(told(&trial).song_position, None, "{file_type:?}");
        }
    }

    #[test]
    fn what_is_no_file_of_the_type_tells_nothing_and_does_no_harm() {
        let mut seed = 1u32;
        for &file_type in FileType::ALL {
            let original = recorded(file_type, Codec::Pcm16, "", 20_000);
            let bytes = original.bytes();
            let trial = Trial::new(file_type, Codec::Pcm16, BitRate::Cbr128, 2, 48_000);
            for round in 0..300 {
                let mut damaged = bytes.clone();
                for _ in 0..4 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let at = (seed >> 8) as usize % if round % 2 == 0 { 300 } else { damaged.len() };
                    damaged[at] = seed as u8;
                }
                damaged.truncate(if round % 3 == 0 { (seed >> 8) as usize % bytes.len() } else { bytes.len() });
                std::fs::write(&trial.path, damaged).unwrap();
                // Panics where a size leads beyond the end.
                let _ = read(file_type, &trial.file).unwrap_or(None);
            }
            for other in FileType::ALL.iter().filter(|&&other| other != file_type) {
                let told = read(*other, &original.file).unwrap();
                // Both are Ogg; the packets tell them apart.
                assert_eq!(told, None, "{file_type:?} taken for {other:?}");
            }
        }
    }
}
