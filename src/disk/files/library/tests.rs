//! Takes in real folders.

use super::listing::{Memory, Shelf};
use super::*;
use crate::core::format::{BitRate, Codec, FileType, Menu, StreamFormat};
use crate::core::metadata::{Metadata, Origin};
use crate::core::take::TakeSettings;
use crate::disk::encode;
use std::fs::{self, File};
use std::sync::mpsc::{Receiver, channel};
use std::time::SystemTime;
use tempfile::TempDir;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A folder with takes in it.
struct Folder {
    folder: TempDir,
    now: SystemTime,
}

/// What a file of it is to be.
struct Take {
    file_type: FileType,
    channels: usize,
    frames: usize,
    software: &'static str,
    song_seconds: Option<f64>,
    /// How long before now it was complete.
    age: Duration,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            file_type: FileType::Wav,
            channels: 2,
            frames: 48_000,
            software: "Audio File Out 9.9",
            song_seconds: None,
            age: HOUR,
        }
    }
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), now: SystemTime::now() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Records silence.
    fn take(&self, name: &str, take: &Take) -> PathBuf {
        let path = self.path(name);
        let file = Arc::new(File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap());
        let settings = TakeSettings {
            file_type: take.file_type,
            codec: Codec::Pcm16,
            bit_rate: BitRate::Cbr96,
            ..TakeSettings::DEFAULT
        };
        let format = StreamFormat { channels: take.channels, sample_rate: 48_000 };
        let origin =
            Origin { software: take.software.to_owned(), song_seconds: take.song_seconds, ..Origin::default() };
        let open = encode::format_of(take.file_type).open;
        let mut encoder = open(&settings, format, &Metadata::new("", origin), Arc::clone(&file)).unwrap();
        encoder.write(&vec![0.0; take.frames * take.channels], take.frames).unwrap();
        encoder.finish().unwrap();
        file.set_modified(self.now - take.age).unwrap();
        path
    }

    fn question(&self) -> Question {
        Question { folder: Some(self.folder.path().to_owned()), ..Question::default() }
    }

    /// What a new session finds.
    fn found(&self) -> Vec<(Vec<String>, Option<u64>)> {
        found(&Memory::default().look(&self.question()))
    }
}

/// Names of files and length of each take.
fn found(shelf: &Shelf) -> Vec<(Vec<String>, Option<u64>)> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    shelf.takes.iter().map(|take| (take.paths.iter().map(name).collect(), take.frames)).collect()
}

fn names(shelf: &Shelf) -> Vec<String> {
    found(shelf).into_iter().map(|(names, _)| names.join(" ")).collect()
}

fn one(name: &str) -> (Vec<String>, Option<u64>) {
    (vec![name.to_owned()], Some(48_000))
}

#[test]
fn takes_of_every_type_are_found_newest_first_with_their_lengths() {
    let folder = Folder::new();
    for (hours, &file_type) in (1..).zip(FileType::ALL) {
        folder.take(&format!("t.{}", file_type.id()), &Take { file_type, age: hours * HOUR, ..Take::default() });
    }
    let expected: Vec<_> = FileType::ALL.iter().map(|file_type| one(&format!("t.{}", file_type.id()))).collect();
    assert_eq!(folder.found(), expected);
}

#[test]
fn files_that_others_made_and_files_of_other_weeks_are_not_takes() {
    let folder = Folder::new();
    folder.take("ours.wav", &Take::default());
    folder.take("theirs.wav", &Take { software: "Other Recorder", ..Take::default() });
    folder.take("nobodys.flac", &Take { software: "", file_type: FileType::Flac, ..Take::default() });
    folder.take("old.wav", &Take { age: 24 * HOUR * DAYS + HOUR, ..Take::default() });
    folder.take("week.wav", &Take { age: 24 * HOUR * DAYS - HOUR, ..Take::default() });
    fs::write(folder.path("text.wav"), "no sound").unwrap();
    fs::write(folder.path("empty.wav"), "").unwrap();
    fs::create_dir(folder.path("folder.wav")).unwrap();
    assert_eq!(folder.found(), [one("ours.wav"), one("week.wav")]);
}

