//! Follows the host's song while a take is open: where it jumps, and the time between two blocks that brought no frames
//! (`timeslice`).

/// How far a song position may be off before time is missing: hosts give it in seconds, rounded.
const ROUNDING_FRAMES: i64 = 1;

/// What is shorter, in seconds, is no jump: hosts whose sound runs a little faster or slower than their song are followed.
const SHORTEST_JUMP: f64 = 0.01;

/// How a block follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The song goes on, or is as unknown as before.
    On {
        /// So many frames of the song are missing before the block.
        missing: u64,
    },
    /// The song jumped.
    Jump {
        /// So many frames of the song are missing before the block; 0 where it jumped back.
        missing: u64,
    },
    /// It is known again where the song is.
    Anew,
    /// It is no longer known where the song is.
    Unknown,
}

/// Follows the song position while a take is open. Lives on the audio thread.
#[derive(Debug)]
pub struct Timeline {
    last: Option<Last>,
    /// In frames.
    shortest_jump: i64,
}

#[derive(Debug)]
struct Last {
    /// The position that the host gave for the last block, in frames.
    told: i64,
    /// Where the next block begins if nothing is missing.
    expected: i64,
}

impl Timeline {
    /// Of a stream with `sample_rate` frames per second.
    pub fn new(sample_rate: u32) -> Self {
        Self { last: None, shortest_jump: (f64::from(sample_rate) * SHORTEST_JUMP) as i64 }
    }

    /// Takes a block of a take into account: `position` is the song position of its first frame, in frames, if the
    /// transport runs and the host knows.
    pub fn block(&mut self, position: Option<i64>, frames: usize) -> Follows {
        let Some(position) = position else {
            return if self.last.take().is_some() { Follows::Unknown } else { Follows::On { missing: 0 } };
        };
        let Some(last) = &mut self.last else {
            self.last = Some(Last { told: position, expected: position + frames as i64 });
            return Follows::Anew;
        };
        // The framework repeats the position of the whole block for its later parts when the host tells no tempo.
        let ahead = if position == last.told { 0 } else { position - last.expected };
        let missing = if ahead > ROUNDING_FRAMES { ahead } else { 0 };
        let has_moved_back = ahead < -ROUNDING_FRAMES;
        let begin = if has_moved_back { position } else { last.expected + missing };
        *last = Last { told: position, expected: begin + frames as i64 };
        let missing = missing as u64;
        if ahead.abs() >= self.shortest_jump.max(ROUNDING_FRAMES + 1) {
            Follows::Jump { missing }
        } else {
            Follows::On { missing }
        }
    }

    /// Time passes that the take leaves out: nothing before the next block is missing.
    pub fn interrupt(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn missing_in(follows: Follows) -> u64 {
        match follows {
            Follows::On { missing } | Follows::Jump { missing } => missing,
            Follows::Anew | Follows::Unknown => 0,
        }
    }

    fn follows(blocks: &[(Option<i64>, usize)]) -> Vec<Follows> {
        let mut timeline = Timeline::new(RATE);
        blocks.iter().map(|&(position, frames)| timeline.block(position, frames)).collect()
    }

    fn missing(blocks: &[(Option<i64>, usize)]) -> Vec<u64> {
        follows(blocks).into_iter().map(missing_in).collect()
    }

    #[test]
    fn a_loop_and_a_leap_are_jumps_and_a_song_that_drifts_is_none() {
        let (on, jump) = (Follows::On { missing: 0 }, Follows::Jump { missing: 0 });
        assert_eq!(follows(&[(Some(90_000), 100), (Some(0), 100), (Some(100), 100)]), [Follows::Anew, jump, on]);
        assert_eq!(follows(&[(Some(0), 100), (Some(1_100), 100)]), [Follows::Anew, Follows::Jump { missing: 1_000 }]);
        let drifting = [(Some(0), 100), (Some(97), 100), (Some(194), 100), (Some(290), 100)];
        assert_eq!(follows(&drifting), [Follows::Anew, on, on, on]);
    }

    #[test]
    fn a_transport_that_stops_and_starts_is_told_once() {
        let blocks = [(Some(0), 64), (None, 64), (None, 64), (Some(9_000), 64)];
        let on = Follows::On { missing: 0 };
        assert_eq!(follows(&blocks), [Follows::Anew, Follows::Unknown, on, Follows::Anew]);
    }

    #[test]
    fn a_song_that_runs_on_misses_nothing() {
        assert_eq!(missing(&[(Some(100), 64), (Some(164), 64), (Some(228), 1)]), [0, 0, 0]);
    }

    #[test]
    fn a_jump_ahead_is_filled_once() {
        assert_eq!(missing(&[(Some(0), 64), (Some(1_064), 64), (Some(1_128), 64)]), [0, 1_000, 0]);
    }

    #[test]
    fn a_loop_goes_on_without_a_gap() {
        assert_eq!(missing(&[(Some(900), 100), (Some(0), 100), (Some(100), 100)]), [0, 0, 0]);
    }

    #[test]
    fn a_standing_transport_or_an_unknown_position_fills_nothing() {
        assert_eq!(missing(&[(Some(0), 64), (None, 64), (Some(10_000), 64)]), [0, 0, 0]);
    }

    #[test]
    fn a_position_that_is_repeated_within_a_block_is_no_jump() {
        assert_eq!(missing(&[(Some(0), 100), (Some(0), 412), (Some(512), 512)]), [0, 0, 0]);
    }

    #[test]
    fn a_pause_is_left_out_not_filled() {
        let mut timeline = Timeline::new(RATE);
        assert_eq!(timeline.block(Some(0), 64), Follows::Anew);
        timeline.interrupt();
        assert_eq!(timeline.block(Some(5_000), 64), Follows::Anew);
    }

    proptest! {
        #[test]
        fn file_time_stays_song_time_over_any_number_of_rounded_jumps(
            blocks in prop::collection::vec((1usize..2_000, 0i64..3_000, -1i64..=1), 1..200)
        ) {
            let mut timeline = Timeline::new(RATE);
            let (mut song, mut file) = (0i64, 0i64);
            for (number, &(frames, jump, rounding)) in blocks.iter().enumerate() {
                song += if number == 0 { 0 } else { jump };
                let told = if number == 0 { song } else { song + rounding };
                file += missing_in(timeline.block(Some(told), frames)) as i64 + frames as i64;
                song += frames as i64;
                prop_assert!((file - song).abs() <= 3 + ROUNDING_FRAMES, "file {} song {}", file, song);
            }
        }
    }
}
