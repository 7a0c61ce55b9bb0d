//! The takes that lie on the disk, for the window: what it asks, and what it hears.

use crate::core::loudness::Loudness;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A take as its files tell of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptTake {
    /// Its files in order, at least one.
    pub paths: Vec<PathBuf>,
    /// Frames that play; nothing where not all files tell.
    pub frames: Option<u64>,
    pub sample_rate: u32,
    /// Of all files.
    pub bytes: u64,
    /// Where a file tells, and there is only one.
    pub loudness: Option<Loudness>,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryNews {
    /// The files have other names now, one for each.
    Renamed { from: Vec<PathBuf>, to: Vec<PathBuf> },
    /// These files are in the trash.
    Trashed(Vec<PathBuf>),
    /// What was not done, in words for the user.
    Failed(String),
}

/// The takes of a folder. Nothing here waits for the disk; to be asked again and again while a window is open.
pub trait Library: Send {
    /// Looks after the takes in this folder, or goes on with the last one where none is known, and after the files of the
    /// session's takes, wherever they are. Says whether there is news of them.
    fn look(&mut self, folder: Option<&Path>, session: &Arc<[PathBuf]>) -> bool;

    /// The takes of the last days, newest first, as far as is known.
    fn takes(&self) -> &[KeptTake];

    /// Whether a file of these takes or of the session is no longer there.
    fn is_gone(&self, path: &Path) -> bool;

    /// Gives the files of a take the name that the user wrote, all of them or none.
    fn rename(&mut self, paths: Vec<PathBuf>, written: String);

    /// Moves the files of a take to the trash.
    fn trash(&mut self, paths: Vec<PathBuf>);

    /// What became of it since the last question.
    fn news(&mut self) -> Option<LibraryNews>;
}
