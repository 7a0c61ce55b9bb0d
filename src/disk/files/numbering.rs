//! Which numbers are in use, so that the first unused one is found without a look at every file of a folder.

use super::error::FileError;
use super::exclusive::{Created, create};
use super::take_file::TakeFile;
use super::together::all_or_none;
use crate::core::naming::{NamePattern, NumberedName, Suffix};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The least time between two searches for the same names.
const BETWEEN_SEARCHES: Duration = Duration::from_millis(300);

/// A search may take this part of the time at most, however many files there are and however many recorders share the
/// processor.
const SEARCH_SHARE: u32 = 32;

/// How many patterns are remembered: one for each setting that automation goes to and fro between.
const KEPT_PATTERNS: usize = 8;

/// Whether names that differ in case only are the same to the usual file systems of this system.
const ANY_CASE: bool = cfg!(any(windows, target_os = "macos"));

/// Creates files under the first unused number, or foresees it.
///
/// The number comes from a listing of the folder, and from then on from memory, as long as the folder's modification time
/// says that nobody else made or removed a file. If somebody did, the folder is listed again, though not within
/// [`BETWEEN_SEARCHES`] of the last listing, nor within [`SEARCH_SHARE`] times what that one took: thousands of takes a
/// second from several recorders must not cost a listing each. Meanwhile the numbers go on upwards, so a number that was
/// given back in the last moments, or within one tick of the file system's clock, can stay unused until the folder
/// changes again. On a file system that keeps no such time for folders (FAT) that lasts as long as the plugin.
///
/// All this is a hint only: what decides is that the file can be created and did not exist.
#[derive(Debug)]
pub(super) struct Numbering {
    /// Last used last.
    known: Vec<Known>,
    between_searches: Duration,
    search_share: u32,
    #[cfg(test)]
    pub(super) searches: usize,
}

/// What is known of the names of one pattern in one folder.
#[derive(Debug)]
struct Known {
    /// The name with the number 1: no other pattern has it.
    key: PathBuf,
    /// Seems unused.
    next: u64,
    /// In use above `next`, in order.
    used: VecDeque<u64>,
    /// The folder's modification time when `next` was known to be the first.
    folder_time: Option<SystemTime>,
    /// When the next search may be.
    search_again: Option<Instant>,
}

impl Default for Numbering {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            between_searches: BETWEEN_SEARCHES,
            search_share: SEARCH_SHARE,
            #[cfg(test)]
            searches: 0,
        }
    }
}

impl Numbering {
    /// Creates the files with the first number above `last_number` of this pattern that none of them has in the folder
    /// `root`, and the folders that they need.
    pub(super) fn create(
        &mut self,
        root: &Path,
        pattern: &NamePattern,
        last_number: u64,
    ) -> Result<Vec<TakeFile>, FileError> {
        self.with_first_unused(root, pattern, |known| {
            let number = known.next;
            if number <= last_number {
                return Ok(None);
            }
            let files = all_or_none(pattern.paths(Suffix::Unique(number)), |path| {
                let path = root.join(path);
                Ok(match create(&path)? {
                    Created::New(file) => Some(TakeFile::unique(file, path, number)),
                    Created::Taken => None,
                })
            })?;
            if files.is_some() {
                known.take_next();
            }
            Ok(files)
        })
    }

    /// The path that [`create`](Self::create) would give its first file now. Makes nothing.
    pub(super) fn foresee(&mut self, root: &Path, pattern: &NamePattern) -> PathBuf {
        let found = self.with_first_unused(root, pattern, |known| {
            let suffix = Suffix::Unique(known.next);
            let is_taken = pattern.paths(suffix).iter().any(|path| root.join(path).symlink_metadata().is_ok());
            Ok::<_, Infallible>((!is_taken).then(|| root.join(pattern.path(suffix))))
        });
        found.unwrap_or_else(|never| match never {})
    }

