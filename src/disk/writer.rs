//! The writer thread's loop: drains the queue of one plugin instance into takes.

use super::error::TakeError;
use super::file_size_signal;
use super::files::TakeFiles;
use super::room::Room;
use super::take::waveform::Columns;
use super::take::{Figures, OpenTake, REFRESH_INTERVAL};
use crate::core::markers::MarkerKind;
use crate::core::take::{Mark, TakeStart};
use crate::link::{Message, Receiver, Sign, Span, Texts, Watched};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long the writer sleeps while no take is open. The [watch](crate::link::Watched) wakes it when one begins; this is
/// only for the room that an open window shows.
const IDLE_NAP: Duration = Duration::from_secs(5);

/// After so many frames the writer looks whether the file is to be refreshed, however much still waits.
const MOST_UNSEEN_FRAMES: usize = 4096;

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
        let run = move || {
            Writer {
                receiver,
                texts,
                files: Rc::default(),
                state: State::Idle,
                columns: Columns::default(),
                room: Room::default(),
                log,
            }
            .run()
        };
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

enum State {
    Idle,
    Recording(Box<OpenTake>),
    /// The take failed; its frames are counted and dropped until it ends.
    Failed {
        figures: Box<Figures>,
        error: String,
    },
}

struct Writer {
    receiver: Receiver,
    texts: Arc<Texts>,
    /// An open take makes its next files with them.
    files: Rc<RefCell<TakeFiles>>,
    state: State,
    columns: Columns,
    room: Room,
    log: Log,
}

impl Writer {
    fn run(mut self) {
        file_size_signal::block();
        self.receiver.attach();
        let mut scratch = Vec::new();
        loop {
            // Asked before the queue is drained: what was sent before the sender went is then surely drained.
            let is_last_round = self.receiver.is_abandoned();
            if catch_unwind(AssertUnwindSafe(|| self.drain(&mut scratch))).is_err() {
                self.fail(TakeError::Internal);
                continue;
            }
            self.room.show(self.receiver.status());
            if is_last_round {
                self.end();
                self.receiver.status().set_queue_fill(0.0);
                return;
            }
            self.receiver.bell().set_urgent(!matches!(self.state, State::Idle));
            thread::park_timeout(self.nap());
        }
    }

    fn nap(&self) -> Duration {
        let until_refresh = match &self.state {
            State::Idle => return IDLE_NAP,
            State::Recording(take) => take.until_refresh(),
            State::Failed { .. } => REFRESH_INTERVAL,
        };
        take_nap(until_refresh, self.receiver.resident_time(), self.receiver.status().scope().is_viewed())
    }

    fn drain(&mut self, scratch: &mut Vec<f32>) {
        self.receiver.status().set_queue_fill(self.receiver.fill());
        let mut unseen_frames = 0;
        loop {
            if unseen_frames >= MOST_UNSEEN_FRAMES {
                self.keep_safe();
                unseen_frames = 0;
            }
            match self.receiver.next(scratch) {
                Some(Message::Mark(Mark::Begin(start))) => self.begin(start),
                Some(Message::Mark(Mark::Gap { frames, lost })) => self.gap(frames, lost),
                Some(Message::Mark(Mark::Pause { frames })) => self.pause(frames),
                Some(Message::Mark(Mark::Song { seconds, jumped, frames_ago })) => {
                    self.song_goes_on(seconds, jumped, frames_ago);
                }
                Some(Message::Mark(Mark::Marker { frames_ago })) => self.marker(frames_ago),
                Some(Message::Mark(Mark::End)) => self.end(),
                Some(Message::Frames { frames, .. }) => {
                    self.frames(scratch, frames);
                    unseen_frames += frames;
                }
                None => break,
            }
        }
        self.keep_safe();
        self.receiver.status().set_queue_fill(self.receiver.fill());
    }

    fn begin(&mut self, start: TakeStart) {
        self.end();
        // First of all, for the file may keep us waiting.
        self.receiver.bring_in();
        let arriving = self.receiver.take_format();
        self.receiver.status().take_begins(arriving.sample_rate);
        self.columns.begin(arriving.sample_rate);
        let texts = self.texts.at(start.settings.text_revision);
        match OpenTake::begin(Rc::clone(&self.files), texts, start, arriving, self.receiver.track_channels()) {
            Ok(take) => {
                self.receiver.status().take_begins(take.sample_rate());
                self.receiver.status().take_note(take.note());
                self.log(format_args!("take opened: {}", take.path().display()));
                self.receiver.status().take_path(take.path().to_owned());
                self.state = State::Recording(Box::new(take));
                self.with_take(|_| Ok(()));
                self.show_progress();
            }
            Err(error) => self.fail(error),
        }
    }

    fn frames(&mut self, planar: &mut [f32], frames: usize) {
        let mut span = Span::Recorded;
        if let State::Failed { figures, .. } = &mut self.state {
            figures.drop_frames(frames as u64);
            self.receiver.status().count_lost(frames as u64);
            span = Span::Lost;
        }
        self.columns.frames(self.receiver.status().waveform(), planar, frames, span);
        self.with_take(|take| take.write(planar, frames));
    }

