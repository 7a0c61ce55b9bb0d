//! A call of the file system fails: any call of a take, one run for each.

use crate::recorder::{OLD, Recorder, TYPES, Told, Type};
use faulty_disk::{Call, EACCES, EIO, ENOSPC, Fault};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A low rate: the more seconds in few frames. A take of more than four is synced.
const RATE: u32 = 8_000;

/// Of a track that runs for long.
const LIVE_RATE: u32 = 48_000;

/// Frames of a take, before and after the file is refreshed.
const FIRST_HALF: usize = 17_000;
const SECOND_HALF: usize = 17_001;

/// Longer than the writer waits until it refreshes a file.
const REFRESH: Duration = Duration::from_millis(280);

/// Runs at once: they mostly wait.
const AT_ONCE: usize = 48;

/// Records a take on a disk that fails, and another one when it has been mended. Gives the calls of the first.
fn run(file_type: Type, unique: bool, fault: Fault) -> Vec<Call> {
    let mut recorder = Recorder::new(file_type, unique, RATE);
    let first = recorder.at();
    recorder.disk.set(fault);
    recorder.play(FIRST_HALF, true);
    thread::sleep(REFRESH);
    recorder.play(SECOND_HALF, true);
    recorder.play(100, false);
    let take = recorder.take(0);
    let (calls, failed) = (recorder.disk.calls(), recorder.disk.failed());
    recorder.disk.set(Fault::None);
    let has_died = matches!(fault, Fault::From { .. });
    assert_take(&recorder, &take, first, unique, has_died);
    let costs_nothing = failed == 0 || matches!(fault, Fault::Halting);
    assert!(!costs_nothing || take.errors.is_empty(), "{take:?}");

    recorder.assert_take_works(1);
    calls
}

/// Asserts that the log tells the truth of a take that began at the frame `first` of the input, and that no file was
/// touched that is none of its own.
fn assert_take(recorder: &Recorder, take: &Told, first: usize, unique: bool, has_died: bool) {
    assert_eq!(take.frames, FIRST_HALF + SECOND_HALF, "{take:?}");
    if take.errors.is_empty() {
        assert_eq!(take.lost, 0, "lost without a word: {take:?}");
    }
    let told = take.frames - take.lost;
    // What a dead disk has of a take that hardly began is anything.
    let path = take.path.as_ref().filter(|_| told > 0);
    let kept = path.map_or(0, |path| recorder.assert_sound(path, first));
    let is_mp3 = recorder.file_type.extension == "mp3";
    let silence = if is_mp3 { 5 * 576 } else { 0 };
    // Only LAME's tag tells how long the silence at the end is: its last correction may be the call that fails.
    let most = if has_died || (is_mp3 && !take.errors.is_empty()) { take.frames + silence } else { told };
    assert!(told <= kept && kept <= most, "{kept} frames are there: {take:?}");
    let old = recorder.folder.path().join("take").with_extension(recorder.file_type.extension);
    for path in recorder.files() {
        if take.path.as_ref() == Some(&path) {
            continue;
        }
        let content = fs::read(&path).unwrap();
        // Who cannot remove a file leaves it, empty or with its header.
        let is_left = has_died && path.file_name().unwrap().to_str().unwrap().starts_with("take");
        assert!((!unique && path == old && content == OLD) || is_left, "{} is left: {take:?}", path.display());
    }
    assert!(unique || fs::exists(&old).unwrap(), "the old file is gone: {take:?}");
}

