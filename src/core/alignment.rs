//! How members of a group find the same frame, each in blocks of its own.
//!
//! A host processes its tracks one after the other, on several threads, and some of them ahead of time. The members of
//! a group hear of what one of them does in the middle of a block at the beginning of one of theirs, too early or too
//! late. The song tells its place; while the song stands, what a member does itself within the next block is the same
//! thing, and counts instead.

use super::take::Song;

/// Hosts process no track further ahead of the others, in seconds, and throw away no more.
pub const MAX_AHEAD: f64 = 0.35;

/// The same, and the length of a block: what two members do is the same thing if it is no further apart.
const MAX_APART: f64 = MAX_AHEAD + 0.2;

/// Without the song a member waits for a block, but no longer than this, in seconds, whether it is to do by itself what
/// another one has done.
const PATIENCE: f64 = 0.1;

const MICROSECONDS: f64 = 1e6;

/// The place of the song when something is done, in microseconds from its beginning; none where it stands, or nobody
/// tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment(Option<i64>);

/// How far a member is from a moment that another one told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// It comes to it so many frames on.
    Ahead(u64),
    /// It has passed it so many frames ago.
    Behind(u64),
    /// The song does not tell, or is elsewhere.
    Unknown,
}

impl Moment {
    /// How many bits a moment takes.
    pub const BITS: u32 = 48;

    /// The moment of a block that begins there.
    pub fn of(song: &Song, rate: u32) -> Self {
        Self(song.position_frames.map(|position| {
            let seconds = song.seconds.unwrap_or(position as f64 / f64::from(rate));
            (seconds * MICROSECONDS).round() as i64
        }))
    }

    /// In the lowest [`BITS`](Self::BITS) bits.
    pub fn bits(self) -> u64 {
        self.0.map_or(0, |at| (at as u64) << 1 | 1) & ((1 << Self::BITS) - 1)
    }

    /// The moment from what [`bits`](Self::bits) gave; higher bits say nothing.
    pub fn from_bits(bits: u64) -> Self {
        let rest = u64::BITS - Self::BITS;
        Self((bits & 1 == 1).then_some((bits << rest) as i64 >> (rest + 1)))
    }

    /// How far a member that is at the moment `here` is from this one.
    pub fn distance(self, here: Self, rate: u32) -> Distance {
        let (Some(at), Some(here)) = (self.0, here.0) else { return Distance::Unknown };
        let seconds = (at - here) as f64 / MICROSECONDS;
        if seconds.abs() > MAX_APART {
            return Distance::Unknown;
        }
        // Positions are rounded.
        let frames = (seconds * f64::from(rate)).round();
        if frames < 0.0 { Distance::Behind(-frames as u64) } else { Distance::Ahead(frames as u64) }
    }

    /// The same, `frames` later.
    pub fn after(self, frames: u64, rate: u32) -> Self {
        Self(self.0.map(|at| at + (frames as f64 / f64::from(rate) * MICROSECONDS).round() as i64))
    }

    /// Whether the song came to this moment a little later than to `other`.
    pub fn is_just_behind(self, other: Self) -> bool {
        matches!((self.0, other.0), (Some(at), Some(other))
            if (1..=(MAX_APART * MICROSECONDS) as i64).contains(&(at - other)))
    }
}

/// Pause of a group as one of its members sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct PauseView {
    /// Its own.
    own: bool,
    /// The pause of all, as far as it has come to it.
    of_all: bool,
    /// Frames since it heard of what it has not come to.
    waited: u64,
    /// The longest block so far.
    block: u64,
}

/// The group's pause within a block: until a frame of it, and from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseTurn {
    pub before: bool,
    pub at: usize,
    pub after: bool,
}

impl PauseTurn {
    /// There is none.
    pub const NEVER: Self = Self { before: false, at: 0, after: false };

    /// Pause from frame `from` of a block of `frames` frames on, and where that ends.
    pub fn from(self, from: usize, frames: usize) -> (bool, usize) {
        if from < self.at { (self.before, frames.min(self.at)) } else { (self.after, frames) }
    }
}

impl PauseView {
    /// Its own is like this now. Says whether that is news for the others.
    pub fn turn(&mut self, own: bool) -> bool {
        std::mem::replace(&mut self.own, own) != own
    }

