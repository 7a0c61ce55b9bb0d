//! What only tests use.

pub mod read_back;
mod recovery;
pub mod trial;
