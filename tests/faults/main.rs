//! In the CLAP host: what a disk, a host or a project file can do to the recorder, done to it for real.
//!
//! Every fault reaches the plugin the way it would on a musician's machine: the file system fails below the takes'
//! folder ([`faulty_disk`]), the host's process is killed, the state's bytes are damaged. What the window would show is
//! read in the plugin's log.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod channels;
mod elsewhere;
mod four_gib;
mod full;
mod group;
mod hanging;
mod host;
mod kill;
mod log;
mod longest_file;
mod places;
mod preroll;
mod project;
mod recorder;
mod split;
mod syncs;
