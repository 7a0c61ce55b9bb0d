//! When a take starts by itself: for which frames of a block record counts as on.

use super::channels::ChannelSet;
use super::extent::extent;
use super::format::Start;
use super::take::Controls;
use std::ops::Range;

/// So many frames are looked through at once for one that is loud.
const FRAMES_AT_ONCE: usize = 64;

/// Frames that follow each other, from one on that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How many there are: 0 where a take ends and the next one begins with the very next frame.
    pub frames: usize,
    /// Whether record counts as on.
    pub record: bool,
}

/// Waits for what `start` names while record is on. Lives on the audio thread; allocates nothing.
#[derive(Debug, Default)]
pub struct Trigger {
    /// With Sound: frames that still belong to the take if none of them is loud.
    left: u64,
    /// With Sound: the last run belonged to a take.
    is_open: bool,
}

impl Trigger {
    /// The next run of these frames of a block, planar; there is at least one. Sound counts that is loud in one of
    /// `channels`.
    pub fn next(
        &mut self,
        controls: &Controls,
        channels: ChannelSet,
        planar: &[&mut [f32]],
        frames: Range<usize>,
    ) -> Run {
        let transport = controls.transport;
        let record = match controls.start {
            _ if !controls.record => false,
            Start::Now => true,
            Start::Transport => transport.runs,
            Start::HostRecord => transport.runs && transport.records,
            Start::Sound => {
                let sound = Sound { planar, channels, threshold: level(controls.threshold) };
                return self.with_sound(controls.hold_frames, &sound, frames);
            }
        };
        *self = Self::default();
        Run { frames: frames.len(), record }
    }

    fn with_sound(&mut self, hold_frames: u64, sound: &Sound<'_>, frames: Range<usize>) -> Run {
        if self.left == 0 {
            let was_open = std::mem::take(&mut self.is_open);
            match sound.first_loud(frames.clone()) {
                None => return Run { frames: frames.len(), record: false },
                Some(loud) if loud > frames.start => return Run { frames: loud - frames.start, record: false },
                Some(_) if was_open => return Run { frames: 0, record: false },
                Some(_) => self.left = hold_frames + 1,
            }
        }
        self.is_open = true;
        let run = frames.start..frames.end.min(frames.start.saturating_add(self.left.min(1 << 32) as usize));
        self.left = match sound.last_loud(run.clone()) {
            Some(loud) => hold_frames.saturating_sub((run.end - 1 - loud) as u64),
            // The hold may have become shorter since.
            None => (self.left - run.len() as u64).min(hold_frames),
        };
        Run { frames: run.len(), record: true }
    }
}

/// Linear.
fn level(dbfs: f32) -> f32 {
    10_f32.powf(dbfs / 20.0)
}

/// A block, planar, with the channels that count and the level beyond which a sample is loud.
struct Sound<'a> {
    planar: &'a [&'a mut [f32]],
    channels: ChannelSet,
    threshold: f32,
}

