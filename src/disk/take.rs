//! One take on its way to disk: what arrives, at which rate, and what it comes to.

mod cuts;
mod loudness;
mod parts;
mod recent;
mod syncing;
pub mod waveform;

use super::encode::resample::{Resampler, resampled_frames};
use super::error::TakeError;
use super::files::TakeFiles;
use crate::core::extent::extent;
use crate::core::format::StreamFormat;
use crate::core::loudness::Loudness;
use crate::core::markers::{MOST_MARKERS, MarkerKind};
use crate::core::rate::file_rate;
use crate::core::take::TakeStart;
use crate::link::{TakeReport, TextSet};
use chrono::TimeDelta;
use loudness::Measured;
use parts::{CompleteFiles, Parts};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the header or tag is brought up to date. The promise is half a second, of which an encoder may hold back a
/// part.
pub const REFRESH_INTERVAL: Duration = Duration::from_millis(200);

/// How long after its last sync a take asks for the next one. Where the disk is slow it waits for its turn besides.
const SYNC_INTERVAL: Duration = Duration::from_secs(4);

/// The most frames of silence that are encoded at a time.
const SILENCE_FRAMES: u64 = 4096;

/// What a take has come to so far.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    /// Frames that came in, lost ones included.
    pub frames: u64,
    /// Frames lost before they reached the writer.
    pub lost_frames: u64,
    /// Where in the take, in frames, the first of them was.
    first_lost_frame: Option<u64>,
    /// Samples beyond full scale.
    pub clipped_samples: u64,
    /// The loudest sample as it came in, linear.
    peak: f32,
    /// Of all files together.
    loudness: Option<Loudness>,
    /// Files that are complete, in order.
    pub paths: Vec<PathBuf>,
    /// The first of those that were begun last.
    pub newest_path: Option<PathBuf>,
    /// Bytes of the complete files.
    bytes: u64,
    /// What has happened to the files at the end, in words for the user.
    pub news: Vec<String>,
}

impl Figures {
    /// Frames came in that no file takes.
    pub fn drop_frames(&mut self, frames: u64) {
        self.first_lost_frame.get_or_insert(self.frames);
        self.frames += frames;
        self.lost_frames += frames;
    }

    /// The take ended with these files. Counts the frames that are in none of them as lost and says how many.
    fn end(&mut self, files: &CompleteFiles, arriving_rate: u32, file_rate: u32) -> u64 {
        let kept = resampled_frames(files.frames, file_rate, arriving_rate).min(self.frames);
        // Half a frame of rounding is no loss.
        let expected = resampled_frames(self.frames, arriving_rate, file_rate);
        let dropped = if files.frames >= expected { 0 } else { self.frames - kept };
        if dropped > 0 {
            self.first_lost_frame.get_or_insert(kept);
        }
        self.lost_frames += dropped;
        dropped
    }

    fn with_files(mut self, mut files: CompleteFiles) -> Self {
        self.bytes = files.bytes;
        self.loudness = files.measured.as_ref().map(Measured::loudness);
        self.paths = files.paths();
        self.newest_path = files.newest_path().map(Path::to_owned);
        self.news = files.take_news();
        self
    }

    /// The report of a take that ended with these figures.
    pub fn report(self, format: StreamFormat, error: Option<String>) -> TakeReport {
        TakeReport {
            paths: self.paths,
            frames: self.frames,
            sample_rate: format.sample_rate,
            bytes: self.bytes,
            lost_frames: self.lost_frames,
            first_lost_frame: self.first_lost_frame,
            clipped_samples: self.clipped_samples,
            peak: self.peak,
            loudness: self.loudness,
            error,
        }
    }
}

/// A take that is being written. Lives on the writer thread.
pub struct OpenTake {
    /// The shape of what arrives.
    arriving: StreamFormat,
    resampler: Option<Resampler>,
    resampled: Vec<f32>,
    parts: Parts,
    figures: Figures,
    refreshed: Instant,
    /// When the last sync was done, as far as has been heard.
    synced: Instant,
}

