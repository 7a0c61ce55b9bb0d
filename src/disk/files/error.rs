//! Why a take has no file, or not the one that it should have; in words for the musician.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What went wrong with a take's file. Its text says what happened, where, and what to do.
#[derive(Debug)]
pub enum FileError {
    /// The system does not say where the home folder is.
    NoHome,
    /// A folder is missing and cannot be made.
    NoFolder { folder: PathBuf, source: io::Error },
    /// The system does not let us write there.
    NoPermission { path: PathBuf, source: io::Error },
    /// No room is left, on the disk or of the user's share of it.
    DiskFull { path: PathBuf, source: io::Error },
    /// The system does not take the name: too long, or with characters that it forbids.
    BadName { path: PathBuf, source: io::Error },
    /// Another recorder has the file open.
    InUse { path: PathBuf },
    /// A folder, or another thing that is no file, has the name.
    NotAFile { path: PathBuf },
    /// The name is a link to nothing.
    DeadLink { path: PathBuf },
    /// Anything else that the system said.
    Io { path: PathBuf, source: io::Error },
    /// The take is complete but could not replace the older file, which is as it was.
    NotReplaced { path: PathBuf, kept: PathBuf, source: Box<FileError> },
    /// The file was moved or renamed while it was recorded. The take is complete, in the moved file.
    Moved { path: PathBuf },
    /// The file was deleted while it was recorded. The take is complete, in another file.
    Deleted { path: PathBuf, kept: PathBuf },
    /// The file was deleted while it was recorded, and the take could not be written again.
    Lost { path: PathBuf, source: Box<FileError> },
}

impl FileError {
    /// What the system said of `path`.
    pub fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileError::NoPermission { path, source },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::DiskFull { path, source },
            ErrorKind::InvalidFilename => FileError::BadName { path, source },
            ErrorKind::IsADirectory => FileError::NotAFile { path },
            _ => FileError::Io { path, source },
        }
    }
}

impl FileError {
    /// Where the complete take is after all, as far as that is known.
    pub fn kept(&self) -> Option<&Path> {
        match self {
            FileError::NotReplaced { kept, .. } | FileError::Deleted { kept, .. } => Some(kept),
            FileError::NoHome
            | FileError::NoFolder { .. }
            | FileError::NoPermission { .. }
            | FileError::DiskFull { .. }
            | FileError::BadName { .. }
            | FileError::InUse { .. }
            | FileError::NotAFile { .. }
            | FileError::DeadLink { .. }
            | FileError::Io { .. }
            | FileError::Moved { .. }
            | FileError::Lost { .. } => None,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NoHome => {
                write!(f, "The system does not say where the home folder is. Write a whole path into File.")
            }
            FileError::NoFolder { folder, source } => {
                let folder = folder.display();
                match source.kind() {
                    ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                        write!(f, "\"{folder}\" cannot be made a folder: a file is in the way.")?;
                    }
                    ErrorKind::PermissionDenied => {
                        write!(f, "The folder \"{folder}\" cannot be made: you have no permission there.")?;
                    }
                    ErrorKind::ReadOnlyFilesystem => {
                        write!(f, "The folder \"{folder}\" cannot be made: the disk is read-only.")?;
                    }
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                        write!(f, "The folder \"{folder}\" cannot be made: the disk is full.")?;
                    }
                    ErrorKind::InvalidFilename => {
                        write!(f, "The folder \"{folder}\" cannot be made: the system does not take its name.")?;
                    }
                    _ => write!(f, "The folder \"{folder}\" cannot be made: {source}.")?,
                }
                write!(f, " Choose another folder in File.")
            }
            FileError::NoPermission { path, source } if source.kind() == ErrorKind::ReadOnlyFilesystem => write!(
                f,
                "\"{}\" cannot be written: the disk is read-only. Choose a folder on another disk in File.",
                path.display()
            ),
            FileError::NoPermission { path, .. } => write!(
                f,
                "You have no permission to write \"{}\", or another program holds it. Choose another folder in File.",
                path.display()
            ),
            FileError::DiskFull { path, .. } => write!(
                f,
                "The disk is full: \"{}\" cannot be written. Make room, or choose another disk in File.",
                path.display()
            ),
            FileError::BadName { path, .. } => write!(
                f,
                "The system does not take the name \"{}\": it is too long, or has characters that are forbidden here. \
                 Change File.",
                path.display()
            ),
            FileError::InUse { path } => write!(
                f,
                "Another recorder is writing to \"{}\". Switch Unique Suffix on, or give each recorder a File of its \
                 own.",
                path.display()
            ),
            FileError::NotAFile { path } => {
                write!(f, "\"{}\" is a folder or no ordinary file. Choose another name in File.", path.display())
            }
            FileError::DeadLink { path } => write!(
                f,
                "\"{}\" is a link to something that is not there. Remove it, or choose another name in File.",
                path.display()
            ),
            FileError::Io { path, source } => {
                write!(f, "\"{}\" cannot be written: {source}. Try another folder in File.", path.display())
            }
            FileError::NotReplaced { path, kept, source } => write!(
                f,
                "The new take is safe in \"{}\". It could not replace \"{}\": {source}",
                kept.display(),
                path.display()
            ),
            FileError::Moved { path } => write!(
                f,
                "\"{}\" was moved or renamed while it was recorded. The take is safe, in the moved file.",
                path.display()
            ),
            FileError::Deleted { path, kept } => write!(
                f,
                "\"{}\" was deleted while it was recorded. The take is safe: it was written again, to \"{}\".",
                path.display(),
                kept.display()
            ),
            FileError::Lost { path, source } => write!(
                f,
                "\"{}\" was deleted while it was recorded, and the take could not be written again: {source}",
                path.display()
            ),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            FileError::NoFolder { source, .. }
            | FileError::NoPermission { source, .. }
            | FileError::DiskFull { source, .. }
            | FileError::BadName { source, .. }
            | FileError::Io { source, .. } => Some(source),
            FileError::NotReplaced { source, .. } | FileError::Lost { source, .. } => Some(&**source),
            FileError::NoHome
            | FileError::InUse { .. }
            | FileError::NotAFile { .. }
            | FileError::DeadLink { .. }
            | FileError::Moved { .. }
            | FileError::Deleted { .. } => None,
        }
    }
}