    /// Whether its own is on.
    pub fn is_own(self) -> bool {
        self.own
    }

    /// Nobody waits for the moment at which the pause became like this.
    pub fn take(&mut self, of_all: bool) {
        (self.of_all, self.waited) = (of_all, 0);
    }

    /// Somebody turned it to `of_all` at the moment `at`; this member is `here`, with a block of so many frames.
    pub fn follow(&mut self, of_all: bool, at: Moment, here: Moment, frames: usize, rate: u32) -> PauseTurn {
        self.block = self.block.max(frames as u64);
        let before = self.of_all;
        if of_all == before {
            self.waited = 0;
            return PauseTurn { before, at: frames, after: before };
        }
        let until = match at.distance(here, rate) {
            Distance::Ahead(frames) => frames,
            Distance::Behind(_) => 0,
            Distance::Unknown if at.0.is_some() => frames_in(PATIENCE, rate).saturating_sub(self.waited),
            Distance::Unknown if of_all => self.block.min(frames_in(PATIENCE, rate)).saturating_sub(self.waited),
            // At once: its own goes on as long as it is on.
            Distance::Unknown => 0,
        };
        if until < frames as u64 {
            self.take(of_all);
            PauseTurn { before, at: until as usize, after: of_all }
        } else {
            self.waited += frames as u64;
            PauseTurn { before, at: frames, after: before }
        }
    }
}

/// A marker that another member set and that waits whether this one sets the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedMarker {
    /// Frames since its place; negative where that is to come.
    ago: i64,
}

impl AwaitedMarker {
    /// The marker that was set at the moment `at`, where this member is `here`, and all of its last `unbroken` frames
    /// are in its take.
    pub fn new(at: Moment, here: Moment, unbroken: u64, rate: u32) -> Self {
        match at.distance(here, rate) {
            Distance::Ahead(frames) => Self { ago: -(frames as i64) },
            Distance::Behind(frames) => Self { ago: frames.min(unbroken) as i64 },
            Distance::Unknown => Self { ago: 0 },
        }
    }

    /// Frames passed.
    pub fn pass(&mut self, frames: u64) {
        self.ago += frames as i64;
    }

    /// Whether the member would have set the same by now.
    pub fn is_due(self, rate: u32) -> bool {
        self.ago >= max_apart(rate) as i64
    }

    /// Its place, that many frames before frame `frame` of the block; where that is to come, there.
    pub fn frames_ago(self, frame: usize) -> u64 {
        (self.ago + frame as i64).max(0) as u64
    }
}

/// Frames between two things that are no longer the same.
pub fn max_apart(rate: u32) -> u64 {
    frames_in(MAX_APART, rate)
}

fn frames_in(seconds: f64, rate: u32) -> u64 {
    (seconds * f64::from(rate)) as u64
}

/// How far the open take of a group has come, at the member that is ahead of all others. One value, so that nobody
/// takes what was of the take before for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupTime {
    /// Counted whenever a take begins while none is open.
    pub take: u16,
    /// The sound since the block in which it began.
    pub microseconds: u64,
}

impl GroupTime {
    const TAKE_BITS: u32 = 16;

    /// As one number.
    pub fn bits(self) -> u64 {
        self.microseconds << Self::TAKE_BITS | u64::from(self.take)
    }

    /// The value from what [`bits`](Self::bits) gave.
    pub fn from_bits(bits: u64) -> Self {
        Self { take: bits as u16, microseconds: bits >> Self::TAKE_BITS }
    }

    /// Frames from an earlier time to this one; none where they are of different takes.
    pub fn frames_since(self, earlier: Self, rate: u32) -> Option<i64> {
        let microseconds = self.microseconds as f64 - earlier.microseconds as f64;
        (self.take == earlier.take).then(|| (microseconds / MICROSECONDS * f64::from(rate)).round() as i64)
    }

    /// The same, `frames` later.
    pub fn after(self, frames: i64, rate: u32) -> Self {
        let microseconds = (frames as f64 / f64::from(rate) * MICROSECONDS).round() as i64;
        Self { microseconds: self.microseconds.saturating_add_signed(microseconds), ..self }
    }
}