impl OpenTake {
    /// Makes the file and begins to encode frames that arrive in the shape `arriving`, with the recorded ones of the track's
    /// channels, and before them those of the history that `start` names. Where that fails no file is left behind.
    pub fn begin(
        files: Rc<RefCell<TakeFiles>>,
        texts: Arc<TextSet>,
        start: TakeStart,
        arriving: StreamFormat,
        track_channels: usize,
    ) -> Result<Self, TakeError> {
        if arriving.channels == 0 {
            return Err(TakeError::NoChannels { scope: texts.scope.clone() });
        }
        let settings = start.settings;
        let rate = file_rate(settings.rate, arriving.sample_rate, settings.rate_match)?;
        let resampler = Resampler::between(arriving.sample_rate, rate, arriving.channels)
            .map_err(|_| TakeError::RateOutOfRange { from: arriving.sample_rate, to: rate })?;
        let format = StreamFormat { sample_rate: rate, ..arriving };
        let lag =
            TimeDelta::milliseconds((start.preroll_frames * 1000 / u64::from(arriving.sample_rate.max(1))) as i64);
        let now = Instant::now();
        Ok(Self {
            arriving,
            resampler,
            resampled: Vec::new(),
            parts: Parts::begin(files, texts, start, format, track_channels, lag)?,
            figures: Figures::default(),
            refreshed: now,
            synced: now,
        })
    }

    /// Where the sound is right now.
    pub fn path(&self) -> &Path {
        self.parts.path()
    }

    /// Frames per second of the file.
    pub fn sample_rate(&self) -> u32 {
        self.parts.format().sample_rate
    }

    /// Frames in the files so far, at the rate of the file, silence included.
    pub fn frames_written(&self) -> u64 {
        self.parts.frames()
    }

    /// Bytes of all files so far.
    pub fn bytes(&self) -> u64 {
        self.parts.bytes()
    }

