//! The files of a take.
