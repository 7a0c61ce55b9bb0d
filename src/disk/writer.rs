//! The writer thread's loop: drains the queue of one plugin instance into takes and into the history.

mod job;
mod seat;

use super::error::TakeError;
use super::file_size_signal;
use super::files::TakeFiles;
use super::history::{Excerpt, History, PROCESS_MEMORY};
use super::room::Room;
use super::take::waveform::Columns;
use crate::core::channels::ChannelSet;
use crate::core::clock::Clock;
use crate::core::take::{Capture, GroupEvent, GroupSight, HistoryStart, Mark, Song, TakeSettings, TakeStart};
use crate::link::groups::group;
use crate::link::{
    Beat, Gate, Message, NotJoined, Receiver, STILL_AFTER, Sign, StillWatch, Switches, Texts, Watched, WriterStatus,
    join_within,
};
use job::{Job, Order, Teller, Unwritten, complete};
use seat::{Desk, Lead, Rise, Seat};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the writer sleeps while no take is open. The [watch](crate::link::Watched) wakes it when one begins, and now and then
/// while history comes in; this is only for the room that an open window shows.
const IDLE_NAP: Duration = Duration::from_secs(5);

/// After so many frames the writer looks whether the file is to be refreshed, however much still waits.
const MOST_UNSEEN_FRAMES: usize = 4096;

/// After so many it looks after all else: other takes, the memory. A render may fill the queue as fast as it is drained.
const MOST_FRAMES_AT_ONCE: usize = 1 << 16;

/// So much of what waits is written between two looks at the queue.
const CATCH_UP_FRAMES: u64 = 8192;

/// What arrives while a take writes the history before it waits in memory, but no more than so much, in bytes; the rest stays in
/// the queue.
const MOST_LATE_BYTES: usize = 64 << 20;

/// So many takes are written at once at most; marks of more wait in the queue.
const MOST_JOBS: usize = 8;

/// The time between two pictures of an open window.
const PICTURE: Duration = Duration::from_millis(33);

/// How long a writer sleeps while a take of its group goes on: the other members write no more than what this one has told.
const GROUP_NAP: Duration = Duration::from_millis(50);

/// A transport that went on while no block came for so long is looked at anew.
const STALLED_AFTER: Duration = Duration::from_secs(1);

/// A host that waits for a writer does so until the disk has taken nothing for so long, but for [`GRACE`] at least.
const HANGS: Duration = Duration::from_secs(7);

/// With all tracks of a project on a disk that hangs the host waits so often, one track after the other.
const GRACE: Duration = Duration::from_secs(1);

/// So many seconds of silence in a take are worth a warning.
const LONG_GAP_SECONDS: u64 = 10 * 60;

/// No member of a group keeps more than five minutes, and hears of a take within another one.
const CLOCK_MEMORY_SECONDS: u64 = 360;

/// No nap is shorter.
const SHORTEST_NAP: Duration = Duration::from_millis(1);

/// How long the writer sleeps between two looks at an empty queue while a take is open; the watch wakes it when the take
/// ends. Until the file is to be refreshed, a fraction of the time in which the memory fills that is there from the start,
/// and no longer than a window can show.
fn take_nap(until_refresh: Duration, resident_time: Duration, is_viewed: bool) -> Duration {
    let nap = until_refresh.min(resident_time / 4);
    if is_viewed { nap.min(PICTURE) } else { nap }.max(SHORTEST_NAP)
}

