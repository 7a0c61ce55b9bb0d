//! The signal that comes with the limit of a file's size.
//!
//! Where a process may make files of a certain size only (`ulimit -f`), the write that would go further fails with
//! `EFBIG`, and the thread that made it gets SIGXFSZ, which ends the process unless it is handled (setrlimit(2)). How its
//! process handles signals is the host's business, but which signals are blocked is each thread's own (pthread_sigmask(3)).
//! A blocked one waits for its thread and goes with it.

/// Writer thread: a write that goes too far is an error and no more, from now on.
#[cfg(target_os = "linux")]
pub fn block() {
    // SAFETY: a set of signals is plain data, which sigemptyset fills; the calls change nothing but it and the mask of this
    // thread.
    unsafe {
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        libc::sigaddset(&mut signals, libc::SIGXFSZ);
        libc::pthread_sigmask(libc::SIG_BLOCK, &signals, std::ptr::null_mut());
    }
}

/// Elsewhere there is no such signal, or it goes to the whole process, and that is the host's.
#[cfg(not(target_os = "linux"))]
pub fn block() {}
