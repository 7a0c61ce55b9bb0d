//! Follows the host's song while a take is open: where it jumps, and the time between two blocks that brought no frames
//! (`timeslice`).
//!
//! A song that is ahead of its sound has jumped, or runs faster. Only the next block tells: after a jump it goes on
//! evenly. A jump that no speed explains, and the wrap of a loop that the host told, are sure at once.

/// How far a song position may be off before time is missing: hosts give it in seconds, rounded.
const ROUNDING_FRAMES: i64 = 1;

/// A jump that is shorter, in seconds, is not told: hosts whose sound runs a little faster or slower than their song are
/// followed.
const SHORTEST_JUMP: f64 = 0.01;

/// How far, in seconds, such a host may get until it is told again where its song is.
const MAX_DRIFT: f64 = 0.1;

/// A song that is ahead by more than so many times the block before has jumped: no host plays that fast.
const MAX_SPEED: i64 = 8;

/// Blocks in a row without drift after which a song counts as running exactly with its sound. Less than a jump is then a
/// period that the host dropped.
const STEADY_BLOCKS: u32 = 8;

/// A stop that is shorter, in seconds, and ends elsewhere is a locate of a host that rolls (Ardour stops for a block).
const LONGEST_LOCATE: f64 = 0.1;

/// How a block follows the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Frames of the song that are missing before the block if it jumped; 0 if it jumped back.
    pub missing: u64,
    pub song: Follows,
    /// The song jumped with the block before, which was [ahead](Follows::Ahead), or did not.
    pub settled: Option<bool>,
}

/// How a block follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The song goes on, or is as unknown as before.
    On,
    /// The song jumped.
    Jump,
    /// The song is elsewhere than expected. The next block shows whether it jumped; it is `told` if it is far enough.
    Ahead { told: bool },
    /// It is known again where the song is.
    Anew,
    /// It is no longer known where the song is at each frame: nobody tells, or it runs at another speed than the sound.
    Unknown,
}

/// Follows the song position while a take is open. Lives on the audio thread.
#[derive(Debug)]
pub struct Timeline {
    last: Option<Last>,
    /// The song stands, for so short a time that it may be a locate.
    stopped: Option<Stopped>,
    limits: Limits,
    /// In frames.
    longest_locate: i64,
}

#[derive(Debug)]
struct Last {
    /// The position that the host gave for the last block, in frames.
    told: i64,
    /// Where the next block begins if nothing is missing.
    expected: i64,
    /// Frames of the last block.
    frames: i64,
    pace: Pace,
}

#[derive(Debug)]
struct Stopped {
    /// The position at which the song was to go on.
    expected: i64,
    /// Frames that came since.
    frames: i64,
}

/// How the song runs beside the sound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pace {
    /// With it, apart from so many frames since it was last told where it is. It ran exactly with it for so many blocks.
    Even { drift: i64, steady_blocks: u32 },
    /// It was ahead by `excess` of the frames before. Since then it is ahead by `ahead` in `frames`.
    Ahead { excess: f64, ahead: i64, frames: i64 },
    /// At another speed: each block is ahead by such a part of the one before.
    Uneven { excess: f64 },
}

/// The pace after a block, and how the block follows.
struct Paced {
    pace: Pace,
    song: Follows,
    settled: Option<bool>,
}

impl Paced {
    fn unsettled(pace: Pace, song: Follows) -> Self {
        Self { pace, song, settled: None }
    }
}

/// Lengths in frames.
#[derive(Debug, Clone, Copy)]
struct Limits {
    shortest_jump: i64,
    max_drift: i64,
}

impl Timeline {
    /// Of a stream with `sample_rate` frames per second.
    pub fn new(sample_rate: u32) -> Self {
        let frames = |seconds: f64| (f64::from(sample_rate) * seconds) as i64;
        let at_least = |seconds| frames(seconds).max(ROUNDING_FRAMES + 1);
        let limits = Limits { shortest_jump: at_least(SHORTEST_JUMP), max_drift: at_least(MAX_DRIFT) };
        Self { last: None, stopped: None, limits, longest_locate: frames(LONGEST_LOCATE) }
    }

