//! The files that one take is written to: the first, the next one where it is split, and the next part wherever the file
//! type or the file system lets one become no longer, or a disk fails. Each of them may be several files side by side, one
//! for each channel, which begin and end together.

use super::cuts::Cuts;
use super::recent::Recent;
use super::syncing::Syncing;
use crate::core::format::{self, StreamFormat};
use crate::core::markers::{Marker, MarkerKind, Markers};
use crate::core::take::TakeStart;
use crate::disk::encode;
use crate::disk::encode::dither::Dither;
use crate::disk::encode::sanitise::sanitise;
use crate::disk::error::{StaysInFile, TakeError, WentElsewhere};
use crate::disk::files::{FileError, TakeFile, TakeFiles, next_parts, next_parts_in};
use crate::disk::medium::sync;
use crate::disk::song::{Anchor, Place, SongPositions};
use crate::link::TextSet;
use chrono::{Local, TimeDelta};
pub use complete_files::CompleteFiles;
use complete_files::mend;
use open_part::{EndedFile, EndedPart, OpenPart, Recipe};
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

mod complete_files;
mod open_part;

/// The files of a take that is being written, of which one is open. Lives on the writer thread.
pub struct Parts {
    recipe: Recipe,
    files: Rc<RefCell<TakeFiles>>,
    open: OpenPart,
    complete: CompleteFiles,
    song: SongPositions,
    /// The anchor of the open file.
    anchor: Anchor,
    /// Of the whole take, at the rate of the file.
    markers: Markers,
    /// The files tell of the markers before this frame, as far as they can.
    markers_told_to: u64,
    cuts: Cuts,
    fallback: Fallback,
    /// It has gone on there.
    is_elsewhere: bool,
    /// The syncs of the file that failed before the take went on elsewhere: its disk may take long, but not hold up the
    /// other one.
    left_behind: Vec<(PathBuf, Syncing)>,
    opened_files: u32,
    clipped_samples: u64,
    /// Only where the take is dithered.
    dither: Option<Dither>,
}

impl Parts {
    /// Makes the first file of a take whose first frame passed `lag` ago, in the fallback folder where the disk is full. Where
    /// both fail no file is left behind.
    pub fn begin(
        files: Rc<RefCell<TakeFiles>>,
        texts: Arc<TextSet>,
        start: TakeStart,
        format: StreamFormat,
        track_channels: usize,
        lag: TimeDelta,
    ) -> Result<Self, TakeError> {
        let channels = start.channels.file_names(start.settings.files, track_channels);
        let mut recipe = Recipe { start, format, texts, began: Local::now() - lag, lag, channels };
        encode::check(start.settings.file_type, recipe.file_format()).map_err(TakeError::Encoder)?;
        let song = SongPositions::new(start.song.seconds, start.song.position_frames.is_some());
        let place = song.place(0, format.sample_rate);
        let (open, failed) = begin_file(&recipe, &mut files.borrow_mut(), false, 0, place)?;
        let anchor = Anchor::new(&song, 0, format.sample_rate);
        recipe.lag = TimeDelta::zero();
        let is_elsewhere = failed.is_some();
        let mut complete = CompleteFiles::default();
        complete.elsewhere = failed.map(|error| WentElsewhere { error: &error, path: open.path() }.to_string());
        let fallback = Fallback { files: Rc::clone(&files), is_used: is_elsewhere };
        let dither = match start.settings.dither {
            format::Dither::Off => None,
            format::Dither::Tpdf => open.encoder().rounded_bits().map(|bits| Dither::new(bits, format.channels)),
        };
        Ok(Self {
            recipe,
            files,
            open,
            complete,
            song,
            anchor,
            markers: Markers::default(),
            markers_told_to: 0,
            cuts: Cuts::new(start.settings.split, format.sample_rate),
            fallback,
            is_elsewhere,
            left_behind: Vec::new(),
            opened_files: 1,
            clipped_samples: 0,
            dither,
        })
    }

    /// Where the sound is right now.
    pub fn path(&self) -> &Path {
        self.open.path()
    }

    /// Files of the take so far; a new one has another [`path`](Self::path).
    pub fn opened_files(&self) -> u32 {
        self.opened_files
    }

    /// Why and where the take went on elsewhere, and what else has happened to its files while it goes on, in words for the
    /// user; told once.
    pub fn take_news(&mut self) -> Vec<String> {
        self.complete.take_news()
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
        self.complete.bytes + self.open.bytes()
    }

