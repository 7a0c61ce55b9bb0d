//! A file that grows at its end and whose header changes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

/// Bytes that are gathered before a write.
const BUFFER_BYTES: usize = 256 << 10;

/// An empty file at first. Bytes go to its end; what is there already can be overwritten.
///
/// After an error it is only dropped, and dropping writes nothing.
pub struct GrowingFile {
    file: Arc<File>,
    /// Bytes that the operating system has.
    written: u64,
    pending: Vec<u8>,
}

impl GrowingFile {
    /// Begins at the start of `file`, which is empty.
    pub fn new(file: Arc<File>) -> Self {
        Self { file, written: 0, pending: Vec::new() }
    }

    /// Puts `bytes` at the end, at the latest with the next [`flush`](Self::flush).
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Hands everything to the operating system, and `end` behind it for as long as nothing else comes there. What comes
    /// next has to be at least as long.
    pub fn flush_with_end(&mut self, end: &[u8]) -> io::Result<()> {
        self.flush()?;
        (&*self.file).write_all(end)
    }

    /// Replaces bytes of the file from `at` on, which have been flushed before.
    pub fn overwrite(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        debug_assert!(at + bytes.len() as u64 <= self.written);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    /// The length, pending bytes included.
    pub fn bytes(&self) -> u64 {
        self.written + self.pending.len() as u64
    }
}
