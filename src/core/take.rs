//! The take's state machine: which frames belong to a take, which to the history, and which marks the writer is still owed.
//!
//! `record` is level-triggered: a take begins with the first frame that passes while record is on and pause is off,
//! and ends when record goes off. Marks that the queue has no room for are owed and stay in order; a take that begins
//! again before its end could be told simply goes on, and the merge is counted.
//!
//! What passes while no take is open is history, where one is kept: a take may begin with some of it (pre-roll), and
//! Capture makes a take of it. History that the queue has no room for begins again behind the frames that were lost.

use super::alignment::GroupTime;
use super::channels::ChannelSet;
use super::format::{BitRate, Codec, Dither, FileType, Files, Group, Rate, RateMatch, Split, Start};
use std::time::Duration;

/// The furthest position from the beginning of a song that counts, in seconds: three years. Hosts that tell more tell
/// the ends of their numbers' range.
pub const MAX_SONG_SECONDS: f64 = 1e8;

/// The same in frames at any rate. Sums of positions and differences between them stay far from the ends of their type.
pub const MAX_SONG_FRAMES: u64 = 1 << 50;

/// What a take is recorded with: the values at its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeSettings {
    pub file_type: FileType,
    pub codec: Codec,
    pub bit_rate: BitRate,
    /// Find an unused name instead of replacing a file.
    pub unique_suffix: bool,
    /// What `{suffix}` becomes while `unique_suffix` is off, 0 to 9999.
    pub n: u16,
    /// The rate that is wanted in the file.
    pub rate: Rate,
    /// What happens when another one arrives.
    pub rate_match: RateMatch,
    /// Measure how loud the take is.
    pub loudness: bool,
    pub dither: Dither,
    /// Where the take goes on in its next file.
    pub split: Split,
    pub files: Files,
    /// What `{group}` becomes.
    pub group: Group,
    /// What `{take}` becomes; 0 where that is not known yet.
    pub take: u64,
    /// Which state of the saved texts (file, track name, …) was in force.
    pub text_revision: u64,
    /// Nobody pressed Record for this take: it was on when the instance was activated, or came with a saved state. No
    /// file is replaced, whatever `unique_suffix` says.
    pub keeps_existing: bool,
}

impl TakeSettings {
    /// What the parameters are before anyone changes them.
    pub const DEFAULT: Self = Self {
        file_type: FileType::Wav,
        codec: Codec::Pcm24,
        bit_rate: BitRate::Cbr192,
        unique_suffix: true,
        n: 0,
        rate: Rate::Host,
        rate_match: RateMatch::First,
        // It doubles what a take costs.
        loudness: false,
        dither: Dither::Off,
        split: Split::Off,
        files: Files::One,
        group: Group::Off,
        take: 0,
        text_revision: 0,
        keeps_existing: false,
    };
}

/// Where the host's song stands at the first frame of a block.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Song {
    /// The position in frames; only while the transport runs.
    pub position_frames: Option<i64>,
    /// The position in seconds.
    pub seconds: Option<f64>,
    /// Beats per minute.
    pub tempo: Option<f64>,
}

impl Song {
    /// Takes what a host tells of its song at a frame: the position twice, in frames and in seconds, and whether the
    /// transport runs. A position or a tempo that cannot be is not known.
    pub fn told(frames: Option<i64>, seconds: Option<f64>, runs: bool, tempo: Option<f64>) -> Self {
        let can_be = |&(frames, seconds): &(i64, f64)| {
            frames.unsigned_abs() <= MAX_SONG_FRAMES && seconds.abs() <= MAX_SONG_SECONDS
        };
        let place = frames.zip(seconds).filter(can_be);
        Self {
            position_frames: place.filter(|_| runs).map(|(frames, _)| frames),
            seconds: place.map(|(_, seconds)| seconds),
            tempo: tempo.filter(|tempo| tempo.is_finite() && *tempo > 0.0),
        }
    }

