//! What only tests use.

mod markers;
pub mod read_back;
mod recovery;
pub mod trial;
