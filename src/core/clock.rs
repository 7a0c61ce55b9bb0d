//! One clock for the tracks of a host: where its song was at the frames of one stream, and, while it stands, where it would
//! have been.
//!
//! A host processes its tracks one after the other, on several threads, and some of them ahead of time. What all of them are
//! told alike is the position of the song while the transport runs. From there on each counts its own frames, so that they
//! agree while it stands, too.

use std::collections::VecDeque;

/// Where the song began to run, or jumped to, is remembered so many times.
const MOST_RUNS: usize = 16;

/// Of one stream. Lives on the writer thread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clock {
    /// Oldest first. Each counts up to the next one.
    runs: VecDeque<Run>,
    /// Frames before this one are of another time: the stream was interrupted there.
    since: u64,
}

/// From one frame on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    from: u64,
    /// Of the song, there.
    seconds: f64,
    /// The song jumped there, or it was only told anew.
    jumped: bool,
}

/// A change of the song in one stream, and how much further the other stream had come at the same one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partner {
    /// Frames of the other stream, negative where it came to it earlier.
    pub later: i64,
    /// The song jumped in both.
    pub jumped: bool,
}

impl Run {
    fn frame_at(self, seconds: f64, rate: u32) -> i64 {
        self.from as i64 + ((seconds - self.seconds) * f64::from(rate)).round() as i64
    }
}

/// Where something lies in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Negative where it was before the stream began.
    pub frame: i64,
    /// What the stream has before this frame is of another time.
    pub since: u64,
}

impl Clock {
    /// The stream was interrupted before frame `from`, nobody knows for how long.
    pub fn begin_again(&mut self, from: u64) {
        self.runs.clear();
        self.since = from;
    }

    /// What the stream has before this frame is of another time.
    pub fn since(&self) -> u64 {
        self.since
    }

    /// From frame `from` on, behind all before, the song runs from this second on. It may have `jumped` there.
    pub fn runs(&mut self, from: u64, seconds: f64, jumped: bool) {
        if self.runs.back().is_some_and(|run| run.from == from) {
            self.runs.pop_back();
        }
        if self.runs.len() == MOST_RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(Run { from, seconds, jumped });
    }

    /// Seconds at `frame` of a stream of `rate` frames a second; none where the song has never run.
    pub fn seconds_at(&self, frame: u64, rate: u32) -> Option<f64> {
        let run = self.run_of(frame)?;
        Some(run.seconds + (frame as f64 - run.from as f64) / f64::from(rate))
    }

    fn run_of(&self, frame: u64) -> Option<Run> {
        let index = self.runs.partition_point(|run| run.from <= frame).saturating_sub(1);
        self.runs.get(index).copied()
    }

    /// Of the frames at which the clock shows this second, the one that is nearest to `near`; a song that is played in a loop
    /// shows it again and again. Frames that are still to come count, too.
    pub fn place_of(&self, seconds: f64, rate: u32, near: i64) -> Option<Place> {
        let ends = self.runs.iter().skip(1).map(|run| run.from as i64).chain([i64::MAX]);
        let candidates = self.runs.iter().zip(ends).enumerate().filter_map(|(index, (run, end))| {
            let frame = run.frame_at(seconds, rate);
            let is_its_own = frame < end && (index == 0 || frame >= run.from as i64);
            is_its_own.then_some(frame)
        });
        let frame = candidates.min_by_key(|frame| frame.abs_diff(near))?;
        Some(Place { frame, since: self.since })
    }

    /// Where the clock would have shown this second if the song that is there at `frame` had always run: the stream was
    /// interrupted before that began.
    pub fn place_before(&self, frame: u64, seconds: f64, rate: u32) -> Option<Place> {
        let run = self.run_of(frame)?;
        Some(Place { frame: run.frame_at(seconds, rate), since: run.from.max(self.since) })
    }

    /// Which change of the song in this stream is the one that `other` has at its frame `at`: not further away than `most` frames
    /// of this stream from its frame `near`, and at the same place of the song. None where `other` has no change there, or this
    /// stream none that fits.
    pub fn partner(&self, rate: u32, near: i64, most: u64, other: &Clock, at: u64) -> Option<Partner> {
        let change = other.run_of(at).filter(|run| run.from == at)?;
        let runs = self.runs.iter().filter(|run| (run.from as i64).abs_diff(near) <= most);
        let partners = runs.map(|run| Partner {
            later: run.frame_at(change.seconds, rate) - near,
            jumped: run.jumped && change.jumped,
        });
        partners
            .filter(|partner| partner.later.unsigned_abs() <= most)
            .min_by_key(|partner| partner.later.unsigned_abs())
    }

    /// Whether the song changes at this frame.
    pub fn changes_at(&self, frame: u64) -> bool {
        self.run_of(frame).is_some_and(|run| run.from == frame)
    }

