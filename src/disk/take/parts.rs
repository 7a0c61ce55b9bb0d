//! The files that one take is written to: the first, and the next part wherever a file type's size limit ends one or a
//! disk fails.

use super::loudness::Measured;
use super::syncing::Syncing;
use crate::core::format::{self, StreamFormat};
use crate::core::metadata::Metadata;
use crate::core::take::TakeSettings;
use crate::disk::encode::dither::Dither;
use crate::disk::encode::resample::resampled_frames;
use crate::disk::encode::sanitise::sanitise;
use crate::disk::encode::{self, Encoder, Kept};
use crate::disk::error::{TakeError, WentElsewhere};
use crate::disk::files::{FileError, TakeFile, TakeFiles, Wanted};
use crate::link::TextSet;
use open_part::{EndedPart, OpenPart, Recipe};
use std::path::{Path, PathBuf};

mod open_part;

/// The files of a take that is being written, of which one is open. Lives on the writer thread.
pub struct Parts {
    recipe: Recipe,
    open: OpenPart,
    complete: CompleteFiles,
    /// The folder in which the take goes on when its disk fails; for once.
    fallback: Option<PathBuf>,
    /// The sync of the file that failed before the take went on elsewhere: its disk may take long, but not hold up the
    /// other one.
    left_behind: Option<(PathBuf, Syncing)>,
    opened_files: u32,
    clipped_samples: u64,
    /// Only where the take is dithered.
    dither: Option<Dither>,
}

/// What has come to lie on disk.
#[derive(Debug, Default)]
pub struct CompleteFiles {
    /// In the order of the sound.
    pub paths: Vec<PathBuf>,
    /// Frames of all of them, at the rate of the file.
    pub frames: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// How loud all of them are; nothing where that is not measured.
    pub measured: Option<Measured>,
    /// Why and where the take went on elsewhere, in words for the user.
    pub elsewhere: Option<String>,
}

impl CompleteFiles {
    /// Puts a file that is written to its end where it belongs.
    fn add(&mut self, ended: EndedPart) -> Result<(), TakeError> {
        let EndedPart { file, frames, measured, .. } = ended;
        self.count_in(measured);
        let bytes = bytes_on_disk(&file);
        let (path, error) = match file.complete() {
            Ok(path) => (Some(path), None),
            Err(error @ FileError::Lost { .. }) => return Err(error.into()),
            Err(error) => (error.kept().map(Path::to_owned), Some(error)),
        };
        self.frames += frames;
        self.bytes += bytes;
        self.paths.extend(path);
        error.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Keeps a file after an error, with what of its frames has reached the disk, and says how many these are; mends what
    /// its header then says wrongly. Where the disk does not even let us look, the safe ones have. A file without sound
    /// goes.
    fn keep_what_is_there(&mut self, recipe: &Recipe, failed: EndedPart) -> u64 {
        let EndedPart { file, frames, safe_frames, measured, .. } = failed;
        self.count_in(measured);
        let mended = (encode::format_of(recipe.settings.file_type).repair)(file.file());
        let there = match mended {
            Ok(Kept { frames, sample_rate }) => resampled_frames(frames, sample_rate, recipe.format.sample_rate),
            Err(_) => safe_frames,
        };
        if mended.is_ok() && there == 0 {
            file.discard();
            return 0;
        }
        let there = there.min(frames);
        self.frames += there;
        self.bytes += bytes_on_disk(&file);
        self.paths.push(file.path().to_owned());
        there
    }

    fn count_in(&mut self, measured: Option<Measured>) {
        if let Some(measured) = measured {
            self.measured.get_or_insert_default().merge(&measured);
        }
    }
}

impl Parts {
    /// Makes the first file of a take, in the fallback folder where the disk is full. Where both fail no file is left
    /// behind.
    pub fn begin(
        files: &mut TakeFiles,
        texts: &TextSet,
        settings: TakeSettings,
        format: StreamFormat,
        metadata: Metadata,
    ) -> Result<Self, TakeError> {
        encode::check(settings.file_type, format).map_err(TakeError::Encoder)?;
        let recipe = Recipe { settings, format, metadata };
        let wanted = Wanted { texts, settings: &settings, format };
        let mut complete = CompleteFiles::default();
        let first = files.begin(&wanted).map_err(TakeError::from).and_then(|file| {
            let fallback = files.fallback_folder(&wanted).filter(|folder| !is_folder_of(folder, file.path()));
            Ok((OpenPart::begin(&recipe, file, fallback.is_some())?, fallback))
        });
        let (open, fallback) = match first {
            Err(error) if error.is_full_disk() => {
                let Ok(file) = files.begin_in_fallback(&wanted) else { return Err(error) };
                let path = file.path().to_owned();
                let Ok(open) = OpenPart::begin(&recipe, file, false) else { return Err(error) };
                complete.elsewhere = Some(WentElsewhere { error: &error, path: &path }.to_string());
                (open, None)
            }
            first => first?,
        };
        let dither = match settings.dither {
            format::Dither::Off => None,
            format::Dither::Tpdf => open.encoder.rounded_bits().map(|bits| Dither::new(bits, format.channels)),
        };
        Ok(Self { recipe, open, complete, fallback, left_behind: None, opened_files: 1, clipped_samples: 0, dither })
    }

