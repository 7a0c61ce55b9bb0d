//! The plugin's threads, as Linux lists them.

use std::fs;
use std::path::Path;

/// `PF_EXITING` of the kernel's `include/linux/sched.h`.
const EXITING: u64 = 4;

/// One of the plugin's threads.
#[derive(Debug, PartialEq)]
pub struct PluginThread {
    /// Its number, which no other one gets while it is there.
    pub id: u64,
    /// Its name, of which the kernel keeps 15 bytes.
    pub name: String,
    /// How often it has been woken so far.
    pub wakes: u64,
}

/// The plugin's threads that run code; nothing where the system does not list them.
pub fn plugin_threads() -> Option<Vec<PluginThread>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let threads = tasks.filter_map(|task| read(&task.ok()?.path()));
    Some(threads.filter(|thread| thread.name.starts_with("audio file")).collect())
}

/// The thread in this folder of `/proc`; nothing when it has ended meanwhile.
fn read(task: &Path) -> Option<PluginThread> {
    // proc_pid_stat(5): the name is in brackets, and the flags are the seventh field after it.
    let stat = fs::read_to_string(task.join("stat")).ok()?;
    let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
    let flags: u64 = fields.split_whitespace().nth(6)?.parse().ok()?;
    // Who joins a thread goes on when it has left its last line of code, a moment before it leaves the list.
    if flags & EXITING != 0 {
        return None;
    }
    let id = task.file_name()?.to_str()?.parse().ok()?;
    let status = fs::read_to_string(task.join("status")).ok()?;
    let wakes = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    Some(PluginThread { id, name: name.to_owned(), wakes: wakes.trim().parse().ok()? })
}
