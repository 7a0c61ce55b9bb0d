//! How the file types hold [`Metadata`](crate::core::metadata::Metadata). Pure: bytes, or texts for a library that
//! makes the bytes.

pub mod id3;
pub mod riff_info;
#[cfg(test)]
mod tests;
pub mod vorbis_comments;
