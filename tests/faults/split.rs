//! A take that is split at every pass of a loop, while its disk fails.

use crate::common::{AT_SONG_JUMPS, SPLIT, files_in};
use crate::log;
use crate::recorder::{Recorder, TYPES, Told, Type};
use faulty_disk::{Call, EACCES, EIO, ENOSPC, Fault};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RATE: u32 = 48_000;

/// Frames of one pass of the loop.
const PASS: usize = 30_000;
const PASSES: usize = 6;

/// After so long the writer has refreshed its file.
const MORE_THAN_A_REFRESH: Duration = Duration::from_millis(250);

/// A recorder of passes that can go on in another folder.
fn recorder(file_type: Type, unique: bool) -> (Recorder, TempDir) {
    let mut recorder = Recorder::new(file_type, unique, RATE);
    let fallback = tempfile::tempdir().unwrap();
    recorder.set_text("fallback", fallback.path().to_str().unwrap());
    recorder.set(SPLIT, AT_SONG_JUMPS);
    (recorder, fallback)
}

/// Records the passes; `between` is done in the middle of them.
fn record(recorder: &mut Recorder, between: impl FnOnce(&mut Recorder)) -> Told {
    let mut between = Some(between);
    for pass in 0..PASSES {
        if pass == PASSES / 2 {
            between.take().unwrap()(recorder);
        }
        recorder.set_song(0.0);
        recorder.play(PASS, true);
    }
    recorder.play(100, false);
    recorder.take(0)
}

/// Names in the order of the sound: by number, and then by part.
fn in_order(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_in(folder);
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.sort_by_key(|path| {
        let name = name(path);
        let (name, part) = name.split_once(" (").unwrap_or((&name, "1)"));
        (name.to_owned(), part.trim_end_matches(')').parse::<u32>().unwrap())
    });
    files
}

/// Asserts that the files hold the take without a gap, and says how many frames each of them has.
fn assert_whole(recorder: &Recorder, first: usize, files: impl IntoIterator<Item = PathBuf>, what: &str) -> Vec<usize> {
    let mut kept = Vec::new();
    for path in files {
        kept.push(recorder.assert_sound(&path, first + kept.iter().sum::<usize>()));
    }
    assert_eq!(kept.iter().sum::<usize>(), PASSES * PASS, "{kept:?}: {what}");
    kept
}

#[test]
fn a_disk_that_gets_full_at_any_place_leaves_the_rest_of_the_passes_elsewhere() {
    thread::scope(|scope| {
        for file_type in TYPES {
            scope.spawn(move || {
                for room in [0, 20, 5_000, 20_000, 200_001, 300_000] {
                    let (mut recorder, fallback) = recorder(file_type, true);
                    let first = recorder.at();
                    recorder.disk.set(Fault::Room(room));
                    let take = record(&mut recorder, |_| thread::sleep(MORE_THAN_A_REFRESH));
                    recorder.disk.set(Fault::None);
                    let what = format!("{} {room}: {take:?}", file_type.extension);
                    assert_eq!((take.frames, take.lost, &take.errors), (PASSES * PASS, 0, &vec![]), "{what}");
                    let files: Vec<_> =
                        in_order(recorder.folder.path()).into_iter().chain(in_order(fallback.path())).collect();
                    assert_whole(&recorder, first, files, &what);
                }
            });
        }
    });
}

#[test]
fn a_disk_that_is_full_when_the_next_file_begins_has_it_begin_elsewhere() {
    let (mut recorder, fallback) = recorder(TYPES[0], true);
    let first = recorder.at();
    let take = record(&mut recorder, |recorder| {
        thread::sleep(MORE_THAN_A_REFRESH);
        recorder.disk.set(Fault::Every { of: |call| call == Call::Open, errno: ENOSPC });
    });
    recorder.disk.set(Fault::None);
    assert_eq!((take.frames, take.lost, &take.errors), (PASSES * PASS, 0, &vec![]), "{take:?}");
    let (here, elsewhere) = (in_order(recorder.folder.path()), in_order(fallback.path()));
    assert_eq!((here.len(), elsewhere.len()), (PASSES / 2, PASSES / 2));
    assert_eq!(elsewhere[0].file_name().unwrap(), "take-004.wav", "the numbers of a take rise");
    let kept = assert_whole(&recorder, first, here.into_iter().chain(elsewhere), "elsewhere");
    assert_eq!(kept, [PASS; PASSES]);
}

