//! How much room is left where takes go, for the window.

use crate::link::Status;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the disk is asked. A busy recorder fills some megabytes in this time.
const INTERVAL: Duration = Duration::from_secs(2);

/// Asks the disk now and then, and only while a window looks. Lives on the writer thread.
#[derive(Default)]
pub struct Room {
    last: Option<(Instant, PathBuf)>,
}

impl Room {
    /// Brings [`Status`] up to date where it is time to.
    pub fn show(&mut self, status: &Status) {
        if !status.is_room_wanted() {
            return;
        }
        let Some(path) = status.path_to_measure() else { return };
        let is_fresh = |(at, of): &(Instant, PathBuf)| at.elapsed() < INTERVAL && *of == path;
        if self.last.as_ref().is_some_and(is_fresh) {
            return;
        }
        // The folder of a take is made with the take, so the nearest one that is there already counts.
        let free = path.ancestors().skip(1).find_map(|folder| fs4::available_space(folder).ok());
        status.set_free_bytes(free);
        self.last = Some((Instant::now(), path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above_it() {
        let status = Status::default();
        status.scope().open();
        status.set_next_path(&std::env::temp_dir().join("not/there/yet/take.wav"));
        Room::default().show(&status);
        assert!(status.snapshot().free_bytes.is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn the_disk_is_not_asked_while_no_window_is_open() {
        let status = Status::default();
        status.set_next_path(&std::env::temp_dir().join("take.wav"));
        Room::default().show(&status);
        assert_eq!(status.snapshot().free_bytes, None);
    }
}