#[test]
fn a_file_that_is_being_recorded_is_no_take_until_it_is_complete() {
    let folder = Folder::new();
    let path = folder.take("now.wav", &Take::default());
    let recorder = File::options().read(true).write(true).open(&path).unwrap();
    recorder.try_lock().unwrap();
    let mut memory = Memory::default();
    let question = folder.question();
    for _ in 0..3 {
        assert_eq!(names(&memory.look(&question)), [""; 0]);
    }
    // Nothing of this changes the folder.
    drop(recorder);
    assert_eq!(names(&memory.look(&question)), ["now.wav"]);
}

#[test]
fn a_look_never_keeps_a_recorder_from_its_file() {
    let folder = Folder::new();
    let path = folder.take("a.wav", &Take::default());
    Memory::default().look(&folder.question());
    File::options().read(true).write(true).open(&path).unwrap().try_lock().unwrap();
}

#[test]
fn ten_thousand_files_cost_a_listing_and_a_few_hundred_opened_files_once() {
    let folder = Folder::new();
    let path = folder.take("take.wav", &Take { frames: 10, ..Take::default() });
    for number in 0..10_000u32 {
        let copy = folder.path(&format!("take-{number:05}.wav"));
        fs::copy(&path, &copy).unwrap();
        let age = SECOND * (10_000 - number);
        File::options().write(true).open(&copy).unwrap().set_modified(folder.now - age).unwrap();
    }
    fs::remove_file(path).unwrap();
    let (mut memory, question) = (Memory::default(), folder.question());
    let shelf = memory.look(&question);
    assert_eq!(shelf.takes.len(), MOST_FILES);
    assert_eq!(names(&shelf)[..2], ["take-09999.wav", "take-09998.wav"]);
    assert_eq!((memory.listings, memory.opened), (1, MOST_FILES));
    // Once more, since within one tick of the clock there can be several changes; never again while nothing changes.
    for _ in 0..20 {
        assert_eq!(memory.look(&question), shelf);
    }
    assert_eq!((memory.listings, memory.opened), (2, MOST_FILES));
    folder.take("new.wav", &Take { age: Duration::ZERO, ..Take::default() });
    assert_eq!(names(&memory.look(&question))[0], "new.wav");
    assert_eq!((memory.listings, memory.opened), (3, MOST_FILES + 1));
}

#[test]
fn a_file_that_has_changed_is_read_again() {
    let folder = Folder::new();
    folder.take("a.wav", &Take { age: 2 * HOUR, ..Take::default() });
    let (mut memory, question) = (Memory::default(), folder.question());
    memory.look(&question);
    fs::remove_file(folder.path("a.wav")).unwrap();
    folder.take("a.wav", &Take { frames: 96_000, ..Take::default() });
    assert_eq!(found(&memory.look(&question)), [(vec!["a.wav".to_owned()], Some(96_000))]);
}

#[test]
fn what_was_moved_or_removed_stays_and_is_known_to_be_gone() {
    let folder = Folder::new();
    let [a, b] = ["a.wav", "b.wav"].map(|name| folder.take(name, &Take::default()));
    let elsewhere = Folder::new();
    let session = [elsewhere.take("s.wav", &Take::default()), elsewhere.take("t.wav", &Take::default())];
    let question = Question { session: session.to_vec().into(), ..folder.question() };
    let mut memory = Memory::default();
    assert_eq!(memory.look(&question).gone, HashSet::new());
    memory.look(&question);
    fs::rename(&a, folder.path("renamed.wav")).unwrap();
    fs::remove_file(&session[1]).unwrap();
    let shelf = memory.look(&question);
    assert_eq!(shelf.gone, HashSet::from([a.clone(), session[1].clone()]));
    let mut there = names(&shelf);
    there.sort();
    assert_eq!(there, ["a.wav", "b.wav", "renamed.wav"]);
    // It came back.
    fs::rename(folder.path("renamed.wav"), &a).unwrap();
    assert_eq!(memory.look(&question).gone, HashSet::from([folder.path("renamed.wav"), session[1].clone()]));
    fs::remove_file(b).unwrap();
    assert_eq!(memory.look(&question).gone.len(), 3);
}

#[test]
fn what_we_renamed_or_trashed_ourselves_is_not_gone() {
    let folder = Folder::new();
    let path = folder.take("a.wav", &Take::default());
    let (mut memory, mut question) = (Memory::default(), folder.question());
    memory.look(&question);
    fs::rename(&path, folder.path("b.wav")).unwrap();
    question.put_away.insert(path);
    let shelf = memory.look(&question);
    assert_eq!((names(&shelf), shelf.gone), (vec!["b.wav".to_owned()], HashSet::new()));
}

