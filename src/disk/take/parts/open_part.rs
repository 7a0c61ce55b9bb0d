//! The file of a take that is open.

use crate::core::format::StreamFormat;
use crate::core::markers::Marker;
use crate::core::metadata::{Metadata, Origin};
use crate::core::take::TakeStart;
use crate::disk::encode::{self, Encoder, OpenError};
use crate::disk::error::TakeError;
use crate::disk::files::TakeFile;
use crate::disk::take::loudness::{LoudnessMeter, Measured};
use crate::disk::take::recent::Recent;
use crate::disk::take::syncing::{Disk, SyncQueue, Syncing, sync};
use chrono::Local;
use std::io;
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
    /// The text of `header`.
    pub header: String,
    /// The DAW's name of the track.
    pub track_name: String,
}

impl Recipe {
    /// What a file says of itself that begins at this second of the song.
    fn metadata(&self, file: &TakeFile, song_seconds: Option<f64>) -> Metadata {
        let now = Local::now();
        let origin = Origin {
            software: SOFTWARE.to_owned(),
            date: now.format("%Y-%m-%d").to_string(),
            time: now.format("%H:%M:%S").to_string(),
            track_name: self.track_name.clone(),
            channel_names: self.start.channels.names(),
            take: file.number(),
            tempo: self.start.song.tempo,
            song_seconds,
        };
        Metadata::new(&self.header, origin)
    }

    fn open(&self, file: &TakeFile, song_seconds: Option<f64>) -> Result<Box<dyn Encoder>, OpenError> {
        let settings = &self.start.settings;
        let metadata = self.metadata(file, song_seconds);
        (encode::format_of(settings.file_type).open)(settings, self.format, &metadata, Arc::clone(file.file()))
    }
}

/// One file and its encoder. Lives on the writer thread.
pub struct OpenPart {
    pub encoder: Box<dyn Encoder>,
    pub file: TakeFile,
    /// Frames that were handed to the encoder.
    pub frames: u64,
    /// As many of them are surely in the file, for its header said so.
    pub safe_frames: u64,
    /// The frames behind them, for the file in which the take goes on should this one fail.
    recent: Recent,
    /// How many markers the encoder has been told of.
    markers: usize,
    /// Only where the take is measured.
    loudness: Option<LoudnessMeter>,
    disk: Disk,
    /// From the first sync on, so that the next one starts no thread.
    queue: Option<Arc<SyncQueue>>,
    syncing: Option<Syncing>,
}

/// A file without its encoder.
pub struct EndedPart {
    pub file: TakeFile,
    /// Frames that were handed to the encoder.
    pub frames: u64,
    /// As many of them are surely in the file.
    pub safe_frames: u64,
    pub recent: Recent,
    /// How loud these frames are.
    pub measured: Option<Measured>,
    /// Still under way, where the file has failed.
    pub syncing: Option<Syncing>,
}

impl OpenPart {
    /// Begins `file`, whose first frame was played at this second of the song; where that fails it goes.
    pub fn begin(recipe: &Recipe, file: TakeFile, song_seconds: Option<f64>) -> Result<Self, TakeError> {
        let disk = Disk::of(file.file(), file.path());
        match recipe.open(&file, song_seconds) {
            Ok(encoder) => {
                let recent = Recent::default();
                let loudness = recipe.start.settings.loudness.then(|| LoudnessMeter::new(recipe.format)).flatten();
                Ok(Self {
                    encoder,
                    file,
                    frames: 0,
                    safe_frames: 0,
                    recent,
                    markers: 0,
                    loudness,
                    disk,
                    queue: None,
                    syncing: None,
                })
            }
            Err(error) => {
                file.discard();
                Err(TakeError::Encoder(error))
            }
        }
    }

    /// Begins the file, in which there is no sound yet, once more: its first frame was played at another second.
    pub fn begin_again(&mut self, recipe: &Recipe, song_seconds: Option<f64>) -> Result<(), TakeError> {
        debug_assert_eq!(self.frames, 0);
        self.file.file().set_len(0).map_err(|source| self.write_error(source))?;
        self.encoder = recipe.open(&self.file, song_seconds).map_err(TakeError::Encoder)?;
        Ok(())
    }

