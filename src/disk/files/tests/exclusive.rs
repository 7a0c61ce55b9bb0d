//! The moments between two system calls.

use super::super::exclusive::{Found, hold, look, look_again_after};
use super::*;

#[test]
fn a_new_file_that_its_recorder_locks_a_moment_later_is_in_use() {
    let recorder = Recorder::new();
    let path = recorder.path("take.wav");
    let new = File::create_new(&path).expect("a new file");
    // Windows lets nobody have a lock twice.
    let mut is_locked = false;
    let found = look_again_after(&path, || {
        is_locked = is_locked || new.try_lock().is_ok();
    });
    assert!(is_locked && matches!(found, Ok(Found::InUse)));
}

#[test]
fn a_file_that_stays_empty_is_in_nobodys_use() {
    let recorder = Recorder::new();
    recorder.write("take.wav", "");
    assert!(matches!(look(&recorder.path("take.wav")), Ok(Found::Free(_))));
}

#[test]
fn a_look_at_the_same_time_as_anothers_is_no_use() {
    let recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let path = recorder.path("take.wav");
    let other = File::options().write(true).open(&path).expect("it was just made");
    other.lock().expect("nobody else locks it");
    let mut other = Some(other);
    let found = look_again_after(&path, || drop(other.take()));
    assert!(matches!(found, Ok(Found::Free(_))));
}

#[test]
fn a_file_that_is_recorded_can_be_played_and_is_in_use() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    sound(&take, "so far");
    assert_eq!(read(take.path()), "so far");
    assert!(matches!(look(take.path()), Ok(Found::InUse)));
    sound(&take, " and on");
    assert_eq!(read(take.path()), "so far and on");
}

// Not every file system of Windows replaces a file that is open.
#[cfg(unix)]
#[test]
fn a_new_file_that_is_replaced_before_it_is_locked_is_not_ours() {
    use super::super::exclusive::{Created, make_ours, replace};
    let recorder = Recorder::new();
    let path = recorder.path("take.wav");
    let new = File::create_new(&path).expect("a new file");
    recorder.write("other.wav", "a take");
    replace(&recorder.path("other.wav"), &path).expect("nobody has it locked");
    assert!(matches!(make_ours(new, &path), Created::Taken));
    assert_eq!(recorder.read("take.wav"), "a take");
}

#[test]
fn a_file_that_is_replaced_after_it_was_found_cannot_be_held() {
    let recorder = Recorder::new();
    recorder.write("take.wav", "old");
    recorder.write("other.wav", "new");
    let path = recorder.path("take.wav");
    let found = File::options().write(true).open(&path).expect("it was just made");
    // In two steps: not every file system of Windows replaces a file that is open.
    fs::rename(&path, recorder.path("gone.wav")).expect("a file that a test may rename");
    fs::rename(recorder.path("other.wav"), &path).expect("a file that a test may rename");
    assert!(!hold(&found, &path));
    let found = File::options().write(true).open(&path).expect("it is there");
    assert!(hold(&found, &path));
}
