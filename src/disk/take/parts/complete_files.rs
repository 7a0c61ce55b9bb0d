//! The files of a take that have their sound, and what is still to be done about them.

use super::open_part::{EndedFile, EndedPart, Recipe};
use crate::disk::encode::resample::resampled_frames;
use crate::disk::encode::{self, Kept};
use crate::disk::error::TakeError;
use crate::disk::files::{FileError, TakeFile};
use crate::disk::take::loudness::Measured;
use crate::disk::take::syncing::Syncing;
use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// So many files at most wait for their syncs, or those of the newest part: each of them is open, and systems let a process
/// have only so many.
const MOST_CLOSING: usize = 64;

/// What has come to lie on disk.
#[derive(Debug, Default)]
pub struct CompleteFiles {
    /// Where they are, in the order of the sound and then of the channels; none where that is not known.
    paths: Vec<Option<PathBuf>>,
    /// The first file of the newest part among them.
    newest: usize,
    /// Frames of all parts, at the rate of the file, that no channel lacks.
    pub frames: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// How loud all parts are; nothing where that is not measured.
    pub measured: Option<Measured>,
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
    /// Frames of its part, which are none any more once they have been told to be lost.
    frames: Rc<Cell<u64>>,
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
    /// Where they are, in the order of the sound and then of the channels.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.paths.iter().flatten().cloned().collect()
    }

    /// The first file of the newest part.
    pub fn newest_path(&self) -> Option<&Path> {
        self.paths.get(self.newest..)?.iter().flatten().next().map(PathBuf::as_path)
    }

    /// What the user is to hear although the take goes on; told once.
    pub fn take_news(&mut self) -> Vec<String> {
        self.elsewhere.take().into_iter().chain(self.news.drain(..)).collect()
    }

    /// Puts files that are written to their ends where they belong.
    ///
    /// # Errors
    /// The first one.
    pub fn add(&mut self, ended: EndedPart) -> Result<(), TakeError> {
        let mut result = Ok(());
        for closing in self.count(ended) {
            let placed = self.put_in_place(closing).and_then(|error| error.map_or(Ok(()), |error| Err(error.into())));
            result = result.and(placed);
        }
        result
    }

    /// The same, for files from which the take has gone on: once they are on the medium, which nobody waits for.
    ///
    /// # Errors
    /// Of a file before them.
    pub fn add_in_turn(&mut self, ended: EndedPart) -> Result<(), TakeError> {
        let most = MOST_CLOSING.max(ended.files.len());
        let closing = self.count(ended);
        self.closing.extend(closing);
        let mut result = Ok(());
        while self.closing.len() > most {
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

    /// Keeps files after an error, with what of their frames has reached the disk, and says of each with which frame of the
    /// part its channels go on. A file without sound goes.
    pub fn keep_what_is_there(&mut self, recipe: &Recipe, failed: EndedPart) -> Vec<u64> {
        let ends: Vec<_> = failed.files.iter().map(|file| mend(recipe, &failed, file)).collect();
        self.count_in(failed.measured);
        let newest = self.paths.len();
        let mut go_on = Vec::new();
        for (file, end) in failed.files.into_iter().zip(ends) {
            go_on.push(end.unwrap_or(file.begins_at));
            match end {
                Some(_) => {
                    self.bytes += bytes_on_disk(&file.file);
                    self.paths.push(Some(file.file.path().to_owned()));
                }
                None => file.file.discard(),
            }
        }
        if self.paths.len() > newest {
            self.newest = newest;
        }
        self.frames += go_on.iter().min().copied().unwrap_or(0);
        go_on
    }

    /// The files are where their sound is. One whose channel has all its sound in the files before goes.
    fn count(&mut self, ended: EndedPart) -> Vec<Closing> {
        let EndedPart { files, frames, measured, .. } = ended;
        self.count_in(measured);
        let has_its_sound = |file: &EndedFile| file.begins_at > 0 && file.begins_at >= frames;
        let (without, with_sound): (Vec<_>, Vec<_>) = files.into_iter().partition(has_its_sound);
        without.into_iter().for_each(|file| file.file.discard());
        self.frames += frames;
        self.newest = self.paths.len();
        let frames = Rc::new(Cell::new(frames));
        let close = |EndedFile { file, syncing, .. }: EndedFile| {
            self.bytes += bytes_on_disk(&file);
            self.paths.push(Some(file.path().to_owned()));
            Closing { file, frames: Rc::clone(&frames), at: self.paths.len() - 1, syncing }
        };
        with_sound.into_iter().map(close).collect()
    }

    fn count_in(&mut self, measured: Option<Measured>) {
        if let Some(measured) = measured {
            self.measured.get_or_insert_default().merge(&measured);
        }
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
            self.frames -= frames.take();
            self.bytes -= bytes;
            return Err(error.into());
        }
        Ok(error)
    }
}

/// Mends what the header of a file says wrongly after an error, and says up to which frame of the part it has reached the
/// disk; none where, for certain, no sound has. Where the disk does not even let us look, the safe frames have.
pub fn mend(recipe: &Recipe, failed: &EndedPart, file: &EndedFile) -> Option<u64> {
    if file.is_whole {
        return Some(failed.frames);
    }
    match (encode::format_of(recipe.start.settings.file_type).repair)(file.file.file()) {
        Ok(Kept { frames, sample_rate }) => {
            let there = resampled_frames(frames, sample_rate, recipe.format.sample_rate);
            (there > 0).then_some((file.begins_at + there).min(failed.frames))
        }
        Err(_) => Some(failed.safe_frames.max(file.begins_at).min(failed.frames)),
    }
}

fn bytes_on_disk(file: &TakeFile) -> u64 {
    file.file().metadata().map_or(0, |file| file.len())
}