    /// Takes a block into account: `position` is the song position of its first frame, in frames, if the transport runs
    /// and the host knows. `wraps`: the host told a loop, which begins anew there.
    pub fn block(&mut self, position: Option<i64>, frames: usize, wraps: bool) -> Followed {
        let frames = frames as i64;
        let Some(position) = position else { return self.stand(frames) };
        let Some(last) = &mut self.last else { return self.begin(position, frames) };
        // The framework repeats the position of the whole block for its later parts when the host tells no tempo.
        let is_repeated = position == last.told && !wraps;
        let ahead = if is_repeated { 0 } else { position - last.expected };
        let Paced { pace, song, settled } = if wraps {
            let settled = matches!(last.pace, Pace::Ahead { .. }).then_some(true);
            Paced { pace: Pace::EVEN, song: Follows::Jump, settled }
        } else {
            last.pace.after(ahead, last.frames, self.limits)
        };
        let begin = if is_repeated { last.expected } else { position };
        *last = Last { told: position, expected: begin + frames, frames, pace };
        let may_miss = matches!(song, Follows::Jump | Follows::Ahead { .. });
        Followed { missing: if may_miss { ahead.max(0) as u64 } else { 0 }, song, settled }
    }

    /// The song begins to run.
    fn begin(&mut self, position: i64, frames: i64) -> Followed {
        self.last = Some(Last { told: position, expected: position + frames, frames, pace: Pace::EVEN });
        let located = self.stopped.take().filter(|stopped| {
            // Neither where it stopped nor where it would have come to.
            let is_off = |expected: i64| (position - expected).abs() >= self.limits.shortest_jump;
            is_off(stopped.expected) && is_off(stopped.expected + stopped.frames)
        });
        match located {
            Some(Stopped { expected, frames }) => {
                let missing = (position - expected - frames).max(0) as u64;
                Followed { missing, song: Follows::Jump, settled: None }
            }
            None => Followed { missing: 0, song: Follows::Anew, settled: None },
        }
    }

    /// The song stands, or nobody tells where it is.
    fn stand(&mut self, frames: i64) -> Followed {
        let (mut song, mut settled) = (Follows::On, None);
        if let Some(last) = self.last.take() {
            song = Follows::Unknown;
            settled = matches!(last.pace, Pace::Ahead { .. }).then_some(true);
            self.stopped = Some(Stopped { expected: last.expected, frames: 0 });
        }
        if let Some(stopped) = &mut self.stopped {
            stopped.frames += frames;
        }
        self.stopped.take_if(|stopped| stopped.frames >= self.longest_locate);
        Followed { missing: 0, song, settled }
    }

    /// How many frames of the song a block that begins at this position leaps over, of one that ran evenly until then.
    pub fn leap(&self, position: Option<i64>) -> u64 {
        let (Some(position), Some(last)) = (position, &self.last) else { return 0 };
        let ahead = position - last.expected;
        match last.pace {
            Pace::Even { .. } if ahead >= self.limits.shortest_jump => ahead as u64,
            Pace::Even { .. } | Pace::Ahead { .. } | Pace::Uneven { .. } => 0,
        }
    }

    /// Returns whether the song is to be at this position with the next block.
    pub fn expects(&self, position: i64) -> bool {
        self.last.as_ref().is_some_and(|last| (position - last.expected).abs() <= ROUNDING_FRAMES)
    }

    /// Returns whether a block at this position is at another place of the song than expected.
    pub fn is_elsewhere(&self, position: Option<i64>) -> bool {
        let (Some(position), Some(last)) = (position, &self.last) else { return false };
        (position - last.expected).abs() >= self.limits.shortest_jump
    }