    /// Returns where the song stands `frames` frames later, at `sample_rate` frames per second. It goes round in `cycle`.
    pub fn after(self, frames: usize, sample_rate: u32, cycle: Option<Cycle>) -> Self {
        let Some(position) = self.position_frames else { return self };
        let later = position + frames as i64;
        let later = cycle.filter(|cycle| position < cycle.end).map_or(later, |cycle| cycle.fold(later));
        self.moved_to(later, sample_rate)
    }

    /// Returns the same song at another frame, at `sample_rate` frames per second.
    pub fn moved_to(self, position: i64, sample_rate: u32) -> Self {
        let Some(before) = self.position_frames else { return self };
        let seconds = self.seconds.map(|seconds| seconds + (position - before) as f64 / f64::from(sample_rate));
        Self { position_frames: Some(position), seconds, ..self }
    }
}

/// The loop that the host plays, in frames of the song: the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle {
    start: i64,
    end: i64,
}

impl Cycle {
    /// Returns the loop, or nothing where it has no frame.
    pub fn new(start: i64, end: i64) -> Option<Self> {
        let can_be = |frames: i64| frames.unsigned_abs() <= MAX_SONG_FRAMES;
        (start < end && can_be(start) && can_be(end)).then_some(Self { start, end })
    }

    /// Returns where the song is that was to be at `position` if it had not gone round.
    pub fn fold(self, position: i64) -> i64 {
        if position < self.end { position } else { self.start + (position - self.end) % (self.end - self.start) }
    }

    /// Returns how many frames the song still plays until it goes round.
    pub fn frames_left(self, position: i64) -> Option<u64> {
        u64::try_from(self.end - position).ok().filter(|frames| *frames > 0)
    }
}

/// What the host says of its transport in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostTransport {
    /// The host tells of its transport at all.
    pub is_told: bool,
    pub runs: bool,
    /// The host's own record is on.
    pub records: bool,
    /// The host counts in: the song is still to begin.
    pub counts_in: bool,
    /// The loop that it plays.
    pub cycle: Option<Cycle>,
}

/// A moment that all members of a group see, each at the beginning of one of its blocks: every take of the group has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupEvent {
    pub group: Group,
    /// Counted from 1 on, in the group.
    pub number: u64,
    /// The member that made it had so many frames of its block before the take's first one that is no history.
    pub frames_before: u64,
    /// Since a moment that is the same for all members.
    pub made: Duration,
    /// How far the take of the group that was open had come at that block, or that this one begins with it.
    pub time: GroupTime,
}

/// All that is fixed for a take by its first frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakeStart {
    pub settings: TakeSettings,
    /// The channels that are recorded.
    pub channels: ChannelSet,
    /// At the first frame that is no history.
    pub song: Song,
    /// The take begins with so many frames of the history, the newest ones.
    pub preroll_frames: u64,
    /// The other members of the group record with it.
    pub event: Option<GroupEvent>,
}

/// The parameters of one block; constant within it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Controls {
    pub record: bool,
    pub pause: bool,
    /// Sets a marker when it goes on.
    pub marker: bool,
    /// Makes a take of the history when it goes on.
    pub capture: bool,
    /// Keep the take to the host's timeline.
    pub time_slice: bool,
    /// What a take waits for while `record` is on.
    pub start: Start,
    /// Sound beyond this, in dBFS, starts a take.
    pub threshold: f32,
    /// The take ends so many frames after the last one beyond the threshold.
    pub hold_frames: u64,
    /// A take begins with so many frames of the history.
    pub preroll_frames: u64,
    /// So many frames of the history are kept for Capture.
    pub keep_frames: u64,
    /// Which instances record together.
    pub group: Group,
    /// A member of a group keeps so many frames of the history besides.
    pub group_frames: u64,
    pub settings: TakeSettings,
    /// The channels that a take which begins now records.
    pub channels: ChannelSet,
    pub song: Song,
    /// The song goes round to the beginning of its loop with the first frame.
    pub wraps: bool,
    pub transport: HostTransport,
    /// A saved state was loaded before this block: a switch that is on because of that was not pressed.
    pub is_loaded: bool,
}

