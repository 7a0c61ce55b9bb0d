//! Measures how loud a file is (EBU R 128).
//!
//! The crate ebur128 weights the frequencies and finds the peaks between the samples. What is gated and counted here is
//! the energy that it gives of each 100 ms. Its own gating would keep 3 s of every channel in memory, 64 bits a sample,
//! and a number of every block for as long as the file grows; this keeps 400 ms, and counts blocks of the same loudness.

use crate::core::format::StreamFormat;
use crate::core::loudness::Loudness;
use ebur128::{Channel, EbuR128, Error, Mode};
use std::collections::{BTreeMap, VecDeque};

/// Below this rate in Hz half of it comes too near to the frequencies that are weighted.
const LOWEST_RATE: u32 = 4000;

/// Blocks begin every 100 ms, which is the least that EBU Tech 3341 and 3342 ask for.
const STEP_MILLISECONDS: u32 = 100;

/// Steps of a block of 400 ms (momentary) and of 3 s (short term).
const MOMENTARY_STEPS: usize = 4;
const SHORT_TERM_STEPS: usize = 30;

/// Blocks that are softer do not count, in LUFS (BS.1770-4, annex 1).
const ABSOLUTE_GATE: f64 = -70.0;

/// Nor do those that are so much softer than the mean of the others, in LU (BS.1770-4, annex 1; EBU Tech 3342).
const INTEGRATED_GATE: f64 = -10.0;
const RANGE_GATE: f64 = -20.0;

/// The range lies between the softest tenth of the blocks and the loudest twentieth (EBU Tech 3342).
const RANGE_PERCENTILES: (f64, f64) = (0.10, 0.95);

/// Parts of a LU in which blocks are told apart.
const PER_LU: f64 = 100.0;

/// What makes LUFS of an energy: a tone of 997 Hz at full scale in one channel has −3.01 LUFS (BS.1770-4, annex 1).
const OFFSET: f64 = -0.691;

/// Frames that ebur128 looks at to find the peaks between two of them, at most.
const INTERPOLATOR_FRAMES: usize = 24;

/// Measures one file. Lives on the writer thread.
pub struct LoudnessMeter {
    weighted: EbuR128,
    channels: usize,
    /// Frames of 100 ms, and how many of them are still to come.
    step_frames: usize,
    step_left: usize,
    /// The energies of the newest steps, at most [`SHORT_TERM_STEPS`] of them.
    steps: VecDeque<f64>,
    measured: Measured,
}

impl LoudnessMeter {
    /// For sound of this shape; nothing where its rate is below 4 kHz or above 2.8 MHz.
    pub fn new(format: StreamFormat) -> Option<Self> {
        if format.sample_rate < LOWEST_RATE {
            return None;
        }
        let mut weighted = EbuR128::new(format.channels as u32, format.sample_rate, Mode::M | Mode::TRUE_PEAK).ok()?;
        weighted.set_channel_map(&channel_map(format.channels)).ok()?;
        let step_frames = (u64::from(format.sample_rate) * u64::from(STEP_MILLISECONDS) / 1000) as usize;
        Some(Self {
            weighted,
            channels: format.channels,
            step_frames,
            step_left: step_frames,
            steps: VecDeque::with_capacity(SHORT_TERM_STEPS),
            measured: Measured::default(),
        })
    }

    /// Measures `frames` frames, planar, channels one after the other; finite samples.
    pub fn add(&mut self, planar: &[f32], frames: usize) {
        let mut start = 0;
        while start < frames {
            let end = frames.min(start + self.step_left);
            let part: Vec<&[f32]> = planar.chunks_exact(frames).map(|channel| &channel[start..end]).collect();
            // Never refused: the number of channels is right.
            let _ = self.add_part(&part);
            self.step_left -= end - start;
            if self.step_left == 0 {
                let _ = self.end_step();
                self.step_left = self.step_frames;
            }
            start = end;
        }
    }

    /// What has been measured.
    pub fn into_measured(mut self) -> Measured {
        // A player goes on with silence. The steps have ended: it does not count as sound.
        let silence = vec![0.0; INTERPOLATOR_FRAMES * self.channels];
        let channels: Vec<&[f32]> = silence.chunks_exact(INTERPOLATOR_FRAMES).collect();
        let _ = self.add_part(&channels);
        self.measured
    }

    fn add_part(&mut self, part: &[&[f32]]) -> Result<(), Error> {
        self.weighted.add_frames_planar_f32(part)?;
        for channel in 0..self.channels as u32 {
            self.measured.true_peak = self.measured.true_peak.max(self.weighted.prev_true_peak(channel)?);
        }
        Ok(())
    }

