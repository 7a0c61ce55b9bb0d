//! The window: shows the status and sets parameters. It touches neither the queue nor a file.
//!
//! ```text
//! status, params ─► model ─► view ─► actions ─► panel ─► host (gestures), texts, desktop
//!        scope ─► levels ──────┘
//! ```
//!
//! `model`, `group`, `trouble`, `size`, `levels` and `words` are pure; `view` only draws and says what the user did; [`panel`] joins
//! them and knows neither host nor windowing system, so that tests use it as a person would; `window` fits it into
//! the framework. `keys` says which keys are the window's and which the DAW's; `hand_on` gives the DAW its own.

pub mod desktop;
mod fonts;
pub mod gestures;
mod group;
#[cfg(target_os = "linux")]
mod hand_on;
mod keys;
mod levels;
mod model;
pub mod panel;
mod size;
mod takes;
#[cfg(test)]
mod tests;
pub mod theme;
mod trouble;
mod view;
mod window;
mod words;

pub use view::{MAX_SIZE, MIN_SIZE};
pub use window::{RecorderEditor, create};
