//! The file of a take that is open, or the files, one for each channel.

use crate::core::format::StreamFormat;
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::{Metadata, Origin};
use crate::core::take::TakeStart;
use crate::disk::encode::{self, Encoder, OpenError};
use crate::disk::error::TakeError;
use crate::disk::files::{TakeFile, Wanted};
use crate::disk::medium::{self, sync};
use crate::disk::song::Place;
use crate::disk::take::loudness::{LoudnessMeter, Measured};
use crate::disk::take::recent::Recent;
use crate::disk::take::syncing::{Disk, SyncQueue, Syncing};
use crate::link::TextSet;
use chrono::{DateTime, Local, TimeDelta};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Of the newest frames at most so many bytes are kept, but a second in any case.
const MOST_RECENT_BYTES: u64 = 16 << 20;

/// What files say that they were made with.
const SOFTWARE: &str = concat!("Audio File Out ", env!("CARGO_PKG_VERSION"));

/// How the files of a take are made.
pub struct Recipe {
    pub start: TakeStart,
    /// The shape of the sound in the files.
    pub format: StreamFormat,
    /// As they were at the take's first frame.
    pub texts: Arc<TextSet>,
    /// When the take's first frame passed.
    pub began: DateTime<Local>,
    /// The first frame of the next file passed so long ago.
    pub lag: TimeDelta,
    /// What stands behind the names of the files, one text for each channel; none where one file holds all.
    pub channels: Vec<String>,
}

impl Recipe {
    /// What the files are to be like.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            texts: &self.texts,
            settings: &self.start.settings,
            format: self.format,
            began: self.began,
            channels: &self.channels,
        }
    }

    /// The shape of the sound in each file.
    pub fn file_format(&self) -> StreamFormat {
        if self.channels.is_empty() { self.format } else { StreamFormat { channels: 1, ..self.format } }
    }

    /// The metadata of a file that begins at this place of the song; `index` counts those side by side.
    fn metadata(&self, file: &TakeFile, index: usize, place: Place) -> Metadata {
        let begins = Local::now() - self.lag;
        let mut channel_names = self.start.channels.names();
        if !self.channels.is_empty() {
            channel_names = channel_names.into_iter().skip(index).take(1).collect();
        }
        let origin = Origin {
            software: SOFTWARE.to_owned(),
            date: begins.format("%Y-%m-%d").to_string(),
            time: begins.format("%H:%M:%S").to_string(),
            track_name: self.texts.track.clone(),
            channel_names,
            first_channel: if self.channels.is_empty() { 0 } else { index },
            take: [self.start.settings.take, file.number()].into_iter().find(|&take| take > 0).unwrap_or(0),
            tempo: self.start.song.tempo,
            song_seconds: place.seconds,
        };
        let metadata = Metadata::new(&self.texts.header, origin);
        if place.is_final { metadata } else { metadata.awaiting_song_position() }
    }

    fn open(&self, file: &TakeFile, index: usize, place: Place) -> Result<Box<dyn Encoder>, OpenError> {
        let settings = &self.start.settings;
        let metadata = self.metadata(file, index, place);
        (encode::format_of(settings.file_type).open)(settings, self.file_format(), &metadata, Arc::clone(file.file()))
    }
}

/// One file and its encoder.
struct OpenFile {
    encoder: Box<dyn Encoder>,
    file: TakeFile,
    /// The frame of the part with which it begins: after an error the file before may have held more than those beside it.
    begins_at: u64,
    /// Seconds of the song there, as the encoder was told.
    song_seconds: Option<f64>,
    syncing: Option<Syncing>,
}

impl OpenFile {
    /// Appends frames of its channels, planar, the first of which is `start` of the part.
    fn write(&mut self, planar: &[f32], frames: usize, start: u64) -> Result<(), TakeError> {
        let there = self.begins_at.saturating_sub(start).min(frames as u64) as usize;
        // Of several channels there is one file, and nothing beside it.
        debug_assert!(there == 0 || planar.len() == frames);
        if there == frames {
            return Ok(());
        }
        self.encoder.write(&planar[there..], frames - there).map_err(|source| self.write_error(source))
    }

    /// How many more frames the part may get that has `frames` frames.
    fn frames_left(&self, frames: u64) -> u64 {
        self.encoder.frames_left().saturating_add(self.begins_at.saturating_sub(frames))
    }

