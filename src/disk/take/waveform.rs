//! Draws the waveform: makes columns of the frames that pass through the writer.

use crate::core::extent::extent;
use crate::link::{COLUMNS_PER_SECOND, Column, MAX_COLUMNS, Span, Waveform};

/// Draws the takes of one writer, one after the other. Lives on the writer thread.
#[derive(Debug)]
pub struct Columns {
    frames_per_column: usize,
    /// The column that is being measured, and its frames so far.
    open: Option<(Column, usize)>,
    /// The next column is the first of a take.
    begins: bool,
}

impl Default for Columns {
    fn default() -> Self {
        Self { frames_per_column: 1, open: None, begins: false }
    }
}

impl Columns {
    /// A take of `sample_rate` frames a second begins. What was not drawn yet of one that it hides is left out.
    pub fn begin(&mut self, sample_rate: u32) {
        self.frames_per_column = (sample_rate / COLUMNS_PER_SECOND).max(1) as usize;
        self.open = None;
        self.begins = true;
    }

    /// Draws `frames` frames, planar, channels one after the other.
    pub fn frames(&mut self, waveform: &Waveform, planar: &[f32], frames: usize, span: Span) {
        let mut start = 0;
        while start < frames {
            let run = (frames - start).min(self.frames_left());
            let (mut low, mut high) = (0.0_f32, 0.0_f32);
            for channel in planar.chunks_exact(frames) {
                let (channel_low, channel_high, _) = extent(&channel[start..start + run]);
                (low, high) = (low.min(channel_low), high.max(channel_high));
            }
            self.add(waveform, Column { low, high, span, begins: false }, run);
            start += run;
        }
    }

    /// Draws `frames` frames of silence.
    pub fn silence(&mut self, waveform: &Waveform, frames: u64, span: Span) {
        let mut left = frames.min((MAX_COLUMNS * self.frames_per_column) as u64) as usize;
        while left > 0 {
            let run = left.min(self.frames_left());
            self.add(waveform, Column { low: 0.0, high: 0.0, span, begins: false }, run);
            left -= run;
        }
    }

    /// Frames were left out here: a seam of one column.
    pub fn pause(&mut self, waveform: &Waveform) {
        self.end(waveform);
        waveform.push(Column { low: 0.0, high: 0.0, span: Span::Paused, begins: false });
    }

    /// The take ends. One that is shorter than a column is seen, too.
    pub fn end(&mut self, waveform: &Waveform) {
        if let Some((column, _)) = self.open.take() {
            waveform.push(column);
        }
    }

    fn frames_left(&self) -> usize {
        self.frames_per_column - self.open.as_ref().map_or(0, |(_, frames)| *frames)
    }

    fn add(&mut self, waveform: &Waveform, part: Column, frames: usize) {
        let begins = std::mem::take(&mut self.begins);
        let (column, so_far) = self.open.get_or_insert((Column { begins, ..part }, 0));
        column.low = column.low.min(part.low);
        column.high = column.high.max(part.high);
        column.span = column.span.max(part.span);
        *so_far += frames;
        if *so_far >= self.frames_per_column {
            self.end(waveform);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;
    const FRAMES_PER_COLUMN: usize = 480;

    fn begun() -> (Waveform, Columns) {
        let mut columns = Columns::default();
        columns.begin(RATE);
        (Waveform::default(), columns)
    }

    #[test]
    fn record_pause_and_loss_are_told_apart_and_each_take_has_one_beginning() {
        let (waveform, mut columns) = begun();
        columns.frames(&waveform, &[0.5; 2 * FRAMES_PER_COLUMN], FRAMES_PER_COLUMN, Span::Recorded);
        columns.pause(&waveform);
        columns.silence(&waveform, FRAMES_PER_COLUMN as u64, Span::Lost);
        columns.end(&waveform);
        columns.begin(RATE);
        columns.frames(&waveform, &[-0.5], 1, Span::Recorded);
        columns.end(&waveform);
        let drawn: Vec<_> = waveform.columns().iter().map(|c| (c.span, c.begins, c.low, c.high)).collect();
        let expected = [
            (Span::Recorded, true, 0.0, 0.5),
            (Span::Paused, false, 0.0, 0.0),
            (Span::Lost, false, 0.0, 0.0),
            (Span::Recorded, true, -0.5, 0.0),
        ];
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_take_that_hides_another_one_in_mid_column_has_a_beginning_too() {
        let (waveform, mut columns) = begun();
        columns.frames(&waveform, &[0.5; 100], 100, Span::Recorded);
        columns.begin(RATE);
        columns.frames(&waveform, &[-0.5; FRAMES_PER_COLUMN], FRAMES_PER_COLUMN, Span::Recorded);
        let drawn: Vec<_> = waveform.columns().iter().map(|c| (c.begins, c.low, c.high)).collect();
        assert_eq!(drawn, [(true, -0.5, 0.0)]);
    }

    #[test]
    fn a_sample_that_is_no_number_spoils_no_column() {
        let (waveform, mut columns) = begun();
        columns.frames(&waveform, &[f32::NAN, 0.5, f32::NAN], 3, Span::Recorded);
        columns.end(&waveform);
        assert_eq!(waveform.columns()[0].high, 0.5);
    }

    #[test]
    fn hours_of_silence_take_no_longer_than_what_is_shown() {
        let (waveform, mut columns) = begun();
        columns.silence(&waveform, u64::MAX, Span::Recorded);
        assert_eq!(waveform.columns().len(), MAX_COLUMNS);
    }

    proptest! {
        #[test]
        fn any_cut_into_blocks_draws_the_same_columns(cuts in prop::collection::vec(1usize..1000, 1..30)) {
            let sound: Vec<f32> = (0..cuts.iter().sum()).map(|n: usize| (n as f32 * 0.37).sin()).collect();
            let (whole, mut columns) = begun();
            columns.frames(&whole, &sound, sound.len(), Span::Recorded);
            let (cut, mut columns) = begun();
            let mut rest = sound.as_slice();
            for frames in cuts {
                let (block, after) = rest.split_at(frames);
                columns.frames(&cut, block, frames, Span::Recorded);
                rest = after;
            }
            prop_assert_eq!(whole.columns(), cut.columns());
        }
    }
}
