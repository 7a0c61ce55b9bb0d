//! Brings files to the medium while their writers go on, one at a time on each disk.
//!
//! A busy disk takes seconds for that. A host that is killed in mid-file must not lose more because of it, so the writer
//! does not wait: a thread for each disk ("audio file sync") does, and the takes on that disk have their turns. Each turn
//! is a commit of the file system's journal, of which a disk that spins makes a few dozen in a second at most. The thread
//! starts with the first take that is long enough, and ends with the last one.
//!
//! Where a file is complete, the writer itself waits, and for no turn: of files that are brought to the medium at once the
//! file system makes one commit (256 of them took a third to a fifth of the time that they take in turn). On Windows
//! writes to a file wait for its sync anyway.

use crate::disk::medium::sync;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};

/// Which disk a file is on, so that files on the same one can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk(
    /// The number of the device; 0 where it is not known.
    #[cfg(unix)]
    u64,
    /// The drive or share; none where it is not known.
    #[cfg(not(unix))]
    Option<std::ffi::OsString>,
);

impl Disk {
    /// To be asked while the file at `path` is new: some network file systems first send what was written.
    #[cfg(unix)]
    pub fn of(file: &File, _path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.metadata().map_or(0, |metadata| metadata.dev()))
    }

    /// The file is at `path`.
    #[cfg(not(unix))]
    pub fn of(_file: &File, path: &Path) -> Self {
        use std::path::Component;
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Self(path.components().find_map(|component| match component {
            Component::Prefix(prefix) => Some(prefix.as_os_str().to_owned()),
            _ => None,
        }))
    }
}

/// The syncs of one disk, in turn. Whoever drops the last handle waits for the thread: the plugin must not be unloaded
/// beneath it. It rests then, for a [`Syncing`] holds a handle.
#[derive(Debug)]
pub struct SyncQueue {
    turns: Option<Sender<Turn>>,
    thread: Option<JoinHandle<()>>,
}

static QUEUES: Mutex<Vec<(Disk, Weak<SyncQueue>)>> = Mutex::new(Vec::new());

impl SyncQueue {
    /// Writer thread: the queue of a disk.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn of(disk: &Disk) -> io::Result<Arc<Self>> {
        let mut queues = lock(&QUEUES);
        queues.retain(|(_, queue)| queue.strong_count() > 0);
        let its = queues.iter().find(|(of, _)| of == disk);
        if let Some(queue) = its.and_then(|(_, queue)| queue.upgrade()) {
            return Ok(queue);
        }
        let (turns, waiting) = channel();
        let run = move || waiting.into_iter().for_each(Turn::run);
        let thread = thread::Builder::new().name("audio file sync".to_owned()).spawn(run)?;
        let queue = Arc::new(Self { turns: Some(turns), thread: Some(thread) });
        queues.push((disk.clone(), Arc::downgrade(&queue)));
        Ok(queue)
    }

    /// Writer thread: has a file brought to the medium when its turn comes.
    pub fn begin(self: &Arc<Self>, file: &Arc<File>) -> Syncing {
        let file = Arc::new(Mutex::new(Some(Arc::clone(file))));
        let (tell, result) = channel();
        if let Some(turns) = &self.turns {
            // Where the thread is gone the result says it.
            let _ = turns.send(Turn { file: Arc::clone(&file), tell });
        }
        Syncing { file, result: Some(result), _queue: Arc::clone(self) }
    }
}

impl Drop for SyncQueue {
    fn drop(&mut self) {
        self.turns = None;
        if let Some(thread) = self.thread.take() {
            // It holds nothing that a panic could have broken.
            let _ = thread.join();
        }
    }
}

/// A file that waits for its turn.
struct Turn {
    file: Arc<Mutex<Option<Arc<File>>>>,
    tell: Sender<io::Result<()>>,
}

impl Turn {
    fn run(self) {
        let Some(file) = lock(&self.file).take() else { return };
        let result = sync(&file);
        // First: the file's lock goes with its last handle.
        drop(file);
        // Nobody waits for the result of a take that was given up.
        let _ = self.tell.send(result);
    }
}

/// A file on its way to the medium. Dropping it waits for the disk, if it is the file's turn.
#[derive(Debug)]
pub struct Syncing {
    /// There until it is its turn.
    file: Arc<Mutex<Option<Arc<File>>>>,
    /// There until it is told.
    result: Option<Receiver<io::Result<()>>>,
    _queue: Arc<SyncQueue>,
}

impl Syncing {
    /// What came of it, once it is done.
    ///
    /// # Errors
    /// Of the disk. They are told here or by [`end`](Self::end) only, and once: the system keeps quiet about them at the
    /// next sync.
    pub fn ended(&mut self) -> Option<io::Result<()>> {
        let result = match self.result.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            result => result.unwrap_or_else(|_| Err(no_answer())),
        };
        self.result = None;
        Some(result)
    }

    /// Waits for the disk. A file that still waits for its turn has it now.
    ///
    /// # Errors
    /// As [`ended`](Self::ended).
    pub fn end(mut self) -> io::Result<()> {
        let Some(result) = self.result.take() else { return Ok(()) };
        match self.leave_queue() {
            Some(file) => sync(&file),
            None => result.recv().unwrap_or_else(|_| Err(no_answer())),
        }
    }

    fn leave_queue(&self) -> Option<Arc<File>> {
        lock(&self.file).take()
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        if let Some(result) = self.result.take()
            && self.leave_queue().is_none()
        {
            // Whoever drops it gives the take up because of another error.
            let _ = result.recv();
        }
    }
}

fn no_answer() -> io::Error {
    io::Error::other("an error of the recorder")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind them is whole between any two lines.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
