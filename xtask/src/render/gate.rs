//! When Record and Pause are on: times on the command line, and the parameter changes that they mean. Pure.

use anyhow::{Context, Result, bail, ensure};
use headless_host::{Change, ParamId};
use std::ops::Range;
use std::str::FromStr;

/// A time: `1.5` is in seconds, `72000s` in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    Seconds(f64),
    Samples(usize),
}

impl Time {
    /// The frame at this time, in a sound of `rate` frames a second.
    pub fn frame(self, rate: u32) -> usize {
        match self {
            Self::Seconds(seconds) => (seconds * f64::from(rate)).round() as usize,
            Self::Samples(frame) => frame,
        }
    }
}

impl FromStr for Time {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || format!("`{text}` is no time; write seconds, like 1.5, or samples, like 72000s");
        if let Some(samples) = text.strip_suffix('s') {
            return Ok(Self::Samples(samples.parse().with_context(bad)?));
        }
        let seconds: f64 = text.parse().with_context(bad)?;
        ensure!(seconds.is_finite() && seconds >= 0.0, bad());
        Ok(Self::Seconds(seconds))
    }
}

/// From one time up to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    from: Time,
    to: Time,
}

impl FromStr for Span {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((from, to)) = text.split_once("..") else {
            bail!("`{text}` is no stretch of time; write it like 0.5..2 or 12345s..30001s");
        };
        Ok(Self { from: from.parse()?, to: to.parse()? })
    }
}

impl Span {
    /// The frames of this span in a sound of so many `frames` at `rate`.
    fn frames(self, frames: usize, rate: u32) -> Result<Range<usize>> {
        let range = self.from.frame(rate)..self.to.frame(rate);
        ensure!(!range.is_empty(), "a stretch of time has to end after it begins, {range:?} (in samples) does not");
        ensure!(range.end <= frames, "{range:?} (in samples) reaches beyond the input, which has {frames}");
        Ok(range)
    }
}

/// A switch that is on during some stretches of the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// In order; no two overlap or touch.
    on: Vec<Range<usize>>,
    frames: usize,
}

impl Gate {
    /// On during `spans`, in a sound of so many `frames` at `rate`.
    pub fn new(spans: &[Span], frames: usize, rate: u32) -> Result<Self> {
        let ranges = spans.iter().map(|span| span.frames(frames, rate)).collect::<Result<Vec<_>>>()?;
        Ok(Self::from_ranges(ranges, frames))
    }

    /// On from start to end.
    pub fn always(frames: usize) -> Self {
        Self { on: std::iter::once(0..frames).collect(), frames }
    }

    /// On during `ranges`, which may overlap, in a sound of so many `frames`.
    pub fn from_ranges(mut ranges: Vec<Range<usize>>, frames: usize) -> Self {
        ranges.sort_by_key(|range| range.start);
        let mut on: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match on.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => on.push(range),
            }
        }
        Self { on, frames }
    }

    /// The automation that draws this gate for `param`; its first value stands at the first frame.
    pub fn changes(&self, param: ParamId) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.on.first().is_none_or(|first| first.start > 0) {
            changes.push(Change::new(0, param, 0.0));
        }
        for range in &self.on {
            changes.push(Change::new(range.start, param, 1.0));
            if range.end < self.frames {
                changes.push(Change::new(range.end, param, 0.0));
            }
        }
        changes
    }

    /// The whole sound in stretches during which this gate is on, or off.
    pub fn stretches(&self) -> Vec<(Range<usize>, bool)> {
        let mut stretches = Vec::new();
        let mut start = 0;
        for range in &self.on {
            stretches.extend([(start..range.start, false), (range.clone(), true)]);
            start = range.end;
        }
        stretches.push((start..self.frames, false));
        stretches.retain(|(range, _)| !range.is_empty());
        stretches
    }

    /// What is on here and off in `other`, in order.
    pub fn without(&self, other: &Self) -> Vec<Range<usize>> {
        let mut rest = Vec::new();
        for range in &self.on {
            let mut start = range.start;
            for hole in other.on.iter().filter(|hole| hole.end > range.start && hole.start < range.end) {
                if start < hole.start {
                    rest.push(start..hole.start);
                }
                start = hole.end;
            }
            if start < range.end {
                rest.push(start..range.end);
            }
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: ParamId = ParamId::named("record");

    fn gate(spans: &[&str]) -> Result<Gate> {
        let spans = spans.iter().map(|span| span.parse()).collect::<Result<Vec<_>>>()?;
        Gate::new(&spans, 96_000, 48_000)
    }

    #[test]
    fn times_are_seconds_or_with_an_s_samples() {
        assert_eq!(gate(&["0.5..1", "60000s..96000s"]).unwrap().on, [24_000..48_000, 60_000..96_000]);
        assert_eq!(gate(&["0..2"]).unwrap(), Gate::always(96_000));
    }

    #[test]
    fn spans_that_make_no_sense_are_refused() {
        for span in ["1", "1..", "..1", "-1..1", "1..0.5", "1..1", "0..2.1", "0..96001s", "a..b", "nan..1", "0.5s..1"] {
            assert!(gate(&[span]).is_err(), "{span}");
        }
    }

    #[test]
    fn spans_that_overlap_or_touch_are_one() {
        assert_eq!(gate(&["5s..9s", "1s..3s", "3s..4s", "6s..7s"]).unwrap().on, [1..4, 5..9]);
    }

    #[test]
    fn automation_begins_at_the_first_frame_and_needs_no_end() {
        let values = |spans: &[&str]| -> Vec<_> {
            let changes = gate(spans).unwrap().changes(RECORD);
            changes.iter().map(|change| (change.frame, change.value)).collect()
        };
        assert_eq!(values(&[]), [(0, 0.0)]);
        assert_eq!(values(&["0..2"]), [(0, 1.0)]);
        assert_eq!(values(&["10s..20s", "1..2"]), [(0, 0.0), (10, 1.0), (20, 0.0), (48_000, 1.0)]);
    }

    #[test]
    fn stretches_are_the_whole_sound_on_and_off_in_turn() {
        let stretches = |spans: &[&str]| gate(spans).unwrap().stretches();
        assert_eq!(stretches(&[]), [(0..96_000, false)]);
        assert_eq!(stretches(&["0..2"]), [(0..96_000, true)]);
        assert_eq!(stretches(&["5s..9s", "1..2"])[1..], [(5..9, true), (9..48_000, false), (48_000..96_000, true)]);
    }

    #[test]
    fn pauses_cut_holes_into_the_record() {
        let kept = |record: &[&str], pause: &[&str]| gate(record).unwrap().without(&gate(pause).unwrap());
        const WHOLE: Range<usize> = 10..20;
        assert_eq!(kept(&["10s..20s"], &[]), [WHOLE]);
        assert_eq!(kept(&["10s..20s"], &["12s..13s", "15s..30s"]), [10..12, 13..15]);
        assert_eq!(kept(&["10s..20s", "25s..40s"], &["5s..11s", "19s..26s"]), [11..19, 26..40]);
        assert_eq!(kept(&["10s..20s"], &["0s..50s"]), []);
    }
}
