//! A take in several files, one after the other.

use super::*;
use crate::core::format::{FileType, Split};
use crate::disk::testing::read_back::decode;
use proptest::prelude::*;
use std::fs;

/// TimeReference of `bext`: the song's position at the first frame.
fn time_reference(bytes: &[u8]) -> u64 {
    let bext = bytes.windows(4).position(|window| window == b"bext").unwrap() + 8;
    u64::from_le_bytes(bytes[bext + 338..][..8].try_into().unwrap())
}

/// The frames of the markers in the file's `cue ` chunk.
fn marked_frames(bytes: &[u8]) -> Vec<u32> {
    let Some(cue) = bytes.windows(4).position(|window| window == b"cue ") else { return Vec::new() };
    let word = |at: usize| u32::from_le_bytes(bytes[at..][..4].try_into().unwrap());
    (0..word(cue + 8) as usize).map(|point| word(cue + 12 + 24 * point + 4)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_files_of_the_passes_are_the_whole_take_each_from_its_jump_on(
        (arriving, wanted) in prop_oneof![
            Just((48_000, Rate::Host)), Just((44_100, Rate::R48000)), Just((96_000, Rate::R44100)),
            Just((44_056, Rate::R44100)),
        ],
        blocks in prop::collection::vec((1usize..2_500, prop::bool::weighted(0.3)), 1..14),
    ) {
        let mut recorder = Recorder::new(2, arriving);
        recorder.settings.rate = wanted;
        let record = |split| {
            let recorder = Recorder { settings: TakeSettings { split, ..recorder.settings }, ..Recorder::new(2, arriving) };
            let mut take = recorder.begin(1.0);
            let (mut start, mut begins) = (0, vec![(0, 1.0)]);
            for &(frames, jumps) in &blocks {
                if jumps {
                    let seconds = 10.0 + start as f64;
                    take.song_goes_on(Some(seconds), true, 0);
                    begins.push((start, seconds));
                }
                write(&mut take, start, frames);
                start += frames as u64;
            }
            // The jump is the song's first moment, too.
            begins.dedup_by_key(|(frame, _)| *frame);
            let rate = take.sample_rate();
            let paths = finish(take);
            let read: Vec<_> = paths.iter().map(|path| (fs::read(path).unwrap(), samples_of(path))).collect();
            (read, begins, rate)
        };
        let (whole, _, _) = record(Split::Off);
        let (passes, begins, rate) = record(Split::Jumps);
        prop_assert_eq!(whole.len(), 1);
        let together: Vec<f32> = passes.iter().flat_map(|(_, samples)| samples).copied().collect();
        prop_assert!(together == whole[0].1, "the passes are not the take");
        prop_assert_eq!(passes.len(), begins.len());
        let mut at = 0;
        for (number, ((bytes, samples), (arrived, seconds))) in passes.iter().zip(begins).enumerate() {
            prop_assert_eq!(at, resampled_frames(arrived, arriving, rate), "where file {} begins", number);
            at += samples.len() as u64 / 2;
            if number > 0 {
                prop_assert_eq!(time_reference(bytes), (seconds * f64::from(rate)).round() as u64);
            }
            prop_assert_eq!(marked_frames(bytes), Vec::<u32>::new());
        }
    }
}

#[test]
fn files_of_minutes_are_numbered_and_hold_their_own_frames_markers_and_position() {
    let mut recorder = Recorder::new(1, 100);
    recorder.settings.split = Split::M5;
    fs::write(recorder.folder.path().join("take-002.wav"), "of another take").unwrap();
    let mut take = recorder.begin(60.0);
    let mut start = 0;
    for frames in [29_999, 1_001, 30_000, 9_000] {
        write(&mut take, start, frames);
        start += frames as u64;
        take.set_marker(0);
    }
    let paths = finish(take);
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(paths.iter().map(name).collect::<Vec<_>>(), ["take-001.wav", "take-003.wav", "take-004.wav"]);
    let mut at = 0;
    for (path, (frames, seconds, markers, number)) in paths.iter().zip([
        (30_000, 60, vec![29_999], 1),
        (30_000, 360, vec![1_000], 3),
        (10_000, 660, vec![1_000, 10_000], 4),
    ]) {
        let (bytes, samples) = (fs::read(path).unwrap(), samples_of(path));
        assert_eq!(samples, (at..at + frames).map(|frame| sample(0, frame)).collect::<Vec<_>>());
        assert_eq!((time_reference(&bytes), marked_frames(&bytes)), (seconds * 100, markers), "file {number}");
        let number = format!("<TAKE>{number}</TAKE>");
        assert!(bytes.windows(number.len()).any(|window| window == number.as_bytes()), "no {number}");
        at += frames;
    }
}

#[test]
fn every_file_of_a_split_lossy_take_plays_its_exact_length() {
    for file_type in [FileType::Mp3, FileType::Ogg, FileType::Flac, FileType::Aiff] {
        let mut recorder = Recorder::new(2, 48_000);
        recorder.settings.file_type = file_type;
        recorder.settings.split = Split::Jumps;
        let mut take = recorder.begin(0.0);
        for pass in 0..4 {
            write(&mut take, pass * 7_001, 7_001);
            take.song_goes_on(Some(0.0), true, 0);
        }
        let paths = finish(take);
        let frames: Vec<_> = paths.iter().map(|path| decode(path).frames()).collect();
        assert_eq!(frames, [7_001; 4], "{file_type:?}");
        assert_eq!(recorder.names().len(), 4, "nothing begins at a jump behind the last frame");
    }
}

#[test]
fn without_a_number_of_its_own_a_file_is_the_next_part_and_replaces_none_of_another_take() {
    let mut recorder = Recorder::new(1, 100);
    recorder.settings = TakeSettings { split: Split::M5, unique_suffix: false, ..recorder.settings };
    for name in ["take.wav", "take (2).wav"] {
        fs::write(recorder.folder.path().join(name), "old").unwrap();
    }
    let mut take = recorder.begin(0.0);
    write(&mut take, 0, 90_000);
    assert_eq!(finish(take).len(), 3);
    assert_eq!(recorder.names(), ["take (2).wav", "take (3).wav", "take (4).wav", "take.wav"]);
    assert_eq!(fs::read(recorder.folder.path().join("take (2).wav")).unwrap(), b"old");
    for (name, start) in [("take.wav", 0), ("take (3).wav", 30_000), ("take (4).wav", 60_000)] {
        let expected: Vec<_> = (start..start + 30_000).map(|frame| sample(0, frame)).collect();
        assert_eq!(samples_of(&recorder.folder.path().join(name)), expected, "{name}");
    }
}

#[test]
fn a_jump_at_the_first_frame_leaves_no_empty_file() {
    let mut recorder = Recorder::new(1, 48_000);
    recorder.settings.split = Split::Jumps;
    let mut take = recorder.begin(0.0);
    take.song_goes_on(Some(5.0), true, 0);
    write(&mut take, 0, 100);
    assert_eq!(finish(take).len(), 1);
}

#[test]
fn a_file_that_was_moved_while_it_was_recorded_ends_no_split_take() {
    let mut recorder = Recorder::new(1, 48_000);
    recorder.settings.split = Split::Jumps;
    let mut take = recorder.begin(0.0);
    write(&mut take, 0, 1_000);
    fs::rename(take.path(), recorder.folder.path().join("mine.wav")).unwrap();
    take.song_goes_on(Some(5.0), true, 0);
    write(&mut take, 1_000, 1_000);
    let (figures, result) = take.finish();
    result.unwrap();
    assert!(figures.news[0].contains("moved"), "{:?}", figures.news);
    assert_eq!((figures.paths.len(), recorder.names().len()), (1, 2));
    assert_eq!(samples_of(&recorder.folder.path().join("mine.wav")).len(), 1_000);
}