    /// Time passes that the take leaves out: nothing before the next block is missing.
    pub fn interrupt(&mut self) {
        (self.last, self.stopped) = (None, None);
    }
}

impl Pace {
    const EVEN: Self = Pace::Even { drift: 0, steady_blocks: 0 };

    /// The next block is `ahead` frames ahead of where it was to be expected; the one before had `before` frames.
    fn after(self, ahead: i64, before: i64, limits: Limits) -> Paced {
        match self {
            Pace::Even { drift, steady_blocks } => Self::after_even(drift, steady_blocks, ahead, before, limits),
            Pace::Ahead { excess, ahead: since, frames } => {
                let (since, frames) = (since + ahead, frames + before);
                match follows_speed(excess, since, frames) {
                    None => Paced::unsettled(Pace::Ahead { excess, ahead: since, frames }, Follows::On),
                    Some(true) => Paced { pace: Pace::Uneven { excess }, song: Follows::Unknown, settled: Some(false) },
                    Some(false) => {
                        // It may jump once more.
                        let next = Self::after_even(0, 0, ahead, before, limits);
                        Paced { settled: Some(true), ..next }
                    }
                }
            }
            Pace::Uneven { excess } => match follows_speed(excess, ahead, before) {
                None | Some(true) => Paced::unsettled(self, Follows::On),
                Some(false) if ahead.abs() <= ROUNDING_FRAMES => Paced::unsettled(Pace::EVEN, Follows::Anew),
                Some(false) => Paced::unsettled(Pace::Uneven { excess: part_of(ahead, before) }, Follows::On),
            },
        }
    }

    fn after_even(drift: i64, steady_blocks: u32, ahead: i64, before: i64, limits: Limits) -> Paced {
        let is_off = ahead.abs() >= limits.shortest_jump;
        let is_dropped_period = ahead > ROUNDING_FRAMES && steady_blocks >= STEADY_BLOCKS;
        if is_off && ahead.abs() > MAX_SPEED * before {
            return Paced::unsettled(Pace::EVEN, Follows::Jump);
        }
        if is_off || is_dropped_period {
            let pace = Pace::Ahead { excess: part_of(ahead, before), ahead: 0, frames: 0 };
            return Paced::unsettled(pace, Follows::Ahead { told: is_off });
        }
        let drift = drift + ahead;
        if drift.abs() >= limits.max_drift {
            return Paced::unsettled(Pace::EVEN, Follows::Anew);
        }
        let steady_blocks = if drift.abs() <= ROUNDING_FRAMES { steady_blocks.saturating_add(1) } else { 0 };
        Paced::unsettled(Pace::Even { drift, steady_blocks }, Follows::On)
    }
}

/// Whether a song that is ahead by `ahead` in `frames` runs at the speed that makes it be ahead by `excess` of them; none
/// where so few frames say nothing.
fn follows_speed(excess: f64, ahead: i64, frames: i64) -> Option<bool> {
    let predicted = excess * frames as f64;
    let is_enough = predicted.abs() >= 4.0 * ROUNDING_FRAMES as f64;
    is_enough.then(|| (ahead as f64 - predicted).abs() <= predicted.abs() / 2.0 + ROUNDING_FRAMES as f64)
}

