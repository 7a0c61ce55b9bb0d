//! The desktop around the window: its folder dialog and its file manager. Neither ever makes the window or the host
//! wait; what comes of it is asked for later.

mod file_manager;

use crate::link::Errand;
use file_manager::reveal;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// No person closes a dialog faster than this: one that is gone by then never appeared.
const NEVER_APPEARED: Duration = Duration::from_millis(250);

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The user chose this folder.
    Folder(PathBuf),
    /// What could not be done, in words for the user.
    Failed(String),
}

/// What the window wants of the desktop.
pub trait Desktop: Send {
    /// Lets the user choose a folder, beginning in `start`, which should be there.
    fn choose_folder(&mut self, start: Option<&Path>);
    /// Shows a file or folder in the file manager; where it is not there, the nearest folder above it.
    fn show(&mut self, path: &Path);
    /// What came of it since the last question.
    fn news(&mut self) -> Option<News>;
}

/// The user's own desktop.
pub struct UserDesktop<W> {
    /// Each brings what came of it, if there is something to tell.
    errands: Vec<Errand<Option<News>>>,
    news: VecDeque<News>,
    wake: W,
    dialog_is_open: Arc<AtomicBool>,
}

impl<W: Fn() + Send + Clone + 'static> UserDesktop<W> {
    /// `wake` is called by another thread when there is news.
    pub fn new(wake: W) -> Self {
        Self { errands: Vec::new(), news: VecDeque::new(), wake, dialog_is_open: Arc::default() }
    }

    /// Does `work` on a thread of its own and keeps what comes of it.
    fn start(&mut self, work: impl FnOnce() -> Option<News> + Send + 'static) {
        match Errand::start("audio file desktop", work, self.wake.clone()) {
            Ok(errand) => self.errands.push(errand),
            Err(_) => {
                self.news.push_back(News::Failed("The desktop could not be asked: too much is running.".to_owned()));
            }
        }
    }
}

impl<W> Drop for UserDesktop<W> {
    fn drop(&mut self) {
        Errand::drop_all(self.errands.drain(..));
    }
}

impl<W: Fn() + Send + Clone + 'static> Desktop for UserDesktop<W> {
    fn choose_folder(&mut self, start: Option<&Path>) {
        if self.dialog_is_open.swap(true, Ordering::Relaxed) {
            return;
        }
        let asked = Instant::now();
        // Made here, since macOS wants its dialogs made on the window's thread; waited for elsewhere.
        let mut dialog = rfd::AsyncFileDialog::new().set_title("Folder for the takes");
        if let Some(start) = start {
            dialog = dialog.set_directory(start);
        }
        let chosen = dialog.pick_folder();
        let is_open = Arc::clone(&self.dialog_is_open);
        self.start(move || {
            let chosen = pollster::block_on(chosen);
            is_open.store(false, Ordering::Relaxed);
            match chosen {
                Some(folder) => Some(News::Folder(folder.path().to_owned())),
                None if asked.elapsed() < NEVER_APPEARED => Some(News::Failed(
                    "This desktop opened no folder dialog. Type the folder in front of the name in File.".to_owned(),
                )),
                None => None,
            }
        });
    }

    fn show(&mut self, path: &Path) {
        let path = path.to_owned();
        self.start(move || {
            let existing = existing(&path)?;
            let shown = if existing == path && !existing.is_dir() { reveal(&existing) } else { open::that(&existing) };
            let error = shown.err()?;
            Some(News::Failed(format!(
                "The file manager did not open ({error}). The folder is {}.",
                existing.display()
            )))
        });
    }

    fn news(&mut self) -> Option<News> {
        let news = &mut self.news;
        self.errands.retain_mut(|errand| match errand.answer() {
            Ok(told) => {
                news.extend(told);
                false
            }
            Err(error) => error == TryRecvError::Empty,
        });
        news.pop_front()
    }
}

/// `path`, or the nearest folder above it that is there.
fn existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|path| path.exists()).map(Path::to_owned)
}
