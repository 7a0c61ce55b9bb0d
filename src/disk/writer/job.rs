//! A take that is being written: what it has still to write, and what it tells whoever shows it.
//!
//! A take that begins with some of the history has more to write than what arrives. So that the queue is drained all the
//! same, what arrives meanwhile waits behind the history, and both are written bit by bit.

use super::Log;
use crate::core::channels::ChannelSet;
use crate::core::format::{Split, StreamFormat};
use crate::core::markers::MarkerKind;
use crate::core::take::{Mark, TakeStart};
use crate::disk::error::TakeError;
use crate::disk::files::TakeFiles;
use crate::disk::history::Held;
use crate::disk::take::waveform::Columns;
use crate::disk::take::{Figures, OpenTake, REFRESH_INTERVAL};
use crate::link::{Span, TextSet, WriterStatus};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What the takes of one instance tell.
pub struct Teller {
    pub status: WriterStatus,
    pub columns: Columns,
    pub log: Log,
    /// Captures that did not come to be whole, for the history to take back.
    pub unwritten: Vec<Unwritten>,
}

/// Frames of a capture that are in no file.
pub struct Unwritten {
    /// The first of them, counted from all that have passed.
    pub first: u64,
    pub channels: ChannelSet,
    pub held: VecDeque<Held>,
}

/// What a capture has written is kept until the capture is complete: the disk may not have it.
struct Captured {
    /// The first frame, counted from all that have passed.
    first: u64,
    channels: ChannelSet,
    written: VecDeque<Held>,
}

impl Captured {
    /// Returns what is in no file: all but the first `kept` frames, with what waits still.
    fn unwritten(self, kept: u64, waits: VecDeque<Held>) -> Unwritten {
        let Self { mut first, channels, written } = self;
        let mut held: VecDeque<_> = written.into_iter().chain(waits).collect();
        let mut left = kept;
        while let Some(next) = held.front() {
            let frames = next.frames();
            match next {
                Held::Mark(Mark::Pause { frames }) => first += frames,
                Held::Mark(_) => {}
                Held::Sound { .. } | Held::Silence { .. } if frames <= left => {
                    first += frames;
                    left -= frames;
                }
                Held::Sound { .. } | Held::Silence { .. } => break,
            }
            held.pop_front();
        }
        if left > 0
            && let Some(next) = held.pop_front()
        {
            first += left;
            held.push_front(next.without_first(left as usize));
        }
        Unwritten { first, channels, held }
    }
}

impl Teller {
    /// Something went wrong, and the take goes on.
    pub fn warn(&self, text: &str) {
        self.log(format_args!("take goes on: {text}"));
        self.status.trouble(text);
    }

    /// The song jumped ahead by so many seconds, for which Time Slice fills in silence.
    pub fn warn_of_gap(&self, seconds: u64) {
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
        self.warn(&format!(
            "The song jumped ahead by {hours} h {minutes} min, and Time Slice puts as much silence into the take. If \
             that is not wanted, switch Time Slice off, or stop the song before you go elsewhere in it."
        ));
    }

    /// A take of the history could not be begun, or written to its end; what no file has is in the history.
    pub fn fail_capture(&self, error: &TakeError) {
        self.log(format_args!("capture failed: {error}"));
        self.status.trouble(&format!("{error} {STILL_THERE}"));
    }

    fn log(&self, line: fmt::Arguments<'_>) {
        (self.log)(line);
    }
}

const STILL_THERE: &str = "What was to be captured is still in memory: press Capture again then.";

enum State {
    Recording(Box<OpenTake>),
    /// The take failed; its frames are counted and dropped until it ends.
    Failed {
        figures: Box<Figures>,
        error: String,
    },
}

/// What a take is made of. All of it is fixed by its first frame.
pub struct Order {
    pub texts: Arc<TextSet>,
    pub start: TakeStart,
    /// The shape of what arrives.
    pub arriving: StreamFormat,
    pub track_channels: usize,
}

impl Order {
    fn open(&self, files: Rc<RefCell<TakeFiles>>) -> Result<OpenTake, TakeError> {
        OpenTake::begin(files, Arc::clone(&self.texts), self.start, self.arriving, self.track_channels)
    }
}

/// Frames of silence that are still to be written, those that were lost last. One that is hours long takes minutes.
#[derive(Default)]
struct Gap {
    filled: u64,
    lost: u64,
}

