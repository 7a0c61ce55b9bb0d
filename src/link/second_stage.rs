//! The second stage behind the queue: memory that grows while the disk hangs.
//!
//! The queue is as large as it is from the start, for the audio thread must not allocate. When a live track has filled
//! half of it because the writer does not come to drain it, the [watching thread](super::Watched) moves what waits into
//! memory of its own, which the writer empties first. A host that renders is made to wait instead.

use super::queue::{HEADER_WORDS, Placed};
use super::{Bell, Sign, Status, ring};
use crate::core::pacing::Pacing;
use crate::core::take::Mark;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What all instances of the process may move there, in bytes.
const MOST_BYTES: usize = 512 << 20;

/// How long the queue has to be over half full, so that its pace can be told from a render's.
const PATIENCE: Duration = Duration::from_secs(1);

const BYTES_PER_WORD: usize = size_of::<f32>();
const BYTES_PER_MARK: usize = size_of::<Placed>();

/// Memory that several may use up together.
#[derive(Debug)]
pub struct Budget {
    free_bytes: AtomicUsize,
}

/// The budget of the process.
pub static PROCESS_BUDGET: Budget = Budget::new(MOST_BYTES);

impl Budget {
    pub(super) const fn new(bytes: usize) -> Self {
        Self { free_bytes: AtomicUsize::new(bytes) }
    }

    fn take(&self, bytes: usize) -> bool {
        self.free_bytes.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.free_bytes.fetch_add(bytes, Relaxed);
    }
}

/// Whole blocks of frames that were moved at once.
#[derive(Debug)]
struct Load {
    words: Vec<f32>,
    read: usize,
}

impl Load {
    fn bytes(&self) -> usize {
        self.words.len() * BYTES_PER_WORD
    }
}

/// What the writer does next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    Mark(Mark),
    /// To be fetched with [`Intake::take_frames`].
    Frames,
}

/// The reading end of the queue with the second stage before it. The audio thread never touches it.
#[derive(Debug)]
pub(super) struct Intake {
    words: ring::Consumer<f32>,
    marks: ring::Consumer<Placed>,
    /// Oldest first; none is read to its end.
    loads: VecDeque<Load>,
    /// Those that were moved, oldest first.
    moved_marks: VecDeque<Placed>,
    /// Words that have left the queue.
    taken_words: u64,
    /// Words that were read.
    read_words: u64,
    budget: &'static Budget,
}

impl Intake {
    pub(super) fn new(words: ring::Consumer<f32>, marks: ring::Consumer<Placed>, budget: &'static Budget) -> Self {
        let (loads, moved_marks) = Default::default();
        Self { words, marks, loads, moved_marks, taken_words: 0, read_words: 0, budget }
    }

    /// Says what comes next and takes it, if it is a mark.
    pub(super) fn next(&mut self) -> Option<Next> {
        // Looked for before the marks: a mark is sent before the frames behind it, so theirs are all there then.
        let has_frames = !self.loads.is_empty() || self.words.waiting() > 0;
        let next_mark = self.moved_marks.front().copied().or_else(|| self.marks.peek());
        if let Some(placed) = next_mark.filter(|placed| placed.after_words == self.read_words) {
            if self.moved_marks.pop_front().is_some() {
                self.budget.give_back(BYTES_PER_MARK);
            } else {
                self.marks.pop();
            }
            return Some(Next::Mark(placed.mark));
        }
        has_frames.then_some(Next::Frames)
    }

    /// Takes the next block of frames of `channels` channels, planar, and says how many they are. Only after
    /// [`next`](Self::next) has said that there is one.
    pub(super) fn take_frames(&mut self, channels: usize, scratch: &mut Vec<f32>) -> usize {
        scratch.clear();
        if let Some(load) = self.loads.front_mut() {
            let block = &load.words[load.read..];
            let frames = block[0] as usize;
            let words = HEADER_WORDS + frames * channels;
            scratch.extend_from_slice(&block[HEADER_WORDS..words]);
            load.read += words;
            self.read_words += words as u64;
            if load.read == load.words.len() {
                self.budget.give_back(load.bytes());
                self.loads.pop_front();
            }
            return frames;
        }
        let Some(header) = self.words.pop() else { return 0 };
        let frames = header as usize;
        if let Some(chunk) = self.words.chunk(frames * channels) {
            let (first, second) = chunk.as_slices();
            scratch.extend_from_slice(first);
            scratch.extend_from_slice(second);
            chunk.commit_all();
        }
        let words = (HEADER_WORDS + scratch.len()) as u64;
        self.taken_words += words;
        self.read_words += words;
        frames
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.words.is_abandoned()
    }

    pub(super) fn is_empty(&self) -> bool {
        let has_marks = !self.moved_marks.is_empty() || self.marks.peek().is_some();
        !has_marks && self.loads.is_empty() && self.words.waiting() == 0
    }

    /// How full the queue is with all that waits, 0 to 1.
    pub(super) fn fill(&self) -> f32 {
        let waiting = self.words.waiting() + self.reserve_bytes() / BYTES_PER_WORD;
        (waiting as f32 / self.capacity() as f32).min(1.0)
    }

    /// What the second stage holds.
    pub(super) fn reserve_bytes(&self) -> usize {
        self.loads.iter().map(Load::bytes).sum::<usize>() + self.moved_marks.len() * BYTES_PER_MARK
    }

