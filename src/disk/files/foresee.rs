//! Where the next take goes, for whoever wants to show it: by the rules of [`TakeFiles`](super::TakeFiles), and with the
//! same search for a number that no file has.
//!
//! The disk is looked at by an [`Errand`] ("audio file next"), one at most for each instance, and only when somebody asks.
//! So a folder on a network that hangs holds up nobody, and a window that nobody looks at costs nothing.

use super::numbering::Numbering;
use super::{FOLDER_VARIABLE, Wanted, pattern, root, user_dirs};
use crate::core::format::StreamFormat;
use crate::core::naming::{Start, Suffix};
use crate::core::take::TakeSettings;
use crate::link::{Errand, TextSet};
use chrono::Local;
use directories::UserDirs;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// How long an answer counts while nothing has changed that we know of. Others use the folder too, and `{time}` goes on
/// every second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(900);

/// How long the answer to the last question stands for the one to the present question: a disk that is well answers
/// sooner, and what is shown does not flicker.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is known of the next take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextTake {
    /// The disk was asked.
    Known(Found),
    /// The disk has not answered yet: the path as far as the settings tell it, for people only.
    Open(PathBuf),
}

/// Where the next take goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The full path; `None` where there is no home folder.
    pub path: Option<PathBuf>,
    /// The nearest folder above it that is there.
    pub folder: Option<PathBuf>,
    /// The recorder's folder, whether it is there or not; `None` where there is no home folder.
    pub recorder_folder: Option<PathBuf>,
    /// The user's home folder, which `~` stands for.
    pub home: Option<PathBuf>,
}

/// Foresees the paths of one plugin instance's takes. Makes no file and no folder.
pub struct Foresight {
    wake: Arc<dyn Fn() + Send + Sync>,
    /// Away on the errand while there is one.
    memory: Memory,
    errand: Option<Errand<(Memory, Found)>>,
    /// What the errand, or else the last one, was sent with, and when.
    asked: Option<(Question, Instant)>,
    answered: Option<(Question, Found)>,
    /// Since when there has been no answer to the present question.
    open_since: Option<Instant>,
}

/// What was learnt by earlier looks.
#[derive(Debug, Default)]
struct Memory {
    numbering: Numbering,
    user: Option<UserDirs>,
}

/// All that the answer depends on, apart from the disk and the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    texts: Arc<TextSet>,
    settings: TakeSettings,
    format: StreamFormat,
    channels: Vec<String>,
    last_take: Option<PathBuf>,
}

impl Question {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            texts: &self.texts,
            settings: &self.settings,
            format: self.format,
            began: Local::now(),
            channels: &self.channels,
        }
    }
}

impl Foresight {
    /// `wake`, which must not wait, is called by another thread when there is an answer.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { wake, memory: Memory::default(), errand: None, asked: None, answered: None, open_since: None }
    }

    /// Where the first file of a take goes that begins now, whose sound has this format in its files; `channels` as in
    /// [`Wanted`]. `last_take` is the file of the current or last
    /// take: with a new one the numbers in use are others. Never waits, and looks at no disk; to be asked again and again.
    pub fn next_take(
        &mut self,
        texts: &Arc<TextSet>,
        settings: &TakeSettings,
        format: StreamFormat,
        channels: &[String],
        last_take: Option<&Path>,
    ) -> NextTake {
        self.hear();
        let is_same = |question: &Question| {
            // Most often the very same texts.
            (Arc::ptr_eq(&question.texts, texts) || question.texts == *texts)
                && (&question.settings, question.format, question.last_take.as_deref()) == (settings, format, last_take)
                && question.channels == channels
        };
        let is_fresh = self.asked.as_ref().is_some_and(|(of, at)| is_same(of) && at.elapsed() < BETWEEN_LOOKS);
        if self.errand.is_none() && !is_fresh {
            let last_take = last_take.map(Path::to_owned);
            let channels = channels.to_vec();
            self.ask(Question { texts: Arc::clone(texts), settings: *settings, format, channels, last_take });
        }
        let is_answered = self.answered.as_ref().is_some_and(|(of, _)| is_same(of));
        let open_since = if is_answered { None } else { Some(self.open_since.unwrap_or_else(Instant::now)) };
        self.open_since = open_since;
        match &self.answered {
            Some((_, found)) if open_since.is_none_or(|since| since.elapsed() < PATIENCE) => {
                NextTake::Known(found.clone())
            }
            _ => {
                let began = Local::now();
                NextTake::Open(as_far_as_is_known(&Wanted { texts, settings, format, began, channels }))
            }
        }
    }

    /// Takes the answer, if there is one.
    fn hear(&mut self) {
        let Some(errand) = &mut self.errand else { return };
        match errand.answer() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {}
            Ok((memory, found)) => {
                self.memory = memory;
                self.answered = self.asked.as_ref().map(|(question, _)| (question.clone(), found));
            }
        }
        self.errand = None;
    }

    fn ask(&mut self, question: Question) {
        let mut memory = std::mem::take(&mut self.memory);
        let asked = question.clone();
        let work = move || {
            let found = memory.look(&asked.wanted());
            (memory, found)
        };
        let wake = Arc::clone(&self.wake);
        // Without a thread there is no answer, and the next look tries again.
        self.errand = Errand::start("audio file next", work, move || wake()).ok();
        self.asked = Some((question, Instant::now()));
    }
}