impl Gap {
    fn is_empty(&self) -> bool {
        self.filled + self.lost == 0
    }

    /// Takes so many frames at most out of it.
    fn take(&mut self, frames: u64) -> Gap {
        let filled = self.filled.min(frames);
        let lost = self.lost.min(frames - filled);
        *self = Gap { filled: self.filled - filled, lost: self.lost - lost };
        Gap { filled, lost }
    }
}

/// One take, from its file on.
pub struct Job {
    state: State,
    arriving: StreamFormat,
    split: Split,
    /// Is being written, before all that is held.
    gap: Gap,
    /// To be written, oldest first.
    held: VecDeque<Held>,
    /// The first thing that waits is a [jump](Mark::Ahead) of which nobody knows yet whether it is one.
    is_undecided: bool,
    /// Bytes of sound in there that came in since the take began.
    late_bytes: usize,
    /// Only of a capture.
    captured: Option<Captured>,
    /// The window shows it as the present take.
    is_shown: bool,
    /// Frames in its files, and samples beyond full scale, that were told.
    told: (u64, u64),
}

impl Job {
    /// Makes the file of a take that the window shows, and that begins with some of the history.
    pub fn begin(order: &Order, held: VecDeque<Held>, files: Rc<RefCell<TakeFiles>>, teller: &mut Teller) -> Self {
        let arriving = order.arriving;
        teller.status.take_begins(arriving.sample_rate);
        teller.columns.begin(arriving.sample_rate);
        let state = match order.open(files) {
            Ok(take) => {
                teller.status.take_begins(take.sample_rate());
                State::Recording(Box::new(take))
            }
            Err(error) => State::Failed { figures: Box::default(), error: tell(&error, true, teller) },
        };
        let mut job = Self::of(state, order, held, true);
        job.show_opened(teller);
        job.with_take(teller, |_| Ok(()));
        job
    }

