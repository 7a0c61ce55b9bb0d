//! For tests: files of every type, damaged at random, and their repair. The same damage each time.

use super::trial::Trial;
use crate::core::format::{BitRate, Codec, FileType, Menu};
use crate::disk::encode::Kept;

/// Hz. Every type keeps it.
const RATE: u32 = 48_000;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// What a crash, a bad disk or an enemy makes of a file.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            // Most that matters stands at the start.
            let near_start = bytes.len().min(200);
            let at = if self.below(2) == 0 { self.below(near_start) } else { self.below(bytes.len()) };
            let most = 1 + self.below(9_000);
            let end = (at + self.below(most)).min(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => bytes[at..end].fill(0),
                2 => bytes[at..end].fill(0xFF),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.extend(piece);
                }
                5 => bytes.extend(vec![0; end - at]),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = self.below(256) as u8;
                    }
                }
            }
        }
    }
}

fn trial(file_type: FileType, codec: Codec) -> Trial {
    Trial::new(file_type, codec, BitRate::Cbr128, 2, RATE)
}

/// Repairs `bytes` as a file of the type; what is kept, and what the file then is.
fn repair(trial: &Trial, bytes: &[u8]) -> (Option<Kept>, Vec<u8>) {
    std::fs::write(&trial.path, bytes).unwrap();
    let kept = (trial.format().repair)(&trial.file).ok();
    (kept, trial.bytes())
}

fn repair_damaged(rounds: usize) {
    for &file_type in FileType::ALL {
        for codec in [Codec::Pcm16, Codec::Float32] {
            let whole = trial(file_type, codec);
            whole.record(&whole.sound(30_000));
            let (original, trial) = (whole.bytes(), trial(file_type, codec));
            let mut random = Random(7);
            for round in 0..rounds {
                let mut bytes = original.clone();
                random.damage(&mut bytes);
                let (kept, repaired) = repair(&trial, &bytes);
                // A byte of padding may have been missing.
                assert!(repaired.len() <= bytes.len() + 1, "{file_type:?} {round}: it grew");
                let Some(kept) = kept else { continue };
                assert!(kept.sample_rate > 0);
                let (again, twice) = repair(&trial, &repaired);
                assert!(twice == repaired, "{file_type:?} {round}: a second repair changes it");
                assert_eq!(again, Some(kept), "{file_type:?} {round}");
            }
        }
    }
}

#[test]
fn the_repair_of_a_damaged_file_ends_and_never_makes_it_longer() {
    repair_damaged(400);
}

#[test]
#[ignore = "long"]
fn the_repair_of_very_many_damaged_files() {
    repair_damaged(2_000);
}

#[test]
fn what_is_cut_off_at_any_byte_of_its_last_second_keeps_the_rest_exactly() {
    for &file_type in FileType::ALL {
        let whole = trial(file_type, Codec::Pcm16);
        whole.record(&whole.sound(60_000));
        let (original, trial) = (whole.bytes(), trial(file_type, Codec::Pcm16));
        let mut random = Random(3);
        for _ in 0..60 {
            let length = original.len() * 2 / 3 + random.below(original.len() / 3);
            let (kept, _) = repair(&trial, &original[..length]);
            let frames = trial.decoded().frames() as u64;
            assert_eq!(kept, Some(Kept { frames, sample_rate: RATE }), "{file_type:?} of {length} bytes");
        }
    }
}

#[test]
fn a_whole_file_is_left_as_it_is_and_counted_right() {
    for &file_type in FileType::ALL {
        for frames in [1, 1_000, 50_000] {
            let trial = trial(file_type, Codec::Pcm24);
            trial.record(&trial.sound(frames));
            let original = trial.bytes();
            let (kept, repaired) = repair(&trial, &original);
            assert!(repaired == original, "{file_type:?} of {frames} frames");
            assert_eq!(kept, Some(Kept { frames: frames as u64, sample_rate: RATE }), "{file_type:?}");
        }
    }
}

/// ID3v1 ("ID3v1", a tag of 128 bytes).
fn id3v1() -> Vec<u8> {
    let mut tag = b"TAGTitle".to_vec();
    tag.resize(128, 0);
    tag
}

/// An APE tag with head and foot and a cover in it.
fn ape() -> Vec<u8> {
    let item = [&[9, 0, 0, 0, 2, 0, 0, 0], &b"Cover\0"[..], &[0xFF; 9]].concat();
    let end = |flags: u8| {
        let size = (item.len() as u32 + 32).to_le_bytes();
        [&b"APETAGEX"[..], &2000u32.to_le_bytes(), &size, &[1, 0, 0, 0, 0, 0, 0, flags], &[0; 8]].concat()
    };
    [end(0xA0), item.clone(), end(0x80)].concat()
}

fn lyrics() -> Vec<u8> {
    b"LYRICSBEGININD0000200000020LYRICS200".to_vec()
}

/// ID3v2.3 with a cover of `bytes` bytes.
fn id3v2(bytes: u32) -> Vec<u8> {
    let seven_bits = |size: u32| [size >> 21, size >> 14 & 0x7F, size >> 7 & 0x7F, size & 0x7F].map(|part| part as u8);
    let picture = vec![0xFF; bytes as usize];
    let frame = [&b"APIC"[..], &bytes.to_be_bytes(), &[0, 0], &picture].concat();
    [&b"ID3\x03\0\0"[..], &seven_bits(frame.len() as u32), &frame].concat()
}

