//! In the CLAP host: the saved state.

mod common;

use common::{
    CODEC, FILE_TYPE, MP3, N, RECORD, Rig, assert_takes, decode, files_in, instance_in, plugin, record, sound,
};
use headless_host::{Blocks, Change, ParamId, Render, SavedState, Setup};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const SETUP: Setup = Setup::new(48_000.0, 512);

#[test]
fn a_state_that_is_loaded_and_saved_again_is_the_same_to_the_byte() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [Change::new(0, CODEC, 3.0), Change::new(0, N, 42.0), record(0, true), record(50, false)];
    Render::new(&sound(2), 0..100).changes(&changes).play(&mut processor).unwrap();
    let saved = rig.instance.save_state().unwrap();
    let mut other = plugin().instance().unwrap();
    assert_ne!(other.save_state().unwrap(), saved);
    other.load_state(&saved).unwrap();
    assert_eq!(other.save_state().unwrap(), saved);
    rig.instance.deactivate(processor);
    assert_eq!(rig.instance.save_state().unwrap(), saved);
}

#[test]
fn a_state_saved_with_record_on_records_again_as_soon_as_sound_is_processed() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100).changes(&[record(0, true)]).play(&mut processor).unwrap();
    let saved = rig.instance.save_state().unwrap();
    rig.instance.deactivate(processor);

    let mut other = plugin().instance().unwrap();
    other.load_state(&saved).unwrap();
    assert_eq!(rig.files().len(), 1, "loading alone records nothing");
    let mut processor = other.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..1_000).play(&mut processor).unwrap();
    other.deactivate(processor);
    assert_takes(&rig.takes(), &[(0..100).collect(), (0..1_000).collect()]);
}

#[test]
fn a_state_load_during_a_take_does_not_cut_it_and_counts_for_the_next() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..1_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    let other_folder = tempfile::tempdir().unwrap();
    rig.instance.set_text("file", other_folder.path().join("other").to_str().unwrap()).unwrap();
    let changes = [record(2_000, false), record(2_500, true)];
    Render::new(&sound(2), 1_000..3_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(5..2_000).collect()]);
    assert_takes(&[decode(&other_folder.path().join("other-001.wav"))], &[(2_500..3_000).collect()]);
}

#[test]
fn a_take_keeps_the_file_name_of_its_first_frame_though_it_changes_before_the_writer_looks() {
    let mut rig = Rig::new();
    let other_folder = tempfile::tempdir().unwrap();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100).changes(&[record(0, true)]).play(&mut processor).unwrap();
    rig.instance.set_text("file", other_folder.path().join("other").to_str().unwrap()).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(0..100).collect()]);
    assert!(files_in(other_folder.path()).is_empty());
}

#[test]
fn a_state_that_does_not_name_a_parameter_means_its_default() {
    let mut rig = Rig::new();
    let mut state = SavedState::from_bytes(&rig.instance.save_state().unwrap()).unwrap();
    state.remove_param("codec").unwrap();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..10).changes(&[Change::new(0, CODEC, 0.0)]).play(&mut processor).unwrap();
    assert_eq!(rig.instance.value(CODEC).unwrap().map(f64::round), Some(0.0));
    rig.instance.load_state(&state.to_bytes()).unwrap();
    assert_eq!(rig.instance.value(CODEC).unwrap().map(f64::round), Some(1.0));
    rig.instance.deactivate(processor);
}

#[test]
fn a_state_of_rubbish_is_refused_and_changes_nothing() {
    let mut rig = Rig::new();
    let saved = rig.instance.save_state().unwrap();
    for cut in [0, 1, 8, saved.len() / 2, saved.len() - 1] {
        assert!(rig.instance.load_state(&saved[..cut]).is_err(), "{cut} bytes were taken for a state");
        assert_eq!(rig.instance.save_state().unwrap(), saved);
    }
}

