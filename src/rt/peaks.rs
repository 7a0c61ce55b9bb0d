//! Measures the peaks that are exported.

use super::extent::extent;
use crate::core::channels::ChannelSet;
use crate::link::ExportPeaks;

/// Measures a block, planar: the channels that are recorded. Called only while there is an export.
///
/// # Realtime safety
/// Allocates nothing, takes no lock; see [`ExportPeaks`] for the atomics.
pub fn measure(peaks: &ExportPeaks, planar: &[&mut [f32]], recorded: ChannelSet) {
    peaks.set_recorded(recorded);
    for channel in recorded.iter() {
        if let Some(samples) = planar.get(channel) {
            let (low, high, _) = extent(samples);
            peaks.raise(channel, high.max(-low));
        }
    }
}
