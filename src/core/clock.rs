//! One clock for the tracks of a host: where its song was at the frames of one stream, and, while it stands, where it would
//! have been.
//!
//! A host processes its tracks one after the other, on several threads, and some of them ahead of time. What all of them are
//! told alike is the position of the song while the transport runs. From there on each counts its own frames, so that they
//! agree while it stands, too.

use std::collections::VecDeque;
use std::sync::Arc;

/// More changes of the song are not remembered: those of five minutes in a loop of 110 frames.
const MAX_RUNS: usize = 1 << 17;

/// Clones share all but the newest so many changes.
const RUNS_A_PIECE: usize = 256;

/// Hosts process no more at once, in seconds: a stream hears of a jump so much later at most.
const MAX_BLOCK: f64 = 0.2;

/// The clock of one stream. Lives on the writer thread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clock {
    /// Each counts up to the next one.
    runs: Runs,
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

/// Runs, oldest first. The leader of a group tells its clock with each pass of a loop, so clones share what is old.
#[derive(Debug, Clone, Default, PartialEq)]
struct Runs {
    /// Each has [`RUNS_A_PIECE`].
    pieces: VecDeque<Arc<[Run]>>,
    /// The newest ones: at least one, if there are any.
    newest: Vec<Run>,
}

impl Runs {
    fn len(&self) -> usize {
        self.pieces.len() * RUNS_A_PIECE + self.newest.len()
    }

    fn get(&self, index: usize) -> Option<Run> {
        match self.pieces.get(index / RUNS_A_PIECE) {
            Some(piece) => piece.get(index % RUNS_A_PIECE).copied(),
            None => self.newest.get(index - self.pieces.len() * RUNS_A_PIECE).copied(),
        }
    }

    /// How many begin at this frame or before.
    fn up_to(&self, frame: u64) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.get(middle).is_some_and(|run| run.from <= frame) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Those that begin in `from..to`.
    fn between(&self, from: i64, to: i64) -> impl Iterator<Item = Run> {
        let before = |frame: i64| u64::try_from(frame - 1).map_or(0, |last| self.up_to(last));
        (before(from)..before(to)).filter_map(|index| self.get(index))
    }

    fn push(&mut self, run: Run) {
        self.newest.pop_if(|last| last.from == run.from);
        if self.newest.len() == RUNS_A_PIECE {
            self.pieces.push_back(std::mem::take(&mut self.newest).into());
        }
        self.newest.push(run);
        if self.len() > MAX_RUNS {
            self.pieces.pop_front();
        }
    }

    fn forget_before(&mut self, frame: u64) {
        // The run that holds at this frame began before.
        while self.pieces.front().is_some() && self.get(RUNS_A_PIECE).is_some_and(|next| next.from <= frame) {
            self.pieces.pop_front();
        }
    }

