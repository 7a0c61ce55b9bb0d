//! Follows the host's song while a take is open: where it jumps, and the time between two blocks that brought no frames
//! (`timeslice`).

/// How far a song position may be off before time is missing: hosts give it in seconds, rounded.
const ROUNDING_FRAMES: i64 = 1;

/// What is shorter, in seconds, is no jump: hosts whose sound runs a little faster or slower than their song are followed.
const SHORTEST_JUMP: f64 = 0.01;

/// How far, in seconds, such a host may get until it is told again where its song is.
const MOST_DRIFT: f64 = 0.1;

/// What a block brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// So many frames of the song are missing before the block; 0 where it jumped back.
    pub missing: u64,
    pub song: Follows,
}

/// How a block follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The song goes on, or is as unknown as before.
    On,
    /// The song jumped.
    Jump,
    /// It is known again where the song is.
    Anew,
    /// It is no longer known where the song is at each frame: nobody tells, or it runs at another speed than the sound.
    Unknown,
}

/// Follows the song position while a take is open. Lives on the audio thread.
#[derive(Debug)]
pub struct Timeline {
    last: Option<Last>,
    /// In frames.
    shortest_jump: i64,
    most_drift: i64,
}

#[derive(Debug)]
struct Last {
    /// The position that the host gave for the last block, in frames.
    told: i64,
    /// Where the next block begins if nothing is missing.
    expected: i64,
    pace: Pace,
}

/// How the song runs beside the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// With it, apart from so many frames since it was last told where it is.
    Even { drift: i64 },
    /// The last block was off by a jump.
    Jumped,
    /// So were several in a row.
    Uneven,
}

impl Timeline {
    /// Of a stream with `sample_rate` frames per second.
    pub fn new(sample_rate: u32) -> Self {
        let frames = |seconds: f64| (f64::from(sample_rate) * seconds) as i64;
        Self {
            last: None,
            shortest_jump: frames(SHORTEST_JUMP).max(ROUNDING_FRAMES + 1),
            most_drift: frames(MOST_DRIFT).max(ROUNDING_FRAMES + 1),
        }
    }

    /// Takes a block of a take into account: `position` is the song position of its first frame, in frames, if the
    /// transport runs and the host knows.
    pub fn block(&mut self, position: Option<i64>, frames: usize) -> Followed {
        let nothing_missing = |song| Followed { missing: 0, song };
        let Some(position) = position else {
            let was_known = self.last.take().is_some();
            return nothing_missing(if was_known { Follows::Unknown } else { Follows::On });
        };
        let Some(last) = &mut self.last else {
            let pace = Pace::Even { drift: 0 };
            self.last = Some(Last { told: position, expected: position + frames as i64, pace });
            return nothing_missing(Follows::Anew);
        };
        // The framework repeats the position of the whole block for its later parts when the host tells no tempo.
        let ahead = if position == last.told { 0 } else { position - last.expected };
        let missing = if ahead > ROUNDING_FRAMES { ahead } else { 0 };
        let has_moved_back = ahead < -ROUNDING_FRAMES;
        let begin = if has_moved_back { position } else { last.expected + missing };
        let (pace, song) = last.pace.after(ahead, self.shortest_jump, self.most_drift);
        *last = Last { told: position, expected: begin + frames as i64, pace };
        Followed { missing: missing as u64, song }
    }

    /// How many frames of the song a block that begins at this position leaps over, of one that ran evenly until then.
    pub fn leap(&self, position: Option<i64>) -> u64 {
        let (Some(position), Some(last)) = (position, &self.last) else { return 0 };
        let ahead = position - last.expected;
        match last.pace {
            Pace::Even { .. } if ahead >= self.shortest_jump => ahead as u64,
            Pace::Even { .. } | Pace::Jumped | Pace::Uneven => 0,
        }
    }

    /// Time passes that the take leaves out: nothing before the next block is missing.
    pub fn interrupt(&mut self) {
        self.last = None;
    }
}

