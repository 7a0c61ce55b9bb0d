//! The history: what passed while no take was open, for takes that begin with some of it and for Capture. Lives on the
//! writer thread, in memory of its own; the process has a share of memory for each.

mod shares;

use super::song::{Place, SongPositions};
use crate::core::channels::ChannelSet;
use crate::core::format::StreamFormat;
use crate::core::take::{HistoryStart, Mark, RetainedHistory, Song};
pub use shares::{PROCESS_MEMORY, Share};
use std::collections::VecDeque;
use std::ops::Range;

/// One block of memory. As large as a C library gives back what others may use again.
const BLOCK_BYTES: usize = 64 << 10;

/// Blocks that are not used any more and stay for the next frames.
const MOST_SPARE_BLOCKS: usize = 2;

/// No more than so much is kept beyond what was asked for, for a take that is still to be told of.
const MOST_KEPT_BYTES: usize = 32 << 20;

/// Frames of the history that a take gets, and the marks between them.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// Planar, channels one after the other.
    Sound {
        planar: Vec<f32>,
        frames: usize,
    },
    /// Digital silence.
    Silence {
        frames: u64,
    },
    Mark(Mark),
}

impl Held {
    /// How many frames it has.
    pub fn frames(&self) -> u64 {
        match self {
            Held::Sound { frames, .. } => *frames as u64,
            Held::Silence { frames } => *frames,
            Held::Mark(_) => 0,
        }
    }

    /// Returns what is left without the first `frames` frames, of which it has more.
    pub fn without_first(self, frames: usize) -> Self {
        match self {
            Held::Sound { planar, frames: all } => {
                let rest = planar.chunks_exact(all).flat_map(|channel| &channel[frames..]).copied().collect();
                Held::Sound { planar: rest, frames: all - frames }
            }
            Held::Silence { frames: all } => Held::Silence { frames: all - frames as u64 },
            Held::Mark(mark) => Held::Mark(mark),
        }
    }
}

/// Some of the history.
#[derive(Debug)]
pub struct Excerpt {
    pub held: VecDeque<Held>,
    /// From the first frame to the end of the history, those that are not in it included.
    pub frames: u64,
    /// At the first frame.
    pub song: Song,
}

/// What passed, as far as it is in no take.
pub struct History {
    share: Share,
    format: Option<Shape>,
    /// So many frames are kept at most, counted from the newest one that passed.
    length: u64,
    /// Oldest first. Where one does not begin at the end of the one before, frames between them went elsewhere.
    stretches: VecDeque<Stretch>,
    spare: Vec<Vec<f32>>,
    /// Frames that have passed.
    passed: u64,
    /// Frames before this one, counted from all that have passed, are too old: a block may still hold some.
    oldest: u64,
    song: SongPositions,
    /// The frames, counted from all that have passed, before which the host interrupted the sound. Oldest first.
    interruptions: VecDeque<u64>,
    /// Frames from this one on, counted from all that have passed, are waited for, however old they get.
    held_from: Option<u64>,
    /// The same for a take that is still to be told of, as long as that takes little memory. They are free for others.
    kept_from: Option<u64>,
    /// Bytes of blocks.
    bytes: usize,
    /// More is not to be kept, for other instances keep something, too.
    most_bytes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    set: ChannelSet,
    channels: usize,
    /// Of one block.
    block_frames: usize,
    sample_rate: u32,
}

/// Frames that follow each other.
#[derive(Debug)]
struct Stretch {
    /// The first one, counted from all that have passed.
    start: u64,
    frames: u64,
    /// One block, planar: channels one after the other, each with room for `block_frames`. Silence has none.
    sound: Option<Block>,
}

#[derive(Debug)]
struct Block {
    samples: Vec<f32>,
    is_silent: bool,
}

impl Stretch {
    fn end(&self) -> u64 {
        self.start + self.frames
    }
}

