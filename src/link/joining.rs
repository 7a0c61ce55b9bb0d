//! The end of a thread whose work may hang, on a disk say: it is waited for, but not for ever.
//!
//! No system lets such work be broken off. A thread that hangs is left to end by itself, and the plugin's code stays
//! where it is: on Linux until then (to the C library a thread with thread-locals of the plugin counts as a use of
//! it), on macOS anyway (dyld unloads nothing that has thread-locals: `MachOAnalyzer::neverUnload`), and on Windows
//! because we [ask for it](stay_loaded).

use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long one nap of the wait is: short at first, so that nobody waits long for a thread that ends at once.
const NAPS: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(5)];

/// Why there is nothing of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotJoined {
    Panicked,
    /// It goes on by itself, and the plugin's code stays in memory for it.
    LeftBehind,
}

/// Waits for the end of a thread, and returns its value. A thread that has been stuck for longer than `patience`, as
/// `stuck_for` says, is left behind.
///
/// # Errors
/// There is no value, or not yet.
pub fn join_within<T>(
    thread: JoinHandle<T>,
    patience: Duration,
    stuck_for: impl Fn() -> Duration,
) -> Result<T, NotJoined> {
    let [mut nap, longest_nap] = NAPS;
    while !thread.is_finished() {
        if stuck_for() > patience {
            stay_loaded();
            return Err(NotJoined::LeftBehind);
        }
        thread::sleep(nap);
        nap = longest_nap.min(nap * 2);
    }
    thread.join().map_err(|_| NotJoined::Panicked)
}

/// Keeps the plugin's code in memory for as long as the host runs.
#[cfg(windows)]
fn stay_loaded() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let here = (stay_loaded as fn() as *const ()).cast();
    let mut module = std::ptr::null_mut();
    // SAFETY: the first flag makes the name an address, which lies in the plugin, and there is room for the handle.
    let is_pinned = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            here,
            &raw mut module,
        )
    };
    debug_assert_ne!(is_pinned, 0, "{}", std::io::Error::last_os_error());
}

/// Elsewhere the system sees to that.
#[cfg(not(windows))]
fn stay_loaded() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    const NEVER: fn() -> Duration = || Duration::ZERO;

    #[test]
    fn a_thread_that_ends_gives_its_value() {
        assert_eq!(join_within(thread::spawn(|| 7), Duration::ZERO, NEVER), Ok(7));
    }

    #[test]
    fn a_thread_that_panics_is_no_thread_that_hangs() {
        let panics = thread::spawn(|| panic!("as the test wants it"));
        assert_eq!(join_within::<()>(panics, Duration::ZERO, NEVER), Err(NotJoined::Panicked));
    }

    #[test]
    fn a_thread_that_hangs_is_left_behind_and_ends_by_itself() {
        let (release, hangs) = channel::<()>();
        let (end, ended) = channel::<()>();
        let thread = thread::spawn(move || {
            let _ = hangs.recv();
            drop(end);
        });
        let start = Instant::now();
        let joined = join_within(thread, Duration::from_millis(20), || start.elapsed());
        assert_eq!(joined, Err(NotJoined::LeftBehind));
        drop(release);
        assert!(ended.recv().is_err(), "it has ended, and nothing was sent");
    }
}