impl Controls {
    /// What the parameters are before anyone changes them, but with no history and all of `channels` channels.
    pub const fn plain(channels: usize) -> Self {
        Self {
            record: false,
            pause: false,
            marker: false,
            capture: false,
            time_slice: false,
            start: Start::Now,
            threshold: -40.0,
            hold_frames: 0,
            preroll_frames: 0,
            keep_frames: 0,
            group: Group::Off,
            group_frames: 0,
            settings: TakeSettings::DEFAULT,
            channels: ChannelSet::first(channels),
            song: Song { position_frames: None, seconds: None, tempo: None },
            wraps: false,
            is_loaded: false,
            transport: HostTransport { is_told: false, runs: false, records: false, counts_in: false, cycle: None },
        }
    }

    /// How many frames of the history are kept.
    fn history_frames(&self) -> u64 {
        let frames = self.keep_frames.max(self.preroll_frames);
        if self.group == Group::Off { frames } else { frames + self.group_frames }
    }
}

/// What travels between the frames of a take, in order with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// The host stopped processing before this place, or activated the instance anew: nobody knows for how long.
    Interrupted,
    /// A take begins; the frames that follow belong to it.
    Begin(TakeStart),
    /// From here on the song is at another place than expected. It jumped there if it goes on evenly, and runs at another
    /// speed than the sound if not: [`Settled`](Self::Settled) says which. Only in a take.
    Ahead {
        /// Silence for so many frames belongs here if the song jumped.
        missing: u64,
        /// The second at which the song is from here on; none where a jump is too short to be told.
        jumps_to: Option<Option<f64>>,
    },
    /// The song [jumped](Self::Ahead), or did not.
    Settled { jumped: bool },
    /// So many frames of the take are silence here. `lost` of them came in and could not be kept; the others are time
    /// of the song that brought no frames.
    Gap { frames: u64, lost: u64 },
    /// The take is paused from here on, and the frames that follow are left out of it. Only in a group: its other members need to
    /// hear of it before it is over.
    PauseBegins,
    /// So many frames were left out here because the take was paused, besides those that came.
    Pause { frames: u64 },
    /// So many frames of the history were lost here.
    HistoryLost { frames: u64 },
    /// For so many frames the host did not process this member, while a take of its group went on.
    Away { frames: u64 },
    /// From here on the song runs from this second on; none where it stands, or nobody tells. It may have `jumped` there,
    /// or have gone on while the take was paused. That was so many frames before this place.
    Song { seconds: Option<f64>, jumped: bool, frames_ago: u64 },
    /// The user set a marker, so many frames before this place.
    Marker { frames_ago: u64 },
    /// The take ends. So many frames were left out before because it was paused.
    End { left_out: u64, record: bool },
    /// From here on so many frames of the history are kept; none, where it is 0.
    HistoryLength { frames: u64 },
    /// The history begins, or begins again; the frames outside of takes that follow belong to it.
    HistoryBegins(HistoryStart),
    /// Some of the history becomes a take.
    Capture(Capture),
    /// The block that begins here is the first one that belongs to a group, to none any more, or that saw an event of it.
    Group(GroupSight),
}

/// What a member of a group tells with its block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupSight {
    pub group: Group,
    /// Events of the group so far.
    pub events: u64,
    /// What a take of this member is recorded with.
    pub settings: TakeSettings,
    /// At the block's first frame.
    pub song: Song,
    /// When that was, since a moment that is the same for all members.
    pub at: Duration,
    /// The event of the take that was open, if one was.
    pub open_event: Option<u64>,
    /// How far the take of the group had come, if one was open.
    pub time: GroupTime,
    /// So often this member has waited for its writer so far.
    pub waits: u64,
}

/// What is known where the history begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryStart {
    /// The channels that are kept.
    pub channels: ChannelSet,
    pub song: Song,
}

/// A take of the history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture {
    pub settings: TakeSettings,
    /// The last so many frames, as far as they are in no take.
    pub frames: u64,
    /// Beats per minute.
    pub tempo: Option<f64>,
    /// The other members of the group keep the same time.
    pub event: Option<GroupEvent>,
}