    /// The next frame behind `frame` at which the song begins to run, or jumps.
    pub fn next_run(&self, frame: u64) -> Option<u64> {
        self.runs.get(self.runs.partition_point(|run| run.from <= frame)).map(|run| run.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn frame_at(clock: &Clock, seconds: f64, rate: u32, near: i64) -> Option<i64> {
        clock.place_of(seconds, rate, near).map(|place| place.frame)
    }

    #[test]
    fn a_clock_that_never_ran_shows_nothing() {
        assert_eq!((Clock::default().seconds_at(5, RATE), Clock::default().place_of(0.0, RATE, 0)), (None, None));
    }

    #[test]
    fn of_the_passes_of_a_loop_the_nearest_counts() {
        let mut clock = Clock::default();
        (0..4).for_each(|pass| clock.runs(pass * 48_000, 10.0, true));
        assert_eq!(frame_at(&clock, 10.5, RATE, 70_000), Some(72_000));
        assert_eq!(frame_at(&clock, 10.5, RATE, 100_000), Some(120_000));
        assert_eq!(frame_at(&clock, 10.5, RATE, 1_000_000), Some(168_000));
        assert_eq!(clock.seconds_at(130_000, RATE), Some(10.0 + 34_000.0 / 48_000.0));
    }

    #[test]
    fn what_is_still_to_come_and_what_was_before_the_song_ran_have_their_frames() {
        let mut clock = Clock::default();
        clock.runs(1_000, 2.0, false);
        assert_eq!(frame_at(&clock, 3.0, RATE, 0), Some(49_000));
        assert_eq!(frame_at(&clock, 1.0, RATE, 0), Some(-47_000));
        assert_eq!(clock.seconds_at(0, RATE), Some(2.0 - 1_000.0 / 48_000.0));
    }

    #[test]
    fn what_an_interrupted_stream_has_from_before_is_of_another_time() {
        let mut clock = Clock::default();
        clock.runs(0, 5.0, false);
        // Asleep for ten seconds.
        clock.runs(48_000, 16.0, false);
        assert_eq!(clock.place_before(48_100, 14.0, RATE), Some(Place { frame: -48_000, since: 48_000 }));
        assert_eq!((clock.next_run(0), clock.next_run(48_000)), (Some(48_000), None));
        clock.begin_again(50_000);
        assert_eq!(clock.place_of(17.0, RATE, 0), None);
        clock.runs(50_000, 18.0, false);
        assert_eq!(clock.place_of(17.0, RATE, 0), Some(Place { frame: 2_000, since: 50_000 }));
    }

    #[test]
    fn a_jump_that_two_streams_see_in_blocks_of_their_own_is_one() {
        let (mut one, mut other) = (Clock::default(), Clock::default());
        one.runs(0, 13.0, false);
        other.runs(0, 13.0, false);
        one.runs(60_000, 3.0, true);
        // The same, seen 500 frames later; and 400 frames that were thrown away.
        other.runs(60_900, 3.0 + 500.0 / 48_000.0, true);
        let most = 96_000;
        assert_eq!(other.partner(RATE, 60_000, most, &one, 60_000), Some(Partner { later: 400, jumped: true }));
        assert_eq!(one.partner(RATE, 60_900, most, &other, 60_900), Some(Partner { later: -400, jumped: true }));
        assert_eq!(one.partner(RATE, 60_900, most, &other, 60_901), None);
        assert!(other.changes_at(60_900) && !other.changes_at(60_901));
    }

    proptest! {
        #[test]
        fn two_streams_that_were_told_at_other_frames_agree_to_the_frame(
            starts in prop::collection::vec((1u64..200_000, 0.0f64..1_000.0), 1..20),
            late in 0u64..100, into in 0u64..50_000, rates in prop::sample::select(vec![(48_000u32, 48_000u32), (44_100, 96_000)]),
        ) {
            let (one_rate, other_rate) = rates;
            let (mut one, mut other) = (Clock::default(), Clock::default());
            let mut frame = 0;
            for (frames, seconds) in starts {
                one.runs(frame, seconds, true);
                // Its blocks are others, so it hears of it some frames later.
                let time = frame as f64 / f64::from(one_rate);
                let from = (time * f64::from(other_rate)).ceil() as u64 + late;
                other.runs(from, seconds + from as f64 / f64::from(other_rate) - time, true);
                frame += frames + 2_000;
            }
            let at = frame + into;
            let seconds = one.seconds_at(at, one_rate).unwrap();
            let same = (at as f64 / f64::from(one_rate) * f64::from(other_rate)).round() as i64;
            let found = other.place_of(seconds, other_rate, same + 30).unwrap().frame;
            prop_assert!((found - same).abs() <= i64::from(one_rate != other_rate), "{} {}", found, same);
        }
    }
}
