//! Taps the sound of a track: every frame that passes while record is on and pause is off goes to the writer, and all others
//! do too where a history is kept.

use crate::core::alignment::{GroupTime, PauseTurn};
use crate::core::format::{Group, Start, StreamFormat};
use crate::core::pacing::Pacing;
use crate::core::take::{Controls, GroupEvent, GroupSight, RetainedHistory, Step, TakeMachine};
use crate::core::timeline::{Follows, Timeline};
use crate::core::trigger::{Run, Trigger};
use crate::link::groups::{self, Signals, group, touch_all};
use crate::link::{Full, Gate, MAX_CHUNK_FRAMES, Sender, SinceLastBlock};
use crate::rt::member::Member;
use crate::rt::meter::Meter;
use crate::rt::peaks;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A wait without any progress of the writer ends after this time: the disk hangs, and so would the host.
const MAX_STALL: Duration = Duration::from_secs(120);

/// The same when the host ends the activation: it must not hang, and what is owed can be done without.
const MAX_CLOSING_STALL: Duration = Duration::from_secs(1);

/// How long one nap of a wait is. A full queue is seconds long, so a millisecond costs no speed.
const NAP: Duration = Duration::from_millis(1);

/// The time, as the waiting rule sees it.
pub trait Clock {
    /// Time since any fixed moment.
    fn now(&self) -> Duration;
    /// Lets `nap` pass.
    fn sleep(&self, nap: Duration);
}

/// The machine's monotonic clock.
pub struct MonotonicClock {
    start: Instant,
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, nap: Duration) {
        std::thread::sleep(nap);
    }
}

/// The audio thread's half of the recorder, from `activate` to `deactivate`.
pub struct Tap<C = MonotonicClock> {
    sender: Sender,
    trigger: Trigger,
    group: Member,
    signals_of: fn(Group) -> &'static Signals,
    /// The last frames belonged to a pause of a take of the group.
    was_paused: bool,
    machine: TakeMachine,
    timeline: Timeline,
    pacing: Pacing,
    sample_rate: u32,
    declared_offline: bool,
    gate: Gate,
    /// Frames in a row in which every sample was zero; before the first sound there is nothing to keep.
    silent_frames: u64,
    meter: Meter,
    /// Free items of the queue at which a wait ended without any progress; nothing waits again until they change.
    stalled_at: Option<usize>,
    /// How often a wait began.
    waits: u64,
    max_stall: Duration,
    clock: C,
}

impl<C: Clock> Tap<C> {
    /// `declared_offline`: the host has said, reliably, that it renders; then a full queue is always waited for.
    pub fn new(sender: Sender, format: StreamFormat, declared_offline: bool, clock: C) -> Self {
        sender.status().set_gate(Gate::Idle);
        sender.status().set_stream(format);
        touch_all();
        Self {
            sender,
            trigger: Trigger::default(),
            group: Member::new(format.sample_rate),
            signals_of: |of| group(of).signals(),
            was_paused: false,
            machine: TakeMachine::default(),
            timeline: Timeline::new(format.sample_rate),
            pacing: Pacing::default(),
            sample_rate: format.sample_rate,
            declared_offline,
            gate: Gate::Idle,
            silent_frames: u64::MAX,
            meter: Meter::new(format.sample_rate),
            stalled_at: None,
            waits: 0,
            max_stall: MAX_STALL,
            clock,
        }
    }

    /// The history goes on that the last activation left.
    pub fn resuming(mut self, retained: RetainedHistory) -> Self {
        self.sender.resume(retained.channels);
        self.machine = TakeMachine::resuming(retained);
        self
    }

    /// The groups are others than those of the process.
    pub fn in_groups(mut self, signals_of: fn(Group) -> &'static Signals) -> Self {
        self.signals_of = signals_of;
        self
    }