/// What [`TakeMachine::step`] says of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// No take is open and the block belongs to none.
    Idle,
    /// No take is open, and the block belongs to the history.
    Keep,
    /// The block belongs to the open take.
    Record,
    /// The block belongs to the open take, whose end could not be told before it began again: two takes became one.
    RecordMerged,
    /// A take is open, and paused.
    Pause,
}

/// Marks not yet sent, always in this order: what was lost before, what is seen of the group, then the take, then the history
/// behind its end.
#[derive(Debug, Default)]
struct Owed {
    /// Before all else that is owed.
    interrupted: bool,
    /// Before all else that is owed but that.
    away: u64,
    /// Of the history, before all else that is owed.
    lost_history: u64,
    group: Option<GroupSight>,
    begin: Option<TakeStart>,
    /// The song jumped where [`Mark::Ahead`] said that it may have, or did not.
    settled: Option<bool>,
    gap_frames: u64,
    lost_frames: u64,
    /// The take is paused, behind all of it that is owed.
    pause_begins: bool,
    /// Told once the take goes on.
    paused_frames: Option<u64>,
    ahead: Option<Ahead>,
    song: Option<SongChange>,
    /// The frames of the gap that came behind the marker. Others that are set before it can be told are left out.
    marker: Option<u64>,
    /// With the frames that were left out before.
    end: Option<End>,
    history_frames: Option<u64>,
    history: Option<HistoryStart>,
    /// Of the history.
    kept_song: Option<SongChange>,
    /// Another one that is asked for before it can be told finds nothing to keep.
    capture: Option<Capture>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    left_out: u64,
    record: bool,
}

/// See [`Mark::Ahead`].
#[derive(Debug, Clone, Copy)]
struct Ahead {
    missing: u64,
    jumps_to: Option<Option<f64>>,
}

#[derive(Debug, Clone, Copy)]
struct SongChange {
    seconds: Option<f64>,
    jumped: bool,
    /// The frames of the gap that came behind it.
    frames_ago: u64,
}

impl SongChange {
    fn mark(self) -> Mark {
        let Self { seconds, jumped, frames_ago } = self;
        Mark::Song { seconds, jumped, frames_ago }
    }
}

/// Follows record and pause from block to block. Lives on the audio thread; allocates nothing.
#[derive(Debug, Default)]
pub struct TakeMachine {
    open: bool,
    /// Whether `marker` was on in the last block, if there was one.
    marker: Option<bool>,
    /// The take began with this block.
    is_first_block: bool,
    /// Frames left out since the take was paused, but for those that were sent.
    left_out: u64,
    /// The pause was told when it began.
    pause_is_told: bool,
    /// Whether `capture` was on in the last block, if there was one.
    capture: Option<bool>,
    history: History,
    owed: Owed,
}

/// What the writer keeps of the history, as the audio thread knows it.
#[derive(Debug, Default)]
struct History {
    /// The channels of what is kept; none where nothing is.
    channels: Option<ChannelSet>,
    /// So many frames are kept at most.
    most_frames: u64,
    /// It began with this block.
    is_first_block: bool,
}

/// The history that an activation leaves to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedHistory {
    /// The channels that are kept.
    pub channels: ChannelSet,
    /// The most frames that are kept.
    pub max_frames: u64,
}

impl TakeMachine {
    /// Returns a machine whose history goes on where the last activation left it.
    pub fn resuming(retained: RetainedHistory) -> Self {
        let RetainedHistory { channels, max_frames } = retained;
        let history = History { channels: Some(channels), most_frames: max_frames, is_first_block: false };
        Self { history, owed: Owed { interrupted: true, ..Owed::default() }, ..Self::default() }
    }

    /// The host interrupts the sound before the next frame. Takes and history go on.
    pub fn interrupt(&mut self) {
        self.owed.interrupted |= self.open || self.history.channels.is_some();
    }

