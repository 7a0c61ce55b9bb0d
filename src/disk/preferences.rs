//! What the user prefers in every project: a small file in the folder where the system keeps such things.
//!
//! The disk is asked by an [`Errand`] ("audio file keys"), one at most for each instance, and only while a window is
//! open. A file that is not there, or says nothing that we know, stands for what holds without one.

use crate::link::{Errand, Preferences};
use directories::ProjectDirs;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// The folder of ours among those of all programs.
const FOLDER_NAME: &str = "audio-file-out";

/// The file that says who has the keys.
const FILE_NAME: &str = "keys";

/// The word in it while the recorder has them.
const RECORDER: &str = "recorder";

/// The word in it while the DAW has them.
const DAW: &str = "daw";

/// How long an answer counts: the window of another instance may have changed it.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// What an errand comes back with.
enum Answer {
    Read(bool),
    Written(io::Result<()>),
}

/// The preferences of whoever runs the host.
pub struct UserPreferences {
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The folder, where it is not the system's for this user.
    folder: Option<PathBuf>,
    /// Whether the recorder has the keys, as far as is known.
    is_recorders: bool,
    /// What has to be written.
    wanted: Option<bool>,
    errand: Option<Errand<Answer>>,
    looked: Option<Instant>,
    trouble: Option<String>,
}

impl UserPreferences {
    /// `wake`, which must not wait, is called by another thread when there is an answer of the disk.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { wake, folder: None, is_recorders: false, wanted: None, errand: None, looked: None, trouble: None }
    }

    /// The same in a folder of its own.
    #[cfg(test)]
    fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::new(Arc::new(|| ())) }
    }

    /// Takes the answer, if there is one, and sends the next errand, if one is due.
    fn go_on(&mut self) {
        if let Some(errand) = &mut self.errand {
            match errand.answer() {
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {}
                // What the user has said meanwhile is newer.
                Ok(Answer::Read(is_recorders)) => self.is_recorders = self.wanted.unwrap_or(is_recorders),
                Ok(Answer::Written(written)) => self.trouble = written.err().map(|error| not_kept(&error)),
            }
            self.errand = None;
        }
        let folder = self.folder.clone();
        if let Some(to_recorder) = self.wanted.take() {
            // Without a thread it is as with a disk that fails.
            if let Err(error) = self.send(move || Answer::Written(write(folder, to_recorder))) {
                self.trouble = Some(not_kept(&error));
            }
        } else if self.looked.is_none_or(|at| at.elapsed() >= BETWEEN_LOOKS) {
            self.looked = Some(Instant::now());
            // Without a thread what is known goes on, and the next look tries again.
            let _ = self.send(move || Answer::Read(read(folder)));
        }
    }

    fn send(&mut self, work: impl FnOnce() -> Answer + Send + 'static) -> io::Result<()> {
        let wake = Arc::clone(&self.wake);
        self.errand = Some(Errand::start("audio file keys", work, move || wake())?);
        Ok(())
    }
}

impl Preferences for UserPreferences {
    fn recorder_has_keys(&mut self) -> bool {
        self.go_on();
        self.is_recorders
    }

    fn give_keys(&mut self, to_recorder: bool) {
        self.is_recorders = to_recorder;
        self.wanted = Some(to_recorder);
        // The next look comes after what is written now.
        self.looked = Some(Instant::now());
        self.go_on();
    }

    fn news(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

fn not_kept(error: &io::Error) -> String {
    format!("Who has the keys could not be saved ({error}). It holds until the plugin is removed; then set it again.")
}

fn path(folder: Option<PathBuf>) -> io::Result<PathBuf> {
    let users = || ProjectDirs::from("", "", FOLDER_NAME).map(|dirs| dirs.config_dir().to_owned());
    let folder = folder.or_else(users).ok_or_else(|| io::Error::other("there is no home folder"))?;
    Ok(folder.join(FILE_NAME))
}

fn read(folder: Option<PathBuf>) -> bool {
    let words = path(folder).and_then(fs::read);
    words.is_ok_and(|words| words.trim_ascii() == RECORDER.as_bytes())
}

/// Replaces the file in one step, so that nobody ever reads half of it.
fn write(folder: Option<PathBuf>, to_recorder: bool) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let path = path(folder)?;
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    // Other instances may do the same at this moment.
    let number = NUMBER.fetch_add(1, Relaxed);
    let new = path.with_file_name(format!("{FILE_NAME}.{}.{number}", process::id()));
    let word = if to_recorder { RECORDER } else { DAW };
    let written = fs::write(&new, format!("{word}\n")).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // What the user has to hear is why, and not that something was left.
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks until the disk has said this, for ten seconds at most.
    #[track_caller]
    fn says(preferences: &mut UserPreferences, is_recorders: bool) {
        for _ in 0..2_000 {
            // What is known before the disk has answered is none of its answers.
            let known = preferences.recorder_has_keys();
            if preferences.errand.is_none() && known == is_recorders {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the disk never says that the recorder has the keys: {is_recorders}");
    }

    #[test]
    fn another_instance_reads_what_one_has_written() {
        let folder = tempfile::tempdir().unwrap();
        for to_recorder in [true, false, true] {
            let mut one = UserPreferences::in_folder(&folder.path().join("new"));
            says(&mut one, !to_recorder && folder.path().join("new").exists());
            one.give_keys(to_recorder);
            assert_eq!(one.recorder_has_keys(), to_recorder, "the window waits for no disk");
            drop(one);
            says(&mut UserPreferences::in_folder(&folder.path().join("new")), to_recorder);
        }
        let left: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, [FILE_NAME], "nothing else is left");
    }

    #[test]
    fn a_file_that_is_missing_or_broken_leaves_the_keys_to_the_daw() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        assert!(!read(Some(folder.path().to_owned())), "it is missing");
        for words in [&b""[..], b"recorde", b"recorder daw", b"\xff\xfe\0", b"daw\n"] {
            fs::write(&file, words).unwrap();
            assert!(!read(Some(folder.path().to_owned())), "{words:?}");
        }
        fs::write(&file, b"recorder\n").unwrap();
        assert!(read(Some(folder.path().to_owned())));
    }

    #[test]
    fn what_cannot_be_written_is_said_once_and_holds_as_long_as_the_instance() {
        let folder = tempfile::tempdir().unwrap();
        // A file stands where the folder should be.
        let taken = folder.path().join("taken");
        fs::write(&taken, b"").unwrap();
        let mut preferences = UserPreferences::in_folder(&taken);
        preferences.give_keys(true);
        let news = (0..2_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            assert!(preferences.recorder_has_keys());
            preferences.news()
        });
        assert!(news.is_some_and(|news| news.starts_with("Who has the keys could not be saved")));
        assert_eq!(preferences.news(), None);
    }
}
