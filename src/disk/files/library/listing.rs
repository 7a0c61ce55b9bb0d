//! What lies in a folder, and what is no longer there.

use super::grouping::{Single, group};
use super::{DAYS, MOST_FILES, Question};
use crate::core::format::FileType;
use crate::disk::encode::told::{self, Told};
use crate::disk::files::lock::{try_lock_shared, unlock};
use crate::disk::files::take_file::file_type;
use crate::link::KeptTake;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How the program begins that our files name as their maker.
const RECORDER: &str = "Audio File Out";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what is known of a folder counts while its modification time stays.
const LONGEST_TRUST: Duration = Duration::from_secs(60);

/// What the window hears.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shelf {
    /// Newest first.
    pub takes: Vec<KeptTake>,
    /// Files of these takes and of the session that are not there.
    pub gone: HashSet<PathBuf>,
}

/// What was learnt by earlier looks. All of it may wait for the disk.
#[derive(Debug, Default)]
pub struct Memory {
    folder: Option<PathBuf>,
    /// Newest first, each with the time of its last change.
    takes: Vec<(KeptTake, SystemTime)>,
    /// Of the files that were opened.
    facts: HashMap<PathBuf, Facts>,
    /// Files that somebody was recording to.
    in_use: Vec<PathBuf>,
    folders: HashMap<PathBuf, FolderTime>,
    /// Of each file of the session, whether it is gone.
    session: HashMap<PathBuf, bool>,
    #[cfg(test)]
    pub listings: usize,
    #[cfg(test)]
    pub opened: usize,
}

/// What a file was when it was opened.
#[derive(Debug)]
struct Facts {
    bytes: u64,
    modified: SystemTime,
    /// Nothing where it is not ours.
    told: Option<Told>,
}

/// When something last came into a folder or left it.
#[derive(Debug)]
struct FolderTime {
    time: Option<SystemTime>,
    /// The look at which it was another time.
    changed_at: Instant,
    /// It was the same at the look after that, too. Within one tick of a file system's clock there can be several changes.
    is_settled: bool,
}

impl Memory {
    /// What there is now.
    pub fn look(&mut self, question: &Question) -> Shelf {
        if self.folder != question.folder {
            // Of the folder before nothing is shown.
            (self.takes, self.facts, self.in_use) = Default::default();
            self.folder.clone_from(&question.folder);
            self.folders.clear();
        }
        let parents: HashSet<&Path> = question.session.iter().filter_map(|path| path.parent()).collect();
        let folders = parents.into_iter().chain(question.folder.as_deref());
        let changed: HashSet<PathBuf> = folders.filter(|folder| self.has_changed(folder)).map(Path::to_owned).collect();
        if let Some(folder) = &question.folder
            && (changed.contains(folder) || self.in_use.iter().any(|path| !is_in_use(path)))
        {
            self.list(folder, &question.put_away);
        }
        self.look_after(&question.session, &changed);
        let gone = self.session.iter().filter(|&(_, &is_gone)| is_gone).map(|(path, _)| path.clone());
        let kept = self.takes.iter().flat_map(|(take, _)| &take.paths);
        let gone = gone.chain(kept.filter(|path| !self.facts.contains_key(*path)).cloned()).collect();
        Shelf { takes: self.takes.iter().map(|(take, _)| take.clone()).collect(), gone }
    }

    /// Whether what was known of this folder may be another by now.
    fn has_changed(&mut self, folder: &Path) -> bool {
        let time = fs::metadata(folder).and_then(|metadata| metadata.modified()).ok();
        let now = Instant::now();
        match self.folders.get_mut(folder) {
            Some(known) if known.time == time && now.duration_since(known.changed_at) < LONGEST_TRUST => {
                !std::mem::replace(&mut known.is_settled, true)
            }
            _ => {
                self.folders.insert(folder.to_owned(), FolderTime { time, changed_at: now, is_settled: false });
                true
            }
        }
    }