    /// Takes one block into account.
    pub fn step(&mut self, controls: &Controls) -> Step {
        (self.is_first_block, self.history.is_first_block) = (false, false);
        self.keep_so_much(controls.history_frames());
        self.step_take(controls)
    }

    fn step_take(&mut self, controls: &Controls) -> Step {
        match (controls.record, controls.pause, self.open) {
            (false, _, open) => {
                if open {
                    self.end(false);
                }
                self.step_history(controls)
            }
            (true, true, false) => self.step_history(controls),
            (true, true, true) => Step::Pause,
            (true, false, true) => {
                let left_out = std::mem::take(&mut self.left_out);
                self.end_pause(left_out);
                Step::Record
            }
            (true, false, false) => {
                self.open = true;
                if let Some(End { left_out, .. }) = self.owed.end.take() {
                    if self.pause_is_told {
                        self.end_pause(left_out);
                    }
                    self.begin_history_again();
                    Step::RecordMerged
                } else {
                    (self.is_first_block, self.pause_is_told) = (true, false);
                    let preroll_frames = self.take_preroll(controls);
                    let Controls { settings, channels, song, .. } = *controls;
                    let event = None;
                    self.owed.begin = Some(TakeStart { settings, channels, song, preroll_frames, event });
                    Step::Record
                }
            }
        }
    }

    fn end_pause(&mut self, left_out: u64) {
        let is_told = std::mem::take(&mut self.pause_is_told) && !std::mem::take(&mut self.owed.pause_begins);
        if is_told || left_out > 0 {
            *self.owed.paused_frames.get_or_insert(0) += left_out;
        }
    }

    /// No take gets the block.
    fn step_history(&mut self, controls: &Controls) -> Step {
        if self.history.most_frames == 0 {
            return Step::Idle;
        }
        if self.history.channels != Some(controls.channels) {
            self.begin_history_again();
            self.history.channels = Some(controls.channels);
            self.history.is_first_block = true;
            self.owed.history = Some(HistoryStart { channels: controls.channels, song: controls.song });
        }
        Step::Keep
    }

    fn keep_so_much(&mut self, frames: u64) {
        if frames != self.history.most_frames {
            self.history.most_frames = frames;
            self.owed.history_frames = Some(frames);
            if frames == 0 {
                self.begin_history_again();
            }
        }
    }

    /// Returns how many frames of the history a take asks for that begins now. The writer knows how many there are: a
    /// capture that failed leaves its frames to the next take.
    fn take_preroll(&mut self, controls: &Controls) -> u64 {
        let is_of_this_shape = self.history.channels == Some(controls.channels);
        let frames = if is_of_this_shape { controls.preroll_frames } else { 0 };
        self.begin_history_again();
        if self.history.most_frames > 0 {
            self.history.channels = Some(controls.channels);
        }
        frames
    }

    /// What passes from now on follows no history: some of it was lost, or the sound is another one.
    pub fn begin_history_again(&mut self) {
        self.history.channels = None;
        (self.owed.history, self.owed.kept_song) = (None, None);
    }

    /// Whether `capture` is on in the next block: where it goes on, some of the history becomes a take. What it is in the very
    /// first block is no change. Says whether one does.
    pub fn follow_capture(&mut self, controls: &Controls) -> bool {
        let before = self.capture.replace(controls.capture);
        if controls.capture && before == Some(false) && !controls.is_loaded {
            let Controls { settings, keep_frames, song, .. } = *controls;
            // The writer hears of what a pause leaves out when that is over.
            let frames = keep_frames.saturating_sub(self.left_out);
            let is_news = self.owed.capture.is_none();
            self.owed.capture.get_or_insert(Capture { settings, frames, tempo: song.tempo, event: None });
            return is_news;
        }
        false
    }

    /// Ends the open take, if there is one. `record` is still on where the host takes the plugin away.
    pub fn end(&mut self, record: bool) {
        if self.open {
            self.open = false;
            self.owed.ahead = None;
            self.owed.end = Some(End { left_out: std::mem::take(&mut self.left_out), record });
        }
    }