#[test]
fn of_a_take_in_several_files_one_may_be_gone() {
    let folder = Folder::new();
    let mono = Take { channels: 1, ..Take::default() };
    let [_, right] = ["a_L.wav", "a_R.wav"].map(|name| folder.take(name, &mono));
    let (mut memory, question) = (Memory::default(), folder.question());
    memory.look(&question);
    fs::remove_file(&right).unwrap();
    let shelf = memory.look(&question);
    assert_eq!((names(&shelf), shelf.gone), (vec!["a_L.wav a_R.wav".to_owned()], HashSet::from([right])));
}

#[test]
fn the_takes_of_another_folder_are_others() {
    let (one, other) = (Folder::new(), Folder::new());
    one.take("one.wav", &Take::default());
    other.take("other.wav", &Take::default());
    let mut memory = Memory::default();
    memory.look(&one.question());
    fs::remove_file(one.path("one.wav")).unwrap();
    let shelf = memory.look(&other.question());
    assert_eq!((names(&shelf), shelf.gone), (vec!["other.wav".to_owned()], HashSet::new()));
}

#[test]
fn a_folder_that_is_not_there_holds_nothing_until_it_is() {
    let folder = Folder::new();
    let question = Question { folder: Some(folder.path("later")), ..Question::default() };
    let mut memory = Memory::default();
    assert_eq!(memory.look(&question), Shelf::default());
    assert_eq!(memory.look(&Question::default()), Shelf::default());
    fs::create_dir(folder.path("later")).unwrap();
    folder.take("later/a.wav", &Take::default());
    assert_eq!(names(&memory.look(&question)), ["a.wav"]);
}

#[test]
fn files_of_channels_that_ended_together_are_one_take() {
    for (names, song_seconds) in [(["a_L.wav", "a_R.wav"], None), (["a_2.wav", "a_10.wav"], Some(3.0))] {
        let folder = Folder::new();
        let mono = Take { channels: 1, song_seconds, ..Take::default() };
        folder.take(names[1], &mono);
        folder.take(names[0], &Take { age: HOUR - SECOND, ..mono });
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(folder.found(), [(names, Some(48_000))], "and as long as one of them");
    }
}

/// What is done to a take is done to all of its files.
#[test]
fn files_that_only_look_like_channels_of_one_take_are_takes_of_their_own() {
    let mono = || Take { channels: 1, song_seconds: Some(3.0), ..Take::default() };
    for (what, [first, second], other) in [
        ("stereo", ["a_L.wav", "a_R.wav"], Take { channels: 2, ..mono() }),
        ("another length", ["a_L.wav", "a_R.wav"], Take { frames: 48_001, ..mono() }),
        ("another minute", ["a_L.wav", "a_R.wav"], Take { age: HOUR + 60 * SECOND, ..mono() }),
        ("another place in the song", ["a_1.wav", "a_2.wav"], Take { song_seconds: Some(5.0), ..mono() }),
        ("another type", ["a_L.wav", "a_R.flac"], Take { file_type: FileType::Flac, ..mono() }),
        ("another name", ["a_L.wav", "b_R.wav"], mono()),
        ("no channel", ["a_L.wav", "a_.wav"], mono()),
    ] {
        let folder = Folder::new();
        folder.take(first, &mono());
        folder.take(second, &other);
        assert_eq!(folder.found().len(), 2, "{what}");
    }
    // N makes names that end in a figure, and nobody says where in the song they begin.
    let folder = Folder::new();
    for name in ["hit_1.wav", "hit_2.wav"] {
        folder.take(name, &Take { song_seconds: None, ..mono() });
    }
    assert_eq!(folder.found().len(), 2, "numbers by N");
}

