//! The writer thread: it owns every file, path and encoder. Nothing here runs on the audio thread. There are more
//! threads: `syncing` has one for each disk, to bring files to the medium in mid-take, and [`files::Foresight`] looks for
//! the next take's name.

mod columns;
pub mod encode;
pub mod error;
pub mod files;
mod parts;
mod recent;
mod room;
mod syncing;
mod take;
#[cfg(test)]
mod testing;
pub mod writer;
