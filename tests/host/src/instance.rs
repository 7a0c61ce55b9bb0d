//! One instance of a plugin, seen from the main thread.

use crate::error::HostError;
use crate::handlers::{Handlers, MainThread, Shared};
use crate::params::{ParamId, ParamInfo};
use crate::processor::Processor;
use crate::state::SavedState;
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, MainPortInfo, PluginAudioPortsConfig};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_extensions::track_info::PluginTrackInfo;
use clack_host::extensions::{Extension, PluginExtensionSide};
use clack_host::prelude::*;
use std::ffi::{CStr, CString};

/// How a plugin is activated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// Frames per second.
    pub sample_rate: f64,
    /// The smallest block that will come, in frames.
    pub min_block: u32,
    /// The largest block that will come, in frames.
    pub max_block: u32,
}

impl Setup {
    /// Blocks from 1 to `max_block` frames.
    pub const fn new(sample_rate: f64, max_block: u32) -> Self {
        Self { sample_rate, min_block: 1, max_block }
    }
}

/// One of the channel layouts that a plugin offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    id: ClapId,
    /// Channels of the main input.
    pub inputs: u32,
    /// Channels of the main output.
    pub outputs: u32,
}

/// One instance of a plugin. Dropping it deactivates and destroys the plugin, if its [`Processor`] was dropped or
/// given back before; if not, the plugin is leaked.
pub struct Instance {
    inner: PluginInstance<Handlers>,
}

impl Instance {
    pub(crate) fn new(entry: &PluginEntry, id: &CStr) -> Result<Self, HostError> {
        let info = HostInfo::new("Headless Host", "", "", env!("CARGO_PKG_VERSION")).expect("no text holds a NUL");
        let inner = PluginInstance::new(|()| Shared::default(), |_| MainThread::default(), entry, id, &info);
        Ok(Self { inner: inner.map_err(|error| HostError::Create(error.to_string()))? })
    }