    /// What the file does not keep of the settings, in words for the user.
    pub fn note(&self) -> Option<&'static str> {
        self.open.encoder().note()
    }

    /// Samples beyond full scale so far.
    pub fn clipped_samples(&self) -> u64 {
        self.clipped_samples
    }

    /// From frame `from` of the take on, at the rate of the file, the song runs from this second on; none where it stands,
    /// or nobody tells. It may have `jumped` there.
    pub fn song_goes_on(&mut self, from: u64, seconds: Option<f64>, jumped: bool) {
        let change = self.song.goes_on(from, seconds, jumped);
        // A file that begins there tells it itself.
        if jumped && !self.cuts.song_jumps(from) {
            self.markers.add(from, MarkerKind::Jump { seconds });
        }
        if self.anchor.follow(&self.song, &change) {
            let (song, start, rate) = (&self.song, self.complete.frames, self.recipe.format.sample_rate);
            self.open.tell_place(|begins_at| song.place(start + begins_at, rate));
        }
    }

    /// The host interrupted the sound before frame `from` of the take, at the rate of the file.
    pub fn interrupt(&mut self, from: u64) {
        self.markers.add(from, MarkerKind::Interrupted);
        self.song.interrupt(from);
    }

    /// Begins the anchor of the open file, whose first frame follows the complete ones.
    fn begin_anchor(&mut self) {
        self.anchor = Anchor::new(&self.song, self.complete.frames, self.recipe.format.sample_rate);
    }

    /// The markers of the take, at the rate of the file. They come into the file with the next refresh.
    pub fn markers(&mut self) -> &mut Markers {
        &mut self.markers
    }

    /// Appends frames, planar, channels one after the other; goes on in the next file where the take is split, in the next
    /// part where the file is full, and in the fallback folder where its disk fails.
    pub fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.clipped_samples += sanitise(planar, self.open.encoder().sample_range());
        if let Some(dither) = &mut self.dither {
            dither.apply(planar, frames);
        }
        self.append_ready(planar, frames)
    }

    /// The samples are as the encoder wants them.
    fn append_ready(&mut self, planar: &[f32], frames: usize) -> Result<(), TakeError> {
        let mut start = 0;
        while start < frames {
            if self.frames() >= self.cuts.next() {
                self.next_file()?;
                continue;
            }
            if self.open.frames_left() == 0 {
                self.next_part()?;
            }
            let most = self.open.frames_left().min(self.cuts.next() - self.frames());
            let run = most.min((frames - start) as u64) as usize;
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
        let refreshed = self.open.refresh(self.recipe.format);
        if refreshed.is_ok() {
            self.markers_told_to = self.complete.frames + self.open.frames;
        }
        self.song.forget_before(self.complete.frames + self.open.safe_frames);
        let synced = self.complete.hear_of_syncs();
        refreshed.and(synced).or_else(|error| self.go_on_elsewhere(error))
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
        let left_behind = std::mem::take(&mut self.left_behind);
        let (mut files, result) = self.finish_open(synced);
        let in_turn = files.wait_for_syncs();
        let left_behind = left_behind
            .into_iter()
            .map(|(path, syncing)| syncing.end().map_err(|source| TakeError::Write { path, source }))
            .fold(Ok(()), Result::and);
        (files, result.and(in_turn).and(left_behind))
    }

    fn finish_open(mut self, synced: bool) -> (CompleteFiles, Result<(), TakeError>) {
        let mut failure = None;
        loop {
            if self.open.frames == 0 && self.opened_files > 1 {
                // All that the take has is in the files before.
                self.open.fail().discard();
                self.complete.elsewhere = None;
                return (self.complete, failure.map_or(Ok(()), Err));
            }
            // One behind the last frame counts too.
            self.tell_markers(1);
            let place = self.place_after(self.open.safe_frames);
            let (ended, result) = self.open.finish(synced);
            let Err(error) = result else {
                let result = self.complete.add(ended);
                return (self.complete, result);
            };
            match open_after(&error, &self.recipe, &mut self.fallback, &ended.take_files(), place) {
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
        // Another error gives the take up.
        let _ = self.complete.wait_for_syncs();
        self.complete
    }

    /// The take has come to a cut and goes on in its next file: the next unused number or, with Unique Suffix off, the next
    /// part. Where none is to be had it stays in the open one.
    fn next_file(&mut self) -> Result<(), TakeError> {
        let place = self.place_after(self.open.frames);
        let begun = if self.open.frames == 0 {
            self.cuts.pass();
            return Ok(());
        } else if self.recipe.start.settings.unique_suffix {
            let last_number = self.open.number();
            begin_file(&self.recipe, &mut self.files.borrow_mut(), self.is_elsewhere, last_number, place)
        } else {
            self.begin_next_part(place).map(|next| (next, None))
        };
        match begun {
            Ok((next, failed)) => self.go_on_in(next, failed),
            Err(error) => {
                self.cuts.pass();
                self.complete.news.push(StaysInFile { error: &error, path: self.path() }.to_string());
                Ok(())
            }
        }
    }

    /// The file type lets the open file become no longer.
    fn next_part(&mut self) -> Result<(), TakeError> {
        match self.begin_next_part(self.place_after(self.open.frames)) {
            Ok(next) => self.go_on_in(next, None),
            Err(error) => self.go_on_elsewhere(error),
        }
    }

    fn begin_next_part(&self, place: Place) -> Result<OpenPart, TakeError> {
        OpenPart::begin(&self.recipe, next_parts(&self.open.take_files())?, place)
    }

    /// The open file gets no more sound, and the take goes on in this one, which is empty; elsewhere, if something `failed`.
    fn go_on_in(&mut self, next: OpenPart, failed: Option<TakeError>) -> Result<(), TakeError> {
        self.tell_markers(0);
        let full = std::mem::replace(&mut self.open, next);
        // The disk may take long, and must not hold up the sound.
        let (ended, result) = full.finish_in_turn();
        if let Err(error) = result {
            // What the full file lacks comes first.
            return self.go_on_before(ended, error);
        }
        self.opened_files += 1;
        self.markers_told_to = self.complete.frames + ended.frames;
        if let Some(error) = failed {
            self.complete.elsewhere = Some(WentElsewhere { error: &error, path: self.path() }.to_string());
            self.markers.add(self.complete.frames + ended.frames, MarkerKind::Elsewhere);
            (self.is_elsewhere, self.fallback.is_used) = (true, true);
        }
        if self.complete.frames + ended.frames >= self.cuts.next() {
            self.cuts.pass();
        }
        let added = self.complete.add_in_turn(ended);
        self.begin_anchor();
        added.or_else(|error| self.go_on_elsewhere(error))
    }

    /// The file before the open one, which is empty, turned out to lack some of its sound: the take goes on in another one
    /// with that, as if the open one had not been begun.
    fn go_on_before(&mut self, failed: EndedPart, error: TakeError) -> Result<(), TakeError> {
        let place = self.place_after(failed.safe_frames);
        match open_after(&error, &self.recipe, &mut self.fallback, &failed.take_files(), place) {
            Some(next) => {
                std::mem::replace(&mut self.open, next).fail().discard();
                self.go_on_after(failed, &error)
            }
            None => {
                self.complete.keep_what_is_there(&self.recipe, failed);
                Err(error)
            }
        }
    }

    /// The open file cannot be written on: the take goes on in another, where one can be had, from the first frame on that
    /// the file does not hold.
    fn go_on_elsewhere(&mut self, error: TakeError) -> Result<(), TakeError> {
        let place = self.place_after(self.open.safe_frames);
        match open_after(&error, &self.recipe, &mut self.fallback, &self.open.take_files(), place) {
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
        let is_elsewhere = failed.path().parent() != self.open.path().parent();
        if is_elsewhere {
            self.complete.elsewhere = Some(WentElsewhere { error, path: self.open.path() }.to_string());
            self.is_elsewhere = true;
        }
        for EndedFile { file, syncing, .. } in &mut failed.files {
            self.left_behind.extend(syncing.drain(..).map(|syncing| (file.path().to_owned(), syncing)));
        }
        if !error.is_file_too_large() {
            let go_on = self.complete.keep_what_is_there(&self.recipe, failed);
            self.markers.bring_forward(self.markers_told_to, self.complete.frames);
            if is_elsewhere {
                self.markers.add(self.complete.frames, MarkerKind::Elsewhere);
            }
            return self.carry_over(&recent, safe_frames, &go_on);
        }
        let ends: Vec<_> = failed.files.iter().map(|file| mend(&self.recipe, &failed, file).unwrap_or(0)).collect();
        let frames = ends.iter().min().copied().unwrap_or(0);
        if frames < self.recipe.format.sample_rate.into() {
            let path = failed.path().to_owned();
            self.complete.keep_what_is_there(&self.recipe, failed);
            // Thousands of files would not be a take.
            return Err(TakeError::Write { path, source: io::ErrorKind::FileTooLarge.into() });
        }
        // A part like those that the file type ends.
        let synced = failed.files.iter().map(|EndedFile { file, .. }| {
            sync(file.file()).map_err(|source| TakeError::Write { path: file.path().to_owned(), source })
        });
        let synced = synced.fold(Ok(()), Result::and);
        let completed = synced.and(self.complete.add(EndedPart { frames, ..failed }));
        self.markers.bring_forward(self.markers_told_to, self.complete.frames);
        self.carry_over(&recent, safe_frames, &ends).and(completed)
    }

    /// Begins the open part, which is empty, with what was kept of the one before: each of its files with the frame of that
    /// one with which its channels `go_on`. It has been begun as if that were frame `begun_at`.
    fn carry_over(&mut self, recent: &Recent, begun_at: u64, go_on: &[u64]) -> Result<(), TakeError> {
        let first = go_on.iter().min().copied().unwrap_or(0);
        for (index, &frame) in go_on.iter().enumerate() {
            if (frame, first) != (begun_at, begun_at) {
                let begins_at = frame - first;
                self.open.begin_again(&self.recipe, index, begins_at, self.place_after(begins_at))?;
            }
        }
        self.begin_anchor();
        recent.each_from(first, |planar, frames| self.append_ready(planar, frames))
    }

    /// Tells the encoder of the markers before the frame that stands `beyond` frames behind the last one that it has.
    fn tell_markers(&mut self, beyond: u64) {
        let (start, end) = (self.complete.frames, self.complete.frames + self.open.frames + beyond);
        if let Some(Marker { frame, kind }) = self.anchor.take(end) {
            self.markers.add_once(frame, kind);
        }
        if !self.markers.is_empty() {
            self.open.set_markers(&self.markers.within(start, end));
        }
    }

    /// The place in the song of a file that begins so many frames behind the complete ones.
    fn place_after(&self, frames: u64) -> Place {
        self.song.place(self.complete.frames + frames, self.recipe.format.sample_rate)
    }
}

/// The folder in which a take goes on when its disk fails; for once. It is asked for only then, for it may be on
/// another disk, which hangs.
struct Fallback {
    files: Rc<RefCell<TakeFiles>>,
    is_used: bool,
}

impl Fallback {
    fn take(&mut self, recipe: &Recipe, failed: &[&TakeFile]) -> Option<PathBuf> {
        if std::mem::replace(&mut self.is_used, true) {
            return None;
        }
        let folder = self.files.borrow_mut().fallback_folder(&recipe.wanted())?;
        let is_elsewhere = failed.first().is_none_or(|file| !is_folder_of(&folder, file.path()));
        is_elsewhere.then_some(folder)
    }
}

/// Begins a file of a take, whose first frame has this place in the song. With Unique Suffix on it has a number of
/// its own, above the last one. Where the disk is full it is in the fallback folder, and the error is told, too; where both
/// fail no file is left behind.
fn begin_file(
    recipe: &Recipe,
    files: &mut TakeFiles,
    in_fallback: bool,
    last_number: u64,
    place: Place,
) -> Result<(OpenPart, Option<TakeError>), TakeError> {
    let open = |files: Result<_, FileError>| OpenPart::begin(recipe, files?, place);
    if in_fallback {
        return Ok((open(files.begin_in_fallback(&recipe.wanted(), last_number))?, None));
    }
    match open(files.begin(&recipe.wanted(), last_number)) {
        Err(error) if error.is_full_disk() => {
            let elsewhere = open(files.begin_in_fallback(&recipe.wanted(), last_number));
            match elsewhere {
                Ok(open) => Ok((open, Some(error))),
                Err(_) => Err(error),
            }
        }
        begun => Ok((begun?, None)),
    }
}

/// Begins the file in which a take goes on when `failed` cannot be written on, as if its first frame had this place in
/// the song: the next part where the file system lets it become no longer, else one in the fallback folder, where there
/// is one.
fn open_after(
    error: &TakeError,
    recipe: &Recipe,
    fallback: &mut Fallback,
    failed: &[&TakeFile],
    place: Place,
) -> Option<OpenPart> {
    let begin = |files| OpenPart::begin(recipe, files, place).ok();
    let part = if error.is_file_too_large() { next_parts(failed).ok() } else { None };
    part.and_then(begin).or_else(|| begin(next_parts_in(failed, &fallback.take(recipe, failed)?).ok()?))
}

/// Whether `path` lies in `folder`.
fn is_folder_of(folder: &Path, path: &Path) -> bool {
    let of_path = path.parent().unwrap_or(path);
    match (folder.canonicalize(), of_path.canonicalize()) {
        (Ok(folder), Ok(of_path)) => folder == of_path,
        _ => folder == of_path,
    }
}
