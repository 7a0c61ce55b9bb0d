//! One file of a take, from its creation to its completion.

use super::error::FileError;
use super::exclusive::{Created, Found, TRIES, create, create_unused, look, rename_to_unused, replace};
use super::whereabouts::{Whereabouts, whereabouts};
use crate::core::format::{FileType, Menu};
use crate::core::naming::{Marker, marked, part_path};
use crate::disk::encode;
use crate::disk::medium::sync;
use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that is being recorded. Locked until its last handle is dropped.
///
/// Dropping it without [`complete`](Self::complete) or [`discard`](Self::discard) leaves the file where the sound is.
#[derive(Debug)]
pub struct TakeFile {
    file: Arc<File>,
    /// Where the sound is.
    path: PathBuf,
    /// The older file that the complete take replaces.
    replaces: Option<PathBuf>,
    /// The name of the take's first part.
    first: PathBuf,
    /// Of the take: what its name has for `{suffix}`.
    number: u64,
    /// 1 for the first part.
    part: u32,
}

impl TakeFile {
    /// The first part of a take whose name nobody else has.
    pub(super) fn unique(file: File, path: PathBuf, number: u64) -> Self {
        Self { file: Arc::new(file), path: path.clone(), replaces: None, first: path, number, part: 1 }
    }

    /// The first part of a take that replaces what has its name.
    pub(super) fn fixed(path: PathBuf, n: u16) -> Result<Self, FileError> {
        let (file, path, replaces) = create_fixed(&path)?;
        let first = replaces.as_ref().unwrap_or(&path).clone();
        Ok(Self { file: Arc::new(file), path, replaces, first, number: n.into(), part: 1 })
    }

    /// The open file, to read and to write.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where the sound is now. With Unique Suffix off that is beside the final path while an older file is there.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the take: what its name has for `{suffix}`.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// 1 for the first part.
    pub(super) fn part(&self) -> u32 {
        self.part
    }

    /// The part of this number; none where something has its name, which no part ever replaces.
    pub(super) fn try_part(&self, part: u32) -> Result<Option<TakeFile>, FileError> {
        Self::new_part(self.first.clone(), part, self.number)
    }

    /// The first file of a take that replaces nothing, as this part of the name `first`; none where something has that.
    pub(super) fn kept(first: PathBuf, part: u32, n: u16) -> Result<Option<TakeFile>, FileError> {
        Self::new_part(first, part, n.into())
    }

    /// The same in another folder, where nothing is ever replaced.
    pub(super) fn try_part_in(&self, folder: &Path, part: u32) -> Result<Option<TakeFile>, FileError> {
        let name = self.first.file_name().unwrap_or(self.first.as_os_str());
        Self::new_part(folder.join(name), part, self.number)
    }

    fn new_part(first: PathBuf, part: u32, number: u64) -> Result<Option<TakeFile>, FileError> {
        let path = if part == 1 { first.clone() } else { part_path(&first, part) };
        Ok(match create(&path)? {
            Created::New(file) => Some(Self { file: Arc::new(file), path, replaces: None, first, number, part }),
            Created::Taken => None,
        })
    }

    /// Puts a file that is written to its end where it belongs, and says where that is. The encoder is to be dropped
    /// before: the lock goes with the last handle.
    ///
    /// # Errors
    /// The take is safe all the same, and the error says where; only [`FileError::Lost`] says that it is not.
    pub fn complete(self) -> Result<PathBuf, FileError> {
        match whereabouts(&self.file, &self.path) {
            Whereabouts::There => {}
            Whereabouts::Moved => return Err(FileError::Moved { path: self.path }),
            Whereabouts::Deleted => return Err(self.write_again()),
        }
        let Some(target) = self.replaces else {
            return Ok(self.path);
        };
        // The older file may go only when the new one is on the disk.
        let synced = sync(&self.file).map_err(|error| FileError::io(&self.path, error));
        match synced.and_then(|()| replace(&self.path, &target)) {
            Ok(()) => Ok(target),
            Err(error) => {
                let kept = rename_to_unused(&self.path, &target, Marker::New).unwrap_or(self.path);
                Err(FileError::NotReplaced { path: target, kept, source: Box::new(error) })
            }
        }
    }

