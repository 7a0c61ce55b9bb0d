//! What can go wrong with a take on its way to disk, in words for the user.

use super::encode::OpenError;
use super::files::FileError;
use crate::core::rate::RatesDiffer;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a take could not be recorded, or not to its end.
#[derive(Debug)]
pub enum TakeError {
    /// The file could not be made, or not be put in its place. Its text says what became of the take.
    File(FileError),
    /// The encoder does not take this sound or these settings. Nothing was written.
    Encoder(OpenError),
    /// No channel of the track matches the scope. Nothing was written.
    NoChannels { scope: String },
    /// The rates in Hz differ, and the user asked for an error then. Nothing was written.
    RatesDiffer(RatesDiffer),
    /// No resampling leads from one rate in Hz to the other. Nothing was written.
    RateOutOfRange { from: u32, to: u32 },
    /// Writing stopped in mid-take. What was written before is in the file and plays.
    Write { path: PathBuf, source: io::Error },
    /// A bug of ours on the writer thread. What was written before is in the file.
    Internal,
}

impl From<FileError> for TakeError {
    fn from(error: FileError) -> Self {
        TakeError::File(error)
    }
}

impl From<RatesDiffer> for TakeError {
    fn from(error: RatesDiffer) -> Self {
        TakeError::RatesDiffer(error)
    }
}

impl std::error::Error for TakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TakeError::File(error) => Some(error),
            TakeError::Write { source, .. } | TakeError::Encoder(OpenError::Io(source)) => Some(source),
            TakeError::Encoder(_)
            | TakeError::NoChannels { .. }
            | TakeError::RatesDiffer(_)
            | TakeError::RateOutOfRange { .. }
            | TakeError::Internal => None,
        }
    }
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TakeError::File(error) => error.fmt(f),
            TakeError::Encoder(OpenError::TooManyChannels { file_type, most, channels }) => write!(
                f,
                "{file_type} holds {most} channels at most, and this take has {channels}. Nothing was recorded. Choose \
                 WAV as File Type, or One for Each Channel in Files."
            ),
            TakeError::Encoder(OpenError::Refused { file_type, reason }) => write!(
                f,
                "{file_type} does not take these settings ({reason}). Nothing was recorded. Choose another Bit Rate or \
                 File Type."
            ),
            TakeError::Encoder(OpenError::Io(source)) => {
                write!(f, "The file could not be begun: {}. {}", cause(source), remedy(source))
            }
            TakeError::NoChannels { scope } => write!(
                f,
                "No channel of this track matches the scope \"{scope}\". Nothing was recorded. Set Scope to * for all \
                 channels, or to names like chan1."
            ),
            TakeError::RatesDiffer(RatesDiffer { wanted, arriving }) => write!(
                f,
                "The track runs at {arriving} Hz and {wanted} Hz are wanted. Nothing was recorded. Change Sample Rate, or \
                 let Sample Rate Match resample."
            ),
            TakeError::RateOutOfRange { from, to } => write!(
                f,
                "Sound at {from} Hz cannot be brought to {to} Hz. Nothing was recorded. Set Sample Rate to Host."
            ),
            TakeError::Write { path, source } => write!(
                f,
                "Recording to {} stopped: {}. What came before is in the file. {}",
                path.display(),
                cause(source),
                remedy(source)
            ),
            TakeError::Internal => f.write_str(
                "Recording stopped because of an error of the recorder's own. What came before is in the file. Switch \
                 Record off and on again to begin a new take.",
            ),
        }
    }
}

impl TakeError {
    /// Whether the file system lets the file become no longer; another one has room.
    pub fn is_file_too_large(&self) -> bool {
        matches!(self, TakeError::Write { source, .. } if source.kind() == io::ErrorKind::FileTooLarge)
    }

    /// Whether it was for want of room.
    pub fn is_full_disk(&self) -> bool {
        match self {
            TakeError::File(FileError::DiskFull { .. }) => true,
            TakeError::Encoder(OpenError::Io(source)) | TakeError::Write { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            TakeError::File(_)
            | TakeError::Encoder(_)
            | TakeError::NoChannels { .. }
            | TakeError::RatesDiffer(_)
            | TakeError::RateOutOfRange { .. }
            | TakeError::Internal => false,
        }
    }
}

/// A take whose disk failed is whole all the same: it went on in another folder.
#[derive(Debug)]
pub struct WentElsewhere<'a> {
    /// Why.
    pub error: &'a TakeError,
    /// Where.
    pub path: &'a Path,
}

impl fmt::Display for WentElsewhere<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.path.display();
        match self.error {
            TakeError::Write { path, source } => write!(
                f,
                "\"{}\" could not be written on: {}. The take goes on in \"{to}\", with no frame missing between the two. \
                 Before the next take, free some room, or set File to another folder.",
                path.display(),
                cause(source)
            ),
            error => write!(f, "{error} The take is recorded to \"{to}\" instead."),
        }
    }
}

/// A take was to go on in its next file, which could not be begun.
#[derive(Debug)]
pub struct StaysInFile<'a> {
    /// Why.
    pub error: &'a TakeError,
    /// The file in which it goes on.
    pub path: &'a Path,
}

impl fmt::Display for StaysInFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, path } = self;
        write!(
            f,
            "{error} Meanwhile the take goes on in \"{}\" without a split, with no frame missing.",
            path.display()
        )
    }
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "your share of the disk is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        _ => error.to_string(),
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Free some room, or set File to a folder on another disk, then record again."
        }
        _ => "Check the disk, or set File to another folder, then record again.",
    }
}
