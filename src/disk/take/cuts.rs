//! Where a take goes on in its next file because of `split`.

use crate::core::format::Split;
use std::collections::VecDeque;

/// The cuts of one take that are still to come. Lives on the writer thread.
#[derive(Debug)]
pub struct Cuts {
    split: Split,
    /// Frames of each file, where the length is fixed.
    length: Option<u64>,
    /// The frames of the take, at the rate of the files, that begin a file each; in order.
    next: VecDeque<u64>,
}

impl Cuts {
    /// Of a take whose files have `rate` frames per second.
    pub fn new(split: Split, rate: u32) -> Self {
        let length = split.minutes().map(|minutes| minutes * 60 * u64::from(rate));
        Self { split, length, next: length.into_iter().collect() }
    }

    /// The song jumped before this frame of the take. Says whether a file ends there.
    pub fn song_jumps(&mut self, frame: u64) -> bool {
        let cuts = self.split == Split::Jumps;
        // A resampler that holds frames back has not come to it yet.
        if cuts && self.next.back() != Some(&frame) {
            self.next.push_back(frame);
        }
        cuts
    }

    /// The frame of the take that begins the next file, where that is known.
    pub fn next(&self) -> u64 {
        self.next.front().copied().unwrap_or(u64::MAX)
    }

    /// The next cut was made.
    pub fn pass(&mut self) {
        if let Some(passed) = self.next.pop_front() {
            self.next.extend(self.length.map(|length| passed + length));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_minutes_have_exactly_their_frames_at_any_rate() {
        let mut cuts = Cuts::new(Split::M5, 44_056);
        let mut ends = [0; 3];
        for end in &mut ends {
            *end = cuts.next();
            cuts.pass();
        }
        assert_eq!(ends, [300 * 44_056, 600 * 44_056, 900 * 44_056]);
        assert!(!cuts.song_jumps(7) && cuts.next() == 1_200 * 44_056);
    }

    #[test]
    fn song_jumps_are_cuts_once_each_and_only_where_they_are_wanted() {
        let mut cuts = Cuts::new(Split::Jumps, 48_000);
        assert_eq!(cuts.next(), u64::MAX);
        assert!(cuts.song_jumps(5) && cuts.song_jumps(5) && cuts.song_jumps(9));
        assert_eq!(cuts.next(), 5);
        cuts.pass();
        assert_eq!(cuts.next(), 9);
        cuts.pass();
        assert_eq!(cuts.next(), u64::MAX);
        assert!(!Cuts::new(Split::Off, 48_000).song_jumps(5));
    }
}
