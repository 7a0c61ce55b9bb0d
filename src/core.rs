//! Pure rules: no threads, files, clocks or plugin framework. Everything here is a function of its arguments.

pub mod alignment;
pub mod channels;
pub mod clock;
pub mod export;
pub mod extent;
pub mod format;
pub mod loudness;
pub mod markers;
pub mod metadata;
pub mod naming;
pub mod pacing;
pub mod rate;
pub mod take;
pub mod timeline;
pub mod trigger;