    /// Markers of the part, in the order of their frames.
    fn set_markers(&mut self, markers: &[Marker]) {
        if self.begins_at == 0 {
            return self.encoder.set_markers(markers);
        }
        let own = markers.iter().filter(|marker| marker.frame >= self.begins_at);
        let own: Vec<_> = own.map(|marker| Marker { frame: marker.frame - self.begins_at, ..*marker }).collect();
        self.encoder.set_markers(&own);
    }

    /// The file begins at this second of the song.
    fn set_song_position(&mut self, seconds: Option<f64>) {
        if seconds != self.song_seconds {
            self.song_seconds = seconds;
            self.encoder.set_song_position(seconds);
        }
    }

    /// Has it brought to the medium when its turn comes.
    fn sync(&mut self, queue: Option<&Arc<SyncQueue>>) -> Result<(), TakeError> {
        match queue {
            Some(queue) => {
                self.syncing = Some(queue.begin(self.file.file()));
                Ok(())
            }
            // Without a thread to be had the take has to wait.
            None => sync(self.file.file()).map_err(|source| self.write_error(source)),
        }
    }

    /// Takes the result of a sync that is done.
    fn hear_of_sync(&mut self) -> Result<(), TakeError> {
        let Some(result) = self.syncing.as_mut().and_then(Syncing::ended) else { return Ok(()) };
        self.syncing = None;
        result.map_err(|source| self.write_error(source))
    }

    /// Completes it, on the medium if `synced`.
    fn finish(self, loudness: Option<Loudness>, synced: bool) -> (EndedFile, Result<(), TakeError>) {
        let Self { encoder, file, begins_at, syncing, .. } = self;
        let finished = finish_encoder(encoder, loudness)
            .and_then(|()| syncing.map_or(Ok(()), Syncing::end))
            .and_then(|()| if synced { sync(file.file()) } else { Ok(()) });
        EndedFile::new(file, begins_at, Vec::new(), finished)
    }

    /// Completes it and has it brought to the medium when its turn comes.
    fn finish_in_turn(
        self,
        loudness: Option<Loudness>,
        queue: Option<&Arc<SyncQueue>>,
    ) -> (EndedFile, Result<(), TakeError>) {
        let Self { encoder, file, begins_at, syncing, .. } = self;
        let mut syncing = Vec::from_iter(syncing);
        let finished = finish_encoder(encoder, loudness).and_then(|()| match queue {
            Some(queue) => {
                syncing.push(queue.begin(file.file()));
                Ok(())
            }
            // As in `sync`.
            None => sync(file.file()),
        });
        EndedFile::new(file, begins_at, syncing, finished)
    }

    /// Ends it after an error, with whatever is in it.
    fn fail(self) -> EndedFile {
        let Self { file, begins_at, syncing, .. } = self;
        EndedFile { file, begins_at, is_whole: false, syncing: Vec::from_iter(syncing) }
    }

    fn write_error(&self, source: io::Error) -> TakeError {
        write_error(&self.file, source)
    }
}

fn write_error(file: &TakeFile, source: io::Error) -> TakeError {
    let source = medium::write_error(file.file(), file.path(), source);
    TakeError::Write { path: file.path().to_owned(), source }
}

fn finish_encoder(mut encoder: Box<dyn Encoder>, loudness: Option<Loudness>) -> io::Result<()> {
    if let Some(loudness) = loudness {
        encoder.set_loudness(loudness);
    }
    encoder.finish()
}

/// A file without its encoder.
#[derive(Debug)]
pub struct EndedFile {
    pub file: TakeFile,
    /// The frame of the part with which it begins.
    pub begins_at: u64,
    /// It was completed without an error.
    pub is_whole: bool,
    /// Still under way, in the order in which they were begun.
    pub syncing: Vec<Syncing>,
}

impl EndedFile {
    fn new(
        file: TakeFile,
        begins_at: u64,
        syncing: Vec<Syncing>,
        finished: io::Result<()>,
    ) -> (Self, Result<(), TakeError>) {
        let is_whole = finished.is_ok();
        let finished = finished.map_err(|source| write_error(&file, source));
        (Self { file, begins_at, is_whole, syncing }, finished)
    }
}

