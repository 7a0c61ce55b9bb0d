//! Measures the peaks that are exported.

use crate::core::channels::ChannelSet;
use crate::core::extent::extent;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recorded_channel_has_the_peak_of_all_blocks_since_it_was_taken() {
        let peaks = ExportPeaks::default();
        peaks.want(true);
        for level in [0.25, -0.5, 0.125] {
            let (mut left, mut right) = ([0.0, level, f32::NAN], [1.0; 3]);
            measure(&peaks, &[&mut left, &mut right], ChannelSet(0b101));
        }
        assert_eq!(peaks.recorded(), ChannelSet(0b101));
        let taken = [0, 1, 2].map(|channel| peaks.take(channel));
        assert_eq!(taken, [0.5, 0.0, 0.0], "channel 2 is not recorded, channel 3 is not there");
        assert_eq!(peaks.take(0), 0.0);
    }
}
