//! The writer thread: it owns every file, path and encoder. Nothing here runs on the audio thread. There are more
//! threads: `take::syncing` has one for each disk, to bring files to the medium in mid-take, and [`files::Foresight`] looks for
//! the next take's name, [`files::TakeLibrary`] for the takes that are there, and [`preferences::UserPreferences`] for what
//! the user prefers.

pub mod encode;
pub mod error;
mod file_size_signal;
pub mod files;
pub mod history;
mod medium;
pub mod preferences;
mod room;
mod song;
mod take;
#[cfg(test)]
mod testing;
pub mod writer;
