//! The writer thread's loop: drains the queue of one plugin instance into takes and into the history.

mod job;

use super::error::TakeError;
use super::file_size_signal;
use super::files::TakeFiles;
use super::history::{Excerpt, History, PROCESS_MEMORY};
use super::room::Room;
use super::take::waveform::Columns;
use crate::core::channels::ChannelSet;
use crate::core::take::{Capture, HistoryStart, Mark, Song, TakeSettings, TakeStart};
use crate::link::{Message, Receiver, Sign, Texts, Watched};
use job::{Job, Order, Teller};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long the writer sleeps while no take is open. The [watch](crate::link::Watched) wakes it when one begins, and when a
/// quarter of the queue, a second, is full of history; this is only for the room that an open window shows.
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
    thread: JoinHandle<()>,
    _watched: [Watched; 2],
}

impl WriterThread {
    /// Starts the writer of `receiver`'s link. It ends by itself once the sender is gone and all is written.
    pub fn start(receiver: Receiver, texts: Arc<Texts>, log: Log) -> io::Result<Self> {
        let watched =
            [Watched::new(Arc::clone(receiver.bell()) as Arc<dyn Sign>)?, Watched::new(Arc::new(receiver.relief()))?];
        // Built on its own thread: encoders never leave it.
        let run = move || Writer::new(receiver, texts, log).run();
        let thread = thread::Builder::new().name("audio file writer".to_owned()).spawn(run)?;
        Ok(Self { thread, _watched: watched })
    }

    /// Waits until everything queued is written. The sender has to be gone, or this never returns.
    pub fn finish(self) {
        self.thread.thread().unpark();
        // The loop catches its own panics; there is nothing left to learn from one.
        let _ = self.thread.join();
    }
}

struct Writer {
    receiver: Receiver,
    texts: Arc<Texts>,
    /// An open take makes its next files with them.
    files: Rc<RefCell<TakeFiles>>,
    /// The take that gets what arrives.
    open: Option<Job>,
    /// Takes that get no more, and have something to write.
    ended: Vec<Job>,
    history: History,
    teller: Teller,
    room: Room,
}

impl Writer {
    fn new(receiver: Receiver, texts: Arc<Texts>, log: Log) -> Self {
        let teller = Teller { status: Arc::clone(receiver.status()), columns: Columns::default(), log };
        Self {
            receiver,
            texts,
            files: Rc::default(),
            open: None,
            ended: Vec::new(),
            history: History::new(PROCESS_MEMORY.share()),
            teller,
            room: Room::default(),
        }
    }

