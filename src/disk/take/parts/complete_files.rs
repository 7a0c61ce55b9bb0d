//! The files of a take that have their sound, and what is still to be done about them.

use super::open_part::{EndedPart, Recipe};
use crate::disk::encode::resample::resampled_frames;
use crate::disk::encode::{self, Kept};
use crate::disk::error::TakeError;
use crate::disk::files::{FileError, TakeFile};
use crate::disk::take::syncing::Syncing;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

/// So many files at most wait for their syncs: each of them is open, and systems let a process have only so many.
const MOST_CLOSING: usize = 64;

/// What has come to lie on disk.
#[derive(Debug, Default)]
pub struct CompleteFiles {
    /// Where they are, in the order of the sound; none where that is not known.
    paths: Vec<Option<PathBuf>>,
    /// Frames of all of them, at the rate of the file.
    pub frames: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Why and where the take went on elsewhere, in words for the user.
    pub elsewhere: Option<String>,
    /// What else has happened to the files while the take goes on, in words for the user.
    pub news: Vec<String>,
    /// Those that are still to be brought to the medium and put in their places, in the order of the sound.
    closing: VecDeque<Closing>,
}

/// A file that is written to its end, on its way to the medium.
#[derive(Debug)]
struct Closing {
    file: TakeFile,
    frames: u64,
    /// Its place among the paths.
    at: usize,
    syncing: Vec<Syncing>,
}

impl Closing {
    /// Whether it is on the medium, once that is known.
    fn synced(&mut self) -> Option<io::Result<()>> {
        while let Some(next) = self.syncing.first_mut() {
            let result = next.ended()?;
            self.syncing.remove(0);
            if result.is_err() {
                return Some(result);
            }
        }
        Some(Ok(()))
    }

    /// Waits until it is.
    fn wait(&mut self) -> io::Result<()> {
        self.syncing.drain(..).try_for_each(Syncing::end)
    }
}

impl CompleteFiles {
    /// Where they are, in the order of the sound.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.paths.iter().flatten().cloned().collect()
    }

    /// What the user is to hear although the take goes on; told once.
    pub fn take_news(&mut self) -> Vec<String> {
        self.elsewhere.take().into_iter().chain(self.news.drain(..)).collect()
    }

    /// Puts a file that is written to its end where it belongs.
    pub fn add(&mut self, ended: EndedPart) -> Result<(), TakeError> {
        let closing = self.count(ended);
        self.put_in_place(closing)?.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The same, for a file from which the take has gone on: once it is on the medium, which nobody waits for.
    ///
    /// # Errors
    /// Of a file before it.
    pub fn add_in_turn(&mut self, ended: EndedPart) -> Result<(), TakeError> {
        let closing = self.count(ended);
        self.closing.push_back(closing);
        let mut result = Ok(());
        while self.closing.len() > MOST_CLOSING {
            result = result.and(self.wait_for_first());
        }
        result.and(self.hear_of_syncs())
    }

    /// Puts the files where they belong that have been brought to the medium.
    ///
    /// # Errors
    /// Of the disk: the file may lack anything should the machine stop now.
    pub fn hear_of_syncs(&mut self) -> Result<(), TakeError> {
        while let Some(synced) = self.closing.front_mut().and_then(Closing::synced) {
            self.end_first(synced)?;
        }
        Ok(())
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// As [`hear_of_syncs`](Self::hear_of_syncs): the first one.
    pub fn wait_for_syncs(&mut self) -> Result<(), TakeError> {
        let mut result = Ok(());
        while !self.closing.is_empty() {
            result = result.and(self.wait_for_first());
        }
        result
    }

    /// Keeps a file after an error, with what of its frames has reached the disk, and says how many these are. A file
    /// without sound goes.
    pub fn keep_what_is_there(&mut self, recipe: &Recipe, failed: EndedPart) -> u64 {
        let Some(there) = mend(recipe, &failed) else {
            failed.file.discard();
            return 0;
        };
        self.frames += there;
        self.bytes += bytes_on_disk(&failed.file);
        self.paths.push(Some(failed.file.path().to_owned()));
        there
    }

    /// The file is where its sound is.
    fn count(&mut self, ended: EndedPart) -> Closing {
        let EndedPart { file, frames, syncing, .. } = ended;
        self.frames += frames;
        self.bytes += bytes_on_disk(&file);
        self.paths.push(Some(file.path().to_owned()));
        Closing { file, frames, at: self.paths.len() - 1, syncing }
    }

    fn wait_for_first(&mut self) -> Result<(), TakeError> {
        let synced = self.closing.front_mut().map(Closing::wait);
        synced.map_or(Ok(()), |synced| self.end_first(synced))
    }

    fn end_first(&mut self, synced: io::Result<()>) -> Result<(), TakeError> {
        let Some(closing) = self.closing.pop_front() else { return Ok(()) };
        let path = closing.file.path().to_owned();
        synced.map_err(|source| TakeError::Write { path, source })?;
        // The take goes on all the same.
        let trouble = self.put_in_place(closing)?;
        self.news.extend(trouble.map(|error| error.to_string()));
        Ok(())
    }

    /// Says what went wrong where the sound is safe all the same.
    fn put_in_place(&mut self, closing: Closing) -> Result<Option<FileError>, TakeError> {
        let Closing { file, frames, at, .. } = closing;
        let bytes = bytes_on_disk(&file);
        let (path, error) = match file.complete() {
            Ok(path) => (Some(path), None),
            Err(error) => (error.kept().map(Path::to_owned), Some(error)),
        };
        self.paths[at] = path;
        if let Some(error @ FileError::Lost { .. }) = error {
            self.frames -= frames;
            self.bytes -= bytes;
            return Err(error.into());
        }
        Ok(error)
    }
}

/// Mends what the header of a file says wrongly after an error, and says how many of its frames have reached the disk: some
/// or, for certain, none. Where the disk does not even let us look, the safe ones have.
pub fn mend(recipe: &Recipe, failed: &EndedPart) -> Option<u64> {
    match (encode::format_of(recipe.start.settings.file_type).repair)(failed.file.file()) {
        Ok(Kept { frames, sample_rate }) => {
            let there = resampled_frames(frames, sample_rate, recipe.format.sample_rate).min(failed.frames);
            (there > 0).then_some(there)
        }
        Err(_) => Some(failed.safe_frames.min(failed.frames)),
    }
}

fn bytes_on_disk(file: &TakeFile) -> u64 {
    file.file().metadata().map_or(0, |file| file.len())
}
