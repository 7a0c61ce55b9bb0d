//! The files that one take is written to: the first, and the next part wherever the file type or the file system lets one
//! become no longer, or a disk fails.

use super::loudness::Measured;
use super::recent::Recent;
use super::song::SongPosition;
use super::syncing::{Syncing, sync};
use crate::core::format::{self, StreamFormat};
use crate::core::markers::{MarkerKind, Markers};
use crate::core::take::TakeStart;
use crate::disk::encode::dither::Dither;
use crate::disk::encode::resample::resampled_frames;
use crate::disk::encode::sanitise::sanitise;
use crate::disk::encode::{self, Encoder, Kept};
use crate::disk::error::{TakeError, WentElsewhere};
use crate::disk::files::{FileError, TakeFile, TakeFiles, Wanted};
use crate::link::TextSet;
use open_part::{EndedPart, OpenPart, Recipe};
use std::io;
use std::path::{Path, PathBuf};

mod open_part;

/// The files of a take that is being written, of which one is open. Lives on the writer thread.
pub struct Parts {
    recipe: Recipe,
    open: OpenPart,
    complete: CompleteFiles,
    song: SongPosition,
    /// Of the whole take, at the rate of the file.
    markers: Markers,
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

    /// Keeps a file after an error, with what of its frames has reached the disk, and says how many these are. A file
    /// without sound goes.
    fn keep_what_is_there(&mut self, recipe: &Recipe, failed: EndedPart) -> u64 {
        let there = mend(recipe, &failed);
        self.count_in(failed.measured);
        let Some(there) = there else {
            failed.file.discard();
            return 0;
        };
        self.frames += there;
        self.bytes += bytes_on_disk(&failed.file);
        self.paths.push(failed.file.path().to_owned());
        there
    }

    fn count_in(&mut self, measured: Option<Measured>) {
        if let Some(measured) = measured {
            self.measured.get_or_insert_default().merge(&measured);
        }
    }
}

/// Mends what the header of a file says wrongly after an error, and says how many of its frames have reached the disk: some
/// or, for certain, none. Where the disk does not even let us look, the safe ones have.
fn mend(recipe: &Recipe, failed: &EndedPart) -> Option<u64> {
    match (encode::format_of(recipe.start.settings.file_type).repair)(failed.file.file()) {
        Ok(Kept { frames, sample_rate }) => {
            let there = resampled_frames(frames, sample_rate, recipe.format.sample_rate).min(failed.frames);
            (there > 0).then_some(there)
        }
        Err(_) => Some(failed.safe_frames.min(failed.frames)),
    }
}

impl Parts {
    /// Makes the first file of a take, in the fallback folder where the disk is full. Where both fail no file is left
    /// behind.
    pub fn begin(
        files: &mut TakeFiles,
        texts: &TextSet,
        start: TakeStart,
        format: StreamFormat,
    ) -> Result<Self, TakeError> {
        encode::check(start.settings.file_type, format).map_err(TakeError::Encoder)?;
        let recipe = Recipe { start, format, header: texts.header.clone(), track_name: texts.track.clone() };
        let wanted = Wanted { texts, settings: &start.settings, format };
        let song_seconds = start.song.seconds;
        let mut complete = CompleteFiles::default();
        let first = files.begin(&wanted).map_err(TakeError::from).and_then(|file| {
            let fallback = files.fallback_folder(&wanted).filter(|folder| !is_folder_of(folder, file.path()));
            Ok((OpenPart::begin(&recipe, file, song_seconds)?, fallback))
        });
        let (open, fallback) = match first {
            Err(error) if error.is_full_disk() => {
                let Ok(file) = files.begin_in_fallback(&wanted) else { return Err(error) };
                let path = file.path().to_owned();
                let Ok(open) = OpenPart::begin(&recipe, file, song_seconds) else { return Err(error) };
                complete.elsewhere = Some(WentElsewhere { error: &error, path: &path }.to_string());
                (open, None)
            }
            first => first?,
        };
        let song = SongPosition::new(0, song_seconds, start.song.position_frames.is_some());
        let dither = match start.settings.dither {
            format::Dither::Off => None,
            format::Dither::Tpdf => open.encoder.rounded_bits().map(|bits| Dither::new(bits, format.channels)),
        };
        Ok(Self {
            recipe,
            open,
            complete,
            song,
            markers: Markers::default(),
            fallback,
            left_behind: None,
            opened_files: 1,
            clipped_samples: 0,
            dither,
        })
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

    /// From frame `from` of the take on, at the rate of the file, the song runs from this second on; none where it stands,
    /// or nobody tells.
    pub fn song_goes_on(&mut self, from: u64, seconds: Option<f64>) {
        self.song = SongPosition::new(from, seconds, true);
    }

    /// The markers of the take, at the rate of the file. They come into the file with the next refresh.
    pub fn markers(&mut self) -> &mut Markers {
        &mut self.markers
    }

    /// Appends frames, planar, channels one after the other; goes on in the next part where the file is full, and in
    /// the fallback folder where its disk fails.
    pub fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.clipped_samples += sanitise(planar, self.encoder().sample_range());
        if let Some(dither) = &mut self.dither {
            dither.apply(planar, frames);
        }
        self.append_ready(planar, frames)
    }