/// Files side by side that are written together: one for each channel, or one that holds all. Lives on the writer thread.
pub struct OpenPart {
    /// At least one; in the order of the channels.
    files: Vec<OpenFile>,
    /// Frames that were handed to the encoders.
    pub frames: u64,
    /// As many of them are surely in the files, for their headers said so.
    pub safe_frames: u64,
    /// The frames behind them, for the files in which the take goes on should one of these fail.
    recent: Recent,
    /// How many markers the encoders have been told of.
    markers: usize,
    /// Only where the take is measured. Of all channels together, so that files of one channel each keep their balance where
    /// a player follows it.
    loudness: Option<LoudnessMeter>,
    disk: Disk,
    /// From the first sync on, so that the next one starts no thread.
    queue: Option<Arc<SyncQueue>>,
}

/// The files without their encoders.
pub struct EndedPart {
    /// At least one; in the order of the channels.
    pub files: Vec<EndedFile>,
    /// Frames that were handed to the encoders.
    pub frames: u64,
    /// As many of them are surely in the files.
    pub safe_frames: u64,
    pub recent: Recent,
    /// How loud these frames are, all channels together.
    pub measured: Option<Measured>,
}

impl EndedPart {
    /// The first of the files.
    pub fn path(&self) -> &Path {
        self.files[0].file.path()
    }

    pub fn take_files(&self) -> Vec<&TakeFile> {
        self.files.iter().map(|file| &file.file).collect()
    }

    /// Removes files that hold no sound.
    pub fn discard(self) {
        self.files.into_iter().for_each(|file| file.file.discard());
    }
}

impl OpenPart {
    /// Begins `files`, whose first frame has this place in the song; where that fails they go.
    pub fn begin(recipe: &Recipe, files: Vec<TakeFile>, place: Place) -> Result<Self, TakeError> {
        let Some(first) = files.first() else { return Err(TakeError::Internal) };
        let disk = Disk::of(first.file(), first.path());
        let encoders: Result<Vec<_>, _> =
            files.iter().enumerate().map(|(index, file)| recipe.open(file, index, place)).collect();
        let encoders = match encoders {
            Ok(encoders) => encoders,
            Err(error) => {
                files.into_iter().for_each(TakeFile::discard);
                return Err(TakeError::Encoder(error));
            }
        };
        let open =
            |(file, encoder)| OpenFile { encoder, file, begins_at: 0, song_seconds: place.seconds, syncing: None };
        Ok(Self {
            files: files.into_iter().zip(encoders).map(open).collect(),
            frames: 0,
            safe_frames: 0,
            recent: Recent::default(),
            markers: 0,
            loudness: recipe.start.settings.loudness.then(|| LoudnessMeter::new(recipe.format)).flatten(),
            disk,
            queue: None,
        })
    }

    /// Begins the file `index`, in which there is no sound yet, once more: with this frame of the part, which has
    /// another place in the song.
    pub fn begin_again(
        &mut self,
        recipe: &Recipe,
        index: usize,
        begins_at: u64,
        place: Place,
    ) -> Result<(), TakeError> {
        debug_assert_eq!(self.frames, 0);
        let file = &mut self.files[index];
        file.begins_at = begins_at;
        file.file.file().set_len(0).map_err(|source| file.write_error(source))?;
        file.encoder = recipe.open(&file.file, index, place).map_err(TakeError::Encoder)?;
        file.song_seconds = place.seconds;
        Ok(())
    }

    /// The first of the files.
    pub fn path(&self) -> &Path {
        self.files[0].file.path()
    }

    /// The number of the take in the files' names.
    pub fn number(&self) -> u64 {
        self.files[0].file.number()
    }

    pub fn take_files(&self) -> Vec<&TakeFile> {
        self.files.iter().map(|file| &file.file).collect()
    }

    /// Any of the encoders, which are all alike.
    pub fn encoder(&self) -> &dyn Encoder {
        &*self.files[0].encoder
    }