    fn run(mut self) {
        file_size_signal::block();
        self.receiver.attach();
        self.receiver.status().captures().open();
        let mut scratch = Vec::new();
        loop {
            // Asked before the queue is drained: what was sent before the sender went is then surely drained.
            let is_last_round = self.receiver.is_abandoned();
            if catch_unwind(AssertUnwindSafe(|| self.drain(&mut scratch))).is_err() {
                match &mut self.open {
                    Some(open) => open.fail(&TakeError::Internal, &mut self.teller),
                    // It was just being closed.
                    None => self.teller.status.take_fails(&TakeError::Internal.to_string()),
                }
                continue;
            }
            self.beside_the_take(Self::capture_what_the_window_asks_for);
            self.beside_the_take(Self::catch_up);
            self.room.show(self.receiver.status());
            if !self.is_up_to_date() || !self.receiver.is_empty() {
                continue;
            }
            if is_last_round {
                self.end();
                self.receiver.status().captures().close();
                self.receiver.status().set_queue_fill(0.0);
                self.receiver.status().set_history_frames(0);
                return;
            }
            self.receiver.bell().set_urgent(self.open.is_some());
            thread::park_timeout(self.nap());
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
        match &self.open {
            Some(open) => take_nap(open.until_refresh(), self.receiver.resident_time(), is_viewed),
            None => IDLE_NAP,
        }
    }

    fn is_up_to_date(&self) -> bool {
        self.ended.is_empty() && self.open.as_ref().is_none_or(Job::is_up_to_date)
    }

    /// Whether more of the queue may be taken into memory.
    fn may_take_more(&self) -> bool {
        let late_bytes: usize = self.ended.iter().chain(&self.open).map(Job::late_bytes).sum();
        late_bytes < MOST_LATE_BYTES && self.ended.len() < MOST_JOBS
    }

    fn drain(&mut self, scratch: &mut Vec<f32>) {
        self.receiver.status().set_queue_fill(self.receiver.fill());
        let (mut taken_frames, mut unseen_frames) = (0, 0);
        while self.may_take_more() && taken_frames < MOST_FRAMES_AT_ONCE {
            if unseen_frames >= MOST_UNSEEN_FRAMES {
                self.keep_safe();
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
        self.share_memory();
        self.receiver.status().set_queue_fill(self.receiver.fill());
    }

    fn take_frames(&mut self, planar: &mut [f32], frames: usize) {
        match &mut self.open {
            Some(open) => {
                open.take_frames(planar, frames, &mut self.teller);
                self.history.pass(frames as u64);
            }
            None => self.history.keep(planar, frames),
        }
    }

    fn take_mark(&mut self, mark: Mark) {
        match mark {
            Mark::Begin(start) => return self.begin(start),
            Mark::End { left_out } => {
                self.history.pass(left_out);
                return self.end();
            }
            Mark::HistoryLength { frames } => return self.history.set_length(frames),
            Mark::HistoryBegins(start) => return self.begin_history(start),
            Mark::Capture(capture) => return self.capture(capture),
            Mark::Song { seconds, jumped, frames_ago } => self.history.song_goes_on(seconds, jumped, frames_ago),
            Mark::Pause { frames } => self.history.pass(frames),
            Mark::Gap { lost, .. } => self.history.pass(lost),
            Mark::Marker { .. } => {}
        }
        if let Some(open) = &mut self.open {
            open.take_mark(mark, &mut self.teller);
        }
    }

    fn begin_history(&mut self, start: HistoryStart) {
        self.receiver.bring_in();
        self.history.begin(start, self.receiver.arriving().sample_rate);
    }

    fn begin(&mut self, start: TakeStart) {
        self.end();
        // First of all, for the file may keep us waiting.
        self.receiver.bring_in();
        if !start.settings.unique_suffix || self.ended.iter().any(Job::may_begin_files) {
            // It may be the file of the one before, or have the number of its next one.
            self.complete_ended();
        }
        let arriving = self.receiver.arriving();
        let channels = start.channels.and(ChannelSet::first(self.receiver.track_channels()));
        self.history.take_begins(channels, start.song, arriving.sample_rate);
        // The window captures behind the audio thread's back.
        let excerpt = self.history.take_newest(start.preroll_frames.min(self.history.unbroken()));
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

    fn order(&self, start: TakeStart) -> Order {
        Order {
            texts: self.texts.at(start.settings.text_revision),
            start,
            arriving: self.receiver.arriving(),
            track_channels: self.receiver.track_channels(),
        }
    }

    /// Makes a take of the history, beside the open one if there is one. It never takes the place of another file.
    fn capture(&mut self, Capture { settings, frames, tempo }: Capture) {
        let Some((frames, song, channels)) = self.history.newest(frames) else {
            return self.teller.status.nothing_to_capture();
        };
        let settings = TakeSettings { unique_suffix: true, ..settings };
        let start = TakeStart { settings, channels, song: Song { tempo, ..song }, preroll_frames: frames };
        let order = self.order(start);
        let is_shown = self.open.is_none();
        match Job::begin_capture(&order, Rc::clone(&self.files), is_shown, &mut self.teller) {
            Ok(mut job) => {
                if is_shown {
                    self.ended.iter_mut().for_each(Job::hide);
                }
                let excerpt = self.history.take_newest(frames);
                job.hold(excerpt.map(|excerpt| excerpt.held).unwrap_or_default());
                self.ended.push(job);
            }
            // What was to be kept is still there.
            Err(error) => self.teller.fail_capture(&error),
        }
    }

    /// The open take gets no more.
    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.is_up_to_date() {
            open.end(self.ended.is_empty(), &mut self.teller);
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
        let mut left = self.ended.len() + usize::from(self.open.is_some());
        for job in self.ended.extract_if(.., |job| job.is_up_to_date()) {
            left -= 1;
            job.end(left == 0, &mut self.teller);
        }
    }

    /// Writes all that takes which have ended wait for.
    fn complete_ended(&mut self) {
        let mut left = self.ended.len();
        for mut job in self.ended.drain(..) {
            // Bit by bit, so that its header keeps up and silence takes little memory.
            while !job.is_up_to_date() {
                catch_up(&mut job, CATCH_UP_FRAMES, &mut self.teller);
            }
            left -= 1;
            job.end(left == 0, &mut self.teller);
        }
    }

    /// Brings header, medium and status of the open take up to date.
    fn keep_safe(&mut self) {
        if let Some(open) = &mut self.open {
            open.keep_safe(&mut self.teller);
        }
    }

    fn share_memory(&mut self) {
        let of_takes = self.ended.iter().chain(&self.open).map(Job::held_bytes).sum();
        self.history.share_memory(of_takes);
        self.receiver.status().set_history_frames(self.history.frames());
    }
}

/// Writes about so many frames of what waits. A panic fails the take.
fn catch_up(job: &mut Job, frames: u64, teller: &mut Teller) {
    while catch_unwind(AssertUnwindSafe(|| job.catch_up(frames, teller))).is_err() {
        job.fail(&TakeError::Internal, teller);
    }
}

#[cfg(test)]
mod tests;
