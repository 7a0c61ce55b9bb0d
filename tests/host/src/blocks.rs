//! How a stretch of audio is cut into blocks, and which parameter changes fall into each of them. Pure.

use crate::params::ParamId;
use std::ops::Range;

/// A parameter takes a value from a frame on. What the frame is counted from is said where changes are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub frame: usize,
    pub param: ParamId,
    /// CLAP's plain value; see [`ParamInfo`](crate::ParamInfo).
    pub value: f64,
}

impl Change {
    /// `param` is `value` from `frame` on.
    pub const fn new(frame: usize, param: ParamId, value: f64) -> Self {
        Self { frame, param, value }
    }
}

/// The sizes of the blocks that a host processes, in frames. Never 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocks {
    /// Every block has this size.
    Fixed(usize),
    /// Sizes from 1 to `max`; the same ones for the same seed. Small and large sizes are equally likely.
    Random { seed: u64, max: usize },
    /// These sizes over and over.
    List(Vec<usize>),
}

impl Blocks {
    /// The largest size that can come.
    pub fn max(&self) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Random { max, .. } => *max,
            Self::List(sizes) => sizes.iter().copied().max().unwrap_or(1),
        }
        .max(1)
    }

    /// The same sizes, but none larger than `max`.
    pub(crate) fn clamped(&self, max: usize) -> Self {
        match self {
            Self::Fixed(size) => Self::Fixed((*size).min(max)),
            Self::Random { seed, max: own } => Self::Random { seed: *seed, max: (*own).min(max) },
            Self::List(sizes) => Self::List(sizes.iter().map(|&size| size.min(max)).collect()),
        }
    }

    /// Cuts `span` into blocks; the last one may be smaller.
    pub fn cut(&self, span: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let mut sizes = self.sizes();
        let mut next = span.start;
        std::iter::from_fn(move || {
            let from = next;
            next = span.end.min(from.saturating_add(sizes()));
            (from < next).then_some(from..next)
        })
    }

    /// The size of each next block.
    fn sizes(&self) -> impl FnMut() -> usize + use<'_> {
        let mut count = 0;
        let mut state = match self {
            Self::Random { seed, .. } => *seed,
            Self::Fixed(_) | Self::List(_) => 0,
        };
        move || {
            let size = match self {
                Self::Fixed(size) => *size,
                Self::Random { max, .. } => random_size(&mut state, *max),
                Self::List(sizes) => sizes.get(count % sizes.len().max(1)).copied().unwrap_or(1),
            };
            count += 1;
            size.max(1)
        }
    }
}

/// A size from 1 to `max` whose logarithm is evenly spread: an even spread of sizes would hardly ever be small.
fn random_size(state: &mut u64, max: usize) -> usize {
    let octaves = (max.max(1) as f64).log2();
    let octave = (random(state) >> 11) as f64 / (1u64 << 53) as f64 * (octaves + 1.0);
    (octave.exp2() as usize).clamp(1, max.max(1))
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Hands out changes block by block.
pub(crate) struct Schedule {
    /// By frame; equal frames in the order in which they were given.
    changes: Vec<Change>,
    next: usize,
    /// The changes of the present block, counted from its start.
    in_block: Vec<Change>,
}

impl Schedule {
    /// Takes changes in any order.
    ///
    /// # Panics
    /// If one lies outside `span`: no block would carry it.
    pub(crate) fn new(changes: &[Change], span: &Range<usize>) -> Self {
        for change in changes {
            assert!(span.contains(&change.frame), "a change at frame {} lies outside {span:?}", change.frame);
        }
        let mut changes = changes.to_vec();
        changes.sort_by_key(|change| change.frame);
        Self { in_block: Vec::with_capacity(changes.len()), changes, next: 0 }
    }

    /// The changes that fall into `block`, counted from its start. Blocks are asked for in order.
    pub(crate) fn in_block(&mut self, block: &Range<usize>) -> &[Change] {
        self.in_block.clear();
        while let Some(change) = self.changes.get(self.next).filter(|change| change.frame < block.end) {
            self.in_block.push(Change { frame: change.frame - block.start, ..*change });
            self.next += 1;
        }
        &self.in_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAM: ParamId = ParamId::named("record");

    fn blocks() -> impl Strategy<Value = Blocks> {
        prop_oneof![
            (1usize..300).prop_map(Blocks::Fixed),
            (any::<u64>(), 1usize..300).prop_map(|(seed, max)| Blocks::Random { seed, max }),
            prop::collection::vec(1usize..300, 1..5).prop_map(Blocks::List),
        ]
    }

    proptest! {
        #[test]
        fn blocks_fill_the_span_without_hole_or_overlap(blocks in blocks(), start in 0usize..100, frames in 0usize..3_000) {
            let span = start..start + frames;
            let mut next = span.start;
            for block in blocks.cut(span.clone()) {
                prop_assert_eq!(block.start, next);
                prop_assert!(!block.is_empty() && block.len() <= blocks.max());
                next = block.end;
            }
            prop_assert_eq!(next, span.end);
        }

        #[test]
        fn every_change_reaches_its_own_frame_once_and_in_order(
            blocks in blocks(),
            start in 0usize..100,
            frames in prop::collection::vec(0usize..2_000, 0..200),
        ) {
            let span = start..start + 2_000;
            let number = |(value, frame): (usize, &usize)| Change::new(start + frame, PARAM, value as f64);
            let changes: Vec<_> = frames.iter().enumerate().map(number).collect();
            let mut schedule = Schedule::new(&changes, &span);
            let mut heard = Vec::new();
            for block in blocks.cut(span) {
                for change in schedule.in_block(&block) {
                    prop_assert!(change.frame < block.len());
                    heard.push(Change { frame: block.start + change.frame, ..*change });
                }
            }
            let mut expected = changes;
            expected.sort_by(|a, b| (a.frame, a.value).partial_cmp(&(b.frame, b.value)).unwrap());
            prop_assert_eq!(heard, expected);
        }
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn a_change_that_no_block_would_carry_is_refused() {
        Schedule::new(&[Change::new(10, PARAM, 1.0)], &(0..10));
    }

    #[test]
    fn random_blocks_are_as_often_tiny_as_large_and_differ_by_seed() {
        let sizes = |seed| -> Vec<_> {
            let blocks = Blocks::Random { seed, max: 8192 };
            blocks.cut(0..1 << 20).map(|block| block.len()).collect()
        };
        let tiny = sizes(1).iter().filter(|&&size| size <= 64).count();
        assert!(tiny * 4 > sizes(1).len(), "{tiny} of {}", sizes(1).len());
        assert!(sizes(1).iter().any(|&size| size > 4096));
        assert_ne!(sizes(1), sizes(2));
        assert_eq!(sizes(1), sizes(1));
    }
}
