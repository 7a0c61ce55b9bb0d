//! The place for a take is not what it should be.

use crate::recorder::{Recorder, TYPES, Told};
use faulty_disk::{Call, EACCES, EROFS, Fault};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

const RATE: u32 = 48_000;

fn recorder() -> Recorder {
    Recorder::new(TYPES[0], true, RATE)
}

/// Records a take and says what became of it.
fn take(recorder: &mut Recorder, number: usize) -> Told {
    recorder.play(2_000, true);
    recorder.play(100, false);
    recorder.take(number)
}

/// Asserts that nothing was recorded, that the error says all of `words`, and that the next take, to `take`, works.
fn assert_refused(mut recorder: Recorder, told: &Told, words: &[&str]) {
    assert_eq!((told.frames, told.lost, &told.path), (2_000, 2_000, &None), "{told:?}");
    assert_eq!(told.errors.len(), 1, "{told:?}");
    for word in words {
        assert!(told.errors[0].contains(word), "not a word of {word:?}: {told:?}");
    }
    recorder.disk.set(Fault::None);
    let file = recorder.folder.path().join("good/take{suffix}");
    recorder.set_text("file", file.to_str().unwrap());
    let first = recorder.at();
    let told = take(&mut recorder, 1);
    assert_eq!((told.lost, &told.errors), (0, &vec![]), "the next take: {told:?}");
    assert_eq!(recorder.assert_sound(&told.path.unwrap(), first), 2_000);
}

/// Sets File to a name in the folder.
fn set_file(recorder: &mut Recorder, name: &str) {
    let file = format!("{}/{name}", recorder.folder.path().display());
    recorder.set_text("file", &file);
}

#[test]
fn no_permission() {
    for of in [|call| call == Call::Open, |call| call == Call::MakeFolder] {
        let mut recorder = recorder();
        set_file(&mut recorder, "folder/take");
        recorder.disk.set(Fault::Every { of, errno: EACCES });
        let told = take(&mut recorder, 0);
        assert_refused(recorder, &told, &["permission", "folder", "Choose another folder in File"]);
    }
}

#[test]
fn a_read_only_disk() {
    let changes = |call| matches!(call, Call::Open | Call::MakeFolder | Call::Write | Call::Rename | Call::Remove);
    for name in ["take", "folder/take"] {
        let mut recorder = recorder();
        set_file(&mut recorder, name);
        recorder.disk.set(Fault::Every { of: changes, errno: EROFS });
        let told = take(&mut recorder, 0);
        assert_refused(recorder, &told, &["read-only", "in File"]);
    }
}

#[test]
fn permission_that_is_taken_away_in_mid_take() {
    for (errno, word) in [(EACCES, "ermission denied"), (EROFS, "read-only")] {
        let mut recorder = recorder();
        let first = recorder.at();
        recorder.play(100_000, true);
        while !recorder.disk.calls().contains(&Call::Write) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        recorder.disk.set(Fault::Every { of: |call| call == Call::Write, errno });
        recorder.play(100_000, true);
        recorder.play(100, false);
        let told = recorder.take(0);
        assert!(told.errors.len() == 1 && told.errors[0].contains(word), "{told:?}");
        recorder.disk.set(Fault::None);
        if let Some(path) = &told.path {
            assert!(recorder.assert_sound(path, first) >= told.frames - told.lost, "{told:?}");
        }
        let told = take(&mut recorder, 1);
        assert_eq!((told.lost, &told.errors), (0, &vec![]), "the next take: {told:?}");
    }
}

