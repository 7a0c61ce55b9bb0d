//! One thread for the whole process that looks at what the instances ask for, on behalf of threads that sleep or that
//! there are not yet.
//!
//! Writers sleep without a time limit while nothing is recorded, and the export has no thread while it is off, so that
//! hundreds of idle instances cost nothing. The audio thread cannot wake or start a thread: that is a system call. So it
//! leaves a sign, and this thread looks at all signs. It lives as long as something is watched: a plugin must not leave
//! a thread behind when the host unloads it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a sign may go unseen. The queue holds seconds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What the watch looks at.
pub trait Sign: Send + Sync {
    /// Does what the sign asks for, if it asks for something. Called by the watching thread only; must not wait, nor
    /// begin or end to be [`Watched`].
    fn look(&self);
}

#[derive(Default)]
struct Watch {
    signs: Vec<Arc<dyn Sign>>,
    thread: Option<JoinHandle<()>>,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { signs: Vec::new(), thread: None });

fn watch() -> MutexGuard<'static, Watch> {
    // The list is whole between any two lines that change it.
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a sign watched until it is dropped; nobody looks at it any more then.
pub struct Watched {
    sign: Arc<dyn Sign>,
}

impl Watched {
    /// Begins to watch a sign.
    pub fn new(sign: Arc<dyn Sign>) -> io::Result<Self> {
        let mut watch = watch();
        if watch.thread.is_none() {
            watch.thread = Some(thread::Builder::new().name("audio file watch".to_owned()).spawn(look_round)?);
        }
        watch.signs.push(Arc::clone(&sign));
        Ok(Self { sign })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watch = watch();
        watch.signs.retain(|sign| !Arc::ptr_eq(sign, &self.sign));
        let last = if watch.signs.is_empty() { watch.thread.take() } else { None };
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
            watch.signs.iter().for_each(|sign| sign.look());
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
}