    /// Takes one block, planar, into account; every channel holds the same number of frames, at least one. Returns
    /// whether the host is to go on calling: a take is open or waited for, or sound was there that Keep still reaches.
    ///
    /// # Realtime safety
    /// Wait-free, unless the queue is full and the [rule of waiting](crate::core::pacing) allows to wait.
    pub fn process(&mut self, controls: &Controls, planar: &[&mut [f32]]) -> bool {
        let frames = planar.first().map_or(0, |channel| channel.len());
        if frames == 0 {
            return self.gate != Gate::Idle || controls.group != Group::Off;
        }
        let since = self.sender.heartbeat().begin_block();
        if since != SinceLastBlock::default() {
            self.hear_of_writer(since, controls);
        }
        let mut controls = *controls;
        self.unfold_song(&mut controls);
        let own_pause = controls.pause;
        let (signals, turn) = self.follow_group(&mut controls, frames);
        let mut from = 0;
        let mut wraps = false;
        while from < frames {
            let (is_paused, end) = turn.from(from, frames);
            controls.pause = own_pause || is_paused;
            let controls = &controls;
            let recorded = if self.machine.is_open() { self.sender.take_channels() } else { controls.channels };
            let song = controls.song.after(from, self.sample_rate, controls.transport.cycle);
            let end = end.min(from.saturating_add(frames_until_change(song.position_frames, controls)));
            let run_controls = Controls { song, wraps, ..*controls };
            let Run { frames: run, record } = self.trigger.next(&run_controls, recorded, planar, from..end);
            self.process_run(&Controls { record, ..run_controls }, planar, from..from + run, signals);
            from += run;
            wraps = run > 0 && is_end_of_cycle(song.position_frames, run, controls);
        }
        let controls = &controls;
        let status = self.sender.status();
        // Record is still on, but the leader's take has ended: this member has no open take.
        let is_over = self.group.is_led(status) && !status.follows();
        self.group.follow_take(self.machine.is_open() && !is_over);
        self.group.pass(frames as u64);
        self.show(controls);
        let scope = self.sender.status().scope();
        if scope.is_viewed() {
            self.meter.measure(scope, planar);
        }
        let export = self.sender.status().export_peaks();
        if export.is_wanted() {
            let is_open = self.machine.is_open();
            peaks::measure(export, planar, if is_open { self.sender.take_channels() } else { controls.channels });
        }
        self.sender.heartbeat().end_block();
        // A member of a group awaits what the others do, and an open window a press.
        let is_awaited = self.gate != Gate::Idle || signals.is_some() || self.sender.status().scope().is_viewed();
        is_awaited || self.keeps_sound(controls, planar)
    }

    /// Returns whether Keep still reaches a sample that is not zero.
    fn keeps_sound(&mut self, controls: &Controls, planar: &[&mut [f32]]) -> bool {
        let is_silent = planar.iter().all(|channel| channel.iter().all(|sample| *sample == 0.0));
        let frames = planar.first().map_or(0, |channel| channel.len()) as u64;
        self.silent_frames = if is_silent { self.silent_frames.saturating_add(frames) } else { 0 };
        self.silent_frames < controls.keep_frames
    }

    /// The writer did something while no block came.
    fn hear_of_writer(&mut self, SinceLastBlock { ended, stalled }: SinceLastBlock, controls: &Controls) {
        let status = self.sender.status();
        let (marker, capture) = (status.marker_was_on(), status.capture_was_on());
        self.machine.marker_was_seen(marker);
        self.machine.capture_was_seen(capture);
        if ended {
            self.machine.end(false);
            // The queue was drained before the writer ended the take.
            self.send_owed(0);
            self.trigger.interrupt();
            self.timeline.interrupt();
            self.gate = Gate::Idle;
        } else if stalled && self.timeline.is_elsewhere(controls.song.position_frames) {
            self.trigger.interrupt();
        }
        // The writer has shown what the switches were meanwhile.
        self.sender.status().set_gate(self.gate);
    }

    /// An error of our own broke a block off, and none follows. Audio thread.
    pub fn break_off(&mut self) {
        self.sender.heartbeat().end_block();
        self.sender.status().set_internal_error();
    }

    /// Later parts of a block that automation splits are told where the song would be if its loop had no end.
    fn unfold_song(&self, controls: &mut Controls) {
        let (Some(position), Some(cycle)) = (controls.song.position_frames, controls.transport.cycle) else { return };
        let folded = cycle.fold(position);
        if folded != position && !self.timeline.expects(position) && self.timeline.expects(folded) {
            controls.song = controls.song.moved_to(folded, self.sample_rate);
        }
    }