impl History {
    /// An empty one, which keeps nothing until it is told what.
    pub fn new(share: Share) -> Self {
        Self {
            share,
            format: None,
            length: 0,
            stretches: VecDeque::new(),
            spare: Vec::new(),
            passed: 0,
            oldest: 0,
            song: SongPositions::new(None, false),
            interruptions: VecDeque::new(),
            held_from: None,
            kept_from: None,
            bytes: 0,
            most_bytes: usize::MAX,
        }
    }

    /// It begins, or begins again, with frames of another shape, `sample_rate` of them each second.
    pub fn begin(&mut self, start: HistoryStart, sample_rate: u32) {
        self.clear();
        self.take_shape(start.channels, sample_rate);
        self.song = song_positions(start.song, self.passed);
    }

    /// Returns what the next activation goes on with, if there is anything.
    pub fn retained(&self) -> Option<RetainedHistory> {
        let shape = self.format.filter(|_| !self.stretches.is_empty())?;
        Some(RetainedHistory { channels: shape.set, max_frames: self.length })
    }

    /// The host interrupts the sound before the next frame: nobody knows for how long, nor where the song goes on.
    pub fn interrupt(&mut self) {
        self.song.interrupt(self.passed);
        if !self.stretches.is_empty() && self.interruptions.back() != Some(&self.passed) {
            self.interruptions.push_back(self.passed);
        }
    }

    /// A take of this shape begins, where the song is there. What was kept of another shape is gone.
    pub fn take_begins(&mut self, channels: ChannelSet, song: Song, sample_rate: u32) {
        if self.format.is_some_and(|shape| shape.set != channels) {
            self.clear();
        }
        self.take_shape(channels, sample_rate);
        if self.stretches.is_empty() {
            self.song = song_positions(song, self.passed);
        } else {
            // No mark says that it stands from the take's first frame on.
            self.song.goes_on(self.passed, song.position_frames.and(song.seconds), false);
        }
    }

    fn take_shape(&mut self, set: ChannelSet, sample_rate: u32) {
        let channels = set.len();
        let block_frames = (BLOCK_BYTES / size_of::<f32>() / channels.max(1)).max(1);
        self.format = Some(Shape { set, channels, block_frames, sample_rate });
    }

    /// From here on so many frames are kept.
    pub fn set_length(&mut self, frames: u64) {
        self.length = frames;
        if frames == 0 {
            self.clear();
        }
        self.forget();
    }

    fn clear(&mut self) {
        self.stretches.clear();
        self.interruptions.clear();
        self.spare.clear();
        self.bytes = 0;
    }

    /// So many frames passed that are in a take, or were left out of one.
    pub fn pass(&mut self, frames: u64) {
        self.passed += frames;
        self.forget();
    }

    /// The song runs from this second on, or it is not known where, so many frames ago.
    pub fn song_goes_on(&mut self, seconds: Option<f64>, jumped: bool, frames_ago: u64) {
        self.song.goes_on(self.passed.saturating_sub(frames_ago), seconds, jumped);
    }

    /// Keeps frames, planar, channels one after the other.
    pub fn keep(&mut self, planar: &[f32], frames: usize) {
        let Some(shape) = self.format else { return };
        let mut start = 0;
        while start < frames {
            let Some((block, filled)) = self.block_with_room(shape) else { return };
            let run = (frames - start).min(shape.block_frames - filled);
            for (channel, samples) in planar.chunks_exact(frames).enumerate() {
                let samples = &samples[start..start + run];
                // Zero below zero is another one: what is kept is kept bit for bit.
                block.is_silent = block.is_silent && samples.iter().all(|sample| sample.to_bits() == 0);
                let at = channel * shape.block_frames + filled;
                block.samples[at..at + run].copy_from_slice(samples);
            }
            self.grow(run as u64);
            start += run;
        }
        self.forget();
    }

