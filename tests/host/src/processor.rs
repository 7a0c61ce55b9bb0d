//! The half of an instance that processes audio. One thread at a time may have it; which one may change.

use crate::blocks::Change;
use crate::error::HostError;
use crate::handlers::Handlers;
use crate::instance::Setup;
use crate::transport::{SongRun, Transport};
use clack_extensions::params::PluginParams;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use clack_host::process::StoppedPluginAudioProcessor;
use clap_sys::audio_buffer::clap_audio_buffer;
use std::ptr::null_mut;

/// The most channels that a block can have.
pub const MAX_CHANNELS: usize = 64;

/// What the plugin says of a block. `Continue` is CLAP's "do not put me to sleep", which nice-plug calls KeepAlive.
pub type Status = ProcessStatus;

/// The audio half of an active instance. [`process`](Self::process) allocates nothing once its events have room, and
/// adds only the call itself to what the plugin takes.
pub struct Processor {
    inner: PluginAudioProcessor<Handlers>,
    setup: Setup,
    events: EventBuffer,
    /// Frames processed since the activation or the last reset: CLAP's steady time.
    frames: u64,
    transport: Option<Transport>,
    song: SongRun,
}

impl Processor {
    pub(crate) fn new(inner: StoppedPluginAudioProcessor<Handlers>, setup: Setup) -> Self {
        Self {
            inner: inner.into(),
            setup,
            events: EventBuffer::with_capacity(64),
            frames: 0,
            transport: None,
            song: SongRun::default(),
        }
    }

    /// How the instance was activated.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    pub(crate) fn set_setup(&mut self, setup: Setup) {
        self.setup = setup;
    }

    pub(crate) fn into_stopped(self) -> StoppedPluginAudioProcessor<Handlers> {
        self.inner.into_stopped()
    }

    /// Starts processing, if it is stopped.
    pub fn start(&mut self) -> Result<(), HostError> {
        self.inner.ensure_processing_started().map(|_| ()).map_err(|_| HostError::Start)
    }

    /// Stops processing, if it is started.
    pub fn stop(&mut self) {
        self.inner.ensure_processing_stopped();
    }

    /// Resets the plugin, as DAWs do when the song position jumps.
    pub fn reset(&mut self) {
        self.inner.reset();
        self.frames = 0;
    }

    /// Puts the song there for the next block; from then on it moves with the blocks. Without one the plugin is told
    /// nothing of a song.
    pub fn set_transport(&mut self, transport: Option<Transport>) {
        self.transport = transport;
    }

    /// The song moves like this from the next block on.
    pub fn set_song_run(&mut self, run: SongRun) {
        self.song = run;
    }

    /// Changes parameters without a block, as DAWs do while they stand still. Every change counts at once.
    pub fn flush(&mut self, changes: &[Change]) -> Result<(), HostError> {
        self.events.clear();
        for change in changes {
            let event = ParamValueEvent::new(0, change.param.clap(), Pckn::match_all(), change.value);
            self.events.push(&event);
        }
        let mut handle = self.inner.plugin_handle();
        let missing = || HostError::Extension("clap.params");
        let params: PluginParams = handle.get_extension().ok_or_else(missing)?;
        params.flush_active(&mut handle, &self.events.as_input(), &mut OutputEvents::void());
        Ok(())
    }

    /// Processes one block from `input` to `output`, planar and all of the same length in frames; starts processing
    /// if it is stopped. `changes` are in order and counted in frames from the start of the block.
    ///
    /// # Panics
    /// If the channels differ in length, there are more than [`MAX_CHANNELS`], or a change lies outside the block.
    pub fn process<I: AsRef<[f32]>, O: AsMut<[f32]>>(
        &mut self,
        input: &[I],
        output: &mut [O],
        changes: &[Change],
    ) -> Result<Status, HostError> {
        let frames = input.first().map_or(0, |channel| channel.as_ref().len());
        let mut inputs = Port::new(input.iter().map(|channel| {
            let channel = channel.as_ref();
            (channel.as_ptr().cast_mut(), channel.len())
        }));
        let mut outputs = Port::new(output.iter_mut().map(|channel| {
            let channel = channel.as_mut();
            (channel.as_mut_ptr(), channel.len())
        }));
        assert!(inputs.frames.is_none_or(|count| count == frames), "the channels differ in length");
        assert!(outputs.frames.is_none_or(|count| count == frames), "the channels differ in length");
        self.call(&mut inputs, &mut outputs, frames, changes)
    }

    /// Processes one block in place: the plugin gets the same buffers as input and output. Otherwise as
    /// [`process`](Self::process).
    pub fn process_in_place<C: AsMut<[f32]>>(
        &mut self,
        audio: &mut [C],
        changes: &[Change],
    ) -> Result<Status, HostError> {
        let mut outputs = Port::new(audio.iter_mut().map(|channel| {
            let channel = channel.as_mut();
            (channel.as_mut_ptr(), channel.len())
        }));
        let mut inputs = outputs.clone();
        let frames = outputs.frames.unwrap_or(0);
        self.call(&mut inputs, &mut outputs, frames, changes)
    }

    fn call(
        &mut self,
        inputs: &mut Port,
        outputs: &mut Port,
        frames: usize,
        changes: &[Change],
    ) -> Result<Status, HostError> {
        self.events.clear();
        for change in changes {
            assert!(change.frame < frames.max(1), "a change at frame {} of a block of {frames}", change.frame);
            let event = ParamValueEvent::new(change.frame as u32, change.param.clap(), Pckn::match_all(), change.value);
            self.events.push(&event);
        }
        let started = self.inner.ensure_processing_started().map_err(|_| HostError::Start)?;
        let (input, mut output) = ([inputs.raw()], [outputs.raw()]);
        // SAFETY: the pointers come from slices of `frames` samples that the caller has borrowed for this call. CLAP
        // forbids the plugin to write to inputs; in place, both sides are the caller's exclusive borrow.
        let (input, mut output) = unsafe {
            let input = InputAudioBuffers::from_raw_buffers(&input, frames as u32);
            (input, OutputAudioBuffers::from_raw_buffers(&mut output, frames as u32))
        };
        let transport = self.transport.map(|transport| transport.event(self.song));
        let status = started.process(
            &input,
            &mut output,
            &self.events.as_input(),
            &mut OutputEvents::void(),
            Some(self.frames),
            transport.as_ref(),
        );
        self.frames += frames as u64;
        self.transport = self.transport.map(|transport| transport.after(frames, self.setup.sample_rate, self.song));
        status.map_err(|error| HostError::Process(error.to_string()))
    }
}

/// The channel pointers of one port, for one call.
#[derive(Clone)]
struct Port {
    pointers: [*mut f32; MAX_CHANNELS],
    channels: usize,
    /// The common length of the channels.
    frames: Option<usize>,
}

impl Port {
    fn new(channels: impl ExactSizeIterator<Item = (*mut f32, usize)>) -> Self {
        let mut port = Self { pointers: [null_mut(); MAX_CHANNELS], channels: channels.len(), frames: None };
        assert!(port.channels <= MAX_CHANNELS, "{} channels in one block", port.channels);
        for (slot, (pointer, frames)) in port.pointers.iter_mut().zip(channels) {
            assert!(port.frames.is_none_or(|common| common == frames), "the channels differ in length");
            port.frames = Some(frames);
            *slot = pointer;
        }
        port
    }

    fn raw(&mut self) -> clap_audio_buffer {
        clap_audio_buffer {
            data32: self.pointers.as_mut_ptr(),
            data64: null_mut(),
            channel_count: self.channels as u32,
            latency: 0,
            constant_mask: 0,
        }
    }
}
