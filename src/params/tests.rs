//! Loading a state step by step, as the framework does, with the audio thread looking between any two steps.

use super::*;
use crate::core::format::StreamFormat;
use crate::core::take::{HostTransport, Song};
use nice_plug::plugin::ParamValue;
use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::sync::{Mutex, Weak};
use std::thread;

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };
const BLOCK: usize = 512;

/// All that a take which begins now would be recorded with.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    controls: Controls,
    file: String,
    header: String,
}

/// The audio thread's look at the parameters, and what it saw.
struct Audio {
    controls: Mutex<SteadyControls>,
    seen: Mutex<Vec<Seen>>,
}

impl Audio {
    fn new(params: &RecorderParams) -> Self {
        Self { controls: Mutex::new(SteadyControls::new(params, FORMAT)), seen: Mutex::default() }
    }

    fn controls(&self, params: &RecorderParams) -> Controls {
        let (song, transport) = (Song::default(), HostTransport::default());
        let block = HostBlock { channels: FORMAT.channels, frames: BLOCK, song, transport };
        // Only the first block after a load has it.
        Controls { is_loaded: false, ..self.controls.lock().unwrap().of_block(params, &block) }
    }

    /// One block: what the take machine gets. The texts of its revision are looked up later, as the writer does it.
    fn look(&self, params: &RecorderParams) {
        let seen = Seen { controls: self.controls(params), file: String::new(), header: String::new() };
        self.seen.lock().unwrap().push(seen);
    }

    fn take_seen(&self, params: &RecorderParams) -> Vec<Seen> {
        let with_texts = |seen: Seen| {
            let texts = params.texts.at(seen.controls.settings.text_revision);
            Seen { file: texts.file.clone(), header: texts.header.clone(), ..seen }
        };
        self.seen.lock().unwrap().drain(..).map(with_texts).collect()
    }
}

/// Parameters of which every single change lets the audio thread look.
fn watched() -> (Arc<RecorderParams>, Arc<Audio>) {
    let audio = Arc::new(Audio::new(&RecorderParams::default()));
    let params = Arc::new_cyclic(|params: &Weak<RecorderParams>| {
        let (params, audio) = (params.clone(), Arc::clone(&audio));
        let look = move || {
            if let Some(params) = params.upgrade() {
                audio.look(&params);
            }
        };
        let look = Arc::new(look);
        macro_rules! watch {
            ($($name:ident),+) => {
                RecorderParams {
                    $($name: RecorderParams::default().$name.with_callback({
                        let look = Arc::clone(&look);
                        Arc::new(move |_| look())
                    }),)+
                    ..RecorderParams::default()
                }
            };
        }
        watch!(
            record,
            pause,
            file_type,
            codec,
            bit_rate,
            unique_suffix,
            n,
            rate,
            rate_match,
            time_slice,
            export_method,
            loudness,
            dither,
            split,
            files
        )
    });
    (params, audio)
}

