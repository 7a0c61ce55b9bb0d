//! Mends a file whose end is missing.

use super::page;
use crate::disk::encode::Kept;
use crate::disk::encode::appended::start_of_appended_tags;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Where the rate stands: behind the first page's head of 28 bytes, the packet's type, `vorbis`, the version and the
/// number of channels (Vorbis I specification, 4.2.1 and 4.2.2).
const RATE_AT: u64 = 28 + 1 + 6 + 4 + 1;

/// Cuts the file behind its last whole page and makes that the stream's last.
pub fn repair(file: &File) -> io::Result<Kept> {
    let tail = Tail::read(file)?;
    let sample_rate = read_rate(file)?;
    tail.end_stream(file)?;
    Ok(Kept { frames: tail.position, sample_rate })
}

/// The end of a file, from its last whole page on.
pub struct Tail {
    /// Where that page begins, in bytes.
    at: u64,
    page: Vec<u8>,
    /// The stream's position at the end of this page (RFC 3533, 6), in frames.
    pub position: u64,
    /// Others have put some behind the last page, and they are theirs.
    has_tags: bool,
}

impl Tail {
    /// Looks for the last whole page; changes nothing.
    pub fn read(mut file: &File) -> io::Result<Self> {
        let end = start_of_appended_tags(file)?;
        // The last whole page begins here or later: at most one that is not whole follows it.
        let tail_at = end.saturating_sub(2 * page::LONGEST as u64);
        file.seek(SeekFrom::Start(tail_at))?;
        let mut tail = Vec::new();
        file.take(end - tail_at).read_to_end(&mut tail)?;
        let starts = (0..tail.len()).rev().filter(|&at| tail[at..].starts_with(page::START));
        let mut pages = starts.filter_map(|at| Some((at, page::whole(&tail[at..])?)));
        let (at, last) = pages.next().ok_or(io::ErrorKind::InvalidData)?;
        let position = pages.fold(page::frames(last), |frames, (_, page)| frames.or(page::frames(page))).unwrap_or(0);
        let has_tags = end < file.metadata()?.len();
        Ok(Self { at: tail_at + at as u64, page: last.to_vec(), position, has_tags })
    }

    /// Cuts the file behind this page and makes it the stream's last.
    pub fn end_stream(&self, mut file: &File) -> io::Result<()> {
        if !self.has_tags {
            file.set_len(self.at + self.page.len() as u64)?;
        }
        file.seek(SeekFrom::Start(self.at))?;
        file.write_all(&page::ending_stream(&self.page))
    }
}

/// The rate in Hz that the identification header tells.
fn read_rate(mut file: &File) -> io::Result<u32> {
    let mut rate = [0; 4];
    file.seek(SeekFrom::Start(RATE_AT))?;
    file.read_exact(&mut rate)?;
    Ok(u32::from_le_bytes(rate).max(1))
}
