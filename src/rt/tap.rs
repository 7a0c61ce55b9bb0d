//! Taps the sound of a track: every frame that passes while record is on and pause is off goes to the writer.

use crate::core::format::StreamFormat;
use crate::core::pacing::Pacing;
use crate::core::take::{Controls, Step, TakeMachine};
use crate::core::timeline::{Follows, Timeline};
use crate::link::{Full, Gate, MAX_CHUNK_FRAMES, Sender};
use crate::rt::meter::Meter;
use crate::rt::peaks;
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
    /// whether a take is open.
    ///
    /// # Realtime safety
    /// Wait-free, unless the queue is full and the [rule of waiting](crate::core::pacing) allows to wait.
    pub fn process(&mut self, controls: &Controls, planar: &[&mut [f32]]) -> bool {
        let frames = planar.first().map_or(0, |channel| channel.len());
        if frames == 0 {
            return self.machine.is_open();
        }
        let step = self.machine.step(controls);
        self.show(step);
        match step {
            Step::Idle => self.pass_over(controls, frames),
            Step::Pause => {
                self.machine.leave_out(frames as u64);
                self.pass_over(controls, frames);
            }
            Step::Record => self.record(controls, planar, frames),
            Step::RecordMerged => {
                self.sender.status().count_merge();
                self.record(controls, planar, frames);
            }
        }
        let scope = self.sender.status().scope();
        if scope.is_viewed() {
            self.meter.measure(scope, planar);
        }
        let export = self.sender.status().export_peaks();
        if export.is_wanted() {
            let is_open = self.machine.is_open();
            peaks::measure(export, planar, if is_open { self.sender.take_channels() } else { controls.channels });
        }
        self.machine.is_open()
    }

    /// Ends the open take and hands over all that is owed. Main thread: may wait for the writer.
    pub fn close(mut self) {
        self.declared_offline = true;
        self.machine.end();
        self.send_owed(0);
        self.sender.status().set_gate(Gate::Idle);
    }

    fn show(&mut self, step: Step) {
        let gate = match step {
            Step::Idle => Gate::Idle,
            Step::Record | Step::RecordMerged => Gate::Recording,
            Step::Pause => Gate::Paused,
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

    /// Tells where the song is not where it was to be expected. With Time Slice, puts silence in place of the time of the
    /// song that brought no frames.
    fn follow_song(&mut self, controls: &Controls, frames: usize) {
        let song = &controls.song;
        let followed = self.timeline.block(song.position_frames, frames);
        if controls.time_slice {
            self.machine.fill(followed.missing);
        }
        match followed.song {
            Follows::On => {}
            Follows::Jump => self.machine.song_goes_on(song.seconds, true),
            Follows::Anew => self.machine.song_goes_on(song.seconds, false),
            Follows::Unknown => self.machine.song_goes_on(None, false),
        }
    }

    /// Sends the block; what does not fit is counted.
    fn record(&mut self, controls: &Controls, planar: &[&mut [f32]], frames: usize) {
        self.follow_song(controls, frames);
        self.follow_marker(controls.marker);
        let mut start = 0;
        while start < frames {
            let chunk = (frames - start).min(MAX_CHUNK_FRAMES);
            let sent = self.send_owed(chunk) && self.send(|sender| sender.try_frames(planar, start, chunk)).is_ok();
            if !sent {
                self.machine.lose(chunk as u64);
                self.sender.status().count_lost(chunk as u64);
            }
            self.count_time(chunk);
            start += chunk;
        }
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
