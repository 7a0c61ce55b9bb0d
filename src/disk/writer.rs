//! The writer thread's loop: drains the queue of one plugin instance into takes.

use super::columns::Columns;
use super::error::TakeError;
use super::files::TakeFiles;
use super::room::Room;
use super::take::{Figures, OpenTake};
use crate::core::take::{Mark, TakeStart};
use crate::link::{Message, Receiver, Sign, Span, Texts, Watched};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long the writer sleeps while no take is open. The [watch](crate::link::Watched) wakes it when one begins; this is
/// only for the room that an open window shows.
const IDLE_NAP: Duration = Duration::from_secs(5);

/// How long the writer sleeps between two looks at an empty queue while a take is open.
const TAKE_NAP: Duration = Duration::from_millis(20);

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
                files: TakeFiles::default(),
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
        figures: Figures,
        error: String,
    },
}

struct Writer {
    receiver: Receiver,
    texts: Arc<Texts>,
    files: TakeFiles,
    state: State,
    columns: Columns,
    room: Room,
    log: Log,
}

impl Writer {
    fn run(mut self) {
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
            thread::park_timeout(match self.state {
                State::Idle => IDLE_NAP,
                State::Recording(_) | State::Failed { .. } => TAKE_NAP,
            });
        }
    }

    fn drain(&mut self, scratch: &mut Vec<f32>) {
        self.receiver.status().set_queue_fill(self.receiver.fill());
        loop {
            match self.receiver.next(scratch) {
                Some(Message::Mark(Mark::Begin(start))) => self.begin(start),
                Some(Message::Mark(Mark::Gap { frames, lost })) => self.gap(frames, lost),
                Some(Message::Mark(Mark::Pause { .. })) => self.columns.pause(self.receiver.status().waveform()),
                Some(Message::Mark(Mark::End)) => self.end(),
                Some(Message::Frames { frames, .. }) => self.frames(scratch, frames),
                None => break,
            }
        }
        self.with_take(OpenTake::keep_safe);
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
        match OpenTake::begin(&mut self.files, &texts, start, arriving) {
            Ok(take) => {
                self.receiver.status().take_begins(take.sample_rate());
                self.receiver.status().take_note(take.note());
                self.log(format_args!("take opened: {}", take.path().display()));
                self.receiver.status().take_path(take.path().to_owned());
                self.state = State::Recording(Box::new(take));
                self.with_take(|_| Ok(()));
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
        self.with_take(|take| take.write(planar, frames).and_then(|()| take.keep_safe()));
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

    fn with_take(&mut self, action: impl FnOnce(&mut OpenTake) -> Result<(), TakeError>) {
        let State::Recording(take) = &mut self.state else { return };
        let opened_files = take.opened_files();
        let result = action(take);
        let elsewhere = take.take_elsewhere();
        let status = self.receiver.status();
        status.take_progress(take.frames_written(), take.bytes(), take.clipped_samples());
        if take.opened_files() != opened_files {
            status.take_path(take.path().to_owned());
        }
        if let Some(text) = elsewhere {
            self.warn(&text);
        }
        if let Err(error) = result {
            self.fail(error);
        }
    }

    fn end(&mut self) {
        self.columns.end(self.receiver.status().waveform());
        let (figures, error) = match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return,
            State::Failed { figures, error } => (figures, Some(error)),
            State::Recording(take) => {
                let (mut figures, result) = take.finish();
                if let Some(text) = figures.elsewhere.take() {
                    self.warn(&text);
                }
                let told = result.err().map(|(error, dropped)| {
                    self.receiver.status().count_lost(dropped);
                    self.tell(&error)
                });
                (figures, told)
            }
        };
        let report = figures.report(self.receiver.take_format(), error);
        self.log(format_args!(
            "take closed: {} frames, {} lost, {} clipped samples: {}",
            report.frames,
            report.lost_frames,
            report.clipped_samples,
            report.paths.last().map_or_else(|| "no file".into(), |path| path.display().to_string()),
        ));
        let status = self.receiver.status();
        if let Some(path) = report.paths.last() {
            status.take_path(path.clone());
        }
        status.take_ends(report);
    }

    /// The take cannot go on: what is in its file stays, what comes until its end is dropped and counted.
    fn fail(&mut self, error: TakeError) {
        let error = self.tell(&error);
        let figures = match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Figures::default(),
            State::Recording(take) => {
                let (figures, dropped) = take.give_up();
                self.receiver.status().count_lost(dropped);
                figures
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
