//! What the user does to the files of a take that is there: other names, and the trash. All of its files or none, as far as a
//! file system allows; none that a recorder, or anybody who locks what is open, holds; and never over another file.

use super::error::FileError;
use super::exclusive::{Created, Found, create, look, rename_over};
use super::lock::try_lock_shared;
use crate::core::naming::NewName;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Why the files of a take are as they were. Its text says what happened, and what to do.
#[derive(Debug)]
pub enum NotChanged {
    /// Nothing is left of the name that the user wrote.
    NoName,
    /// The name is in use.
    Taken { path: PathBuf },
    /// Somebody has the file open.
    InUse { path: PathBuf },
    /// The file is no longer there.
    Gone { path: PathBuf },
    /// The system does not let us look whether somebody has the file open.
    NotOpened { path: PathBuf, source: io::Error },
    /// The system does not do it.
    NotRenamed { path: PathBuf, source: io::Error },
    /// There is no trash for the file, or it does not take it.
    NoTrash { path: PathBuf, reason: String },
    /// Not all files are as they were: those before the one that failed are `done`.
    InPart { done: Vec<PathBuf>, rest: Box<NotChanged> },
}

impl NotChanged {
    fn in_part(self, done: Vec<PathBuf>) -> Self {
        if done.is_empty() { self } else { NotChanged::InPart { done, rest: Box::new(self) } }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl fmt::Display for NotChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotChanged::NoName => write!(f, "That is no name for a file: nothing was renamed. Write another one."),
            NotChanged::Taken { path } => {
                write!(f, "There already is a \"{}\": nothing was renamed. Write another name.", name(path))
            }
            NotChanged::InUse { path } => write!(
                f,
                "\"{}\" is being recorded, or another program has it open: it was left alone. Try again when that has \
                 ended.",
                name(path)
            ),
            NotChanged::Gone { path } => {
                write!(f, "\"{}\" was moved or removed in the meantime: nothing was done.", name(path))
            }
            NotChanged::NotOpened { path, source } => {
                write!(f, "\"{}\" could not be opened ({source}): it was left alone. Use the file manager.", name(path))
            }
            NotChanged::NotRenamed { path, source } => {
                write!(f, "\"{}\" could not be renamed ({source}). Try another name.", name(path))
            }
            NotChanged::NoTrash { path, reason } => write!(
                f,
                "There is no trash for \"{}\" ({reason}): it was left where it is. Remove it in the file manager.",
                path.display()
            ),
            NotChanged::InPart { done, rest } => {
                let done: Vec<_> = done.iter().map(|path| format!("\"{}\"", name(path))).collect();
                write!(f, "{rest} This was done before: {}.", done.join(", "))
            }
        }
    }
}

/// Gives the files of a take the name that the user wrote, and says what they are called now.
///
/// # Errors
/// [`NotChanged::InPart`] where files could not get their old names back; the others leave all as it was.
pub fn rename_take(files: &[PathBuf], written: &str) -> Result<Vec<PathBuf>, NotChanged> {
    let new = NewName::new(written).ok_or(NotChanged::NoName)?;
    let _held = hold(files)?;
    let mut number = 1;
    loop {
        let paths = new.paths(files, number);
        if paths == files {
            return Ok(paths);
        }
        match reserve(files, &paths)? {
            Reserved::All(places) => return give_names(files, &paths, places).map(|()| paths),
            Reserved::Taken(_) if new.has_number() => number += 1,
            Reserved::Taken(path) => return Err(NotChanged::Taken { path }),
        }
    }
}

/// Moves the files of a take to the trash.
///
/// # Errors
/// [`NotChanged::InPart`] where the first ones are in the trash and another one is not; the others leave all as it was.
pub fn trash_take(files: &[PathBuf]) -> Result<(), NotChanged> {
    trash_take_with(files, move_to_trash)
}

pub(super) fn trash_take_with(
    files: &[PathBuf],
    move_to_trash: fn(&Path) -> Result<(), String>,
) -> Result<(), NotChanged> {
    let held = hold(files)?;
    // Windows moves no file that is open.
    let _held = (!cfg!(windows)).then_some(held);
    for (index, path) in files.iter().enumerate() {
        move_to_trash(path).map_err(|reason| {
            let path = path.clone();
            NotChanged::NoTrash { path, reason }.in_part(files[..index].to_vec())
        })?;
    }
    Ok(())
}

