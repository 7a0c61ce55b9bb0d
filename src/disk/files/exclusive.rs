//! Files that only one recorder can have.

use super::error::FileError;
use super::lock::try_lock;
use super::whereabouts::{Whereabouts, whereabouts};
use crate::core::naming::{Marker, marked};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often we look at a file that another recorder may just be looking at, too: such a look takes microseconds.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// How often a name that comes and goes under our eyes is tried for, before it counts as in use.
pub(super) const TRIES: u32 = 100;

/// What became of a name that we wanted.
pub(super) enum Created {
    /// It is ours: an empty file, locked where the file system can lock.
    New(File),
    /// Something else has it.
    Taken,
}

/// What has a name.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file that another recorder has open.
    InUse,
    /// A file that no recorder has open. It is locked until this handle is dropped, where the file system can lock.
    Free(File),
}

/// Creates the file, and the folders that it needs.
pub(super) fn create(path: &Path) -> Result<Created, FileError> {
    let created = match try_create(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let folder = path.parent().unwrap_or(path);
            let no_folder = |source| FileError::NoFolder { folder: folder.to_owned(), source };
            fs::create_dir_all(folder).map_err(no_folder)?;
            try_create(path)
        }
        created => created,
    };
    created.map_err(|error| FileError::io(path, error))
}

fn try_create(path: &Path) -> io::Result<Created> {
    match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
        Ok(file) => Ok(make_ours(file, path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Created::Taken),
        // What Windows says of a folder of that name.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && path.symlink_metadata().is_ok() => {
            Ok(Created::Taken)
        }
        Err(error) => Err(error),
    }
}

/// Locks a file that we just created. Where that cannot be done, it is ours all the same.
pub(super) fn make_ours(file: File, path: &Path) -> Created {
    for _ in 0..LOOKS {
        match try_lock(&file) {
            Ok(()) | Err(TryLockError::Error(_)) => break,
            // Another recorder looks at it.
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_LOOKS),
        }
    }
    // Before it was locked another recorder may have taken it for an old file, and replaced it.
    match whereabouts(&file, path) {
        Whereabouts::There | Whereabouts::Moved => Created::New(file),
        Whereabouts::Deleted => Created::Taken,
    }
}

/// Looks at what has the name, and keeps other recorders from replacing, renaming or removing it. Follows no link.
pub(super) fn look(path: &Path) -> Result<Found, FileError> {
    look_again_after(path, || thread::sleep(BETWEEN_LOOKS))
}

/// As [`look`], with something else to do between one look and the next.
pub(super) fn look_again_after(path: &Path, mut between: impl FnMut()) -> Result<Found, FileError> {
    let io_error = |error| FileError::io(path, error);
    for looks_left in (0..LOOKS).rev() {
        // Opening what is no file, a pipe say, could take forever.
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(FileError::NotAFile { path: path.to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(io_error(error)),
        }
        // NFS gives exclusive locks only to those who may write. Nothing is written.
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(io_error(error)),
        };
        // An empty file may be one that its recorder is about to lock.
        let may_be_new = looks_left > 0 && file.metadata().map_err(io_error)?.len() == 0;
        if !may_be_new && hold(&file, path) {
            return Ok(Found::Free(file));
        }
        drop(file);
        between();
    }
    Ok(Found::InUse)
}

/// Locks a file that was found at `path`; `false` where another recorder has it, or it is there no more.
pub(super) fn hold(file: &File, path: &Path) -> bool {
    match try_lock(file) {
        Ok(()) | Err(TryLockError::Error(_)) => whereabouts(file, path) == Whereabouts::There,
        Err(TryLockError::WouldBlock) => false,
    }
}

/// Puts the file at `from` in the place of what is at `to`, in one step. A file that a recorder has open stays.
pub(super) fn replace(from: &Path, to: &Path) -> Result<(), FileError> {
    for _ in 0..TRIES {
        let (held, is_ours) = match look(to)? {
            Found::Free(file) => (file, false),
            Found::InUse => break,
            Found::Nothing => match create(to)? {
                Created::New(file) => (file, true),
                Created::Taken => continue,
            },
        };
        return rename_over(from, to, held).map_err(|error| {
            if is_ours {
                // An error on the way to an error: the first one says what matters.
                let _ = fs::remove_file(to);
            }
            FileError::io(to, error)
        });
    }
    Err(FileError::InUse { path: to.to_owned() })
}

/// Gives the file at `from` the first unused of the names that `marker` makes of `path`.
pub(super) fn rename_to_unused(from: &Path, path: &Path, marker: fn(u32) -> Marker) -> Result<PathBuf, FileError> {
    let (held, to) = create_unused(path, marker)?;
    match rename_over(from, &to, held) {
        Ok(()) => Ok(to),
        Err(error) => {
            // As in `replace`.
            let _ = fs::remove_file(&to);
            Err(FileError::io(&to, error))
        }
    }
}

/// Creates the first unused of the names that `marker` makes of `path`.
pub(super) fn create_unused(path: &Path, marker: fn(u32) -> Marker) -> Result<(File, PathBuf), FileError> {
    let mut number = 1;
    loop {
        let path = marked(path, marker(number));
        match create(&path)? {
            Created::New(file) => return Ok((file, path)),
            Created::Taken => number += 1,
        }
    }
}

/// Renames over a file that `held` keeps others away from.
pub(super) fn rename_over(from: &Path, to: &Path, held: File) -> io::Result<()> {
    // Some file systems of Windows replace no file that is open.
    let _held = (!cfg!(windows)).then_some(held);
    fs::rename(from, to)
}
