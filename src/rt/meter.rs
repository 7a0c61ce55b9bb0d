//! Measures the sound for the window: peak and level of every channel, and the columns of the waveform.

use super::extent::extent;
use crate::link::{COLUMNS_PER_SECOND, Column, MAX_METERS, Scope, Span};

/// The time over which the level of a channel is averaged.
const RMS_SECONDS: f32 = 0.3;

/// Below this the level counts as silence: −120 dBFS.
const SILENCE: f32 = 1e-6;

/// The audio thread's half of meters and waveform. Called only while a window is open.
pub struct Meter {
    sample_rate: f32,
    frames_per_column: usize,
    /// The opening of the window that the rest belongs to.
    opening: u32,
    mean_squares: [f32; MAX_METERS],
    column: Option<Open>,
    /// A take was open in the block before.
    in_take: bool,
    is_silent: bool,
}

/// The column of the waveform that is being measured.
struct Open {
    column: Column,
    frames: usize,
}

impl Meter {
    /// For sound of `sample_rate` frames a second.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate: sample_rate as f32,
            frames_per_column: (sample_rate / COLUMNS_PER_SECOND).max(1) as usize,
            opening: 0,
            mean_squares: [0.0; MAX_METERS],
            column: None,
            in_take: false,
            is_silent: false,
        }
    }

    /// Measures a block, planar. `span` says what it is to the open take, `None` that no take is open.
    ///
    /// # Realtime safety
    /// Allocates nothing, takes no lock; see [`Scope`] for the atomics.
    pub fn measure(&mut self, scope: &Scope, planar: &[&mut [f32]], span: Option<Span>) {
        if self.opening != scope.opening() {
            self.opening = scope.opening();
            self.mean_squares = [0.0; MAX_METERS];
            self.column = None;
            // A take that is open already began unseen.
            self.in_take = span.is_some();
            self.is_silent = false;
        }
        scope.set_channels(planar.len());
        let frames = planar.first().map_or(0, |channel| channel.len());
        let was_silent = std::mem::replace(&mut self.is_silent, true);
        let mut start = 0;
        while start < frames {
            let run = match (span, &self.column) {
                (None, _) => frames - start,
                (Some(_), None) => (frames - start).min(self.frames_per_column),
                (Some(_), Some(open)) => (frames - start).min(self.frames_per_column - open.frames),
            };
            let range = self.run(scope, planar, start..start + run);
            self.draw(scope, span, range, run);
            start += run;
        }
        scope.count_block();
        // The last look at a silence still has to be drawn: meters fall to it.
        if span.is_some() || !self.is_silent || !was_silent {
            scope.changed();
        }
    }

    /// Measures a part of the block and returns the lowest and the highest sample of all channels.
    fn run(&mut self, scope: &Scope, planar: &[&mut [f32]], part: std::ops::Range<usize>) -> (f32, f32) {
        let frames = part.len() as f32;
        let weight = 1.0 - (-frames / (RMS_SECONDS * self.sample_rate)).exp();
        let (mut low, mut high) = (0.0_f32, 0.0_f32);
        for (channel, samples) in planar.iter().take(MAX_METERS).enumerate() {
            let Some(samples) = samples.get(part.clone()) else { continue };
            let (channel_low, channel_high, squares) = extent(samples);
            low = low.min(channel_low);
            high = high.max(channel_high);
            let peak = channel_high.max(-channel_low);
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
        (low, high)
    }

    fn draw(&mut self, scope: &Scope, span: Option<Span>, (low, high): (f32, f32), frames: usize) {
        let Some(span) = span else {
            // A take shorter than a column is seen, too.
            if let Some(open) = self.column.take() {
                scope.push_column(open.column);
            }
            self.in_take = false;
            return;
        };
        let begins = !std::mem::replace(&mut self.in_take, true);
        let open = self.column.get_or_insert(Open { column: Column { low, high, span, begins }, frames: 0 });
        open.column.low = open.column.low.min(low);
        open.column.high = open.column.high.max(high);
        open.column.span = open.column.span.max(span);
        open.frames += frames;
        if open.frames >= self.frames_per_column {
            scope.push_column(open.column);
            self.column = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;
    const FRAMES_PER_COLUMN: usize = 480;

    /// A scope with an open window, and its meter after a block of silence outside any take.
    fn opened() -> (Scope, Meter) {
        let (scope, mut meter) = (Scope::default(), Meter::new(RATE));
        scope.open();
        measure(&mut meter, &scope, &mut [], None);
        (scope, meter)
    }

    fn measure(meter: &mut Meter, scope: &Scope, channels: &mut [Vec<f32>], span: Option<Span>) {
        let planar: Vec<&mut [f32]> = channels.iter_mut().map(Vec::as_mut_slice).collect();
        meter.measure(scope, &planar, span);
    }

    #[test]
    fn every_channel_has_its_own_peak_and_level() {
        let (scope, mut meter) = opened();
        let mut sound: Vec<Vec<f32>> = (0..64).map(|channel| vec![channel as f32 / 100.0; RATE as usize * 3]).collect();
        measure(&mut meter, &scope, &mut sound, None);
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
        measure(&mut meter, &scope, &mut [vec![f32::NAN, 0.5, f32::NAN]], Some(Span::Recorded));
        measure(&mut meter, &scope, &mut [vec![0.5; 48_000 * 3]], Some(Span::Recorded));
        let level = scope.take_levels()[0];
        assert_eq!(level.peak, 0.5);
        assert!((level.rms - 0.5).abs() < 1e-2, "{level:?}");
    }

    #[test]
    fn nothing_is_drawn_while_no_take_is_open() {
        let (scope, mut meter) = opened();
        measure(&mut meter, &scope, &mut [vec![0.5; 48_000]], None);
        assert_eq!(scope.columns(0), []);
    }

    #[test]
    fn record_pause_and_loss_are_told_apart_and_a_take_has_one_beginning() {
        let (scope, mut meter) = opened();
        for span in [Span::Recorded, Span::Paused, Span::Lost] {
            measure(&mut meter, &scope, &mut [vec![0.5; FRAMES_PER_COLUMN]], Some(span));
        }
        measure(&mut meter, &scope, &mut [vec![0.5; 10]], None);
        measure(&mut meter, &scope, &mut [vec![0.5; FRAMES_PER_COLUMN]], Some(Span::Recorded));
        let columns = scope.columns(0);
        let spans: Vec<_> = columns.iter().map(|column| (column.span, column.begins)).collect();
        let expected = [(Span::Recorded, true), (Span::Paused, false), (Span::Lost, false), (Span::Recorded, true)];
        assert_eq!(spans, expected);
    }

    #[test]
    fn a_take_that_was_open_before_the_window_does_not_begin_there() {
        let (scope, mut meter) = (Scope::default(), Meter::new(RATE));
        scope.open();
        measure(&mut meter, &scope, &mut [vec![0.5; FRAMES_PER_COLUMN]], Some(Span::Recorded));
        assert!(!scope.columns(0)[0].begins);
    }

    #[test]
    fn a_take_of_one_frame_is_seen() {
        let (scope, mut meter) = opened();
        measure(&mut meter, &scope, &mut [vec![0.5]], Some(Span::Recorded));
        measure(&mut meter, &scope, &mut [vec![0.0; 64]], None);
        assert_eq!(scope.columns(0).len(), 1);
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
        measure(&mut meter, &scope, &mut [vec![0.5; 64]], None);
        assert_eq!(redraws.load(Ordering::Relaxed), 1);
        for _ in 0..100 {
            measure(&mut meter, &scope, &mut [vec![0.0; 48_000]], None);
        }
        let after_the_fall = redraws.load(Ordering::Relaxed);
        assert!(after_the_fall < 20, "{after_the_fall}");
    }

    proptest! {
        #[test]
        fn any_cut_into_blocks_draws_the_same_columns(cuts in prop::collection::vec(1usize..1000, 1..30)) {
            let sound: Vec<f32> = (0..cuts.iter().sum()).map(|n: usize| (n as f32 * 0.37).sin()).collect();
            let (whole, mut meter) = opened();
            measure(&mut meter, &whole, &mut [sound.clone()], Some(Span::Recorded));
            let (cut, mut meter) = opened();
            let mut rest = sound.as_slice();
            for frames in cuts {
                let (block, after) = rest.split_at(frames);
                measure(&mut meter, &cut, &mut [block.to_vec()], Some(Span::Recorded));
                rest = after;
            }
            prop_assert_eq!(whole.columns(0), cut.columns(0));
            prop_assert_eq!(whole.take_levels()[0].peak, cut.take_levels()[0].peak);
        }
    }
}