    /// Offers the numbers that seem unused to `claim`, the first one first, until it takes one. It answers `None` where the
    /// number is in use after all.
    fn with_first_unused<T, E>(
        &mut self,
        root: &Path,
        pattern: &NamePattern,
        mut claim: impl FnMut(&mut Known) -> Result<Option<T>, E>,
    ) -> Result<T, E> {
        let path_of = |number| root.join(pattern.path(Suffix::Unique(number)));
        let mut known = self.recall(path_of(1));
        let folder = known.key.parent().map(Path::to_owned).unwrap_or_default();
        let numbered = pattern.numbered_name(ANY_CASE);
        // Names that are spread over folders change no single one.
        let folder_time = || numbered.as_ref().and_then(|_| modified(&folder));

        // Before the first search the number 1 is as good as any: where it is unused there is nothing to search.
        let is_new = known.search_again.is_none() && known.next == 1;
        let mut is_first = is_new || (known.folder_time.is_some() && known.folder_time == folder_time());
        let mut may_search = known.search_again.is_none_or(|time| Instant::now() >= time);
        let claimed = loop {
            if !is_first && may_search {
                let started = Instant::now();
                match &numbered {
                    Some(name) => known.use_numbers(list(&folder, name)),
                    None => known.start_at(first_that_is_not_there(path_of)),
                }
                known.search_again =
                    Some(Instant::now() + self.between_searches.max(started.elapsed() * self.search_share));
                #[cfg(test)]
                {
                    self.searches += 1;
                }
                (is_first, may_search) = (true, false);
            }
            match claim(&mut known) {
                Ok(Some(claimed)) => break Ok(claimed),
                // Somebody was faster, or the listing did not show it.
                Ok(None) => {
                    is_first = false;
                    if !may_search {
                        known.take_next();
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if is_first {
            known.folder_time = folder_time();
        }
        self.remember(known);
        claimed
    }

    #[cfg(test)]
    pub(super) fn with_time_between_searches(between_searches: Duration) -> Self {
        Self { between_searches, search_share: 0, ..Self::default() }
    }

    /// As if the time between searches had passed.
    #[cfg(test)]
    pub(super) fn forget_the_last_search(&mut self) {
        self.known.iter_mut().for_each(|known| known.search_again = None);
    }

    fn recall(&mut self, key: PathBuf) -> Known {
        match self.known.iter().position(|known| known.key == key) {
            Some(at) => self.known.remove(at),
            None => Known { key, next: 1, used: VecDeque::new(), folder_time: None, search_again: None },
        }
    }

    fn remember(&mut self, known: Known) {
        if self.known.len() == KEPT_PATTERNS {
            self.known.remove(0);
        }
        self.known.push(known);
    }
}

impl Known {
    /// The numbers that are in use, in any order.
    fn use_numbers(&mut self, mut used: Vec<u64>) {
        used.sort_unstable();
        used.dedup();
        self.used = used.into();
        self.next = 0;
        self.take_next();
    }

    fn start_at(&mut self, number: u64) {
        self.used.clear();
        self.next = number;
    }

    /// Goes on to the next number that seems unused.
    fn take_next(&mut self) {
        self.next += 1;
        while let Some(used) = self.used.pop_front_if(|used| *used <= self.next) {
            self.next = self.next.max(used + 1);
        }
    }
}

/// The numbers in use in a folder; none where it cannot be listed.
fn list(folder: &Path, name: &NumberedName) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.flatten().filter_map(|entry| name.number_of(entry.file_name().to_str()?)).collect()
}

/// The first number whose name does not exist, for names that are spread over folders.
fn first_that_is_not_there(path_of: impl Fn(u64) -> PathBuf) -> u64 {
    let mut number = 1;
    while path_of(number).symlink_metadata().is_ok() {
        number += 1;
    }
    number
}

/// When the last file came into the folder or left it; `None` where there is no such folder or no such time.
fn modified(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder).and_then(|metadata| metadata.modified()).ok()
}
