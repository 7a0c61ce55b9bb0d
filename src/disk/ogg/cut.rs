//! Mends a file whose end is missing.

use super::page;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Cuts the file behind its last whole page and makes that the stream's last.
pub fn repair(mut file: &File) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    // The last whole page begins here or later: at most one that is not whole follows it.
    let tail_at = end.saturating_sub(2 * page::LONGEST as u64);
    file.seek(SeekFrom::Start(tail_at))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let starts = (0..tail.len()).rev().filter(|&at| tail[at..].starts_with(page::START));
    let mut pages = starts.filter_map(|at| Some((at, page::whole(&tail[at..])?)));
    let (at, last) = pages.next().ok_or(io::ErrorKind::InvalidData)?;
    file.set_len(tail_at + (at + last.len()) as u64)?;
    file.seek(SeekFrom::Start(tail_at + at as u64))?;
    file.write_all(&page::ending_stream(last))
}
