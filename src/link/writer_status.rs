//! The status as the writer of one activation keeps it.
//!
//! [`Status`] lives as long as the plugin instance, and a writer as long as an activation. A writer that hangs is left
//! behind while the next one keeps the status. Whatever it has to show from then on goes where nobody looks; that a
//! take is finished, and what went wrong with it, is told all the same.

use super::groups;
use super::status::{Status, TakeReport};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A handle to the status of one writer.
#[derive(Debug, Clone)]
pub struct WriterStatus(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    shown: Arc<Status>,
    /// Stands in for it once the writer is left behind.
    hidden: OnceLock<Box<Status>>,
    is_left_behind: AtomicBool,
    start: Instant,
    /// When the writer last came on, in milliseconds since `start`.
    came_on: AtomicU64,
}

impl WriterStatus {
    pub fn new(shown: Arc<Status>) -> Self {
        let (is_left_behind, came_on) = (AtomicBool::new(false), AtomicU64::new(0));
        Self(Arc::new(Shared { shown, hidden: OnceLock::new(), is_left_behind, start: Instant::now(), came_on }))
    }

    /// The status of the instance.
    pub fn shown(&self) -> &Arc<Status> {
        &self.0.shown
    }

    fn is_left_behind(&self) -> bool {
        self.0.is_left_behind.load(Relaxed)
    }

    fn hidden(&self) -> &Status {
        self.0.hidden.get_or_init(Box::default)
    }

    /// Writer thread: the disk has taken some of the sound, or there is nothing to do.
    pub(crate) fn comes_on(&self) {
        self.0.came_on.store(self.0.start.elapsed().as_millis() as u64, Relaxed);
    }

    /// How long the writer has not come on.
    pub(crate) fn stuck_for(&self) -> Duration {
        self.0.start.elapsed().saturating_sub(Duration::from_millis(self.0.came_on.load(Relaxed)))
    }

    /// Main thread: the writer, which runs on this thread, hangs. It ends by itself, and has no part any more in what
    /// is shown, in its group, and in what the window asks for. What was asked for before it still does.
    pub(crate) fn leave_behind(&self, writer: &Thread) {
        self.0.is_left_behind.store(true, Relaxed);
        let asked = self.0.shown.captures().release(writer.id());
        self.hidden().captures().adopt(asked);
        groups::leave_behind(writer.id());
        self.0.shown.forget_writer(DISK_HANGS);
    }

    /// See [`Status::count_lost`].
    pub(crate) fn count_lost(&self, frames: u64) {
        self.0.shown.count_lost(frames);
    }

    /// See [`Status::take_fails`].
    pub(crate) fn take_fails(&self, error: &str) {
        if self.is_left_behind() { self.0.shown.tell(error) } else { self.0.shown.take_fails(error) }
    }

    /// See [`Status::trouble`].
    pub(crate) fn trouble(&self, text: &str) {
        if self.is_left_behind() { self.0.shown.tell(text) } else { self.0.shown.trouble(text) }
    }

    /// See [`Status::take_ends`].
    pub(crate) fn take_ends(&self, report: TakeReport) {
        if self.is_left_behind() { self.0.shown.other_take_ends(report) } else { self.0.shown.take_ends(report) }
    }

    /// See [`Status::other_take_ends`].
    pub(crate) fn other_take_ends(&self, report: TakeReport) {
        self.0.shown.other_take_ends(report);
    }
}

/// What shows what the writer does.
impl Deref for WriterStatus {
    type Target = Status;

    fn deref(&self) -> &Status {
        if self.is_left_behind() { self.hidden() } else { &self.0.shown }
    }
}

const DISK_HANGS: &str = "The take is not complete yet, for its disk is slow or does not answer. The rest is in \
                          memory, and is written as soon as the disk takes it: leave the DAW open until then.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::take::{Capture, TakeSettings};
    use crate::link::RecorderState;
    use std::thread;

    const CAPTURE: Capture = Capture { settings: TakeSettings::DEFAULT, frames: 5, tempo: None, event: None };

    /// A status, and the handle of a writer that was left behind in mid-take.
    fn left_behind() -> (Arc<Status>, WriterStatus) {
        let status = Arc::<Status>::default();
        let writer = WriterStatus::new(Arc::clone(&status));
        writer.captures().open();
        writer.take_begins(48_000);
        writer.set_queue_fill(0.5);
        writer.set_history_frames(7);
        writer.leave_behind(&thread::current());
        (status, writer)
    }

    #[test]
    fn nothing_is_shown_of_a_take_whose_writer_hangs_but_that_it_does() {
        let (status, _writer) = left_behind();
        let shown = status.snapshot();
        assert_eq!((shown.state, shown.queue_fill, shown.history_frames), (RecorderState::Idle, 0.0, 0));
        assert_eq!(shown.last_error.as_deref(), Some(DISK_HANGS));
    }

    #[test]
    fn a_writer_that_comes_back_touches_nothing_that_the_next_one_shows() {
        let (status, hung) = left_behind();
        let next = WriterStatus::new(Arc::clone(&status));
        next.captures().open();
        next.take_begins(44_100);
        next.take_path("next.wav".into());
        next.set_history_frames(3);
        let before = status.snapshot();
        hung.take_path("hung.wav".into());
        hung.take_progress(100, 200, 300);
        hung.set_queue_fill(0.9);
        hung.set_history_frames(0);
        hung.set_led(Some(5));
        hung.captures().close();
        hung.take_begins(8_000);
        assert_eq!(status.snapshot(), before);
        assert!(status.captures().ask(CAPTURE), "nobody hears the window");
    }

    #[test]
    fn a_take_that_is_finished_late_is_told_and_ends_no_other_one() {
        let (status, hung) = left_behind();
        let next = WriterStatus::new(Arc::clone(&status));
        next.take_begins(44_100);
        hung.take_ends(TakeReport { frames: 9, ..TakeReport::default() });
        hung.take_fails("The disk is full.");
        assert_eq!(status.reports().len(), 1);
        let shown = status.snapshot();
        assert_eq!(shown.state, RecorderState::Finishing, "the next take is still open");
        assert!(!shown.take_troubled, "the trouble is another take's");
        assert_eq!(shown.last_error.as_deref(), Some("The disk is full."));
    }

    #[test]
    fn what_the_window_asked_for_before_is_still_done() {
        let status = Arc::<Status>::default();
        let hung = WriterStatus::new(Arc::clone(&status));
        hung.captures().open();
        assert!(status.captures().ask(CAPTURE));
        hung.leave_behind(&thread::current());
        assert!(!status.captures().ask(CAPTURE), "there is no writer");
        assert_eq!(hung.captures().take(), Some(CAPTURE));
    }
}
