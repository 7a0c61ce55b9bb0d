//! What the window's meters show: fed by the audio thread, and only while a window looks.
//!
//! Peaks and levels are one atomic for each channel. Nothing here can be full, and nobody waits.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The most channels that have a meter.
pub const MAX_METERS: usize = 64;

/// The levels of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Level {
    /// The loudest sample since the last look, linear.
    pub peak: f32,
    /// Root mean square over about 0.3 s, linear.
    pub rms: f32,
}

#[derive(Debug, Default)]
struct Meter {
    peak_bits: AtomicU32,
    rms_bits: AtomicU32,
}

/// The meters of one plugin instance.
pub struct Scope {
    /// How often a window has opened; the lowest bit says that one is open.
    openings: AtomicU32,
    channels: AtomicU32,
    /// Blocks measured. Stands still when the host stops to process.
    blocks: AtomicU32,
    meters: [Meter; MAX_METERS],
    on_change: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            openings: AtomicU32::new(0),
            channels: AtomicU32::new(0),
            blocks: AtomicU32::new(0),
            meters: std::array::from_fn(|_| Meter::default()),
            on_change: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("openings", &self.openings).finish_non_exhaustive()
    }
}

impl Scope {
    /// Main thread: a window opens.
    pub fn open(&self) {
        self.openings.fetch_or(1, Relaxed);
    }

    /// Main thread: the window closes.
    pub fn close(&self) {
        if self.is_viewed() {
            self.openings.fetch_add(1, Relaxed);
        }
    }

    /// Any thread: whether a window is open. One relaxed load.
    pub fn is_viewed(&self) -> bool {
        self.openings.load(Relaxed) & 1 == 1
    }

    /// Any thread: differs from one opening of a window to the next.
    pub fn opening(&self) -> u32 {
        self.openings.load(Relaxed)
    }

    /// Names what to call when there is something new to draw. It is called by any thread, the audio thread included,
    /// so it must be wait-free. Only the first one counts.
    pub fn on_change(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_change.set(Box::new(call));
    }

    /// Any thread: there is something new to draw. Wait-free.
    pub fn changed(&self) {
        if self.is_viewed()
            && let Some(call) = self.on_change.get()
        {
            call();
        }
    }

    /// Audio thread: how many channels are measured from now on.
    pub(crate) fn set_channels(&self, channels: usize) {
        self.channels.store(channels.min(MAX_METERS) as u32, Relaxed);
    }

    /// Audio thread: a channel went as far as `peak`. Tries again at most once for each look of the window.
    pub(crate) fn raise_peak(&self, channel: usize, peak: f32) {
        // The bits of floats that are not negative are in the order of the floats.
        let (meter, bits) = (&self.meters[channel].peak_bits, peak.to_bits());
        if meter.load(Relaxed) < bits {
            meter.fetch_max(bits, Relaxed);
        }
    }

    /// Audio thread: a channel's level.
    pub(crate) fn set_rms(&self, channel: usize, rms: f32) {
        self.meters[channel].rms_bits.store(rms.to_bits(), Relaxed);
    }

    /// Audio thread: one more block was measured.
    pub(crate) fn count_block(&self) {
        self.blocks.store(self.blocks.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Window: blocks measured so far.
    pub fn blocks(&self) -> u32 {
        self.blocks.load(Relaxed)
    }

    /// Window: the level of every channel; each peak counts from the last look.
    pub fn take_levels(&self) -> Vec<Level> {
        let channels = self.channels.load(Relaxed) as usize;
        let level = |meter: &Meter| Level {
            peak: f32::from_bits(meter.peak_bits.swap(0, Relaxed)),
            rms: f32::from_bits(meter.rms_bits.load(Relaxed)),
        };
        self.meters[..channels].iter().map(level).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_between_two_looks_is_seen_exactly_once() {
        let scope = Scope::default();
        scope.set_channels(2);
        scope.raise_peak(1, 0.5);
        scope.raise_peak(1, 0.9);
        scope.raise_peak(1, 0.2);
        assert_eq!(scope.take_levels()[1].peak, 0.9);
        assert_eq!(scope.take_levels()[1].peak, 0.0);
    }

    #[test]
    fn a_window_that_opens_again_is_another_opening() {
        let scope = Scope::default();
        scope.close();
        scope.open();
        let first = scope.opening();
        scope.close();
        assert!(!scope.is_viewed());
        scope.open();
        assert!(scope.is_viewed() && scope.opening() != first);
    }
}
