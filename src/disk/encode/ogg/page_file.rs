//! A file of Ogg pages that is a whole stream after each refresh.

use super::page;
use crate::disk::encode::growing_file::GrowingFile;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Whole pages, one after the other. After a refresh the last of them ends the stream, until others come.
///
/// After an error it is only dropped, and dropping writes nothing.
pub struct PageFile {
    file: GrowingFile,
    /// The last page so far, not yet in the file for good.
    last_page: Vec<u8>,
}

impl PageFile {
    /// Begins at the start of `file`, which is empty.
    pub fn new(file: Arc<File>) -> Self {
        Self { file: GrowingFile::new(file), last_page: Vec::new() }
    }

    /// Puts `pages`, none or some whole ones, at the end.
    pub fn append(&mut self, pages: &[u8]) -> io::Result<()> {
        if !pages.is_empty() {
            let (others, last) = pages.split_at(page::start_of_last(pages));
            self.file.append(&self.last_page)?;
            self.file.append(others)?;
            self.last_page = last.to_vec();
        }
        Ok(())
    }

    /// Hands all pages to the operating system, the last as the end of the stream.
    pub fn refresh(&mut self) -> io::Result<()> {
        self.file.flush_with_end(&page::ending_stream(&self.last_page))
    }

    /// Hands all pages to the operating system as they are; the last one ends the stream by itself. Then replaces the first
    /// ones, where there are others of the same lengths.
    pub fn finish(mut self, first_pages: Option<Vec<u8>>) -> io::Result<()> {
        self.file.append(&self.last_page)?;
        self.file.flush()?;
        first_pages.map_or(Ok(()), |pages| self.file.overwrite(0, &pages))
    }

    /// The length, what waits included.
    pub fn bytes(&self) -> u64 {
        self.file.bytes() + self.last_page.len() as u64
    }
}
