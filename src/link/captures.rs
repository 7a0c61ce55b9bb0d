//! Capture from the window: straight to the writer, for a host that stands still calls no `process()` that could pass it on.

use crate::core::take::Capture;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// What the window asks the writer of its instance for.
#[derive(Debug, Default)]
pub struct Captures {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Option<Capture>,
    writer: Option<Thread>,
}

impl Captures {
    /// Window: the history is to become a take. Says whether there is somebody to do it. Takes a lock.
    pub fn ask(&self, capture: Capture) -> bool {
        let mut state = self.state();
        let Some(writer) = &state.writer else { return false };
        writer.unpark();
        state.asked = Some(capture);
        true
    }

    /// Writer thread: from now on it is asked.
    pub(crate) fn open(&self) {
        *self.state() = State { asked: None, writer: Some(thread::current()) };
    }

    /// Writer thread: what is asked for, once.
    pub(crate) fn take(&self) -> Option<Capture> {
        self.state().asked.take()
    }

    /// Writer thread: it goes.
    pub(crate) fn close(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values: a panic elsewhere leaves nothing half-made in them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
