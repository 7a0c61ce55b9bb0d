//! Unique Suffix off.

use super::*;
use std::sync::Barrier;
use std::thread;

#[test]
fn a_name_that_nobody_has_is_used_at_once() {
    let mut recorder = Recorder::new();
    let take = recorder.fixed("a/take{suffix}").expect("a new file");
    assert_eq!(take.path(), recorder.path("a/take7.wav"));
    sound(&take, "new");
    assert_eq!(take.complete().expect("nothing is in the way"), recorder.path("a/take7.wav"));
    assert_eq!(recorder.names(), ["a/take7.wav"]);
}

#[test]
fn the_old_file_stays_until_the_new_one_is_complete() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    assert_eq!(take.path(), recorder.path("take (recording).wav"));
    sound(&take, "new");
    assert_eq!(recorder.read("take.wav"), "old");
    assert_eq!(take.complete().expect("nothing is in the way"), recorder.path("take.wav"));
    assert_eq!(recorder.names(), ["take.wav"]);
    assert_eq!(recorder.read("take.wav"), "new");
}

/// A folder that does not tell in time which numbers are in use.
#[test]
fn a_number_of_a_take_that_turns_out_to_be_in_use_replaces_nothing() {
    let mut recorder = Recorder::new();
    // A test's take has no number yet.
    recorder.write("take ….wav", "old");
    let take = recorder.fixed("take {take}").expect("a new file");
    sound(&take, "new");
    let path = take.complete().expect("nothing is in the way");
    assert_eq!(recorder.read("take ….wav"), "old");
    assert_eq!(read(&path), "new");
    assert_eq!(recorder.names(), ["take …-001.wav", "take ….wav"]);
}

// On Windows that depends on the file system.
#[cfg(unix)]
#[test]
fn whoever_plays_the_old_file_plays_it_to_its_end() {
    use std::io::Read;
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let mut player = File::open(recorder.path("take.wav")).expect("it was just made");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    take.complete().expect("nothing is in the way");
    let mut heard = String::new();
    player.read_to_string(&mut heard).expect("it is still there");
    assert_eq!(heard, "old");
}

/// Windows has paths of 260 characters, and others in a spelling of their own.
#[test]
fn a_path_of_more_than_260_characters_is_like_any_other() {
    let mut recorder = Recorder::new();
    let folder = ["f".repeat(120), "g".repeat(120), "h".repeat(120)].join("/");
    let file = |name: &str| format!("{folder}/{name}");
    recorder.fixed(&file("take")).expect("a new file").complete().expect("nothing is in the way");
    recorder.write(&file("take (recording).wav"), "of a killed host");
    let take = recorder.fixed(&file("take")).expect("a new file");
    sound(&take, "new");
    take.complete().expect("nothing is in the way");
    assert_eq!(recorder.unique(&file("take")).expect("a new file").number(), 1);
    let expected = ["take (recovered).wav", "take-001.wav", "take.wav"].map(file);
    assert_eq!(recorder.names(), expected);
    assert_eq!(recorder.read(&expected[2]), "new");
}

#[test]
fn a_discarded_take_leaves_the_old_file_alone() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    recorder.fixed("take").expect("a new file").discard();
    assert_eq!(recorder.names(), ["take.wav"]);
    assert_eq!(recorder.read("take.wav"), "old");
}

#[test]
fn a_name_that_another_recorder_writes_to_is_in_use() {
    let mut recorder = Recorder::new();
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "first");
    let error = recorder.fixed("take").expect_err("it is in use");
    assert!(matches!(&error, FileError::InUse { path } if *path == recorder.path("take.wav")), "{error}");
    assert_eq!(recorder.names(), ["take.wav"]);
    take.complete().expect("nothing is in the way");
    recorder.fixed("take").expect("it is in use no more");
}

#[test]
fn a_name_that_another_recorder_is_about_to_replace_is_in_use() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    let error = recorder.fixed("take").expect_err("it is in use");
    assert!(matches!(&error, FileError::InUse { path } if *path == recorder.path("take.wav")), "{error}");
    assert_eq!(recorder.names(), ["take (recording).wav", "take.wav"]);
    take.complete().expect("nothing is in the way");
    assert_eq!(recorder.read("take.wav"), "new");
}

#[test]
fn of_two_recorders_that_begin_at_once_one_is_told() {
    for old in [false, true] {
        for _ in 0..25 {
            let recorder = Recorder::new();
            if old {
                recorder.write("take.wav", "old");
            }
            let folder = recorder.folder.path();
            let (together, both_began) = (Barrier::new(2), Barrier::new(2));
            let record = || {
                together.wait();
                let take = begin_in(folder, &mut Numbering::default(), "take", "Bass", false);
                both_began.wait();
                match take {
                    Ok(take) => take.complete().map(|_| true),
                    Err(FileError::InUse { .. }) => Ok(false),
                    Err(error) => Err(error),
                }
            };
            let began = thread::scope(|scope| {
                let other = scope.spawn(record);
                [record(), other.join().expect("no recorder fails")]
            });
            let began = began.map(|outcome| outcome.expect("no other error"));
            assert!(began[0] != began[1], "{began:?}");
        }
    }
}