    /// The audio thread has counted the lost ones of these frames already.
    fn gap(&mut self, frames: u64, lost: u64) {
        if let State::Failed { figures, .. } = &mut self.state {
            figures.drop_frames(lost);
        }
        if let State::Recording(take) = &self.state
            && lost > 0
        {
            self.receiver.status().take_loses_at(take.frames_written());
        }
        let waveform = self.receiver.status().waveform();
        self.columns.silence(waveform, frames - lost, Span::Recorded);
        self.columns.silence(waveform, lost, Span::Lost);
        self.with_take(|take| take.write_gap(frames, lost));
    }

    /// The take goes on after a pause that left out so many frames.
    fn pause(&mut self, frames: u64) {
        self.columns.pause(self.receiver.status().waveform());
        let seconds = frames as f64 / f64::from(self.receiver.take_format().sample_rate);
        if let State::Recording(take) = &mut self.state {
            take.mark(MarkerKind::Pause { seconds });
        }
    }

    fn song_goes_on(&mut self, seconds: Option<f64>, jumped: bool, frames_ago: u64) {
        if let State::Recording(take) = &mut self.state {
            take.song_goes_on(seconds, jumped, frames_ago);
        }
    }

    fn marker(&mut self, frames_ago: u64) {
        if let State::Recording(take) = &mut self.state {
            take.set_marker(frames_ago);
        }
    }

    /// Brings header, medium and status up to date.
    fn keep_safe(&mut self) {
        self.with_take(OpenTake::keep_safe);
        self.show_progress();
    }

    fn with_take(&mut self, action: impl FnOnce(&mut OpenTake) -> Result<(), TakeError>) {
        let State::Recording(take) = &mut self.state else { return };
        let opened_files = take.opened_files();
        let result = action(take);
        let news = take.take_news();
        if take.opened_files() != opened_files {
            self.receiver.status().take_path(take.path().to_owned());
        }
        news.iter().for_each(|text| self.warn(text));
        if let Err(error) = result {
            self.fail(error);
        }
    }

    /// Shows how far the take has come.
    fn show_progress(&self) {
        if let State::Recording(take) = &self.state {
            self.receiver.status().take_progress(take.frames_written(), take.bytes(), take.clipped_samples());
        }
    }

    fn end(&mut self) {
        self.columns.end(self.receiver.status().waveform());
        self.show_progress();
        let (mut figures, error) = match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return,
            State::Failed { figures, error } => (*figures, Some(error)),
            State::Recording(take) => {
                let (mut figures, result) = take.finish();
                figures.news.drain(..).for_each(|text| self.warn(&text));
                let told = result.err().map(|(error, dropped)| {
                    self.receiver.status().count_lost(dropped);
                    self.tell(&error)
                });
                (figures, told)
            }
        };
        let path = figures.newest_path.take();
        let report = figures.report(self.receiver.take_format(), error);
        self.log(format_args!(
            "take closed: {} frames, {} lost, {} clipped samples{}: {}",
            report.frames,
            report.lost_frames,
            report.clipped_samples,
            if report.paths.len() > 1 { format!(", {} files", report.paths.len()) } else { String::new() },
            path.as_ref().map_or_else(|| "no file".into(), |path| path.display().to_string()),
        ));
        let status = self.receiver.status();
        if let Some(path) = path {
            status.take_path(path);
        }
        status.take_ends(report);
    }

    /// The take cannot go on: what is in its file stays, what comes until its end is dropped and counted.
    fn fail(&mut self, error: TakeError) {
        self.show_progress();
        let error = self.tell(&error);
        let figures = match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Box::default(),
            State::Recording(take) => {
                let (figures, dropped) = take.give_up();
                self.receiver.status().count_lost(dropped);
                Box::new(figures)
            }
            State::Failed { figures, .. } => figures,
        };
        self.state = State::Failed { figures, error };
    }

    fn tell(&self, error: &TakeError) -> String {
        let text = error.to_string();
        self.log(format_args!("take failed: {text}"));
        self.receiver.status().take_fails(&text);
        text
    }

    /// Something went wrong, and the take goes on.
    fn warn(&self, text: &str) {
        self.log(format_args!("take goes on: {text}"));
        self.receiver.status().trouble(text);
    }

    fn log(&self, line: fmt::Arguments<'_>) {
        (self.log)(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_ends_before_the_file_is_too_old_and_long_before_the_queue_is_full() {
        let ms = Duration::from_millis;
        assert_eq!(take_nap(REFRESH_INTERVAL, ms(4_000), false), REFRESH_INTERVAL);
        assert_eq!(take_nap(ms(7), ms(4_000), false), ms(7));
        assert_eq!(take_nap(REFRESH_INTERVAL, ms(100), false), ms(25));
        assert_eq!(take_nap(REFRESH_INTERVAL, ms(4_000), true), PICTURE);
        assert_eq!(take_nap(ms(0), ms(4_000), true), SHORTEST_NAP);
    }
}