#[test]
fn a_folder_that_is_removed_in_mid_take() {
    let mut recorder = recorder();
    set_file(&mut recorder, "folder/take{suffix}");
    let first = recorder.at();
    recorder.play(50_000, true);
    let folder = recorder.folder.path().join("folder");
    // A file that is removed sooner, before it is locked, has only lost its name to another: the take gets the next.
    while !recorder.disk.calls().contains(&Call::Write) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    fs::remove_dir_all(&folder).unwrap();
    recorder.play(50_000, true);
    recorder.play(100, false);
    let told = recorder.take(0);
    assert!(told.errors.len() == 1 && told.errors[0].contains("was deleted while it was recorded"), "{told:?}");
    assert_eq!((told.lost, &told.path), (0, &Some(folder.join("take-001 (recovered).wav"))));
    assert_eq!(recorder.assert_sound(told.path.as_ref().unwrap(), first), 100_000);
}

#[test]
fn a_name_that_another_program_has_locked() {
    let mut recorder = Recorder::new(TYPES[0], false, RATE);
    let theirs = File::create(recorder.folder.path().join("take.wav")).unwrap();
    std::io::Write::write_all(&mut &theirs, b"theirs").unwrap();
    theirs.try_lock().unwrap();
    let told = take(&mut recorder, 0);
    assert_eq!(fs::read(recorder.folder.path().join("take.wav")).unwrap(), b"theirs");
    assert_refused(recorder, &told, &["Another recorder is writing to", "take.wav"]);
}

#[test]
fn names_and_paths_of_four_thousand_characters() {
    let name = "n".repeat(4_000);
    let folders = format!("{}take", "folder/".repeat(700));
    for name in [name, folders] {
        let mut recorder = recorder();
        set_file(&mut recorder, &name);
        let told = take(&mut recorder, 0);
        assert_refused(recorder, &told, &["does not take the name", "too long"]);
    }
}

#[test]
fn a_name_with_every_character_that_is_forbidden_somewhere() {
    let forbidden: String = ('\u{1}'..' ').chain("<>:\"|?*\\".chars()).collect();
    let mut recorder = recorder();
    recorder.set_text("file", &format!("{}/a{forbidden}b{{suffix}}", recorder.folder.path().display()));
    let first = recorder.at();
    let told = take(&mut recorder, 0);
    assert_eq!((told.lost, &told.errors), (0, &vec![]), "{told:?}");
    assert_eq!(recorder.assert_sound(told.path.as_ref().unwrap(), first), 2_000);
    assert_eq!(recorder.files(), [told.path.unwrap()]);
}

#[test]
fn a_name_with_the_character_that_no_name_may_have() {
    let mut recorder = recorder();
    set_file(&mut recorder, "before\0after{suffix}");
    let told = take(&mut recorder, 0);
    if told.path.is_none() {
        assert_refused(recorder, &told, &["does not take the name"]);
    }
}

fn no_file_in(folder: &Path) {
    assert_eq!(crate::common::files_in(folder), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_folder_that_is_a_dead_link_a_file_or_a_loop() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (index, words) in ["cannot be made", "cannot be made", "link"].into_iter().enumerate() {
        let mut recorder = recorder();
        let way = recorder.folder.path().join("way");
        match index {
            0 => symlink(elsewhere.path().join("nothing"), &way).unwrap(),
            1 => fs::write(&way, b"a file").unwrap(),
            _ => symlink(&way, &way).unwrap(),
        }
        set_file(&mut recorder, "way/take");
        let told = take(&mut recorder, 0);
        no_file_in(elsewhere.path());
        assert_refused(recorder, &told, &[words, "in File"]);
    }
}

#[test]
fn links_in_the_way_of_a_replacing_take_lead_nowhere_else() {
    for target in ["", "nothing"] {
        let elsewhere = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(TYPES[0], false, RATE);
        let link = recorder.folder.path().join("take.wav");
        fs::remove_file(&link).unwrap();
        symlink(elsewhere.path().join(target), &link).unwrap();
        let told = take(&mut recorder, 0);
        no_file_in(elsewhere.path());
        assert!(link.is_symlink());
        assert_refused(recorder, &told, &["take.wav", "hoose another name in File"]);
    }
}