#[test]
fn recorders_that_fight_for_one_name_lose_no_take() {
    const RECORDERS: usize = 8;
    const TAKES: usize = 25;
    let recorder = Recorder::new();
    let folder = recorder.folder.path();
    let record = |id: usize| {
        let mut kept_at = Vec::new();
        for number in 0..TAKES {
            let text = format!("take {number} of recorder {id}");
            let take = match begin_in(folder, &mut Numbering::default(), "take", "Bass", false) {
                Ok(take) => take,
                Err(FileError::InUse { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            sound(&take, &text);
            assert_eq!(read(take.path()), text);
            match take.complete() {
                Ok(path) => assert_eq!(path, folder.join("take.wav")),
                Err(FileError::NotReplaced { kept, .. }) => kept_at.push((kept, text)),
                Err(error) => panic!("{error}"),
            }
        }
        kept_at
    };
    let kept: Vec<_> = thread::scope(|scope| {
        let recorders: Vec<_> = (0..RECORDERS).map(|id| scope.spawn(move || record(id))).collect();
        recorders.into_iter().flat_map(|recorder| recorder.join().expect("no recorder fails")).collect()
    });
    for (path, text) in &kept {
        assert_eq!(read(path), *text);
    }
    assert!(recorder.read("take.wav").starts_with("take "));
    assert_eq!(recorder.names().len(), kept.len() + 1, "{:?}", recorder.names());
}

#[test]
fn what_a_killed_host_left_is_never_overwritten() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    for (leftover, name) in [("one", "take (recovered).wav"), ("two", "take (recovered 2).wav")] {
        recorder.write("take (recording).wav", leftover);
        recorder.fixed("take").expect("a new file").complete().expect("nothing is in the way");
        assert_eq!(recorder.read(name), leftover);
    }
    assert_eq!(recorder.read("take (recovered).wav"), "one");
    assert_eq!(recorder.names(), ["take (recovered 2).wav", "take (recovered).wav", "take.wav"]);
}

/// The head of a WAV file of 16-bit mono, whose header tells of so many bytes of sound.
fn wav_of(told_bytes: u32) -> Vec<u8> {
    let mut head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xBB\0\0\0\x77\x01\0\x02\0\x10\0data".to_vec();
    head.extend(told_bytes.to_le_bytes());
    head
}

#[test]
fn what_a_killed_host_left_tells_of_all_its_sound_from_then_on() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let sound = [7; 1_000];
    fs::write(recorder.path("take (recording).wav"), [wav_of(600), sound.to_vec()].concat()).expect("room");
    recorder.fixed("take").expect("a new file").complete().expect("nothing is in the way");
    let mended = fs::read(recorder.path("take (recovered).wav")).expect("it was not thrown away");
    let mut expected = [wav_of(1_000), sound.to_vec()].concat();
    expected[4..8].copy_from_slice(&1_036u32.to_le_bytes());
    assert_eq!(mended, expected);
}

#[test]
fn what_a_killed_host_left_without_sound_is_removed() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    fs::write(recorder.path("take (recording).wav"), wav_of(0)).expect("room");
    recorder.fixed("take").expect("a new file").complete().expect("nothing is in the way");
    assert_eq!(recorder.names(), ["take.wav"]);
}

#[test]
fn what_a_killed_host_left_empty_is_removed() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    recorder.write("take (recording).wav", "");
    recorder.fixed("take").expect("a new file").complete().expect("nothing is in the way");
    assert_eq!(recorder.names(), ["take.wav"]);
}

#[test]
fn a_take_that_cannot_replace_the_old_file_stays_beside_it() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    for (content, name) in [("one", "take (new).wav"), ("two", "take (new 2).wav")] {
        let take = recorder.fixed("take").expect("a new file");
        sound(&take, content);
        let other = File::options().write(true).open(recorder.path("take.wav")).expect("it is there");
        other.try_lock().expect("nobody has it open");
        let error = take.complete().expect_err("another recorder has it");
        let FileError::NotReplaced { kept, source, .. } = &error else { panic!("{error}") };
        assert!(matches!(**source, FileError::InUse { .. }), "{error}");
        assert_eq!(*kept, recorder.path(name));
        assert_eq!(recorder.read(name), content);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(recorder.names(), ["take (new 2).wav", "take (new).wav", "take.wav"]);
    assert_eq!(recorder.read("take.wav"), "old");
}

#[cfg(unix)]
#[test]
fn an_old_file_that_cannot_be_opened_does_not_cost_the_take() {
    use std::os::unix::fs::PermissionsExt;
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    fs::set_permissions(recorder.path("take.wav"), fs::Permissions::from_mode(0o000)).expect("our own file");
    let take = recorder.fixed("take").expect("no reason to refuse the take");
    sound(&take, "new");
    // Nothing is closed to root: the old file is replaced then.
    let (Ok(path) | Err(FileError::NotReplaced { kept: path, .. })) = take.complete() else {
        panic!("the take is lost")
    };
    assert_eq!(read(&path), "new");
}