fn move_to_trash(path: &Path) -> Result<(), String> {
    #[cfg_attr(not(target_os = "macos"), expect(unused_mut, reason = "only macOS has a choice"))]
    let mut trash = trash::TrashContext::new();
    #[cfg(target_os = "macos")]
    {
        use trash::macos::{DeleteMethod, TrashContextExtMacos};
        // The other way asks the user whether the host may remote-control the Finder.
        trash.set_delete_method(DeleteMethod::NsFileManager);
    }
    trash.delete(path).map_err(|error| match error {
        #[cfg(all(unix, not(target_os = "macos")))]
        trash::Error::FileSystem { source, .. } => source.to_string(),
        trash::Error::Unknown { description } | trash::Error::Os { description, .. } => description,
        other => other.to_string(),
    })
}

/// Keeps recorders away from the files of a take for as long as these handles live.
fn hold(files: &[PathBuf]) -> Result<Vec<File>, NotChanged> {
    files.iter().map(|path| hold_one(path)).collect()
}

fn hold_one(path: &Path) -> Result<File, NotChanged> {
    let not_opened = |source| NotChanged::NotOpened { path: path.to_owned(), source };
    match look(path) {
        Ok(Found::Free(file)) => Ok(file),
        Ok(Found::InUse) => Err(NotChanged::InUse { path: path.to_owned() }),
        Ok(Found::Nothing) => Err(NotChanged::Gone { path: path.to_owned() }),
        // A write-protected file is the user's all the same, unless somebody holds it.
        Err(FileError::NoPermission { source, .. }) => {
            let file = File::open(path).map_err(|_| not_opened(source))?;
            match try_lock_shared(&file) {
                Err(TryLockError::WouldBlock) => Err(NotChanged::InUse { path: path.to_owned() }),
                Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
            }
        }
        Err(error) => Err(not_opened(source_of(error))),
    }
}

enum Reserved {
    /// Each path, and the empty file that keeps it for us; nothing where the file keeps its name.
    All(Vec<Option<File>>),
    /// Somebody has this one. None is ours.
    Taken(PathBuf),
}

/// Makes the new names ours, so that nothing can be replaced that others make meanwhile.
fn reserve(files: &[PathBuf], paths: &[PathBuf]) -> Result<Reserved, NotChanged> {
    let mut places = Vec::new();
    for (file, path) in files.iter().zip(paths) {
        let place = if file == path { Ok(Created::Taken) } else { create(path) };
        match place {
            Ok(Created::New(place)) => places.push(Some(place)),
            Ok(Created::Taken) if file == path => places.push(None),
            other => {
                give_up(&paths[..places.len()], places);
                let path = path.clone();
                return match other {
                    Err(error) => Err(NotChanged::NotRenamed { path, source: source_of(error) }),
                    Ok(_) => Ok(Reserved::Taken(path)),
                };
            }
        }
    }
    Ok(Reserved::All(places))
}

/// Removes what kept names for us.
fn give_up(paths: &[PathBuf], places: Vec<Option<File>>) {
    for (path, place) in paths.iter().zip(places) {
        if place.is_some() {
            // An empty file that stays does no harm, and there is an error that says more.
            let _ = fs::remove_file(path);
        }
    }
}

/// Puts each file in its place; where one cannot be, those before go back.
fn give_names(files: &[PathBuf], paths: &[PathBuf], places: Vec<Option<File>>) -> Result<(), NotChanged> {
    let mut places = places.into_iter();
    for (index, (file, path)) in files.iter().zip(paths).enumerate() {
        let Some(place) = places.next().flatten() else { continue };
        let Err(source) = rename_over(file, path, place) else { continue };
        let _ = fs::remove_file(path);
        give_up(&paths[index + 1..], places.collect());
        let stuck = (0..index).filter(|&before| go_back(&paths[before], &files[before]).is_err());
        let stuck = stuck.map(|before| paths[before].clone()).collect();
        return Err(NotChanged::NotRenamed { path: file.clone(), source }.in_part(stuck));
    }
    Ok(())
}

/// Gives a file its old name back, unless somebody took that just now.
fn go_back(from: &Path, to: &Path) -> io::Result<()> {
    if from == to {
        return Ok(());
    }
    match create(to) {
        Ok(Created::New(place)) => rename_over(from, to, place).inspect_err(|_| {
            let _ = fs::remove_file(to);
        }),
        Ok(Created::Taken) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) => Err(source_of(error)),
    }
}

/// What the system said: the advice that [`FileError`] gives is for takes that begin.
fn source_of(error: FileError) -> io::Error {
    match error {
        FileError::NoFolder { source, .. }
        | FileError::NoPermission { source, .. }
        | FileError::DiskFull { source, .. }
        | FileError::BadName { source, .. }
        | FileError::Io { source, .. } => source,
        FileError::NotAFile { .. } => io::Error::other("it is no ordinary file"),
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