impl Memory {
    /// May wait for the disk.
    fn look(&mut self, wanted: &Wanted) -> Found {
        let pattern = pattern(wanted);
        let mut root = |start| root(start, env::var_os(FOLDER_VARIABLE), || user_dirs(&mut self.user)).ok();
        let recorder_folder = root(Start::Folder);
        let path = root(pattern.start()).map(|root| match wanted.settings.unique_suffix {
            true => self.numbering.foresee(&root, &pattern),
            false => root.join(pattern.path(Suffix::Fixed(wanted.settings.n))),
        });
        let folder = path.as_ref().and_then(|path| path.ancestors().skip(1).find(|folder| folder.is_dir()));
        let folder = folder.map(Path::to_owned);
        let home = user_dirs(&mut self.user).map(|user| user.home_dir().to_owned());
        Found { path, folder, recorder_folder, home }
    }
}

/// The path of the next take without its folder where only the disk knows it, and without its number.
fn as_far_as_is_known(wanted: &Wanted) -> PathBuf {
    let pattern = pattern(wanted);
    let suffix = if wanted.settings.unique_suffix { Suffix::Unknown } else { Suffix::Fixed(wanted.settings.n) };
    let path = pattern.path(suffix);
    match pattern.start() {
        Start::Home => Path::new("~").join(path),
        Start::Absolute | Start::Folder => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::files::TakeFiles;
    use std::fs::File;
    use std::sync::mpsc::{Receiver, channel};
    use tempfile::TempDir;

    const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };

    /// A recorder and whoever shows its next take, in one folder.
    struct Recorder {
        folder: TempDir,
        texts: Arc<TextSet>,
        settings: TakeSettings,
        foresight: Foresight,
        woken: Receiver<()>,
        last_take: Option<PathBuf>,
        channels: Vec<String>,
    }

    impl Recorder {
        fn new(file: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(file).to_string_lossy().into_owned();
            let texts = Arc::new(TextSet { file, track: "Drums".to_owned(), ..TextSet::default() });
            let (sender, woken) = channel();
            let foresight = Foresight::new(Arc::new(move || sender.send(()).unwrap_or_default()));
            Self {
                folder,
                texts,
                settings: TakeSettings::DEFAULT,
                foresight,
                woken,
                last_take: None,
                channels: Vec::new(),
            }
        }

        fn next_take(&mut self) -> NextTake {
            self.foresight.next_take(&self.texts, &self.settings, FORMAT, &self.channels, self.last_take.as_deref())
        }

        /// The path once the disk was asked for it.
        fn known(&mut self) -> PathBuf {
            self.next_take();
            while self.foresight.errand.is_some() {
                self.woken.recv().unwrap();
                self.next_take();
            }
            let NextTake::Known(Found { path: Some(path), .. }) = self.next_take() else { panic!("no answer") };
            path
        }

        fn record(&mut self, files: &mut TakeFiles) -> PathBuf {
            let (texts, settings, began) = (&self.texts, &self.settings, Local::now());
            let wanted = Wanted { texts, settings, format: FORMAT, began, channels: &self.channels };
            let made = files.begin(&wanted, 0).unwrap().into_iter().map(|file| file.complete().unwrap());
            let path = made.collect::<Vec<_>>().swap_remove(0);
            self.last_take = Some(path.clone());
            path
        }

        /// A disk that does not answer until the sender is dropped.
        fn hang(&mut self) -> std::sync::mpsc::Sender<()> {
            let (release, hangs) = channel::<()>();
            let work = move || {
                let _ = hangs.recv();
                (Memory::default(), Found { path: None, folder: None, recorder_folder: None, home: None })
            };
            self.foresight.errand = Some(Errand::start("audio file test", work, || ()).unwrap());
            release
        }
    }

    #[test]
    fn every_take_gets_the_foreseen_path() {
        for file in ["{track} {rate}{suffix}", "a/{suffix}/{track}", "{suffix} twice{suffix}", "plain"] {
            for unique_suffix in [true, false] {
                let mut recorder = Recorder::new(file);
                recorder.settings = TakeSettings { unique_suffix, n: 7, ..TakeSettings::DEFAULT };
                let mut files = TakeFiles::default();
                for _ in 0..3 {
                    let foreseen = recorder.known();
                    assert_eq!(recorder.record(&mut files), foreseen, "{file}");
                }
            }
        }
    }

    #[test]
    fn a_number_that_a_file_has_is_passed_over() {
        let mut recorder = Recorder::new("take");
        for number in [1, 2, 4] {
            File::create(recorder.folder.path().join(format!("take-{number:03}.wav"))).unwrap();
        }
        assert_eq!(recorder.known(), recorder.folder.path().join("take-003.wav"));
    }

    #[test]
    fn the_first_of_the_files_of_the_channels_is_foreseen_under_a_number_that_none_of_them_has() {
        let mut recorder = Recorder::new("take");
        recorder.channels = vec!["L".to_owned(), "R".to_owned()];
        File::create(recorder.folder.path().join("take-001_R.wav")).unwrap();
        let mut files = TakeFiles::default();
        for number in 2..4 {
            let foreseen = recorder.known();
            assert_eq!(foreseen, recorder.folder.path().join(format!("take-{number:03}_L.wav")));
            assert_eq!(recorder.record(&mut files), foreseen);
        }
    }

    #[test]
    fn a_look_makes_neither_file_nor_folder() {
        let mut recorder = Recorder::new("not/there/take");
        assert_eq!(recorder.known(), recorder.folder.path().join("not/there/take-001.wav"));
        assert_eq!(recorder.folder.path().read_dir().unwrap().count(), 0);
        let NextTake::Known(found) = recorder.next_take() else { panic!("no answer") };
        assert_eq!(found.folder.as_deref(), Some(recorder.folder.path()));
    }

    #[test]
    fn the_recorders_folder_is_where_a_take_goes_on_without_a_fallback() {
        let mut recorder = Recorder::new("take");
        recorder.known();
        let NextTake::Known(found) = recorder.next_take() else { panic!("no answer") };
        let (texts, settings, began) = (&recorder.texts, &recorder.settings, Local::now());
        let wanted = Wanted { texts, settings, format: FORMAT, began, channels: &[] };
        assert_eq!(found.recorder_folder, TakeFiles::default().fallback_folder(&wanted));
    }

    #[test]
    fn a_disk_that_does_not_answer_leaves_the_number_open() {
        let mut recorder = Recorder::new("take");
        let _hangs = recorder.hang();
        let open = recorder.folder.path().join("take-….wav");
        assert_eq!(recorder.next_take(), NextTake::Open(open));
    }

    #[test]
    fn the_last_answer_stands_for_the_next_one_for_a_moment_only() {
        let mut recorder = Recorder::new("take");
        let first = recorder.known();
        let _hangs = recorder.hang();
        recorder.last_take = Some(first.clone());
        let NextTake::Known(found) = recorder.next_take() else { panic!("it flickers") };
        assert_eq!(found.path, Some(first));
        recorder.foresight.open_since = Instant::now().checked_sub(PATIENCE);
        assert_eq!(recorder.next_take(), NextTake::Open(recorder.folder.path().join("take-….wav")));
    }

    #[test]
    fn nobody_looks_twice_within_a_while_unless_something_changed() {
        let mut recorder = Recorder::new("take");
        recorder.known();
        let at = |recorder: &Recorder| recorder.foresight.asked.as_ref().map(|(_, at)| *at);
        recorder.foresight.asked.as_mut().unwrap().1 += Duration::from_secs(3_600);
        let last_look = at(&recorder);
        recorder.known();
        assert_eq!(at(&recorder), last_look);
        recorder.settings.n += 1;
        recorder.known();
        assert_ne!(at(&recorder), last_look);
    }
}
