//! The C library's functions, defined once more. Each asks the disk what becomes of the call and passes it on to the
//! kernel if nothing is wrong.
//!
//! Signatures are those of POSIX on 64-bit Linux, where `off_t` has 64 bits and the names with and without `64` mean the
//! same (large file support, feature_test_macros(7)).

use crate::disk::{Call, Medium, Place, Verdict, forget, of_file, of_path};
use crate::fence::is_inside;
use libc::{
    AT_FDCWD, DIR, c_char, c_int, c_long, c_uint, c_void, iovec, mode_t, off_t, size_t, ssize_t, statvfs as Statvfs,
    statx as Statx, syscall,
};
use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::OnceLock;

fn fail(errno: c_int) -> c_int {
    // SAFETY: the C library gives every thread an errno of its own, which is valid as long as the thread.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// Above all major numbers of devices that Linux gives out.
const WATCHED_MAJOR: u32 = 0xFFF;

/// Of a call that writes nothing.
fn no_place() -> Place {
    Place::default()
}

/// Where the next write to a file goes.
fn place(file: c_int) -> Place {
    // SAFETY: seeking by nothing and asking for the length change nothing; `stat` is plain data that fstat fills.
    let (position, length) = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        let asked = libc::fstat(file, &mut stat);
        (syscall(libc::SYS_lseek, file, 0, libc::SEEK_CUR), if asked == 0 { stat.st_size } else { 0 })
    };
    Place { position: u64::try_from(position).unwrap_or(0), length: u64::try_from(length).unwrap_or(0) }
}

/// What becomes of a call on an open file.
fn judge(file: c_int, call: Call) -> Verdict {
    of_file(file).map_or(Verdict::Pass, |disk| disk.judge(call, 0, no_place))
}

/// What becomes of a call that changes a path.
///
/// # Safety
/// `path` is a text that ends with NUL.
unsafe fn judge_change(path: *const c_char, call: Call) -> Verdict {
    // SAFETY: passed on to the caller.
    let path = unsafe { CStr::from_ptr(path) };
    if !is_inside(path.to_bytes()) {
        return Verdict::Fail(libc::EACCES);
    }
    of_path(path.to_bytes()).map_or(Verdict::Pass, |disk| disk.judge(call, 0, no_place))
}

/// # Safety
/// As `openat(2)`.
unsafe fn open_at(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: a path that is to be opened ends with NUL.
    let name = unsafe { CStr::from_ptr(path) }.to_bytes();
    if flags & (libc::O_ACCMODE | libc::O_CREAT) != libc::O_RDONLY && !is_inside(name) {
        return fail(libc::EACCES);
    }
    let disk = of_path(name);
    if let Some(disk) = &disk
        && let Verdict::Fail(errno) = disk.judge(Call::Open, 0, no_place)
    {
        return fail(errno);
    }
    // SAFETY: the caller's arguments, to the kernel. Without O_CREAT it does not look at the mode.
    let file = unsafe { syscall(libc::SYS_openat, folder, path, flags, mode) } as c_int;
    if file >= 0 {
        match disk {
            Some(disk) => disk.owns(file),
            None => forget(file),
        }
    }
    file
}

/// Stands for the C library's function of this name, which is variadic: on 64-bit Linux the optional mode comes in the
/// same register as a third fixed argument.
///
/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same promises.
    unsafe { open_at(AT_FDCWD, path, flags, mode) }
}