    /// The block that takes the next frames, and how many it has.
    fn block_with_room(&mut self, shape: Shape) -> Option<(&mut Block, usize)> {
        let passed = self.passed;
        let is_open = |stretch: &Stretch| {
            stretch.end() == passed && stretch.sound.is_some() && stretch.frames < shape.block_frames as u64
        };
        if !self.stretches.back().is_some_and(is_open) {
            self.count_silence(shape);
            let samples = self.new_block(shape)?;
            let block = Block { samples, is_silent: true };
            self.bytes += block.samples.len() * size_of::<f32>();
            self.stretches.push_back(Stretch { start: passed, frames: 0, sound: Some(block) });
        }
        let stretch = self.stretches.back_mut()?;
        Some((stretch.sound.as_mut()?, stretch.frames as usize))
    }

    /// Without memory to be had the history begins again.
    fn new_block(&mut self, shape: Shape) -> Option<Vec<f32>> {
        let samples = shape.block_frames * shape.channels;
        if let Some(spare) = self.spare.pop() {
            return Some(spare);
        }
        let mut block = Vec::new();
        if block.try_reserve_exact(samples).is_err() {
            self.clear();
            block.try_reserve_exact(samples).ok()?;
        }
        block.resize(samples, 0.0);
        Some(block)
    }

    fn grow(&mut self, frames: u64) {
        if let Some(stretch) = self.stretches.back_mut() {
            stretch.frames += frames;
        }
        self.passed += frames;
    }

    /// The newest block is full: silence is only counted.
    fn count_silence(&mut self, shape: Shape) {
        let is_silence = |stretch: &mut Stretch| {
            stretch.frames == shape.block_frames as u64 && stretch.sound.as_ref().is_some_and(|block| block.is_silent)
        };
        let Some(mut silence) = self.stretches.pop_back_if(is_silence) else { return };
        if let Some(block) = silence.sound.take() {
            self.give_back(block);
        }
        match self.stretches.back_mut() {
            Some(before) if before.sound.is_none() && before.end() == silence.start => before.frames += silence.frames,
            _ => self.stretches.push_back(silence),
        }
    }

    fn give_back(&mut self, block: Block) {
        self.bytes -= block.samples.len() * size_of::<f32>();
        if self.spare.len() < MOST_SPARE_BLOCKS {
            self.spare.push(block.samples);
        }
    }

    /// Lets go of what is too old, or too much.
    fn forget(&mut self) {
        let kept_from = self.kept_from.filter(|_| self.bytes < MOST_KEPT_BYTES).unwrap_or(u64::MAX);
        let oldest = self.passed.saturating_sub(self.length).min(self.held_from.unwrap_or(u64::MAX)).min(kept_from);
        let oldest = self.oldest.max(oldest);
        self.oldest = oldest;
        while let Some(old) = self.stretches.pop_front_if(|stretch| stretch.end() <= oldest) {
            old.sound.into_iter().for_each(|block| self.give_back(block));
        }
        if let Some(first) = self.stretches.front_mut()
            && first.sound.is_none()
            && first.start < oldest
        {
            first.frames = first.end() - oldest;
            first.start = oldest;
        }
        let held_from = self.held_from.unwrap_or(u64::MAX);
        while self.bytes > self.most_bytes
            && let Some(old) = self.stretches.pop_front_if(|stretch| stretch.end() <= held_from)
        {
            old.sound.into_iter().for_each(|block| self.give_back(block));
        }
        let first = self.stretches.front().map_or(self.passed, |first| first.start);
        self.song.forget_before(first);
        while self.interruptions.pop_front_if(|frame| *frame < first).is_some() {}
    }

    /// Keeps no more than this instance's share, which has `others` bytes of takes besides. For every now and then.
    pub fn share_memory(&mut self, others: usize) {
        let level = self.share.level(self.bytes + others);
        self.most_bytes = level.saturating_sub(others);
        self.forget();
    }