    /// Tells the writer what there is new of the group, and those of the group what there is new here. Of the members whose record
    /// is on the writers say later which one leads: until then each does what its leader has to.
    fn follow_group(&mut self, controls: &mut Controls, frames: usize) -> (Option<&'static Signals>, PauseTurn) {
        let signals = (controls.group != Group::Off).then(|| (self.signals_of)(controls.group));
        let events = signals.map_or(0, Signals::events);
        let is_new = self.group.sit(controls.group, signals);
        if is_new || events != self.group.events {
            self.group.events = events;
            let Controls { group, settings, song, .. } = *controls;
            let (at, waits) = (groups::now(), self.waits);
            let time = signals.map_or(GroupTime::default(), Signals::time);
            let open_event = signals.and_then(Signals::open_event);
            self.machine.see_group(GroupSight { group, events, settings, song, at, open_event, time, waits });
        }
        let Some(signals) = signals else { return (None, PauseTurn::NEVER) };
        self.group.follow_song(&controls.song);
        let leap = self.timeline.leap(controls.song.position_frames);
        let away = if self.declared_offline { 0 } else { self.group.follow_time(leap, self.waits) };
        if away > 0 {
            self.machine.be_away(away);
            self.timeline.interrupt();
        }
        let turn = self.group.follow_pause(controls.pause, frames, is_new);
        let turn = if self.machine.is_open() || signals.has_open() { turn } else { PauseTurn::NEVER };
        if let Some(frames_ago) = self.group.follow_markers(controls.marker, self.machine.is_open(), is_new) {
            self.machine.set_marker(frames_ago);
        }
        if self.sender.status().follows() {
            // A take has the channels of its first frame, whoever leads it.
            controls.channels = self.sender.take_channels();
        }
        (Some(signals), turn)
    }

    /// The host interrupts the sound. Takes and history go on; a run of the transport ends if the host `starts` to
    /// process. Audio thread.
    pub fn reset(&mut self, starts: bool) {
        self.machine.interrupt();
        if !self.machine.is_open() {
            // The history is told anew where the song is.
            self.timeline.interrupt();
        }
        if starts {
            self.trigger.interrupt();
        }
    }

    /// Takes some frames of a block into account; `record` counts as on or off for all of them.
    fn process_run(
        &mut self,
        controls: &Controls,
        planar: &[&mut [f32]],
        frames: Range<usize>,
        signals: Option<&Signals>,
    ) {
        if self.machine.is_open()
            && (controls.pause || !controls.record)
            && let Some(frames_ago) = self.group.take_marker(frames.start)
        {
            self.machine.set_marker(frames_ago);
        }
        let step = self.machine.step(controls);
        self.group.follow_step(step == Step::Record && !self.machine.begins(), frames.len());
        let is_captured = self.machine.follow_capture(controls);
        self.sender.status().set_capture(controls.capture);
        if let Some(signals) = signals {
            let (group, frames_before) = (controls.group, frames.start as u64);
            let event = |number, time| GroupEvent { group, number, frames_before, made: groups::now(), time };
            if self.machine.begins() {
                // Another one may have ended in the same block.
                self.group.follow_take(false);
                let is_first = self.group.follow_take(true);
                let number = signals.count_take(is_first);
                self.group.event = Some(number);
                let time = if is_first { signals.time() } else { self.group.time() };
                self.machine.join(event(number, time));
            }
            if is_captured {
                self.machine.join_capture(event(signals.count_event(), self.group.time()));
            }
        }
        match step {
            Step::Idle => self.pass_over(controls, frames.len()),
            Step::Keep => self.keep(controls, planar, frames),
            Step::Pause if signals.is_some() => self.send_paused(controls, planar, frames),
            Step::Pause => {
                self.machine.leave_out(frames.len() as u64);
                self.pass_over(controls, frames.len());
            }
            Step::Record => self.record(controls, planar, frames),
            Step::RecordMerged => {
                self.sender.status().count_merge();
                // The song ran on, and the take does not have what passed meanwhile.
                self.timeline.interrupt();
                self.record(controls, planar, frames);
            }
        }
    }

