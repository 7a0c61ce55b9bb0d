//! The audio thread's part in a group: what this member tells the others, and what it sees of them. Wait-free.

use crate::core::format::Group;
use crate::link::Status;
use crate::link::groups::{self, GroupTime, Signals};
use std::time::Duration;

/// Markers that several members of a group set at once are one.
const MARKERS_A_SECOND: u64 = 10;

/// A look at the clock takes as long as a small block.
const LOOKS_A_SECOND: u64 = 20;

/// The audio thread's place in its group, and what was last seen of it.
#[derive(Debug)]
pub struct Member {
    of: Group,
    signals: Option<&'static Signals>,
    /// Seen so far.
    pub events: u64,
    markers: u64,
    /// Its own.
    pause: bool,
    marker: bool,
    /// Its take counts as an open one of the group.
    is_open: bool,
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
    /// Markers of several members that are no further apart are one.
    marker_frames: u64,
}

impl Member {
    /// Of no group yet.
    pub fn new(sample_rate: u32) -> Self {
        let marker_frames = u64::from(sample_rate) / MARKERS_A_SECOND;
        Self {
            of: Group::Off,
            signals: None,
            events: 0,
            markers: 0,
            pause: false,
            marker: false,
            is_open: false,
            event: None,
            sample_rate,
            take: None,
            passed: 0,
            lag: 0,
            last: Duration::ZERO,
            since_last: 0,
            waits: 0,
            frames_since_marker: marker_frames,
            marker_frames,
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
        if self.pause
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
        let away = match (has_waited, is_leap, is_gap) {
            (true, _, _) | (false, false, false) => 0,
            (false, true, _) => leap,
            (false, false, true) => grown,
        };
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
        let microseconds = u128::from(self.passed) * 1_000_000 / u128::from(self.sample_rate);
        signals.come_to(GroupTime { take, microseconds: microseconds as u64 });
    }

    /// Tells of its own Pause, where that changes.
    pub fn tell_pause(&mut self, pause: bool, is_new: bool) {
        let was_paused = std::mem::replace(&mut self.pause, pause);
        if let Some(signals) = self.signals
            && was_paused != pause
            && !is_new
        {
            signals.set_paused(pause);
        }
    }

    /// Tells of its own marker. Says whether another member has set one.
    pub fn follow_markers(&mut self, marker: bool, frames: usize, is_new: bool) -> bool {
        let Some(signals) = self.signals else { return false };
        let was_on = std::mem::replace(&mut self.marker, marker);
        let is_set = marker && !was_on && !is_new;
        let seen = signals.markers();
        let is_anothers = seen != self.markers && !is_new && self.frames_since_marker >= self.marker_frames;
        self.markers = seen + u64::from(is_set);
        if is_set {
            signals.count_marker();
        }
        self.frames_since_marker = if is_set || is_anothers { 0 } else { self.frames_since_marker + frames as u64 };
        is_anothers && !is_set
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Frames in so much sound.
pub fn frames_of(sound: Duration, sample_rate: u32) -> u64 {
    (sound.as_nanos() * u128::from(sample_rate) / 1_000_000_000) as u64
}
