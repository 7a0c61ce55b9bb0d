//! The writer thread: it owns every file, path and encoder. Nothing here runs on the audio thread. Only to bring files to
//! the medium in mid-take is there one more thread for each disk, `syncing`.

mod aiff;
#[cfg(test)]
mod damaged;
pub mod encoder;
pub mod error;
pub mod files;
mod flac;
mod growing_file;
mod mp3;
mod ogg;
mod parts;
mod pcm;
#[cfg(test)]
mod read_back;
mod recent;
mod resample;
mod room;
mod sanitise;
mod syncing;
mod tags;
mod take;
#[cfg(test)]
mod trial;
mod wav;
pub mod writer;