    fn end_step(&mut self) -> Result<(), Error> {
        if self.steps.len() == SHORT_TERM_STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(energy(self.weighted.loudness_window(STEP_MILLISECONDS)?));
        if let Some(loudness) = self.newest(MOMENTARY_STEPS) {
            self.measured.momentary.add(loudness);
        }
        if let Some(loudness) = self.newest(SHORT_TERM_STEPS) {
            self.measured.short_term.add(loudness);
        }
        Ok(())
    }

    /// The loudness of the newest `count` steps together in LUFS, where there are as many.
    fn newest(&self, count: usize) -> Option<f64> {
        let first = self.steps.len().checked_sub(count)?;
        Some(loudness(self.steps.range(first..).sum::<f64>() / count as f64))
    }
}

/// Which loudspeaker a channel is for, as FFmpeg takes it where a file does not say: five to eight channels are L R C,
/// with six or more then the bass, which does not count, and then surround channels, which count 1.41 times. All channels
/// of other numbers count alike.
fn channel_map(channels: usize) -> Vec<Channel> {
    let speaker = |index: usize| match (channels, index) {
        (6..=8, 3) => Channel::Unused,
        (5..=8, 3..) => Channel::LeftSurround,
        _ => Channel::Left,
    };
    (0..channels).map(speaker).collect()
}

fn energy(loudness: f64) -> f64 {
    10f64.powf((loudness - OFFSET) / 10.0)
}

fn loudness(energy: f64) -> f64 {
    OFFSET + 10.0 * energy.log10()
}

/// What one file or several come to.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    momentary: Blocks,
    short_term: Blocks,
    /// Linear.
    true_peak: f64,
}

impl Measured {
    /// Counts `other` in.
    pub fn merge(&mut self, other: &Measured) {
        self.momentary.merge(&other.momentary);
        self.short_term.merge(&other.short_term);
        self.true_peak = self.true_peak.max(other.true_peak);
    }

    /// The figures.
    pub fn loudness(&self) -> Loudness {
        let true_peak_dbtp = 20.0 * self.true_peak.log10();
        Loudness {
            integrated_lufs: self.momentary.mean_above(INTEGRATED_GATE),
            range_lu: self.short_term.range(),
            max_momentary_lufs: self.momentary.loudest,
            max_short_term_lufs: self.short_term.loudest,
            true_peak_dbtp: true_peak_dbtp.is_finite().then_some(true_peak_dbtp),
        }
    }
}

/// The blocks of one length that are above the absolute gate.
#[derive(Debug, Clone, Default)]
struct Blocks {
    /// By their loudness, rounded to [`PER_LU`], how many there are.
    counts: BTreeMap<i32, u64>,
    loudest: Option<f64>,
}

impl Blocks {
    fn add(&mut self, loudness: f64) {
        if loudness > ABSOLUTE_GATE {
            *self.counts.entry((loudness * PER_LU).round() as i32).or_default() += 1;
            self.loudest = Some(self.loudest.map_or(loudness, |loudest| loudest.max(loudness)));
        }
    }

    fn merge(&mut self, other: &Blocks) {
        for (&loudness, count) in &other.counts {
            *self.counts.entry(loudness).or_default() += count;
        }
        self.loudest = [self.loudest, other.loudest].into_iter().flatten().reduce(f64::max);
    }

    /// The mean of the blocks that are above the mean of all by more than `gate`, which is negative.
    fn mean_above(&self, gate: f64) -> Option<f64> {
        mean(&self.above(gate)?)
    }

    /// From the softest to the loudest passages, in LU.
    fn range(&self) -> Option<f64> {
        let blocks = self.above(RANGE_GATE)?;
        let last = blocks.iter().map(|(_, count)| count).sum::<u64>().checked_sub(1)?;
        let percentile = |part: f64| {
            let mut before = 0;
            let place = (last as f64 * part).round() as u64;
            let found = blocks.iter().find(|(_, count)| {
                before += count;
                before > place
            });
            found.map(|(loudness, _)| loudness)
        };
        let (soft, loud) = RANGE_PERCENTILES;
        Some(percentile(loud)? - percentile(soft)?)
    }

    /// Loudness and number of those blocks, from soft to loud.
    fn above(&self, gate: f64) -> Option<Vec<(f64, u64)>> {
        let mut blocks: Vec<_> =
            self.counts.iter().map(|(&loudness, &count)| (f64::from(loudness) / PER_LU, count)).collect();
        let threshold = mean(&blocks)? + gate;
        blocks.retain(|&(loudness, _)| loudness > threshold);
        Some(blocks)
    }
}

/// The loudness of all blocks together; nothing where there is none.
fn mean(blocks: &[(f64, u64)]) -> Option<f64> {
    let count: u64 = blocks.iter().map(|(_, count)| count).sum();
    let sum: f64 = blocks.iter().map(|&(loudness, count)| energy(loudness) * count as f64).sum();
    (count > 0).then(|| loudness(sum / count as f64))
}

#[cfg(test)]
mod tests;