    fn clear(&mut self) {
        self.pieces.clear();
        self.newest.clear();
    }
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
        self.runs.push(Run { from, seconds, jumped });
    }

    /// Nobody asks any more for frames before this one.
    pub fn forget_before(&mut self, frame: u64) {
        self.runs.forget_before(frame);
    }

    /// Seconds at `frame` of a stream of `rate` frames a second; none where the song has never run.
    pub fn seconds_at(&self, frame: u64, rate: u32) -> Option<f64> {
        let run = self.run_of(frame)?;
        Some(run.seconds + (frame as f64 - run.from as f64) / f64::from(rate))
    }

    fn run_of(&self, frame: u64) -> Option<Run> {
        self.runs.get(self.runs.up_to(frame).saturating_sub(1))
    }

    /// The frame at which the clock shows this second: the one nearest to `near`, and no more than `most` frames away
    /// from it. A song that is played in a loop shows it again and again. Frames that are still to come count, too.
    pub fn place_of(&self, seconds: f64, rate: u32, near: i64, most: u64) -> Option<Place> {
        let block = (MAX_BLOCK * f64::from(rate)) as i64;
        let reach = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(block);
        let up_to = |frame: i64| u64::try_from(frame).map_or(0, |frame| self.runs.up_to(frame));
        let first = up_to(near.saturating_sub(reach)).saturating_sub(1);
        let candidates = (first..up_to(near.saturating_add(reach)).max(first + 1)).filter_map(|index| {
            let (run, next) = (self.runs.get(index)?, self.runs.get(index + 1));
            // The stream heard of a jump with a block of its own: in truth it was somewhat before.
            let begin = match run {
                _ if index == 0 => i64::MIN,
                Run { jumped: true, from, .. } => from as i64 - block,
                Run { jumped: false, from, .. } => from as i64,
            };
            let end = match next {
                None => i64::MAX,
                // Another stream, which heard of it later still, asks for what it took for the song until then.
                Some(Run { jumped: true, from, .. }) => from as i64 + block,
                Some(Run { jumped: false, from, .. }) => from as i64,
            };
            let frame = run.frame_at(seconds, rate);
            (begin..end).contains(&frame).then_some(frame)
        });
        let frame = candidates.min_by_key(|frame| frame.abs_diff(near)).filter(|frame| frame.abs_diff(near) <= most)?;
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
        let runs = self.runs.between(near.saturating_sub(most as i64), near.saturating_add(most as i64 + 1));
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
        self.runs.get(self.runs.up_to(frame)).map(|run| run.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn frame_at(clock: &Clock, seconds: f64, rate: u32, near: i64) -> Option<i64> {
        clock.place_of(seconds, rate, near, u64::MAX).map(|place| place.frame)
    }

    #[test]
    fn a_clock_that_never_ran_shows_nothing() {
        assert_eq!(
            (Clock::default().seconds_at(5, RATE), Clock::default().place_of(0.0, RATE, 0, u64::MAX)),
            (None, None)
        );
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
        assert_eq!(clock.place_of(17.0, RATE, 0, u64::MAX), None);
        clock.runs(50_000, 18.0, false);
        assert_eq!(clock.place_of(17.0, RATE, 0, u64::MAX), Some(Place { frame: 2_000, since: 50_000 }));
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

    #[test]
    fn what_a_stream_has_behind_a_jump_before_its_next_block_has_its_frame() {
        let mut clock = Clock::default();
        clock.runs(0, 10.0, false);
        // The song was back at 10.0 at frame 24,000 each time.
        clock.runs(24_500, 10.0 + 500.0 / 48_000.0, true);
        assert_eq!(frame_at(&clock, 10.0 + 100.0 / 48_000.0, RATE, 24_000), Some(24_100));
        // Another one hears of it later still, and has taken the song on until then.
        assert_eq!(frame_at(&clock, 10.5 + 700.0 / 48_000.0, RATE, 24_000), Some(24_700));
        // A song that is only told anew was nowhere else.
        clock.runs(60_000, 10.0, false);
        assert_eq!(frame_at(&clock, 9.99, RATE, 59_000), Some(23_520));
    }

    #[test]
    fn what_nobody_asks_for_any_more_is_forgotten_and_the_rest_is_not() {
        let mut clock = Clock::default();
        for pass in 0..10_000 {
            clock.runs(pass * 1_000, 10.0, true);
            clock.forget_before((pass * 1_000).saturating_sub(500_500));
        }
        assert!(clock.runs.len() <= 501 + 2 * RUNS_A_PIECE, "{}", clock.runs.len());
        let seconds = 10.0 + 250.0 / 48_000.0;
        assert!((9_499..10_000).all(|pass| frame_at(&clock, seconds, RATE, pass * 1_000) == Some(pass * 1_000 + 250)));
        assert_eq!(clock.seconds_at(9_499_250, RATE), Some(seconds));
        assert_eq!((clock.next_run(9_998_999), clock.next_run(9_999_000)), (Some(9_999_000), None));
        // Memory is not without end where nobody forgets.
        (10_000..300_000).for_each(|pass| clock.runs(pass * 1_000, 10.0, true));
        assert!(clock.runs.len() <= MAX_RUNS && clock.changes_at(200_000_000));
    }

    /// A stream of blocks that were cut at `phase` hears of the passes of a loop that begins anew each `length` frames;
    /// its own count of frames is `ahead` of the song's.
    fn looped(passes: u64, length: u64, (block, phase): (u64, u64), ahead: u64) -> Clock {
        let mut clock = Clock::default();
        clock.runs(ahead, 10.0 + 0.25 * length as f64 / f64::from(RATE), false);
        for pass in 0..passes {
            // It began at a quarter of the loop.
            let wrap = length * 3 / 4 + pass * length;
            let heard = (wrap + phase).next_multiple_of(block) - phase;
            let into = (heard - wrap) as f64 / f64::from(RATE);
            clock.runs(heard + ahead, 10.0 + into, true);
            clock.forget_before((heard + ahead).saturating_sub(300 * u64::from(RATE)));
        }
        clock
    }

    proptest! {
        #[test]
        fn in_a_loop_of_any_length_each_frame_of_hundreds_of_passes_has_its_place_in_the_other_stream(
            one in (1u64..4_096).prop_flat_map(|block| (Just(block), 0..block)),
            other in (1u64..4_096).prop_flat_map(|block| (Just(block), 0..block)),
            beyond in 1u64..100_000, passes in 20u64..400, later in 0u64..10,
            ago in 0.0f64..1.0, skew in -0.49f64..0.49, ahead in 0u64..1_000_000,
        ) {
            // A loop that is shorter is no row of jumps: nobody is told where it is.
            let length = 2 * one.0.max(other.0) + beyond;
            // The other one has come further when it is asked.
            let (this, that) = (looped(passes, length, one, 0), looped(passes + later, length, other, ahead));
            let end = passes * length;
            let at = end - ((end.min(280 * u64::from(RATE)) - 1) as f64 * ago) as u64;
            let seconds = this.seconds_at(at, RATE).unwrap();
            let near = (at + ahead) as i64 + (skew * length as f64) as i64;
            let found = that.place_of(seconds, RATE, near, 2 * u64::from(RATE)).map(|place| place.frame);
            prop_assert_eq!(found, Some((at + ahead) as i64));
        }

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
            let found = other.place_of(seconds, other_rate, same + 30, u64::MAX).unwrap().frame;
            prop_assert!((found - same).abs() <= i64::from(one_rate != other_rate), "{} {}", found, same);
        }
    }
}