    /// Bytes of the files so far.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.encoder.bytes()).sum()
    }

    /// How many more frames fit into all of the files.
    pub fn frames_left(&self) -> u64 {
        self.files.iter().map(|file| file.frames_left(self.frames)).min().unwrap_or(0)
    }

    /// Appends frames, planar. After an error any part of them may be in the files.
    pub fn write(&mut self, planar: &[f32], frames: usize, format: StreamFormat) -> Result<(), TakeError> {
        let start = self.frames;
        self.recent.keep(start, planar, frames);
        if let Some(meter) = &mut self.loudness {
            meter.add(planar, frames);
        }
        self.frames += frames as u64;
        let samples = planar.len() / self.files.len();
        let each = self.files.iter_mut().zip(planar.chunks_exact(samples));
        each.map(|(file, planar)| file.write(planar, frames, start)).fold(Ok(()), Result::and)?;
        let most = (MOST_RECENT_BYTES / (4 * format.channels as u64)).max(format.sample_rate.into());
        // In a render much comes in between two moments of the clock.
        if self.recent.frames() > most { self.refresh(format) } else { Ok(()) }
    }

    /// Tells the encoders where in the song their files begin, each with a frame of the part that has its place.
    pub fn tell_place(&mut self, place_of: impl Fn(u64) -> Place) {
        self.files.iter_mut().for_each(|file| file.set_song_position(place_of(file.begins_at).seconds));
    }

    /// Tells the encoders of the markers in the part, in the order of their frames.
    pub fn set_markers(&mut self, markers: &[Marker]) {
        if markers.len() != self.markers {
            self.markers = markers.len();
            self.files.iter_mut().for_each(|file| file.set_markers(markers));
        }
    }

    /// Makes the headers say what the files hold. Also tells the error of a sync that is done.
    pub fn refresh(&mut self, format: StreamFormat) -> Result<(), TakeError> {
        for file in &mut self.files {
            file.encoder.refresh().map_err(|source| file.write_error(source))?;
        }
        self.safe_frames = self.frames.saturating_sub(encode::most_held_back(format.sample_rate));
        self.recent.forget_before(self.safe_frames);
        self.hear_of_syncs()
    }

    /// Has what the operating system has brought to the medium when the disk comes to it, unless that is still under way.
    /// Also tells the error of the sync before.
    pub fn sync(&mut self) -> Result<(), TakeError> {
        self.hear_of_syncs()?;
        if self.is_syncing() {
            return Ok(());
        }
        self.queue = self.queue.take().or_else(|| SyncQueue::of(&self.disk).ok());
        self.files.iter_mut().try_for_each(|file| file.sync(self.queue.as_ref()))
    }

    /// Whether a sync is under way or waits for its turn, as far as has been heard.
    pub fn is_syncing(&self) -> bool {
        self.files.iter().any(|file| file.syncing.is_some())
    }

    fn hear_of_syncs(&mut self) -> Result<(), TakeError> {
        self.files.iter_mut().try_for_each(OpenFile::hear_of_sync)
    }

    /// Completes the files, on the medium if `synced`. They still have to be put in their places.
    ///
    /// # Errors
    /// The first one; the files beside are completed all the same.
    pub fn finish(self, synced: bool) -> (EndedPart, Result<(), TakeError>) {
        self.end(|file, loudness| file.finish(loudness, synced))
    }

    /// Completes the files, which are on the medium when all syncs that are under way then are done. They still have to be
    /// put in their places.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_in_turn(mut self) -> (EndedPart, Result<(), TakeError>) {
        let queue = self.queue.take().or_else(|| SyncQueue::of(&self.disk).ok());
        self.end(|file, loudness| file.finish_in_turn(loudness, queue.as_ref()))
    }

    /// Ends them after an error, with whatever is in them.
    pub fn fail(self) -> EndedPart {
        self.end(|file, _| (file.fail(), Ok(()))).0
    }

    fn end(
        self,
        mut end: impl FnMut(OpenFile, Option<Loudness>) -> (EndedFile, Result<(), TakeError>),
    ) -> (EndedPart, Result<(), TakeError>) {
        let Self { files, frames, safe_frames, recent, loudness, .. } = self;
        let measured = loudness.map(LoudnessMeter::into_measured);
        let loudness = measured.as_ref().map(Measured::loudness);
        let mut result = Ok(());
        let files = files.into_iter().map(|file| {
            let (ended, this) = end(file, loudness);
            result = std::mem::replace(&mut result, Ok(())).and(this);
            ended
        });
        let files = files.collect();
        (EndedPart { files, frames, safe_frames, recent, measured }, result)
    }
}
