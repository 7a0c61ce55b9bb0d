//! How the file types hold [`Metadata`](crate::core::metadata::Metadata) and markers. Pure: bytes, or texts for a library that
//! makes the bytes.

pub mod bext;
pub mod cue;
pub mod id3;
pub mod ixml;
pub mod mark;
pub mod riff_info;
#[cfg(test)]
mod tests;
pub mod vorbis_comments;