#[test]
fn the_parameters_have_the_ids_labels_and_defaults_of_the_operator() {
    let mut instance = plugin().instance().unwrap();
    let params = instance.params().unwrap();
    let expected: [(&str, &str, f64, f64); 16] = [
        ("record", "Record", 1.0, 0.0),
        ("pause", "Pause", 1.0, 0.0),
        ("filetype", "File Type", 5.0, 0.0),
        ("codec", "Codec", 3.0, 1.0),
        ("bitrate", "Bit Rate", 6.0, 2.0),
        ("uniquesuff", "Unique Suffix", 1.0, 1.0),
        ("n", "N", 9999.0, 0.0),
        ("rate", "Sample Rate", 6.0, 0.0),
        ("srselect", "Sample Rate Match", 3.0, 0.0),
        ("timeslice", "Time Slice", 1.0, 0.0),
        ("exportmethod", "Export Method", 3.0, 0.0),
        ("marker", "Marker", 1.0, 0.0),
        ("loudness", "Loudness", 1.0, 0.0),
        ("dither", "Dither", 1.0, 0.0),
        ("split", "Split", 5.0, 0.0),
        ("files", "Files", 1.0, 0.0),
    ];
    for (name, label, max, default) in expected {
        let id = ParamId::named(name);
        assert_eq!(params.iter().filter(|param| param.id == id).count(), 1, "the id of {name} is its own");
        let param = params.iter().find(|param| param.id == id).unwrap();
        // The framework keeps normalised 32-bit values: a menu's third entry of four is 2.00000006.
        let values = (param.min, param.max, param.default.round());
        assert_eq!((param.name.as_str(), values), (label, (0.0, max, default)), "{name}");
        assert!(param.automatable && !param.hidden && !param.read_only, "{name}");
    }
    let menu = |instance: &mut headless_host::Instance, id, count: usize| -> Vec<String> {
        (0..count).map(|index| instance.value_to_text(id, index as f64).unwrap().unwrap()).collect()
    };
    assert_eq!(menu(&mut instance, FILE_TYPE, 6), ["WAV", "MP3", "Ogg Vorbis", "AIFF", "FLAC", "Opus"]);
    assert_eq!(menu(&mut instance, CODEC, 4), ["16-bit PCM", "24-bit PCM", "32-bit PCM", "32-bit float"]);
    assert_eq!(instance.value(RECORD).unwrap(), Some(0.0));
    let state = SavedState::from_bytes(&instance.save_state().unwrap()).unwrap();
    for (key, default) in [
        ("file", "AudioFileOut{suffix}"),
        ("scope", "*"),
        ("autoexportroot", "/audiofileout"),
        ("exporttable", ""),
        ("exporttarget", "127.0.0.1:7000"),
    ] {
        assert_eq!(state.text(key).as_deref(), Some(default), "{key}");
    }
}

#[test]
fn the_tracks_name_reaches_the_file_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = instance_in(folder.path());
    instance.set_text("file", folder.path().join("{track}{suffix}").to_str().unwrap()).unwrap();
    instance.set_track_name("Drums: \"loud\"").unwrap();
    let mut processor = instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100).changes(&[record(0, true)]).play(&mut processor).unwrap();
    instance.deactivate(processor);
    let files = files_in(folder.path());
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("Drums") && name.ends_with("-001.wav"), "{name}");
    assert!(!name.contains([':', '"']), "{name}");
}

#[test]
fn a_menu_entry_is_read_from_its_label() {
    let mut instance = plugin().instance().unwrap();
    let mut read = |id, text| instance.text_to_value(id, text).unwrap().map(f64::round);
    assert_eq!(read(FILE_TYPE, "MP3"), Some(MP3));
    assert_eq!(read(CODEC, "32-bit float"), Some(3.0));
}

