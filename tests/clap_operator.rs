//! In the CLAP host: the operator's Common page, and what files say of themselves.

mod common;

use common::{Rig, assert_takes, decode, record, sample, sound};
use headless_host::{Blocks, Change, ParamId, Render, Setup, Signal, Transport};

const RATE: ParamId = ParamId::named("rate");
const RATE_MATCH: ParamId = ParamId::named("srselect");

/// Entries of `rate`, by their place in the menu.
const WANTED_44100: f64 = 1.0;
const WANTED_48000: f64 = 2.0;
const WANTED_96000: f64 = 4.0;

/// Entries of `srselect`.
const FIRST: f64 = 0.0;
const MAXIMUM: f64 = 1.0;
const MINIMUM: f64 = 2.0;
const ERROR: f64 = 3.0;

/// Records `frames` frames of a track with `channels` channels whose scope is `scope`.
fn record_scope(scope: &str, channels: u32, frames: usize) -> Rig {
    let mut rig = Rig::new();
    rig.instance.set_text("scope", scope).unwrap();
    rig.instance.select_layout(channels).unwrap();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let played = Render::new(&sound(channels as usize), 0..frames).changes(&[record(0, true)]).play(&mut processor);
    assert!(played.unwrap().output_equals_input(), "all channels pass, whatever the scope");
    rig.instance.deactivate(processor);
    rig
}

#[test]
fn only_the_channels_of_the_scope_are_recorded() {
    for (scope, channels, expected) in [
        ("*", 2, vec![0, 1]),
        ("R", 2, vec![1]),
        ("chan[2-4] ^chan3", 6, vec![1, 3]),
        ("^chan1", 3, vec![1, 2]),
        ("chan1*", 12, vec![0, 9, 10, 11]),
    ] {
        let take = record_scope(scope, channels, 1_000).takes().pop().unwrap();
        assert_eq!(take.channels(), expected.len(), "{scope}");
        for (samples, &channel) in take.planar.iter().zip(&expected) {
            for (frame, &value) in samples.iter().enumerate() {
                assert_eq!(value, f64::from(sample(channel, frame)), "{scope}, channel {channel}, frame {frame}");
            }
        }
    }
}

#[test]
fn a_scope_that_matches_nothing_leaves_no_file() {
    assert!(record_scope("chan9", 2, 1_000).files().is_empty());
}

#[test]
fn a_scope_that_changes_during_a_take_counts_for_the_next() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    Render::new(&sound(2), 0..1_000).changes(&[record(0, true)]).play(&mut processor).unwrap();
    rig.instance.set_text("scope", "L").unwrap();
    let changes = [record(2_000, false), record(2_100, true)];
    Render::new(&sound(2), 1_000..3_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let takes = rig.takes();
    assert_eq!(takes.iter().map(|take| take.channels()).collect::<Vec<_>>(), [2, 1]);
    assert_takes(&takes, &[(0..2_000).collect(), (2_100..3_000).collect()]);
}

/// A take of one second of a sine at `host_rate`: the rate and length of its file, if there is one, and its samples.
fn record_at(host_rate: u32, wanted: f64, how: f64, frames: usize) -> Option<(u32, Vec<f64>)> {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(f64::from(host_rate), 512)).unwrap();
    let tone = move |_: usize, frame: usize| {
        (frame as f64 * 1_000.0 / f64::from(host_rate) * std::f64::consts::TAU).sin() as f32 * 0.5
    };
    let changes = [Change::new(0, RATE, wanted), Change::new(0, RATE_MATCH, how), record(0, true)];
    Render::new(&Signal(2, tone), 0..frames).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let path = rig.files().pop()?;
    let mut take = decode(&path);
    Some((take.sample_rate, take.planar.swap_remove(0)))
}

#[test]
fn the_file_has_the_rate_that_the_matching_chooses_and_the_exact_length() {
    for (host, wanted, how, expected) in [
        (44_100, WANTED_48000, FIRST, 48_000),
        (96_000, WANTED_44100, FIRST, 44_100),
        (48_000, WANTED_48000, FIRST, 48_000),
        (96_000, WANTED_48000, MAXIMUM, 96_000),
        (44_100, WANTED_96000, MAXIMUM, 96_000),
        (96_000, WANTED_48000, MINIMUM, 48_000),
        (44_100, WANTED_96000, MINIMUM, 44_100),
        (48_000, WANTED_48000, ERROR, 48_000),
    ] {
        let frames = 50_001;
        let (rate, samples) = record_at(host, wanted, how, frames).unwrap();
        let length = (frames as f64 * f64::from(expected) / f64::from(host)).round() as usize;
        assert_eq!((rate, samples.len()), (expected, length), "{host} Hz, wanted {wanted}, match {how}");
        // Aligned with the input: the tone stands where it stood. The ends are left out, where the sound breaks off.
        for (frame, value) in samples.iter().enumerate().take(length - 2_000).skip(2_000) {
            let expected = (frame as f64 * 1_000.0 / f64::from(rate) * std::f64::consts::TAU).sin() * 0.5;
            assert!((value - expected).abs() < 1e-4, "{host} to {rate} Hz, frame {frame}: {value} for {expected}");
        }
    }
}

