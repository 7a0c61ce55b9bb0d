//! What a file says of itself before its sound, found without a look at the sound. Nothing of it is measured.

use super::format_of;
use crate::core::format::FileType;
use crate::core::loudness::Loudness;
use crate::core::metadata::{Key, told_loudness};
use std::fs::File;
use std::io::{self, Read, Seek};

/// So many bytes of a file are looked at: at first those in which what we write ends nearly always, then those in which it
/// ends whatever `header` says, and in the end, in Ogg files, those in which it ends behind a cover.
const HEAD_BYTES: [u64; 3] = [64 << 10, 256 << 10, 16 << 20];

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
        if told.is_some() || (head.len() as u64) < most || most == HEAD_BYTES[1] && !head.starts_with(b"OggS") {
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
    use crate::disk::encode::ogg::comment_header::packet_bytes;
    use crate::disk::encode::ogg::muxer::Muxer;
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

    /// An ID3 tag as taggers write it: of version 2, 3 or 4, in ISO 8859-1 or UTF-16, with a cover before the texts.
    fn foreign_id3(version: u8, is_wide: bool) -> Vec<u8> {
        let seven_bits =
            |size: u32| [size >> 21, size >> 14 & 0x7F, size >> 7 & 0x7F, size & 0x7F].map(|part| part as u8);
        let text = |parts: &[&str]| {
            let wide = |part: &&str| {
                [&[0xFF, 0xFE][..], &part.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat()
            };
            match is_wide {
                true => [vec![1], parts.iter().map(wide).collect::<Vec<_>>().join(&[0, 0][..])].concat(),
                false => [vec![0], parts.join("\0").into_bytes()].concat(),
            }
        };
        let frames = [
            (["PIC", "APIC"], vec![0xFF; 700_000]),
            (["TXX", "TXXX"], text(&["replaygain_track_gain", "-3.00 dB"])),
            (["TXX", "TXXX"], text(&["SONGPOSITION", "1.5"])),
            (["TSS", "TSSE"], text(&["Recorder 1.0"])),
        ];
        let frames = frames.map(|([short, long], fields)| {
            let size = fields.len() as u32;
            match version {
                2 => [short.as_bytes(), &size.to_be_bytes()[1..], &fields].concat(),
                3 => [long.as_bytes(), &size.to_be_bytes(), &[0, 0], &fields].concat(),
                _ => [long.as_bytes(), &seven_bits(size), &[0, 0], &fields].concat(),
            }
        });
        let frames = frames.concat();
        [&b"ID3"[..], &[version, 0, 0], &seven_bits(frames.len() as u32), &frames].concat()
    }

    fn assert_known(file_type: FileType, bytes: &[u8], context: &str) {
        let trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr128, 2, 48_000);
        std::fs::write(&trial.path, bytes).unwrap();
        let told = told(&trial);
        assert_eq!((told.frames, told.channels), (Some(5_000), 2), "{file_type:?}, {context}");
        assert_eq!(told.software.as_deref(), Some("Recorder 1.0"), "{file_type:?}, {context}");
        assert!(told.song_position.is_some() && told.loudness.is_some(), "{file_type:?}, {context}");
    }

    #[test]
    fn a_tag_that_another_program_wrote_tells_the_same() {
        let [mp3, aiff] = [FileType::Mp3, FileType::Aiff].map(|file_type| {
            let mut trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr128, 2, 48_000);
            trial.metadata = Metadata::default();
            trial.record(&trial.sound(5_000));
            trial.bytes()
        });
        for version in [2, 3, 4] {
            for is_wide in [false, true] {
                let tag = foreign_id3(version, is_wide);
                let context = format!("version {version}, wide: {is_wide}");
                assert_known(FileType::Mp3, &[&tag[..], &mp3].concat(), &context);
                // Behind the sound.
                let chunk = [&b"ID3 "[..], &(tag.len() as u32).to_be_bytes(), &tag].concat();
                assert_known(FileType::Aiff, &[&aiff[..], &chunk].concat(), &context);
            }
        }
    }

    #[test]
    fn a_large_cover_before_the_comments_hides_nothing() {
        let flac = recorded(FileType::Flac, Codec::Pcm24, "", 5_000).bytes();
        let stream_info_end = 4 + 4 + 34;
        let picture = [&[6, 0x0A, 0, 0][..], &vec![0xFF; 0x0A_0000]].concat();
        let with_cover = [&flac[..stream_info_end], &picture, &flac[stream_info_end..]].concat();
        assert_known(FileType::Flac, &with_cover, "a picture");
        assert_known(FileType::Flac, &[foreign_id3(3, true), with_cover].concat(), "an ID3 tag and a picture");
        for (file_type, head_bytes) in [(FileType::Ogg, 7), (FileType::Opus, 8)] {
            let bytes = recorded(file_type, Codec::Pcm24, "", 5_000).bytes();
            let [first, comments] = [0, 1].map(|number| packet_bytes(&bytes, number).unwrap());
            let vendor_end = head_bytes + 4 + usize::from(comments[head_bytes]);
            let count = u32::from_le_bytes(*comments[vendor_end..].first_chunk().unwrap()) + 1;
            let picture = [&b"METADATA_BLOCK_PICTURE="[..], &[b'A'; 900_000]].concat();
            let picture = [&(picture.len() as u32).to_le_bytes()[..], &picture].concat();
            let comments =
                [&comments[..vendor_end], &count.to_le_bytes(), &picture, &comments[vendor_end + 4..]].concat();
            let mut muxer = Muxer::new();
            let pages = [muxer.pages(&[first], 0), muxer.pages(&[comments], 0), bytes].concat();
            assert_known(file_type, &pages, "a picture before the other comments");
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
