//! The plugin's life cycle: glue between the framework and the recorder.

use crate::core::format::StreamFormat;
use crate::core::take::{Cycle, HostTransport, RetainedHistory, Song};
use crate::disk::files::{Foresight, Found, NextTake, TakeLibrary};
use crate::disk::history::History;
use crate::disk::preferences::UserPreferences;
use crate::disk::writer::WriterThread;
use crate::editor::panel::{Foresee, Foreseen};
use crate::editor::{self, RecorderEditor};
use crate::link::{self, Status, Switches};
use crate::osc::Exporter;
use crate::params::{HostBlock, RecorderParams, SteadyControls};
use crate::rt::rehearse;
use crate::rt::tap::{MonotonicClock, Tap};
use nice_plug::prelude::*;
use std::fmt;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The plugin.
pub struct AudioFileOut {
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    /// There from `activate` to `deactivate`.
    recorder: Option<Recorder>,
    /// The history of the last activation, and the rate at which it came in.
    history: Option<(History, StreamFormat)>,
    /// The host has stopped processing since it last reset the plugin.
    is_stopped: bool,
}

impl Default for AudioFileOut {
    fn default() -> Self {
        let params = Arc::<RecorderParams>::default();
        let status = Arc::clone(&params.status);
        Self { params, status, recorder: None, history: None, is_stopped: false }
    }
}

/// Both halves of the recorder: one on the audio thread, one on a thread of its own.
struct Recorder {
    controls: SteadyControls,
    tap: Tap,
    writer: WriterThread,
    format: StreamFormat,
    api: PluginApi,
    /// None where it could not start, which the window says.
    exporter: Option<Exporter>,
    /// The audio half panicked once; the sound still passes.
    is_broken: bool,
}

impl AudioFileOut {
    /// Ends the open take and waits until everything is on disk. Main thread. Does nothing the second time.
    fn finish_recorder(&mut self) {
        if let Some(Recorder { tap, writer, exporter, format, .. }) = self.recorder.take() {
            tap.close();
            self.history = writer.finish().map(|history| (history, format));
            // Last: its last message tells how long the take is.
            drop(exporter);
        }
    }

    fn exporter(&self) -> Option<Exporter> {
        let params = Arc::clone(&self.params);
        let texts = Arc::clone(&params.texts);
        let exporter = Exporter::new(Arc::clone(&self.status), texts, move || params.export_controls());
        exporter.inspect_err(|error| self.status.set_no_export(error)).ok()
    }
}

impl Drop for AudioFileOut {
    fn drop(&mut self) {
        self.finish_recorder();
    }
}

/// Tells the window where the next take goes.
fn foresee(status: Arc<Status>) -> Foresee {
    let mut foresight = Foresight::new(Arc::new(move || status.scope().changed()));
    Box::new(move |texts, settings, format, channels, last_take| {
        match foresight.next_take(texts, settings, format, channels, last_take) {
            NextTake::Known(Found { path, folder, recorder_folder, home }) => {
                Some(Foreseen::Known { path: path?, folder, recorder_folder, home })
            }
            NextTake::Open(path) => Some(Foreseen::Open(path)),
        }
    })
}

fn log(line: fmt::Arguments<'_>) {
    nice_log!("{line}");
}

/// Where the song stands at the first frame of a block.
fn song(transport: &Transport) -> Song {
    let Transport { playing, tempo, pos_samples, pos_seconds, .. } = *transport;
    // A position in beats alone leads to no frame: the tempo may have changed on the way.
    let is_told = pos_samples.is_some() || pos_seconds.is_some();
    let (frames, seconds) = (transport.pos_samples(), transport.pos_seconds());
    let (frames, seconds) = if is_told { (frames, seconds) } else { (None, None) };
    // CLAP hosts tell seconds only. Within a block that automation splits, the framework counts them on where the host
    // tells a tempo too.
    let is_exact = pos_samples.is_some() || tempo.is_some();
    Song::told(frames, seconds, playing && is_exact, tempo)
}

/// What the host says of its transport. One that says nothing leaves the framework's blank one.
fn host_transport(transport: &Transport) -> HostTransport {
    let Transport { playing: runs, recording: records, tempo, pos_samples, pos_seconds, pos_beats, .. } = *transport;
    let has_position = pos_samples.is_some() || pos_seconds.is_some() || pos_beats.is_some();
    HostTransport {
        is_told: runs || records || tempo.is_some() || has_position,
        runs,
        records,
        counts_in: transport.preroll_active == Some(true),
        cycle: cycle(transport),
    }
}

