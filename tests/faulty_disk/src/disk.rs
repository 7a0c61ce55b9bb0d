//! What is wrong with the disk below a folder.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A call of the C library, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Open,
    Read,
    Write,
    Seek,
    Sync,
    SetLength,
    Look,
    Lock,
    Rename,
    Remove,
    MakeFolder,
    /// A look at the names in a folder.
    List,
    /// A question for the free space.
    Room,
}

/// What is wrong. Calls are counted from 0, from the moment on at which the fault was set.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing.
    None,
    /// The call with this number fails with this `errno`, and no other.
    Once { call: usize, errno: i32 },
    /// The call with this number fails, and all that follow.
    From { call: usize, errno: i32 },
    /// All calls of which this is true fail.
    Every { of: fn(Call) -> bool, errno: i32 },
    /// Files may grow by so many bytes altogether; what is there can be overwritten.
    Room(u64),
    /// A file becomes no longer than so many bytes.
    LongestFile(u64),
    /// A write takes half of what it is given, and every other call that a signal may interrupt is interrupted.
    Halting,
    /// All calls of which this is true hang until another fault is set.
    Hanging(fn(Call) -> bool),
    /// Both [`Room`](Self::Room) and [`Hanging`](Self::Hanging).
    RoomAndHanging { room: u64, of: fn(Call) -> bool },
}

/// Where a write goes.
#[derive(Default)]
pub(crate) struct Place {
    pub position: u64,
    /// Of the file.
    pub length: u64,
}

impl Place {
    /// By how much a write of `bytes` bytes makes the file longer.
    fn growth(&self, bytes: usize) -> u64 {
        (self.position + bytes as u64).saturating_sub(self.length).min(bytes as u64)
    }
}

/// What becomes of a call.
pub(crate) enum Verdict {
    Pass,
    /// A write takes so many bytes only.
    Take(usize),
    Fail(i32),
}

struct Watched {
    folder: PathBuf,
    device: u32,
    fault: Fault,
    /// Since the fault was set.
    calls: Vec<Call>,
    failed: usize,
    threads: Vec<ThreadId>,
}

/// The disk below a folder, a device of its own; watched until this is dropped.
pub struct Disk {
    watched: Arc<Mutex<Watched>>,
    is_first: bool,
}

#[derive(Default)]
struct Table {
    disks: Vec<Arc<Mutex<Watched>>>,
    files: Option<HashMap<RawFd, Arc<Mutex<Watched>>>>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { disks: Vec::new(), files: None });

/// Which descriptors belong to a watched disk. Keeps all other calls off the table: some of them, those between fork and
/// exec, must not wait for a lock.
const MAX_FILES: usize = 1 << 16;
static IS_WATCHED: [AtomicBool; MAX_FILES] = [const { AtomicBool::new(false) }; MAX_FILES];

/// How many disks there have been.
static DEVICES: AtomicU32 = AtomicU32::new(0);

/// Whether there is any disk to watch.
static IS_ANY_WATCHED: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Begins to watch all that is below `folder`, an absolute path without links.
    pub fn below(folder: &Path) -> Self {
        let watched = Watched {
            folder: folder.to_owned(),
            device: DEVICES.fetch_add(1, SeqCst),
            fault: Fault::None,
            calls: vec![],
            failed: 0,
            threads: vec![],
        };
        let watched = Arc::new(Mutex::new(watched));
        lock(&TABLE).disks.push(Arc::clone(&watched));
        IS_ANY_WATCHED.store(true, SeqCst);
        Self { watched, is_first: true }
    }

    /// The same disk, watched as long as the first one of them.
    pub fn again(&self) -> Self {
        Self { watched: Arc::clone(&self.watched), is_first: false }
    }

    /// Sets what is wrong from now on, and counts from 0 again.
    pub fn set(&self, fault: Fault) {
        let mut watched = lock(&self.watched);
        watched.fault = fault;
        watched.calls.clear();
        watched.failed = 0;
    }

    /// The calls since the fault was set.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.watched).calls.clone()
    }

    /// How many of them failed.
    pub fn failed(&self) -> usize {
        lock(&self.watched).failed
    }

    /// The threads that ever made a call here.
    pub fn threads(&self) -> Vec<ThreadId> {
        lock(&self.watched).threads.clone()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if !self.is_first {
            return;
        }
        self.set(Fault::None);
        lock(&TABLE).disks.retain(|disk| !Arc::ptr_eq(disk, &self.watched));
    }
}