/// Takes one line of the log.
pub type Log = fn(fmt::Arguments<'_>);

/// The running writer thread.
pub struct WriterThread {
    thread: JoinHandle<History>,
    status: WriterStatus,
    _watched: [Watched; 3],
}

impl WriterThread {
    /// Starts the writer of `receiver`'s link, which has its seat in the group of `sight` when this returns: others may lead a
    /// take at once. It ends by itself once the sender is gone and all is written.
    ///
    /// `history` is what the last activation left, of the same rate and layout.
    pub fn start(
        receiver: Receiver,
        switches: Arc<dyn Switches>,
        texts: Arc<Texts>,
        sight: Option<GroupSight>,
        history: Option<History>,
        log: Log,
    ) -> io::Result<Self> {
        let (bell, status) = (Arc::clone(receiver.bell()), Arc::clone(receiver.status().shown()));
        let still = StillWatch::new(Arc::clone(&switches), Arc::clone(receiver.heartbeat()), bell, status);
        let watched = [
            Watched::new(Arc::clone(receiver.bell()) as Arc<dyn Sign>)?,
            Watched::new(Arc::new(receiver.relief()))?,
            Watched::new(Arc::new(still))?,
        ];
        let status = receiver.status().clone();
        // Built on its own thread: encoders never leave it.
        let (seated, is_seated) = channel();
        let run = move || {
            let mut writer = Writer::new(receiver, switches, texts, history, log);
            writer.change_seat(sight);
            // Nobody waits for it any more where this fails.
            let _ = seated.send(());
            writer.run()
        };
        let thread = thread::Builder::new().name("audio file writer".to_owned()).spawn(run)?;
        // It comes at once, or the thread is gone, which is noticed elsewhere.
        let _ = is_seated.recv();
        Ok(Self { thread, status, _watched: watched })
    }

    /// Waits until everything queued is written, and returns the history. A disk that hangs is not waited for: the
    /// thread is left behind then, and completes the take when the disk comes back. The sender has to be gone.
    pub fn finish(self) -> Option<History> {
        let Self { thread, status, _watched } = self;
        let writer = thread.thread().clone();
        writer.unpark();
        let start = Instant::now();
        let stuck_for = || if start.elapsed() < GRACE { Duration::ZERO } else { status.stuck_for() };
        match join_within(thread, HANGS, stuck_for) {
            Ok(history) => Some(history),
            // The loop catches its own panics; there is nothing left to learn from one.
            Err(NotJoined::Panicked) => None,
            Err(NotJoined::LeftBehind) => {
                status.leave_behind(&writer);
                None
            }
        }
    }
}

struct Writer {
    receiver: Receiver,
    switches: Arc<dyn Switches>,
    /// The last block that was seen, and when that was.
    last_block: (Beat, Instant),
    /// The open take was ended from here, and gets what is in the queue.
    is_ending: bool,
    texts: Arc<Texts>,
    /// An open take makes its next files with them.
    files: Rc<RefCell<TakeFiles>>,
    /// The take that gets what arrives.
    open: Option<Job>,
    /// Frames that came in the pause of the open take.
    paused: Option<u64>,
    /// Takes that get no more, and have something to write.
    ended: Vec<Job>,
    history: History,
    clock: Clock,
    /// In the group that the member belongs to.
    seat: Option<Seat>,
    teller: Teller,
    room: Room,
}

impl Writer {
    fn new(
        receiver: Receiver,
        switches: Arc<dyn Switches>,
        texts: Arc<Texts>,
        history: Option<History>,
        log: Log,
    ) -> Self {
        let last_block = (receiver.heartbeat().beat(), Instant::now());
        let teller =
            Teller { status: receiver.status().clone(), columns: Columns::default(), log, unwritten: Vec::new() };
        Self {
            receiver,
            switches,
            last_block,
            is_ending: false,
            texts,
            files: Rc::default(),
            open: None,
            paused: None,
            ended: Vec::new(),
            history: history.unwrap_or_else(|| History::new(PROCESS_MEMORY.share())),
            clock: Clock::default(),
            seat: None,
            teller,
            room: Room::default(),
        }
    }

    fn run(mut self) -> History {
        file_size_signal::block();
        self.receiver.attach();
        self.receiver.status().captures().open();
        let mut scratch = Vec::new();
        loop {
            // Asked before the queue is drained: what was sent before the sender went is then surely drained.
            let is_last_round = self.receiver.is_abandoned();
            if catch_unwind(AssertUnwindSafe(|| self.drain(&mut scratch))).is_err() {
                self.fail_open();
                continue;
            }
            self.beside_the_take(Self::follow_switches);
            self.beside_the_take(Self::capture_what_the_window_asks_for);
            self.beside_the_take(Self::catch_up);
            self.room.show(self.receiver.status());
            if !self.is_up_to_date() || !self.receiver.is_empty() {
                if !self.may_take_more() && self.is_up_to_date() {
                    // The group's leader has not come so far.
                    thread::park_timeout(SHORTEST_NAP);
                }
                continue;
            }
            if is_last_round {
                self.beside_the_take(Self::end);
                self.in_group(|seat, _| seat.rest());
                self.beside_the_take(|writer| writer.change_seat(None));
                self.beside_the_take(|writer| complete(&mut writer.ended, true, &mut writer.teller));
                self.take_back();
                self.receiver.status().captures().close();
                self.receiver.status().set_queue_fill(0.0);
                self.receiver.status().set_history_frames(0);
                return self.history;
            }
            self.receiver.bell().set_urgent(self.open.is_some() || self.follows());
            thread::park_timeout(self.nap());
            self.teller.status.comes_on();
        }
    }

    /// An error of our own came up while frames or marks were taken in.
    fn fail_open(&mut self) {
        self.beside_the_take(|writer| match &mut writer.open {
            Some(open) => open.fail(&TakeError::Internal, &mut writer.teller),
            // It was just being closed.
            None => writer.teller.status.take_fails(&TakeError::Internal.to_string()),
        });
    }

    /// Does what the switches ask for while the host calls nothing.
    fn follow_switches(&mut self) {
        let beat = self.receiver.heartbeat().beat();
        if beat != self.last_block.0 {
            self.last_block = (beat, Instant::now());
        }
        let still = self.last_block.1.elapsed();
        if self.is_ending && self.receiver.is_empty() {
            self.is_ending = false;
            self.take_mark(Mark::End { left_out: 0, record: false });
        }
        if self.receiver.status().is_broken() && self.open.is_some() {
            // No block comes any more.
            self.is_ending = true;
        } else if still >= STILL_AFTER && !beat.is_in_block() {
            self.follow_switches_of_a_still_host(beat, still);
        }
    }

    fn follow_switches_of_a_still_host(&mut self, beat: Beat, still: Duration) {
        if self.switches.capture() != self.receiver.status().capture_was_on() {
            let on = self.switches.capture();
            self.receiver.status().set_capture(on);
            self.receiver.heartbeat().stall(beat);
            if on {
                let sample_rate = self.receiver.arriving().sample_rate;
                self.capture(self.switches.capture_request(sample_rate));
            }
        }
        if self.open.is_none() {
            return;
        }
        if !self.switches.record() {
            if self.receiver.heartbeat().end_take(beat) {
                self.receiver.status().set_gate(Gate::Idle);
                self.is_ending = true;
            }
            return;
        }
        let gate = if self.switches.pause() { Gate::Paused } else { Gate::Recording };
        if self.receiver.status().gate_is_other(gate) && self.receiver.heartbeat().stall(beat) {
            self.receiver.status().set_gate(gate);
        }
        if self.switches.marker() != self.receiver.status().marker_was_on()
            && self.receiver.heartbeat().stall(beat)
            && self.receiver.is_empty()
        {
            let on = self.switches.marker();
            self.receiver.status().set_marker(on);
            if on {
                self.take_mark(Mark::Marker { frames_ago: 0 });
            }
        }
        if still >= STALLED_AFTER {
            self.receiver.heartbeat().stall(beat);
        }
    }

    /// A panic in here is no failure of the open take.
    fn beside_the_take(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.teller.warn(&TakeError::Internal.to_string());
        }
    }

    fn capture_what_the_window_asks_for(&mut self) {
        if let Some(capture) = self.receiver.status().captures().take() {
            self.capture(capture);
        }
    }

    fn nap(&self) -> Duration {
        let is_viewed = self.receiver.status().scope().is_viewed();
        let nap = match &self.open {
            Some(open) => take_nap(open.until_refresh(), self.receiver.resident_time(), is_viewed),
            None => IDLE_NAP,
        };
        match &self.seat {
            Some(seat) if seat.is_at_work() => nap.min(GROUP_NAP),
            _ => nap,
        }
    }

    fn is_up_to_date(&self) -> bool {
        let is_up_to_date = self.ended.is_empty() && self.open.as_ref().is_none_or(Job::is_up_to_date);
        is_up_to_date && self.seat.as_ref().is_none_or(Seat::is_up_to_date)
    }

    /// Whether more of the queue may be taken into memory.
    fn may_take_more(&self) -> bool {
        let late_bytes: usize = self.ended.iter().chain(&self.open).map(Job::late_bytes).sum();
        let of_group = self.history.held_bytes() + self.seat.as_ref().map_or(0, Seat::held_bytes);
        late_bytes + of_group < MOST_LATE_BYTES && self.ended.len() < MOST_JOBS
    }

    fn drain(&mut self, scratch: &mut Vec<f32>) {
        self.receiver.status().set_queue_fill(self.receiver.fill());
        let (mut taken_frames, mut unseen_frames) = (0, 0);
        while self.may_take_more() && taken_frames < MOST_FRAMES_AT_ONCE {
            if unseen_frames >= MOST_UNSEEN_FRAMES {
                self.keep_safe();
                self.work_in_group();
                unseen_frames = 0;
            }
            match self.receiver.next(scratch) {
                Some(Message::Mark(mark)) => self.take_mark(mark),
                Some(Message::Frames { frames, .. }) => {
                    self.take_frames(scratch, frames);
                    taken_frames += frames;
                    unseen_frames += frames;
                }
                None => break,
            }
        }
        self.keep_safe();
        self.work_in_group();
        self.share_memory();
        self.receiver.status().set_queue_fill(self.receiver.fill());
    }

    fn take_frames(&mut self, planar: &mut [f32], frames: usize) {
        match (&mut self.open, &mut self.paused) {
            (Some(_), Some(paused)) => {
                *paused += frames as u64;
                self.history.pass(frames as u64);
            }
            (Some(open), None) => {
                open.take_frames(planar, frames, &mut self.teller);
                self.history.pass(frames as u64);
            }
            (None, _) => self.history.keep(planar, frames),
        }
    }

    fn take_mark(&mut self, mark: Mark) {
        let next = self.history.passed();
        if let Mark::Song { seconds: Some(seconds), jumped, frames_ago } = mark {
            self.clock.runs(next.saturating_sub(frames_ago), seconds, jumped);
            let rate = u64::from(self.receiver.arriving().sample_rate);
            self.clock.forget_before(next.saturating_sub(CLOCK_MEMORY_SECONDS * rate));
        }
        if matches!(mark, Mark::End { record: false, .. }) {
            self.begin_what_waits(Seat::rises_before);
        }
        let silence = self.seat.as_mut().map_or(0, |seat| seat.tell_mark(&mark, next, &self.clock));
        if let (Some(open), 1..) = (&mut self.open, silence) {
            open.take_mark(Mark::Gap { frames: silence, lost: 0 }, &mut self.teller);
        }
        let mut of_take = mark;
        match mark {
            Mark::Interrupted => return self.interrupt(),
            Mark::Ahead { .. } | Mark::Settled { .. } => {}
            Mark::Group(sight) => return self.see_group(sight),
            Mark::Begin(start) => return self.begin(start),
            Mark::End { left_out, .. } => {
                self.receiver.status().set_led(None);
                self.history.pass(left_out);
                return self.end();
            }
            Mark::HistoryLength { frames } => return self.history.set_length(frames),
            Mark::HistoryBegins(start) => return self.begin_history(start),
            Mark::Capture(capture) => return self.capture(capture),
            Mark::Song { seconds, jumped, frames_ago } => {
                self.history.song_goes_on(seconds, jumped, frames_ago);
                if self.paused.is_some() {
                    return;
                }
            }
            Mark::Pause { frames } => {
                self.history.pass(frames);
                of_take = Mark::Pause { frames: frames + self.paused.take().unwrap_or(0) };
            }
            Mark::Gap { frames, lost } => {
                self.lose(lost);
                self.warn_of_gap(frames - lost);
            }
            Mark::HistoryLost { frames } => return self.lose(frames),
            Mark::Away { frames } => return self.be_away(frames),
            Mark::Marker { .. } => {}
            Mark::PauseBegins => {
                self.paused = Some(0);
                return;
            }
        }
        if let Some(open) = &mut self.open {
            open.take_mark(of_take, &mut self.teller);
        }
    }

    /// The host interrupted the sound, which an open take leaves out.
    fn interrupt(&mut self) {
        if self.open.is_none() {
            self.come_up(None);
            self.history.interrupt();
            self.clock.begin_again(self.history.passed());
        }
    }

    /// So many frames passed that did not come.
    fn lose(&mut self, frames: u64) {
        let next = self.history.passed();
        self.history.pass(frames);
        if let Some(seat) = &mut self.seat {
            seat.lose(next..next + frames);
        }
    }

    /// The song jumped ahead by so many frames, in whose place comes silence.
    fn warn_of_gap(&self, frames: u64) {
        let seconds = frames / u64::from(self.receiver.arriving().sample_rate.max(1));
        if self.open.is_some() && seconds >= LONG_GAP_SECONDS {
            self.teller.warn_of_gap(seconds);
        }
    }

    /// The host did not process this member for so many frames, while its group went on: they count, and are silence.
    fn be_away(&mut self, frames: u64) {
        self.history.pass(frames);
        match (&mut self.open, &mut self.paused) {
            (_, Some(paused)) => *paused += frames,
            (Some(open), None) => open.take_mark(Mark::Gap { frames, lost: 0 }, &mut self.teller),
            (None, None) => {}
        }
    }

    fn begin_history(&mut self, start: HistoryStart) {
        self.receiver.bring_in();
        self.come_up(None);
        self.history.begin(start, self.receiver.arriving().sample_rate);
        self.clock.begin_again(self.history.passed());
        self.follow_clock(start.song);
    }

    /// What belongs to a take of the group that began before this event is recorded first, as far as it has come.
    fn come_up(&mut self, event: Option<GroupEvent>) {
        self.in_group(|seat, desk| seat.come_up(seat.events_before(event), desk));
    }

    /// The song is there at the next frame.
    fn follow_clock(&mut self, song: Song) {
        let (frame, rate) = (self.history.passed(), f64::from(self.receiver.arriving().sample_rate));
        let (Some(_), Some(seconds)) = (song.position_frames, song.seconds) else { return };
        let shown = self.clock.seconds_at(frame, rate as u32);
        // Positions are rounded.
        if shown.is_none_or(|shown| (shown - seconds).abs() * rate > 1.0) {
            self.clock.runs(frame, seconds, false);
        }
    }

    fn see_group(&mut self, sight: GroupSight) {
        let frame = self.history.passed();
        self.follow_clock(sight.song);
        match &mut self.seat {
            Some(seat) if seat.is_of(sight.group) => seat.see(sight, frame),
            _ => self.beside_the_take(|writer| writer.change_seat(Some(sight))),
        }
    }

    fn change_seat(&mut self, sight: Option<GroupSight>) {
        let mut rise = None;
        if let Some(seat) = self.seat.take() {
            seat.tell_progress(self.history.passed());
            rise = seat.leave(&mut self.desk());
        }
        self.receiver.status().set_led(None);
        let frame = self.history.passed();
        self.seat = sight.and_then(|sight| Seat::take(sight, frame, self.receiver.status().shown(), &self.texts));
        if let Some(rise) = rise {
            self.begin_late(rise);
        }
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk {
            history: &mut self.history,
            clock: &self.clock,
            teller: &mut self.teller,
            files: &self.files,
            texts: &self.texts,
            ended: &mut self.ended,
            rate: self.receiver.arriving().sample_rate,
            track_channels: self.receiver.track_channels(),
            has_own: self.open.is_some(),
        }
    }

    /// Does something in the group, if there is one. A panic in there is no failure of the open take.
    fn in_group<T>(&mut self, work: impl FnOnce(&mut Seat, &mut Desk<'_>) -> T) -> Option<T> {
        let mut seat = self.seat.take()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut seat, &mut self.desk()))).ok();
        if done.is_none() {
            seat.fail(&mut self.desk());
            self.teller.warn(&TakeError::Internal.to_string());
        }
        self.seat = Some(seat);
        done
    }

    /// Tells the group of the take that this member leads, and goes on with the one that another leads.
    fn work_in_group(&mut self) {
        self.in_group(|seat, desk| {
            seat.tell_progress(desk.history.passed());
            seat.follow(desk);
        });
        self.begin_what_waits(Seat::rises_for_sure);
    }

    /// Begins a take of this member's own where it is led no more.
    fn begin_what_waits(&mut self, rises: fn(&mut Seat, u64) -> Option<Rise>) {
        let passed = self.history.passed();
        if let Some(rise) = self.seat.as_mut().and_then(|seat| rises(seat, passed)) {
            self.begin_late(rise);
        }
    }

    fn begin(&mut self, start: TakeStart) {
        self.end();
        // First of all, for the file may keep us waiting.
        self.receiver.bring_in();
        let arriving = self.receiver.arriving();
        let channels = start.channels.and(ChannelSet::first(self.receiver.track_channels()));
        self.history.take_begins(channels, start.song, arriving.sample_rate);
        self.follow_clock(start.song);
        self.begin_take(start);
    }

    /// A take begins with frames that passed before anybody knew that it is this member's own.
    fn begin_late(&mut self, Rise { start, from, .. }: Rise) {
        if self.open.is_some() {
            return;
        }
        let (passed, rate) = (self.history.passed(), self.receiver.arriving().sample_rate);
        let event = self.seat.as_ref().map(|seat| seat.new_event(false, passed, rate));
        let song = Song { tempo: start.song.tempo, ..self.history.song() };
        let preroll_frames = self.history.passed().saturating_sub(from);
        // What passed in a pause is of no take.
        self.paused = self.paused.map(|_| 0);
        let preroll_frames = if self.paused.is_some() { 0 } else { preroll_frames };
        self.begin_take(TakeStart { event, song, preroll_frames, channels: self.history.channels(), ..start });
        if let (Some(seat), Some(_)) = (&mut self.seat, self.paused) {
            seat.begin_paused();
        }
    }

    fn begin_take(&mut self, start: TakeStart) {
        let Some((number, preroll_frames)) = self.lead(&start) else {
            // Another member's take is this one's, too.
            return;
        };
        if !start.settings.unique_suffix || self.ended.iter().any(Job::may_begin_files) {
            // It may be the file of the one before, or have the number of its next one.
            let is_last = !self.follows();
            complete(&mut self.ended, is_last, &mut self.teller);
        }
        let start = TakeStart { settings: TakeSettings { take: number, ..start.settings }, ..start };
        let excerpt = self.history.take_newest(preroll_frames);
        let start = match &excerpt {
            Some(Excerpt { frames, song, .. }) => {
                let song = Song { tempo: start.song.tempo, ..*song };
                TakeStart { song, preroll_frames: *frames, ..start }
            }
            None => TakeStart { preroll_frames: 0, ..start },
        };
        self.ended.iter_mut().for_each(Job::hide);
        let held = excerpt.map(|excerpt| excerpt.held).unwrap_or_default();
        self.open = Some(Job::begin(&self.order(start), held, Rc::clone(&self.files), &mut self.teller));
    }

    /// What `{take}` becomes in a take that this member leads, or records alone, and how much of the history it begins with; none,
    /// where it is another member's.
    fn lead(&mut self, start: &TakeStart) -> Option<(u64, u64)> {
        let next = self.history.passed();
        let is_in_group = |event: &GroupEvent| self.seat.as_ref().is_some_and(|seat| seat.is_of(event.group));
        let lead = match start.event.filter(is_in_group) {
            Some(event) => self.in_group(|seat, desk| seat.lead(start, event, next, desk)),
            None => None,
        };
        let led = start.event.filter(|_| matches!(lead, Some(Lead::Others)));
        self.receiver.status().set_led(led.map(|event| event.number));
        match lead {
            Some(Lead::Others) => None,
            Some(Lead::Own { number, preroll_frames }) => Some((number, preroll_frames)),
            None => {
                if let Some(event) = start.event {
                    // It went to another group meanwhile.
                    tell_event(event);
                }
                // The window captures behind the audio thread's back.
                Some((self.own_number(&start.settings), start.preroll_frames.min(self.history.unbroken())))
            }
        }
    }

    fn own_number(&mut self, settings: &TakeSettings) -> u64 {
        let texts = self.texts.at(settings.text_revision);
        1 + self.desk().highest_take(&texts, settings)
    }

    /// Whether a take of another member is being recorded.
    fn follows(&self) -> bool {
        self.seat.as_ref().is_some_and(Seat::follows)
    }

    fn order(&self, start: TakeStart) -> Order {
        Order {
            texts: self.texts.at(start.settings.text_revision),
            start,
            arriving: self.receiver.arriving(),
            track_channels: self.receiver.track_channels(),
        }
    }

    /// Makes a take of the history, beside the open one if there is one. It never takes the place of another file.
    fn capture(&mut self, Capture { settings, frames, tempo, event }: Capture) {
        // What belongs to a take of the group is not to be captured.
        self.come_up(event);
        let Some((frames, song, channels)) = self.history.newest(frames) else {
            event.into_iter().for_each(tell_event);
            return self.teller.status.nothing_to_capture();
        };
        let next = self.history.passed();
        let number = self.in_group(|seat, desk| {
            let event =
                event.filter(|event| seat.is_of(event.group)).unwrap_or_else(|| seat.new_event(true, next, desk.rate));
            seat.lead_capture(event, next - frames, next, song, desk)
        });
        event.into_iter().for_each(tell_event);
        let take = number.unwrap_or_else(|| self.own_number(&settings));
        let settings = TakeSettings { unique_suffix: true, take, ..settings };
        let start = TakeStart { settings, channels, song: Song { tempo, ..song }, preroll_frames: frames, event: None };
        let order = self.order(start);
        let is_shown = self.open.is_none() && !self.follows();
        match Job::begin_capture(&order, Rc::clone(&self.files), is_shown, &mut self.teller) {
            Ok(mut job) => {
                if is_shown {
                    self.ended.iter_mut().for_each(Job::hide);
                }
                let excerpt = self.history.take_newest(frames);
                job.hold(next - frames, channels, excerpt.map(|excerpt| excerpt.held).unwrap_or_default());
                self.ended.push(job);
            }
            // What was to be kept is still there.
            Err(error) => self.teller.fail_capture(&error),
        }
    }

    /// The open take gets no more.
    fn end(&mut self) {
        self.paused = None;
        self.is_ending = false;
        let Some(mut open) = self.open.take() else { return };
        open.settle(true);
        if open.is_written() {
            open.end(self.ended.is_empty() && !self.follows(), &mut self.teller);
        } else {
            self.ended.push(open);
        }
    }

    /// Writes some of what waits, and completes the takes that have all.
    fn catch_up(&mut self) {
        if let Some(open) = &mut self.open {
            catch_up(open, CATCH_UP_FRAMES, &mut self.teller);
        }
        self.ended.iter_mut().for_each(|job| catch_up(job, CATCH_UP_FRAMES, &mut self.teller));
        let mut left = self.ended.len() + usize::from(self.open.is_some()) + usize::from(self.follows());
        for job in self.ended.extract_if(.., |job| job.is_written()) {
            left -= 1;
            job.end(left == 0, &mut self.teller);
        }
        self.take_back();
    }

    /// Puts back into the history what a capture that failed has in no file.
    fn take_back(&mut self) {
        for Unwritten { first, channels, held } in self.teller.unwritten.drain(..) {
            self.history.put_back(first, channels, held);
        }
    }

    /// Brings header, medium and status of the open take up to date.
    fn keep_safe(&mut self) {
        if let Some(open) = &mut self.open {
            open.keep_safe(&mut self.teller);
        }
    }

    fn share_memory(&mut self) {
        let of_takes: usize = self.ended.iter().chain(&self.open).map(Job::held_bytes).sum();
        self.history.share_memory(of_takes + self.seat.as_ref().map_or(0, Seat::held_bytes));
        self.receiver.status().set_history_frames(self.history.frames());
    }
}

/// All was told of this event.
fn tell_event(event: GroupEvent) {
    group(event.group).tell_event(event.number);
}

/// Writes about so many frames of what waits. A panic fails the take.
fn catch_up(job: &mut Job, frames: u64, teller: &mut Teller) {
    while catch_unwind(AssertUnwindSafe(|| job.catch_up(frames, teller))).is_err() {
        job.fail(&TakeError::Internal, teller);
    }
}

#[cfg(test)]
mod tests;
