//! Plays a stretch of audio through a processor, block by block, as a DAW would.

use crate::blocks::{Blocks, Change, Schedule};
use crate::error::HostError;
use crate::processor::{Processor, Status};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Where the audio comes from: planar, every channel as long as it needs to be.
pub trait Input {
    /// How many channels there are.
    fn channels(&self) -> usize;

    /// Writes the samples of `channel` from frame `first` on.
    fn read(&self, channel: usize, first: usize, samples: &mut [f32]);
}

impl Input for Vec<Vec<f32>> {
    fn channels(&self) -> usize {
        self.len()
    }

    fn read(&self, channel: usize, first: usize, samples: &mut [f32]) {
        samples.copy_from_slice(&self[channel][first..first + samples.len()]);
    }
}

/// Audio that is computed instead of kept: a channel count, and the sample at (channel, frame).
pub struct Signal<F>(pub usize, pub F);

impl<F: Fn(usize, usize) -> f32> Input for Signal<F> {
    fn channels(&self) -> usize {
        self.0
    }

    fn read(&self, channel: usize, first: usize, samples: &mut [f32]) {
        for (frame, sample) in (first..).zip(samples) {
            *sample = self.1(channel, frame);
        }
    }
}

/// A stretch of audio to be played: which frames, in which blocks, with which parameter changes.
pub struct Render<'a> {
    input: &'a dyn Input,
    span: Range<usize>,
    blocks: Blocks,
    changes: &'a [Change],
    in_place: bool,
    realtime: bool,
    progress: Option<&'a mut dyn FnMut(usize)>,
}

impl<'a> Render<'a> {
    /// Plays the frames `span` of `input`, in blocks as large as the processor takes, at full speed, with separate
    /// buffers for input and output.
    pub fn new(input: &'a dyn Input, span: Range<usize>) -> Self {
        let blocks = Blocks::Fixed(usize::MAX);
        Self { input, span, blocks, changes: &[], in_place: false, realtime: false, progress: None }
    }

    /// Cuts the audio like this; no block gets larger than the processor takes.
    pub fn blocks(mut self, blocks: Blocks) -> Self {
        self.blocks = blocks;
        self
    }

    /// Sends these parameter changes, in any order, counted in frames of the input.
    pub fn changes(mut self, changes: &'a [Change]) -> Self {
        self.changes = changes;
        self
    }

    /// Gives the plugin one set of buffers for input and output.
    pub fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// Waits before each block until the clock has come to it.
    pub fn realtime(mut self) -> Self {
        self.realtime = true;
        self
    }

    /// Calls `progress` after each block with the frames played so far.
    pub fn progress(mut self, progress: &'a mut dyn FnMut(usize)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Plays it; processing goes on from where it stood, and is not stopped at the end.
    ///
    /// # Panics
    /// If a change lies outside the frames that are played.
    pub fn play(mut self, processor: &mut Processor) -> Result<Played, HostError> {
        let setup = processor.setup();
        let blocks = self.blocks.clamped(setup.max_block as usize);
        let mut schedule = Schedule::new(self.changes, &self.span);
        let mut buffers = Buffers::new(self.input.channels(), blocks.max().min(self.span.len()));
        let mut played = Played::default();
        let start = Instant::now();
        for block in blocks.cut(self.span.clone()) {
            if self.realtime {
                let due = Duration::from_secs_f64((block.start - self.span.start) as f64 / setup.sample_rate);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
            let status = buffers.process(self.input, &block, self.in_place, processor, schedule.in_block(&block))?;
            played.add(&block, status, buffers.first_difference(block.len()));
            if let Some(progress) = &mut self.progress {
                progress(played.frames);
            }
        }
        Ok(played)
    }
}

/// What came of a [`Render`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    /// Frames played.
    pub frames: usize,
    /// Blocks played.
    pub blocks: usize,
    /// The first frame of the input that did not come out as it went in, to the bit.
    pub first_difference: Option<usize>,
    /// The plugin's answer, each time it differed from that of the block before: the block's first frame in the input.
    pub statuses: Vec<(usize, Status)>,
}

impl Played {
    /// Whether every sample came out as it went in, to the bit.
    pub fn output_equals_input(&self) -> bool {
        self.first_difference.is_none()
    }

    /// The plugin's answer to the last block.
    pub fn last_status(&self) -> Option<Status> {
        self.statuses.last().map(|&(_, status)| status)
    }

    /// This, and what was played after it.
    pub fn and(self, later: Self) -> Self {
        let mut statuses = self.statuses;
        let is_news = |(_, status): &(usize, Status)| statuses.last().is_none_or(|(_, last)| last != status);
        let first_new = later.statuses.iter().position(is_news).unwrap_or(later.statuses.len());
        statuses.extend_from_slice(&later.statuses[first_new..]);
        Self {
            frames: self.frames + later.frames,
            blocks: self.blocks + later.blocks,
            first_difference: self.first_difference.or(later.first_difference),
            statuses,
        }
    }

    fn add(&mut self, block: &Range<usize>, status: Status, difference: Option<usize>) {
        self.frames += block.len();
        self.blocks += 1;
        if self.last_status() != Some(status) {
            self.statuses.push((block.start, status));
        }
        self.first_difference = self.first_difference.or(difference.map(|offset| block.start + offset));
    }
}

/// One block's worth of audio, as it went in and as it came out.
struct Buffers {
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
}

impl Buffers {
    fn new(channels: usize, max_block: usize) -> Self {
        Self { input: vec![vec![0.0; max_block]; channels], output: vec![vec![0.0; max_block]; channels] }
    }

    fn process(
        &mut self,
        source: &dyn Input,
        block: &Range<usize>,
        in_place: bool,
        processor: &mut Processor,
        changes: &[Change],
    ) -> Result<Status, HostError> {
        for (channel, (input, output)) in self.input.iter_mut().zip(&mut self.output).enumerate() {
            input.resize(block.len(), 0.0);
            source.read(channel, block.start, input);
            if in_place {
                output.clone_from(input);
            } else {
                // The opposite of each sample's bits: what the plugin leaves unwritten can never pass for it.
                output.clear();
                output.extend(input.iter().map(|sample| f32::from_bits(!sample.to_bits())));
            }
        }
        if in_place {
            processor.process_in_place(&mut self.output, changes)
        } else {
            processor.process(&self.input, &mut self.output, changes)
        }
    }

    /// The first frame of the block where a channel's output is not its input.
    fn first_difference(&self, frames: usize) -> Option<usize> {
        let differs = |(input, output): (&Vec<f32>, &Vec<f32>)| {
            (0..frames).find(|&frame| input[frame].to_bits() != output[frame].to_bits())
        };
        self.input.iter().zip(&self.output).filter_map(differs).min()
    }
}
