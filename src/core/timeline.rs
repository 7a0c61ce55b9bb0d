//! Keeps a take to the host's timeline (`timeslice`): finds the time between two blocks that brought no frames.

/// How far a song position may be off before it counts as a jump: hosts give it in seconds, rounded.
const ROUNDING_FRAMES: i64 = 1;

/// Follows the song position while a take is open. Lives on the audio thread.
#[derive(Debug, Default)]
pub struct Timeline {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    /// The position that the host gave for the last block, in frames.
    told: i64,
    /// Where the next block begins if nothing is missing.
    expected: i64,
}

impl Timeline {
    /// Takes a block of a take into account: `position` is the song position of its first frame, in frames, if the
    /// transport runs and the host knows. Returns how many frames are missing before it.
    pub fn block(&mut self, position: Option<i64>, frames: usize) -> u64 {
        let Some(position) = position else {
            self.last = None;
            return 0;
        };
        let Some(last) = &mut self.last else {
            self.last = Some(Last { told: position, expected: position + frames as i64 });
            return 0;
        };
        // The framework repeats the position of the whole block for its later parts when the host tells no tempo.
        let ahead = if position == last.told { 0 } else { position - last.expected };
        let missing = if ahead > ROUNDING_FRAMES { ahead } else { 0 };
        let has_moved_back = ahead < -ROUNDING_FRAMES;
        let begin = if has_moved_back { position } else { last.expected + missing };
        *last = Last { told: position, expected: begin + frames as i64 };
        missing as u64
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

    fn missing(blocks: &[(Option<i64>, usize)]) -> Vec<u64> {
        let mut timeline = Timeline::default();
        blocks.iter().map(|&(position, frames)| timeline.block(position, frames)).collect()
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
        let mut timeline = Timeline::default();
        assert_eq!(timeline.block(Some(0), 64), 0);
        timeline.interrupt();
        assert_eq!(timeline.block(Some(5_000), 64), 0);
    }

    proptest! {
        #[test]
        fn file_time_stays_song_time_over_any_number_of_rounded_jumps(
            blocks in prop::collection::vec((1usize..2_000, 0i64..3_000, -1i64..=1), 1..200)
        ) {
            let mut timeline = Timeline::default();
            let (mut song, mut file) = (0i64, 0i64);
            for (number, &(frames, jump, rounding)) in blocks.iter().enumerate() {
                song += if number == 0 { 0 } else { jump };
                let told = if number == 0 { song } else { song + rounding };
                file += timeline.block(Some(told), frames) as i64 + frames as i64;
                song += frames as i64;
                prop_assert!((file - song).abs() <= 3 + ROUNDING_FRAMES, "file {} song {}", file, song);
            }
        }
    }
}
