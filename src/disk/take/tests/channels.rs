//! A take in several files side by side, one for each channel.

use super::*;
use crate::core::format::{FileType, Files, Split};
use crate::disk::testing::read_back::decode;
use proptest::prelude::*;
use std::fs;

fn recorder(channels: usize) -> Recorder {
    let recorder = Recorder::new(channels, 48_000);
    Recorder { settings: TakeSettings { files: Files::Each, ..recorder.settings }, ..recorder }
}

fn channel(channel: usize, frames: std::ops::Range<u64>) -> Vec<f32> {
    frames.map(|frame| sample(channel, frame)).collect()
}

#[test]
fn each_file_is_named_for_its_channel_and_holds_nothing_else() {
    for (channels, names) in [(1, vec!["1"]), (2, vec!["L", "R"]), (3, vec!["1", "2", "3"])] {
        let recorder = recorder(channels);
        let mut take = recorder.begin(0.0);
        write(&mut take, 0, 1_000);
        write(&mut take, 1_000, 500);
        assert!(take.path().ends_with(format!("take-001_{}.wav", names[0])));
        let paths = finish(take);
        for (index, (path, name)) in paths.iter().zip(&names).enumerate() {
            assert!(path.ends_with(format!("take-001_{name}.wav")), "{}", path.display());
            assert_eq!(hound::WavReader::open(path).unwrap().spec().channels, 1);
            assert_eq!(samples_of(path), channel(index, 0..1_500));
            let bytes = fs::read(path).unwrap();
            let track = if channels == 2 { (*name).to_owned() } else { format!("chan{}", index + 1) };
            // The channel of the take, and its place in the file.
            let indices = format!("<CHANNEL_INDEX>{}</CHANNEL_INDEX>\n<INTERLEAVE_INDEX>1<", index + 1);
            let track = format!("{indices}/INTERLEAVE_INDEX>\n<NAME>{track}<");
            assert!(bytes.windows(track.len()).any(|window| window == track.as_bytes()), "channel {index}");
        }
        assert_eq!(recorder.names().len(), channels);
    }
}

#[test]
fn the_channels_of_a_scope_keep_the_numbers_that_they_have_on_the_track() {
    let names = |channels: u64, track| ChannelSet(channels).file_names(Files::Each, track);
    assert_eq!(names(0b1100, 6), ["3", "4"]);
    assert_eq!((names(0b10, 2), names(0b10, 3)), (vec!["R".to_owned()], vec!["2".to_owned()]));
    assert_eq!(names(u64::MAX, 64)[63], "64");
    assert!(ChannelSet::first(2).file_names(Files::One, 2).is_empty());
}

#[test]
fn every_file_type_takes_64_channels_that_way_and_each_file_has_its_length() {
    for file_type in [FileType::Wav, FileType::Mp3, FileType::Ogg, FileType::Aiff, FileType::Flac] {
        let mut recorder = recorder(64);
        recorder.settings.file_type = file_type;
        let mut take = recorder.begin(0.0);
        write(&mut take, 0, 3_000);
        let bytes = take.bytes();
        let (figures, result) = take.finish();
        result.unwrap();
        assert_eq!(figures.paths.len(), 64);
        let lengths = figures.paths.iter().map(|path| fs::metadata(path).unwrap().len());
        assert_eq!(figures.bytes, lengths.sum::<u64>());
        assert!(bytes > 0 && figures.newest_path.as_ref() == figures.paths.first());
        for path in [&figures.paths[0], &figures.paths[63]] {
            let read = decode(path);
            assert_eq!((read.channels, read.frames()), (1, 3_000), "{file_type:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_channel_is_whole_over_all_passes_of_a_split_take(
        channels in 2usize..5, blocks in prop::collection::vec((1usize..800, prop::bool::weighted(0.3)), 1..8),
    ) {
        let mut recorder = recorder(channels);
        recorder.settings.split = Split::Jumps;
        let mut take = recorder.begin(0.0);
        let mut start = 0;
        for (frames, jumps) in blocks {
            if jumps {
                take.song_goes_on(Some(0.0), true, 0);
            }
            write(&mut take, start, frames);
            start += frames as u64;
        }
        let paths = finish(take);
        prop_assert_eq!(paths.len() % channels, 0);
        for index in 0..channels {
            let together: Vec<f32> = paths.iter().skip(index).step_by(channels).flat_map(|path| samples_of(path)).collect();
            prop_assert!(together == channel(index, 0..start), "channel {}", index);
        }
    }
}

#[test]
fn each_channel_replaces_its_own_older_file() {
    let mut recorder = recorder(2);
    recorder.settings.unique_suffix = false;
    fs::write(recorder.folder.path().join("take_R.wav"), "old").unwrap();
    let mut take = recorder.begin(0.0);
    write(&mut take, 0, 100);
    assert_eq!(recorder.names(), ["take_L.wav", "take_R (recording).wav", "take_R.wav"]);
    finish(take);
    assert_eq!(recorder.names(), ["take_L.wav", "take_R.wav"]);
    assert_eq!(samples_of(&recorder.folder.path().join("take_R.wav")), channel(1, 0..100));
}