impl Sound<'_> {
    fn first_loud(&self, frames: Range<usize>) -> Option<usize> {
        let starts = frames.clone().step_by(FRAMES_AT_ONCE);
        let mut some = starts.map(|start| start..frames.end.min(start + FRAMES_AT_ONCE));
        some.find(|some| self.has_loud(some)).and_then(|mut some| some.find(|&frame| self.is_loud(frame)))
    }

    fn last_loud(&self, frames: Range<usize>) -> Option<usize> {
        let starts = frames.clone().step_by(FRAMES_AT_ONCE).rev();
        let mut some = starts.map(|start| start..frames.end.min(start + FRAMES_AT_ONCE));
        some.find(|some| self.has_loud(some)).and_then(|mut some| some.rfind(|&frame| self.is_loud(frame)))
    }

    fn has_loud(&self, frames: &Range<usize>) -> bool {
        self.channels().any(|channel| {
            let (low, high, _) = extent(channel.get(frames.clone()).unwrap_or_default());
            high > self.threshold || low < -self.threshold
        })
    }

    fn is_loud(&self, frame: usize) -> bool {
        self.channels().any(|channel| channel.get(frame).is_some_and(|sample| sample.abs() > self.threshold))
    }

    fn channels(&self) -> impl Iterator<Item = &[f32]> {
        self.channels.iter().filter_map(|channel| self.planar.get(channel).map(|samples| &**samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::take::HostTransport;
    use proptest::prelude::*;

    const LOUD: f32 = 0.02;

    fn controls(start: Start) -> Controls {
        Controls { record: true, start, hold_frames: 100, ..Controls::plain(2) }
    }

    /// For each frame of the sound, which comes in blocks of these lengths over and over, the take that it belongs to.
    fn takes(controls: &Controls, left: &[f32], blocks: &[usize]) -> Vec<Option<usize>> {
        let mut trigger = Trigger::default();
        let (mut takes, mut take, mut is_open) = (Vec::new(), 0, false);
        let mut rest = left;
        for &block in blocks.iter().cycle() {
            if rest.is_empty() {
                return takes;
            }
            let (now, later) = rest.split_at(block.min(rest.len()));
            rest = later;
            let (mut quiet, mut sound) = (vec![0.0; now.len()], now.to_vec());
            let planar: [&mut [f32]; 2] = [&mut quiet, &mut sound];
            let mut from = 0;
            while from < now.len() {
                let run = trigger.next(controls, ChannelSet::first(2), &planar, from..now.len());
                take += usize::from(run.record && !is_open);
                is_open = run.record;
                takes.extend(std::iter::repeat_n(run.record.then_some(take), run.frames));
                from += run.frames;
            }
        }
        takes
    }

    /// The rule, as plainly as possible.
    fn model(hold_frames: u64, sound: &[f32]) -> Vec<Option<usize>> {
        let (mut take, mut left) = (0, 0);
        let mut frame = |sample: &f32| {
            if sample.abs() > 0.01 {
                take += usize::from(left == 0);
                left = hold_frames + 1;
            }
            let belongs = (left > 0).then_some(take);
            left = left.saturating_sub(1);
            belongs
        };
        sound.iter().map(&mut frame).collect()
    }

    proptest! {
        #[test]
        fn sound_starts_and_ends_takes_at_its_very_frames_at_any_block_size(
            gaps in prop::collection::vec((0usize..400, any::<bool>()), 0..12),
            blocks in prop::collection::vec(1usize..300, 1..8),
        ) {
            let sound: Vec<f32> = gaps.iter()
                .flat_map(|&(gap, is_negative)| {
                    let loud = if is_negative { -LOUD } else { LOUD };
                    std::iter::repeat_n(0.005, gap).chain([loud])
                })
                .chain([0.005; 250])
                .collect();
            prop_assert_eq!(takes(&controls(Start::Sound), &sound, &blocks), model(100, &sound));
        }
    }

    #[test]
    fn a_take_that_begins_right_behind_the_hold_is_another_one() {
        let mut sound = [0.0; 203];
        (sound[0], sound[101]) = (LOUD, LOUD);
        for block in [1, 64, 1000] {
            let takes = takes(&controls(Start::Sound), &sound, &[block]);
            assert_eq!((takes[100], takes[101], takes[201], takes[202]), (Some(1), Some(2), Some(2), None));
        }
    }

    #[test]
    fn only_the_channels_that_are_recorded_count() {
        let mut sound = vec![LOUD; 10];
        let planar: [&mut [f32]; 1] = [&mut sound];
        let run = Trigger::default().next(&controls(Start::Sound), ChannelSet(0b10), &planar, 0..10);
        assert_eq!(run, Run { frames: 10, record: false });
    }

    #[test]
    fn what_is_no_number_is_not_loud_and_what_is_infinite_is() {
        let run = |sample: f32| {
            let mut sound = vec![sample; 3];
            let planar: [&mut [f32]; 1] = [&mut sound];
            Trigger::default().next(&controls(Start::Sound), ChannelSet::first(1), &planar, 0..3).record
        };
        assert!(!run(f32::NAN) && run(f32::NEG_INFINITY));
    }

    #[test]
    fn the_transport_and_the_hosts_record_start_takes_only_while_record_is_on() {
        let mut block = [0.0; 8];
        let planar: [&mut [f32]; 1] = [&mut block];
        let record = |start, record, runs, records| {
            let transport = HostTransport { is_told: true, runs, records };
            let controls = Controls { record, transport, ..controls(start) };
            let run = Trigger::default().next(&controls, ChannelSet::first(1), &planar, 3..8);
            assert_eq!(run.frames, 5);
            run.record
        };
        assert!(record(Start::Now, true, false, false) && !record(Start::Now, false, true, true));
        assert!(record(Start::Transport, true, true, false) && !record(Start::Transport, true, false, true));
        assert!(record(Start::HostRecord, true, true, true) && !record(Start::HostRecord, true, true, false));
        assert!(!record(Start::HostRecord, true, false, true) && !record(Start::HostRecord, false, true, true));
    }
}
