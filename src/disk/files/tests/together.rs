//! One file for each channel.

use super::*;
use crate::core::format::Files;
use std::thread;

/// Begins a take of a stereo track.
fn begin_stereo(recorder: &mut Recorder, unique_suffix: bool) -> Result<Vec<TakeFile>, FileError> {
    begin_in_folder(recorder.folder.path(), &mut recorder.numbering, unique_suffix)
}

fn begin_in_folder(folder: &Path, numbering: &mut Numbering, unique_suffix: bool) -> Result<Vec<TakeFile>, FileError> {
    let texts = TextSet { file: "take".to_owned(), ..TextSet::default() };
    let settings = TakeSettings { unique_suffix, files: Files::Each, ..TakeSettings::DEFAULT };
    let format = StreamFormat { channels: 2, sample_rate: 48_000 };
    let channels = ["L".to_owned(), "R".to_owned()];
    let wanted = Wanted { texts: &texts, settings: &settings, format, began: Local::now(), channels: &channels };
    begin(numbering, &wanted, 0, |_| Ok(folder.to_owned()))
}

fn all(files: &[TakeFile]) -> Vec<&TakeFile> {
    files.iter().collect()
}

#[test]
fn a_number_that_any_of_the_files_has_is_passed_over_and_nothing_of_it_is_left() {
    for taken in ["take-001_L.wav", "take-001_R.wav"] {
        let mut recorder = Recorder::new();
        recorder.write(taken, "of another take");
        let files = begin_stereo(&mut recorder, true).expect("new files");
        assert_eq!(files.iter().map(TakeFile::number).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(recorder.names(), [taken, "take-002_L.wav", "take-002_R.wav"]);
    }
}

#[test]
fn a_name_that_cannot_be_had_leaves_no_file_of_the_others() {
    let mut recorder = Recorder::new();
    fs::create_dir(recorder.path("take_R.wav")).expect("a folder that a test may make");
    let error = begin_stereo(&mut recorder, false).expect_err("a folder has the name");
    assert!(matches!(error, FileError::NotAFile { .. }), "{error}");
    assert!(recorder.names().is_empty());
}

#[test]
fn the_next_parts_have_one_number_that_none_of_them_has() {
    for unique in [true, false] {
        let mut recorder = Recorder::new();
        let files = begin_stereo(&mut recorder, unique).expect("new files");
        let suffix = if unique { "-001" } else { "" };
        // A folder: no part may replace it.
        fs::create_dir(recorder.path(&format!("take{suffix}_R (2).wav"))).expect("a folder that a test may make");
        let parts = next_parts(&all(&files)).expect("new files");
        let names = ["L", "R"].map(|channel| recorder.path(&format!("take{suffix}_{channel} (3).wav")));
        assert_eq!(parts.iter().map(TakeFile::path).collect::<Vec<_>>(), names);
        assert_eq!(recorder.names().len(), 4);
        let elsewhere = recorder.path("elsewhere");
        let parts = next_parts_in(&all(&parts), &elsewhere).expect("new files");
        assert!(parts[1].path().ends_with(format!("elsewhere/take{suffix}_R (2).wav")));
    }
}

#[test]
fn of_recorders_that_begin_at_once_each_has_numbers_of_its_own() {
    let recorder = Recorder::new();
    let folder = recorder.folder.path();
    let record = || {
        let mut numbering = Numbering::default();
        let mut take = || begin_in_folder(folder, &mut numbering, true).expect("new files");
        (0..20).map(|_| take().iter().map(TakeFile::number).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let mut numbers: Vec<_> = thread::scope(|scope| {
        let recorders = [(); 4].map(|()| scope.spawn(record));
        recorders.into_iter().flat_map(|recorder| recorder.join().expect("no recorder fails")).collect()
    });
    assert!(numbers.iter().all(|numbers| numbers[0] == numbers[1]), "{numbers:?}");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), recorder.names().len()), (80, 160));
}
