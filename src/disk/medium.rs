//! What is beneath a file: the medium to which it is brought, and the file system with its limits.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The longest file of a FAT file system, which keeps a length in 32 bits.
const LONGEST_FAT_FILE: u64 = u32::MAX as u64;

/// More than is ever written in one piece.
const MORE_THAN_A_WRITE: u64 = 1 << 20;

/// How many bytes may still be written below a folder that is there.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub fn available_space(folder: &Path) -> io::Result<u64> {
    use std::ffi::CString;
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;
    let path = CString::new(folder.as_os_str().as_bytes())?;
    let mut told = MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path is a text, and there is room for what the call writes, of which zeroes are a valid one.
    let told = unsafe {
        if libc::statvfs(path.as_ptr(), told.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        told.assume_init()
    };
    #[allow(clippy::unnecessary_cast, reason = "not all systems count in 64 bits")]
    Ok((told.f_bavail as u64).saturating_mul(told.f_frsize as u64))
}

/// How many bytes may still be written below a folder that is there.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub fn available_space(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// Brings a file to the medium and waits for that. Some network and user-space file systems cannot; the file itself is
/// fine there.
pub fn sync(file: &File) -> io::Result<()> {
    match file.sync_data().or_else(|error| sync_less(file, error)) {
        Err(error) if is_unable(&error) => Ok(()),
        other => other,
    }
}

/// On macOS a sync also empties the memory of the drive itself (`F_FULLFSYNC`), which the file systems of local drives can do
/// and no others (fcntl(2)); those can still bring the file to their medium in their own way (fsync(2)).
#[cfg(target_vendor = "apple")]
fn sync_less(file: &File, error: io::Error) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    if !is_unable(&error) {
        return Err(error);
    }
    // SAFETY: the descriptor is open as long as the file is borrowed, and the call touches no memory of ours.
    if unsafe { libc::fsync(file.as_raw_fd()) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(target_vendor = "apple"))]
fn sync_less(_file: &File, error: io::Error) -> io::Result<()> {
    Err(error)
}

/// Whether a file system says that it knows no syncs.
fn is_unable(error: &io::Error) -> bool {
    let is_known = |code| UNABLE.contains(&code);
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
        || error.raw_os_error().is_some_and(is_known)
}

/// How else it says so. macOS: those that its kernel takes for that (XNU, `bsd/kern/kern_descrip.c`, `F_BARRIERFSYNC`).
#[cfg(target_vendor = "apple")]
const UNABLE: [i32; 2] = [libc::ENOTTY, libc::ENOTSUP];

/// Windows: what becomes of `STATUS_INVALID_DEVICE_REQUEST`, the answer of a driver that handles no flush, and of
/// `STATUS_NOT_SUPPORTED`.
#[cfg(windows)]
const UNABLE: [i32; 2] = {
    use windows_sys::Win32::Foundation::{ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED};
    [ERROR_INVALID_FUNCTION.cast_signed(), ERROR_NOT_SUPPORTED.cast_signed()]
};

#[cfg(not(any(target_vendor = "apple", windows)))]
const UNABLE: [i32; 0] = [];

/// The error of a write to `file`, which is at `path`, as all systems should tell it: where a file of a FAT file system may
/// become no longer, Windows says that the disk is full (Microsoft's fastfat, `FatCommonWrite`).
pub fn write_error(file: &File, path: &Path, error: io::Error) -> io::Error {
    if !cfg!(windows) || error.kind() != ErrorKind::StorageFull {
        return error;
    }
    let free = path.parent().and_then(|folder| available_space(folder).ok());
    let length = file.metadata().map(|metadata| metadata.len());
    match (length, free) {
        (Ok(length), Some(free)) if is_at_its_longest(length, free) => ErrorKind::FileTooLarge.into(),
        _ => error,
    }
}

/// Whether a disk with so much room said that it is full because a file became too long.
fn is_at_its_longest(length: u64, free: u64) -> bool {
    let most_left = LONGEST_FAT_FILE.checked_sub(length);
    most_left.is_some_and(|left| left < MORE_THAN_A_WRITE) && free > 2 * MORE_THAN_A_WRITE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_room_is_not_full_where_a_file_ends_that_fat_makes_no_longer() {
        let room = 10 << 20;
        for length in [LONGEST_FAT_FILE, LONGEST_FAT_FILE - 300_000] {
            assert!(is_at_its_longest(length, room), "{length}");
            assert!(!is_at_its_longest(length, 1 << 20), "{length}: it is full");
        }
        for length in [0, LONGEST_FAT_FILE - MORE_THAN_A_WRITE, LONGEST_FAT_FILE + 1] {
            assert!(!is_at_its_longest(length, room), "{length}");
        }
    }

    #[test]
    fn a_file_system_that_knows_no_syncs_is_no_error_and_a_disk_that_fails_is() {
        for code in UNABLE {
            assert!(is_unable(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(is_unable(&ErrorKind::Unsupported.into()));
        assert!(!is_unable(&ErrorKind::StorageFull.into()));
        assert!(!is_unable(&io::Error::other("an error of the medium")));
    }

    #[cfg(windows)]
    #[test]
    fn what_windows_says_at_the_end_of_the_longest_fat_file_is_told_as_that() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let path = folder.path().join("take.wav");
        let file = File::create_new(&path).expect("a new file");
        let full = || io::Error::from(ErrorKind::StorageFull);
        assert_eq!(write_error(&file, &path, full()).kind(), ErrorKind::StorageFull);
        file.set_len(LONGEST_FAT_FILE - 100_000).expect("room");
        assert_eq!(write_error(&file, &path, full()).kind(), ErrorKind::FileTooLarge);
    }
}