    /// Where the sound is right now.
    pub fn path(&self) -> &Path {
        self.open.file.path()
    }

    /// Files of the take so far; a new one has another [`path`](Self::path).
    pub fn opened_files(&self) -> u32 {
        self.opened_files
    }

    /// Why and where the take went on elsewhere, in words for the user; told once.
    pub fn take_elsewhere(&mut self) -> Option<String> {
        self.complete.elsewhere.take()
    }

    /// The shape of the sound in the files.
    pub fn format(&self) -> StreamFormat {
        self.recipe.format
    }

    /// Frames in all files so far, at the rate of the file.
    pub fn frames(&self) -> u64 {
        self.complete.frames + self.open.frames
    }

    /// Bytes of all files so far.
    pub fn bytes(&self) -> u64 {
        self.complete.bytes + self.encoder().bytes()
    }

    /// What the file does not keep of the settings, in words for the user.
    pub fn note(&self) -> Option<&'static str> {
        self.encoder().note()
    }

    /// Samples beyond full scale so far.
    pub fn clipped_samples(&self) -> u64 {
        self.clipped_samples
    }

    /// Appends frames, planar, channels one after the other; goes on in the next part where the file is full, and in
    /// the fallback folder where its disk fails.
    pub fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.clipped_samples += sanitise(planar, self.encoder().sample_range());
        if let Some(dither) = &mut self.dither {
            dither.apply(planar, frames);
        }
        let mut start = 0;
        while start < frames {
            if self.encoder().frames_left() == 0 {
                self.next_part().or_else(|error| self.go_on_elsewhere(error))?;
            }
            let run = self.encoder().frames_left().min((frames - start) as u64) as usize;
            let written = if run == frames {
                self.open.write(planar, frames, self.recipe.format)
            } else {
                let channels = planar.chunks_exact(frames);
                let some: Vec<f32> = channels.flat_map(|channel| &channel[start..start + run]).copied().collect();
                self.open.write(&some, run, self.recipe.format)
            };
            written.or_else(|error| self.go_on_elsewhere(error))?;
            start += run;
        }
        Ok(())
    }

    /// Makes the header say what the file holds.
    pub fn refresh(&mut self) -> Result<(), TakeError> {
        self.open.refresh(self.recipe.format).or_else(|error| self.go_on_elsewhere(error))
    }

    /// Has what the operating system has brought to the medium.
    pub fn sync(&mut self) -> Result<(), TakeError> {
        self.open.sync().or_else(|error| self.go_on_elsewhere(error))
    }

    /// Whether that is still to be done.
    pub fn is_syncing(&self) -> bool {
        self.open.is_syncing()
    }

    /// Completes the open file and puts it in its place, on the medium if `synced`.
    pub fn finish(mut self, synced: bool) -> (CompleteFiles, Result<(), TakeError>) {
        let left_behind = self.left_behind.take();
        let (files, result) = self.finish_open(synced);
        let left_behind = left_behind
            .map_or(Ok(()), |(path, syncing)| syncing.end().map_err(|source| TakeError::Write { path, source }));
        (files, result.and(left_behind))
    }

    fn finish_open(mut self, synced: bool) -> (CompleteFiles, Result<(), TakeError>) {
        let mut failure = None;
        loop {
            if self.open.frames == 0 && self.opened_files > 1 {
                // All that the take has is in the files before.
                self.open.fail().file.discard();
                self.complete.elsewhere = None;
                return (self.complete, failure.map_or(Ok(()), Err));
            }
            let (ended, result) = self.open.finish(synced);
            let Err(error) = result else {
                let result = self.complete.add(ended);
                return (self.complete, result);
            };
            match open_elsewhere(&self.recipe, self.fallback.take(), &ended.file) {
                Some(next) => {
                    self.open = next;
                    if let Err(error) = self.carry_over(ended, &error) {
                        return (self.give_up(), Err(error));
                    }
                    failure = Some(error);
                }
                None => {
                    self.complete.keep_what_is_there(&self.recipe, ended);
                    return (self.complete, Err(error));
                }
            }
        }
    }

    /// Gives up after an error. What is in the open file stays and plays; an empty file goes.
    pub fn give_up(mut self) -> CompleteFiles {
        self.complete.keep_what_is_there(&self.recipe, self.open.fail());
        self.complete
    }

    fn encoder(&self) -> &dyn Encoder {
        &*self.open.encoder
    }

    fn next_part(&mut self) -> Result<(), TakeError> {
        self.recipe.metadata = self.recipe.metadata.for_next_part();
        let next = OpenPart::begin(&self.recipe, self.open.file.next_part()?, self.fallback.is_some())?;
        let full = std::mem::replace(&mut self.open, next);
        self.opened_files += 1;
        let (mut ended, result) = full.finish(true);
        let Err(error) = result else {
            return self.complete.add(ended);
        };
        // What the full file lacks comes first in this one, and with it in the fallback folder.
        let recent = std::mem::take(&mut ended.recent);
        let kept = self.complete.keep_what_is_there(&self.recipe, ended);
        recent.each_from(kept, |planar, frames| self.open.write(planar, frames, self.recipe.format))?;
        Err(error)
    }

    /// The open file cannot be written on: the take goes on in the fallback folder, where there is one, from the first
    /// frame on that the file does not hold.
    fn go_on_elsewhere(&mut self, error: TakeError) -> Result<(), TakeError> {
        match open_elsewhere(&self.recipe, self.fallback.take(), &self.open.file) {
            Some(next) => {
                let failed = std::mem::replace(&mut self.open, next).fail();
                self.carry_over(failed, &error)
            }
            None => Err(error),
        }
    }

    fn carry_over(&mut self, mut failed: EndedPart, error: &TakeError) -> Result<(), TakeError> {
        self.opened_files += 1;
        self.complete.elsewhere = Some(WentElsewhere { error, path: self.open.file.path() }.to_string());
        let recent = std::mem::take(&mut failed.recent);
        self.left_behind = failed.syncing.take().map(|syncing| (failed.file.path().to_owned(), syncing));
        let kept = self.complete.keep_what_is_there(&self.recipe, failed);
        recent.each_from(kept, |planar, frames| self.open.write(planar, frames, self.recipe.format))
    }
}

/// Begins the file in which a take goes on when `failed` cannot be written on.
fn open_elsewhere(recipe: &Recipe, fallback: Option<PathBuf>, failed: &TakeFile) -> Option<OpenPart> {
    let file = failed.next_part_in(&fallback?).ok()?;
    let metadata = recipe.metadata.for_next_part();
    OpenPart::begin(&Recipe { metadata, ..*recipe }, file, false).ok()
}

/// Whether `path` lies in `folder`.
fn is_folder_of(folder: &Path, path: &Path) -> bool {
    let of_path = path.parent().unwrap_or(path);
    match (folder.canonicalize(), of_path.canonicalize()) {
        (Ok(folder), Ok(of_path)) => folder == of_path,
        _ => folder == of_path,
    }
}

fn bytes_on_disk(file: &TakeFile) -> u64 {
    file.file().metadata().map_or(0, |file| file.len())
}