#[test]
fn an_error_where_rates_differ_leaves_no_file() {
    assert!(record_at(44_100, WANTED_48000, ERROR, 5_000).is_none());
}

#[test]
fn every_parameter_keeps_any_of_its_values_over_save_and_load() {
    let mut rig = Rig::new();
    let params = rig.instance.params().unwrap();
    let mut other = common::plugin().instance().unwrap();
    for choose in [|min: f64, _: f64| min, |_: f64, max: f64| max, |min: f64, max: f64| ((min + max) / 2.0).floor()] {
        let mut processor = rig.instance.activate(Setup::new(48_000.0, 64)).unwrap();
        let changes: Vec<_> =
            params.iter().map(|param| Change::new(0, param.id, choose(param.min, param.max))).collect();
        Render::new(&sound(2), 0..64).changes(&changes).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        let saved = rig.instance.save_state().unwrap();
        other.load_state(&saved).unwrap();
        assert_eq!(other.save_state().unwrap(), saved);
        for param in &params {
            assert_eq!(other.value(param.id).unwrap(), rig.instance.value(param.id).unwrap(), "{}", param.name);
        }
    }
}

#[test]
fn a_take_of_every_type_is_exact_and_holds_its_frames() {
    use common::FILE_TYPE;
    for (index, extension) in ["wav", "mp3", "ogg", "aiff", "flac", "opus"].into_iter().enumerate() {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            let mut rig = Rig::new();
            let mut processor = rig.instance.activate(Setup::new(rate, 512)).unwrap();
            let changes = [Change::new(0, FILE_TYPE, index as f64), record(1_000, true), record(40_000, false)];
            let played = Render::new(&sound(2), 0..50_000).changes(&changes).play(&mut processor).unwrap();
            rig.instance.deactivate(processor);
            assert!(played.output_equals_input());
            let path = rig.files().pop().unwrap();
            assert_eq!(path.extension().unwrap(), extension);
            let take = decode(&path);
            let rate_of_file = match extension {
                "mp3" => rate.min(48_000.0),
                "opus" => 48_000.0,
                _ => rate,
            };
            let expected = (39_000.0 * rate_of_file / rate).round() as usize;
            assert_eq!(take.frames(), expected, "{extension} at {rate} Hz");
            if matches!(extension, "wav" | "aiff" | "flac") {
                assert_takes(&[take], &[(1_000..40_000).collect()]);
            }
        }
    }
}

#[test]
fn with_time_slice_a_jump_ahead_is_silence_and_a_loop_or_a_split_block_is_not() {
    for tempo in [Some(120.0), None] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(Setup::new(48_000.0, 500)).unwrap();
        let mut play = |seconds, playing, frames, changes: &[Change]| {
            processor.set_transport(Some(Transport { playing, recording: false, seconds, tempo }));
            let blocks = Blocks::Fixed(500);
            Render::new(&sound(2), frames).blocks(blocks).changes(changes).play(&mut processor).unwrap();
        };
        let split = Change::new(1_250, ParamId::named("n"), 7.0);
        play(10.0, true, 0..2_000, &[Change::new(0, ParamId::named("timeslice"), 1.0), record(0, true), split]);
        play(10.0 + 3_000.0 / 48_000.0, true, 2_000..3_000, &[]);
        play(1.0, true, 3_000..4_000, &[]);
        play(60.0, false, 4_000..5_000, &[]);
        rig.instance.deactivate(processor);
        let take = rig.takes().pop().unwrap();
        // Without a tempo the position within a split block cannot be trusted, and nothing is filled in.
        let silence = if tempo.is_some() { 1_000 } else { 0 };
        assert_eq!(take.frames(), 5_000 + silence, "tempo {tempo:?}");
        let expected = (0..2_000).map(Some).chain(vec![None; silence]).chain((2_000..5_000).map(Some));
        for (value, frame) in take.planar[0].iter().zip(expected) {
            assert_eq!(*value, frame.map_or(0.0, |frame| f64::from(sample(0, frame))));
        }
    }
}

#[test]
fn a_file_tells_the_header_and_where_in_the_song_it_begins() {
    let mut rig = Rig::new();
    rig.instance.set_text("header", "artist = Ä\nMood = blue").unwrap();
    rig.instance.set_track_name("Drums").unwrap();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    processor.set_transport(Some(Transport { playing: true, recording: false, seconds: 2.0, tempo: Some(93.5) }));
    let changes = [Change::new(0, common::FILE_TYPE, 4.0), record(24_000, true)];
    Render::new(&sound(2), 0..48_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let bytes = std::fs::read(rig.files().pop().unwrap()).unwrap();
    for field in ["ARTIST=Ä", "MOOD=blue", "TITLE=Drums", "BPM=93.5", "SONGPOSITION=2.5", "ENCODER=Audio File Out "] {
        assert!(bytes.windows(field.len()).any(|window| window == field.as_bytes()), "no {field}");
    }
}
