//! The lock by which recorders know each other's files.

use std::fs::{File, TryLockError};

/// Locks a file, without waiting, until its last handle is dropped: `flock`, which binds only those who ask for it.
#[cfg(not(windows))]
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Locks a file, without waiting, until its last handle is dropped.
///
/// On Windows nobody else can read or write what is locked, and what lies behind the end of a file can be locked, too (Win32,
/// "LockFileEx function"). So the lock is on a byte that no file has, and the take can be played while it is recorded.
#[cfg(windows)]
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    use std::io;
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Foundation::ERROR_LOCK_VIOLATION;
    use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx};
    use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

    /// The last one that the system can name.
    const BYTE: u64 = i64::MAX.cast_unsigned();
    const BYTES: u32 = 1;

    let at = OVERLAPPED_0_0 { Offset: BYTE as u32, OffsetHigh: (BYTE >> 32) as u32 };
    let mut place = OVERLAPPED { Anonymous: OVERLAPPED_0 { Anonymous: at }, ..OVERLAPPED::default() };
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open as long as the file is borrowed, and the call, on a handle that was not opened for overlapped
    // work, is done with `place` when it returns.
    let is_locked = unsafe { LockFileEx(file.as_raw_handle(), how, 0, BYTES, 0, &raw mut place) } != 0;
    if is_locked {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    let is_anothers = error.raw_os_error() == Some(ERROR_LOCK_VIOLATION.cast_signed());
    Err(if is_anothers { TryLockError::WouldBlock } else { TryLockError::Error(error) })
}
