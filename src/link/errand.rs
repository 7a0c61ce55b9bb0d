//! Work that may hang, on a thread of its own, so that nobody waits for it: a question to a network, to a disk or to the
//! desktop.
//!
//! It is waited for when whoever asked goes, since its code must not be unloaded beneath it, but only for
//! [`PATIENCE`]: a host must not hang. An errand that hangs longer is [left behind](join_within).

use super::joining::join_within;
use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the drop of an errand waits for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// An errand on its way.
#[derive(Debug)]
pub struct Errand<T> {
    answer: Receiver<T>,
    is_answered: bool,
    /// There until the drop.
    thread: Option<JoinHandle<()>>,
    /// When the drop ends at the latest, where others are dropped at once.
    end: Option<Instant>,
}

impl<T: Send + 'static> Errand<T> {
    /// Starts `work`, which owns all that it touches, on a thread of this name. The thread calls `wake`, which must not
    /// wait, when the answer is there.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        wake: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, answer) = channel();
        let run = move || {
            // Nobody may want to know any more.
            if sender.send(work()).is_ok() {
                wake();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { answer, is_answered: false, thread: Some(thread), end: None })
    }

    /// The answer, once. Never waits.
    ///
    /// # Errors
    /// `Empty`: it is not there yet. `Disconnected`: it never comes, since the work panicked or was answered before.
    pub fn answer(&mut self) -> Result<T, TryRecvError> {
        let answer = self.answer.try_recv();
        self.is_answered |= !matches!(answer, Err(TryRecvError::Empty));
        answer
    }
}

impl<T> Errand<T> {
    /// Drops errands, and waits no longer for all of them than for one.
    pub fn drop_all(errands: impl IntoIterator<Item = Self>) {
        let end = Instant::now() + PATIENCE;
        for mut errand in errands {
            errand.end = Some(end);
            drop(errand);
        }
    }
}

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let start = self.end.and_then(|end| end.checked_sub(PATIENCE)).unwrap_or_else(Instant::now);
        // After the answer there is nothing left that it could wait for.
        let patience = if self.is_answered { Duration::MAX } else { PATIENCE };
        // The answer, or the panic, is nobody's any more.
        let _ = join_within(thread, patience, || start.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errand_that_hangs_holds_up_nobody() {
        let (release, hangs) = channel::<()>();
        let errand = Errand::start("audio file test", move || hangs.recv(), || ());
        // Would never return.
        drop(errand);
        drop(release);
    }

    #[test]
    fn many_errands_that_hang_hold_up_nobody_longer_than_one() {
        let (releases, errands): (Vec<_>, Vec<_>) = (0..100)
            .map(|_| {
                let (release, hangs) = channel::<()>();
                (release, Errand::start("audio file test", move || hangs.recv(), || ()).unwrap())
            })
            .unzip();
        let start = Instant::now();
        Errand::drop_all(errands);
        // One after the other they would take fifty seconds.
        assert!(start.elapsed() < 20 * PATIENCE, "{:?}", start.elapsed());
        drop(releases);
    }

    #[test]
    fn the_answer_is_there_when_the_asker_is_woken() {
        let (wake, woken) = channel();
        let mut errand = Errand::start("audio file test", || 7, move || wake.send(()).unwrap()).unwrap();
        woken.recv().unwrap();
        assert_eq!(errand.answer(), Ok(7));
    }

    #[test]
    fn work_that_panics_is_no_answer() {
        let mut errand = Errand::<()>::start("audio file test", || panic!("as the test wants it"), || ()).unwrap();
        let answer = loop {
            match errand.answer() {
                Err(TryRecvError::Empty) => thread::sleep(Duration::from_millis(5)),
                answer => break answer,
            }
        };
        assert_eq!(answer, Err(TryRecvError::Disconnected));
    }

    #[test]
    fn no_thread_is_left_of_an_errand_that_was_dropped_in_its_work() {
        let (begin, begun) = channel();
        let (wake, ended) = channel::<()>();
        let work = move || {
            begin.send(()).unwrap();
            thread::sleep(Duration::from_millis(50));
        };
        let errand = Errand::start("audio file test", work, move || drop(wake)).unwrap();
        begun.recv().unwrap();
        drop(errand);
        assert_eq!(ended.try_recv(), Err(TryRecvError::Disconnected), "the thread still runs");
    }
}
