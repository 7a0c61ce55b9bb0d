//! The second stage behind the queue: memory that grows while the disk hangs.
//!
//! The queue is as large as it is from the start, for the audio thread must not allocate. When a live track has filled
//! half of it because the writer does not come to drain it, the [watching thread](super::Watched) moves what waits into
//! memory of its own, which the writer empties first. A host that renders is made to wait instead.

use super::{Sign, Status};
use crate::core::pacing::Pacing;
use rtrb::Consumer;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What all instances of the process may move there, in bytes.
const MOST_BYTES: usize = 512 << 20;

/// How long the queue has to be over half full, so that its pace can be told from a render's.
const PATIENCE: Duration = Duration::from_secs(1);

const BYTES_PER_WORD: usize = size_of::<u32>();

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

/// Whole messages that were moved at once.
#[derive(Debug)]
struct Load {
    words: Vec<u32>,
    read: usize,
    budget: &'static Budget,
}

impl Load {
    fn bytes(&self) -> usize {
        self.words.len() * BYTES_PER_WORD
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes());
    }
}

/// The reading end of the queue with the second stage before it. The audio thread never touches it.
#[derive(Debug)]
pub(super) struct Intake {
    consumer: Consumer<u32>,
    /// Oldest first; none is read to its end.
    loads: VecDeque<Load>,
    /// Words that have left the queue.
    taken_words: u64,
}

impl Intake {
    pub(super) fn new(consumer: Consumer<u32>) -> Self {
        Self { consumer, loads: VecDeque::new(), taken_words: 0 }
    }

    /// Shows the words that wait, at most `most`, in two runs; those of the second stage alone while it holds any.
    pub(super) fn peek<R>(&mut self, most: usize, view: impl FnOnce(&[u32], &[u32]) -> R) -> R {
        if let Some(load) = self.loads.front() {
            let words = &load.words[load.read..];
            return view(&words[..most.min(words.len())], &[]);
        }
        let words = most.min(self.consumer.slots());
        match self.consumer.read_chunk(words) {
            Ok(chunk) => {
                let (first, second) = chunk.as_slices();
                view(first, second)
            }
            Err(_) => view(&[], &[]),
        }
    }

    /// Removes so many of the words that [`peek`](Self::peek) showed.
    pub(super) fn remove(&mut self, words: usize) {
        if let Some(load) = self.loads.front_mut() {
            load.read += words;
            if load.read == load.words.len() {
                self.loads.pop_front();
            }
        } else if let Ok(chunk) = self.consumer.read_chunk(words) {
            chunk.commit_all();
            self.taken_words += words as u64;
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.consumer.is_abandoned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.loads.is_empty() && self.consumer.is_empty()
    }

    /// How full the queue is with all that waits, 0 to 1.
    pub(super) fn fill(&self) -> f32 {
        let waiting = self.consumer.slots() + self.reserve_bytes() / BYTES_PER_WORD;
        (waiting as f32 / self.capacity() as f32).min(1.0)
    }

    /// What the second stage holds.
    pub(super) fn reserve_bytes(&self) -> usize {
        self.loads.iter().map(Load::bytes).sum()
    }

    fn capacity(&self) -> usize {
        self.consumer.buffer().capacity()
    }

    /// Moves all that waits in the queue to the second stage, where the budget and the machine have the memory.
    fn relieve(&mut self, budget: &'static Budget) {
        let words = self.consumer.slots();
        if words == 0 || !budget.take(words * BYTES_PER_WORD) {
            return;
        }
        let mut load = Load { words: Vec::new(), read: 0, budget };
        if load.words.try_reserve_exact(words).is_err() {
            budget.give_back(words * BYTES_PER_WORD);
            return;
        }
        if let Ok(chunk) = self.consumer.read_chunk(words) {
            let (first, second) = chunk.as_slices();
            load.words.extend_from_slice(first);
            load.words.extend_from_slice(second);
            chunk.commit_all();
            self.taken_words += words as u64;
        }
        self.loads.push_back(load);
    }
}

/// Locks the reading end. Writer and watching thread only.
pub(super) fn lock(intake: &Mutex<Intake>) -> MutexGuard<'_, Intake> {
    // Nothing in here panics half-way through a change.
    intake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks after one queue from the watching thread: moves what waits to the second stage where the writer has let a live
/// track's queue fill up.
#[derive(Debug)]
pub struct Relief {
    /// Ends with the writer.
    intake: Weak<Mutex<Intake>>,
    budget: &'static Budget,
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
}

impl Relief {
    pub(super) fn new(
        intake: &Arc<Mutex<Intake>>,
        budget: &'static Budget,
        status: Arc<Status>,
        sample_rate: u32,
        channels: usize,
    ) -> Self {
        Self {
            intake: Arc::downgrade(intake),
            budget,
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
        let waiting = intake.consumer.slots();
        let arrived_words = intake.taken_words + waiting as u64;
        let new_words = arrived_words - seen.arrived_words;
        seen.arrived_words = arrived_words;
        if waiting <= intake.capacity() / 2 {
            seen.over_half_since = None;
            seen.pacing.came_in(0, false, || now);
            return;
        }
        // What came in before the first look at a full half came in at a time that is not known.
        let new_frames = seen.over_half_since.map_or(0, |_| new_words / self.channels.max(1) as u64);
        let since = *seen.over_half_since.get_or_insert(now);
        seen.pacing.came_in(new_frames, true, || now);
        if now.saturating_sub(since) >= PATIENCE && !seen.pacing.may_wait(now, self.sample_rate) {
            intake.relieve(self.budget);
            self.status.set_queue_fill(intake.fill());
            self.status.set_reserve_bytes(intake.reserve_bytes());
        }
    }
}

impl Sign for Relief {
    fn look(&self) {
        self.look_at(self.start.elapsed());
    }
}

#[cfg(test)]
mod tests;
