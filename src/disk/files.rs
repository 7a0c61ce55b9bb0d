//! The files of a take: where they lie, how they get their names, and how none of them replaces another.
//!
//! Everything here, apart from [`Foresight`] and [`TakeLibrary`], runs on the writer thread and may block on the disk, but never waits for another recorder longer than
//! a few milliseconds.
//!
//! # A take keeps its file
//! - Every file is created exclusively: of several recorders that want a name, one gets it.
//! - A file is locked from its creation to the drop of its last handle (`flock` on Linux and macOS, `LockFileEx` on
//!   Windows), which keeps no other program from reading it. A locked file is never replaced, renamed or removed by a
//!   recorder. Between creation and lock another recorder may look at the file; such a file is
//!   empty, so whoever meets an empty one looks again a little later, and who finds its own new file gone starts over.
//! - A take that nobody started (Record was on when the instance was activated, or came with a saved state) replaces
//!   nothing, and neither do the later files of any take: they get the next unused `name (2).wav`.
//! - With Unique Suffix off, the take is recorded beside an existing file, as `name (recording).wav`, and replaces it in
//!   one step when it is complete. If that fails, it stays, as `name (new).wav`. An existing file that cannot even be
//!   opened (write-protected, or held by another program on Windows) is no reason to refuse a take.
//! - A `name (recording).wav` that nobody has locked is what a killed host left. When the next take wants its name it is
//!   mended, so that its header tells of all its sound, and becomes `name (recovered).wav`; without any sound it goes.
//!   Whatever else a killed host left plays as it is, and stays so: nothing tells it from a complete take.
//! - A take whose disk fails in mid-take goes on in the fallback folder, as `name (2).wav` or the next number there;
//!   nothing is ever replaced in that folder.
//! - A take that is split goes on under the next unused number, always above its last one, or in its next part while Unique
//!   Suffix is off.
//! - A take whose file is deleted while it is recorded is written to `name (recovered).wav` when it is complete, as far
//!   as the system still gives it out.
//!
//! A file system without locks is no error. The last rule protects takes there too; two recorders with Unique Suffix off
//! and the same name are not told of each other.
//!
//! # One file for each channel
//! Their names are had together or not at all: where one of them is in use the others are given back, and the next number
//! is tried. Between that and their end no other recorder can have one. With Unique Suffix off each of them replaces its own
//! older file when the take is complete, one after the other: no system replaces several files in one step. A host that
//! is killed just then leaves some replaced and the others as `name_R (recording).wav`.
//!
//! # Links
//! With Unique Suffix off, a link to a file counts as that file: the link stays, the file that it leads to is replaced,
//! and everything beside it lies beside that file. A link to nothing is an error, as is a folder of that name. With
//! Unique Suffix on, a name that a link has is used.

mod changes;
mod error;
mod exclusive;
mod foresee;
mod library;
mod lock;
mod numbering;
mod take_file;
mod take_number;
#[cfg(test)]
mod tests;
mod together;
mod whereabouts;

pub use error::FileError;
pub use foresee::{Foresight, Found, NextTake};
pub use library::TakeLibrary;
pub use take_file::TakeFile;
pub use together::{next_parts, next_parts_in};

use crate::core::format::StreamFormat;
use crate::core::naming::{NameContext, NamePattern, Start, Suffix, TAKE, last_component};
use crate::core::take::TakeSettings;
use crate::link::TextSet;
use chrono::{DateTime, Local};
use directories::UserDirs;
use numbering::Numbering;
use std::env;
use std::ffi::OsString;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use take_number::{Inquiry, Place};
use together::{all_or_none, first_unused};

/// The environment variable that names the recorder's folder.
const FOLDER_VARIABLE: &str = "AUDIO_FILE_OUT_DIR";

/// The recorder's folder in the user's music folder.
const FOLDER_NAME: &str = "Audio File Out";

/// What a take's file is to be like.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The `file` text and the track's name, as they were at the take's first frame.
    pub texts: &'a TextSet,
    /// The parameters at the take's first frame.
    pub settings: &'a TakeSettings,
    /// The shape of the track's sound.
    pub format: StreamFormat,
    /// When the take began, or would.
    pub began: DateTime<Local>,
    /// What stands behind the names of the files, one text for each channel; none where one file holds all.
    pub channels: &'a [String],
}

/// Makes the files of one plugin instance's takes. Lives as long as the instance, so that it remembers which numbers are
/// in use.
#[derive(Debug, Default)]
pub struct TakeFiles {
    numbering: Numbering,
    /// Looked up when a take first needs it: it costs a file.
    user: Option<UserDirs>,
    /// Asks the folders of others.
    inquiry: Inquiry,
}

impl TakeFiles {
    /// Makes the files of a take that lie side by side, at least one, and the folders that they need. With Unique Suffix on
    /// their number is the first one above `last_number` that none of the files has.
    ///
    /// # Errors
    /// Then there is no file. Folders may have been made.
    pub fn begin(&mut self, wanted: &Wanted, last_number: u64) -> Result<Vec<TakeFile>, FileError> {
        let variable = env::var_os(FOLDER_VARIABLE);
        let user = &mut self.user;
        let root = |start| root(start, variable, || user_dirs(user));
        begin(&mut self.numbering, wanted, last_number, root)
    }