/// The disk on which a path lies.
pub(crate) fn of_path(path: &[u8]) -> Option<Medium> {
    if !IS_ANY_WATCHED.load(SeqCst) {
        return None;
    }
    let table = lock(&TABLE);
    let lies_below = |disk: &&Arc<Mutex<Watched>>| {
        let disk = lock(disk);
        let rest = path.strip_prefix(disk.folder.as_os_str().as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    table.disks.iter().find(lies_below).map(|disk| Medium(Arc::clone(disk)))
}

/// The disk on which an open file lies.
pub(crate) fn of_file(file: RawFd) -> Option<Medium> {
    let is_watched = usize::try_from(file).ok().and_then(|file| IS_WATCHED.get(file))?;
    if !is_watched.load(SeqCst) {
        return None;
    }
    lock(&TABLE).files.as_ref()?.get(&file).map(|disk| Medium(Arc::clone(disk)))
}

/// The file is about to be closed.
pub(crate) fn forget(file: RawFd) {
    let Some(is_watched) = usize::try_from(file).ok().and_then(|file| IS_WATCHED.get(file)) else { return };
    if is_watched.swap(false, SeqCst)
        && let Some(files) = &mut lock(&TABLE).files
    {
        files.remove(&file);
    }
}

/// A disk, as the calls see it.
pub(crate) struct Medium(Arc<Mutex<Watched>>);

impl Medium {
    /// A file of this disk was opened.
    pub(crate) fn owns(self, file: RawFd) {
        let Some(is_watched) = usize::try_from(file).ok().and_then(|file| IS_WATCHED.get(file)) else { return };
        lock(&TABLE).files.get_or_insert_default().insert(file, self.0);
        is_watched.store(true, SeqCst);
    }

    /// The number of the device.
    pub(crate) fn device(&self) -> u32 {
        lock(&self.0).device
    }

    /// What becomes of a call; `place` says where a write of so many bytes goes.
    pub(crate) fn judge(&self, call: Call, bytes: usize, place: impl Fn() -> Place) -> Verdict {
        let mut waits = false;
        loop {
            let mut watched = lock(&self.0);
            if !waits {
                watched.note(call);
            }
            if matches!(watched.fault, Fault::Hanging(of) | Fault::RoomAndHanging { of, .. } if of(call)) {
                waits = true;
                drop(watched);
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            let verdict = watched.judge(call, bytes, place);
            watched.failed += usize::from(matches!(verdict, Verdict::Fail(_)));
            return verdict;
        }
    }
}

impl Watched {
    fn note(&mut self, call: Call) {
        self.calls.push(call);
        let this = thread::current().id();
        if !self.threads.contains(&this) {
            self.threads.push(this);
        }
    }

    fn judge(&mut self, call: Call, bytes: usize, place: impl Fn() -> Place) -> Verdict {
        let number = self.calls.len().saturating_sub(1);
        match &mut self.fault {
            Fault::Once { call, errno } if *call == number => Verdict::Fail(*errno),
            Fault::From { call, errno } if *call <= number => Verdict::Fail(*errno),
            Fault::Every { of, errno } if of(call) => Verdict::Fail(*errno),
            Fault::Room(room) | Fault::RoomAndHanging { room, .. } if call == Call::Write => {
                let wanted = place().growth(bytes);
                if wanted <= *room {
                    *room -= wanted;
                    return Verdict::Pass;
                }
                // As many as fit: those that overwrite, and those for which there is room.
                let fits = bytes - usize::try_from(wanted - *room).unwrap_or(bytes).min(bytes);
                *room = 0;
                if fits == 0 { Verdict::Fail(libc::ENOSPC) } else { Verdict::Take(fits) }
            }
            Fault::LongestFile(most) if call == Call::Write => {
                let fits = most.saturating_sub(place().position);
                match usize::try_from(fits) {
                    Ok(0) => Verdict::Fail(libc::EFBIG),
                    Ok(fits) if fits < bytes => Verdict::Take(fits),
                    Ok(_) | Err(_) => Verdict::Pass,
                }
            }
            Fault::Halting => {
                let is_interrupted =
                    matches!(call, Call::Open | Call::Read | Call::Write | Call::Sync) && number.is_multiple_of(2);
                match call {
                    _ if is_interrupted => Verdict::Fail(libc::EINTR),
                    Call::Write => Verdict::Take(bytes.div_ceil(2)),
                    _ => Verdict::Pass,
                }
            }
            Fault::None
            | Fault::Once { .. }
            | Fault::From { .. }
            | Fault::Every { .. }
            | Fault::Room(_)
            | Fault::LongestFile(_)
            | Fault::RoomAndHanging { .. }
            | Fault::Hanging(_) => Verdict::Pass,
        }
    }
}
