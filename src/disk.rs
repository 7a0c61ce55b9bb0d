//! The writer thread: it owns every file, path and encoder. Nothing here runs on the audio thread. Only to bring a file to
//! the medium in mid-take is there one more thread, `syncing`.

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