#[test]
fn values_that_there_are_not_mean_the_default_and_cannot_break_a_later_save() {
    let mut instance = plugin().instance().unwrap();
    let defaults = instance.save_state().unwrap();
    for (name, value) in [
        ("codec", "99"),
        ("codec", "-1"),
        ("codec", "\"pcm64\""),
        ("codec", "true"),
        ("filetype", "\"wma\""),
        ("n", "-5"),
        ("n", "123456"),
        ("record", "1"),
        ("uniquesuff", "0.5"),
    ] {
        let mut state = SavedState::from_bytes(&defaults).unwrap();
        state.set_param(name, serde_json::from_str(value).unwrap()).unwrap();
        instance.load_state(&state.to_bytes()).unwrap();
        assert_eq!(instance.save_state().unwrap(), defaults, "{name} = {value}");
    }
}

/// What a state says of a take, and what the file shows of it.
struct Side {
    name: &'static str,
    file_type: &'static str,
    codec: &'static str,
    scope: &'static str,
    channels_and_bits: (u16, u16),
}

const SIDES: [Side; 2] = [
    Side { name: "one", file_type: "wav", codec: "pcm16", scope: "chan1", channels_and_bits: (1, 16) },
    Side { name: "two", file_type: "aiff", codec: "pcm32", scope: "*", channels_and_bits: (2, 32) },
];

#[test]
fn a_take_that_begins_while_a_state_is_loaded_is_wholly_of_the_old_or_of_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = plugin().instance().unwrap();
    let state = |instance: &mut headless_host::Instance, side: &Side| {
        let mut state = SavedState::from_bytes(&instance.save_state().unwrap()).unwrap();
        state.set_param("filetype", side.file_type.into()).unwrap();
        state.set_param("codec", side.codec.into()).unwrap();
        state.set_text("file", folder.path().join(format!("{}{{suffix}}", side.name)).to_str().unwrap()).unwrap();
        state.set_text("scope", side.scope).unwrap();
        state.set_text("header", &format!("title = title of {}", side.name)).unwrap();
        state.to_bytes()
    };
    let states = SIDES.each_ref().map(|side| state(&mut instance, side));
    instance.load_state(&states[0]).unwrap();
    instance.set_offline(true).unwrap();
    let takes = 0..50;
    let changes: Vec<_> = takes.flat_map(|take| [record(take * 100, true), record(take * 100 + 50, false)]).collect();
    for _ in 0..20 {
        let mut processor = instance.activate(SETUP).unwrap();
        let played = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let sound = sound(2);
                let render = Render::new(&sound, 0..5_000).blocks(Blocks::Fixed(64)).changes(&changes);
                render.play(&mut processor).unwrap();
                played.store(true, Relaxed);
            });
            // A late writer still finds the texts of so many loads before.
            for state in states.iter().cycle().take(200) {
                instance.load_state(state).unwrap();
                if played.load(Relaxed) {
                    break;
                }
            }
        });
        instance.deactivate(processor);
    }
    let mut of_side = [0; 2];
    for path in &files_in(folder.path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let index = SIDES.iter().position(|side| name.starts_with(side.name)).unwrap();
        of_side[index] += 1;
        let side = &SIDES[index];
        assert_eq!(path.extension().unwrap(), side.file_type, "the type of {name}");
        let bytes = std::fs::read(path).unwrap();
        let title = format!("title of {}", side.name);
        assert!(bytes.windows(title.len()).any(|window| window == title.as_bytes()), "the header of {name}");
        assert_eq!(channels_and_bits(&bytes), side.channels_and_bits, "channels and bits of {name}");
    }
    assert!(of_side.into_iter().all(|takes| takes > 20), "of each side: {of_side:?}");
}

/// Channels and bits of a sample, as the head of a WAV or AIFF file says them.
fn channels_and_bits(file: &[u8]) -> (u16, u16) {
    let after = |chunk: &[u8; 4]| 8 + file.windows(4).position(|window| window == chunk).unwrap();
    let at = |position: usize| [file[position], file[position + 1]];
    if file.starts_with(b"RIFF") {
        let format = after(b"fmt ");
        (u16::from_le_bytes(at(format + 2)), u16::from_le_bytes(at(format + 14)))
    } else {
        let common = after(b"COMM");
        (u16::from_be_bytes(at(common)), u16::from_be_bytes(at(common + 6)))
    }
}