    /// Frames from this one on, counted from all that have passed, are waited for; none, where nobody does.
    pub fn hold_from(&mut self, frame: Option<u64>) {
        self.held_from = frame;
    }

    /// Frames from this one on, counted from all that have passed, are not to be forgotten yet.
    pub fn keep_from(&mut self, frame: Option<u64>) {
        self.kept_from = frame;
    }

    /// Bytes of sound that are waited for.
    pub fn held_bytes(&self) -> usize {
        let frames = self.held_from.map_or(0, |from| self.passed.saturating_sub(from)) as usize;
        frames * self.format.map_or(0, |shape| shape.channels) * size_of::<f32>()
    }

    /// Frames that have passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The shape of what is kept.
    pub fn shape(&self) -> StreamFormat {
        let (channels, sample_rate) = self.format.map_or((0, 0), |shape| (shape.channels, shape.sample_rate));
        StreamFormat { channels, sample_rate }
    }

    /// The channels that are kept.
    pub fn channels(&self) -> ChannelSet {
        self.format.map_or(ChannelSet(0), |shape| shape.set)
    }

    /// Whether some of these frames, counted from all that have passed, are there.
    pub fn has_between(&self, frames: Range<u64>) -> bool {
        self.stretches.iter().any(|stretch| stretch.end() > frames.start && stretch.start < frames.end)
    }

    /// Takes these frames, counted from all that have passed, out of it, as far as they are there: in runs that follow each
    /// other, each with its first frame.
    pub fn take_between(&mut self, frames: Range<u64>) -> Vec<(u64, VecDeque<Held>)> {
        let Some(shape) = self.format else { return Vec::new() };
        let mut runs = Vec::new();
        for stretch in self.take_out(frames, shape) {
            let (start, mut held) = (stretch.start, VecDeque::new());
            self.hold(stretch, start, shape, &mut held);
            runs.push((start, held));
        }
        runs
    }

    fn take_out(&mut self, frames: Range<u64>, shape: Shape) -> Vec<Stretch> {
        let mut taken = self.split_off(frames.start, shape);
        let kept = taken.partition_point(|stretch| stretch.start < frames.end);
        let mut later = taken.split_off(kept);
        if let Some(last) = taken.last_mut()
            && last.end() > frames.end
        {
            later.insert(0, last.split_off((frames.end - last.start) as usize, shape));
        }
        self.stretches.extend(later);
        self.count_bytes();
        taken
    }

