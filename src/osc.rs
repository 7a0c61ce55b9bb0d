//! The export: sends the recorder's channels as OSC over UDP, 30 times a second, from a thread of its own.
//!
//! That thread and its socket exist only while the Export Method is not Off. Nobody waits for it to see that: the
//! [watch](crate::link::Watched) looks at the method of every instance 20 times a second and starts the thread; the
//! thread itself sees that the method is Off and ends. It reads atomics and texts, and nothing waits for it but the end of
//! the plugin: an export that fails, or whose target cannot be reached, never disturbs a take.
//!
//! The thread never blocks on the network: its socket does not wait, and the name of a machine is looked up on one more
//! thread.

mod bundle;
mod resolver;
mod sender;
mod target;

use crate::core::export::ExportControls;
use crate::core::format::ExportMethod;
use crate::link::{Sign, Status, Texts, Watched};
use resolver::{Lookup, system_lookup};
use sender::Source;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// The export of one plugin instance, on or off. Dropping it ends the thread and closes the socket.
pub struct Exporter {
    switch: Arc<Switch>,
    watched: Option<Watched>,
}

impl Exporter {
    /// Main thread: exports what `status` says whenever `controls`, which must not wait, ask for it.
    pub fn new(
        status: Arc<Status>,
        texts: Arc<Texts>,
        controls: impl Fn() -> ExportControls + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::with_lookup(status, texts, controls, system_lookup)
    }

    fn with_lookup(
        status: Arc<Status>,
        texts: Arc<Texts>,
        controls: impl Fn() -> ExportControls + Send + Sync + 'static,
        lookup: Lookup,
    ) -> io::Result<Self> {
        // What the one before it had to say is no trouble any more.
        status.set_export_note(None);
        let source = Source { status, texts, controls: Box::new(controls), lookup, is_over: AtomicBool::new(false) };
        let switch =
            Arc::new(Switch { source: Arc::new(source), thread: Mutex::default(), has_failed: AtomicBool::new(false) });
        let watched = Some(Watched::new(Arc::clone(&switch) as Arc<dyn Sign>)?);
        Ok(Self { switch, watched })
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // From here on nothing starts the thread any more.
        self.watched = None;
        self.switch.source.is_over.store(true, Relaxed);
        if let Some(thread) = self.switch.thread().take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// What the watch looks at.
struct Switch {
    source: Arc<Source>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The thread could not start, or panicked. It is not started again before the method was Off.
    has_failed: AtomicBool,
}

impl Switch {
    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, reason: &str) {
        self.has_failed.store(true, Relaxed);
        self.source.status.export_peaks().want(false);
        let advice = "The sound and the takes are safe. To try again, set Export Method to Off and back.";
        self.source.status.set_export_note(Some(format!("The export stopped: {reason}. {advice}")));
    }
}

impl Sign for Switch {
    fn look(&self) {
        let mut thread = self.thread();
        if let Some(ended) = thread.take_if(|thread| thread.is_finished())
            && ended.join().is_err()
        {
            self.fail("an error of its own");
        }
        if (self.source.controls)().method == ExportMethod::Off {
            if self.has_failed.swap(false, Relaxed) {
                self.source.status.set_export_note(None);
            }
            return;
        }
        if thread.is_some() || self.has_failed.load(Relaxed) {
            return;
        }
        let source = Arc::clone(&self.source);
        match thread::Builder::new().name("audio file osc".to_owned()).spawn(move || source.run()) {
            Ok(started) => *thread = Some(started),
            Err(error) => self.fail(&error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
