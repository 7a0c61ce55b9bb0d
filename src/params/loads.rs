//! What the audio thread sees of the parameters while a saved state is loaded: all of the old one, then all of the new.

use super::RecorderParams;
use crate::core::channels::ChannelSet;
use crate::core::format::StreamFormat;
use crate::core::take::{Controls, HostTransport, Song, TakeSettings};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, fence};
use std::sync::{Mutex, PoisonError};

/// Tells readers that never wait whether the values that they saw stood together: a sequence lock.
#[derive(Debug, Default)]
pub(super) struct Loads {
    /// Loads begun and ended; odd while one is under way.
    steps: AtomicU64,
    one_at_a_time: Mutex<()>,
}

impl Loads {
    /// Runs `change`, of which [`whole`](Self::whole) never shows a part. Takes a lock.
    pub fn change(&self, change: impl FnOnce()) {
        let _alone = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let _under_way = UnderWay::begin(&self.steps);
        change();
    }

    /// What `look` sees; None if that may be half of a change. Wait-free.
    pub fn whole<T>(&self, look: impl Fn() -> T) -> Option<T> {
        // A change that came to its end during the first look leaves the second one alone.
        self.undisturbed(&look).or_else(|| self.undisturbed(&look))
    }

    fn undisturbed<T>(&self, look: impl Fn() -> T) -> Option<T> {
        let before = self.steps.load(Acquire);
        if !before.is_multiple_of(2) {
            return None;
        }
        let seen = look();
        // Pairs with the fence of `begin`: whoever saw a value of a change sees that the change began.
        fence(Acquire);
        (self.steps.load(Relaxed) == before).then_some(seen)
    }

    /// Returns a number that another load changes. Wait-free.
    pub fn count(&self) -> u64 {
        self.steps.load(Relaxed) / 2
    }
}

/// A change is under way until this is dropped: it ends when it panics, too.
struct UnderWay<'a>(&'a AtomicU64);

impl<'a> UnderWay<'a> {
    fn begin(steps: &'a AtomicU64) -> Self {
        steps.fetch_add(1, Relaxed);
        fence(Release);
        Self(steps)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Release);
    }
}

/// What the host says of one block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostBlock {
    /// Of the track.
    pub channels: usize,
    pub frames: usize,
    pub song: Song,
    pub transport: HostTransport,
}

/// The parameters as the audio thread follows them, block by block. While a load is under way they stay what they were
/// before it, record and pause included: those of the old state with the settings of the new one would be a take that
/// neither asks for.
pub struct SteadyControls {
    last: Controls,
    sample_rate: u32,
    /// Loads so far.
    loads: u64,
    /// Record is on though nobody pressed it: it was on at the activation, or came with a state.
    is_restored: bool,
    /// Frames for which a load has kept the parameters from being seen.
    waited_frames: usize,
    /// A load takes microseconds. One that has not ended after so many frames, a second of them, does not count any
    /// more, whatever became of its thread: the recorder must hear its Record again.
    patience_frames: usize,
}

impl SteadyControls {
    /// Main thread, before the first block.
    pub fn new(params: &RecorderParams, format: StreamFormat) -> Self {
        let StreamFormat { channels, sample_rate } = format;
        let (song, transport) = (Song::default(), HostTransport::default());
        let last = params.controls(&HostBlock { channels, frames: 0, song, transport }, sample_rate);
        let (loads, is_restored) = (params.loads.count(), last.record);
        Self { last, sample_rate, loads, is_restored, waited_frames: 0, patience_frames: sample_rate as usize }
    }

    /// The controls of a block. Audio thread: wait-free.
    pub fn of_block(&mut self, params: &RecorderParams, block: &HostBlock) -> Controls {
        let look = || params.controls(block, self.sample_rate);
        let was_on = self.last.record;
        if let Some(controls) = params.loads.whole(look) {
            self.waited_frames = 0;
            self.last = controls;
        } else if self.waited_frames < self.patience_frames {
            self.waited_frames += block.frames;
            let channels = self.last.channels.and(ChannelSet::first(block.channels));
            self.last = Controls { song: block.song, transport: block.transport, channels, ..self.last };
        } else {
            self.last = look();
        }
        let loads = params.loads.count();
        let is_loaded = std::mem::replace(&mut self.loads, loads) != loads;
        self.is_restored = self.last.record && (self.is_restored || is_loaded && !was_on);
        let settings = TakeSettings { keeps_existing: self.is_restored, ..self.last.settings };
        Controls { settings, is_loaded, ..self.last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicBool;
    use std::thread;

    #[test]
    fn a_look_during_a_change_sees_all_of_the_old_or_all_of_the_new() {
        let rounds = if cfg!(miri) { 50 } else { 500 };
        let (loads, values) = (Loads::default(), [const { AtomicU64::new(0) }; 4]);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for first in [1, 2] {
                let (loads, values, is_over) = (&loads, &values, &is_over);
                scope.spawn(move || {
                    for round in (first..rounds).step_by(2) {
                        loads.change(|| {
                            for value in values {
                                value.store(round, Relaxed);
                                thread::yield_now();
                            }
                        });
                    }
                    is_over.store(true, Relaxed);
                });
            }
            let mut last_look = false;
            while !last_look {
                last_look = is_over.load(Relaxed);
                let seen = loads.whole(|| values.each_ref().map(|value| value.load(Relaxed)));
                assert!(seen.is_none_or(|seen| seen == [seen[0]; 4]), "half of a change: {seen:?}");
            }
        });
        assert!(loads.whole(|| ()).is_some());
    }

    #[test]
    fn a_change_that_panics_is_over() {
        let loads = Loads::default();
        let mut during = Some(());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            loads.change(|| {
                during = loads.whole(|| ());
                panic!("the load breaks off");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!((during, loads.whole(|| ())), (None, Some(())));
        loads.change(|| during = loads.whole(|| ()));
        assert_eq!((during, loads.whole(|| ())), (None, Some(())));
    }
}