    /// What the file does not keep of the settings, in words for the user.
    pub fn note(&self) -> Option<&'static str> {
        self.parts.note()
    }

    /// Samples beyond full scale so far.
    pub fn clipped_samples(&self) -> u64 {
        self.parts.clipped_samples()
    }

    /// Files of the take so far; a new one has another [`path`](Self::path).
    pub fn opened_files(&self) -> u32 {
        self.parts.opened_files()
    }

    /// What has happened to the files while the take goes on, in words for the user; told once.
    pub fn take_news(&mut self) -> Vec<String> {
        self.parts.take_news()
    }

    /// Appends frames, planar, channels one after the other.
    pub fn write(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.figures.frames += frames as u64;
        let (low, high, _) = extent(planar);
        self.figures.peak = self.figures.peak.max(high).max(-low);
        self.append(planar, frames)
    }

    /// A gap comes in which so many frames were lost.
    pub fn begin_gap(&mut self, lost: u64) {
        if lost > 0 {
            self.mark(MarkerKind::Lost { frames: lost });
            self.figures.first_lost_frame.get_or_insert(self.figures.frames);
        }
    }

    /// Appends `frames` frames of silence of a gap, of which `lost` stand for frames that came in and were lost.
    pub fn write_gap(&mut self, frames: u64, lost: u64) -> Result<(), TakeError> {
        self.figures.frames += frames;
        self.figures.lost_frames += lost;
        let mut silence = vec![0.0; SILENCE_FRAMES as usize * self.arriving.channels];
        let mut left = frames;
        while left > 0 {
            let run = left.min(SILENCE_FRAMES) as usize;
            self.append(&mut silence[..run * self.arriving.channels], run)?;
            self.keep_safe()?;
            left -= run as u64;
        }
        Ok(())
    }

    /// The user set a marker, so many frames that arrived ago.
    pub fn set_marker(&mut self, frames_ago: u64) {
        let frame = self.frame_of(self.figures.frames.saturating_sub(frames_ago));
        self.parts.markers().set(frame);
    }

    /// Something happened before the next frame.
    pub fn mark(&mut self, kind: MarkerKind) {
        let frame = self.next_frame();
        self.parts.markers().add(frame, kind);
    }

    /// So many frames that arrived ago the song began to run from this second on; none where it stands, or nobody tells. It
    /// may have `jumped` there.
    pub fn song_goes_on(&mut self, seconds: Option<f64>, jumped: bool, frames_ago: u64) {
        let frame = self.frame_of(self.figures.frames.saturating_sub(frames_ago));
        self.parts.song_goes_on(frame, seconds, jumped);
    }

    /// The host interrupted the sound before the next frame.
    pub fn interrupt(&mut self) {
        let frame = self.next_frame();
        self.parts.interrupt(frame);
    }

    /// The frame of the files, at their rate, that the next frame to arrive becomes.
    fn next_frame(&self) -> u64 {
        self.frame_of(self.figures.frames)
    }

    /// The frame of the files that one becomes which arrived, both counted from the first one of the take on.
    fn frame_of(&self, arrived: u64) -> u64 {
        resampled_frames(arrived, self.arriving.sample_rate, self.sample_rate())
    }

    fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        let Self { resampler, resampled, parts, .. } = self;
        match resampler {
            None => parts.append(planar, frames),
            Some(resampler) => resampler.push(planar, frames, |planar, frames| {
                resampled.clear();
                resampled.extend_from_slice(planar);
                parts.append(resampled, frames)
            }),
        }
    }

    /// How long it is until header or tag have to be brought up to date.
    pub fn until_refresh(&self) -> Duration {
        REFRESH_INTERVAL.saturating_sub(self.refreshed.elapsed())
    }

    /// Brings header and medium up to date where it is time to.
    pub fn keep_safe(&mut self) -> Result<(), TakeError> {
        let now = Instant::now();
        if now.duration_since(self.refreshed) >= REFRESH_INTERVAL {
            self.parts.refresh()?;
            self.refreshed = now;
        }
        if self.parts.is_syncing() {
            self.synced = now;
        } else if now.duration_since(self.synced) >= SYNC_INTERVAL {
            self.parts.sync()?;
            // Where no thread was to be had it has taken a while.
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Completes the take and puts it in its place. After an error, also says how many of its frames, those that were
    /// lost before aside, did not make it into a file.
    pub fn finish(mut self) -> (Figures, Result<(), (TakeError, u64)>) {
        let resampled = &mut self.resampled;
        let parts = &mut self.parts;
        let rest = self.resampler.take().map_or(Ok(()), |resampler| {
            resampler.finish(|planar, frames| {
                resampled.clear();
                resampled.extend_from_slice(planar);
                parts.append(resampled, frames)
            })
        });
        if let Err(error) = rest {
            let (figures, dropped) = self.give_up();
            return (figures, Err((error, dropped)));
        }
        let is_long = self.synced.elapsed() >= SYNC_INTERVAL
            || self.figures.frames > SYNC_INTERVAL.as_secs() * u64::from(self.arriving.sample_rate);
        let rate = self.sample_rate();
        self.figures.clipped_samples = self.parts.clipped_samples();
        let left_out = self.parts.markers().left_out();
        let (files, result) = self.parts.finish(is_long);
        let dropped = self.figures.end(&files, self.arriving.sample_rate, rate);
        let mut figures = self.figures.with_files(files);
        if left_out > 0 {
            figures.news.push(format!("A take keeps {MOST_MARKERS} markers. {left_out} more were left out."));
        }
        (figures, result.map_err(|error| (error, dropped)))
    }

    /// Gives the take up after an error. What is in the file stays and plays; an empty file goes. Also says how many
    /// of the take's frames, those that were lost before aside, did not make it into a file.
    pub fn give_up(mut self) -> (Figures, u64) {
        let rate = self.sample_rate();
        self.figures.clipped_samples = self.parts.clipped_samples();
        let files = self.parts.give_up();
        let dropped = self.figures.end(&files, self.arriving.sample_rate, rate);
        (self.figures.with_files(files), dropped)
    }
}

#[cfg(test)]
mod tests;
