//! What became of an open file while others could move and delete it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Where a file is that was created at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// There.
    There,
    /// Somewhere else.
    Moved,
    /// Nowhere: it goes with its last handle.
    Deleted,
}

/// Where the file is that was created at `path`.
pub fn whereabouts(file: &File, path: &Path) -> Whereabouts {
    let Ok(ours) = Seen::of(file) else {
        return Whereabouts::There;
    };
    if ours.is_deleted {
        return Whereabouts::Deleted;
    }
    match Seen::at(path) {
        Ok(there) if there.number == ours.number => Whereabouts::There,
        Ok(_) => Whereabouts::Moved,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Whereabouts::Moved,
        // A disk that does not answer is no sign that the file has gone.
        Err(_) => Whereabouts::There,
    }
}

/// What the system says of a file.
struct Seen {
    /// Of its disk, and its own there.
    number: (u64, u64),
    is_deleted: bool,
}

#[cfg(unix)]
impl Seen {
    fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(Self::from)
    }

    /// Follows no link.
    fn at(path: &Path) -> io::Result<Self> {
        path.symlink_metadata().map(Self::from)
    }
}

#[cfg(unix)]
impl From<std::fs::Metadata> for Seen {
    fn from(metadata: std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { number: (metadata.dev(), metadata.ino()), is_deleted: metadata.nlink() == 0 }
    }
}

#[cfg(windows)]
impl Seen {
    fn of(file: &File) -> io::Result<Self> {
        use std::mem::MaybeUninit;
        use std::os::windows::io::AsRawHandle;
        use windows_sys::Win32::Storage::FileSystem::{
            FILE_STANDARD_INFO, FileStandardInfo, GetFileInformationByHandle, GetFileInformationByHandleEx,
        };

        let mut numbers = MaybeUninit::zeroed();
        // SAFETY: the handle is open as long as the file is borrowed, and there is room for what the call writes, of which zeroes
        // are a valid one.
        let numbers = unsafe {
            if GetFileInformationByHandle(file.as_raw_handle(), numbers.as_mut_ptr()) == 0 {
                return Err(io::Error::last_os_error());
            }
            numbers.assume_init()
        };
        let mut links = MaybeUninit::<FILE_STANDARD_INFO>::zeroed();
        let bytes = size_of_val(&links) as u32;
        // SAFETY: as before, and the call is told how much room there is.
        let links = unsafe {
            let into = links.as_mut_ptr().cast();
            if GetFileInformationByHandleEx(file.as_raw_handle(), FileStandardInfo, into, bytes) == 0 {
                return Err(io::Error::last_os_error());
            }
            links.assume_init()
        };
        Ok(Self {
            number: (
                numbers.dwVolumeSerialNumber.into(),
                u64::from(numbers.nFileIndexHigh) << 32 | u64::from(numbers.nFileIndexLow),
            ),
            // Some file systems keep the name until the last handle is closed.
            is_deleted: links.DeletePending || links.NumberOfLinks == 0,
        })
    }

    /// Follows no link. Opens the file for no more than this look, which no lock and no other program can keep from it.
    fn at(path: &Path) -> io::Result<Self> {
        use std::os::windows::fs::OpenOptionsExt;
        use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT};

        let flags = FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS;
        Self::of(&File::options().access_mode(0).custom_flags(flags).open(path)?)
    }
}