/// All runs, `AT_ONCE` at a time; every failure is told with its fault.
fn run_all(faults: Vec<(Type, bool, Fault)>) {
    let faults = Mutex::new(faults);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((file_type, unique, fault)) = { faults.lock().unwrap().pop() } {
                    let run = thread::spawn(move || run(file_type, unique, fault));
                    if run.join().is_err() {
                        let extension = file_type.extension;
                        failures.lock().unwrap().push(format!("{extension}, unique {unique}, {fault:?}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} runs failed: {failures:#?}", failures.len());
}

fn all_configurations() -> impl Iterator<Item = (Type, bool)> {
    TYPES.into_iter().flat_map(|file_type| [(file_type, true), (file_type, false)])
}

/// The calls that a take makes when nothing is wrong.
fn calls_of_a_take() -> BTreeMap<(usize, bool), usize> {
    thread::scope(|scope| {
        let runs: Vec<_> = all_configurations()
            .map(|(file_type, unique)| {
                ((file_type.index, unique), scope.spawn(move || run(file_type, unique, Fault::None).len()))
            })
            .collect();
        runs.into_iter().map(|(key, run)| (key, run.join().unwrap())).collect()
    })
}

fn faults_at_every_call(make: impl Fn(usize) -> Fault) -> Vec<(Type, bool, Fault)> {
    let calls = calls_of_a_take();
    all_configurations()
        .flat_map(|(file_type, unique)| {
            let calls = calls[&(file_type.index, unique)];
            assert!(calls > 10, "{} makes only {calls} calls", file_type.extension);
            (0..calls).map(move |call| (file_type, unique, call))
        })
        .map(|(file_type, unique, call)| (file_type, unique, make(call)))
        .collect()
}

#[test]
fn any_one_call_of_a_take_fails() {
    for errno in [EIO, ENOSPC, EACCES] {
        run_all(faults_at_every_call(|call| Fault::Once { call, errno }));
    }
}

#[test]
fn the_disk_dies_at_any_call_of_a_take() {
    run_all(faults_at_every_call(|call| Fault::From { call, errno: EIO }));
}

#[test]
fn writes_are_cut_short_and_calls_interrupted_all_the_time() {
    run_all(all_configurations().map(|(file_type, unique)| (file_type, unique, Fault::Halting)).collect());
}

#[test]
#[ignore = "long"]
fn the_disk_hangs_for_a_minute_and_a_live_track_loses_nothing() {
    thread::scope(|scope| {
        for file_type in TYPES {
            scope.spawn(move || {
                let mut recorder = Recorder::new(file_type, true, LIVE_RATE);
                let first = recorder.at();
                recorder.disk.set(Fault::Hanging(|call| matches!(call, Call::Write | Call::Sync)));
                let start = Instant::now();
                for second in 1..=61 {
                    recorder.play(LIVE_RATE as usize, true);
                    thread::sleep(Duration::from_secs(second).saturating_sub(start.elapsed()));
                }
                recorder.disk.set(Fault::None);
                recorder.play(100, false);
                let take = recorder.take(0);
                assert_eq!((take.frames, take.lost, &take.errors), (61 * LIVE_RATE as usize, 0, &vec![]), "{take:?}");
                assert_eq!(recorder.assert_sound(take.path.as_ref().unwrap(), first), 61 * LIVE_RATE as usize);
            });
        }
    });
}

#[test]
fn the_disk_hangs_and_the_host_plays_on() {
    for file_type in TYPES {
        let mut recorder = Recorder::new(file_type, true, RATE);
        let first = recorder.at();
        recorder.disk.set(Fault::Hanging(|call| matches!(call, Call::Write | Call::Sync)));
        // Returns, although not a byte has been written: fewer seconds than the queue holds.
        recorder.play(3 * RATE as usize, true);
        recorder.play(100, false);
        recorder.disk.set(Fault::None);
        let take = recorder.take(0);
        assert_eq!((take.lost, &take.errors), (0, &vec![]), "{take:?}");
        assert_eq!(recorder.assert_sound(take.path.as_ref().unwrap(), first), 3 * RATE as usize);
    }
}

/// A host that is killed meanwhile must not lose more than at any other time.
#[test]
fn a_sync_that_hangs_keeps_no_sound_from_the_file() {
    thread::scope(|scope| {
        for file_type in TYPES {
            scope.spawn(move || {
                let mut recorder = Recorder::new(file_type, true, LIVE_RATE);
                let first = recorder.at();
                recorder.disk.set(Fault::Hanging(|call| call == Call::Sync));
                recorder.play_until("a sync", |recorder| recorder.disk.calls().contains(&Call::Sync));
                let a_second_later = recorder.at() - first + LIVE_RATE as usize;
                recorder.play_until("growth of the file", |recorder| recorder.kept_so_far(first) >= a_second_later);
                recorder.disk.set(Fault::None);
                let frames = recorder.at() - first;
                recorder.play(100, false);
                let take = recorder.take(0);
                assert_eq!((take.frames, take.lost, &take.errors), (frames, 0, &vec![]), "{take:?}");
                assert_eq!(recorder.assert_sound(take.path.as_ref().unwrap(), first), frames);
            });
        }
    });
}

/// What a sync has to say is told although the writer does not wait for it.
#[test]
fn a_sync_that_fails_in_mid_take_ends_it_with_an_error() {
    let mut recorder = Recorder::new(TYPES[0], true, LIVE_RATE);
    let first = recorder.at();
    recorder.disk.set(Fault::Every { of: |call| call == Call::Sync, errno: EIO });
    recorder.play_until("a sync", |recorder| recorder.disk.failed() > 0);
    recorder.disk.set(Fault::None);
    // Longer than the writer waits until it refreshes a file.
    thread::sleep(Duration::from_secs(1));
    recorder.play(LIVE_RATE as usize, true);
    recorder.play(100, false);
    let take = recorder.take(0);
    let kept = recorder.assert_sound(take.path.as_ref().unwrap(), first);
    assert!(take.errors.len() == 1 && take.frames - take.lost == kept && take.lost > 0, "{kept} of {take:?}");
    recorder.assert_take_works(1);
}

/// The system tells the error of a sync once: at the next one it says that all is well.
#[test]
fn a_sync_that_fails_after_record_is_off_is_told() {
    static IS_TO_FAIL: AtomicBool = AtomicBool::new(true);
    let mut recorder = Recorder::new(TYPES[0], true, LIVE_RATE);
    recorder.disk.set(Fault::Hanging(|call| call == Call::Sync));
    recorder.play_until("a sync", |recorder| recorder.disk.calls().contains(&Call::Sync));
    recorder.play(100, false);
    // Long enough for the writer to end the take.
    thread::sleep(Duration::from_secs(1));
    let of = |call| call == Call::Sync && IS_TO_FAIL.swap(false, Relaxed);
    recorder.disk.set(Fault::Every { of, errno: EIO });
    let take = recorder.take(0);
    assert!(take.errors.len() == 1 && take.lost == 0, "{take:?}");
    recorder.disk.set(Fault::None);
    recorder.assert_take_works(1);
}