    /// Ends the open take and hands over all that is owed. Main thread: may wait for the writer.
    pub fn close(mut self) {
        self.declared_offline = true;
        self.max_stall = MAX_CLOSING_STALL;
        if let Some(frames_ago) = self.group.take_marker(0) {
            self.machine.set_marker(frames_ago);
        }
        self.machine.end(true);
        self.send_owed(0);
        self.group.leave();
        self.sender.status().set_gate(Gate::Idle);
    }

    /// How it stands behind the last frame.
    fn show(&mut self, controls: &Controls) {
        let gate = match (self.machine.is_open(), controls.start) {
            (true, _) if controls.group != Group::Off && self.group.is_led(self.sender.status()) => Gate::Idle,
            (true, _) if controls.pause => Gate::Paused,
            (true, _) => Gate::Recording,
            (false, Start::Now) => Gate::Idle,
            (false, _) if !controls.record => Gate::Idle,
            (false, Start::Transport | Start::HostRecord) if !controls.transport.is_told => Gate::NoTransport,
            (false, Start::Transport | Start::HostRecord | Start::Sound) => Gate::Armed,
        };
        if gate != self.gate {
            self.gate = gate;
            self.sender.status().set_gate(gate);
        }
    }

    /// No take gets the block.
    fn pass_over(&mut self, controls: &Controls, frames: usize) {
        self.timeline.interrupt();
        self.follow_marker(controls);
        self.send_owed(0);
        self.count_time(frames);
    }

    fn follow_marker(&mut self, controls: &Controls) {
        let on = controls.marker;
        if self.machine.follow_marker(on, controls.is_loaded) {
            self.sender.status().set_marker(on);
        }
    }

    /// Tells where the song is not where it was to be expected. `fills`: silence takes the place of the time of it that brought no
    /// frames.
    fn follow_song(&mut self, controls: &Controls, frames: usize, fills: bool) {
        let song = &controls.song;
        let followed = self.timeline.block(song.position_frames, frames, controls.wraps);
        if let Some(jumped) = followed.settled {
            self.machine.settle(jumped);
        }
        let missing = if fills { followed.missing } else { 0 };
        match followed.song {
            Follows::Ahead { told } if self.machine.is_open() && controls.group == Group::Off => {
                self.machine.song_is_ahead(missing, told.then_some(song.seconds));
                return;
            }
            // The members of a group are told at once: none of them can take back what it has told the others.
            Follows::Ahead { told: true } => return self.machine.song_goes_on(song.seconds, true),
            Follows::Ahead { told: false } | Follows::On | Follows::Jump | Follows::Anew | Follows::Unknown => {}
        }
        if missing > 0 {
            self.machine.fill(missing);
        }
        match followed.song {
            Follows::On | Follows::Ahead { .. } => {}
            Follows::Jump => self.machine.song_goes_on(song.seconds, true),
            Follows::Anew => self.machine.song_goes_on(song.seconds, false),
            Follows::Unknown => self.machine.song_goes_on(None, false),
        }
    }

    /// Sends frames of a take; those that do not fit are counted. With Time Slice, silence takes the place of the time of the
    /// song that brought none.
    fn record(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        if std::mem::take(&mut self.was_paused) {
            // The song ran on, and the take does not have what passed meanwhile.
            self.timeline.interrupt();
        }
        // Before a take's first frame nothing of it is missing.
        self.follow_song(controls, frames.len(), controls.time_slice && !self.machine.begins());
        self.follow_marker(controls);
        for chunk in chunks(frames) {
            if !self.send_frames(planar, chunk.clone()) {
                self.machine.lose(chunk.len() as u64);
                self.sender.status().count_lost(chunk.len() as u64);
            }
        }
    }

    /// Sends frames of the history.
    fn keep(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        self.follow_song(controls, frames.len(), false);
        self.follow_marker(controls);
        if frames.is_empty() {
            // The next frame begins another take.
            self.send_owed(0);
        }
        let mut is_unbroken = true;
        for chunk in chunks(frames) {
            if !is_unbroken {
                // It begins again with the next block.
                self.count_time(chunk.len());
            } else if self.send_frames(planar, chunk.clone()) {
                continue;
            } else if self.sender.status().follows() {
                // The take of another member lacks them.
                self.machine.lose_history(chunk.len() as u64);
                self.sender.status().count_lost(chunk.len() as u64);
            } else {
                self.machine.begin_history_again();
                is_unbroken = false;
            }
        }
    }

