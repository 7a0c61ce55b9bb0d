//! The files that one take is written to: the first, and the next part wherever a file type's size limit ends one.

use super::encoder::{self, Encoder, Kept};
use super::error::TakeError;
use super::files::{FileError, TakeFile, TakeFiles, Wanted};
use super::resample::resampled_frames;
use super::sanitise::sanitise;
use crate::core::format::StreamFormat;
use crate::core::metadata::Metadata;
use crate::core::take::TakeSettings;
use crate::link::TextSet;
use std::io;
use std::path::{Path, PathBuf};

/// Encoders hold back less than a third of a second when their file is refreshed.
const HELD_BACK_PER_SECOND: u32 = 3;

/// The files of a take that is being written, of which one is open. Lives on the writer thread.
pub struct Parts {
    settings: TakeSettings,
    format: StreamFormat,
    metadata: Metadata,
    encoder: Box<dyn Encoder>,
    file: TakeFile,
    /// Frames of the open file.
    open_frames: u64,
    /// As many of them are surely in it, for its header said so.
    safe_frames: u64,
    complete: CompleteFiles,
    clipped_samples: u64,
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
}

impl CompleteFiles {
    /// Puts a file that is written to its end, with `frames` frames, where it belongs.
    fn add(&mut self, file: TakeFile, frames: u64) -> Result<(), TakeError> {
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

    /// Keeps an open file after an error, with what of its `frames` frames has reached the disk; mends what its header
    /// then says wrongly. Where the disk does not even let us look, `safe_frames` of them have. A file without sound
    /// goes.
    fn keep_what_is_there(
        &mut self,
        settings: &TakeSettings,
        format: StreamFormat,
        file: TakeFile,
        frames: u64,
        safe_frames: u64,
    ) {
        let mended = (encoder::format_of(settings.file_type).repair)(file.file());
        let there = match mended {
            Ok(Kept { frames, sample_rate }) => resampled_frames(frames, sample_rate, format.sample_rate),
            Err(_) => safe_frames,
        };
        if mended.is_ok() && there == 0 {
            file.discard();
            return;
        }
        self.frames += there.min(frames);
        self.bytes += bytes_on_disk(&file);
        self.paths.push(file.path().to_owned());
    }
}

impl Parts {
    /// Makes the first file of a take. Where that fails no file is left behind.
    pub fn begin(
        files: &mut TakeFiles,
        texts: &TextSet,
        settings: TakeSettings,
        format: StreamFormat,
        metadata: Metadata,
    ) -> Result<Self, TakeError> {
        encoder::check(settings.file_type, format).map_err(TakeError::Encoder)?;
        let file = files.begin(&Wanted { texts, settings: &settings, format })?;
        let (encoder, file) = start_encoder(&settings, format, &metadata, file)?;
        Ok(Self {
            settings,
            format,
            metadata,
            encoder,
            file,
            open_frames: 0,
            safe_frames: 0,
            complete: CompleteFiles::default(),
            clipped_samples: 0,
        })
    }

    /// Where the sound is right now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Files that are complete.
    pub fn complete_files(&self) -> usize {
        self.complete.paths.len()
    }

    /// The shape of the sound in the files.
    pub fn format(&self) -> StreamFormat {
        self.format
    }

    /// Frames in all files so far, at the rate of the file.
    pub fn frames(&self) -> u64 {
        self.complete.frames + self.open_frames
    }

    /// Bytes of all files so far.
    pub fn bytes(&self) -> u64 {
        self.complete.bytes + self.encoder.bytes()
    }

    /// What the file does not keep of the settings, in words for the user.
    pub fn note(&self) -> Option<&'static str> {
        self.encoder.note()
    }

    /// Samples beyond full scale so far.
    pub fn clipped_samples(&self) -> u64 {
        self.clipped_samples
    }

    /// Appends frames, planar, channels one after the other; goes on in the next part where the file is full.
    pub fn append(&mut self, planar: &mut [f32], frames: usize) -> Result<(), TakeError> {
        self.clipped_samples += sanitise(planar, self.encoder.sample_range());
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
            self.open_frames += run as u64;
            start += run;
        }
        Ok(())
    }

    /// Makes the header say what the file holds.
    pub fn refresh(&mut self) -> Result<(), TakeError> {
        self.encoder.refresh().map_err(|source| self.write_error(source))?;
        self.safe_frames = self.open_frames.saturating_sub(u64::from(self.format.sample_rate / HELD_BACK_PER_SECOND));
        Ok(())
    }

    /// Brings what the operating system has to the medium.
    pub fn sync(&self) -> Result<(), TakeError> {
        sync(&self.file).map_err(|source| self.write_error(source))
    }

    /// Completes the open file and puts it in its place, on the medium if `synced`.
    pub fn finish(mut self, synced: bool) -> (CompleteFiles, Result<(), TakeError>) {
        let finished = self.encoder.finish().and_then(|()| if synced { sync(&self.file) } else { Ok(()) });
        if let Err(source) = finished {
            let error = TakeError::Write { path: self.file.path().to_owned(), source };
            self.complete.keep_what_is_there(
                &self.settings,
                self.format,
                self.file,
                self.open_frames,
                self.safe_frames,
            );
            return (self.complete, Err(error));
        }
        let result = self.complete.add(self.file, self.open_frames);
        (self.complete, result)
    }

    /// Gives up after an error. What is in the open file stays and plays; an empty file goes.
    pub fn give_up(mut self) -> CompleteFiles {
        drop(self.encoder);
        self.complete.keep_what_is_there(&self.settings, self.format, self.file, self.open_frames, self.safe_frames);
        self.complete
    }

    fn next_part(&mut self) -> Result<(), TakeError> {
        let next = self.file.next_part()?;
        let metadata = self.metadata.for_next_part();
        let (encoder, file) = start_encoder(&self.settings, self.format, &metadata, next)?;
        let full = std::mem::replace(&mut self.encoder, encoder);
        let full_file = std::mem::replace(&mut self.file, file);
        let full_frames = std::mem::take(&mut self.open_frames);
        let safe_frames = std::mem::take(&mut self.safe_frames);
        if let Err(source) = full.finish().and_then(|()| sync(&full_file)) {
            let error = TakeError::Write { path: full_file.path().to_owned(), source };
            self.complete.keep_what_is_there(&self.settings, self.format, full_file, full_frames, safe_frames);
            return Err(error);
        }
        self.complete.add(full_file, full_frames)
    }

    fn write_error(&self, source: io::Error) -> TakeError {
        TakeError::Write { path: self.path().to_owned(), source }
    }
}

fn start_encoder(
    settings: &TakeSettings,
    format: StreamFormat,
    metadata: &Metadata,
    file: TakeFile,
) -> Result<(Box<dyn Encoder>, TakeFile), TakeError> {
    match (encoder::format_of(settings.file_type).open)(settings, format, metadata, file.file().clone()) {
        Ok(encoder) => Ok((encoder, file)),
        Err(error) => {
            file.discard();
            Err(TakeError::Encoder(error))
        }
    }
}

fn bytes_on_disk(file: &TakeFile) -> u64 {
    file.file().metadata().map_or(0, |file| file.len())
}

/// Some network and user-space file systems cannot sync; the take itself is fine there.
fn sync(file: &TakeFile) -> io::Result<()> {
    match file.file().sync_data() {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}
