//! On real files. Nothing depends on how long anything takes.

mod exclusive;
mod fixed;
mod together;
mod unique;

use super::*;
use crate::core::format::FileType;
use chrono::TimeZone;
use proptest::prelude::*;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use tempfile::TempDir;

/// A folder for the recorder, and one recorder.
struct Recorder {
    folder: TempDir,
    numbering: Numbering,
}

impl Recorder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for temporary files"), numbering: Numbering::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Begins a take with Unique Suffix on.
    fn unique(&mut self, file: &str) -> Result<TakeFile, FileError> {
        begin_in(self.folder.path(), &mut self.numbering, file, "Bass", true)
    }

    /// Begins the next file of a take with Unique Suffix on.
    fn next(&mut self, file: &str, last_number: u64) -> Result<TakeFile, FileError> {
        next_in(self.folder.path(), &mut self.numbering, file, "Bass", true, last_number)
    }

    /// Begins a take with Unique Suffix off.
    fn fixed(&mut self, file: &str) -> Result<TakeFile, FileError> {
        begin_in(self.folder.path(), &mut self.numbering, file, "Bass", false)
    }

    /// All files and folders under the recorder's folder.
    fn names(&self) -> Vec<String> {
        names_in(self.folder.path(), "")
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file that a test may write");
    }

    fn read(&self, name: &str) -> String {
        read(&self.path(name))
    }

    /// Makes sure that the folder's modification time differs from the one that it had at `before`.
    fn let_the_folders_clock_tick(&self, before: std::time::SystemTime) {
        while modified(self.folder.path()) == before {
            let passing = self.path("passing");
            File::create(&passing).expect("a file that a test may write");
            fs::remove_file(&passing).expect("it was just made");
        }
    }
}

fn modified(folder: &Path) -> std::time::SystemTime {
    fs::metadata(folder).and_then(|metadata| metadata.modified()).expect("the time of a test's folder")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file that a test wrote")
}