    /// The take is paused for `frames` frames.
    pub fn leave_out(&mut self, frames: u64) {
        debug_assert!(self.open);
        self.left_out += frames;
    }

    /// The take is paused for the next frames, which are sent all the same.
    pub fn tell_pause(&mut self) {
        debug_assert!(self.open);
        self.owed.pause_begins |= !self.pause_is_told;
        self.pause_is_told = true;
    }

    /// The take that begins with this block is one of the group.
    pub fn join(&mut self, event: GroupEvent) {
        if let Some(start) = self.owed.begin.as_mut().filter(|_| self.is_first_block) {
            start.event = Some(event);
        }
    }

    /// The capture that was asked for last is one of the group.
    pub fn join_capture(&mut self, event: GroupEvent) {
        if let Some(capture) = &mut self.owed.capture {
            capture.event.get_or_insert(event);
        }
    }

    /// The block that begins now is the first one that belongs to this group, or has seen so many events of it.
    pub fn see_group(&mut self, sight: GroupSight) {
        self.owed.group = Some(sight);
    }

    /// The take lost `frames` frames here, behind all marks that are owed.
    pub fn lose(&mut self, frames: u64) {
        self.fill(frames);
        self.owed.lost_frames += frames;
    }

    /// The history lost `frames` frames here, and goes on behind them.
    pub fn lose_history(&mut self, frames: u64) {
        match &mut self.owed.end {
            Some(end) => end.left_out += frames,
            None => self.owed.lost_history += frames,
        }
    }

    /// Before the next block, the host did not process this member for `frames` frames.
    pub fn be_away(&mut self, frames: u64) {
        match &mut self.owed.end {
            Some(end) => end.left_out += frames,
            None => self.owed.away += frames,
        }
    }

    /// Before the next block, `frames` frames of the song's time brought no sound.
    pub fn fill(&mut self, frames: u64) {
        debug_assert!(self.open);
        self.owed.gap_frames += frames;
        if let Some(frames_ago) = &mut self.owed.marker {
            *frames_ago += frames;
        }
        if let Some(song) = &mut self.owed.song {
            song.frames_ago += frames;
        }
    }

    /// From the next frame of the take on the song is ahead of where it was to be expected; see [`Mark::Ahead`].
    pub fn song_is_ahead(&mut self, missing: u64, jumps_to: Option<Option<f64>>) {
        debug_assert!(self.open);
        self.owed.ahead = Some(Ahead { missing, jumps_to });
    }

    /// The song jumped where it was ahead, or did not.
    pub fn settle(&mut self, jumped: bool) {
        match self.owed.ahead.take() {
            // The writer has not heard of it yet: it is all one now.
            Some(Ahead { missing, jumps_to }) if jumped && self.open => {
                self.fill(missing);
                if let Some(seconds) = jumps_to {
                    self.song_goes_on(seconds, true);
                }
            }
            Some(_) => {}
            None if self.open => self.owed.settled = Some(jumped),
            None => {}
        }
    }

    /// Whether a take begins with this block.
    pub fn begins(&self) -> bool {
        self.is_first_block
    }

    /// From the next frame on the song runs from this second on, or it is not known where; see [`Mark::Song`].
    pub fn song_goes_on(&mut self, seconds: Option<f64>, jumped: bool) {
        let has_preroll = self.owed.begin.is_some_and(|start| start.preroll_frames > 0);
        // A beginning tells it itself.
        let (is_told, owed) = if self.open {
            (self.is_first_block && !has_preroll, &mut self.owed.song)
        } else {
            (self.history.is_first_block, &mut self.owed.kept_song)
        };
        if !is_told {
            let has_jumped = jumped || owed.is_some_and(|before| before.jumped);
            *owed = Some(SongChange { seconds, jumped: has_jumped, frames_ago: 0 });
        }
    }

    /// The writer saw `marker` like this while no block came, and has done what there is to do.
    pub fn marker_was_seen(&mut self, on: bool) {
        self.marker = Some(on);
    }

