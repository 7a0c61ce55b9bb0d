//! A CLAP plugin before there is an instance of it.

use crate::error::HostError;
use crate::instance::Instance;
use clack_host::entry::EntryDescriptor;
use clack_host::prelude::PluginEntry;
use std::ffi::CString;
use std::path::Path;

/// What a CLAP plugin exports: `clap_entry`.
pub type ClapEntry = EntryDescriptor;

/// A loaded plugin. Unloaded with the last of it and its instances.
pub struct Plugin {
    entry: PluginEntry,
    id: CString,
    name: String,
}

impl Plugin {
    /// Loads a `.clap` file; on macOS, a `.clap` bundle.
    pub fn from_bundle(path: &Path) -> Result<Self, HostError> {
        // SAFETY: loading a library runs its code; this host is for plugins that its caller trusts.
        let entry = unsafe { PluginEntry::load(path) };
        let reason = |error| HostError::Load { path: path.to_owned(), reason: format!("{error}") };
        Self::first_of(entry.map_err(reason)?)
    }

    /// Takes the entry of a plugin that is linked into this program.
    pub fn from_entry(entry: &'static ClapEntry) -> Result<Self, HostError> {
        // SAFETY: a plugin framework made the entry, so it keeps CLAP's rules.
        let entry = unsafe { PluginEntry::load_from_raw(entry, c"") };
        Self::first_of(entry.map_err(|error| HostError::Create(error.to_string()))?)
    }

    fn first_of(entry: PluginEntry) -> Result<Self, HostError> {
        let factory = entry.get_plugin_factory().ok_or(HostError::NoPlugin)?;
        let descriptor = factory.plugin_descriptor(0).ok_or(HostError::NoPlugin)?;
        let id = descriptor.id().ok_or(HostError::NoPlugin)?.to_owned();
        let name = descriptor.name().unwrap_or(&id).to_string_lossy().into_owned();
        Ok(Self { entry, id, name })
    }

    /// The name that a DAW shows.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes an instance. Any number may live at once; the calling thread becomes this one's main thread.
    pub fn instance(&self) -> Result<Instance, HostError> {
        Instance::new(&self.entry, &self.id)
    }
}
