//! File naming.

/// What `file` says until the user says something else.
pub const DEFAULT_FILE: &str = "AudioFileOut{suffix}";
