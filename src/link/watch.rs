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

/// How long one may that is urgent: a take is to be closed 50 ms after record is off.
const BETWEEN_URGENT_LOOKS: Duration = BETWEEN_LOOKS.checked_div(2).unwrap();

/// What the watch looks at.
pub trait Sign: Send + Sync {
    /// Does what the sign asks for, if it asks for something. Called by the watching thread only; must not wait, nor
    /// begin or end to be [`Watched`].
    fn look(&self);

    /// Whether it is to be looked at twice as often now. Must not wait.
    fn is_urgent(&self) -> bool {
        false
    }
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
    let mut is_between = false;
    loop {
        let nap = {
            let watch = watch();
            // Another thread took over, or nothing is left to watch.
            if watch.thread.as_ref().is_none_or(|thread| thread.thread().id() != this) {
                return;
            }
            let due = watch.signs.iter().filter(|sign| !is_between || sign.is_urgent());
            due.for_each(|sign| sign.look());
            let was_between = is_between;
            is_between = !was_between && watch.signs.iter().any(|sign| sign.is_urgent());
            if is_between || was_between { BETWEEN_URGENT_LOOKS } else { BETWEEN_LOOKS }
        };
        thread::park_timeout(nap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[derive(Default)]
    struct Counted {
        is_urgent: bool,
        looks: AtomicUsize,
    }

    impl Sign for Counted {
        fn look(&self) {
            self.looks.fetch_add(1, SeqCst);
        }

        fn is_urgent(&self) -> bool {
            self.is_urgent
        }
    }

    #[test]
    fn an_urgent_sign_is_looked_at_twice_as_often_and_keeps_no_look_from_the_others() {
        let [urgent, calm] = [true, false].map(|is_urgent| Arc::new(Counted { is_urgent, ..Counted::default() }));
        let _watched = [&urgent, &calm].map(|sign| Watched::new(Arc::clone(sign) as Arc<dyn Sign>).unwrap());
        while calm.looks.load(SeqCst) < 5 {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(urgent.looks.load(SeqCst) >= 8, "{urgent} looks", urgent = urgent.looks.load(SeqCst));
    }
}
