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