    /// Makes the file of a take of nothing but history, beside the present one if there is one. Where that fails nothing
    /// has happened.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn begin_capture(
        order: &Order,
        files: Rc<RefCell<TakeFiles>>,
        is_shown: bool,
        teller: &mut Teller,
    ) -> Result<Self, TakeError> {
        let take = order.open(files)?;
        if is_shown {
            teller.status.take_begins(take.sample_rate());
            teller.columns.begin(order.arriving.sample_rate);
        }
        let mut job = Self::of(State::Recording(Box::new(take)), order, VecDeque::new(), is_shown);
        job.show_opened(teller);
        job.with_take(teller, |_| Ok(()));
        Ok(job)
    }

    fn of(state: State, order: &Order, held: VecDeque<Held>, is_shown: bool) -> Self {
        let split = order.start.settings.split;
        Self {
            state,
            arriving: order.arriving,
            split,
            gap: Gap::default(),
            held,
            is_undecided: false,
            late_bytes: 0,
            captured: None,
            is_shown,
            told: (0, 0),
        }
    }

    /// Whether what waits may go on in files with other numbers.
    pub fn may_begin_files(&self) -> bool {
        self.split != Split::Off
    }

    fn show_opened(&self, teller: &Teller) {
        let State::Recording(take) = &self.state else { return };
        (teller.log)(format_args!("take opened: {}", take.path().display()));
        if self.is_shown {
            teller.status.take_note(take.note());
            teller.status.take_path(take.path().to_owned());
        }
    }

    /// The history that a capture is made of: `first` is its first frame, counted from all that have passed.
    pub fn hold(&mut self, first: u64, channels: ChannelSet, held: VecDeque<Held>) {
        self.held = held;
        self.captured = Some(Captured { first, channels, written: VecDeque::new() });
    }

    /// More that is to be written, behind all that waits.
    pub fn hold_more(&mut self, held: Held) {
        self.held.push_back(held);
    }

    /// Another take is the present one.
    pub fn hide(&mut self) {
        self.is_shown = false;
    }

    /// Returns whether all that came in is written.
    pub fn is_written(&self) -> bool {
        self.gap.is_empty() && self.held.is_empty()
    }

    /// Returns whether all that can be written is.
    pub fn is_up_to_date(&self) -> bool {
        let waits = self.is_undecided && matches!(self.held.front(), Some(Held::Mark(Mark::Ahead { .. })));
        self.gap.is_empty() && (self.held.is_empty() || waits)
    }

    /// The song jumped where it was ahead, or did not.
    pub fn settle(&mut self, jumped: bool) {
        if !std::mem::take(&mut self.is_undecided) {
            return;
        }
        let is_ahead = |held: &Held| matches!(held, Held::Mark(Mark::Ahead { .. }));
        let Some(at) = self.held.iter().rposition(is_ahead) else { return };
        let Some(Held::Mark(Mark::Ahead { missing, jumps_to })) = self.held.remove(at) else { return };
        let song = jumps_to.map(|seconds| Mark::Song { seconds, jumped: true, frames_ago: 0 });
        let gap = (missing > 0).then_some(Mark::Gap { frames: missing, lost: 0 });
        for mark in song.into_iter().chain(gap).filter(|_| jumped) {
            self.held.insert(at, Held::Mark(mark));
        }
    }

    /// Bytes of sound that came in since the take began, and wait.
    pub fn late_bytes(&self) -> usize {
        self.late_bytes
    }

    /// Bytes of sound that wait.
    pub fn held_bytes(&self) -> usize {
        let bytes_of = |held: &Held| match held {
            Held::Sound { planar, .. } => size_of_val(planar.as_slice()),
            Held::Silence { .. } | Held::Mark(_) => 0,
        };
        let written = self.captured.iter().flat_map(|captured| &captured.written);
        self.held.iter().chain(written).map(bytes_of).sum()
    }

    /// How long it is until the file has to be brought up to date.
    pub fn until_refresh(&self) -> Duration {
        match &self.state {
            State::Recording(take) => take.until_refresh(),
            State::Failed { .. } => REFRESH_INTERVAL,
        }
    }

    /// Takes frames, planar, channels one after the other.
    pub fn take_frames(&mut self, planar: &mut [f32], frames: usize, teller: &mut Teller) {
        if self.is_written() {
            self.write_frames(planar, frames, teller);
            teller.status.comes_on();
        } else {
            self.late_bytes += size_of_val(planar);
            self.held.push_back(Held::Sound { planar: planar.to_vec(), frames });
        }
    }

    /// Takes a mark of the take.
    pub fn take_mark(&mut self, mark: Mark, teller: &mut Teller) {
        if let Mark::Settled { jumped } = mark {
            return self.settle(jumped);
        }
        if matches!(mark, Mark::Ahead { .. }) {
            // What follows waits until the next block shows what it is.
            self.settle(true);
            self.is_undecided = true;
            self.held.push_back(Held::Mark(mark));
            return;
        }
        if self.is_written() {
            self.write_mark(mark, teller);
            self.fill_gap(super::CATCH_UP_FRAMES, teller);
        } else {
            self.held.push_back(Held::Mark(mark));
        }
    }

    /// Writes of what waits about `frames` frames.
    pub fn catch_up(&mut self, frames: u64, teller: &mut Teller) {
        let mut written = 0;
        while written < frames {
            written += self.fill_gap(frames - written, teller);
            if !self.gap.is_empty() {
                continue;
            }
            if self.is_up_to_date() {
                break;
            }
            let Some(held) = self.held.pop_front() else { break };
            if let Some(captured) = &mut self.captured {
                captured.written.push_back(held.clone());
            }
            match held {
                Held::Sound { mut planar, frames } => {
                    self.write_frames(&mut planar, frames, teller);
                    teller.status.comes_on();
                    written += frames as u64;
                }
                Held::Silence { frames: silence } => {
                    // A zero takes no longer than another sample.
                    let run = silence.min(frames);
                    if silence > run {
                        self.held.push_front(Held::Silence { frames: silence - run });
                        if let Some(Held::Silence { frames }) =
                            self.captured.as_mut().and_then(|captured| captured.written.back_mut())
                        {
                            *frames = run;
                        }
                    }
                    self.write_frames(&mut vec![0.0; run as usize * self.arriving.channels], run as usize, teller);
                    written += run;
                }
                Held::Mark(mark) => self.write_mark(mark, teller),
            }
        }
        if self.is_written() {
            self.late_bytes = 0;
        }
        self.keep_safe(teller);
    }

    fn write_frames(&mut self, planar: &mut [f32], frames: usize, teller: &mut Teller) {
        let mut span = Span::Recorded;
        if let State::Failed { figures, .. } = &mut self.state {
            figures.drop_frames(frames as u64);
            teller.status.count_lost(frames as u64);
            span = Span::Lost;
        }
        if self.is_shown {
            teller.columns.frames(teller.status.waveform(), planar, frames, span);
        }
        self.with_take(teller, |take| take.write(planar, frames));
    }

    fn write_mark(&mut self, mark: Mark, teller: &mut Teller) {
        match mark {
            Mark::Gap { frames, lost } => self.gap(frames, lost, teller),
            Mark::Pause { frames } => self.pause(frames, teller),
            Mark::Song { seconds, jumped, frames_ago } => {
                if let State::Recording(take) = &mut self.state {
                    take.song_goes_on(seconds, jumped, frames_ago);
                }
            }
            Mark::Marker { frames_ago } => {
                if let State::Recording(take) = &mut self.state {
                    take.set_marker(frames_ago);
                }
            }
            Mark::Interrupted => {
                if let State::Recording(take) = &mut self.state {
                    take.interrupt();
                }
            }
            Mark::Begin(_)
            | Mark::Ahead { .. }
            | Mark::Settled { .. }
            | Mark::PauseBegins
            | Mark::HistoryLost { .. }
            | Mark::Away { .. }
            | Mark::Group(_)
            | Mark::End { .. }
            | Mark::HistoryLength { .. }
            | Mark::HistoryBegins(_)
            | Mark::Capture(_) => {
                debug_assert!(false, "no mark within a take: {mark:?}");
            }
        }
    }

    /// The audio thread has counted the lost ones of these frames already.
    fn gap(&mut self, frames: u64, lost: u64, teller: &mut Teller) {
        if let State::Recording(take) = &mut self.state {
            if self.is_shown && lost > 0 {
                teller.status.take_loses_at(take.frames_written());
            }
            take.begin_gap(lost);
        }
        self.gap = Gap { filled: frames - lost, lost };
    }

    /// Writes so many frames of the gap at most, and says how many. A take that failed has none.
    fn fill_gap(&mut self, frames: u64, teller: &mut Teller) -> u64 {
        if self.gap.is_empty() {
            return 0;
        }
        let most = if let State::Failed { .. } = self.state { u64::MAX } else { frames };
        let Gap { filled, lost } = self.gap.take(most);
        if let State::Failed { figures, .. } = &mut self.state
            && lost > 0
        {
            figures.drop_frames(lost);
        }
        if self.is_shown {
            let waveform = teller.status.waveform();
            teller.columns.silence(waveform, filled, Span::Recorded);
            teller.columns.silence(waveform, lost, Span::Lost);
        }
        self.with_take(teller, |take| take.write_gap(filled + lost, lost));
        filled + lost
    }

    /// The take goes on after a pause that left out so many frames.
    fn pause(&mut self, frames: u64, teller: &mut Teller) {
        if self.is_shown {
            teller.columns.pause(teller.status.waveform());
        }
        let seconds = frames as f64 / f64::from(self.arriving.sample_rate);
        if let State::Recording(take) = &mut self.state {
            take.mark(MarkerKind::Pause { seconds });
        }
    }

    /// Brings header, medium and status up to date.
    pub fn keep_safe(&mut self, teller: &mut Teller) {
        self.with_take(teller, OpenTake::keep_safe);
        self.show_progress(teller);
    }

    fn with_take(&mut self, teller: &mut Teller, action: impl FnOnce(&mut OpenTake) -> Result<(), TakeError>) {
        let State::Recording(take) = &mut self.state else { return };
        let opened_files = take.opened_files();
        let result = action(take);
        let news = take.take_news();
        if self.is_shown && take.opened_files() != opened_files {
            teller.status.take_path(take.path().to_owned());
        }
        news.iter().for_each(|text| teller.warn(text));
        if let Err(error) = result {
            self.fail(&error, teller);
        }
    }

    /// Shows how far the take has come.
    fn show_progress(&mut self, teller: &Teller) {
        let State::Recording(take) = &self.state else { return };
        let (frames, clipped_samples) = (take.frames_written(), take.clipped_samples());
        let (told_frames, told_samples) = std::mem::replace(&mut self.told, (frames, clipped_samples));
        if self.is_shown {
            teller.status.take_progress(frames, take.bytes(), clipped_samples);
        } else {
            let status = &teller.status;
            status
                .other_take_progress(frames.saturating_sub(told_frames), clipped_samples.saturating_sub(told_samples));
        }
    }

    /// Completes the take. All that came in is to be written before. `is_last`: no other one is being written.
    pub fn end(mut self, is_last: bool, teller: &mut Teller) {
        debug_assert!(self.is_written());
        teller.status.comes_on();
        let captured = self.captured.take();
        if self.is_shown {
            teller.columns.end(teller.status.waveform());
        }
        self.show_progress(teller);
        let (mut figures, error) = match self.state {
            State::Failed { figures, error } => (*figures, Some(error)),
            State::Recording(take) => {
                let (mut figures, result) = take.finish();
                figures.news.drain(..).for_each(|text| teller.warn(&text));
                let told = result.err().map(|(error, dropped)| match captured {
                    Some(captured) => {
                        take_back(captured, &mut figures, dropped, VecDeque::new(), teller);
                        tell_capture(&error, self.is_shown, teller)
                    }
                    None => {
                        teller.status.count_lost(dropped);
                        tell(&error, self.is_shown, teller)
                    }
                });
                (figures, told)
            }
        };
        let path = figures.newest_path.take();
        let report = figures.report(self.arriving, error);
        teller.log(format_args!(
            "take closed: {} frames, {} lost, {} clipped samples{}: {}",
            report.frames,
            report.lost_frames,
            report.clipped_samples,
            if report.paths.len() > 1 { format!(", {} files", report.paths.len()) } else { String::new() },
            path.as_ref().map_or_else(|| "no file".into(), |path| path.display().to_string()),
        ));
        if let Some(path) = path.filter(|_| self.is_shown) {
            teller.status.take_path(path);
        }
        if is_last {
            teller.status.take_ends(report);
        } else {
            teller.status.other_take_ends(report);
        }
    }

    /// The take cannot go on: what is in its file stays, what comes until its end is dropped and counted.
    pub fn fail(&mut self, error: &TakeError, teller: &mut Teller) {
        self.show_progress(teller);
        let captured = self.captured.take();
        let error = match &captured {
            Some(_) => tell_capture(error, self.is_shown, teller),
            None => tell(error, self.is_shown, teller),
        };
        let failed = State::Failed { figures: Box::default(), error };
        let figures = match std::mem::replace(&mut self.state, failed) {
            State::Recording(take) => {
                let (mut figures, dropped) = take.give_up();
                match captured {
                    Some(captured) => {
                        let waits = std::mem::take(&mut self.held);
                        take_back(captured, &mut figures, dropped, waits, teller);
                    }
                    None => teller.status.count_lost(dropped),
                }
                Box::new(figures)
            }
            State::Failed { figures, .. } => figures,
        };
        if let State::Failed { figures: empty, .. } = &mut self.state {
            *empty = figures;
        }
    }
}

