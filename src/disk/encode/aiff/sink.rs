//! Where aifc writes to. It tells the sizes in three places, one after the other; between two of them the file would
//! not play, so they reach the disk in one write.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

/// Bytes of sound that are gathered before a write.
const BUFFER_BYTES: usize = 256 << 10;

/// An empty file at first. What is behind its first bytes can only be appended to. Dropping it writes nothing.
pub struct Sink {
    file: Arc<File>,
    /// Bytes at the start of the file that are written in one piece.
    start_bytes: usize,
    start: Vec<u8>,
    /// Bytes behind the start that the operating system has.
    written: u64,
    pending: Vec<u8>,
    position: u64,
}

impl Sink {
    /// Begins at the start of `file`, which is empty. What has to be changed later lies within the first `start_bytes`.
    pub fn new(file: Arc<File>, start_bytes: usize) -> Self {
        Self { file, start_bytes, start: Vec::new(), written: 0, pending: Vec::new(), position: 0 }
    }

    /// Replaces bytes within the first ones, from `at` on, which reach the disk with the next [`flush`](Write::flush).
    pub fn replace(&mut self, at: usize, bytes: &[u8]) {
        self.start[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn end(&self) -> u64 {
        (self.start.len() + self.pending.len()) as u64 + self.written
    }

    fn write_start(&self) -> io::Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&self.start)
    }

    fn write_pending(&mut self) -> io::Result<()> {
        if self.written == 0 {
            // What comes now has no meaning without it, should it be the last that there is room for.
            self.write_start()?;
        }
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.start_bytes as u64 + self.written))?;
        file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match usize::try_from(self.position) {
            Ok(position) if position < self.start_bytes => {
                let count = bytes.len().min(self.start_bytes - position);
                self.start.resize(self.start.len().max(position + count), 0);
                self.start[position..position + count].copy_from_slice(&bytes[..count]);
                count
            }
            _ if self.position != self.end() => return Err(io::ErrorKind::Unsupported.into()),
            _ => {
                self.pending.extend_from_slice(bytes);
                if self.pending.len() >= BUFFER_BYTES {
                    self.write_pending()?;
                }
                bytes.len()
            }
        };
        self.position += count as u64;
        Ok(count)
    }

    /// Sound first: the sizes never tell of what is not there.
    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.write_pending()?;
        }
        self.write_start()
    }
}

impl Seek for Sink {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, offset) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => (self.end(), offset),
        };
        self.position = from.checked_add_signed(offset).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