    /// Words.
    fn capacity(&self) -> usize {
        self.words.larger_capacity()
    }

    /// See [`ring::Consumer::take_untouched`].
    pub(super) fn take_untouched(&mut self) -> Option<ring::Untouched> {
        self.words.take_untouched()
    }

    /// Returns the memory behind the marks that are in memory from the start, once a quarter of those wait: the writer is
    /// late.
    fn take_untouched_marks(&mut self) -> Option<ring::Untouched> {
        if self.marks.waiting() < self.marks.resident_capacity() / 4 { None } else { self.marks.take_untouched() }
    }

    /// Moves all that waits in the queue to the second stage, where the budget and the machine have the memory.
    fn relieve(&mut self) {
        // In this order, as in `next`.
        let words = self.words.waiting();
        let marks = self.marks.waiting();
        let bytes = words * BYTES_PER_WORD + marks * BYTES_PER_MARK;
        if words == 0 || !self.budget.take(bytes) {
            return;
        }
        let mut load = Load { words: Vec::new(), read: 0 };
        if load.words.try_reserve_exact(words).is_err() || self.moved_marks.try_reserve(marks).is_err() {
            self.budget.give_back(bytes);
            return;
        }
        // The one tier, and then the other.
        while let Some(chunk) = self.words.chunk(words - load.words.len()).filter(|chunk| !chunk.is_empty()) {
            let (first, second) = chunk.as_slices();
            load.words.extend_from_slice(first);
            load.words.extend_from_slice(second);
            chunk.commit_all();
        }
        self.taken_words += words as u64;
        self.loads.push_back(load);
        let Self { marks: ring, moved_marks, .. } = self;
        moved_marks.extend(std::iter::from_fn(|| ring.pop()).take(marks));
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.budget.give_back(self.reserve_bytes());
    }
}

/// Locks the reading end. Writer and watching thread only.
pub(super) fn lock(intake: &Mutex<Intake>) -> MutexGuard<'_, Intake> {
    // Nothing in here panics half-way through a change.
    intake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks after one queue from the watching thread: wakes a writer that sleeps while it fills, and moves what waits to the
/// second stage where the writer has let a live track's queue fill up all the same.
#[derive(Debug)]
pub struct Relief {
    /// Ends with the writer.
    intake: Weak<Mutex<Intake>>,
    bell: Arc<Bell>,
    status: Arc<Status>,
    /// Frames per second.
    sample_rate: u32,
    channels: usize,
    start: Instant,
    seen: Mutex<Seen>,
}

/// What the looks have seen so far.
#[derive(Debug, Default)]
struct Seen {
    pacing: Pacing,
    /// Words that had come in at the last look.
    arrived_words: u64,
    over_half_since: Option<Duration>,
    /// Times that the host had been made to wait before the queue was over half full.
    waits: u64,
    /// That the queue is over half full is told.
    is_told: bool,
}

impl Relief {
    pub(super) fn new(
        intake: &Arc<Mutex<Intake>>,
        bell: Arc<Bell>,
        status: Arc<Status>,
        sample_rate: u32,
        channels: usize,
    ) -> Self {
        Self {
            intake: Arc::downgrade(intake),
            bell,
            status,
            sample_rate,
            channels,
            start: Instant::now(),
            seen: Mutex::default(),
        }
    }

    /// `now` is the time since any fixed moment.
    fn look_at(&self, now: Duration) {
        let Some(intake) = self.intake.upgrade() else { return };
        let mut intake = lock(&intake);
        // Only the watching thread looks; nothing here panics half-way through a change.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = intake.words.waiting();
        let arrived_words = intake.taken_words + waiting as u64;
        let new_words = arrived_words - seen.arrived_words;
        seen.arrived_words = arrived_words;
        // No mark says that frames of the history arrive again, and a writer that hears nothing sleeps long.
        if waiting >= intake.capacity() / 4 {
            self.bell.wake();
        }
        if !intake.words.is_over_half() {
            (seen.over_half_since, seen.is_told) = (None, false);
            seen.waits = self.status.waits();
            seen.pacing.came_in(0, false, || now);
            return;
        }
        // What came in before the first look at a full half came in at a time that is not known.
        let new_frames = seen.over_half_since.map_or(0, |_| new_words / self.channels.max(1) as u64);
        let since = *seen.over_half_since.get_or_insert(now);
        seen.pacing.came_in(new_frames, true, || now);
        // A render that waits for a disk that stalls is as slow as that.
        let is_render = self.status.waits() != seen.waits || seen.pacing.may_wait(now, self.sample_rate);
        if now.saturating_sub(since) >= PATIENCE && !is_render {
            if !std::mem::replace(&mut seen.is_told, true) {
                self.status.count_nearly_full();
            }
            intake.relieve();
            self.status.set_queue_fill(intake.fill());
            self.status.set_reserve_bytes(intake.reserve_bytes());
        }
    }
}

impl Sign for Relief {
    fn look(&self) {
        let marks = self.intake.upgrade().and_then(|intake| lock(&intake).take_untouched_marks());
        if let Some(memory) = marks {
            memory.bring_in();
        }
        self.look_at(self.start.elapsed());
    }
}

#[cfg(test)]
mod tests;
