//! How much memory each instance's history may take of what the process has for all of them.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the histories of all instances of the process may hold, in bytes.
const MOST_BYTES: usize = 512 << 20;

/// Memory that several use, evenly where they want more than there is.
#[derive(Debug)]
pub struct Shares {
    most_bytes: usize,
    next_id: AtomicUsize,
    /// Bytes that each holds.
    holders: Mutex<Vec<(usize, usize)>>,
}

/// The memory of the process.
pub static PROCESS_MEMORY: Shares = Shares::new(MOST_BYTES);

impl Shares {
    pub(super) const fn new(most_bytes: usize) -> Self {
        Self { most_bytes, next_id: AtomicUsize::new(0), holders: Mutex::new(Vec::new()) }
    }

    /// For one more instance.
    pub fn share(&'static self) -> Share {
        Share { of: self, id: self.next_id.fetch_add(1, Relaxed) }
    }

    fn holders(&self) -> MutexGuard<'_, Vec<(usize, usize)>> {
        // The list is whole between any two lines that change it.
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One instance's part. Writer threads only.
#[derive(Debug)]
pub struct Share {
    of: &'static Shares,
    id: usize,
}

impl Share {
    /// This instance holds so many bytes. Says how many each may hold: as much as it wants while there is enough for all.
    pub fn level(&self, bytes: usize) -> usize {
        let mut holders = self.of.holders();
        holders.retain(|(id, _)| *id != self.id);
        if bytes > 0 {
            holders.push((self.id, bytes));
        }
        level(self.of.most_bytes, holders.iter().map(|(_, bytes)| *bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.holders().retain(|(id, _)| *id != self.id);
    }
}

/// The highest level at which the sum of all that is held, each up to it, is no more than `most`.
fn level(most: usize, held: impl Iterator<Item = usize> + Clone) -> usize {
    if held.clone().sum::<usize>() <= most {
        return usize::MAX;
    }
    let mut held: Vec<_> = held.collect();
    held.sort_unstable();
    let (mut left, mut holders) = (most, held.len());
    for bytes in held {
        if bytes > left / holders {
            break;
        }
        left -= bytes;
        holders -= 1;
    }
    left / holders.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_wants_little_gets_it_and_the_others_share_the_rest_evenly() {
        assert_eq!(level(100, [10, 80, 90].into_iter()), 45);
        assert_eq!(level(100, [10, 20, 70].into_iter()), usize::MAX);
        assert_eq!(level(100, [200].into_iter()), 100);
    }

    #[test]
    fn an_instance_that_goes_leaves_its_part_to_the_others() {
        static MEMORY: Shares = Shares::new(100);
        let (one, other) = (MEMORY.share(), MEMORY.share());
        assert_eq!(one.level(90), usize::MAX);
        assert_eq!(other.level(90), 50);
        drop(one);
        assert_eq!(other.level(90), usize::MAX);
    }

    proptest! {
        #[test]
        fn the_level_is_as_high_as_the_memory_allows(held in prop::collection::vec(0usize..1_000, 1..40), most in 0usize..10_000) {
            let sum_at = |level: usize| held.iter().map(|bytes| (*bytes).min(level)).sum::<usize>();
            let level = level(most, held.iter().copied());
            prop_assert!(sum_at(level) <= most);
            prop_assert!(level == usize::MAX || sum_at(level + 1) > most);
        }
    }
}