    /// Appends frames, planar. After an error any part of them may be in the file.
    pub fn write(&mut self, planar: &[f32], frames: usize, format: StreamFormat) -> Result<(), TakeError> {
        self.recent.keep(self.frames, planar, frames);
        if let Some(meter) = &mut self.loudness {
            meter.add(planar, frames);
        }
        self.frames += frames as u64;
        self.encoder.write(planar, frames).map_err(|source| self.write_error(source))?;
        let most = (MOST_RECENT_BYTES / (4 * format.channels as u64)).max(format.sample_rate.into());
        // In a render much comes in between two moments of the clock.
        if self.recent.frames() > most { self.refresh(format) } else { Ok(()) }
    }

    /// Tells the encoder of the markers in the file, in the order of their frames.
    pub fn set_markers(&mut self, markers: &[Marker]) {
        if markers.len() != self.markers {
            self.markers = markers.len();
            self.encoder.set_markers(markers);
        }
    }

    /// Makes the header say what the file holds. Also tells the error of a sync that is done.
    pub fn refresh(&mut self, format: StreamFormat) -> Result<(), TakeError> {
        self.encoder.refresh().map_err(|source| self.write_error(source))?;
        self.safe_frames = self.frames.saturating_sub(encode::most_held_back(format.sample_rate));
        self.recent.forget_before(self.safe_frames);
        self.hear_of_sync()
    }

    /// Has what the operating system has brought to the medium when the disk comes to it, unless that is still under way.
    /// Also tells the error of the sync before.
    pub fn sync(&mut self) -> Result<(), TakeError> {
        self.hear_of_sync()?;
        if self.is_syncing() {
            return Ok(());
        }
        let queue = self.queue.take().map_or_else(|| SyncQueue::of(&self.disk), Ok);
        match queue {
            Ok(queue) => {
                self.syncing = Some(queue.begin(self.file.file()));
                self.queue = Some(queue);
                Ok(())
            }
            // Without a thread to be had the take has to wait.
            Err(_) => sync(self.file.file()).map_err(|source| self.write_error(source)),
        }
    }

    /// Whether a sync is under way or waits for its turn, as far as has been heard.
    pub fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// Takes the result of a sync that is done.
    fn hear_of_sync(&mut self) -> Result<(), TakeError> {
        let Some(result) = self.syncing.as_mut().and_then(Syncing::ended) else { return Ok(()) };
        self.syncing = None;
        result.map_err(|source| self.write_error(source))
    }

    /// Completes the file, on the medium if `synced`. It still has to be put in its place.
    pub fn finish(self, synced: bool) -> (EndedPart, Result<(), TakeError>) {
        let Self { mut encoder, file, frames, safe_frames, recent, loudness, syncing, .. } = self;
        let measured = loudness.map(LoudnessMeter::into_measured);
        if let Some(measured) = &measured {
            encoder.set_loudness(measured.loudness());
        }
        let finished = encoder
            .finish()
            .and_then(|()| syncing.map_or(Ok(()), Syncing::end))
            .and_then(|()| if synced { sync(file.file()) } else { Ok(()) });
        let result = finished.map_err(|source| TakeError::Write { path: file.path().to_owned(), source });
        (EndedPart { file, frames, safe_frames, recent, measured, syncing: None }, result)
    }

    /// Ends it after an error, with whatever is in the file.
    pub fn fail(self) -> EndedPart {
        let Self { file, frames, safe_frames, recent, loudness, syncing, .. } = self;
        let measured = loudness.map(LoudnessMeter::into_measured);
        EndedPart { file, frames, safe_frames, recent, measured, syncing }
    }

    fn write_error(&self, source: io::Error) -> TakeError {
        TakeError::Write { path: self.file.path().to_owned(), source }
    }
}
