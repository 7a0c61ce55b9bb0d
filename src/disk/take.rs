//! One take on its way to disk: encoder, file, parts and figures.

use super::encoder::{self, Encoder};
use super::error::TakeError;
use super::files::{TakeFile, TakeFiles, Wanted};
use super::sanitise::sanitise;
use crate::core::format::StreamFormat;
use crate::core::take::TakeSettings;
use crate::link::{TakeReport, TextSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often the header or tag is brought up to date. The promise is half a second, of which the writer may sleep a part.
const REFRESH_INTERVAL: Duration = Duration::from_millis(200);

/// How often the operating system is told to bring a take to the medium.
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
    /// Files that are complete, in order.
    pub paths: Vec<PathBuf>,
    /// Bytes of the complete files.
    bytes: u64,
}

impl Figures {
    /// Frames came in that no file takes.
    pub fn drop_frames(&mut self, frames: u64) {
        self.first_lost_frame.get_or_insert(self.frames);
        self.frames += frames;
        self.lost_frames += frames;
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
            error,
        }
    }
}

/// A take that is being written. Lives on the writer thread.
pub struct OpenTake {
    settings: TakeSettings,
    format: StreamFormat,
    encoder: Box<dyn Encoder>,
    file: TakeFile,
    /// Frames of all files.
    frames_written: u64,
    figures: Figures,
    refreshed: Instant,
    synced: Instant,
}

impl OpenTake {
    /// Makes the file and begins to encode. Where that fails no file is left behind.
    pub fn begin(
        files: &mut TakeFiles,
        texts: &TextSet,
        settings: TakeSettings,
        format: StreamFormat,
    ) -> Result<Self, TakeError> {
        encoder::check(settings.file_type, format).map_err(TakeError::Encoder)?;
        let file = files.begin(&Wanted { texts, settings: &settings, format })?;
        let (encoder, file) = start_encoder(&settings, format, file)?;
        let now = Instant::now();
        Ok(Self {
            settings,
            format,
            encoder,
            file,
            frames_written: 0,
            figures: Figures::default(),
            refreshed: now,
            synced: now,
        })
    }

    /// Where the sound is right now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Frames in the files so far, silence for lost ones included.
    pub fn frames_written(&self) -> u64 {
        self.frames_written
    }

    /// Bytes of all files so far.
    pub fn bytes(&self) -> u64 {
        self.figures.bytes + self.encoder.bytes()
    }

    /// Samples beyond full scale so far.
    pub fn clipped_samples(&self) -> u64 {
        self.figures.clipped_samples
    }

    /// Files of the take that are complete.
    pub fn complete_files(&self) -> usize {
        self.figures.paths.len()
    }

    /// Appends frames, planar, channels one after the other; goes on in the next part where the file is full.
    pub fn write(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.figures.frames += frames as u64;
        self.append(planar, frames)
    }

    fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.figures.peak = planar.iter().fold(self.figures.peak, |peak, sample| peak.max(sample.abs()));
        self.figures.clipped_samples += sanitise(planar, self.encoder.sample_range());
        let mut start = 0;
        while start < frames {
            if self.encoder.frames_left() == 0 {
                self.next_part()?;
            }
            let run = self.encoder.frames_left().min((frames - start) as u64) as usize;
            let result = if run == frames {
                self.encoder.write(planar, frames)
            } else {
                let channels = planar.chunks_exact(frames);
                let some: Vec<f32> = channels.flat_map(|channel| &channel[start..start + run]).copied().collect();
                self.encoder.write(&some, run)
            };
            result.map_err(|source| self.write_error(source))?;
            self.frames_written += run as u64;
            start += run;
        }
        Ok(())
    }

    /// Appends silence in place of frames that were lost.
    pub fn write_gap(&mut self, frames: u64) -> Result<(), TakeError> {
        self.figures.first_lost_frame.get_or_insert(self.figures.frames);
        self.figures.frames += frames;
        self.figures.lost_frames += frames;
        let mut silence = vec![0.0; SILENCE_FRAMES as usize * self.format.channels];
        let mut left = frames;
        while left > 0 {
            let run = left.min(SILENCE_FRAMES) as usize;
            self.append(&mut silence[..run * self.format.channels], run)?;
            self.keep_safe()?;
            left -= run as u64;
        }
        Ok(())
    }

    /// Brings header and medium up to date where it is time to.
    pub fn keep_safe(&mut self) -> Result<(), TakeError> {
        let now = Instant::now();
        if now.duration_since(self.refreshed) >= REFRESH_INTERVAL {
            self.encoder.refresh().map_err(|source| self.write_error(source))?;
            self.refreshed = now;
        }
        if now.duration_since(self.synced) >= SYNC_INTERVAL {
            self.sync().map_err(|source| self.write_error(source))?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Completes the file and puts it in its place.
    pub fn finish(mut self) -> (Figures, Result<(), TakeError>) {
        let bytes = self.encoder.bytes();
        let path = self.path().to_owned();
        let is_long = self.synced.elapsed() >= SYNC_INTERVAL
            || self.frames_written > SYNC_INTERVAL.as_secs() * u64::from(self.format.sample_rate);
        let finished = self.encoder.finish().and_then(|()| {
            let on_disk = self.file.file().metadata().map(|file| file.len()).unwrap_or(bytes);
            self.figures.bytes += on_disk;
            if is_long { tolerate_no_sync(self.file.file().sync_data()) } else { Ok(()) }
        });
        if let Err(source) = finished {
            repair(&self.settings, &self.file);
            self.figures.paths.push(path.clone());
            return (self.figures, Err(TakeError::Write { path, source }));
        }
        match self.file.complete() {
            Ok(path) => {
                self.figures.paths.push(path);
                (self.figures, Ok(()))
            }
            Err(error) => (self.figures, Err(error.into())),
        }
    }

    /// Gives the take up after an error. What is in the file stays and plays; an empty file goes. Also says how many
    /// of the take's frames, those that were lost before aside, did not make it into a file.
    pub fn give_up(mut self) -> (Figures, u64) {
        let handed_over = self.encoder.bytes();
        drop(self.encoder);
        let on_disk = self.file.file().metadata().map_or(0, |file| file.len()).min(handed_over);
        let share_missing = 1.0 - on_disk as f64 / handed_over.max(1) as f64;
        let buffered = (self.frames_written as f64 * share_missing).ceil() as u64;
        let dropped = self.figures.frames - self.frames_written + buffered;
        if dropped > 0 {
            self.figures.first_lost_frame.get_or_insert(self.figures.frames - dropped);
        }
        self.figures.lost_frames += dropped;
        self.figures.bytes += on_disk;
        if self.frames_written == buffered {
            self.file.discard();
        } else {
            repair(&self.settings, &self.file);
            self.figures.paths.push(self.file.path().to_owned());
        }
        (self.figures, dropped)
    }

    fn next_part(&mut self) -> Result<(), TakeError> {
        let next = self.file.next_part()?;
        let (encoder, file) = start_encoder(&self.settings, self.format, next)?;
        let full = std::mem::replace(&mut self.encoder, encoder);
        let full_file = std::mem::replace(&mut self.file, file);
        let path = full_file.path().to_owned();
        self.figures.bytes += full.bytes();
        full.finish()
            .and_then(|()| tolerate_no_sync(full_file.file().sync_data()))
            .map_err(|source| TakeError::Write { path, source })?;
        self.figures.paths.push(full_file.complete()?);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        tolerate_no_sync(self.file.file().sync_data())
    }

    fn write_error(&self, source: io::Error) -> TakeError {
        TakeError::Write { path: self.path().to_owned(), source }
    }
}

fn start_encoder(
    settings: &TakeSettings,
    format: StreamFormat,
    file: TakeFile,
) -> Result<(Box<dyn Encoder>, TakeFile), TakeError> {
    match (encoder::format_of(settings.file_type).open)(settings, format, file.file().clone()) {
        Ok(encoder) => Ok((encoder, file)),
        Err(error) => {
            file.discard();
            Err(TakeError::Encoder(error))
        }
    }
}

/// Some network and user-space file systems cannot sync; the take itself is fine there.
fn tolerate_no_sync(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}

/// After a failed write a header may say less than the file holds. Best effort: the disk has just failed once.
fn repair(settings: &TakeSettings, file: &TakeFile) {
    let _ = (encoder::format_of(settings.file_type).repair)(file.file());
}
