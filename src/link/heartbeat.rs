//! Whether the host calls `process()`, and what the writer did while it does not.
//!
//! A host that stands still may call nothing for hours, and Record off must count all the same. So the writer may end a
//! take by itself, but never within a block: one atomic holds both sides, and whoever comes first decides. The audio
//! thread does not wait for the writer.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// A block is being processed.
const IN_BLOCK: u64 = 1;
/// The writer has ended the open take since the last block.
const ENDED: u64 = 2;
/// No block came for so long that the file is up to date.
const STALLED: u64 = 4;
/// The lowest bit of the number of blocks.
const ONE_BLOCK: u64 = 8;

/// The blocks of one activation.
#[derive(Debug, Default)]
pub struct Heartbeat {
    state: AtomicU64,
}

/// What the writer saw: blocks so far, and whether one is being processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beat(u64);

impl Beat {
    /// Returns whether a block is being processed.
    pub fn is_in_block(self) -> bool {
        self.0 & IN_BLOCK != 0
    }

    /// Returns the same without what the writer has left in it.
    fn bare(state: u64) -> Self {
        Self(state & !(ENDED | STALLED))
    }
}

/// What happened between two blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinceLastBlock {
    /// The writer has ended the open take.
    pub ended: bool,
    /// No block came for a second.
    pub stalled: bool,
}

impl Heartbeat {
    /// Audio thread: a block begins. Wait-free.
    pub fn begin_block(&self) -> SinceLastBlock {
        let before = self.state.fetch_add(ONE_BLOCK | IN_BLOCK, AcqRel);
        if before & (ENDED | STALLED) == 0 {
            return SinceLastBlock::default();
        }
        // Within a block the writer changes nothing.
        self.state.fetch_and(!(ENDED | STALLED), Relaxed);
        SinceLastBlock { ended: before & ENDED != 0, stalled: before & STALLED != 0 }
    }

    /// Audio thread: the block is over. Wait-free.
    pub fn end_block(&self) {
        // Only this thread changes it within a block.
        self.state.store(self.state.load(Relaxed) & !IN_BLOCK, Release);
    }

    /// Writer and watching thread: how many blocks there were.
    pub fn beat(&self) -> Beat {
        Beat::bare(self.state.load(Acquire))
    }

    /// Writer thread: ends the open take if there was no block since `seen`. The audio thread hears of it with its next
    /// block, before it sends anything.
    pub fn end_take(&self, seen: Beat) -> bool {
        self.leave(seen, ENDED)
    }

    /// Writer thread: no block came for a second since `seen`.
    pub fn stall(&self, seen: Beat) -> bool {
        self.leave(seen, STALLED)
    }

    fn leave(&self, seen: Beat, what: u64) -> bool {
        let unchanged = |state: u64| (Beat::bare(state) == seen && !seen.is_in_block()).then_some(state | what);
        self.state.fetch_update(AcqRel, Acquire, unchanged).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    #[test]
    fn a_take_ends_between_blocks_only_and_the_next_block_hears_of_it_once() {
        let heartbeat = Heartbeat::default();
        let before = heartbeat.beat();
        heartbeat.begin_block();
        assert!(!heartbeat.end_take(before) && !heartbeat.end_take(heartbeat.beat()));
        heartbeat.end_block();
        assert!(heartbeat.stall(heartbeat.beat()) && heartbeat.end_take(heartbeat.beat()));
        assert_eq!(heartbeat.begin_block(), SinceLastBlock { ended: true, stalled: true });
        heartbeat.end_block();
        assert_eq!(heartbeat.begin_block(), SinceLastBlock::default());
    }

    #[test]
    fn each_end_that_the_writer_brings_about_is_heard_by_one_block() {
        let (heartbeat, is_over) = (Heartbeat::default(), AtomicBool::new(false));
        let (mut heard, mut ended) = (0, 0);
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut ended = 0;
                while !is_over.load(Acquire) {
                    ended += usize::from(heartbeat.end_take(heartbeat.beat()));
                    // One end for each take: the next one begins with a block.
                    let beat = heartbeat.beat();
                    while heartbeat.beat() == beat && !is_over.load(Acquire) {
                        thread::yield_now();
                    }
                }
                ended
            });
            for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
                heard += usize::from(heartbeat.begin_block().ended);
                heartbeat.end_block();
                thread::yield_now();
            }
            is_over.store(true, Release);
            ended = writer.join().unwrap();
        });
        heard += usize::from(heartbeat.begin_block().ended);
        assert_eq!(heard, ended);
    }
}