/// The file with chunks at its end that its first size counts.
fn with_chunks(bytes: &[u8], size: fn(u32) -> [u8; 4], chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (id, fields) in chunks {
        bytes.extend([&id[..], &size(fields.len() as u32), fields].concat());
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    let riff_bytes = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&size(riff_bytes));
    bytes
}

/// What editors make of a file of this type.
fn edited(file_type: FileType, bytes: &[u8]) -> Vec<Vec<u8>> {
    let behind = |tags: &[Vec<u8>]| [bytes, &tags.concat()].concat();
    let before = |tag: Vec<u8>| [&tag, bytes].concat();
    let mut all = vec![behind(&[id3v1()]), behind(&[ape(), id3v1()])];
    match file_type {
        FileType::Wav | FileType::Aiff => {
            let size = if file_type == FileType::Wav { u32::to_le_bytes } else { u32::to_be_bytes };
            let id = if file_type == FileType::Wav { b"id3 " } else { b"ID3 " };
            for chunks in [
                vec![(id, id3v2(361_001))],
                vec![(b"LIST", b"INFOINAM\x02\0\0\0a\0".to_vec()), (id, id3v2(10))],
                vec![(b"zzzz", vec![7; 5])],
            ] {
                let whole = with_chunks(bytes, size, &chunks);
                all.push([whole.clone(), id3v1()].concat());
                all.push(whole);
            }
            // The last byte of padding is forgotten.
            let mut unpadded = with_chunks(bytes, size, &[(id, vec![7; 5])]);
            unpadded.pop();
            all.push(unpadded);
        }
        FileType::Mp3 => {
            all.extend([behind(&[ape()]), behind(&[lyrics(), id3v1()]), behind(&[ape(), lyrics(), id3v1()])]);
            all.extend([before(id3v2(1000)), [before(id3v2(400_000)), ape()].concat()]);
        }
        FileType::Flac => all.extend([before(id3v2(1000)), [before(id3v2(400_000)), id3v1()].concat()]),
        FileType::Ogg | FileType::Opus => {}
    }
    all
}

#[test]
fn a_whole_file_that_somebody_tagged_is_left_as_it_is_and_counted_right() {
    for &file_type in FileType::ALL {
        for frames in [1, 50_001] {
            let trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr128, 1, RATE);
            trial.record(&trial.sound(frames));
            for (number, bytes) in edited(file_type, &trial.bytes()).into_iter().enumerate() {
                let (kept, repaired) = repair(&trial, &bytes);
                let context = format!("{file_type:?} of {frames} frames, way {number}");
                assert!(repaired == bytes, "{context}: {} bytes became {}", bytes.len(), repaired.len());
                assert_eq!(kept, Some(Kept { frames: frames as u64, sample_rate: RATE }), "{context}");
            }
        }
    }
}

/// Streams one behind the other, as editors join Ogg files.
#[test]
fn a_chain_of_whole_ogg_streams_is_left_as_it_is() {
    for file_type in [FileType::Ogg, FileType::Opus] {
        let trial = trial(file_type, Codec::Pcm16);
        trial.record(&trial.sound(30_000));
        let chain = trial.bytes().repeat(2);
        assert!(repair(&trial, &chain).1 == chain, "{file_type:?}");
    }
}

/// The tagger was killed, too.
#[test]
fn half_a_tag_behind_the_sound_does_not_become_sound() {
    for file_type in [FileType::Wav, FileType::Aiff] {
        let trial = trial(file_type, Codec::Pcm16);
        trial.record(&trial.sound(10_000));
        let original = trial.bytes();
        for bytes in edited(file_type, &original).into_iter().filter(|bytes| bytes.len() > 300_000) {
            let (kept, repaired) = repair(&trial, &bytes[..250_000]);
            assert_eq!(kept, Some(Kept { frames: 10_000, sample_rate: RATE }), "{file_type:?}");
            assert!(repaired == original, "{file_type:?}");
        }
    }
}

#[test]
fn a_disk_that_filled_the_end_with_zeros_costs_only_the_end() {
    for &file_type in FileType::ALL {
        // WAV and AIFF cannot know silence from zeros.
        if matches!(file_type, FileType::Wav | FileType::Aiff) {
            continue;
        }
        let trial = trial(file_type, Codec::Pcm16);
        trial.record(&trial.sound(60_000));
        let mut bytes = trial.bytes();
        bytes.extend(vec![0; 3 << 20]);
        let (kept, _) = repair(&trial, &bytes);
        if let Some(kept) = kept {
            assert_eq!(kept.frames, 60_000, "{file_type:?}");
        }
    }
}

#[test]
fn a_flac_file_whose_samples_have_an_impossible_number_of_bits() {
    let trial = trial(FileType::Flac, Codec::Pcm16);
    trial.record(&trial.sound(10_000));
    let original = trial.bytes();
    // The number stands in the 5 bits from bit 103 of STREAMINFO on, which begins at byte 8 (RFC 9639, 8.2).
    for bits in 0..32u8 {
        let mut bytes = original.clone();
        bytes[8 + 12] = bytes[8 + 12] & !1 | bits >> 4;
        bytes[8 + 13] = bytes[8 + 13] & 0x0F | bits << 4;
        bytes.pop();
        let _ = repair(&trial, &bytes);
    }
}