/// A leap of the song that a member saw while it was processed all the time: the host dropped what it leapt over in
/// all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leap {
    /// In microseconds.
    length: u64,
    /// How far the take of the group had come.
    time: u64,
}

impl Leap {
    const LENGTH_BITS: u32 = 24;
    /// Positions are rounded.
    const ROUNDING: u64 = 100;
    /// Members come to it in blocks of their own.
    const APART: u64 = 1_000_000;
    const MAX_BLOCK: u64 = 200_000;

    /// A leap of so many frames, when the take had come so far.
    pub fn new(frames: u64, time: GroupTime, rate: u32) -> Self {
        let length = (frames as f64 / f64::from(rate) * MICROSECONDS).round() as u64;
        Self { length: length.min((1 << Self::LENGTH_BITS) - 1), time: time.microseconds }
    }

    /// As one number.
    pub fn bits(self) -> u64 {
        self.time << Self::LENGTH_BITS | self.length
    }

    /// The value from what [`bits`](Self::bits) gave.
    pub fn from_bits(bits: u64) -> Self {
        Self { length: bits & ((1 << Self::LENGTH_BITS) - 1), time: bits >> Self::LENGTH_BITS }
    }

    /// Whether the others went on meanwhile: one of them, whose last block ended at the moment `end`, has had what this
    /// one leapt over to be `here`. How far they came says so by itself where it is more than a block.
    pub fn is_alone(self, end: Moment, here: Moment) -> bool {
        let (Some(end), Some(here)) = (end.0, here.0) else { return true };
        self.length > Self::MAX_BLOCK || end > here - self.length as i64 / 2
    }