#[test]
fn a_folder_that_takes_the_old_files_place_does_not_cost_the_take() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    fs::remove_file(recorder.path("take.wav")).expect("it is there");
    fs::create_dir(recorder.path("take.wav")).expect("a folder that a test may make");
    let error = take.complete().expect_err("a folder cannot be replaced");
    assert!(matches!(error, FileError::NotReplaced { .. }), "{error}");
    assert_eq!(recorder.read("take (new).wav"), "new");
}

#[test]
fn an_old_file_that_goes_during_the_take_is_no_matter() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    fs::remove_file(recorder.path("take.wav")).expect("it is there");
    take.complete().expect("nothing is in the way");
    assert_eq!(recorder.names(), ["take.wav"]);
    assert_eq!(recorder.read("take.wav"), "new");
}

#[test]
fn a_folder_of_that_name_is_an_error() {
    let mut recorder = Recorder::new();
    fs::create_dir(recorder.path("take.wav")).expect("a folder that a test may make");
    let error = recorder.fixed("take").expect_err("a folder has the name");
    assert!(matches!(error, FileError::NotAFile { .. }), "{error}");
    assert!(recorder.names().is_empty());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_an_error_and_is_not_opened() {
    let mut recorder = Recorder::new();
    let _socket = std::os::unix::net::UnixListener::bind(recorder.path("take.wav")).expect("a socket");
    let error = recorder.fixed("take").expect_err("a socket has the name");
    assert!(matches!(error, FileError::NotAFile { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_the_file_that_it_leads_to_is_replaced() {
    let mut recorder = Recorder::new();
    fs::create_dir(recorder.path("far")).expect("a folder that a test may make");
    recorder.write("far/real.wav", "old");
    std::os::unix::fs::symlink("far/real.wav", recorder.path("take.wav")).expect("a link");
    let take = recorder.fixed("take").expect("a new file");
    let far = fs::canonicalize(recorder.path("far")).expect("it is there");
    assert_eq!(take.path(), far.join("real (recording).wav"));
    sound(&take, "new");
    assert_eq!(next_part(&take).path(), far.join("real (2).wav"));
    assert_eq!(take.complete().expect("nothing is in the way"), far.join("real.wav"));
    assert!(recorder.path("take.wav").is_symlink());
    assert_eq!(recorder.read("take.wav"), "new");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_or_to_a_folder_is_an_error() {
    let mut recorder = Recorder::new();
    std::os::unix::fs::symlink("nowhere", recorder.path("dead.wav")).expect("a link");
    std::os::unix::fs::symlink(".", recorder.path("folder.wav")).expect("a link");
    assert!(matches!(recorder.fixed("dead"), Err(FileError::DeadLink { .. })));
    assert!(matches!(recorder.fixed("folder"), Err(FileError::NotAFile { .. })));
    assert!(!recorder.path("nowhere").exists());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_recordings_place_is_an_error_and_not_an_endless_search() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    std::os::unix::fs::symlink("nowhere", recorder.path("take (recording).wav")).expect("a link");
    assert!(matches!(recorder.fixed("take"), Err(FileError::NotAFile { .. })));
}

#[test]
fn a_later_file_of_a_take_never_replaces_one_of_another_take() {
    let mut recorder = Recorder::new();
    recorder.write("take (2).wav", "old");
    let first = recorder.fixed("take").expect("a new file");
    let second = next_part(&first);
    sound(&second, "new");
    first.complete().expect("nothing is in the way");
    assert_eq!(second.complete().expect("nothing is in the way"), recorder.path("take (3).wav"));
    assert_eq!(recorder.read("take (2).wav"), "old");
    assert_eq!(recorder.names(), ["take (2).wav", "take (3).wav", "take.wav"]);
}

#[test]
fn a_part_whose_name_cannot_be_had_is_skipped() {
    let mut recorder = Recorder::new();
    fs::create_dir(recorder.path("take (2).wav")).expect("a folder that a test may make");
    let _other = recorder.fixed("take (3)").expect("a new file");
    let first = recorder.fixed("take").expect("a new file");
    assert_eq!(next_part(&first).path(), recorder.path("take (4).wav"));
}

#[test]
fn a_recording_that_is_deleted_is_written_again_and_the_old_file_stays() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    fs::remove_file(take.path()).expect("it is there");
    let error = take.complete().expect_err("the file is not where it should be");
    assert!(matches!(error, FileError::Deleted { .. }), "{error}");
    assert_eq!(recorder.read("take (recovered).wav"), "new");
    assert_eq!(recorder.read("take.wav"), "old");
}

#[test]
fn a_recording_that_is_moved_replaces_nothing() {
    let mut recorder = Recorder::new();
    recorder.write("take.wav", "old");
    let take = recorder.fixed("take").expect("a new file");
    sound(&take, "new");
    fs::rename(take.path(), recorder.path("mine.wav")).expect("it is there");
    recorder.write("take (recording).wav", "of somebody else");
    let error = take.complete().expect_err("the file is not where it should be");
    assert!(matches!(error, FileError::Moved { .. }), "{error}");
    assert_eq!(recorder.read("mine.wav"), "new");
    assert_eq!(recorder.read("take.wav"), "old");
}
