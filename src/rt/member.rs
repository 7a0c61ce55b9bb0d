//! The audio thread's part in a group: what this member tells the others, and what it sees of them. Wait-free.

use crate::core::alignment::{AwaitedMarker, GroupTime, Leap, Moment, PauseTurn, PauseView, max_apart};
use crate::core::format::Group;
use crate::core::take::Song;
use crate::link::Status;
use crate::link::groups::{self, Signals};
use std::time::Duration;

/// A look at the clock takes as long as a small block.
const LOOKS_A_SECOND: u64 = 20;

/// The audio thread's place in its group, and what was last seen of it.
#[derive(Debug)]
pub struct Member {
    of: Group,
    signals: Option<&'static Signals>,
    /// Seen so far.
    pub events: u64,
    markers: u16,
    pause: PauseView,
    /// Its own.
    marker: bool,
    /// The marker of another one.
    awaited: Option<AwaitedMarker>,
    /// Its take counts as an open one of the group.
    is_open: bool,
    /// The moment of the song at the first frame of the block.
    here: Moment,
    /// Of the last take that its record stood for.
    pub event: Option<u64>,
    sample_rate: u32,
    /// Which take of the group this is about.
    take: Option<u16>,
    /// Frames that passed since the block in which it began, those in which this member was not processed included.
    passed: u64,
    /// So many frames the member that is ahead of all others was ahead of this one.
    lag: u64,
    /// When the clock was looked at, and frames that passed since.
    last: Duration,
    since_last: u64,
    /// How often this member has waited for its writer.
    waits: u64,
    /// Since the last marker, whoever set it.
    frames_since_marker: u64,
    /// The last frames, as far as all of them are in its take.
    unbroken: u64,
}

