//! Unique Suffix on.

use super::*;
use std::collections::BTreeSet;
use std::fs::TryLockError;
use std::thread;
use std::time::Duration;

/// Lets every take search, if it has a reason to.
fn search_at_once(recorder: &mut Recorder) {
    recorder.numbering = Numbering::with_time_between_searches(Duration::ZERO);
}

#[test]
fn folders_are_made_when_the_take_begins() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("a/b/take").expect("a new file");
    assert_eq!(take.path(), recorder.path("a/b/take-001.wav"));
    assert_eq!(recorder.names(), ["a/b/take-001.wav"]);
}

#[test]
fn takes_are_numbered_one_after_the_other() {
    let mut recorder = Recorder::new();
    let mut paths = Vec::new();
    for _ in 0..3 {
        let take = recorder.unique("take").expect("a new file");
        sound(&take, "new");
        paths.push(take.complete().expect("nothing is in the way"));
    }
    assert_eq!(paths, ["take-001.wav", "take-002.wav", "take-003.wav"].map(|name| recorder.path(name)));
}

#[test]
fn no_existing_file_is_touched() {
    let mut recorder = Recorder::new();
    recorder.write("take-001.wav", "old");
    recorder.write("take-003.wav", "old");
    for _ in 0..2 {
        recorder.unique("take").expect("a new file");
    }
    assert_eq!(recorder.names(), ["take-001.wav", "take-002.wav", "take-003.wav", "take-004.wav"]);
    assert_eq!((recorder.read("take-001.wav"), recorder.read("take-003.wav")), ("old".into(), "old".into()));
}

#[test]
fn files_that_only_look_alike_use_no_number() {
    let mut recorder = Recorder::new();
    for name in ["take-01.wav", "take-001.mp3", "take-001 (2).wav", "a take-001.wav", "take.wav", "take-0001.wav"] {
        recorder.write(name, "old");
    }
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-001.wav"));
}

#[test]
fn a_folder_of_that_name_uses_its_number() {
    let mut recorder = Recorder::new();
    fs::create_dir(recorder.path("take-001.wav")).expect("a folder that a test may make");
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-002.wav"));
}

#[cfg(unix)]
#[test]
fn a_link_of_that_name_uses_its_number_and_is_not_followed() {
    let mut recorder = Recorder::new();
    std::os::unix::fs::symlink(recorder.path("elsewhere"), recorder.path("take-001.wav")).expect("a link");
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-002.wav"));
    assert!(!recorder.path("elsewhere").exists());
}

#[test]
fn a_number_that_was_given_back_is_used_again() {
    let mut recorder = Recorder::new();
    search_at_once(&mut recorder);
    for _ in 0..4 {
        recorder.unique("take").expect("a new file");
    }
    let before = modified(recorder.folder.path());
    fs::remove_file(recorder.path("take-002.wav")).expect("it was just made");
    recorder.let_the_folders_clock_tick(before);
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-002.wav"));
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-005.wav"));
}

#[test]
fn a_discarded_take_leaves_nothing_and_gives_its_number_back() {
    let mut recorder = Recorder::new();
    search_at_once(&mut recorder);
    let take = recorder.unique("take").expect("a new file");
    let before = modified(recorder.folder.path());
    take.discard();
    assert!(recorder.names().is_empty());
    recorder.let_the_folders_clock_tick(before);
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-001.wav"));
}

#[test]
fn fifty_thousand_takes_cost_one_listing() {
    let mut recorder = Recorder::new();
    for number in 1..=50_000 {
        File::create(recorder.path(&format!("take-{number:03}.wav"))).expect("room for many names");
    }
    search_at_once(&mut recorder);
    for number in 50_001..50_010 {
        let take = recorder.unique("take").expect("a new file");
        assert_eq!(take.path(), recorder.path(&format!("take-{number}.wav")));
        assert_eq!(recorder.numbering.searches, 1);
    }
}

#[test]
fn a_new_name_costs_no_listing_at_all() {
    let mut recorder = Recorder::new();
    for n in 0..20 {
        recorder.unique(&format!("take {n}")).expect("a new file");
        recorder.unique(&format!("take {n}")).expect("a new file");
    }
    assert_eq!(recorder.numbering.searches, 0);
}

#[test]
fn changes_by_others_cost_no_second_listing_within_a_while_and_no_collision() {
    let mut recorder = Recorder::new();
    recorder.numbering = Numbering::with_time_between_searches(Duration::from_secs(3600));
    recorder.write("take-001.wav", "old");
    let mut other = Numbering::default();
    for number in [2, 4, 6, 8] {
        let take = recorder.unique("take").expect("a new file");
        assert_eq!(take.path(), recorder.path(&format!("take-{number:03}.wav")));
        let take = begin_in(recorder.folder.path(), &mut other, "take", "Bass", true).expect("a new file");
        assert_eq!(take.path(), recorder.path(&format!("take-{:03}.wav", number + 1)));
    }
    assert_eq!(recorder.numbering.searches, 1);
}

#[test]
fn a_change_that_had_to_be_passed_over_is_not_forgotten() {
    let mut recorder = Recorder::new();
    recorder.numbering = Numbering::with_time_between_searches(Duration::from_secs(3600));
    recorder.write("take-001.wav", "old");
    recorder.unique("take").expect("a new file");
    let before = modified(recorder.folder.path());
    fs::remove_file(recorder.path("take-001.wav")).expect("it was just made");
    recorder.let_the_folders_clock_tick(before);
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-003.wav"));
    recorder.numbering.forget_the_last_search();
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-001.wav"));
}

