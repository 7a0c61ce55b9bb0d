//! Audio File Out: an audio plugin that passes a track's sound through bit for bit and records it to disk.

pub mod core;
pub mod disk;
pub mod editor;
pub mod link;
pub mod params;
pub mod plugin;
pub mod rt;

pub use plugin::AudioFileOut;

nice_plug::nice_export_clap!(AudioFileOut);
nice_plug::nice_export_vst3!(AudioFileOut);
