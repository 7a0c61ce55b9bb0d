//! Capture from the window: straight to the writer, for a host that stands still calls no `process()` that could pass it on.

use crate::core::take::Capture;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};

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

    /// Writer thread: it goes. Another one may be asked already.
    pub(crate) fn close(&self) {
        self.release(thread::current().id());
    }

    /// The writer on this thread is asked no more. Says what it was asked for and has not taken.
    pub(super) fn release(&self, writer: ThreadId) -> Option<Capture> {
        let mut state = self.state();
        let is_its = state.writer.as_ref().is_some_and(|asked| asked.id() == writer);
        if is_its { std::mem::take(&mut *state).asked } else { None }
    }

    /// It is to be taken from here.
    pub(super) fn adopt(&self, asked: Option<Capture>) {
        self.state().asked = asked;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values: a panic elsewhere leaves nothing half-made in them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
