//! Measures the sound for the window: peak and level of every channel.

use crate::core::extent::extent;
use crate::link::{MAX_METERS, Scope};

/// The time over which the level of a channel is averaged.
const RMS_SECONDS: f32 = 0.3;

/// Below this the level counts as silence: −120 dBFS.
const SILENCE: f32 = 1e-6;

/// The audio thread's half of the meters. Called only while a window is open.
pub struct Meter {
    sample_rate: f32,
    /// The opening of the window that the rest belongs to.
    opening: u32,
    mean_squares: [f32; MAX_METERS],
    is_silent: bool,
}

impl Meter {
    /// For sound of `sample_rate` frames a second.
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate: sample_rate as f32, opening: 0, mean_squares: [0.0; MAX_METERS], is_silent: false }
    }

    /// Measures a block, planar.
    ///
    /// # Realtime safety
    /// Allocates nothing, takes no lock; see [`Scope`] for the atomics.
    pub fn measure(&mut self, scope: &Scope, planar: &[&mut [f32]]) {
        if self.opening != scope.opening() {
            self.opening = scope.opening();
            self.mean_squares = [0.0; MAX_METERS];
            self.is_silent = false;
        }
        scope.set_channels(planar.len());
        let was_silent = std::mem::replace(&mut self.is_silent, true);
        for (channel, samples) in planar.iter().take(MAX_METERS).enumerate() {
            self.channel(scope, channel, samples);
        }
        scope.count_block();
        // The last look at a silence still has to be drawn: meters fall to it.
        if !self.is_silent || !was_silent {
            scope.changed();
        }
    }

    fn channel(&mut self, scope: &Scope, channel: usize, samples: &[f32]) {
        let frames = samples.len() as f32;
        let weight = 1.0 - (-frames / (RMS_SECONDS * self.sample_rate)).exp();
        let (low, high, squares) = extent(samples);
        let peak = high.max(-low);
        scope.raise_peak(channel, peak);
        let mean = &mut self.mean_squares[channel];
        *mean += weight * (squares / frames - *mean);
        if !mean.is_finite() {
            *mean = 0.0;
        }
        let rms = mean.sqrt();
        scope.set_rms(channel, rms);
        self.is_silent &= peak <= SILENCE && rms <= SILENCE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;

    fn opened() -> (Scope, Meter) {
        let scope = Scope::default();
        scope.open();
        (scope, Meter::new(RATE))
    }

    fn measure(meter: &mut Meter, scope: &Scope, channels: &mut [Vec<f32>]) {
        let planar: Vec<&mut [f32]> = channels.iter_mut().map(Vec::as_mut_slice).collect();
        meter.measure(scope, &planar);
    }

    #[test]
    fn every_channel_has_its_own_peak_and_level() {
        let (scope, mut meter) = opened();
        let mut sound: Vec<Vec<f32>> = (0..64).map(|channel| vec![channel as f32 / 100.0; RATE as usize * 3]).collect();
        measure(&mut meter, &scope, &mut sound);
        let levels = scope.take_levels();
        assert_eq!(levels.len(), 64);
        for (channel, level) in levels.iter().enumerate() {
            assert_eq!(level.peak, channel as f32 / 100.0);
            assert!((level.rms - level.peak).abs() < 1e-3, "{level:?}");
        }
    }

    #[test]
    fn a_sample_that_is_no_number_spoils_no_meter() {
        let (scope, mut meter) = opened();
        measure(&mut meter, &scope, &mut [vec![f32::NAN, 0.5, f32::NAN]]);
        measure(&mut meter, &scope, &mut [vec![0.5; 48_000 * 3]]);
        let level = scope.take_levels()[0];
        assert_eq!(level.peak, 0.5);
        assert!((level.rms - 0.5).abs() < 1e-2, "{level:?}");
    }

    #[test]
    fn silence_asks_for_no_redraw() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (scope, mut meter) = opened();
        let redraws = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&redraws);
        scope.on_change(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        measure(&mut meter, &scope, &mut [vec![0.5; 64]]);
        assert_eq!(redraws.load(Ordering::Relaxed), 1);
        for _ in 0..100 {
            measure(&mut meter, &scope, &mut [vec![0.0; 48_000]]);
        }
        let after_the_fall = redraws.load(Ordering::Relaxed);
        assert!(after_the_fall < 20, "{after_the_fall}");
    }
}