    /// The samples are as the encoder wants them.
    fn append_ready(&mut self, planar: &[f32], frames: usize) -> Result<(), TakeError> {
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
        self.tell_markers(0);
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
            // One behind the last frame counts too.
            self.tell_markers(1);
            let song_seconds = self.song_after(self.open.safe_frames);
            let (ended, result) = self.open.finish(synced);
            let Err(error) = result else {
                let result = self.complete.add(ended);
                return (self.complete, result);
            };
            match open_after(&error, &self.recipe, &mut self.fallback, &ended.file, song_seconds) {
                Some(next) => {
                    self.open = next;
                    if let Err(error) = self.go_on_after(ended, &error) {
                        return (self.give_up(), Err(error));
                    }
                    failure = Some(error).filter(|error| !error.is_file_too_large());
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
        let song_seconds = self.song_after(self.open.frames);
        let next = OpenPart::begin(&self.recipe, self.open.file.next_part()?, song_seconds)?;
        self.tell_markers(0);
        let full = std::mem::replace(&mut self.open, next);
        self.opened_files += 1;
        let (mut ended, result) = full.finish(true);
        let Err(error) = result else {
            return self.complete.add(ended);
        };
        // What the full file lacks comes first in this one, and with it in the fallback folder.
        let (recent, frames) = (std::mem::take(&mut ended.recent), ended.frames);
        let kept = self.complete.keep_what_is_there(&self.recipe, ended);
        self.carry_over(&recent, frames, kept)?;
        if error.is_file_too_large() { Ok(()) } else { Err(error) }
    }

    /// The open file cannot be written on: the take goes on in another, where one can be had, from the first frame on that
    /// the file does not hold.
    fn go_on_elsewhere(&mut self, error: TakeError) -> Result<(), TakeError> {
        let song_seconds = self.song_after(self.open.safe_frames);
        match open_after(&error, &self.recipe, &mut self.fallback, &self.open.file, song_seconds) {
            Some(next) => {
                let failed = std::mem::replace(&mut self.open, next).fail();
                self.go_on_after(failed, &error)
            }
            None => Err(error),
        }
    }

    /// The take goes on in the open file, which is empty.
    fn go_on_after(&mut self, mut failed: EndedPart, error: &TakeError) -> Result<(), TakeError> {
        self.opened_files += 1;
        let (recent, safe_frames) = (std::mem::take(&mut failed.recent), failed.safe_frames);
        let path = failed.file.path().to_owned();
        let is_elsewhere = path.parent() != self.open.file.path().parent();
        if is_elsewhere {
            self.complete.elsewhere = Some(WentElsewhere { error, path: self.open.file.path() }.to_string());
        }
        self.left_behind = failed.syncing.take().map(|syncing| (path.clone(), syncing));
        if !error.is_file_too_large() {
            let kept = self.complete.keep_what_is_there(&self.recipe, failed);
            if is_elsewhere {
                self.markers.add(self.complete.frames, MarkerKind::Elsewhere);
            }
            return self.carry_over(&recent, safe_frames, kept);
        }
        let Some(kept) = mend(&self.recipe, &failed).filter(|&kept| kept >= self.recipe.format.sample_rate.into())
        else {
            self.complete.keep_what_is_there(&self.recipe, failed);
            // Thousands of files would not be a take.
            return Err(TakeError::Write { path, source: io::ErrorKind::FileTooLarge.into() });
        };
        // A part like those that the file type ends.
        let synced = sync(failed.file.file()).map_err(|source| TakeError::Write { path, source });
        let completed = synced.and(self.complete.add(EndedPart { frames: kept, ..failed }));
        self.carry_over(&recent, safe_frames, kept).and(completed)
    }

    /// Begins the open file, which is empty, with what was kept of the one before from its frame `kept` on. It has been
    /// begun as if that were frame `begun_at`.
    fn carry_over(&mut self, recent: &Recent, begun_at: u64, kept: u64) -> Result<(), TakeError> {
        if begun_at != kept {
            self.open.begin_again(&self.recipe, self.song_after(0))?;
        }
        recent.each_from(kept, |planar, frames| self.append_ready(planar, frames))
    }

    /// Tells the encoder of the markers before the frame that stands `beyond` frames behind the last one that it has.
    fn tell_markers(&mut self, beyond: u64) {
        if !self.markers.is_empty() {
            let start = self.complete.frames;
            self.open.set_markers(&self.markers.within(start, start + self.open.frames + beyond));
        }
    }

    /// Where the song was so many frames behind the files that are complete.
    fn song_after(&self, frames: u64) -> Option<f64> {
        self.song.at(self.complete.frames + frames, self.recipe.format.sample_rate)
    }
}

/// Begins the file in which a take goes on when `failed` cannot be written on, as if its first frame had been played at this
/// second of the song: the next part where the file system lets it become no longer, else one in the fallback folder,
/// where there is one.
fn open_after(
    error: &TakeError,
    recipe: &Recipe,
    fallback: &mut Option<PathBuf>,
    failed: &TakeFile,
    song_seconds: Option<f64>,
) -> Option<OpenPart> {
    let begin = |file| OpenPart::begin(recipe, file, song_seconds).ok();
    let part = if error.is_file_too_large() { failed.next_part().ok() } else { None };
    part.and_then(begin).or_else(|| begin(failed.next_part_in(&fallback.take()?).ok()?))
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