    /// Makes files of a take in the fallback folder, always under a number of their own.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_in_fallback(&mut self, wanted: &Wanted, last_number: u64) -> Result<Vec<TakeFile>, FileError> {
        let settings = TakeSettings { unique_suffix: true, ..*wanted.settings };
        self.begin(&Wanted { texts: &fallback_texts(wanted.texts), settings: &settings, ..*wanted }, last_number)
    }

    /// The highest number that `{take}` has become there where this take is to lie; 0 where there is none.
    pub fn highest_take(&mut self, wanted: &Wanted) -> u64 {
        let user = &mut self.user;
        let root = |start| root(start, env::var_os(FOLDER_VARIABLE), || user_dirs(user)).ok();
        Place::of(wanted).map_or(0, |place| place.highest(root))
    }

    /// The same for takes on several disks, none of which is waited for for long.
    pub fn highest_take_of_all<'a>(&mut self, wanted: impl Iterator<Item = Wanted<'a>>) -> u64 {
        let mut places = Vec::new();
        for place in wanted.filter_map(|wanted| Place::of(&wanted)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        self.inquiry.highest(&places)
    }

    /// The folder in which a take goes on whose disk fails, if it is known.
    pub fn fallback_folder(&mut self, wanted: &Wanted) -> Option<PathBuf> {
        let pattern = pattern(&Wanted { texts: &fallback_texts(wanted.texts), ..*wanted });
        let root = root(pattern.start(), env::var_os(FOLDER_VARIABLE), || user_dirs(&mut self.user)).ok()?;
        root.join(pattern.path(Suffix::Unique(1))).parent().map(Path::to_owned)
    }
}

/// The texts as they would be, had the user named the fallback folder in File; without one that is the recorder's folder.
fn fallback_texts(texts: &TextSet) -> TextSet {
    let name = last_component(&texts.file);
    let folder = texts.fallback.trim();
    let file = if folder.is_empty() { name.to_owned() } else { format!("{folder}{MAIN_SEPARATOR}{name}") };
    TextSet { file, ..texts.clone() }
}

fn begin(
    numbering: &mut Numbering,
    wanted: &Wanted,
    last_number: u64,
    root: impl FnOnce(Start) -> Result<PathBuf, FileError>,
) -> Result<Vec<TakeFile>, FileError> {
    let pattern = pattern(wanted);
    let root = root(pattern.start())?;
    let n = wanted.settings.n;
    // Numbers of takes only rise: where there is such a file, a disk did not tell of it in time.
    let is_in_use = || wanted.texts.file.contains(TAKE) && is_there(&root, &pattern.paths(Suffix::Fixed(n)));
    if wanted.settings.unique_suffix || is_in_use() {
        numbering.create(&root, &pattern, last_number)
    } else {
        let paths = pattern.paths(Suffix::Fixed(n));
        if wanted.settings.keeps_existing {
            let paths: Vec<_> = paths.into_iter().map(|path| root.join(path)).collect();
            return first_unused(&paths, n);
        }
        let files = all_or_none(paths, |path| TakeFile::fixed(root.join(path), n).map(Some))?;
        Ok(files.unwrap_or_default())
    }
}

/// Whether there is a file of one of these names.
fn is_there(root: &Path, paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| root.join(path).symlink_metadata().is_ok())
}

/// The name of a take.
fn pattern(wanted: &Wanted) -> NamePattern {
    let context = NameContext {
        track: &wanted.texts.track,
        date: &wanted.began.format("%Y-%m-%d").to_string(),
        time: &wanted.began.format("%H-%M-%S").to_string(),
        settings: wanted.settings,
        format: if wanted.channels.is_empty() { wanted.format } else { StreamFormat { channels: 1, ..wanted.format } },
    };
    NamePattern::new(&wanted.texts.file, &context).for_channels(wanted.channels)
}

/// The folder in which a name lies; empty where the name is complete.
fn root<'a>(
    start: Start,
    variable: Option<OsString>,
    user: impl FnOnce() -> Option<&'a UserDirs>,
) -> Result<PathBuf, FileError> {
    match start {
        Start::Absolute => Ok(PathBuf::new()),
        Start::Home => Ok(user().ok_or(FileError::NoHome)?.home_dir().to_owned()),
        Start::Folder => match variable.filter(|folder| !folder.is_empty()) {
            Some(folder) => std::path::absolute(&folder).map_err(|error| FileError::io(folder.as_ref(), error)),
            None => {
                let user = user().ok_or(FileError::NoHome)?;
                Ok(user.audio_dir().unwrap_or(user.home_dir()).join(FOLDER_NAME))
            }
        },
    }
}

fn user_dirs(known: &mut Option<UserDirs>) -> Option<&UserDirs> {
    if known.is_none() {
        *known = UserDirs::new();
    }
    known.as_ref()
}
