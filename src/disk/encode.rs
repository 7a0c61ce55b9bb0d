//! From samples to files: what every file type has to do. One file in this folder implements it for each; the others are
//! what they share.

mod aiff;
mod appended;
mod chain;
pub(super) mod dither;
mod flac;
mod growing_file;
mod interleave;
mod mp3;
mod ogg;
mod opus;
mod quantise;
pub(super) mod resample;
pub(super) mod sanitise;
mod tags;
pub(super) mod told;
mod wav;

use crate::core::format::{FileType, Menu, StreamFormat};
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use crate::core::take::TakeSettings;
use std::fs::File;
use std::io;
use std::sync::Arc;
use told::Told;

/// Which sample values an encoder takes. The writer makes them so before it calls [`Encoder::write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleRange {
    /// −1 to 1.
    FullScale,
    /// Any finite value.
    Finite,
}

/// Turns planar samples into one file. Lives on the writer thread.
///
/// After an error the encoder is only dropped; dropping it without [`finish`](Self::finish) never panics and leaves
/// what is already in the file playable.
pub trait Encoder {
    /// The sample values that [`write`](Self::write) takes.
    fn sample_range(&self) -> SampleRange;

    /// Appends `frames` frames. `planar` holds the channels one after the other, `frames` samples each, in the
    /// encoder's [`SampleRange`].
    ///
    /// # Errors
    /// Any part of the frames may then be in the file.
    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()>;

    /// Hands all bytes to the operating system and makes the header or tag say what the file holds, so that the file
    /// plays even if the process dies now. The last frames, [`most_held_back`] of them, may come later.
    fn refresh(&mut self) -> io::Result<()>;

    /// From the next [`refresh`](Self::refresh) on the file tells of these markers, as far as it can; in the order of their
    /// frames, which the encoder has all been given, and counted from the first one of the file on.
    fn set_markers(&mut self, markers: &[Marker]);

    /// Changes the second of the song at the first frame, or says that nobody knows it. The file tells it from the next
    /// [`refresh`](Self::refresh) on, Ogg Vorbis and Opus from [`finish`](Self::finish) on. Only for metadata that
    /// [awaits](Metadata::awaiting_song_position) it.
    fn set_song_position(&mut self, seconds: Option<f64>);

    /// How loud the sound is that was written; told right before [`finish`](Self::finish), where it was measured. File
    /// types that have no place for it do not listen.
    fn set_loudness(&mut self, _loudness: Loudness) {}

    /// Writes what is held back and the final header or tag. The file is complete then.
    fn finish(self: Box<Self>) -> io::Result<()>;

    /// How many more frames fit into this file before the file type's size limit.
    fn frames_left(&self) -> u64;

    /// Bytes of the file so far, those in buffers included.
    fn bytes(&self) -> u64;

    /// Bits of the samples in the file where they are rounded to 16 or 24.
    fn rounded_bits(&self) -> Option<u16> {
        None
    }

    /// What the file does not keep of the settings, in words for the user.
    fn note(&self) -> Option<&'static str> {
        None
    }
}

/// How many of the last frames at `sample_rate` Hz a refreshed file may lack: a third of a second, and at low rates, where
/// an encoder's blocks last longer, as many frames as MP3 with a variable bit rate holds back at 11,025 Hz, and some more.
pub fn most_held_back(sample_rate: u32) -> u64 {
    u64::from(sample_rate / 3).max(12_000)
}

/// Why a take cannot be encoded at all. Nothing was written.
#[derive(Debug)]
pub enum OpenError {
    /// The file type holds fewer channels.
    TooManyChannels { file_type: &'static str, most: usize, channels: usize },
    /// The encoder does not take these settings; the text is the encoder's own.
    Refused { file_type: &'static str, reason: String },
    /// The first bytes could not be written.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error)
    }
}

/// Starts an empty file, which stays open as long as the encoder lives and says of itself what the metadata says.
pub type Open = fn(&TakeSettings, StreamFormat, &Metadata, Arc<File>) -> Result<Box<dyn Encoder>, OpenError>;

/// What a file type can do, and how a file of it begins and is mended.
pub struct Format {
    /// How a file of it begins.
    pub open: Open,
    /// Makes the header of a file that was cut short say what the file holds, and says it.
    ///
    /// # Errors
    /// `InvalidData` or `UnexpectedEof` where this is no file of the type; it stays as it is then.
    pub repair: fn(&File) -> io::Result<Kept>,
    /// What the beginning of a file of it says. `None` where it is none, or ends before what we write there.
    told: fn(&[u8], &File) -> Option<Told>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Frames that play.
    pub frames: u64,
    /// Of the file, in Hz; at least 1.
    pub sample_rate: u32,
}

impl Kept {
    /// Nothing that plays.
    pub const NOTHING: Self = Self { frames: 0, sample_rate: 1 };
}

/// The file types: a line here, two in `core::format` and a file beside this one make another.
pub fn format_of(file_type: FileType) -> Format {
    match file_type {
        FileType::Wav => wav::FORMAT,
        FileType::Mp3 => mp3::FORMAT,
        FileType::Ogg => ogg::FORMAT,
        FileType::Aiff => aiff::FORMAT,
        FileType::Flac => flac::FORMAT,
        FileType::Opus => opus::FORMAT,
    }
}

/// Whether a take of this type and shape can be encoded at all. Touches no file.
pub fn check(file_type: FileType, stream: StreamFormat) -> Result<(), OpenError> {
    let most = file_type.max_channels();
    if stream.channels > most {
        return Err(OpenError::TooManyChannels { file_type: file_type.label(), most, channels: stream.channels });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
