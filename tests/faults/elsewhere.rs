//! The disk of a take fails, and the take goes on in the fallback folder.

use crate::common::files_in;
use crate::common::riff::Chunks;
use crate::recorder::{OLD, Recorder, TYPES, Type};
use faulty_disk::{Call, EIO, ENOSPC, Fault};
use headless_host::ParamId;
use std::fs;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const RATE: u32 = 48_000;

const MARKER: ParamId = ParamId::named("marker");

const LOUDNESS: ParamId = ParamId::named("loudness");

/// Of each take, 5 s at [`RATE`].
const FRAMES: usize = 240_000;

/// After so long the writer has refreshed its file.
const MORE_THAN_A_REFRESH: Duration = Duration::from_millis(250);

/// A recorder whose takes can go on in another folder.
fn recorder(file_type: Type, unique: bool, rate: u32) -> (Recorder, TempDir) {
    let mut recorder = Recorder::new(file_type, unique, rate);
    let fallback = tempfile::tempdir().unwrap();
    recorder.set_text("fallback", fallback.path().to_str().unwrap());
    (recorder, fallback)
}

/// Records a take as fast as it goes while the fault is there, and asserts that its two parts hold it without a gap.
fn run(file_type: Type, unique: bool, fault: Fault) {
    run_played(file_type, unique, RATE, fault, |recorder| recorder.play(FRAMES, true));
}

/// The same with any rate, and [`FRAMES`] frames that `play` plays.
fn run_played(file_type: Type, unique: bool, rate: u32, fault: Fault, play: impl Fn(&mut Recorder)) {
    let (mut recorder, fallback) = recorder(file_type, unique, rate);
    let old = recorder.folder.path().join("take").with_extension(file_type.extension);
    let first = recorder.at();
    recorder.disk.set(fault);
    play(&mut recorder);
    recorder.play(100, false);
    let take = recorder.take(0);
    recorder.disk.set(Fault::None);
    let what = format!("{}, unique {unique}, {rate} Hz, {fault:?}: {take:?}", file_type.extension);
    assert_eq!((take.frames, take.lost, &take.errors), (FRAMES, 0, &vec![]), "{what}");
    let begun = recorder.files().into_iter().filter(|path| unique || *path != old);
    let mut kept = 0;
    for path in begun.chain(files_in(fallback.path())) {
        kept += recorder.assert_sound(&path, first + kept);
    }
    assert_eq!(kept, FRAMES, "{what}");
    assert_eq!(take.path, files_in(fallback.path()).pop(), "{what}");
    assert!(unique || fs::read(old).unwrap() == OLD, "{what}");
}

fn in_every_type(check: impl Fn(Type) + Sync) {
    thread::scope(|scope| {
        for file_type in TYPES {
            let check = &check;
            scope.spawn(move || check(file_type));
        }
    });
}

#[test]
fn a_take_on_a_full_disk_goes_on_elsewhere_without_a_missing_frame() {
    in_every_type(|file_type| {
        for room in [0, 20, 4_000, 30_001, 60_007] {
            for unique in [true, false] {
                run(file_type, unique, Fault::Room(room));
            }
        }
    });
}

/// After each refresh the recorder forgets what the file surely holds.
#[test]
fn a_take_whose_file_was_refreshed_goes_on_elsewhere_without_a_missing_frame() {
    let slowly = |recorder: &mut Recorder| {
        for _ in 0..8 {
            recorder.play(FRAMES / 8, true);
            thread::sleep(MORE_THAN_A_REFRESH);
        }
    };
    in_every_type(|file_type| {
        for rate in [8_000, RATE] {
            let mut recorder = Recorder::new(file_type, true, rate);
            slowly(&mut recorder);
            recorder.play(100, false);
            let bytes = fs::metadata(recorder.take(0).path.unwrap()).unwrap().len();
            for room in [bytes / 2 + 7, bytes * 3 / 4, bytes * 9 / 10 + 1] {
                run_played(file_type, true, rate, Fault::Room(room), slowly);
            }
        }
    });
}

/// Nothing waits for the full disk but the end of the take.
#[test]
fn a_full_disk_whose_sync_hangs_does_not_hold_up_the_other() {
    let (mut recorder, fallback) = recorder(TYPES[0], true, RATE);
    let first = recorder.at();
    // 24 bits: the disk is full about a second after the first sync.
    let second = 2 * 3 * u64::from(RATE);
    recorder.disk.set(Fault::RoomAndHanging { room: 5 * second, of: |call| call == Call::Sync });
    recorder.play_until("the other part", |_| {
        files_in(fallback.path()).iter().any(|path| path.metadata().unwrap().len() > second)
    });
    assert!(recorder.disk.calls().contains(&Call::Sync));
    recorder.disk.set(Fault::None);
    let frames = recorder.at() - first;
    recorder.play(100, false);
    let take = recorder.take(0);
    assert_eq!((take.frames, take.lost, &take.errors), (frames, 0, &vec![]), "{take:?}");
    let kept = recorder.assert_sound(&recorder.files()[0], first);
    assert_eq!(kept + recorder.assert_sound(take.path.as_ref().unwrap(), first + kept), frames);
}