    pub(crate) fn extension<E>(&mut self) -> Result<(E, PluginMainThreadHandle<'_>), HostError>
    where
        E: Extension<ExtensionSide = PluginExtensionSide>,
    {
        let handle = self.inner.plugin_handle();
        let missing = || HostError::Extension(E::IDENTIFIERS[0].to_str().unwrap_or("?"));
        Ok((handle.get_extension().ok_or_else(missing)?, handle))
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn shared<R>(&self, look: impl FnOnce(&Shared) -> R) -> R {
        self.inner.access_shared_handler(look)
    }

    /// All parameters, in the plugin's order.
    pub fn params(&mut self) -> Result<Vec<ParamInfo>, HostError> {
        let (params, handle) = self.extension::<PluginParams>()?;
        let mut buffer = ParamInfoBuffer::new();
        let mut all = Vec::new();
        for index in 0..params.count(&handle) {
            let Some(info) = params.get_info(&handle, index, &mut buffer) else { continue };
            all.push(ParamInfo {
                id: ParamId::from_clap(info.id),
                name: String::from_utf8_lossy(info.name).into_owned(),
                min: info.min_value,
                max: info.max_value,
                default: info.default_value,
                stepped: info.flags.contains(ParamInfoFlags::IS_STEPPED),
                automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
                hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
                read_only: info.flags.contains(ParamInfoFlags::IS_READONLY),
            });
        }
        Ok(all)
    }

    /// The present value of a parameter, if there is such a parameter.
    pub fn value(&mut self, param: ParamId) -> Result<Option<f64>, HostError> {
        let (params, handle) = self.extension::<PluginParams>()?;
        Ok(params.get_value(&handle, param.clap()))
    }

    /// How the plugin writes a value, if it can.
    pub fn value_to_text(&mut self, param: ParamId, value: f64) -> Result<Option<String>, HostError> {
        let (params, handle) = self.extension::<PluginParams>()?;
        let mut buffer = [0; 256];
        let text = params.value_to_text(&handle, param.clap(), value, &mut buffer);
        Ok(text.ok().map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    /// The value that the plugin reads in a text, if it can.
    pub fn text_to_value(&mut self, param: ParamId, text: &str) -> Result<Option<f64>, HostError> {
        let (params, handle) = self.extension::<PluginParams>()?;
        Ok(CString::new(text).ok().and_then(|text| params.text_to_value(&handle, param.clap(), &text)))
    }

    /// The plugin's layouts, in its order.
    pub fn layouts(&mut self) -> Result<Vec<Layout>, HostError> {
        let (layouts, handle) = self.extension::<PluginAudioPortsConfig>()?;
        let mut buffer = AudioPortsConfigBuffer::new();
        let mut all = Vec::new();
        for index in 0..layouts.count(&handle) {
            let Some(layout) = layouts.get(&handle, index, &mut buffer) else { continue };
            let channels = |port: Option<MainPortInfo<'_>>| port.map_or(0, |port| port.channel_count);
            let (inputs, outputs) = (channels(layout.main_input), channels(layout.main_output));
            all.push(Layout { id: layout.id, inputs, outputs });
        }
        Ok(all)
    }

    /// Switches to the layout with so many channels in and out. Only while inactive.
    pub fn select_layout(&mut self, channels: u32) -> Result<(), HostError> {
        let none = || HostError::Layout { channels };
        let has = |layout: &Layout| (layout.inputs, layout.outputs) == (channels, channels);
        let id = self.layouts()?.into_iter().find(has).ok_or_else(none)?.id;
        let (layouts, handle) = self.extension::<PluginAudioPortsConfig>()?;
        layouts.select(&handle, id).map_err(|_| none())
    }

    /// The latency that the plugin reports, in frames.
    pub fn latency(&mut self) -> Result<u32, HostError> {
        let (latency, handle) = self.extension::<PluginLatency>()?;
        Ok(latency.get(&handle))
    }

    /// Declares that the plugin renders offline, or in realtime. Takes effect with the next activation.
    pub fn set_offline(&mut self, offline: bool) -> Result<(), HostError> {
        let (render, handle) = self.extension::<PluginRender>()?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        render.set(&handle, mode).map_err(|_| HostError::RenderMode)
    }

    /// Puts the plugin on a track of this name and tells it so.
    pub fn set_track_name(&mut self, name: &str) -> Result<(), HostError> {
        self.inner.access_handler(|handler| handler.track_name.set(Some(name.to_owned().leak())));
        let (track_info, handle) = self.extension::<PluginTrackInfo>()?;
        track_info.changed(&handle);
        Ok(())
    }

    /// Gives that track a colour, before it is named.
    pub fn set_track_color(&mut self, rgb: [u8; 3]) {
        self.inner.access_handler(|handler| handler.track_rgb.set(Some(rgb)));
    }

    /// The state as the DAW would keep it in a project.
    pub fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let (state, handle) = self.extension::<PluginState>()?;
        let mut bytes = Vec::new();
        state.save(&handle, &mut bytes).map_err(|_| HostError::State { saving: true })?;
        Ok(bytes)
    }

    /// Loads a state; also while processing, as DAWs do.
    pub fn load_state(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        let (state, handle) = self.extension::<PluginState>()?;
        let mut reader = bytes;
        state.load(&handle, &mut reader).map_err(|_| HostError::State { saving: false })
    }

    /// Saves the state, lets `edit` change it, and loads it back.
    pub fn edit_state(&mut self, edit: impl FnOnce(&mut SavedState) -> Result<(), HostError>) -> Result<(), HostError> {
        let mut state = SavedState::from_bytes(&self.save_state()?)?;
        edit(&mut state)?;
        self.load_state(&state.to_bytes())
    }

    /// Sets one of the texts that are saved with the project, such as `file`. Texts are no parameters: only the
    /// plugin's window and its state reach them.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<(), HostError> {
        self.edit_state(|state| state.set_text(key, text))
    }

    /// Makes the calls on the main thread that the plugin asked for since the last time.
    pub fn run_callbacks(&mut self) {
        while self.inner.access_shared_handler(Shared::take_callback_request) {
            self.inner.call_on_main_thread_callback();
        }
    }

    /// Activates the plugin. Processing is stopped at first; [`Processor::process`] starts it.
    pub fn activate(&mut self, setup: Setup) -> Result<Processor, HostError> {
        let configuration = PluginAudioConfiguration {
            sample_rate: setup.sample_rate,
            min_frames_count: setup.min_block,
            max_frames_count: setup.max_block,
        };
        let processor = self.inner.activate(|_, _| (), configuration);
        Ok(Processor::new(processor.map_err(|error| HostError::Activate(error.to_string()))?, setup))
    }

    /// Stops processing if need be and deactivates the plugin.
    pub fn deactivate(&mut self, processor: Processor) {
        self.inner.deactivate(processor.into_stopped());
    }

    /// Activates the plugin though it is active: no host should, some do. Says whether the plugin took it.
    pub fn activate_again(&mut self, processor: &mut Processor, setup: Setup) -> bool {
        let plugin = self.inner.raw_instance();
        processor.set_setup(setup);
        // SAFETY: the instance is alive, this is its main thread, and nothing processes while the processor is
        // borrowed here.
        plugin
            .activate
            .is_some_and(|activate| unsafe { activate(plugin, setup.sample_rate, setup.min_block, setup.max_block) })
    }

    /// Destroys the plugin without stopping or deactivating it first: no host should, some do. The host's own side of
    /// the instance is leaked.
    pub fn destroy_while_active(self, processor: Processor) {
        let plugin = self.inner.raw_instance();
        // SAFETY: the instance is alive, this is its main thread, and the processor was handed in; both are forgotten
        // below, so that nothing calls the plugin again.
        unsafe {
            if let Some(destroy) = plugin.destroy {
                destroy(plugin);
            }
        }
        std::mem::forget(processor);
        std::mem::forget(self);
    }
}