    /// How many frames Capture would save if it saved all.
    pub fn frames(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.end() - stretch.start.max(self.oldest)).sum()
    }

    /// The newest frames that follow each other up to the last one that passed.
    pub fn unbroken(&self) -> u64 {
        let mut first = self.passed;
        for stretch in self.stretches.iter().rev() {
            if stretch.end() != first {
                break;
            }
            first = stretch.start;
        }
        self.passed - first
    }

    /// What [`take_newest`](Self::take_newest) would give: frames, the song at the first one, and the channels.
    pub fn newest(&self, frames: u64) -> Option<(u64, Song, ChannelSet)> {
        let shape = self.format?;
        let from = self.passed.saturating_sub(frames).max(self.oldest);
        let first = self.stretches.iter().find(|stretch| stretch.end() > from)?.start.max(from);
        // What a take waits for is that take's.
        let is_free = first < self.held_from.unwrap_or(u64::MAX);
        is_free.then(|| (self.passed - first, self.song_at(first, shape), shape.set))
    }

    /// What is not there, or waited for, from `first` on and between what is, counted from there; and where that ends.
    pub fn holes(&self, first: u64) -> (Vec<Range<u64>>, u64) {
        let until = self.held_from.unwrap_or(u64::MAX);
        let (mut at, mut holes) = (first, Vec::new());
        for stretch in self.stretches.iter().filter(|stretch| stretch.end() > first && stretch.start < until) {
            if stretch.start > at {
                holes.push(at - first..stretch.start - first);
            }
            at = stretch.end().min(until);
        }
        (holes, at - first)
    }

    /// Takes the newest frames out of it: those among the last `frames` that passed, if there are any.
    pub fn take_newest(&mut self, frames: u64) -> Option<Excerpt> {
        let (shape, (frames, song, _)) = (self.format?, self.newest(frames)?);
        let first = self.passed - frames;
        let taken = self.take_out(first..self.held_from.unwrap_or(u64::MAX), shape);
        let mut excerpt = Excerpt { held: VecDeque::new(), frames, song };
        let mut end = first;
        for stretch in taken {
            let is_seam = stretch.start > end;
            if is_seam {
                excerpt.held.push_back(Held::Mark(Mark::Pause { frames: stretch.start - end }));
                let seconds = self.second_at(stretch.start);
                excerpt.held.push_back(Held::Mark(Mark::Song { seconds, jumped: false, frames_ago: 0 }));
            }
            // Where the song is at a first frame is told already.
            let changes_from = stretch.start + u64::from(is_seam || stretch.start == first);
            end = stretch.end();
            self.hold_interrupted(stretch, first, changes_from, shape, &mut excerpt.held);
        }
        if self.interruptions.back() == Some(&end) {
            // The take goes on behind it.
            excerpt.held.push_back(Held::Mark(Mark::Interrupted));
        }
        Some(excerpt)
    }

    /// As [`hold`](Self::hold), with a mark in each place behind `first` where the host interrupted the sound.
    fn hold_interrupted(
        &self,
        mut rest: Stretch,
        first: u64,
        changes_from: u64,
        shape: Shape,
        held: &mut VecDeque<Held>,
    ) {
        for &frame in self.interruptions.iter().filter(|frame| **frame > first) {
            if frame >= rest.end() || frame < rest.start {
                continue;
            }
            if frame > rest.start {
                let newer = rest.split_off((frame - rest.start) as usize, shape);
                self.hold(std::mem::replace(&mut rest, newer), changes_from, shape, held);
            }
            held.push_back(Held::Mark(Mark::Interrupted));
        }
        self.hold(rest, changes_from, shape, held);
    }

    /// Puts back what was taken out and could not be written: frames that follow each other, `first` of all that have
    /// passed being the first one.
    pub fn put_back(&mut self, first: u64, channels: ChannelSet, held: impl IntoIterator<Item = Held>) {
        let Some(shape) = self.format.filter(|shape| shape.set == channels) else { return };
        let mut start = first;
        for held in held {
            let frames = held.frames();
            match held {
                Held::Sound { planar, frames } => self.insert_sound(start, &planar, frames, shape),
                Held::Silence { frames } => self.insert(Stretch { start, frames, sound: None }),
                // What a pause left out was never here.
                Held::Mark(Mark::Pause { frames }) => start += frames,
                Held::Mark(_) => {}
            }
            start += frames;
        }
        self.count_bytes();
        self.forget();
    }

    fn insert_sound(&mut self, first: u64, planar: &[f32], frames: usize, shape: Shape) {
        let mut start = 0;
        while start < frames {
            let run = (frames - start).min(shape.block_frames);
            let mut samples = vec![0.0; shape.block_frames * shape.channels];
            for (channel, new) in planar.chunks_exact(frames).zip(samples.chunks_exact_mut(shape.block_frames)) {
                new[..run].copy_from_slice(&channel[start..start + run]);
            }
            let sound = Some(Block { samples, is_silent: false });
            self.insert(Stretch { start: first + start as u64, frames: run as u64, sound });
            start += run;
        }
    }

    fn insert(&mut self, stretch: Stretch) {
        let at = self.stretches.partition_point(|other| other.start < stretch.start);
        // Nothing else can have these frames.
        debug_assert!(self.stretches.get(at).is_none_or(|next| stretch.end() <= next.start));
        self.stretches.insert(at, stretch);
    }

    /// The second of the song at a frame, counted from all that have passed, if it runs there or later.
    pub fn second_at(&self, frame: u64) -> Option<f64> {
        let song = self.song_at(frame, self.format?);
        song.position_frames.and(song.seconds)
    }

    /// Where the song is at the next frame.
    pub fn song(&self) -> Song {
        self.format.map_or(Song::default(), |shape| self.song_at(self.passed, shape))
    }

    /// Where the song stands at a frame. Before it runs, where it would have been, so that what is recorded then lies in its
    /// place; where it stood, as long as it has not run since.
    fn song_at(&self, frame: u64, shape: Shape) -> Song {
        let Place { seconds, is_final } = self.song.place(frame, shape.sample_rate);
        let running = seconds.filter(|_| is_final);
        let position_frames = running.map(|seconds| (seconds * f64::from(shape.sample_rate)).round() as i64);
        Song { position_frames, seconds, tempo: None }
    }

    /// Takes the stretches from frame `from` on.
    fn split_off(&mut self, from: u64, shape: Shape) -> Vec<Stretch> {
        let older = self.stretches.partition_point(|stretch| stretch.end() <= from);
        let mut taken: Vec<_> = self.stretches.drain(older..).collect();
        if let Some(first) = taken.first_mut()
            && first.start < from
        {
            let newer = first.split_off((from - first.start) as usize, shape);
            self.stretches.push_back(std::mem::replace(first, newer));
        }
        self.count_bytes();
        taken
    }

    fn count_bytes(&mut self) {
        let bytes_of =
            |stretch: &Stretch| stretch.sound.as_ref().map_or(0, |block| block.samples.len() * size_of::<f32>());
        self.bytes = self.stretches.iter().map(bytes_of).sum();
    }

    /// Adds a stretch of an excerpt, with the song's changes from this frame on in their places.
    fn hold(&self, mut rest: Stretch, changes_from: u64, shape: Shape, held: &mut VecDeque<Held>) {
        let changes = self.song.changes_within(changes_from..rest.end());
        // Interruptions have marks of their own.
        for change in changes.iter().filter(|change| !change.interrupted) {
            if change.from > rest.start {
                let newer = rest.split_off((change.from - rest.start) as usize, shape);
                held.push_back(std::mem::replace(&mut rest, newer).into_held(shape));
            }
            let mark = Mark::Song { seconds: change.seconds, jumped: change.jumped, frames_ago: 0 };
            held.push_back(Held::Mark(mark));
        }
        held.push_back(rest.into_held(shape));
    }
}