/// Returns the loop that the host plays, where it tells one.
fn cycle(transport: &Transport) -> Option<Cycle> {
    if let Some((start, end)) = transport.loop_range_samples {
        return Cycle::new(start, end);
    }
    let rate = f64::from(transport.sample_rate);
    let in_frames = |(start, end): (f64, f64)| Cycle::new((start * rate).round() as i64, (end * rate).round() as i64);
    if let Some(seconds) = transport.loop_range_seconds {
        return in_frames(seconds);
    }
    // Beats are counted from where the song is: the tempo may have changed before.
    let (Some((start, end)), Some(beats)) = (transport.loop_range_beats, transport.pos_beats) else { return None };
    let tempo = transport.tempo.filter(|tempo| *tempo > 0.0)?;
    let second = |beat: f64| Some(transport.pos_samples? as f64 / rate + (beat - beats) * 60.0 / tempo);
    in_frames((second(start)?, second(end)?))
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

    type Editor = RecorderEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        Arc::clone(&self.params) as Arc<dyn Params>
    }

    fn editor(&mut self, _async_executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let status = Arc::clone(&self.status);
        let library = TakeLibrary::new(Arc::new(move || status.scope().changed()));
        let foresee = foresee(Arc::clone(&self.status));
        let status = Arc::clone(&self.status);
        let preferences = Box::new(UserPreferences::new(Arc::new(move || status.scope().changed())));
        editor::create(Arc::clone(&self.params), Arc::clone(&self.status), foresee, Box::new(library), preferences)
    }

    fn filter_state(state: &mut PluginState) {
        RecorderParams::prepare_state(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.finish_recorder();
        rehearse();
        let channels = layout.main_input_channels.map_or(0, NonZeroU32::get);
        let format = StreamFormat::new(channels as usize, f64::from(config.sample_rate));
        // VST3 reports the mode of the activation before this one.
        let declared_offline = context.plugin_api() == PluginApi::Clap && config.process_mode == ProcessMode::Offline;
        let (sender, mut receiver) = link::link(format, link::capacity(format), Arc::clone(&self.status));
        // What was kept at another rate or of another layout is of no use.
        let history = self.history.take().filter(|(_, of)| *of == format).map(|(history, _)| history);
        let retained = history.as_ref().and_then(History::retained);
        if let Some(RetainedHistory { channels, .. }) = retained {
            receiver.resume(channels);
        }
        self.status.set_marker(self.params.marker.value());
        self.status.set_capture(self.params.capture.value());
        let switches = Arc::clone(&self.params) as Arc<dyn Switches>;
        let texts = Arc::clone(&self.params.texts);
        match WriterThread::start(receiver, switches, texts, self.params.group_sight(), history, log) {
            Ok(writer) => {
                let tap = Tap::new(sender, format, declared_offline, MonotonicClock::default());
                let tap = match retained {
                    Some(retained) => tap.resuming(retained),
                    None => tap,
                };
                let controls = SteadyControls::new(&self.params, format);
                let (exporter, api) = (self.exporter(), context.plugin_api());
                self.recorder = Some(Recorder { controls, tap, writer, format, api, exporter, is_broken: false });
            }
            // The sound still passes; the window says why nothing is recorded.
            Err(error) => self.status.set_no_writer(&error),
        }
        true
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Some(Recorder { controls, tap, is_broken: is_broken @ false, .. }) = &mut self.recorder else {
            return ProcessStatus::Normal;
        };
        let block = HostBlock {
            channels: buffer.channels(),
            frames: buffer.samples(),
            song: song(context.transport()),
            transport: host_transport(context.transport()),
        };
        let controls = controls.of_block(&self.params, &block);
        self.params.wishes.forget();
        // A panic must not reach the host: it would take the session down.
        match catch_unwind(AssertUnwindSafe(|| tap.process(&controls, buffer.as_slice_immutable()))) {
            Ok(true) => ProcessStatus::KeepAlive,
            Ok(false) => ProcessStatus::Normal,
            Err(_) => {
                *is_broken = true;
                tap.break_off();
                ProcessStatus::Normal
            }
        }
    }

    fn reset(&mut self) {
        if let Some(Recorder { tap, is_broken: false, api, .. }) = &mut self.recorder {
            // VST3 has no call that says that the host stops.
            let starts = std::mem::take(&mut self.is_stopped) || *api == PluginApi::Vst3;
            tap.reset(starts);
        }
    }

    fn stop_processing(&mut self) {
        self.is_stopped = true;
    }

    fn deactivate(&mut self) {
        self.finish_recorder();
    }

    /// The framework logs to the host's standard error unless told otherwise; a plugin should be silent there.
    fn setup_logger() -> Option<bool> {
        let is_wanted = std::env::var_os("NICE_LOG").is_some();
        if is_wanted { None } else { Some(false) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::take::{MAX_SONG_FRAMES, MAX_SONG_SECONDS};
    use crate::core::timeline::Timeline;
    use proptest::prelude::*;

    const RATE: f32 = 48_000.0;

    fn told(tell: impl FnOnce(&mut Transport)) -> Song {
        let mut transport = Transport::new(RATE);
        transport.playing = true;
        tell(&mut transport);
        song(&transport)
    }

    #[test]
    fn a_position_in_frames_or_in_seconds_is_the_song_s() {
        let of_vst3 = told(|transport| transport.pos_samples = Some(144_000));
        assert_eq!((of_vst3.position_frames, of_vst3.seconds), (Some(144_000), Some(3.0)));
        let of_clap = told(|transport| (transport.pos_seconds, transport.tempo) = (Some(-0.5), Some(93.5)));
        assert_eq!(of_clap, Song { position_frames: Some(-24_000), seconds: Some(-0.5), tempo: Some(93.5) });
        let standing = told(|transport| (transport.playing, transport.pos_samples) = (false, Some(144_000)));
        assert_eq!((standing.position_frames, standing.seconds), (None, Some(3.0)));
    }

    #[test]
    fn beats_without_seconds_are_no_position_whatever_the_tempo_and_whether_or_not_the_song_runs() {
        for tempo in [None, Some(120.0), Some(0.0)] {
            for playing in [true, false] {
                let song = told(|transport| {
                    (transport.playing, transport.tempo, transport.pos_beats) = (playing, tempo, Some(8.0));
                });
                assert_eq!((song.position_frames, song.seconds), (None, None), "{tempo:?}, playing {playing}");
            }
        }
    }

    #[test]
    fn a_tempo_that_cannot_be_is_none_and_costs_the_position_nothing() {
        for tempo in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let song = told(|transport| (transport.pos_seconds, transport.tempo) = (Some(2.0), Some(tempo)));
            assert_eq!(song, Song { position_frames: Some(96_000), seconds: Some(2.0), tempo: None }, "{tempo}");
        }
    }

    #[test]
    fn positions_at_the_ends_of_their_ranges_are_unknown() {
        for frames in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX, i64::MAX / 2] {
            let song = told(|transport| transport.pos_samples = Some(frames));
            assert_eq!((song.position_frames, song.seconds), (None, None), "{frames}");
        }
        // CLAP counts seconds in 63 bits, of which 31 are behind the point.
        let ends = [i64::MIN as f64, i64::MAX as f64].map(|end| end / f64::from(1u32 << 31));
        for seconds in ends.into_iter().chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX]) {
            let song = told(|transport| (transport.pos_seconds, transport.tempo) = (Some(seconds), Some(120.0)));
            assert_eq!((song.position_frames, song.seconds), (None, None), "{seconds}");
        }
    }

    /// Any number a host may send, the odd ones as often as the others.
    fn number() -> impl Strategy<Value = Option<f64>> {
        let odd =
            prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 1e8, -1e8]);
        prop::option::of(prop_oneof![odd, any::<f64>(), -1e9..1e9])
    }

    proptest! {
        #[test]
        fn whatever_a_host_tells_leads_to_a_place_in_a_song_or_to_none_and_overflows_nowhere(
            told in prop::collection::vec(
                (any::<bool>(), number(), number(), number(), prop::option::of(prop_oneof![
                    prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]),
                    any::<i64>(), -1i64 << 50..1 << 50,
                ])),
                1..20,
            ),
        ) {
            let mut timeline = Timeline::new(RATE as u32);
            for (playing, tempo, seconds, beats, frames) in told {
                let mut transport = Transport::new(RATE);
                (transport.playing, transport.tempo, transport.pos_samples) = (playing, tempo, frames);
                (transport.pos_seconds, transport.pos_beats) = (seconds, beats);
                let song = song(&transport);
                prop_assert!(song.tempo.is_none_or(|tempo| tempo > 0.0 && tempo.is_finite()));
                prop_assert!(song.seconds.is_none_or(|seconds| seconds.abs() <= MAX_SONG_SECONDS));
                if let Some(position) = song.position_frames {
                    prop_assert!(playing && song.seconds.is_some() && position.unsigned_abs() <= MAX_SONG_FRAMES);
                }
                let song = song.after(8_192, RATE as u32, cycle(&transport));
                timeline.leap(song.position_frames);
                timeline.block(song.position_frames, 8_192, false);
            }
        }
    }
}
