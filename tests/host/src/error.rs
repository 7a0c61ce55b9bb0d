//! What can go wrong between the host and a plugin.

use std::fmt;
use std::path::PathBuf;

/// Why the plugin could not do what the host asked.
#[derive(Debug)]
pub enum HostError {
    /// The file cannot be loaded as a CLAP plugin.
    Load { path: PathBuf, reason: String },
    /// The file or entry holds no plugin.
    NoPlugin,
    /// The plugin could not be created.
    Create(String),
    /// The plugin does not have this CLAP extension.
    Extension(&'static str),
    /// The plugin has no layout with so many channels.
    Layout { channels: u32 },
    /// The plugin refused to be activated.
    Activate(String),
    /// The plugin refused to start processing.
    Start,
    /// The plugin reported an error for a block, or the host was asked to process while processing was stopped.
    Process(String),
    /// The plugin could not save its state, or refused to load one.
    State { saving: bool },
    /// A saved state is not what nice-plug writes.
    StateFormat(String),
    /// The plugin refused the render mode.
    RenderMode,
    /// The X server or the plugin's window failed.
    Window(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load { path, reason } => write!(f, "cannot load the plugin {}: {reason}", path.display()),
            Self::NoPlugin => write!(f, "there is no CLAP plugin in this file"),
            Self::Create(reason) => write!(f, "cannot create the plugin: {reason}"),
            Self::Extension(name) => write!(f, "the plugin does not have the CLAP extension {name}"),
            Self::Layout { channels } => write!(f, "the plugin does not take {channels} channels"),
            Self::Activate(reason) => write!(f, "the plugin refused to be activated: {reason}"),
            Self::Start => write!(f, "the plugin refused to start processing"),
            Self::Process(reason) => write!(f, "the plugin could not process a block: {reason}"),
            Self::State { saving: true } => write!(f, "the plugin could not save its state"),
            Self::State { saving: false } => write!(f, "the plugin refused to load a state"),
            Self::StateFormat(reason) => write!(f, "the saved state is not understood: {reason}"),
            Self::RenderMode => write!(f, "the plugin refused the render mode"),
            Self::Window(reason) => write!(f, "no window: {reason}"),
        }
    }
}

impl std::error::Error for HostError {}
