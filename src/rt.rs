//! The audio thread: copies the host's buffers into the queue and nothing else.
//!
//! Nothing under this module allocates, locks, logs, names a string or a file, or makes a system call; the one
//! exception is the wait that [`tap`] allows itself for a host that is not realtime.

mod member;
pub mod meter;
mod peaks;
mod rehearsal;
pub mod tap;

pub use rehearsal::rehearse;
