//! How much room is left where takes go, for the window.

use super::medium::available_space;
use crate::link::{Errand, Status};
use std::path::{Path, PathBuf};
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::{Duration, Instant};

/// How often the disk is asked. A busy recorder fills some megabytes in this time.
const INTERVAL: Duration = Duration::from_secs(2);

/// Asks the disk now and then, and only while a window looks. Lives on the writer thread, and never waits: an
/// [`Errand`] ("audio file room") asks, and no other one before it has an answer.
#[derive(Default)]
pub struct Room {
    last: Option<(Instant, PathBuf)>,
    errand: Option<Errand<Option<u64>>>,
}

impl Room {
    /// Brings [`Status`] up to date where it is time to, or an answer has come; it wakes the calling thread.
    pub fn show(&mut self, status: &Status) {
        self.hear(status);
        if !status.is_room_wanted() {
            return;
        }
        let Some(path) = status.path_to_measure() else { return };
        let is_old = self.last.as_ref().is_none_or(|(at, _)| at.elapsed() >= INTERVAL);
        if self.errand.is_some() {
            if is_old {
                // What is shown was so before the disk hung.
                status.set_free_bytes(None);
            }
            return;
        }
        if !is_old && self.last.as_ref().is_some_and(|(_, of)| *of == path) {
            return;
        }
        self.last = Some((Instant::now(), path.clone()));
        let asker = thread::current();
        // Without a thread to be had the next look tries again.
        self.errand = Errand::start("audio file room", move || free_bytes(&path), move || asker.unpark()).ok();
    }

    fn hear(&mut self, status: &Status) {
        let Some(errand) = &mut self.errand else { return };
        match errand.answer() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {}
            Ok(free) => status.set_free_bytes(free),
        }
        self.errand = None;
    }
}

/// How many bytes a file at `path` may become. Its folder is made with it, so the nearest one that is there already
/// counts.
fn free_bytes(path: &Path) -> Option<u64> {
    path.ancestors().skip(1).find_map(|folder| available_space(folder).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above_it() {
        let status = Status::default();
        status.scope().open();
        status.set_next_path(&std::env::temp_dir().join("not/there/yet/take.wav"));
        let mut room = Room::default();
        let start = Instant::now();
        while status.snapshot().free_bytes.is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "no answer");
            room.show(&status);
            // The answer ends the nap.
            thread::park_timeout(Duration::from_secs(1));
        }
        assert!(status.snapshot().free_bytes.is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn the_disk_is_not_asked_while_no_window_is_open() {
        let status = Status::default();
        status.set_next_path(&std::env::temp_dir().join("take.wav"));
        let mut room = Room::default();
        room.show(&status);
        assert!(room.errand.is_none() && room.last.is_none());
    }

    #[test]
    fn a_disk_that_has_not_answered_is_asked_nothing_else() {
        let status = Status::default();
        status.scope().open();
        status.set_next_path(&std::env::temp_dir().join("take.wav"));
        let (release, hangs) = std::sync::mpsc::channel::<()>();
        let errand = Errand::start("audio file test", move || hangs.recv().ok().map(|()| 1), || ());
        let mut room = Room { last: None, errand: errand.ok() };
        status.set_free_bytes(Some(5));
        room.show(&status);
        assert!(room.last.is_none(), "another question was sent");
        assert_eq!(status.snapshot().free_bytes, None, "nobody knows by now");
        drop(release);
    }
}
