//! A take with one file for each channel, while its disk fails: each channel on its own has every frame, once.

use crate::common::{AT_SONG_JUMPS, FILES, ONE_FOR_EACH_CHANNEL, SPLIT, count_frames, decode, files_in, sample};
use crate::recorder::{Recorder, TYPES, Told, Type};
use faulty_disk::{EIO, ENOSPC, Fault};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const RATE: u32 = 48_000;

/// Of each take, in two halves.
const FRAMES: usize = 80_000;

/// After so long the writer has refreshed its files.
const MORE_THAN_A_REFRESH: Duration = Duration::from_millis(250);

/// A recorder of stereo whose takes can go on in another folder.
fn recorder(file_type: Type, unique: bool) -> (Recorder, TempDir) {
    let mut recorder = Recorder::new(file_type, unique, RATE);
    let fallback = tempfile::tempdir().unwrap();
    recorder.set_text("fallback", fallback.path().to_str().unwrap());
    recorder.set(FILES, ONE_FOR_EACH_CHANNEL);
    (recorder, fallback)
}

/// Records a take, which is refreshed in the middle.
fn record(recorder: &mut Recorder) -> Told {
    recorder.play(FRAMES / 2, true);
    thread::sleep(MORE_THAN_A_REFRESH);
    recorder.play(FRAMES / 2, true);
    recorder.play(100, false);
    recorder.take(0)
}

/// A channel's files in the order of the sound: by number, and then by part.
fn files_of(channel: &str, folder: &Path) -> Vec<PathBuf> {
    let mut files = files_in(folder);
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.retain(|path| stem(path).contains(&format!("_{channel}")));
    files.sort_by_key(|path| {
        let stem = stem(path);
        let (name, part) = stem.split_once(" (").unwrap_or((&stem, "1)"));
        (name.to_owned(), part.trim_end_matches(')').parse::<u32>().unwrap())
    });
    files
}

/// Asserts that the files in these folders hold a take that began at the frame `first` of the input. Says how many frames
/// each file has, by channels.
fn assert_channels(recorder: &Recorder, first: usize, folders: &[&Path], what: &str) -> [Vec<usize>; 2] {
    let channels = [(0, "L"), (1, "R")].map(|(channel, name)| {
        let mut lengths = Vec::new();
        for path in folders.iter().flat_map(|folder| files_of(name, folder)) {
            let at = first + lengths.iter().sum::<usize>();
            if !recorder.file_type.keeps_samples {
                lengths.push(count_frames(&path, RATE));
                continue;
            }
            let take = decode(&path);
            assert_eq!(take.channels(), 1, "{what}");
            for (frame, &value) in take.planar[0].iter().enumerate() {
                let expected = f64::from(sample(channel, at + frame));
                assert_eq!(value, expected, "{}: frame {frame}: {what}", path.display());
            }
            lengths.push(take.frames());
        }
        lengths
    });
    for lengths in &channels {
        assert_eq!(lengths.iter().sum::<usize>(), FRAMES, "{channels:?}: {what}");
    }
    channels
}

#[test]
fn a_disk_that_gets_full_at_any_place_leaves_the_rest_of_all_channels_elsewhere() {
    thread::scope(|scope| {
        for file_type in TYPES {
            scope.spawn(move || {
                for room in [0, 20, 5_000, 9_000, 30_001, 100_001] {
                    let (mut recorder, fallback) = recorder(file_type, true);
                    let first = recorder.at();
                    recorder.disk.set(Fault::Room(room));
                    let take = record(&mut recorder);
                    recorder.disk.set(Fault::None);
                    let what = format!("{} {room}: {take:?}", file_type.extension);
                    assert_eq!((take.frames, take.lost, &take.errors), (FRAMES, 0, &vec![]), "{what}");
                    let folders = [recorder.folder.path(), fallback.path()];
                    let [left, right] = assert_channels(&recorder, first, &folders, &what);
                    // Where one had room for all of a part there is nothing left for it elsewhere.
                    assert!(left.len().abs_diff(right.len()) <= 1, "{left:?} {right:?}: {what}");
                }
            });
        }
    });
}

/// Whatever fails, of whichever file: all of them go on elsewhere.
#[test]
fn any_one_call_fails_and_no_channel_lacks_or_doubles_a_frame() {
    let calls = {
        let (mut recorder, _fallback) = recorder(TYPES[0], true);
        recorder.disk.set(Fault::None);
        record(&mut recorder);
        recorder.disk.calls().len()
    };
    assert!(calls > 20, "{calls} calls");
    let run = |file_type: Type, call, errno| {
        let (mut recorder, fallback) = recorder(file_type, true);
        let first = recorder.at();
        recorder.disk.set(Fault::Once { call, errno });
        let take = record(&mut recorder);
        recorder.disk.set(Fault::None);
        let what = format!("{} call {call} {errno}: {take:?}", file_type.extension);
        if take.lost == 0 {
            assert_channels(&recorder, first, &[recorder.folder.path(), fallback.path()], &what);
        } else {
            // It could not even begin.
            assert_eq!((take.lost, take.errors.len()), (FRAMES, 1), "{what}");
            assert!(files_in(recorder.folder.path()).is_empty(), "{what}");
        }
    };
    let run = &run;
    thread::scope(|scope| {
        for file_type in TYPES.into_iter().filter(|file_type| matches!(file_type.extension, "wav" | "flac")) {
            for call in 0..calls {
                scope.spawn(move || run(file_type, call, if call % 2 == 0 { EIO } else { ENOSPC }));
            }
        }
    });
}

#[test]
fn all_channels_go_on_in_the_next_part_where_one_file_may_become_no_longer() {
    for unique in [true, false] {
        let (mut recorder, _fallback) = recorder(TYPES[0], unique);
        let first = recorder.at();
        recorder.disk.set(Fault::LongestFile(160_000));
        let take = record(&mut recorder);
        recorder.disk.set(Fault::None);
        assert_eq!((take.frames, take.lost, &take.errors), (FRAMES, 0, &vec![]), "{take:?}");
        let [left, right] = assert_channels(&recorder, first, &[recorder.folder.path()], "parts");
        assert!(left.len() == 2 && right.len() == 2, "{left:?} {right:?}");
    }
}

#[test]
fn all_channels_of_a_split_take_on_a_full_disk_go_on_elsewhere() {
    for room in [100_001, 200_001] {
        let (mut recorder, fallback) = recorder(TYPES[0], true);
        recorder.set(SPLIT, AT_SONG_JUMPS);
        let first = recorder.at();
        recorder.disk.set(Fault::Room(room));
        for _ in 0..4 {
            recorder.set_song(0.0);
            recorder.play(FRAMES / 4, true);
        }
        recorder.play(100, false);
        let take = recorder.take(0);
        recorder.disk.set(Fault::None);
        assert_eq!((take.frames, take.lost, &take.errors), (FRAMES, 0, &vec![]), "{take:?}");
        let folders = [recorder.folder.path(), fallback.path()];
        let channels = assert_channels(&recorder, first, &folders, &format!("{room} bytes"));
        for lengths in channels {
            let ends: Vec<_> = (1..=lengths.len()).map(|count| lengths[..count].iter().sum::<usize>()).collect();
            assert!((1..=4).all(|pass| ends.contains(&(pass * FRAMES / 4))), "no cut at a jump: {ends:?}");
        }
        assert!(fs::read_dir(fallback.path()).unwrap().count() > 0);
    }
}
