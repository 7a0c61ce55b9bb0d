//! A headless CLAP host for the tests, the benches and xtask: it does to a plugin what a DAW does, and what a DAW
//! should not do, without a sound card or a window.
//!
//! ```no_run
//! use headless_host::{Change, ParamId, Plugin, Render, Setup};
//!
//! # fn main() -> Result<(), headless_host::HostError> {
//! let plugin = Plugin::from_bundle("target/bundled/Audio File Out.clap".as_ref())?;
//! let mut instance = plugin.instance()?;
//! instance.set_text("file", "take")?;
//! let mut processor = instance.activate(Setup::new(48_000.0, 512))?;
//!
//! let second = vec![vec![0.5; 48_000]; 2];
//! let record = ParamId::named("record");
//! let played = Render::new(&second, 0..48_000)
//!     .changes(&[Change::new(100, record, 1.0), Change::new(40_000, record, 0.0)])
//!     .play(&mut processor)?;
//! assert!(played.output_equals_input());
//! instance.deactivate(processor);
//! # Ok(())
//! # }
//! ```
//!
//! | step | type | thread |
//! |---|---|---|
//! | load a `.clap` file or a linked-in entry | [`Plugin`] | any |
//! | parameters, state, layout, track name, life cycle | [`Instance`] | the one that made it: CLAP's main thread |
//! | blocks of audio with parameter changes | [`Processor`] | one at a time, any: CLAP's audio thread |
//! | the plugin's window, on an X server without a screen | `HostWindow`, `XServer` (Linux) | the instance's main thread |
//! | a whole stretch of audio, cut into blocks | [`Render`] | the processor's |
//!
//! Audio is planar everywhere: one slice of `f32` samples for each channel, all of the same length in frames.

mod blocks;
mod error;
mod handlers;
mod instance;
mod params;
mod plugin;
mod processor;
mod render;
mod state;
mod transport;
#[cfg(target_os = "linux")]
mod window;

pub use blocks::{Blocks, Change};
pub use error::HostError;
pub use instance::{Instance, Layout, Setup};
pub use params::{ParamId, ParamInfo};
pub use plugin::{ClapEntry, Plugin};
pub use processor::{MAX_CHANNELS, Processor, Status};
pub use render::{Input, Played, Render, Signal};
pub use state::SavedState;
pub use transport::{SongRun, Transport};
#[cfg(target_os = "linux")]
pub use window::{HostWindow, Picture, XServer};
