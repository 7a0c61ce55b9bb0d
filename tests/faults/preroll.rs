//! The disk fails while the history becomes a part of a take, or a take of its own.

use crate::common::{CAPTURE, PREROLL, files_in};
use crate::recorder::{Recorder, TYPES, Type};
use faulty_disk::{Call, EIO, Fault};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const RATE: u32 = 48_000;

/// What passes before record goes on, and what the take has after.
const BEFORE: usize = 200_000;
const FRAMES: usize = 40_000;

/// A recorder with a history: all that has been played.
fn keeping(file_type: Type) -> Recorder {
    let mut recorder = Recorder::new(file_type, true, RATE);
    recorder.set(PREROLL, 1.0);
    recorder.play(BEFORE, false);
    recorder
}

/// The frames from the first one on that these files hold, one after the other.
fn kept(recorder: &Recorder, files: impl IntoIterator<Item = PathBuf>) -> usize {
    files.into_iter().fold(0, |kept, path| kept + recorder.assert_sound(&path, kept))
}

#[test]
fn a_disk_that_is_full_before_the_preroll_is_written_loses_none_of_it() {
    for file_type in TYPES {
        for room in [0, 30_001, 200_000] {
            let mut recorder = keeping(file_type);
            let fallback = tempfile::tempdir().unwrap();
            recorder.set_text("fallback", fallback.path().to_str().unwrap());
            recorder.disk.set(Fault::Room(room));
            let all = recorder.at() + FRAMES;
            recorder.play(FRAMES, true);
            recorder.play(100, false);
            let take = recorder.take(0);
            recorder.disk.set(Fault::None);
            assert_eq!((take.frames, take.lost, &take.errors), (all, 0, &vec![]), "{take:?}");
            let files = recorder.files().into_iter().chain(files_in(fallback.path()));
            assert_eq!(kept(&recorder, files), all, "{} {room}", file_type.extension);
        }
    }
}

#[test]
fn a_disk_that_hangs_as_a_take_with_preroll_begins_loses_no_frame_and_holds_up_no_live_track() {
    for file_type in [TYPES[0], TYPES[1]] {
        let mut recorder = keeping(file_type);
        let all = recorder.at() + 30 * 4_800;
        recorder.disk.set(Fault::Hanging(|call| matches!(call, Call::Open | Call::Write)));
        // Live, and longer than the queue lasts.
        for block in 0..30 {
            recorder.play(4_800, true);
            thread::sleep(Duration::from_millis(100));
            if block == 25 {
                recorder.disk.set(Fault::None);
            }
        }
        recorder.play(100, false);
        let take = recorder.take(0);
        assert_eq!((take.frames, take.lost, &take.errors), (all, 0, &vec![]), "{take:?}");
        let files = recorder.files();
        assert_eq!(kept(&recorder, files), all);
    }
}

#[test]
fn what_a_failing_disk_kept_from_being_captured_can_be_captured_again() {
    let mut recorder = keeping(TYPES[0]);
    recorder.disk.set(Fault::From { call: 0, errno: EIO });
    recorder.set(CAPTURE, 1.0);
    recorder.wait_for_log("capture failed: ");
    recorder.disk.set(Fault::None);
    assert!(recorder.files().is_empty());
    recorder.set(CAPTURE, 0.0);
    let all = recorder.at();
    recorder.set(CAPTURE, 1.0);
    let take = recorder.take(0);
    assert_eq!((take.frames, take.lost), (all, 0), "{take:?}");
    let files = recorder.files();
    assert_eq!(kept(&recorder, files), all);
}

#[test]
fn a_capture_that_found_too_little_room_leaves_what_was_not_written_to_the_next_one() {
    for (file_type, room) in [(TYPES[0], 300_000), (TYPES[0], 5_000), (TYPES[4], 200_000)] {
        let mut recorder = keeping(file_type);
        let all = recorder.at();
        recorder.disk.set(Fault::Room(room));
        recorder.set(CAPTURE, 1.0);
        recorder.wait_for_log("capture failed: ");
        recorder.disk.set(Fault::None);
        recorder.set(CAPTURE, 0.0);
        let more = recorder.at();
        recorder.set(CAPTURE, 1.0);
        let [failed, whole] = [0, 1].map(|number| recorder.take(number));
        assert_eq!((failed.frames + whole.frames, failed.lost + whole.lost), (more, 0), "{failed:?} {whole:?}");
        let files = recorder.files();
        assert_eq!(kept(&recorder, files), more, "{}", file_type.extension);
        assert!(more > all && whole.errors.is_empty());
    }
}

#[test]
fn a_capture_that_found_too_little_room_costs_the_next_take_none_of_its_preroll() {
    let mut recorder = keeping(TYPES[0]);
    recorder.disk.set(Fault::Room(5_000));
    recorder.set(CAPTURE, 1.0);
    recorder.wait_for_log("capture failed: ");
    recorder.disk.set(Fault::None);
    recorder.set(CAPTURE, 0.0);
    recorder.play(FRAMES, true);
    recorder.play(100, false);
    let take = recorder.take(1);
    // All that was kept is within the pre-roll, but for what the first file has.
    assert!(take.frames + 5_000 > BEFORE + FRAMES, "{take:?}");
}