    /// The same of `capture`.
    pub fn capture_was_seen(&mut self, on: bool) {
        self.capture = Some(on);
    }

    /// Whether `marker` is on in the next block: where it goes on in an open take, a marker is set. What it is in the very
    /// first block is no change. Says whether it is news.
    pub fn follow_marker(&mut self, on: bool, is_loaded: bool) -> bool {
        let before = self.marker.replace(on);
        if on && before == Some(false) && !is_loaded {
            self.set_marker(0);
        }
        before != Some(on)
    }

    /// A marker is set in an open take, so many frames before the next one.
    pub fn set_marker(&mut self, frames_ago: u64) {
        if self.open {
            self.owed.marker.get_or_insert(frames_ago);
        }
    }

    /// The mark that has to be sent next, before any frame.
    pub fn owed(&self) -> Option<Mark> {
        match &self.owed {
            Owed { interrupted: true, .. } => Some(Mark::Interrupted),
            &Owed { away: frames @ 1.., .. } => Some(Mark::Away { frames }),
            &Owed { lost_history: frames @ 1.., .. } => Some(Mark::HistoryLost { frames }),
            &Owed { group: Some(sight), .. } => Some(Mark::Group(sight)),
            Owed { begin: Some(start), .. } => Some(Mark::Begin(*start)),
            &Owed { settled: Some(jumped), .. } => Some(Mark::Settled { jumped }),
            &Owed { gap_frames: frames @ 1.., lost_frames: lost, .. } => Some(Mark::Gap { frames, lost }),
            &Owed { paused_frames: Some(frames), .. } => Some(Mark::Pause { frames }),
            &Owed { ahead: Some(Ahead { missing, jumps_to }), .. } => Some(Mark::Ahead { missing, jumps_to }),
            &Owed { song: Some(song), .. } => Some(song.mark()),
            &Owed { marker: Some(frames_ago), .. } => Some(Mark::Marker { frames_ago }),
            Owed { pause_begins: true, .. } => Some(Mark::PauseBegins),
            &Owed { end: Some(End { left_out, record }), .. } => Some(Mark::End { left_out, record }),
            &Owed { history_frames: Some(frames), .. } => Some(Mark::HistoryLength { frames }),
            &Owed { history: Some(start), .. } => Some(Mark::HistoryBegins(start)),
            &Owed { kept_song: Some(song), .. } => Some(song.mark()),
            &Owed { capture: Some(capture), .. } => Some(Mark::Capture(capture)),
            Owed { capture: None, .. } => None,
        }
    }

    /// The mark that [`owed`](Self::owed) named is in the queue.
    pub fn sent(&mut self) {
        match self.owed() {
            Some(Mark::Interrupted) => self.owed.interrupted = false,
            Some(Mark::Begin(_)) => self.owed.begin = None,
            Some(Mark::Settled { .. }) => self.owed.settled = None,
            Some(Mark::Ahead { .. }) => self.owed.ahead = None,
            Some(Mark::Gap { .. }) => (self.owed.gap_frames, self.owed.lost_frames) = (0, 0),
            Some(Mark::Pause { .. }) => self.owed.paused_frames = None,
            Some(Mark::HistoryLost { .. }) => self.owed.lost_history = 0,
            Some(Mark::Away { .. }) => self.owed.away = 0,
            Some(Mark::Song { .. }) if self.owed.song.is_some() => self.owed.song = None,
            Some(Mark::Song { .. }) => self.owed.kept_song = None,
            Some(Mark::Marker { .. }) => self.owed.marker = None,
            Some(Mark::PauseBegins) => self.owed.pause_begins = false,
            Some(Mark::End { .. }) => self.owed.end = None,
            Some(Mark::Group(_)) => self.owed.group = None,
            Some(Mark::HistoryLength { .. }) => self.owed.history_frames = None,
            Some(Mark::HistoryBegins(_)) => self.owed.history = None,
            Some(Mark::Capture(_)) => self.owed.capture = None,
            None => {}
        }
    }

    /// Whether a take is open.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

#[cfg(test)]
mod tests;