fn saved(params: impl IntoIterator<Item = (&'static str, ParamValue)>, texts: [&str; 3]) -> PluginState {
    let texts = ["file", "scope", "header"].into_iter().zip(texts);
    PluginState {
        version: String::new(),
        params: params.into_iter().map(|(id, value)| (id.to_owned(), value)).collect(),
        fields: texts.map(|(key, text)| (key.to_owned(), format!("\"{text}\""))).collect(),
    }
}

/// Two states that differ in everything.
fn states() -> [PluginState; 2] {
    let menu = |id: &str| ParamValue::String(id.to_owned());
    let one = [
        ("record", ParamValue::Bool(false)),
        ("pause", ParamValue::Bool(true)),
        ("filetype", menu("wav")),
        ("codec", menu("pcm16")),
        ("bitrate", ParamValue::I32(1)),
        ("uniquesuff", ParamValue::Bool(true)),
        ("n", ParamValue::I32(1)),
        ("rate", ParamValue::I32(1)),
        ("srselect", ParamValue::I32(1)),
        ("timeslice", ParamValue::Bool(false)),
        ("exportmethod", ParamValue::I32(0)),
        ("loudness", ParamValue::Bool(true)),
        ("dither", menu("off")),
        ("split", ParamValue::I32(0)),
        ("files", ParamValue::I32(0)),
    ];
    let two = [
        ("record", ParamValue::Bool(true)),
        ("pause", ParamValue::Bool(false)),
        ("filetype", menu("flac")),
        ("codec", menu("pcm32")),
        ("bitrate", ParamValue::I32(3)),
        ("uniquesuff", ParamValue::Bool(false)),
        ("n", ParamValue::I32(2)),
        ("rate", ParamValue::I32(2)),
        ("srselect", ParamValue::I32(2)),
        ("timeslice", ParamValue::Bool(true)),
        ("exportmethod", ParamValue::I32(1)),
        ("loudness", ParamValue::Bool(false)),
        ("dither", menu("tpdf")),
        ("split", ParamValue::I32(1)),
        ("files", ParamValue::I32(1)),
    ];
    [saved(one, ["one", "chan1", "title = one"]), saved(two, ["two", "chan2", "title = two"])]
}

/// What the framework's `deserialize_object` does (its `src/wrapper/state.rs`), step by step.
fn load(params: &RecorderParams, mut state: PluginState, mut between: impl FnMut()) {
    RecorderParams::prepare_state(&mut state);
    between();
    let pointers: BTreeMap<_, _> = params.param_map().into_iter().map(|(id, pointer, _)| (id, pointer)).collect();
    for (id, value) in &state.params {
        let Some(&pointer) = pointers.get(id) else { continue };
        // SAFETY: the parameters that the pointer leads to are borrowed.
        unsafe { state::set(pointer, value) };
        between();
    }
    params.deserialize_fields(&state.fields);
}

#[test]
fn between_any_two_steps_of_a_load_the_audio_thread_sees_all_of_the_old_state_and_afterwards_all_of_the_new() {
    let (params, audio) = watched();
    let mut before = None;
    for (round, state) in states().into_iter().cycle().take(6).enumerate() {
        load(&params, state, || audio.look(&params));
        let during = audio.take_seen(&params);
        audio.look(&params);
        let after = audio.take_seen(&params).remove(0);
        let name = ["one", "two"][round % 2];
        assert_eq!((after.file.as_str(), after.header.as_str()), (name, format!("title = {name}").as_str()));
        assert_eq!(usize::from(after.controls.settings.n), 1 + round % 2);
        if let Some(before) = before.replace(after) {
            assert!(during.len() > 11, "a look for each parameter: {}", during.len());
            for (step, seen) in during.into_iter().enumerate() {
                assert_eq!(seen, before, "step {step} of the load of {name}");
            }
        }
    }
}

#[test]
fn a_load_that_breaks_off_leaves_the_old_state_in_force_and_record_heard() {
    let (params, audio) = watched();
    let [one, mut two] = states();
    load(&params, one, || ());
    let before = audio.controls(&params);
    RecorderParams::prepare_state(&mut two);
    assert_eq!(audio.controls(&params), before);
    // A state that nobody has prepared holds no parameters: nothing of it counts.
    params.deserialize_fields(&states()[1].fields);
    assert_eq!(audio.controls(&params), before);
    automate_record(&params, true);
    assert_eq!(audio.controls(&params), Controls { record: true, ..before });
}

/// What the host's automation does.
fn automate_record(params: &RecorderParams, on: bool) {
    // SAFETY: the parameter is borrowed.
    unsafe { state::set(params.record.as_ptr(), &ParamValue::Bool(on)) };
}

#[test]
fn a_load_that_never_ends_makes_the_recorder_deaf_for_a_second_at_most() {
    let params = RecorderParams::default();
    let audio = Audio::new(&params);
    let (started, has_started) = channel();
    let (release, is_released) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            params.loads.change(move || {
                started.send(()).unwrap();
                let _ = is_released.recv();
            })
        });
        has_started.recv().unwrap();
        automate_record(&params, true);
        let deaf_blocks = (0..).take_while(|_| !audio.controls(&params).record).count();
        assert_eq!(deaf_blocks, (FORMAT.sample_rate as usize).div_ceil(BLOCK));
        automate_record(&params, false);
        assert!(!audio.controls(&params).record, "automation is heard at once from then on");
        drop(release);
    });
    automate_record(&params, true);
    assert!(audio.controls(&params).record);
}

#[test]
fn texts_of_a_state_that_are_none_mean_their_defaults() {
    let params = RecorderParams::default();
    let [_, mut damaged] = states();
    load(&params, damaged.clone(), || ());
    for (key, value) in [("file", "5"), ("scope", "[]"), ("header", "\"cut off"), ("window", "\"wide\"")] {
        damaged.fields.insert(key.to_owned(), value.to_owned());
    }
    load(&params, damaged, || ());
    assert_eq!(params.serialize_fields(), RecorderParams::default().serialize_fields());
}

#[test]
fn loads_from_two_threads_leave_all_of_one_of_the_states() {
    let params = RecorderParams::default();
    for _ in 0..200 {
        thread::scope(|scope| {
            for state in states() {
                scope.spawn(|| load(&params, state, || ()));
            }
        });
        let settings = params.settings();
        let is_one = settings.n == 1;
        let texts = params.texts.current();
        let expected = if is_one { ("one", "chan1", FileType::Wav) } else { ("two", "chan2", FileType::Flac) };
        assert_eq!((texts.file.as_str(), texts.scope.as_str(), settings.file_type), expected);
        assert_eq!((params.record.value(), params.pause.value()), (!is_one, is_one));
    }
}

#[test]
fn a_press_in_the_window_counts_until_the_host_says_what_the_parameter_is() {
    let params = RecorderParams::default();
    params.wishes.record.set(true);
    assert!(params.wants_record() && !params.record.value());
    // SAFETY: the parameter is alive; it is set as the framework does it.
    unsafe { state::set(params.record.as_ptr(), &ParamValue::Bool(true)) };
    // SAFETY: as before.
    unsafe { state::set(params.record.as_ptr(), &ParamValue::Bool(false)) };
    assert!(!params.wants_record(), "the host decides");
    params.wishes.pause.set(true);
    assert!(params.wants_pause());
    params.wishes.forget();
    assert!(!params.wants_pause(), "a block came, and it was not so");
}
