//! The writer thread: it owns every file, path and encoder. Nothing here runs on the audio thread.

pub mod encoder;
pub mod error;
pub mod files;
mod mp3;
#[cfg(test)]
mod read_back;
mod resample;
mod room;
mod sanitise;
mod take;
mod watch;
mod wav;
pub mod writer;