/// Writes all that takes which have ended wait for. `is_last`: no other one is being written.
pub fn complete(ended: &mut Vec<Job>, is_last: bool, teller: &mut Teller) {
    let mut left = ended.len();
    for mut job in ended.drain(..) {
        // Bit by bit, so that its header keeps up and silence takes little memory.
        job.settle(true);
        while !job.is_written() {
            super::catch_up(&mut job, super::CATCH_UP_FRAMES, teller);
        }
        left -= 1;
        job.end(is_last && left == 0, teller);
    }
}

/// Gives the history what a capture that failed has in no file: it is not lost, and no part of that take.
fn take_back(captured: Captured, figures: &mut Figures, dropped: u64, waits: VecDeque<Held>, teller: &mut Teller) {
    figures.frames -= dropped;
    figures.lost_frames -= dropped;
    teller.unwritten.push(captured.unwritten(figures.frames, waits));
}

fn tell_capture(error: &TakeError, is_shown: bool, teller: &Teller) -> String {
    let text = tell(error, is_shown, teller);
    teller.fail_capture(error);
    text
}

fn tell(error: &TakeError, is_shown: bool, teller: &Teller) -> String {
    let text = error.to_string();
    teller.log(format_args!("take failed: {text}"));
    if is_shown {
        teller.status.take_fails(&text);
    } else {
        teller.status.trouble(&text);
    }
    text
}
