//! Keeps the whole process from changing anything outside one folder.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

static FENCE: OnceLock<PathBuf> = OnceLock::new();
static TRESPASSES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on and for good, what would make, change or remove a file outside `folder` fails with `EACCES`.
///
/// # Panics
/// If there is a fence already.
pub fn fence(folder: &Path) {
    FENCE.set(folder.to_owned()).expect("one fence for a process");
}

/// What was to be changed outside the fence since the last question.
pub fn trespasses() -> Vec<PathBuf> {
    std::mem::take(&mut TRESPASSES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether the path may be changed. Devices may; they are no files.
pub(crate) fn is_inside(path: &[u8]) -> bool {
    let Some(fence) = FENCE.get() else { return true };
    let path = Path::new(OsStr::from_bytes(path));
    let is_inside = path.starts_with(fence) && !path.components().any(|part| part.as_os_str() == "..");
    if !is_inside && !path.starts_with("/dev") {
        TRESPASSES.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }
    is_inside || path.starts_with("/dev")
}
