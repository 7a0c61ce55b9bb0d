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
    /// The last one that the system can name.
    const BYTE: u64 = i64::MAX.cast_unsigned();
    try_lock_bytes(file, BYTE, 1)
}

/// Locks so many bytes from byte `first` on.
#[cfg(windows)]
fn try_lock_bytes(file: &File, first: u64, bytes: u32) -> Result<(), TryLockError> {
    use std::io;
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Foundation::ERROR_LOCK_VIOLATION;
    use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx};
    use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

    let at = OVERLAPPED_0_0 { Offset: first as u32, OffsetHigh: (first >> 32) as u32 };
    let mut place = OVERLAPPED { Anonymous: OVERLAPPED_0 { Anonymous: at }, ..OVERLAPPED::default() };
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open as long as the file is borrowed, and the call, on a handle that was not opened for overlapped
    // work, is done with `place` when it returns.
    let is_locked = unsafe { LockFileEx(file.as_raw_handle(), how, 0, bytes, 0, &raw mut place) } != 0;
    if is_locked {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    let is_anothers = error.raw_os_error() == Some(ERROR_LOCK_VIOLATION.cast_signed());
    Err(if is_anothers { TryLockError::WouldBlock } else { TryLockError::Error(error) })
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn the_lock_leaves_every_byte_of_the_sound_to_others() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let path = folder.path().join("take.wav");
        let ours = File::create_new(&path).expect("a new file");
        try_lock(&ours).expect("nobody else has it");
        let others = File::options().read(true).write(true).open(&path).expect("it is there");
        assert!(matches!(try_lock(&others), Err(TryLockError::WouldBlock)));
        // The standard library locks from the first byte to the last.
        assert!(matches!(others.try_lock(), Err(TryLockError::WouldBlock)));
        try_lock_bytes(&others, 0, u32::MAX).expect("nobody has locked that");
    }
}
