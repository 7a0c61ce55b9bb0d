//! Taps the sound of a track: every frame that passes while record is on and pause is off goes to the writer, and all others
//! do too where a history is kept.

use crate::core::format::Start;
use crate::core::format::StreamFormat;
use crate::core::pacing::Pacing;
use crate::core::take::{Controls, Step, TakeMachine};
use crate::core::timeline::{Follows, Timeline};
use crate::core::trigger::{Run, Trigger};
use crate::link::{Full, Gate, MAX_CHUNK_FRAMES, Sender};
use crate::rt::meter::Meter;
use crate::rt::peaks;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A wait without any progress of the writer ends after this time: the disk hangs, and so would the host.
const MAX_STALL: Duration = Duration::from_secs(120);

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
    machine: TakeMachine,
    timeline: Timeline,
    pacing: Pacing,
    sample_rate: u32,
    declared_offline: bool,
    gate: Gate,
    meter: Meter,
    /// Free items of the queue at which a wait ended without any progress; nothing waits again until they change.
    stalled_at: Option<usize>,
    clock: C,
}

impl<C: Clock> Tap<C> {
    /// `declared_offline`: the host has said, reliably, that it renders; then a full queue is always waited for.
    pub fn new(sender: Sender, format: StreamFormat, declared_offline: bool, clock: C) -> Self {
        sender.status().set_gate(Gate::Idle);
        sender.status().set_stream(format);
        Self {
            sender,
            trigger: Trigger::default(),
            machine: TakeMachine::default(),
            timeline: Timeline::new(format.sample_rate),
            pacing: Pacing::default(),
            sample_rate: format.sample_rate,
            declared_offline,
            gate: Gate::Idle,
            meter: Meter::new(format.sample_rate),
            stalled_at: None,
            clock,
        }
    }

    /// Takes one block, planar, into account; every channel holds the same number of frames, at least one. Says
    /// whether a take is open, or is waited for.
    ///
    /// # Realtime safety
    /// Wait-free, unless the queue is full and the [rule of waiting](crate::core::pacing) allows to wait.
    pub fn process(&mut self, controls: &Controls, planar: &[&mut [f32]]) -> bool {
        let frames = planar.first().map_or(0, |channel| channel.len());
        if frames == 0 {
            return self.gate != Gate::Idle;
        }
        let mut from = 0;
        while from < frames {
            let recorded = if self.machine.is_open() { self.sender.take_channels() } else { controls.channels };
            let Run { frames: run, record } = self.trigger.next(controls, recorded, planar, from);
            let song = controls.song.after(from, self.sample_rate);
            self.process_run(&Controls { record, song, ..*controls }, planar, from..from + run);
            from += run;
        }
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
        self.gate != Gate::Idle
    }

    /// The host begins anew: what passes from now on follows no history. An open take goes on. Audio thread.
    pub fn reset(&mut self) {
        self.machine.begin_history_again();
    }

    /// Takes some frames of a block into account; `record` counts as on or off for all of them.
    fn process_run(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        let step = self.machine.step(controls);
        self.machine.follow_capture(controls);
        match step {
            Step::Idle => self.pass_over(controls, frames.len()),
            Step::Keep => self.keep(controls, planar, frames),
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
        self.machine.end();
        self.send_owed(0);
        self.sender.status().set_gate(Gate::Idle);
    }

    /// How it stands behind the last frame.
    fn show(&mut self, controls: &Controls) {
        let gate = match (self.machine.is_open(), controls.start) {
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
        self.follow_marker(controls.marker);
        self.send_owed(0);
        self.count_time(frames);
    }

    fn follow_marker(&mut self, on: bool) {
        if self.machine.follow_marker(on) {
            self.sender.status().set_marker(on);
        }
    }

    /// Tells where the song is not where it was to be expected, and how much of it is missing before these frames.
    fn follow_song(&mut self, controls: &Controls, frames: usize) -> u64 {
        let song = &controls.song;
        let followed = self.timeline.block(song.position_frames, frames);
        match followed.song {
            Follows::On => {}
            Follows::Jump => self.machine.song_goes_on(song.seconds, true),
            Follows::Anew => self.machine.song_goes_on(song.seconds, false),
            Follows::Unknown => self.machine.song_goes_on(None, false),
        }
        followed.missing
    }

    /// Sends frames of a take; those that do not fit are counted. With Time Slice, silence takes the place of the time of the
    /// song that brought none.
    fn record(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        let missing = self.follow_song(controls, frames.len());
        // Before a take's first frame nothing of it is missing.
        if controls.time_slice && !self.machine.begins() {
            self.machine.fill(missing);
        }
        self.follow_marker(controls.marker);
        for chunk in chunks(frames) {
            if !self.send_frames(planar, chunk.clone()) {
                self.machine.lose(chunk.len() as u64);
                self.sender.status().count_lost(chunk.len() as u64);
            }
        }
    }

    /// Sends frames of the history.
    fn keep(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: Range<usize>) {
        self.follow_song(controls, frames.len());
        self.follow_marker(controls.marker);
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
                self.machine.keep(chunk.len() as u64);
            } else {
                self.machine.begin_history_again();
                is_unbroken = false;
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
            } else if now.saturating_sub(last_progress) > MAX_STALL {
                self.stalled_at = Some(free);
                return Err(Full);
            }
        }
    }
}

/// As many frames as one message carries, one after the other.
fn chunks(frames: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = frames.end;
    frames.step_by(MAX_CHUNK_FRAMES).map(move |start| start..end.min(start + MAX_CHUNK_FRAMES))
}
