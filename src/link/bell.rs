//! How a sleeping writer hears that a take begins or ends, without a system call on the audio thread.

use super::Sign;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

/// The audio thread rings it with one store; a thread that looks at the bells of all instances wakes the writer.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    is_urgent: AtomicBool,
    writer: OnceLock<Thread>,
}

impl Bell {
    /// Audio thread: there is something to write. Wait-free.
    pub(super) fn ring(&self) {
        self.rung.store(true, Ordering::Release);
    }

    /// Wakes the writer now. Not for the audio thread: a system call.
    pub fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// Writer thread: whether to listen twice as often, for a take is open whose end is to be heard soon.
    pub fn set_urgent(&self, is_urgent: bool) {
        self.is_urgent.store(is_urgent, Ordering::Relaxed);
    }

    /// Writer thread: the calling thread is the one to be woken.
    pub(super) fn belongs_to_this_thread(&self) {
        // A second call is the same thread again.
        let _ = self.writer.set(std::thread::current());
    }
}

impl Sign for Bell {
    /// Wakes the writer if the bell was rung since the last look.
    fn look(&self) {
        if self.rung.load(Ordering::Relaxed) && self.rung.swap(false, Ordering::Acquire) {
            self.wake();
        }
    }

    fn is_urgent(&self) -> bool {
        self.is_urgent.load(Ordering::Relaxed)
    }
}
