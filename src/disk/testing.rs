//! What only tests use.

mod levels;
mod markers;
pub mod read_back;
mod recovery;
pub mod trial;