fn part_of(ahead: i64, frames: i64) -> f64 {
    ahead as f64 / frames.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn followed(blocks: &[(Option<i64>, usize)]) -> Vec<Followed> {
        let mut timeline = Timeline::new(RATE);
        blocks.iter().map(|&(position, frames)| timeline.block(position, frames, false)).collect()
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
        use Follows::{Ahead, Anew, On, Unknown};
        let at_double_speed = [0, 2_048, 4_096, 6_144, 8_192].map(|position| (Some(position), 1_024));
        assert_eq!(follows(&at_double_speed), [Anew, Ahead { told: true }, Unknown, On, On]);
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
        let blocks = [(Some(0), 64), (None, 4_000), (None, 4_000), (Some(9_000), 64)];
        assert_eq!(follows(&blocks), [Follows::Anew, Follows::Unknown, Follows::On, Follows::Anew]);
    }

    #[test]
    fn a_short_stop_that_ends_elsewhere_is_a_locate_and_one_that_goes_on_is_none() {
        let stop = |back: i64| followed(&[(Some(0), 1_024), (None, 1_024), (Some(back), 1_024)])[2];
        assert_eq!(stop(50_000), Followed { missing: 50_000 - 2_048, song: Follows::Jump, settled: None });
        assert_eq!(stop(-500), Followed { missing: 0, song: Follows::Jump, settled: None });
        assert_eq!((stop(1_024).song, stop(2_048).song), (Follows::Anew, Follows::Anew));
    }

    #[test]
    fn a_loop_that_the_host_tells_wraps_at_once_however_short_it_is() {
        let mut timeline = Timeline::new(RATE);
        timeline.block(Some(0), 10, false);
        assert_eq!(timeline.block(Some(0), 10, true), Followed { missing: 0, song: Follows::Jump, settled: None });
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
        assert_eq!(missing(&[(Some(0), 64), (None, 8_000), (Some(10_000), 64)]), [0, 0, 0]);
    }

    #[test]
    fn a_position_that_is_repeated_within_a_block_is_no_jump() {
        assert_eq!(missing(&[(Some(0), 100), (Some(0), 412), (Some(512), 512)]), [0, 0, 0]);
    }

    #[test]
    fn a_pause_is_left_out_not_filled() {
        let mut timeline = Timeline::new(RATE);
        assert_eq!(timeline.block(Some(0), 64, false).missing, 0);
        timeline.interrupt();
        assert_eq!(timeline.block(Some(5_000), 64, false).missing, 0);
    }

    /// Frames that Time Slice fills.
    fn filled(blocks: impl IntoIterator<Item = (i64, usize)>) -> i64 {
        let mut timeline = Timeline::new(RATE);
        let (mut filled, mut undecided) = (0, 0);
        for (position, frames) in blocks {
            let Followed { missing, song, settled } = timeline.block(Some(position), frames, false);
            if let Some(jumped) = settled {
                filled += if jumped { undecided } else { 0 };
                undecided = 0;
            }
            match song {
                Follows::Ahead { .. } => undecided = missing as i64,
                _ => filled += missing as i64,
            }
        }
        filled
    }

    #[test]
    fn a_period_that_a_host_dropped_is_filled_to_the_frame() {
        let song = (0..40).map(|block| (block * 64 + if block >= 20 { 64 } else { 0 }, 64));
        assert_eq!(filled(song), 64);
    }

    proptest! {
        #[test]
        fn a_song_at_any_steady_speed_misses_nothing_in_any_blocks(
            blocks in prop::collection::vec(1usize..5_000, 20..200), speed in 0.1f64..4.0, start in 0i64..1_000_000,
        ) {
            let mut passed = 0;
            let song = blocks.into_iter().map(|frames| {
                let position = start + (passed as f64 * speed).round() as i64;
                passed += frames;
                (position, frames)
            });
            prop_assert_eq!(filled(song), 0);
        }

        #[test]
        fn file_time_stays_song_time_over_any_jumps_of_a_song_that_runs_evenly(
            stretches in prop::collection::vec((10usize..40, 16usize..2_000, 480i64..100_000), 1..20)
        ) {
            let (mut song, mut file, mut blocks) = (0i64, 0i64, Vec::new());
            for (count, frames, jump) in stretches {
                song += if blocks.is_empty() { 0 } else { jump };
                for _ in 0..count {
                    blocks.push((song, frames));
                    song += frames as i64;
                    file += frames as i64;
                }
            }
            prop_assert_eq!(file + filled(blocks), song);
        }
    }
}