    /// Removes the file of a take that wrote nothing.
    pub fn discard(self) {
        if whereabouts(&self.file, &self.path) == Whereabouts::There {
            // An empty file that cannot be removed does no harm, and there is no take whose error this could be.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Saves what a deleted file holds as long as it is open.
    fn write_again(self) -> FileError {
        let path = self.replaces.unwrap_or(self.path);
        match copy_to_unused(&self.file, &path) {
            Ok(kept) => FileError::Deleted { path, kept },
            Err(error) => FileError::Lost { path, source: Box::new(error) },
        }
    }
}

fn copy_to_unused(from: &File, path: &Path) -> Result<PathBuf, FileError> {
    let (to, kept) = create_unused(path, Marker::Recovered)?;
    let copy = |mut from: &File, mut to: &File| -> io::Result<()> {
        from.rewind()?;
        io::copy(&mut from, &mut to)?;
        sync(to)
    };
    // Half a copy stays: nothing else is left of the take.
    copy(from, &to).map_err(|error| FileError::io(&kept, error))?;
    Ok(kept)
}

/// Creates the file of this name, or one beside it where an older file has the name. Says where the new file is and
/// which older one it replaces.
fn create_fixed(path: &Path) -> Result<(File, PathBuf, Option<PathBuf>), FileError> {
    let path = follow_link(path)?;
    let beside = marked(&path, Marker::Recording);
    for _ in 0..TRIES {
        if let Created::New(file) = create(&path)? {
            return Ok((file, path, None));
        }
        match look(&path) {
            Ok(Found::Nothing) => continue,
            Ok(Found::InUse) => break,
            Ok(Found::Free(_)) => {}
            Err(error @ FileError::NotAFile { .. }) => return Err(error),
            // Another program may let it go before the take is complete. If not, the take stays beside it.
            Err(_) => {}
        }
        if let Created::New(file) = create(&beside)? {
            return Ok((file, beside, Some(path)));
        }
        match look(&beside)? {
            Found::Nothing => continue,
            Found::InUse => break,
            Found::Free(leftover) => set_aside(&leftover, &beside, &path)?,
        }
    }
    Err(FileError::InUse { path })
}

/// Gives what a killed host left another name, so that it is never overwritten, and makes it tell of all its sound.
/// Without any it goes. `leftover` keeps others away from it.
fn set_aside(leftover: &File, beside: &Path, path: &Path) -> Result<(), FileError> {
    let io_error = |error| FileError::io(beside, error);
    let is_empty = leftover.metadata().map_err(io_error)?.len() == 0;
    // What cannot be mended, for it is nothing that we know or the disk refuses, plays as well as it did.
    let mended = file_type(path).and_then(|file_type| (encode::format_of(file_type).repair)(leftover).ok());
    if is_empty || mended.is_some_and(|kept| kept.frames == 0) {
        return fs::remove_file(beside).map_err(io_error);
    }
    rename_to_unused(beside, path, Marker::Recovered).map(drop)
}

/// The type that a file's name tells.
pub(super) fn file_type(path: &Path) -> Option<FileType> {
    let extension = path.extension()?.to_str()?;
    FileType::ALL.iter().copied().find(|file_type| file_type.id() == extension)
}

/// The file that a link leads to; the path itself where it is no link.
fn follow_link(path: &Path) -> Result<PathBuf, FileError> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if !is_link {
        return Ok(path.to_owned());
    }
    let target = fs::canonicalize(path).map_err(|_| FileError::DeadLink { path: path.to_owned() })?;
    // Told of here, by the name that the user wrote.
    let is_file = target.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file { Ok(target) } else { Err(FileError::NotAFile { path: path.to_owned() }) }
}
