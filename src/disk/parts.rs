//! The files that one take is written to: the first, and the next part wherever a file type's size limit ends one.

use super::encoder::{self, Encoder};
use super::error::TakeError;
use super::files::{TakeFile, TakeFiles, Wanted};
use super::sanitise::sanitise;
use crate::core::format::StreamFormat;
use crate::core::metadata::Metadata;
use crate::core::take::TakeSettings;
use crate::link::TextSet;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a take that is being written, of which one is open. Lives on the writer thread.
pub struct Parts {
    settings: TakeSettings,
    format: StreamFormat,
    metadata: Metadata,
    encoder: Box<dyn Encoder>,
    file: TakeFile,
    /// Frames of the open file.
    open_frames: u64,
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
        let complete = CompleteFiles::default();
        Ok(Self { settings, format, metadata, encoder, file, open_frames: 0, complete, clipped_samples: 0 })
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
        self.encoder.refresh().map_err(|source| self.write_error(source))
    }

    /// Brings what the operating system has to the medium.
    pub fn sync(&self) -> Result<(), TakeError> {
        sync(&self.file).map_err(|source| self.write_error(source))
    }

    /// Completes the open file and puts it in its place, on the medium if `synced`.
    pub fn finish(mut self, synced: bool) -> (CompleteFiles, Result<(), TakeError>) {
        let handed_over = self.encoder.bytes();
        let finished = self.encoder.finish().and_then(|()| if synced { sync(&self.file) } else { Ok(()) });
        if let Err(source) = finished {
            let error = TakeError::Write { path: self.file.path().to_owned(), source };
            keep_what_is_there(&self.settings, self.file, self.open_frames, handed_over, &mut self.complete);
            return (self.complete, Err(error));
        }
        self.complete.bytes += bytes_on_disk(&self.file);
        self.complete.frames += self.open_frames;
        let result = self.file.complete();
        let result = result.map(|path| self.complete.paths.push(path)).map_err(TakeError::from);
        (self.complete, result)
    }

    /// Gives up after an error. What is in the open file stays and plays; an empty file goes.
    pub fn give_up(mut self) -> CompleteFiles {
        let handed_over = self.encoder.bytes();
        drop(self.encoder);
        keep_what_is_there(&self.settings, self.file, self.open_frames, handed_over, &mut self.complete);
        self.complete
    }

    fn next_part(&mut self) -> Result<(), TakeError> {
        let next = self.file.next_part()?;
        let metadata = self.metadata.for_next_part();
        let (encoder, file) = start_encoder(&self.settings, self.format, &metadata, next)?;
        let full = std::mem::replace(&mut self.encoder, encoder);
        let full_file = std::mem::replace(&mut self.file, file);
        self.complete.frames += std::mem::take(&mut self.open_frames);
        let path = full_file.path().to_owned();
        full.finish().and_then(|()| sync(&full_file)).map_err(|source| TakeError::Write { path, source })?;
        self.complete.bytes += bytes_on_disk(&full_file);
        self.complete.paths.push(full_file.complete()?);
        Ok(())
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

/// Keeps an open file after an error: of `frames` frames, in `handed_over` bytes, some may not have reached the disk.
/// Mends what a header then says wrongly; best effort, for the disk has just failed once.
fn keep_what_is_there(
    settings: &TakeSettings,
    file: TakeFile,
    frames: u64,
    handed_over: u64,
    complete: &mut CompleteFiles,
) {
    let bytes = bytes_on_disk(&file).min(handed_over);
    let missing = (handed_over - bytes) as f64 / handed_over.max(1) as f64;
    let frames = frames - (frames as f64 * missing).ceil() as u64;
    if frames == 0 {
        file.discard();
        return;
    }
    let _ = (encoder::format_of(settings.file_type).repair)(file.file());
    complete.frames += frames;
    complete.bytes += bytes;
    complete.paths.push(file.path().to_owned());
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
