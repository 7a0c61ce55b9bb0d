//! Makes the file system below a folder fail, for the tests of the recorder.
//!
//! The functions of the C library through which Rust reaches the file system are defined here once more
//! (`calls.rs`). In a program that is linked with this crate they take the place of the C library's own: whatever
//! the program does to a file, the plugin in it included, comes by here, is counted, and fails if the test wants it to.
//! Files outside the watched folders pass through. Only for programs that are linked with the plugin: a plugin that
//! is loaded from a file calls the C library past this crate.
//!
//! Faults are real as far as the recorder can tell: a full disk takes what fits and then says `ENOSPC`, a call that
//! fails has done nothing.
//!
//! A [fence](fence()) keeps a program that is not to be trusted, for it reads mutated files, from changing anything else.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

mod calls;
mod disk;
mod fence;

pub use disk::{Call, Disk, Fault};
pub use fence::{fence, trespasses};
pub use libc::{EACCES, EDQUOT, EINTR, EIO, ENOSPC, EROFS, ESTALE};