#[test]
fn a_take_on_a_disk_that_is_pulled_out_goes_on_elsewhere() {
    in_every_type(|file_type| {
        let mut recorder = Recorder::new(file_type, true, RATE);
        recorder.play(FRAMES, true);
        recorder.play(100, false);
        recorder.take(0);
        // Behind the calls that make the file.
        let calls = recorder.disk.calls().len();
        for call in (calls / 2..calls).step_by(3) {
            let fault = Fault::Once { call, errno: EIO };
            let (mut recorder, fallback) = self::recorder(file_type, true, RATE);
            let first = recorder.at();
            recorder.disk.set(fault);
            recorder.play(FRAMES, true);
            recorder.play(100, false);
            let take = recorder.take(0);
            recorder.disk.set(Fault::None);
            if take.errors.iter().any(|error| error.contains("could not be begun")) {
                continue;
            }
            let mut kept = 0;
            for path in recorder.files().into_iter().chain(files_in(fallback.path())) {
                kept += recorder.assert_sound(&path, first + kept);
            }
            assert!(kept >= FRAMES && take.lost == 0, "{} {fault:?}: {kept} frames, {take:?}", file_type.extension);
        }
    });
}

#[test]
fn a_take_whose_fallback_fails_too_ends_with_what_fits() {
    for file_type in TYPES {
        let mut recorder = Recorder::new(file_type, true, RATE);
        let fallback = recorder.folder.path().join("fallback");
        recorder.set_text("fallback", fallback.to_str().unwrap());
        recorder.disk.set(Fault::Room(30_000));
        recorder.play(FRAMES, true);
        recorder.play(100, false);
        let take = recorder.take(0);
        assert!(take.lost > 0 && take.errors.len() == 1, "{take:?}");
        recorder.disk.set(Fault::None);
        recorder.assert_take_works(1);
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_told_and_nothing_goes_elsewhere() {
    let (mut recorder, fallback) = recorder(TYPES[0], true, RATE);
    recorder.disk.set(Fault::From { call: 0, errno: faulty_disk::EACCES });
    recorder.play(1_000, true);
    recorder.play(100, false);
    let take = recorder.take(0);
    recorder.disk.set(Fault::None);
    assert_eq!((take.lost, take.errors.len()), (1_000, 1), "{take:?}");
    assert!(files_in(fallback.path()).is_empty());
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_the_whole_take_elsewhere() {
    for unique in [true, false] {
        run(TYPES[0], unique, Fault::From { call: 0, errno: ENOSPC });
    }
}

#[test]
fn each_file_of_a_take_tells_its_own_loudness_and_one_that_failed_none() {
    let names_gain = |path: &std::path::Path| {
        let name = b"REPLAYGAIN_TRACK_GAIN";
        fs::read(path).unwrap().windows(name.len()).any(|window| window == name)
    };
    for file_type in TYPES.into_iter().filter(|file_type| matches!(file_type.extension, "mp3" | "ogg" | "flac")) {
        let (mut recorder, fallback) = recorder(file_type, true, RATE);
        recorder.set(LOUDNESS, 1.0);
        recorder.disk.set(Fault::Room(60_000));
        recorder.play(FRAMES, true);
        recorder.play(100, false);
        recorder.take(0);
        recorder.disk.set(Fault::None);
        let (first, second) = (recorder.files(), files_in(fallback.path()));
        let told = [first, second].map(|files| names_gain(&files[0]));
        assert_eq!(told, [false, true], "{}", file_type.extension);
    }
}

/// Those between the last refresh and the failure, too.
#[test]
fn every_marker_is_in_one_of_the_files_of_a_take_that_goes_on_elsewhere() {
    let (mut recorder, fallback) = recorder(TYPES[0], true, RATE);
    recorder.disk.set(Fault::Room(500_000));
    const MARKERS: usize = 60;
    for _ in 0..MARKERS {
        recorder.play(3_000, true);
        recorder.set(MARKER, 1.0);
        recorder.set(MARKER, 0.0);
        thread::sleep(Duration::from_millis(7));
    }
    recorder.play(100, false);
    recorder.take(0);
    recorder.disk.set(Fault::None);
    let files = [recorder.files(), files_in(fallback.path())].concat();
    assert_eq!(files.len(), 2);
    let told: Vec<_> = files.iter().flat_map(|path| Chunks::of(path).markers()).map(|(_, text)| text).collect();
    let set = (1..=MARKERS).map(|number| format!("Marker {number}"));
    for text in set.chain(["Disk failed".to_owned()]) {
        assert_eq!(told.iter().filter(|told| **told == text).count(), 1, "{text}: {told:?}");
    }
}