#[test]
fn many_names_in_turn_are_numbered_right_though_few_are_remembered() {
    let mut recorder = Recorder::new();
    for number in 1..=3 {
        for name in 0..20 {
            let take = recorder.unique(&format!("take {name}")).expect("a new file");
            assert_eq!(take.path(), recorder.path(&format!("take {name}-{number:03}.wav")));
        }
    }
}

#[test]
fn a_folder_that_was_removed_begins_anew() {
    let mut recorder = Recorder::new();
    search_at_once(&mut recorder);
    for _ in 0..2 {
        recorder.unique("a/take").expect("a new file");
    }
    fs::remove_dir_all(recorder.path("a")).expect("it was just made");
    assert_eq!(recorder.unique("a/take").expect("a new file").path(), recorder.path("a/take-001.wav"));
}

#[test]
fn a_number_in_a_folders_name_is_found_by_trying() {
    let mut recorder = Recorder::new();
    search_at_once(&mut recorder);
    fs::create_dir(recorder.path("a-002")).expect("a folder that a test may make");
    fs::create_dir(recorder.path("a-003")).expect("a folder that a test may make");
    recorder.write("a-003/take.wav", "old");
    for number in [1, 2, 4] {
        let take = recorder.unique("a{suffix}/take").expect("a new file");
        assert_eq!(take.path(), recorder.path(&format!("a-{number:03}/take.wav")));
    }
    fs::remove_file(recorder.path("a-001/take.wav")).expect("it was just made");
    assert_eq!(recorder.unique("a{suffix}/take").expect("a new file").path(), recorder.path("a-001/take.wav"));
}

#[test]
fn a_number_that_stands_twice_is_the_same_in_both_places() {
    let mut recorder = Recorder::new();
    for _ in 0..2 {
        recorder.unique("a{suffix}/take{suffix}").expect("a new file");
    }
    assert_eq!(recorder.names(), ["a-001/take-001.wav", "a-002/take-002.wav"]);
}

#[test]
fn recorders_with_the_same_setting_never_collide() {
    const RECORDERS: usize = 32;
    const TAKES: usize = 20;
    for file in ["take{suffix}", "a{suffix}/take"] {
        let recorder = Recorder::new();
        let folder = recorder.folder.path();
        let record = |id: usize| {
            let mut numbering = Numbering::default();
            for _ in 0..TAKES {
                let take = begin_in(folder, &mut numbering, file, "Bass", true).expect("a new file");
                sound(&take, &id.to_string());
                let path = take.complete().expect("nothing is in the way");
                assert_eq!(read(&path), id.to_string());
            }
        };
        thread::scope(|scope| {
            for id in 0..RECORDERS {
                scope.spawn(move || record(id));
            }
        });
        let expected = 1..=RECORDERS * TAKES;
        let expected = expected.map(|number| file.replace("{suffix}", &format!("-{number:03}")) + ".wav");
        assert_eq!(recorder.names().into_iter().collect::<BTreeSet<_>>(), expected.collect());
    }
}

#[test]
fn the_file_is_locked_until_the_take_is_complete() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    let other = File::options().write(true).open(take.path()).expect("the file is there");
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    take.complete().expect("nothing is in the way");
    other.try_lock().expect("nobody has it open any more");
}

#[test]
fn a_take_that_outgrows_its_file_goes_on_in_the_next_unused_part() {
    let mut recorder = Recorder::new();
    recorder.write("take-001 (3).wav", "old");
    let first = recorder.unique("take").expect("a new file");
    let second = next_part(&first);
    sound(&second, "second");
    first.complete().expect("nothing is in the way");
    let third = next_part(&second);
    assert_eq!(second.complete().expect("nothing is in the way"), recorder.path("take-001 (2).wav"));
    assert_eq!(third.path(), recorder.path("take-001 (4).wav"));
    assert_eq!(recorder.read("take-001 (3).wav"), "old");
    assert_eq!(recorder.unique("take").expect("a new file").path(), recorder.path("take-002.wav"));
}

#[test]
fn the_numbers_of_a_split_take_rise() {
    let mut recorder = Recorder::new();
    recorder.write("take-005.wav", "of another take");
    let mut next = |last_number| recorder.next("take", last_number).expect("a new file").number();
    assert_eq!((next(3), next(4), next(6)), (4, 6, 7));
}

#[test]
fn a_dropped_take_keeps_its_sound() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    sound(&take, "half");
    drop(take);
    assert_eq!(recorder.read("take-001.wav"), "half");
}

#[test]
fn a_file_that_is_deleted_while_it_is_recorded_is_written_again() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    sound(&take, "sound");
    fs::remove_file(take.path()).expect("the file is there");
    sound(&take, " and more");
    let error = take.complete().expect_err("the file is not where it should be");
    let FileError::Deleted { kept, .. } = error else { panic!("{error}") };
    assert_eq!(kept, recorder.path("take-001 (recovered).wav"));
    assert_eq!(read(&kept), "sound and more");
}

#[test]
fn a_file_that_is_moved_while_it_is_recorded_is_complete_where_it_is() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    fs::rename(take.path(), recorder.path("mine.wav")).expect("the file is there");
    sound(&take, "sound");
    let error = take.complete().expect_err("the file is not where it should be");
    assert!(matches!(error, FileError::Moved { .. }), "{error}");
    assert_eq!(recorder.read("mine.wav"), "sound");
}

#[test]
fn discarding_removes_no_file_of_others() {
    let mut recorder = Recorder::new();
    let take = recorder.unique("take").expect("a new file");
    fs::rename(take.path(), recorder.path("mine.wav")).expect("the file is there");
    recorder.write("take-001.wav", "other");
    take.discard();
    assert_eq!(recorder.names(), ["mine.wav", "take-001.wav"]);
}