    /// Sends frames that a paused take leaves out: where another member leads, its take may have them.
    fn send_paused(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        self.was_paused = true;
        self.machine.tell_pause();
        self.follow_song(controls, frames.len(), false);
        self.follow_marker(controls);
        for chunk in chunks(frames) {
            if !self.send_frames(planar, chunk.clone()) {
                self.machine.leave_out(chunk.len() as u64);
            }
        }
    }

    /// Sends at most [`MAX_CHUNK_FRAMES`] frames, behind all that is owed.
    fn send_frames(&mut self, planar: &[&mut [f32]], chunk: Range<usize>) -> bool {
        let frames = chunk.len();
        let sent = self.send_owed(frames) && self.send(|sender| sender.try_frames(planar, chunk.start, frames)).is_ok();
        self.count_time(frames);
        sent
    }

    /// Sends the marks that are owed, as far as there is room for them and for `frames` frames behind them: a gap that
    /// is told before the sound goes on would soon need another one. Says whether none is owed any more.
    fn send_owed(&mut self, frames: usize) -> bool {
        while let Some(mark) = self.machine.owed() {
            match self.send(|sender| sender.try_mark_before(mark, frames)) {
                Ok(()) => self.machine.sent(),
                Err(Full) => return false,
            }
        }
        true
    }

    fn count_time(&mut self, frames: usize) {
        let Self { pacing, sender, clock, .. } = self;
        pacing.came_in(frames as u64, sender.is_over_half(), || clock.now());
    }

    /// Sends one message, after a wait for room where the rule allows one.
    fn send(&mut self, attempt: impl Fn(&mut Sender) -> Result<(), Full>) -> Result<(), Full> {
        attempt(&mut self.sender).or_else(|Full| {
            if !self.may_wait() {
                return Err(Full);
            }
            self.sender.status().count_wait();
            self.waits += 1;
            let start = self.clock.now();
            let result = self.wait_for_room(start, attempt);
            self.pacing.waited(self.clock.now().saturating_sub(start));
            result
        })
    }

    fn may_wait(&self) -> bool {
        self.stalled_at != Some(self.sender.free())
            && (self.declared_offline || self.pacing.may_wait(self.clock.now(), self.sample_rate))
    }

    fn wait_for_room(
        &mut self,
        start: Duration,
        attempt: impl Fn(&mut Sender) -> Result<(), Full>,
    ) -> Result<(), Full> {
        let mut last_progress = start;
        let mut free = self.sender.free();
        loop {
            // A writer that is gone leaves no room; whoever is alive makes some.
            if self.sender.is_abandoned() {
                return Err(Full);
            }
            self.sender.wake_writer();
            self.clock.sleep(NAP);
            if attempt(&mut self.sender).is_ok() {
                return Ok(());
            }
            let now = self.clock.now();
            let now_free = self.sender.free();
            if now_free != free {
                (free, last_progress) = (now_free, now);
            } else if now.saturating_sub(last_progress) > self.max_stall {
                self.stalled_at = Some(free);
                return Err(Full);
            }
        }
    }
}

/// Returns how many frames go on until the song goes round in its loop, or comes to its beginning.
fn frames_until_change(position: Option<i64>, controls: &Controls) -> usize {
    let Some(position) = position else { return usize::MAX };
    let wrap = controls.transport.cycle.and_then(|cycle| cycle.frames_left(position));
    let start = u64::try_from(-position).ok().filter(|frames| *frames > 0);
    wrap.into_iter().chain(start).min().map_or(usize::MAX, |frames| frames as usize)
}

fn is_end_of_cycle(position: Option<i64>, frames: usize, controls: &Controls) -> bool {
    let left = |position| controls.transport.cycle.and_then(|cycle| cycle.frames_left(position));
    position.and_then(left) == Some(frames as u64)
}

/// As many frames as one message carries, one after the other.
fn chunks(frames: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = frames.end;
    frames.step_by(MAX_CHUNK_FRAMES).map(move |start| start..end.min(start + MAX_CHUNK_FRAMES))
}