#[test]
fn a_file_that_cannot_be_begun_leaves_the_take_in_the_open_one_and_says_so() {
    let (mut recorder, fallback) = recorder(TYPES[0], true);
    let first = recorder.at();
    let take = record(&mut recorder, |recorder| {
        thread::sleep(MORE_THAN_A_REFRESH);
        recorder.disk.set(Fault::Every { of: |call| call == Call::Open, errno: EACCES });
    });
    recorder.disk.set(Fault::None);
    assert_eq!((take.frames, take.lost, &take.errors), (PASSES * PASS, 0, &vec![]), "{take:?}");
    let kept = assert_whole(&recorder, first, in_order(recorder.folder.path()), "one file has the rest");
    assert_eq!(kept, [PASS, PASS, PASS * (PASSES - 2)]);
    assert!(files_in(fallback.path()).is_empty());
    let told = log::of(&recorder.disk.threads());
    let told: Vec<_> = told.iter().filter(|line| line.contains("Meanwhile the take goes on")).collect();
    assert_eq!(told.len(), PASSES / 2, "{told:?}");
}

#[test]
fn a_pass_that_outgrows_its_file_goes_on_in_its_next_part() {
    for file_type in TYPES.into_iter().filter(|file_type| file_type.keeps_samples) {
        let (mut recorder, _fallback) = recorder(file_type, true);
        let first = recorder.at();
        // More than a second, or the recorder takes it for a file system that takes next to nothing.
        let most = if file_type.extension == "flac" { 320_000 } else { 300_000 };
        recorder.disk.set(Fault::LongestFile(most));
        let longer = 60_000;
        for _ in 0..2 {
            recorder.set_song(0.0);
            recorder.play(longer, true);
            thread::sleep(MORE_THAN_A_REFRESH);
        }
        recorder.play(100, false);
        let take = recorder.take(0);
        recorder.disk.set(Fault::None);
        assert_eq!((take.frames, take.lost, &take.errors), (2 * longer, 0, &vec![]), "{take:?}");
        let mut at = 0;
        for path in in_order(recorder.folder.path()) {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(at % longer == 0, !name.contains('('), "{name} begins at frame {at}");
            at += recorder.assert_sound(&path, first + at);
        }
        assert_eq!(at, 2 * longer);
    }
}

fn wait_until(has_come: impl Fn() -> bool) {
    let start = Instant::now();
    while !has_come() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What is complete is brought to the medium while the next file is written.
#[test]
fn a_sync_that_hangs_holds_up_no_split_take() {
    let (mut recorder, _fallback) = recorder(TYPES[0], false);
    let first = recorder.at();
    recorder.disk.set(Fault::Hanging(|call| call == Call::Sync));
    for _ in 0..3 {
        recorder.set_song(0.0);
        recorder.play(PASS, true);
    }
    wait_until(|| recorder.disk.calls().contains(&Call::Sync));
    wait_until(|| recorder.folder.path().join("take (3).wav").exists());
    recorder.disk.set(Fault::None);
    recorder.play(100, false);
    let take = recorder.take(0);
    assert_eq!((take.frames, take.lost, &take.errors), (3 * PASS, 0, &vec![]), "{take:?}");
    let files = in_order(recorder.folder.path());
    let kept: Vec<_> =
        files.iter().enumerate().map(|(pass, path)| recorder.assert_sound(path, first + pass * PASS)).collect();
    assert_eq!(kept, [PASS; 3]);
}

#[test]
fn a_complete_file_whose_sync_fails_is_told_and_stays() {
    let (mut recorder, _fallback) = recorder(TYPES[0], true);
    let folder = recorder.folder.path().to_str().unwrap().to_owned();
    recorder.set_text("fallback", &folder);
    let first = recorder.at();
    recorder.disk.set(Fault::Every { of: |call| call == Call::Sync, errno: EIO });
    let take = record(&mut recorder, |_| ());
    recorder.disk.set(Fault::None);
    assert_eq!(take.errors.len(), 1, "{take:?}");
    let kept: usize =
        in_order(recorder.folder.path()).iter().fold(0, |at, path| at + recorder.assert_sound(path, first + at));
    assert_eq!(kept, take.frames - take.lost, "{take:?}");
}