fn names_in(folder: &Path, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder that a test made") {
        let entry = entry.expect("an entry of a folder that a test made");
        let name = prefix.to_owned() + entry.file_name().to_str().expect("a name that is text");
        if entry.file_type().expect("the type of an entry").is_dir() {
            names.extend(names_in(&entry.path(), &format!("{name}/")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

fn begin_in(
    folder: &Path,
    numbering: &mut Numbering,
    file: &str,
    track: &str,
    unique_suffix: bool,
) -> Result<TakeFile, FileError> {
    next_in(folder, numbering, file, track, unique_suffix, 0)
}

fn next_in(
    folder: &Path,
    numbering: &mut Numbering,
    file: &str,
    track: &str,
    unique_suffix: bool,
    last_number: u64,
) -> Result<TakeFile, FileError> {
    let texts = TextSet { file: file.to_owned(), track: track.to_owned(), ..TextSet::default() };
    let settings = TakeSettings { unique_suffix, n: 7, ..TakeSettings::DEFAULT };
    let format = StreamFormat { channels: 2, sample_rate: 48_000 };
    let root = |start| {
        Ok(match start {
            Start::Absolute => PathBuf::new(),
            Start::Home => folder.join("home"),
            Start::Folder => folder.to_owned(),
        })
    };
    let began = Local.with_ymd_and_hms(2026, 11, 22, 14, 3, 59).single().expect("a time that is there once");
    let files = begin(
        numbering,
        &Wanted { texts: &texts, settings: &settings, format, began, channels: &[] },
        last_number,
        root,
    );
    files.map(|mut files| files.swap_remove(0))
}

/// The next part of a take of one file.
fn next_part(take: &TakeFile) -> TakeFile {
    next_parts(&[take]).expect("a new file").swap_remove(0)
}

/// Writes into a take as an encoder would.
fn sound(take: &TakeFile, content: &str) {
    let mut file = &**take.file();
    file.write_all(content.as_bytes()).expect("room for a few bytes");
}

#[test]
fn the_moment_at_which_the_take_begins_is_in_its_name() {
    let mut recorder = Recorder::new();
    recorder.unique("{date} {time}").expect("a new file");
    assert_eq!(recorder.names(), ["2026-11-22 14-03-59-001.wav"]);
}

#[test]
fn a_name_in_the_home_folder_lies_there() {
    let mut recorder = Recorder::new();
    recorder.unique("~/takes/a").expect("a new file");
    assert_eq!(recorder.names(), ["home/takes/a-001.wav"]);
}

#[test]
fn a_whole_path_needs_no_other_folder() {
    let recorder = Recorder::new();
    let texts =
        TextSet { file: recorder.path("x").to_str().expect("a path that is text").to_owned(), ..TextSet::default() };
    let settings = TakeSettings { file_type: FileType::Mp3, unique_suffix: false, ..TakeSettings::DEFAULT };
    let format = StreamFormat { channels: 2, sample_rate: 48_000 };
    let wanted = Wanted { texts: &texts, settings: &settings, format, began: Local::now(), channels: &[] };
    let take = TakeFiles::default().begin(&wanted, 0).expect("a new file").swap_remove(0);
    assert_eq!(take.path(), recorder.path("x.mp3"));
}

#[test]
fn the_recorders_folder_is_the_variables_then_in_the_music_folder() {
    let user = || UserDirs::new().expect("whoever runs tests has a home folder");
    let known = user();
    let root = |start, variable: Option<&str>| root(start, variable.map(OsString::from), || Some(&known));
    let variable = std::env::temp_dir().join("takes");
    let variable = variable.to_str().expect("a path that is text");
    assert_eq!(root(Start::Folder, Some(variable)).expect("a folder"), Path::new(variable));
    let music = user().audio_dir().unwrap_or(user().home_dir()).join("Audio File Out");
    assert_eq!(root(Start::Folder, None).expect("a folder"), music);
    assert_eq!(root(Start::Folder, Some("")).expect("a folder"), music);
    assert_eq!(root(Start::Home, Some(variable)).expect("a folder"), user().home_dir());
    assert!(root(Start::Folder, Some("takes")).expect("a folder").is_absolute());
}

#[test]
fn a_fallback_is_the_named_folder_or_the_recorders_own_with_the_name_of_the_take() {
    let file = |fallback: &str, file: &str| {
        let texts = TextSet { file: file.to_owned(), fallback: fallback.to_owned(), ..TextSet::default() };
        fallback_texts(&texts).file
    };
    let beside = |folder: &str| format!("{folder}{MAIN_SEPARATOR}take{{suffix}}");
    for name in ["take{suffix}", "drums/take{suffix}", "/takes/{date}/take{suffix}", "~/take{suffix}"] {
        assert_eq!(file("", name), "take{suffix}", "in the recorder's folder");
        assert_eq!(file("/spare", name), beside("/spare"));
        assert_eq!(file(" ~/spare ", name), beside("~/spare"));
    }
}

#[test]
fn without_a_home_folder_only_names_that_need_it_fail() {
    let root = |start, variable: Option<&str>| root(start, variable.map(OsString::from), || None);
    assert!(matches!(root(Start::Home, Some("takes")), Err(FileError::NoHome)));
    assert!(matches!(root(Start::Folder, None), Err(FileError::NoHome)));
    assert!(root(Start::Folder, Some("takes")).is_ok());
    assert!(root(Start::Absolute, None).is_ok());
}

#[test]
fn a_file_in_the_way_of_a_folder_is_an_error_that_names_it() {
    let mut recorder = Recorder::new();
    recorder.write("takes", "");
    for unique in [true, false] {
        let error = if unique { recorder.unique("takes/a/b") } else { recorder.fixed("takes/a/b") };
        let error = error.expect_err("a folder cannot be made there");
        assert!(matches!(error, FileError::NoFolder { .. }), "{error:?}");
        assert!(error.to_string().contains("takes"), "{error}");
        assert_eq!(recorder.names(), ["takes"]);
    }
}

#[test]
fn a_name_that_the_system_does_not_take_is_an_error_that_leaves_nothing() {
    let mut recorder = Recorder::new();
    let error = recorder.unique(&"x".repeat(300)).expect_err("no file system takes it");
    assert!(matches!(error, FileError::BadName { .. }), "{error:?}");
    assert!(recorder.names().is_empty());
}

#[test]
fn every_error_says_where_and_what_to_do_without_the_systems_jargon() {
    let path = || PathBuf::from("takes/a.wav");
    let known = [
        ErrorKind::PermissionDenied,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::InvalidFilename,
        ErrorKind::IsADirectory,
    ];
    let of_system = known.map(|kind| FileError::io(&path(), io::Error::from(kind)));
    let of_folder = known[..5].iter().chain(&[ErrorKind::AlreadyExists, ErrorKind::NotADirectory]);
    let of_folder = of_folder.map(|&kind| FileError::NoFolder { folder: path(), source: io::Error::from(kind) });
    let of_names = [
        FileError::InUse { path: path() },
        FileError::NotAFile { path: path() },
        FileError::DeadLink { path: path() },
        FileError::NotReplaced { path: path(), kept: path(), source: Box::new(FileError::InUse { path: path() }) },
        FileError::Moved { path: path() },
        FileError::Deleted { path: path(), kept: path() },
    ];
    for error in of_system.into_iter().chain(of_folder).chain(of_names) {
        let text = error.to_string();
        assert!(text.contains("takes/a.wav") && text.ends_with('.'), "{text}");
        assert!(!text.contains("os error"), "{text}");
        let system = error.source().map(ToString::to_string);
        let from_system = !matches!(error, FileError::NotReplaced { .. });
        assert!(!from_system || system.is_none_or(|system| !text.contains(&system)), "{text}");
    }
}

#[test]
fn errors_keep_what_the_system_said() {
    let error = FileError::io(Path::new("a"), io::Error::other("sparks"));
    assert!(matches!(error, FileError::Io { .. }));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("sparks"));
    assert!(matches!(FileError::io(Path::new("a"), ErrorKind::StorageFull.into()), FileError::DiskFull { .. }));
    assert!(matches!(
        FileError::io(Path::new("a"), ErrorKind::PermissionDenied.into()),
        FileError::NoPermission { .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_track_name_leads_out_of_the_folder_or_fails(
        track in prop_oneof![any::<String>(), "[./\\\\~:A-C\u{0}-\u{1f} ]{0,12}", "(\\.\\./){1,9}[a-z]", "[é😀]{60,300}"],
        unique: bool,
    ) {
        let recorder = Recorder::new();
        let folder = recorder.path("takes");
        let take = begin_in(&folder, &mut Numbering::default(), "{track}/{track}", &track, unique);
        let take = take.expect("every track can be recorded");
        let inside = fs::canonicalize(take.path()).expect("the file is there");
        let folder = fs::canonicalize(&folder).expect("the folder is there");
        prop_assert_eq!(inside.parent().and_then(Path::parent), Some(&*folder));
    }
}
