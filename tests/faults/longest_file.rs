//! The file system lets a file become only so long, as FAT does with 4 GiB: the take goes on in the next part.

use crate::common::riff::Chunks;
use crate::common::{decode, files_in, instance_in, record, sound};
use crate::recorder::{OLD, Recorder, TYPES, Type, assert_holds};
use faulty_disk::Fault;
use headless_host::{Render, Setup};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

const RATE: u32 = 48_000;

/// Of each take: 8 s.
const FRAMES: usize = 8 * RATE as usize;

/// After so long the writer has refreshed its file.
const MORE_THAN_A_REFRESH: Duration = Duration::from_millis(250);

/// Records a take of [`FRAMES`] frames in pieces and asserts that its parts hold it without a gap. Says how many there are.
fn run(file_type: Type, unique: bool, most_bytes: u64, pieces: usize) -> usize {
    let mut recorder = Recorder::new(file_type, unique, RATE);
    let old = recorder.folder.path().join("take").with_extension(file_type.extension);
    let first = recorder.at();
    recorder.disk.set(Fault::LongestFile(most_bytes));
    for _ in 0..pieces {
        recorder.play(FRAMES / pieces, true);
        if pieces > 1 {
            thread::sleep(MORE_THAN_A_REFRESH);
        }
    }
    recorder.play(100, false);
    let take = recorder.take(0);
    recorder.disk.set(Fault::None);
    let what = format!("{}, unique {unique}, {most_bytes} bytes: {take:?}", file_type.extension);
    assert_eq!((take.frames, take.lost, &take.errors), (FRAMES, 0, &vec![]), "{what}");
    let parts = parts(&recorder);
    let mut kept = 0;
    for path in &parts {
        assert!(path.metadata().unwrap().len() <= most_bytes, "{what}");
        kept += recorder.assert_sound(path, first + kept);
    }
    assert_eq!(kept, FRAMES, "{what}");
    assert_eq!(take.path.as_ref(), parts.last(), "{what}");
    assert!(unique || parts.contains(&old) && fs::read(old).unwrap() != OLD, "{what}");
    parts.len()
}

/// The files, those of one take in order: `take.wav`, `take (2).wav`, …
fn parts(recorder: &Recorder) -> Vec<PathBuf> {
    in_order(files_in(recorder.folder.path()))
}

fn in_order(mut parts: Vec<PathBuf>) -> Vec<PathBuf> {
    let number = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        stem.split_once('(').map_or(1, |(_, rest)| rest.trim_end_matches(')').parse().unwrap())
    };
    parts.sort_by_key(number);
    parts
}

fn bytes_of_a_take(file_type: Type) -> u64 {
    let mut recorder = Recorder::new(file_type, true, RATE);
    recorder.play(FRAMES, true);
    recorder.play(100, false);
    fs::metadata(recorder.take(0).path.unwrap()).unwrap().len()
}

#[test]
fn a_take_goes_on_in_the_next_part_without_a_missing_frame() {
    thread::scope(|scope| {
        for file_type in TYPES {
            scope.spawn(move || {
                let bytes = bytes_of_a_take(file_type);
                for pieces in [1, 4] {
                    // An odd number of bytes, too: there is no room to pad the sound then.
                    for part in [2, 3] {
                        let most = bytes / part + 5_001;
                        let parts = run(file_type, part == 2, most, pieces);
                        assert!((2..=4).contains(&parts), "{parts} parts of {} of {bytes}", most);
                    }
                }
            });
        }
    });
}

#[test]
fn a_file_system_that_takes_next_to_nothing_ends_the_take_and_not_in_thousands_of_files() {
    for file_type in TYPES {
        let mut recorder = Recorder::new(file_type, true, RATE);
        recorder.disk.set(Fault::LongestFile(20_000));
        recorder.play(FRAMES, true);
        recorder.play(100, false);
        let take = recorder.take(0);
        recorder.disk.set(Fault::None);
        assert_eq!(take.errors.len(), 1, "{take:?}");
        assert!(take.lost > 0 && recorder.files().len() <= 2, "{take:?}");
        recorder.assert_take_works(1);
    }
}

#[test]
fn every_part_knows_its_own_place_in_the_song_to_the_frame() {
    let mut recorder = Recorder::new(TYPES[0], true, RATE);
    recorder.set_song(10.0);
    recorder.disk.set(Fault::LongestFile(1_000_001));
    recorder.play(FRAMES, true);
    recorder.play(100, false);
    recorder.take(0);
    recorder.disk.set(Fault::None);
    let parts = parts(&recorder);
    let mut expected = 10 * u64::from(RATE);
    for path in &parts {
        assert_eq!(Chunks::of(path).time_reference(), expected, "{}", path.display());
        expected += crate::common::count_frames(path, RATE) as u64;
    }
    assert!(parts.len() > 2);
}

/// The child's order: its folder.
const ORDERS: &str = "AUDIO_FILE_OUT_TEST_LONGEST_FILE";

/// Bytes that the child's files may have.
const LIMIT: u64 = 500_001;

/// Records in a process whose files may not become longer: a write that goes too far also raises SIGXFSZ.
#[test]
#[ignore = "the child of the other test"]
fn child() {
    let Ok(folder) = std::env::var(ORDERS) else { return };
    let limit = libc::rlimit { rlim_cur: LIMIT, rlim_max: LIMIT };
    // SAFETY: the call reads the limit and keeps no pointer to it.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
    let mut instance = instance_in(folder.as_ref());
    instance.set_text("fallback", &folder).unwrap();
    let mut processor = instance.activate(Setup::new(f64::from(RATE), 512)).unwrap();
    Render::new(&sound(2), 0..FRAMES).changes(&[record(0, true)]).play(&mut processor).unwrap();
    instance.deactivate(processor);
}

#[test]
fn a_limit_of_the_process_ends_a_part_and_not_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let host = Command::new(std::env::current_exe().unwrap())
        .args(["longest_file::child", "--exact", "--ignored", "--test-threads=1"])
        .env(ORDERS, folder.path())
        .output()
        .unwrap();
    assert!(host.status.success(), "{host:?}");
    let parts = in_order(files_in(folder.path()));
    assert!(parts.len() > 2 && parts.iter().all(|path| path.metadata().unwrap().len() <= LIMIT), "{parts:?}");
    let mut kept = 0;
    for path in &parts {
        let part = decode(path);
        assert_holds(&part, kept, path);
        kept += part.frames();
    }
    assert_eq!(kept, FRAMES);
}
