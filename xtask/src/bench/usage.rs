//! What this process uses, where the system tells it: Linux.

use std::fs;
use std::time::Duration;

/// Ticks of the processor times in `/proc`: 100 a second on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory that this process has in RAM, in bytes.
pub fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Processor time that this process has taken so far, all threads together.
pub fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold blanks. Behind it, from the state on, user and system time are fields 11 and 12.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map_while(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
}