#[test]
fn parts_follow_the_file_before_them_and_parts_of_an_older_take_do_not() {
    let folder = Folder::new();
    folder.take("a.wav", &Take { age: 9 * HOUR, ..Take::default() });
    folder.take("a (2).wav", &Take { age: 8 * HOUR, frames: 24_000, ..Take::default() });
    folder.take("a (3).wav", &Take { age: 7 * HOUR, ..Take::default() });
    folder.take("b (2).wav", &Take { age: 6 * HOUR, ..Take::default() });
    folder.take("b.wav", &Take { age: 5 * HOUR, ..Take::default() });
    folder.take("c.wav", &Take { age: 4 * HOUR, ..Take::default() });
    folder.take("c (2).wav", &Take { age: 3 * HOUR, channels: 1, ..Take::default() });
    // A copy has the time of its original.
    folder.take("d.wav", &Take { age: 2 * HOUR, ..Take::default() });
    folder.take("d (2).wav", &Take { age: 2 * HOUR, ..Take::default() });
    let parts = ["a.wav", "a (2).wav", "a (3).wav"].map(str::to_owned).to_vec();
    assert_eq!(
        folder.found(),
        [
            one("d (2).wav"),
            one("d.wav"),
            one("c (2).wav"),
            one("c.wav"),
            one("b.wav"),
            one("b (2).wav"),
            (parts, Some(120_000))
        ]
    );
}

#[test]
fn parts_of_files_of_channels_are_one_take() {
    let folder = Folder::new();
    for (part, age) in [("", 9), (" (2)", 8)] {
        for channel in ["L", "R"] {
            let name = format!("a_{channel}{part}.wav");
            folder.take(&name, &Take { channels: 1, age: age * HOUR, ..Take::default() });
        }
    }
    let files = ["a_L.wav", "a_R.wav", "a_L (2).wav", "a_R (2).wav"].map(str::to_owned).to_vec();
    assert_eq!(folder.found(), [(files, Some(96_000))]);
}

/// A library, and what wakes whoever waits for it.
fn library() -> (TakeLibrary, Receiver<()>) {
    let (sender, woken) = channel();
    (TakeLibrary::new(Arc::new(move || sender.send(()).unwrap_or_default())), woken)
}

#[test]
fn the_window_waits_for_nothing_and_is_woken_when_the_takes_are_known() {
    let folder = Folder::new();
    folder.take("a.wav", &Take::default());
    let (mut library, woken) = library();
    let session = Arc::default();
    assert!(!library.look(Some(folder.folder.path()), &session));
    assert_eq!(library.takes(), [], "the disk was asked by another thread");
    woken.recv().unwrap();
    assert!(library.look(None, &session));
    assert_eq!(library.takes().len(), 1);
    assert!(!library.look(None, &session), "that is no news any more");
}

#[test]
fn the_disk_is_not_asked_again_at_every_frame() {
    let folder = Folder::new();
    let (mut library, woken) = library();
    let session = Arc::default();
    for _ in 0..1_000 {
        library.look(Some(folder.folder.path()), &session);
    }
    woken.recv().unwrap();
    library.look(None, &session);
    assert!(woken.try_recv().is_err() && library.errand.is_none());
    // A take has ended.
    library.look(None, &Arc::from([folder.path("new.wav")]));
    woken.recv().unwrap();
}

#[test]
fn a_wish_is_done_by_another_thread_and_its_outcome_is_in_the_list_at_once() {
    let folder = Folder::new();
    let path = folder.take("a.wav", &Take::default());
    let (mut library, woken) = library();
    let session = Arc::default();
    library.look(Some(folder.folder.path()), &session);
    woken.recv().unwrap();
    library.look(None, &session);
    let renamed = |library: &mut TakeLibrary, from: &PathBuf, written: &str| {
        library.rename(vec![from.clone()], written.to_owned());
        woken.recv().unwrap();
        library.news().unwrap()
    };
    let to = folder.path("b.wav");
    let news = renamed(&mut library, &path, "b");
    assert_eq!(news, LibraryNews::Renamed { from: vec![path.clone()], to: vec![to.clone()] });
    assert_eq!(library.takes()[0].paths, std::slice::from_ref(&to));
    assert!(!library.is_gone(&path) && !library.is_gone(&to));
    fs::write(folder.path("taken.wav"), "").unwrap();
    assert!(matches!(renamed(&mut library, &to, "taken"), LibraryNews::Failed(_)));
    // The disk says the same.
    library.look(None, &session);
    woken.recv().unwrap();
    library.look(None, &session);
    assert_eq!(library.takes()[0].paths, [to]);
    assert_eq!(library.news(), None);
}