    /// Whether two members saw the same.
    pub fn is(self, other: Self) -> bool {
        self.length > 0
            && self.length.abs_diff(other.length) <= Self::ROUNDING
            && self.time.abs_diff(other.time) <= Self::APART
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATES: [u32; 4] = [44_100, 48_000, 96_000, 192_000];

    fn moment(base: f64, frame: u64, rate: u32) -> Moment {
        let seconds = base + frame as f64 / f64::from(rate);
        let position_frames = Some((seconds * f64::from(rate)).round() as i64);
        Moment::of(&Song { position_frames, seconds: Some(seconds), tempo: None }, rate)
    }

    /// The frames at which the group's pause turns at a member whose blocks are these, where another one, which is
    /// `ahead`, turns it at `toggles`.
    fn turns(base: f64, toggles: &[u64], blocks: &[u64], ahead: u64, rate: u32, is_own: bool) -> Vec<u64> {
        let (mut view, mut at, mut found, mut was) = (PauseView::default(), 0, Vec::new(), false);
        for &block in blocks.iter().cycle() {
            if at > toggles.last().unwrap() + u64::from(rate) {
                return found;
            }
            // Automation splits the block.
            let split = toggles.iter().find(|toggle| is_own && (at + 1..at + block).contains(*toggle));
            let block = split.map_or(block, |split| split - at);
            let passed = |frame: u64| toggles.iter().filter(|toggle| **toggle <= frame).count();
            let own = is_own && passed(at) % 2 == 1;
            let count = passed(at + ahead);
            let told = if count == 0 { Moment::default() } else { moment(base, toggles[count - 1], rate) };
            if view.turn(own) && own == (count % 2 == 1) {
                view.take(own);
            }
            let turn = view.follow(count % 2 == 1, told, moment(base, at, rate), block as usize, rate);
            let mut from = 0;
            while from < block as usize {
                let (of_all, end) = turn.from(from, block as usize);
                if (of_all || own) != was {
                    was = !was;
                    found.push(at + from as u64);
                }
                from = end;
            }
            at += block;
        }
        found
    }

    proptest! {
        #[test]
        fn a_pause_turns_on_its_sample_in_a_member_that_hears_of_it_before(
            base in -10.0f64..50_000.0, rate in prop::sample::select(&RATES[..]), is_own in any::<bool>(),
            gaps in prop::collection::vec(20_000u64..60_000, 2..6), blocks in prop::collection::vec(1u64..4_096, 1..6),
            ahead in 4_096u64..15_000,
        ) {
            let toggles: Vec<u64> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            prop_assert_eq!(turns(base, &toggles, &blocks, ahead, rate, is_own), toggles);
        }

        #[test]
        fn a_marker_that_another_member_told_of_is_on_its_sample(
            base in -10.0f64..50_000.0, rate in prop::sample::select(&RATES[..]), at in 20_000u64..30_000,
            ahead in -15_000i64..15_000, blocks in prop::collection::vec(1u64..4_096, 1..6),
        ) {
            let mut here = at.saturating_add_signed(-ahead);
            let mut marker = AwaitedMarker::new(moment(base, at, rate), moment(base, here, rate), 20_000, rate);
            for block in blocks.into_iter().cycle() {
                if marker.is_due(rate) {
                    break;
                }
                marker.pass(block);
                here += block;
            }
            prop_assert_eq!(here - marker.frames_ago(0), at);
        }

        #[test]
        fn moments_times_and_leaps_are_one_number_each(
            at in -(1i64 << 40)..1 << 40, time in 0u64..1 << 39, take in any::<u16>(),
        ) {
            let moment = Moment(Some(at));
            prop_assert_eq!(Moment::from_bits(moment.bits() | 0xFFFF << Moment::BITS), moment);
            let time = GroupTime { take, microseconds: time };
            prop_assert_eq!(GroupTime::from_bits(time.bits()), time);
            let leap = Leap::new(time.microseconds % 100_000, time, 48_000);
            prop_assert_eq!(Leap::from_bits(leap.bits()), leap);
        }
    }

    #[test]
    fn where_the_song_stands_or_is_elsewhere_what_the_member_does_itself_counts_for_a_while() {
        let (on, rate) = (true, 48_000);
        let mut view = PauseView::default();
        let mut follow = |here, frames| view.follow(on, Moment::default(), here, frames, rate);
        assert_eq!(follow(Moment::default(), 4_000), PauseTurn { before: false, at: 4_000, after: false });
        assert_eq!(follow(Moment::default(), 4_000), PauseTurn { before: false, at: 0, after: true });
        assert_eq!(view.follow(false, Moment::default(), Moment::default(), 100, rate).at, 0);
        assert_eq!(Moment::default().distance(moment(1.0, 0, rate), rate), Distance::Unknown);
        assert_eq!(moment(9.0, 0, rate).distance(moment(1.0, 0, rate), rate), Distance::Unknown);
        assert_eq!(moment(1.0, 0, rate).distance(moment(1.1, 0, rate), rate), Distance::Behind(4_800));
    }

    #[test]
    fn a_time_says_nothing_of_another_take() {
        let (one, other) = (GroupTime { take: 1, microseconds: 5_000_000 }, GroupTime { take: 2, microseconds: 0 });
        assert_eq!(
            (one.frames_since(other, 48_000), other.after(480, 48_000).frames_since(other, 48_000)),
            (None, Some(480))
        );
        assert_eq!(other.frames_since(other.after(48_000, 48_000), 48_000), Some(-48_000));
    }

    #[test]
    fn a_leap_of_another_length_or_long_ago_is_another_one() {
        let time = |microseconds| GroupTime { take: 1, microseconds };
        let leap = Leap::new(1_024, time(5_000_000), 48_000);
        assert!(leap.is(Leap::new(1_025, time(4_500_000), 48_000)));
        assert!(
            !leap.is(Leap::new(1_124, time(5_000_000), 48_000)) && !leap.is(Leap::new(1_024, time(9_000_000), 48_000))
        );
        assert!(!Leap::default().is(Leap::default()));
    }

    #[test]
    fn a_leap_over_what_nobody_has_had_is_one_of_all() {
        let rate = 48_000;
        let leap = Leap::new(1_000, GroupTime::default(), rate);
        let (before, behind) = (moment(5.0, 0, rate), moment(5.0, 1_000, rate));
        // The others are where this one is; or they have not been processed since.
        assert!(leap.is_alone(behind, behind) && !leap.is_alone(before, behind));
        assert!(Leap::new(20_000, GroupTime::default(), rate).is_alone(before, moment(5.0, 20_000, rate)));
        assert_eq!(before.after(1_000, rate), behind);
    }
}
