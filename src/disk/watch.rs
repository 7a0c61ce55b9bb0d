//! One thread for the whole process that wakes the writers whose instances begin a take.
//!
//! Writers sleep without a time limit while nothing is recorded, so that hundreds of idle instances cost nothing. The
//! audio thread cannot wake them: that is a system call. So it rings a [`Bell`], and this thread looks at all bells. It
//! also looks after the queues of writers that hang on the disk ([`Relief`]). It lives as long as there is a writer: a
//! plugin must not leave a thread behind when the host unloads it.

use crate::link::{Bell, Receiver, Relief};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a bell may ring unheard. The queue holds seconds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What is looked at for one writer.
struct Looked {
    bell: Arc<Bell>,
    relief: Relief,
}

#[derive(Default)]
struct Watch {
    writers: Vec<Looked>,
    thread: Option<JoinHandle<()>>,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { writers: Vec::new(), thread: None });

fn watch() -> MutexGuard<'static, Watch> {
    // The list is whole between any two lines that change it.
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a writer watched until it is dropped.
pub struct Watched {
    bell: Arc<Bell>,
}

impl Watched {
    /// Begins to watch the writer of `receiver`.
    pub fn new(receiver: &Receiver) -> io::Result<Self> {
        let bell = Arc::clone(receiver.bell());
        let mut watch = watch();
        if watch.thread.is_none() {
            watch.thread = Some(thread::Builder::new().name("audio file watch".to_owned()).spawn(look_round)?);
        }
        watch.writers.push(Looked { bell: Arc::clone(&bell), relief: receiver.relief() });
        Ok(Self { bell })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watch = watch();
        watch.writers.retain(|looked| !Arc::ptr_eq(&looked.bell, &self.bell));
        let last = if watch.writers.is_empty() { watch.thread.take() } else { None };
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
    let start = Instant::now();
    loop {
        {
            let mut watch = watch();
            // Another thread took over, or nothing is left to watch.
            if watch.thread.as_ref().is_none_or(|thread| thread.thread().id() != this) {
                return;
            }
            for looked in &mut watch.writers {
                looked.bell.answer();
                looked.relief.look(start.elapsed());
            }
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
}