    /// Asks the disk for the session's files in the folders that have changed, and for those that are new.
    fn look_after(&mut self, session: &[PathBuf], changed: &HashSet<PathBuf>) {
        let before = std::mem::take(&mut self.session);
        let is_gone = |path: &PathBuf| match before.get(path) {
            Some(&before) if path.parent().is_some_and(|folder| !changed.contains(folder)) => before,
            _ => is_gone(path),
        };
        self.session = session.iter().map(|path| (path.clone(), is_gone(path))).collect();
    }

    /// Lists the folder. Takes of which a file is gone stay, unless we put it away ourselves.
    fn list(&mut self, folder: &Path, put_away: &HashSet<PathBuf>) {
        #[cfg(test)]
        {
            self.listings += 1;
        }
        let singles = self.open(newest(folder));
        let mut takes = group(singles);
        for (take, modified) in std::mem::take(&mut self.takes) {
            let has_lost = |path: &PathBuf| !self.facts.contains_key(path) && is_gone(path) && !put_away.contains(path);
            if take.paths.iter().any(has_lost) {
                takes.retain(|(other, _)| !other.paths.iter().all(|path| take.paths.contains(path)));
                let at = takes.partition_point(|&(_, other)| other >= modified);
                takes.insert(at, (take, modified));
            }
        }
        takes.truncate(MOST_FILES);
        self.takes = takes;
    }

    /// Reads those of the files that are ours, as far as they are not known already and nobody records to them.
    fn open(&mut self, found: Vec<Found>) -> Vec<Single> {
        let mut before = std::mem::take(&mut self.facts);
        self.in_use.clear();
        let mut singles = Vec::new();
        for Found { path, file_type, bytes, modified } in found {
            let known = before.remove(&path).filter(|facts| (facts.bytes, facts.modified) == (bytes, modified));
            let told = match known {
                Some(facts) => facts.told,
                None => {
                    #[cfg(test)]
                    {
                        self.opened += 1;
                    }
                    let Some(told) = read(&path, file_type) else {
                        self.in_use.push(path);
                        continue;
                    };
                    told
                }
            };
            if let Some(told) = &told {
                singles.push(Single { path: path.clone(), bytes, modified, told: told.clone() });
            }
            self.facts.insert(path, Facts { bytes, modified, told });
        }
        singles
    }
}

/// A file that may be a take.
struct Found {
    path: PathBuf,
    file_type: FileType,
    bytes: u64,
    modified: SystemTime,
}

/// The newest files of the last days that have the name of a type of ours, newest first.
fn newest(folder: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let oldest = SystemTime::now() - DAY * DAYS;
    let found = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let file_type = file_type(&path)?;
        let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() > 0)?;
        let modified = metadata.modified().ok().filter(|&modified| modified >= oldest)?;
        Some(Found { path, file_type, bytes: metadata.len(), modified })
    });
    let mut found: Vec<Found> = found.collect();
    found.sort_unstable_by(|one, other| other.modified.cmp(&one.modified).then_with(|| one.path.cmp(&other.path)));
    found.truncate(MOST_FILES);
    found
}

/// What the file says of itself, if it is ours; `None` where somebody records to it.
fn read(path: &Path, file_type: FileType) -> Option<Option<Told>> {
    let file = File::open(path).ok()?;
    if is_locked(&file) {
        return None;
    }
    // What Windows says of a file that another program has locked.
    let told = told::read(file_type, &file).ok()?;
    Some(told.filter(|told| told.software.as_deref().is_some_and(|software| software.starts_with(RECORDER))))
}

/// Whether somebody has the file locked. It is ours for a moment only: others try again a little later.
fn is_locked(file: &File) -> bool {
    match try_lock_shared(file) {
        Err(TryLockError::WouldBlock) => true,
        Ok(()) => {
            // Where that fails it ends with the handle.
            let _ = unlock(file);
            false
        }
        Err(TryLockError::Error(_)) => false,
    }
}

fn is_in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| is_locked(&file))
}

/// Whether the disk says that there is nothing.
fn is_gone(path: &Path) -> bool {
    let is_nothing = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    path.symlink_metadata().is_err_and(|error| is_nothing(error.kind()))
}
