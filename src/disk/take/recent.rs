//! The newest frames of a file: those that may not be in it yet, should its disk fail.

use std::collections::VecDeque;

/// Frames that are kept until the file surely holds them. Lives on the writer thread.
#[derive(Debug, Default)]
pub struct Recent {
    blocks: VecDeque<Block>,
    /// Memory to use again.
    spare: Vec<Vec<f32>>,
}

#[derive(Debug)]
struct Block {
    /// Where in the file it begins, in frames.
    start: u64,
    frames: usize,
    /// The channels one after the other.
    planar: Vec<f32>,
}

impl Recent {
    /// Keeps `frames` frames, planar, that go to the file at frame `start`.
    pub fn keep(&mut self, start: u64, planar: &[f32], frames: usize) {
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.clear();
        kept.extend_from_slice(planar);
        self.blocks.push_back(Block { start, frames, planar: kept });
    }

    /// The file surely holds the first `frames` frames.
    pub fn forget_before(&mut self, frames: u64) {
        while let Some(block) = self.blocks.pop_front_if(|block| block.start + block.frames as u64 <= frames) {
            self.spare.push(block.planar);
        }
    }

    /// How many frames are kept.
    pub fn frames(&self) -> u64 {
        let end = self.blocks.back().map_or(0, |block| block.start + block.frames as u64);
        end - self.blocks.front().map_or(0, |block| block.start)
    }

    /// Hands on what is kept from the file's frame `first` on: planar, with the number of frames.
    pub fn each_from<E>(&self, first: u64, mut take: impl FnMut(&[f32], usize) -> Result<(), E>) -> Result<(), E> {
        for block in &self.blocks {
            let skipped = first.saturating_sub(block.start).min(block.frames as u64) as usize;
            let frames = block.frames - skipped;
            if skipped == 0 {
                take(&block.planar, frames)?;
            } else if frames > 0 {
                let channels = block.planar.chunks_exact(block.frames);
                let rest: Vec<f32> = channels.flat_map(|channel| &channel[skipped..]).copied().collect();
                take(&rest, frames)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    proptest! {
        #[test]
        fn every_frame_from_any_on_comes_back_once_and_in_order(
            blocks in proptest::collection::vec(1usize..50, 1..20), safe in 0u64..500, first in 0u64..600,
        ) {
            let mut recent = Recent::default();
            let mut end = 0;
            for frames in blocks {
                let left = (end..end + frames as u64).map(|frame| frame as f32);
                let planar: Vec<f32> = left.clone().chain(left.map(|sample| -sample)).collect();
                recent.keep(end, &planar, frames);
                end += frames as u64;
            }
            recent.forget_before(safe.min(first));
            let mut got = Vec::new();
            recent.each_from(first, |planar, frames| {
                let (left, right) = planar.split_at(frames);
                assert!(left.iter().zip(right).all(|(left, right)| *left == -right));
                got.extend_from_slice(left);
                Ok::<_, Infallible>(())
            }).unwrap();
            prop_assert_eq!(got, (first.min(end)..end).map(|frame| frame as f32).collect::<Vec<_>>());
            recent.forget_before(u64::MAX);
            prop_assert_eq!(recent.frames(), 0);
        }
    }
}
