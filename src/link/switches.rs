//! The switches as they stand, for a writer whose audio thread is not called.

use super::{Beat, Bell, Heartbeat, Sign, Status};
use crate::core::take::{Capture, Controls};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A host that calls no `process()` for so long stands still.
pub const STILL_AFTER: Duration = Duration::from_millis(300);

/// The parameters lie where the link does not reach: who has them answers. Any thread but the audio thread.
pub trait Switches: Send + Sync {
    /// Whether Record is wanted.
    fn record(&self) -> bool;
    /// Whether Pause is wanted.
    fn pause(&self) -> bool;
    /// Whether Marker is on.
    fn marker(&self) -> bool;
    /// Whether Capture is on.
    fn capture(&self) -> bool;
    /// What Capture asks for now, at this rate.
    fn capture_request(&self, sample_rate: u32) -> Capture;
}

/// Switches that stay what they are in one block.
impl Switches for Controls {
    fn record(&self) -> bool {
        self.record
    }

    fn pause(&self) -> bool {
        self.pause
    }

    fn marker(&self) -> bool {
        self.marker
    }

    fn capture(&self) -> bool {
        self.capture
    }

    fn capture_request(&self, _sample_rate: u32) -> Capture {
        Capture { settings: self.settings, frames: self.keep_frames, tempo: self.song.tempo, event: None }
    }
}

/// Wakes a writer that sleeps when a switch is pressed while the host stands still. For the watching thread.
pub struct StillWatch {
    switches: Arc<dyn Switches>,
    heartbeat: Arc<Heartbeat>,
    bell: Arc<Bell>,
    status: Arc<Status>,
    last: Mutex<(Beat, Instant)>,
}

impl StillWatch {
    /// Watches over one activation.
    pub fn new(switches: Arc<dyn Switches>, heartbeat: Arc<Heartbeat>, bell: Arc<Bell>, status: Arc<Status>) -> Self {
        let last = Mutex::new((heartbeat.beat(), Instant::now()));
        Self { switches, heartbeat, bell, status, last }
    }

    fn is_still(&self) -> bool {
        let beat = self.heartbeat.beat();
        // Plain values: a panic elsewhere leaves nothing half-made in them.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != beat {
            *last = (beat, Instant::now());
        }
        last.1.elapsed() >= STILL_AFTER
    }
}

impl Sign for StillWatch {
    fn look(&self) {
        // A take that is open keeps its writer awake.
        let is_pressed = self.switches.capture() != self.status.capture_was_on();
        if is_pressed && self.is_still() {
            self.bell.wake();
        }
    }
}
