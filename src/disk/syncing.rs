//! Brings a file to the medium while the writer goes on.
//!
//! A busy disk takes seconds for that. A host that is killed in mid-file must not lose more because of it, so a thread of
//! its own ("audio file sync") waits for the disk. It shares nothing but the open file, with its lock, and ends with that
//! one sync. Where a file is complete, the writer itself waits. On Windows writes to a file wait for its sync anyway.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A file on its way to the medium. Dropping it waits for the disk: the plugin must not be unloaded beneath the thread.
pub struct Syncing(Option<JoinHandle<io::Result<()>>>);

impl Syncing {
    /// Writer thread: begins.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn begin(file: &Arc<File>) -> io::Result<Self> {
        let file = Arc::clone(file);
        Ok(Self(Some(thread::Builder::new().name("audio file sync".to_owned()).spawn(move || sync(&file))?)))
    }

    /// Whether [`end`](Self::end) returns at once.
    pub fn is_done(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the disk.
    ///
    /// # Errors
    /// Of the disk. They are told here only, and once: the system keeps quiet about them at the next sync.
    pub fn end(mut self) -> io::Result<()> {
        self.join()
    }

    fn join(&mut self) -> io::Result<()> {
        let Some(thread) = self.0.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(io::Error::other("an error of the recorder")))
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        // Whoever drops it gives the take up because of another error.
        let _ = self.join();
    }
}

/// Brings a file to the medium and waits for that. Some network and user-space file systems cannot; the file itself is
/// fine there.
pub fn sync(file: &File) -> io::Result<()> {
    match file.sync_data() {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}