impl Pace {
    /// The next block is `ahead` frames ahead of where it was to be expected.
    fn after(self, ahead: i64, shortest_jump: i64, most_drift: i64) -> (Self, Follows) {
        let is_off = ahead.abs() >= shortest_jump;
        match self {
            Pace::Even { .. } if is_off => (Pace::Jumped, Follows::Jump),
            // Who jumps with every block runs at another speed.
            Pace::Jumped if is_off => (Pace::Uneven, Follows::Unknown),
            Pace::Uneven if is_off => (Pace::Uneven, Follows::On),
            Pace::Even { drift } => match drift + ahead {
                drift if drift.abs() >= most_drift => (Pace::Even { drift: 0 }, Follows::Anew),
                drift => (Pace::Even { drift }, Follows::On),
            },
            Pace::Jumped => (Pace::Even { drift: 0 }, Follows::On),
            Pace::Uneven => (Pace::Even { drift: 0 }, Follows::Anew),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn followed(blocks: &[(Option<i64>, usize)]) -> Vec<Followed> {
        let mut timeline = Timeline::new(RATE);
        blocks.iter().map(|&(position, frames)| timeline.block(position, frames)).collect()
    }

    fn follows(blocks: &[(Option<i64>, usize)]) -> Vec<Follows> {
        followed(blocks).into_iter().map(|followed| followed.song).collect()
    }

    fn missing(blocks: &[(Option<i64>, usize)]) -> Vec<u64> {
        followed(blocks).into_iter().map(|followed| followed.missing).collect()
    }

    #[test]
    fn a_loop_and_a_leap_are_jumps() {
        use Follows::{Anew, Jump, On};
        assert_eq!(follows(&[(Some(90_000), 100), (Some(0), 100), (Some(100), 100)]), [Anew, Jump, On]);
        assert_eq!(follows(&[(Some(0), 100), (Some(1_100), 100), (Some(1_200), 100)]), [Anew, Jump, On]);
    }

    #[test]
    fn a_song_that_runs_at_another_speed_is_no_row_of_jumps_and_is_known_again_where_it_runs_evenly() {
        use Follows::{Anew, Jump, On, Unknown};
        let at_double_speed = [0, 2_048, 4_096, 6_144, 8_192].map(|position| (Some(position), 1_024));
        assert_eq!(follows(&at_double_speed), [Anew, Jump, Unknown, On, On]);
        let and_back = [at_double_speed.to_vec(), vec![(Some(9_216), 1_024), (Some(10_240), 1_024)]].concat();
        assert_eq!(follows(&and_back)[5..], [Anew, On]);
    }

    #[test]
    fn a_song_that_drifts_is_told_again_each_tenth_of_a_second() {
        // A quarter faster: 128 frames a block.
        let blocks: Vec<_> = (0..100).map(|block| (Some(block * 640), 512)).collect();
        let told = follows(&blocks);
        assert!(told.iter().all(|song| matches!(song, Follows::On | Follows::Anew)), "{told:?}");
        assert_eq!(told.iter().filter(|song| **song == Follows::Anew).count(), 1 + 99 / 38);
    }

    #[test]
    fn a_transport_that_stops_and_starts_is_told_once() {
        let blocks = [(Some(0), 64), (None, 64), (None, 64), (Some(9_000), 64)];
        assert_eq!(follows(&blocks), [Follows::Anew, Follows::Unknown, Follows::On, Follows::Anew]);
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
        assert_eq!(timeline.block(Some(0), 64).missing, 0);
        timeline.interrupt();
        assert_eq!(timeline.block(Some(5_000), 64).missing, 0);
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
                file += timeline.block(Some(told), frames).missing as i64 + frames as i64;
                song += frames as i64;
                prop_assert!((file - song).abs() <= 3 + ROUNDING_FRAMES, "file {} song {}", file, song);
            }
        }
    }
}