/// As [`open`].
///
/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same promises.
    unsafe { open_at(AT_FDCWD, path, flags, mode) }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `close(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(file: c_int) -> c_int {
    forget(file);
    // SAFETY: the same promises.
    (unsafe { syscall(libc::SYS_close, file) }) as c_int
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `read(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(file: c_int, bytes: *mut c_void, count: size_t) -> ssize_t {
    match judge(file, Call::Read) {
        Verdict::Fail(errno) => fail(errno) as ssize_t,
        // SAFETY: the same promises.
        Verdict::Pass | Verdict::Take(_) => (unsafe { syscall(libc::SYS_read, file, bytes, count) }) as ssize_t,
    }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `write(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, bytes: *const c_void, count: size_t) -> ssize_t {
    let verdict = of_file(file).map(|disk| disk.judge(Call::Write, count, || place(file)));
    let count = match verdict {
        Some(Verdict::Fail(errno)) => return fail(errno) as ssize_t,
        Some(Verdict::Take(some)) => some,
        Some(Verdict::Pass) | None => count,
    };
    // SAFETY: the same promises, for as many bytes at most.
    (unsafe { syscall(libc::SYS_write, file, bytes, count) }) as ssize_t
}

/// Stands for the C library's function of this name. Of a watched disk's file only the first piece is written, as
/// writev(2) may do.
///
/// # Safety
/// As `writev(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(file: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    if of_file(file).is_some() && count > 0 {
        // SAFETY: there is at least one piece, with as many bytes as it says.
        return unsafe { write(file, (*pieces).iov_base, (*pieces).iov_len) };
    }
    // SAFETY: the same promises.
    (unsafe { syscall(libc::SYS_writev, file, pieces, count) }) as ssize_t
}

/// Stands for the C library's function of this name. Files of a watched disk are copied by reading and writing.
///
/// # Safety
/// As `copy_file_range(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn copy_file_range(
    from: c_int,
    from_offset: *mut off_t,
    to: c_int,
    to_offset: *mut off_t,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    if of_file(from).is_some() || of_file(to).is_some() {
        return fail(libc::ENOSYS) as ssize_t;
    }
    // SAFETY: the same promises.
    (unsafe { syscall(libc::SYS_copy_file_range, from, from_offset, to, to_offset, count, flags) }) as ssize_t
}

/// As [`copy_file_range`].
///
/// # Safety
/// As `sendfile(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendfile64(to: c_int, from: c_int, offset: *mut off_t, count: size_t) -> ssize_t {
    if of_file(from).is_some() || of_file(to).is_some() {
        return fail(libc::EINVAL) as ssize_t;
    }
    // SAFETY: the same promises.
    (unsafe { syscall(libc::SYS_sendfile, to, from, offset, count) }) as ssize_t
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `lseek(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lseek64(file: c_int, offset: off_t, whence: c_int) -> off_t {
    match judge(file, Call::Seek) {
        Verdict::Fail(errno) => off_t::from(fail(errno)),
        // SAFETY: the same promises.
        Verdict::Pass | Verdict::Take(_) => unsafe { syscall(libc::SYS_lseek, file, offset, whence) },
    }
}

/// Defines a function that takes an open file first and answers 0 or -1.
macro_rules! on_file {
    ($name:ident($($argument:ident: $type:ty),*), $call:expr, $number:expr) => {
        /// Stands for the C library's function of this name.
        ///
        /// # Safety
        /// As the system call of this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(file: c_int $(, $argument: $type)*) -> c_int {
            match judge(file, $call) {
                Verdict::Fail(errno) => fail(errno),
                // SAFETY: the same promises.
                Verdict::Pass | Verdict::Take(_) => (unsafe { syscall($number, file $(, $argument)*) }) as c_int,
            }
        }
    };
}

on_file!(fsync(), Call::Sync, libc::SYS_fsync);
on_file!(fdatasync(), Call::Sync, libc::SYS_fdatasync);
on_file!(ftruncate64(length: off_t), Call::SetLength, libc::SYS_ftruncate);
on_file!(flock(operation: c_int), Call::Lock, libc::SYS_flock);

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `rename(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the same promises.
    match unsafe { judge_change(to, Call::Rename) } {
        Verdict::Fail(errno) => fail(errno),
        // SAFETY: the same promises.
        Verdict::Pass | Verdict::Take(_) => {
            (unsafe { syscall(libc::SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0) }) as c_int
        }
    }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `unlink(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the same promises.
    match unsafe { judge_change(path, Call::Remove) } {
        Verdict::Fail(errno) => fail(errno),
        // SAFETY: the same promises.
        Verdict::Pass | Verdict::Take(_) => (unsafe { syscall(libc::SYS_unlinkat, AT_FDCWD, path, 0) }) as c_int,
    }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `mkdir(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the same promises.
    match unsafe { judge_change(path, Call::MakeFolder) } {
        Verdict::Fail(errno) => fail(errno),
        // SAFETY: the same promises.
        Verdict::Pass | Verdict::Take(_) => (unsafe { syscall(libc::SYS_mkdirat, AT_FDCWD, path, mode) }) as c_int,
    }
}

/// Stands for the C library's function of this name, through which Rust asks for metadata. Each watched disk is a device
/// of its own.
///
/// # Safety
/// As `statx(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn statx(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mask: c_uint,
    buffer: *mut Statx,
) -> c_int {
    // SAFETY: the same promises; Rust's own question whether the kernel knows the call has no path.
    let is_file = path.is_null() || unsafe { *path } == 0;
    // SAFETY: a path ends with NUL.
    let disk = if is_file { of_file(folder) } else { of_path(unsafe { CStr::from_ptr(path) }.to_bytes()) };
    if let Some(Verdict::Fail(errno)) = disk.as_ref().map(|disk| disk.judge(Call::Look, 0, no_place)) {
        return fail(errno);
    }
    // SAFETY: the same promises.
    let result = (unsafe { syscall(libc::SYS_statx, folder, path, flags, mask as c_long, buffer) }) as c_int;
    if let Some(device) = disk.as_ref().map(Medium::device).filter(|_| result == 0) {
        // SAFETY: the call has succeeded, so the buffer is there and filled.
        unsafe { ((*buffer).stx_dev_major, (*buffer).stx_dev_minor) = (WATCHED_MAJOR, device) };
    }
    result
}

/// The C library's own function of this name, which only it can do: the kernel has none like it.
fn of_the_c_library(name: &CStr) -> *mut c_void {
    // SAFETY: the name is a text, and the functions are those of a library that is there as long as the program.
    let function = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    assert!(!function.is_null(), "the C library has no {name:?}");
    function
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `opendir(3)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn opendir(path: *const c_char) -> *mut DIR {
    type Opendir = unsafe extern "C" fn(*const c_char) -> *mut DIR;
    static OPENDIR: OnceLock<Opendir> = OnceLock::new();
    // SAFETY: a path ends with NUL.
    let disk = of_path(unsafe { CStr::from_ptr(path) }.to_bytes());
    if let Some(Verdict::Fail(errno)) = disk.map(|disk| disk.judge(Call::List, 0, no_place)) {
        fail(errno);
        return null_mut();
    }
    // SAFETY: the C library's function of this name has this signature.
    let opendir =
        OPENDIR.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Opendir>(of_the_c_library(c"opendir")) });
    // SAFETY: the same promises.
    unsafe { opendir(path) }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `realpath(3)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realpath(path: *const c_char, resolved: *mut c_char) -> *mut c_char {
    type Realpath = unsafe extern "C" fn(*const c_char, *mut c_char) -> *mut c_char;
    static REALPATH: OnceLock<Realpath> = OnceLock::new();
    // SAFETY: a path ends with NUL.
    let disk = of_path(unsafe { CStr::from_ptr(path) }.to_bytes());
    if let Some(Verdict::Fail(errno)) = disk.map(|disk| disk.judge(Call::Look, 0, no_place)) {
        fail(errno);
        return null_mut();
    }
    let realpath = REALPATH.get_or_init(|| {
        // SAFETY: names are texts. The older one of two of this name makes no room for what it finds.
        let newer = unsafe { libc::dlvsym(libc::RTLD_NEXT, c"realpath".as_ptr(), c"GLIBC_2.3".as_ptr()) };
        let function = if newer.is_null() { of_the_c_library(c"realpath") } else { newer };
        // SAFETY: the C library's function of this name has this signature.
        unsafe { std::mem::transmute::<*mut c_void, Realpath>(function) }
    });
    // SAFETY: the same promises.
    unsafe { realpath(path, resolved) }
}

/// Stands for the C library's function of this name.
///
/// # Safety
/// As `statvfs(3)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn statvfs(path: *const c_char, buffer: *mut Statvfs) -> c_int {
    type Ask = unsafe extern "C" fn(*const c_char, *mut Statvfs) -> c_int;
    static STATVFS: OnceLock<Ask> = OnceLock::new();
    // SAFETY: a path ends with NUL.
    let disk = of_path(unsafe { CStr::from_ptr(path) }.to_bytes());
    if let Some(Verdict::Fail(errno)) = disk.map(|disk| disk.judge(Call::Room, 0, no_place)) {
        return fail(errno);
    }
    // SAFETY: the C library's function of this name has this signature.
    let statvfs =
        STATVFS.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Ask>(of_the_c_library(c"statvfs")) });
    // SAFETY: the same promises.
    unsafe { statvfs(path, buffer) }
}
