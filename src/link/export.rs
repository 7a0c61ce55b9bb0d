//! What the audio thread measures for the export, and only while there is one.

use crate::core::channels::{ChannelSet, MAX_CHANNELS};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// The peaks of one plugin instance since the last message. Apart from those of the [window's meters](super::Scope), so
/// that neither takes a peak from the other.
#[derive(Debug)]
pub struct ExportPeaks {
    /// Somebody sends them.
    is_wanted: AtomicBool,
    /// The channels that are recorded, or would be.
    recorded: AtomicU64,
    peak_bits: [AtomicU32; MAX_CHANNELS],
}

impl Default for ExportPeaks {
    fn default() -> Self {
        Self {
            is_wanted: AtomicBool::new(false),
            recorded: AtomicU64::new(0),
            peak_bits: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

impl ExportPeaks {
    /// Export thread: peaks are wanted from now on, or no longer. What was measured before is forgotten.
    pub fn want(&self, is_wanted: bool) {
        self.recorded.store(0, Relaxed);
        self.peak_bits.iter().for_each(|bits| bits.store(0, Relaxed));
        self.is_wanted.store(is_wanted, Relaxed);
    }

    /// Audio thread: whether peaks are wanted. One relaxed load.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Relaxed)
    }

    /// Audio thread: the channels that are recorded.
    pub(crate) fn set_recorded(&self, channels: ChannelSet) {
        if self.recorded.load(Relaxed) != channels.0 {
            self.recorded.store(channels.0, Relaxed);
        }
    }

    /// Audio thread: a channel went as far as `peak`. Tries again at most once for each message.
    pub(crate) fn raise(&self, channel: usize, peak: f32) {
        // The bits of floats that are not negative are in the order of the floats.
        let (bits, peak) = (&self.peak_bits[channel], peak.to_bits());
        if bits.load(Relaxed) < peak {
            bits.fetch_max(peak, Relaxed);
        }
    }

    /// Export thread: the channels that are recorded; none before the first block.
    pub fn recorded(&self) -> ChannelSet {
        ChannelSet(self.recorded.load(Relaxed))
    }

    /// Export thread: the peak of a channel since the last call, linear.
    pub fn take(&self, channel: usize) -> f32 {
        f32::from_bits(self.peak_bits[channel].swap(0, Relaxed))
    }
}
