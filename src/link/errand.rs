//! Work that may hang, on a thread of its own, so that nobody waits for it: a question to a network, to a disk or to the
//! desktop.
//!
//! No system lets such a question be broken off. It is waited for when whoever asked goes, since its code must not be
//! unloaded beneath it, but only for [`PATIENCE`]: a host must not hang. What hangs longer is left to end by itself, and
//! the plugin's code stays where it is: on Linux until then (to the C library a thread with thread-locals of the plugin
//! counts as a use of it), on macOS anyway (dyld unloads nothing that has thread-locals: `MachOAnalyzer::neverUnload`), and
//! on Windows because we [ask for it](stay_loaded).

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the drop of an errand waits for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long one nap of that wait is.
const NAP: Duration = Duration::from_millis(5);

/// An errand on its way.
#[derive(Debug)]
pub struct Errand<T> {
    answer: Receiver<T>,
    is_answered: bool,
    /// There until the drop.
    thread: Option<JoinHandle<()>>,
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
        Ok(Self { answer, is_answered: false, thread: Some(thread) })
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

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let start = Instant::now();
        while !self.is_answered && !thread.is_finished() && start.elapsed() < PATIENCE {
            thread::sleep(NAP);
        }
        if self.is_answered || thread.is_finished() {
            // There is nothing left that it could wait for.
            let _ = thread.join();
        } else {
            stay_loaded();
        }
    }
}

/// Keeps the plugin's code in memory for as long as the host runs.
#[cfg(windows)]
fn stay_loaded() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let here = (stay_loaded as fn() as *const ()).cast();
    let mut module = std::ptr::null_mut();
    // SAFETY: the first flag makes the name an address, which lies in the plugin, and there is room for the handle.
    let is_pinned = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            here,
            &raw mut module,
        )
    };
    debug_assert_ne!(is_pinned, 0, "{}", io::Error::last_os_error());
}

/// Elsewhere the system sees to that.
#[cfg(not(windows))]
fn stay_loaded() {}

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
                Err(TryRecvError::Empty) => thread::sleep(NAP),
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
            thread::sleep(10 * NAP);
        };
        let errand = Errand::start("audio file test", work, move || drop(wake)).unwrap();
        begun.recv().unwrap();
        drop(errand);
        assert_eq!(ended.try_recv(), Err(TryRecvError::Disconnected), "the thread still runs");
    }
}
