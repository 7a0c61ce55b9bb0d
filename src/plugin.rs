//! The plugin's life cycle: glue between the framework and the recorder.

use crate::params::RecorderParams;
use nice_plug::prelude::*;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The plugin.
#[derive(Default)]
pub struct AudioFileOut {
    params: Arc<RecorderParams>,
}

const fn layout(channels: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for AudioFileOut {
    const NAME: &'static str = "Audio File Out";
    const VENDOR: &'static str = "Audio File Out";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        layout(2),
        layout(1),
        layout(3),
        layout(4),
        layout(5),
        layout(6),
        layout(7),
        layout(8),
        layout(10),
        layout(12),
        layout(14),
        layout(16),
        layout(24),
        layout(32),
        layout(64),
    ];
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        Arc::clone(&self.params) as Arc<dyn Params>
    }

    fn filter_state(state: &mut PluginState) {
        RecorderParams::complete_state(state);
    }

    fn process(
        &mut self,
        _buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        ProcessStatus::Normal
    }
}

impl ClapPlugin for AudioFileOut {
    const CLAP_ID: &'static str = "org.audio-file-out.recorder";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Records a track to disk, to the exact sample");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Utility,
        ClapFeature::Stereo,
        ClapFeature::Mono,
        ClapFeature::Surround,
    ];
}

impl Vst3Plugin for AudioFileOut {
    const VST3_CLASS_ID: [u8; 16] = *b"AudioFileOutRec1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Tools];
}
