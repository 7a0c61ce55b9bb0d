//! The takes that lie in the folder of the next one, from the files themselves: those that say that we made them.
//!
//! A window asks again and again ([`TakeLibrary`]); the folder is looked at by an [`Errand`] ("audio file takes"), one at most
//! for each instance. A look is a listing of the folder only where its modification time is another one, where a take that was
//! being recorded has ended, and once a minute, for file systems that keep no such time. Of the files in it only the
//! newest [`MOST_FILES`] of the last [`DAYS`] are opened, once each while they stay as they are, and of these only the beginning is
//! read (see [`told`](crate::disk::encode::told)). So a folder of ten thousand files costs a listing.
//!
//! Files of one take are shown as one where that is certain enough; see [`grouping`].

mod grouping;
mod listing;
#[cfg(test)]
mod tests;

use super::changes::{rename_take, trash_take};
use crate::link::{Errand, KeptTake, Library, LibraryNews};
use listing::{Memory, Shelf};
use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// The most files of a folder that are opened.
const MOST_FILES: usize = 200;

/// Takes that are older are not shown.
const DAYS: u32 = 7;

/// The least time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

const NO_THREAD: &str = "The disk could not be asked: too much is running.";

const NO_ANSWER: &str = "The disk did not do it, because of an error of the recorder. Use the file manager.";

/// All that an answer depends on, apart from the disk and the clock.
#[derive(Debug, Clone, Default)]
struct Question {
    folder: Option<PathBuf>,
    /// Files of the session's takes, wherever they are.
    session: Arc<[PathBuf]>,
    /// Files that we renamed or trashed: that they are not there is no news.
    put_away: HashSet<PathBuf>,
}

/// What an errand brings. One type for all of them: each other one would come with channels and threads of its own.
enum Answer {
    Looked(Box<(Memory, Shelf)>),
    Done(LibraryNews),
}

/// The library of one plugin instance. Lives on the window's thread.
pub struct TakeLibrary {
    wake: Arc<dyn Fn() + Send + Sync>,
    /// Away on the errand while there is one.
    memory: Memory,
    errand: Option<Errand<Answer>>,
    question: Question,
    /// When the last errand was sent.
    asked: Option<Instant>,
    /// Something was done since then.
    is_stale: bool,
    shelf: Shelf,
    wishes: Vec<Errand<Answer>>,
    news: VecDeque<LibraryNews>,
}

impl TakeLibrary {
    /// `wake`, which must not wait, is called by another thread when there is an answer.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            wake,
            memory: Memory::default(),
            errand: None,
            question: Question::default(),
            asked: None,
            is_stale: false,
            shelf: Shelf::default(),
            wishes: Vec::new(),
            news: VecDeque::new(),
        }
    }

    /// Takes the answer, if there is one, and says whether it is news.
    fn hear(&mut self) -> bool {
        let Some(errand) = &mut self.errand else { return false };
        let answer = errand.answer();
        if matches!(answer, Err(TryRecvError::Empty)) {
            return false;
        }
        self.errand = None;
        let Ok(Answer::Looked(looked)) = answer else { return false };
        let (memory, shelf) = *looked;
        self.memory = memory;
        // What was done meanwhile the answer does not know.
        let is_news = !self.is_stale && shelf != self.shelf;
        if is_news {
            self.shelf = shelf;
        }
        is_news
    }

    fn ask(&mut self) {
        let (mut memory, question) = (std::mem::take(&mut self.memory), self.question.clone());
        // Without a thread there is no answer, and the next look tries again.
        self.errand = self.start(Box::new(move || {
            let shelf = memory.look(&question);
            Answer::Looked(Box::new((memory, shelf)))
        }));
        (self.asked, self.is_stale) = (Some(Instant::now()), false);
    }

    /// Does `work` on a thread of its own. `None` where there is no thread to be had.
    fn start(&self, work: Box<dyn FnOnce() -> Answer + Send>) -> Option<Errand<Answer>> {
        let wake = Arc::clone(&self.wake);
        Errand::start("audio file takes", work, move || wake()).ok()
    }

    /// Does `work`, which brings news, and keeps what comes of it.
    fn wish(&mut self, work: Box<dyn FnOnce() -> Answer + Send>) {
        match self.start(work) {
            Some(errand) => self.wishes.push(errand),
            None => self.news.push_back(LibraryNews::Failed(NO_THREAD.to_owned())),
        }
    }

    /// What is known is brought up to date at once, and looked at again soon.
    fn follow(&mut self, news: &LibraryNews) {
        match news {
            LibraryNews::Renamed { from, to } => {
                for path in self.shelf.takes.iter_mut().flat_map(|take| &mut take.paths) {
                    if let Some(index) = from.iter().position(|from| from == path) {
                        path.clone_from(&to[index]);
                    }
                }
                self.question.put_away.extend(from.iter().cloned());
            }
            LibraryNews::Trashed(paths) => {
                self.shelf.takes.retain(|take| !take.paths.iter().all(|path| paths.contains(path)));
                self.question.put_away.extend(paths.iter().cloned());
            }
            // A part of it may have been done.
            LibraryNews::Failed(_) => {}
        }
        self.is_stale = true;
    }
}

impl Drop for TakeLibrary {
    fn drop(&mut self) {
        Errand::drop_all(self.errand.take().into_iter().chain(self.wishes.drain(..)));
    }
}

impl Library for TakeLibrary {
    fn look(&mut self, folder: Option<&Path>, session: &Arc<[PathBuf]>) -> bool {
        let is_news = self.hear();
        let is_elsewhere = folder.is_some_and(|folder| self.question.folder.as_deref() != Some(folder));
        // Most often the very same.
        let is_new = !Arc::ptr_eq(&self.question.session, session) && self.question.session != *session;
        if is_elsewhere {
            self.question.folder = folder.map(Path::to_owned);
        }
        self.question.session = Arc::clone(session);
        self.is_stale |= is_elsewhere || is_new;
        let is_due = self.is_stale || self.asked.is_none_or(|asked| asked.elapsed() >= BETWEEN_LOOKS);
        if self.errand.is_none() && is_due {
            self.ask();
        }
        is_news
    }

    fn takes(&self) -> &[KeptTake] {
        &self.shelf.takes
    }

    fn is_gone(&self, path: &Path) -> bool {
        self.shelf.gone.contains(path)
    }

    fn rename(&mut self, paths: Vec<PathBuf>, written: String) {
        self.wish(Box::new(move || {
            Answer::Done(match rename_take(&paths, &written) {
                Ok(to) => LibraryNews::Renamed { from: paths, to },
                Err(error) => LibraryNews::Failed(error.to_string()),
            })
        }));
    }

    fn trash(&mut self, paths: Vec<PathBuf>) {
        self.wish(Box::new(move || {
            Answer::Done(match trash_take(&paths) {
                Ok(()) => LibraryNews::Trashed(paths),
                Err(error) => LibraryNews::Failed(error.to_string()),
            })
        }));
    }

    fn news(&mut self) -> Option<LibraryNews> {
        let news = &mut self.news;
        self.wishes.retain_mut(|errand| match errand.answer() {
            Ok(Answer::Done(told)) => {
                news.push_back(told);
                false
            }
            Ok(Answer::Looked(_)) | Err(TryRecvError::Disconnected) => {
                news.push_back(LibraryNews::Failed(NO_ANSWER.to_owned()));
                false
            }
            Err(TryRecvError::Empty) => true,
        });
        let news = self.news.pop_front()?;
        self.follow(&news);
        Some(news)
    }
}