impl Member {
    /// Of no group yet.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            of: Group::Off,
            signals: None,
            events: 0,
            markers: 0,
            pause: PauseView::default(),
            marker: false,
            awaited: None,
            is_open: false,
            here: Moment::default(),
            event: None,
            sample_rate,
            take: None,
            passed: 0,
            lag: 0,
            last: Duration::ZERO,
            since_last: 0,
            waits: 0,
            frames_since_marker: max_apart(sample_rate),
            unbroken: 0,
        }
    }

    /// Says whether it is in another group than before.
    pub fn sit(&mut self, of: Group, signals: Option<&'static Signals>) -> bool {
        let is_new = self.of != of;
        if is_new {
            self.leave();
            (self.of, self.signals, self.take) = (of, signals, None);
        }
        is_new
    }

    /// A pause that it asked for is over, and so is its take.
    pub fn leave(&mut self) {
        self.follow_take(false);
        if self.pause.is_own()
            && let Some(signals) = self.signals
        {
            signals.set_paused(false);
        }
        (self.of, self.signals) = (Group::Off, None);
    }

    /// Whether the take that its record stands for is another member's, as far as the writer has come.
    pub fn is_led(&self, status: &Status) -> bool {
        self.event.is_some() && status.led_event() == self.event
    }

    /// Whether its take is open. Says whether it is now, as the first one of the group.
    pub fn follow_take(&mut self, is_open: bool) -> bool {
        let Some(signals) = self.signals else { return false };
        match (std::mem::replace(&mut self.is_open, is_open), is_open) {
            (false, true) => return signals.count_open(),
            (true, false) => signals.count_closed(),
            (true, true) | (false, false) => {}
        }
        false
    }

    /// Says for how many frames the host did not process this member before the next block, while others went on: for so long that
    /// nothing else is like it. `leap` frames of a song that ran evenly are missing, which is the time that has passed; or where the
    /// song says nothing, a second or more passed here without a block, and as much of sound at others. A host that
    /// only processes others further ahead keeps no member waiting for so long, and a render has another time.
    pub fn follow_time(&mut self, leap: u64, waits: u64) -> u64 {
        let Some(signals) = self.signals.filter(|signals| signals.has_open()) else {
            self.take = None;
            return 0;
        };
        let has_waited = std::mem::replace(&mut self.waits, waits) != waits;
        let time = signals.time();
        let furthest = frames_of(Duration::from_micros(time.microseconds), self.sample_rate);
        if self.take.replace(time.take) != Some(time.take) {
            (self.passed, self.lag) = (furthest, 0);
            self.look_at_clock();
            return 0;
        }
        let lag = furthest.saturating_sub(self.passed);
        let grown = lag.saturating_sub(self.lag);
        let second = u64::from(self.sample_rate);
        if leap == 0 && grown < second {
            self.lag = lag;
            return 0;
        }
        let waited = self.look_at_clock();
        let is_leap = leap > 0 && 5 * waited >= 4 * leap && grown.abs_diff(leap) <= (second / 2).min(leap / 2);
        let is_gap = waited >= second && grown.abs_diff(waited) <= waited / 4;
        let seen = Leap::new(leap, GroupTime { take: time.take, ..self.time() }, self.sample_rate);
        let is_alone = !signals.has_leapt(seen) && seen.is_alone(signals.song(), self.here);
        let away = match (has_waited, is_leap && is_alone, is_gap) {
            (true, _, _) | (false, false, false) => 0,
            (false, true, _) => leap,
            (false, false, true) => grown,
        };
        if leap > 0 && away == 0 {
            // The host dropped it, in all.
            signals.set_leap(seen);
        }
        self.passed += away;
        self.lag = lag.saturating_sub(away);
        away
    }

    /// Says for how many frames nothing came since the last look.
    fn look_at_clock(&mut self) -> u64 {
        let now = groups::now();
        let passed = frames_of(now.saturating_sub(std::mem::replace(&mut self.last, now)), self.sample_rate);
        passed.saturating_sub(std::mem::take(&mut self.since_last))
    }

    /// So many frames passed.
    pub fn pass(&mut self, frames: u64) {
        self.frames_since_marker = self.frames_since_marker.saturating_add(frames);
        if let Some(marker) = &mut self.awaited {
            marker.pass(frames);
        }
        let Some(signals) = self.signals.filter(|signals| signals.has_open()) else { return };
        let take = signals.time().take;
        if self.take.replace(take) != Some(take) {
            // It began within the block, or another member's did meanwhile.
            (self.passed, self.lag) = (0, 0);
            self.look_at_clock();
        }
        self.passed += frames;
        self.since_last += frames;
        if self.since_last * LOOKS_A_SECOND >= u64::from(self.sample_rate) {
            self.look_at_clock();
        }
        signals.come_to(GroupTime { take, ..self.time() }, self.here.after(frames, self.sample_rate));
    }

    /// How far it has come in the take of the group.
    pub fn time(&self) -> GroupTime {
        let microseconds = u128::from(self.passed) * 1_000_000 / u128::from(self.sample_rate);
        GroupTime { take: self.take.unwrap_or_default(), microseconds: microseconds as u64 }
    }

    /// The next block begins where the song is there.
    pub fn follow_song(&mut self, song: &Song) {
        self.here = Moment::of(song, self.sample_rate);
    }

    /// The next frames are in its take, or in none.
    pub fn follow_step(&mut self, is_recorded: bool, frames: usize) {
        self.unbroken = if is_recorded { self.unbroken + frames as u64 } else { 0 };
    }

    /// Tells of its own Pause, where that changes, and says when that of the group does within the next block of so
    /// many frames.
    pub fn follow_pause(&mut self, own: bool, frames: usize, is_new: bool) -> PauseTurn {
        let here = self.here;
        let is_turned = self.pause.turn(own);
        let Some(signals) = self.signals else { return PauseTurn::NEVER };
        if is_turned && !is_new {
            signals.turn_pause(own, here);
        }
        let (is_paused, at) = signals.pause();
        if is_new || !signals.has_open() || (is_turned && own == is_paused) {
            self.pause.take(is_paused);
        }
        self.pause.follow(is_paused, at, here, frames, self.sample_rate)
    }

    /// Tells of its own marker, and takes note of those of others in its open take. Says so many frames ago another one
    /// has set one that this one has not set itself.
    pub fn follow_markers(&mut self, marker: bool, is_open: bool, is_new: bool) -> Option<u64> {
        let (signals, here) = (self.signals?, self.here);
        let was_on = std::mem::replace(&mut self.marker, marker);
        let is_set = marker && !was_on && !is_new;
        let (seen, at) = signals.marker();
        let is_anothers = seen != self.markers && !is_new && self.frames_since_marker >= max_apart(self.sample_rate);
        self.markers = seen;
        if is_set {
            signals.set_marker(here);
            (self.markers, self.awaited) = (seen.wrapping_add(1), None);
        } else if is_anothers {
            self.awaited = is_open.then(|| AwaitedMarker::new(at, here, self.unbroken, self.sample_rate));
        }
        if is_set || is_anothers {
            self.frames_since_marker = 0;
        }
        self.awaited.take_if(|marker| marker.is_due(self.sample_rate)).map(|marker| marker.frames_ago(0))
    }

    /// The take ends, or is paused, at this frame of the block: a marker of another member counts now. Says so many
    /// frames ago that was set.
    pub fn take_marker(&mut self, frame: usize) -> Option<u64> {
        self.awaited.take().map(|marker| marker.frames_ago(frame))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Frames in so much sound.
fn frames_of(sound: Duration, sample_rate: u32) -> u64 {
    (sound.as_nanos() * u128::from(sample_rate) / 1_000_000_000) as u64
}