/// Where the song is from `frame` on.
fn song_positions(song: Song, frame: u64) -> SongPositions {
    SongPositions::new(song.seconds, song.position_frames.is_some()).starting_at(frame)
}

impl Stretch {
    /// Leaves the first `frames` frames, and takes the others.
    fn split_off(&mut self, frames: usize, shape: Shape) -> Self {
        let rest = self.frames as usize - frames;
        let sound = self.sound.as_ref().map(|block| {
            let mut samples = vec![0.0; block.samples.len()];
            for (channel, new) in
                block.samples.chunks_exact(shape.block_frames).zip(samples.chunks_exact_mut(shape.block_frames))
            {
                new[..rest].copy_from_slice(&channel[frames..frames + rest]);
            }
            Block { samples, is_silent: block.is_silent }
        });
        let start = self.start + frames as u64;
        self.frames = frames as u64;
        Self { start, frames: rest as u64, sound }
    }

    fn into_held(self, shape: Shape) -> Held {
        let Some(block) = self.sound else { return Held::Silence { frames: self.frames } };
        let (mut planar, frames) = (block.samples, self.frames as usize);
        for channel in 1..shape.channels {
            let at = channel * shape.block_frames;
            planar.copy_within(at..at + frames, channel * frames);
        }
        planar.truncate(frames * shape.channels);
        Held::Sound { planar, frames }
    }
}

#[cfg(test)]
mod tests;
