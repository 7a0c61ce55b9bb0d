//! The lock by which recorders know each other's files. It ends with the file's last handle.
//!
//! Linux and macOS: `flock`, which binds only those who ask for it. On Windows nobody else can write what is locked, and
//! what is locked for one alone can nobody else read; what lies behind the end of a file can be locked, too (Win32,
//! "LockFileEx function"). So the lock is on a byte that no file has: a take can be played while it is recorded, and no
//! program's writes fail because we look at its file.

#[cfg(not(windows))]
pub use flock::{try_lock, try_lock_shared, unlock};
#[cfg(windows)]
pub use lock_file::{try_lock, try_lock_shared, unlock};

#[cfg(not(windows))]
mod flock {
    use std::fs::{File, TryLockError};
    use std::io;

    /// Locks a file for its recorder alone, without waiting.
    pub fn try_lock(file: &File) -> Result<(), TryLockError> {
        file.try_lock()
    }

    /// Locks a file for all who only look at it, without waiting.
    pub fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
        file.try_lock_shared()
    }

    /// Ends the lock.
    pub fn unlock(file: &File) -> io::Result<()> {
        file.unlock()
    }
}

#[cfg(windows)]
mod lock_file {
    use std::fs::{File, TryLockError};
    use std::io;
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Foundation::ERROR_LOCK_VIOLATION;
    use windows_sys::Win32::Storage::FileSystem::{
        LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
    };
    use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

    /// The last byte that the system can name.
    const BYTE: u64 = i64::MAX.cast_unsigned();

    /// Locks a file for its recorder alone, without waiting.
    pub fn try_lock(file: &File) -> Result<(), TryLockError> {
        try_lock_bytes(file, LOCKFILE_EXCLUSIVE_LOCK, BYTE, 1)
    }

    /// Locks a file for all who only look at it, without waiting.
    pub fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
        try_lock_bytes(file, 0, BYTE, 1)
    }

    /// Ends the lock.
    pub fn unlock(file: &File) -> io::Result<()> {
        let mut place = place(BYTE);
        // SAFETY: as in `try_lock_bytes`.
        let is_unlocked = unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &raw mut place) } != 0;
        if is_unlocked { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Locks so many bytes from byte `first` on.
    pub(super) fn try_lock_bytes(file: &File, how: u32, first: u64, bytes: u32) -> Result<(), TryLockError> {
        let how = how | LOCKFILE_FAIL_IMMEDIATELY;
        let mut place = place(first);
        // SAFETY: the handle is open as long as the file is borrowed, and the call, on a handle that was not opened for
        // overlapped work, is done with the place when it returns.
        let is_locked = unsafe { LockFileEx(file.as_raw_handle(), how, 0, bytes, 0, &raw mut place) } != 0;
        if is_locked {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        let is_anothers = error.raw_os_error() == Some(ERROR_LOCK_VIOLATION.cast_signed());
        Err(if is_anothers { TryLockError::WouldBlock } else { TryLockError::Error(error) })
    }

    fn place(first: u64) -> OVERLAPPED {
        let at = OVERLAPPED_0_0 { Offset: first as u32, OffsetHigh: (first >> 32) as u32 };
        OVERLAPPED { Anonymous: OVERLAPPED_0 { Anonymous: at }, ..OVERLAPPED::default() }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::lock_file::try_lock_bytes;
    use super::*;
    use std::fs::{File, TryLockError};
    use windows_sys::Win32::Storage::FileSystem::LOCKFILE_EXCLUSIVE_LOCK;

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
        try_lock_bytes(&others, LOCKFILE_EXCLUSIVE_LOCK, 0, u32::MAX).expect("nobody has locked that");
    }

    #[test]
    fn a_look_keeps_nobody_from_writing_and_ends() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let path = folder.path().join("take.wav");
        let writer = File::create_new(&path).expect("a new file");
        let looker = File::open(&path).expect("it is there");
        try_lock_shared(&looker).expect("nobody else has it");
        assert!(matches!(try_lock(&writer), Err(TryLockError::WouldBlock)));
        try_lock_bytes(&writer, LOCKFILE_EXCLUSIVE_LOCK, 0, u32::MAX).expect("the look covers none of it");
        unlock(&looker).expect("it is locked");
        try_lock(&writer).expect("the look has ended");
    }
}
