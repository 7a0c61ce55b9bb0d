//! One thread for the whole process that wakes the writers whose instances begin a take.
//!
//! Writers sleep without a time limit while nothing is recorded, so that hundreds of idle instances cost nothing. The
//! audio thread cannot wake them: that is a system call. So it rings a [`Bell`], and this thread looks at all bells. It
//! lives as long as there is a writer: a plugin must not leave a thread behind when the host unloads it.

use crate::link::Bell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a bell may ring unheard. The queue holds seconds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Watch {
    bells: Vec<Arc<Bell>>,
    thread: Option<JoinHandle<()>>,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { bells: Vec::new(), thread: None });

fn watch() -> MutexGuard<'static, Watch> {
    // The list is whole between any two lines that change it.
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a bell watched until it is dropped.
pub struct Watched {
    bell: Arc<Bell>,
}

impl Watched {
    /// Begins to watch a bell.
    pub fn new(bell: Arc<Bell>) -> io::Result<Self> {
        let mut watch = watch();
        if watch.thread.is_none() {
            watch.thread = Some(thread::Builder::new().name("audio file watch".to_owned()).spawn(look_round)?);
        }
        watch.bells.push(Arc::clone(&bell));
        Ok(Self { bell })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watch = watch();
        watch.bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
        let last = if watch.bells.is_empty() { watch.thread.take() } else { None };
        drop(watch);
        if let Some(thread) = last {
            thread.thread().unpark();
            // It ends by itself and holds nothing that a panic could have broken.
            let _ = thread.join();
        }
    }
}

fn look_round() {
    let this = thread::current().id();
    loop {
        {
            let watch = watch();
            // Another thread took over, or nothing is left to watch.
            if watch.thread.as_ref().is_none_or(|thread| thread.thread().id() != this) {
                return;
            }
            watch.bells.iter().for_each(|bell| bell.answer());
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
}
