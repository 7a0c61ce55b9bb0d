//! In the CLAP host: takes begin with what passed before, and Capture makes a take of it, to the frame.

mod common;

use common::model::{Heard, RATE, expected, expected_with};
use common::riff::Chunks;
use common::{
    AT_SONG_JUMPS, FILE_TYPE, FILES, FLOAT32, ONE_FOR_EACH_CHANNEL, PREROLL, Rig, SPLIT, UNIQUE_SUFFIX, assert_takes,
    capture, count_frames, decode, keep, pause, preroll, record, sound,
};
use headless_host::{Blocks, Change, Played, Processor, Render, Setup, Signal, Transport};
use std::ops::Range;

const SETUP: Setup = Setup::new(RATE as f64, 8_192);

fn play(processor: &mut Processor, span: Range<usize>, blocks: Blocks, changes: &[Change]) -> Played {
    let played = Render::new(&sound(2), span).blocks(blocks).changes(changes).play(processor).unwrap();
    assert!(played.output_equals_input());
    played
}

/// The takes of one activation in which `frames` frames are played with these changes.
fn recorded(blocks: Blocks, changes: &[Change], frames: usize) -> Vec<common::Decoded> {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..frames, blocks, changes);
    rig.instance.deactivate(processor);
    rig.takes()
}

#[test]
fn a_take_begins_so_long_before_its_first_frame_at_any_rate_in_any_blocks() {
    for rate in [44_100, 48_000, 96_000, 192_000] {
        for block in [1, 64, 777, 8_192] {
            let mut rig = Rig::new();
            let mut processor = rig.instance.activate(Setup::new(f64::from(rate), 8_192)).unwrap();
            let changes = [preroll(0, 0.05), record(20_001, true), record(22_000, false)];
            play(&mut processor, 0..23_000, Blocks::Fixed(block), &changes);
            rig.instance.deactivate(processor);
            let first = 20_001 - rate as usize / 20;
            assert_takes(&rig.takes(), &[(first..22_000).collect()]);
        }
    }
}

#[test]
fn there_is_no_more_preroll_than_sound_since_the_plugin_was_activated() {
    let changes = [preroll(0, 300.0), record(1_000, true)];
    assert_takes(&recorded(Blocks::Fixed(512), &changes, 3_000), &[(0..3_000).collect()]);
}

#[test]
fn takes_that_follow_each_other_within_the_preroll_join() {
    let mut changes = vec![preroll(0, 0.1)];
    changes.extend((0..20).map(|toggle| record(1_000 + 700 * toggle, toggle % 2 == 0)));
    let takes = recorded(Blocks::Random { seed: 4, max: 2_000 }, &changes, 20_000);
    let joined = |take: usize| {
        let end = 1_700 + 1_400 * take;
        (if take == 0 { 0 } else { end - 1_400 }..end).collect()
    };
    assert_takes(&takes, &(0..10).map(joined).collect::<Vec<_>>());
}

/// Record, pause, Capture, Pre-roll and Keep at random frames, several of them in one block.
#[test]
fn everything_at_once_keeps_the_rule_in_any_blocks() {
    let mut all = 0;
    for seed in 0..24_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let mut changes = vec![keep(0, [0.0, 0.02, 0.3][seed as usize % 3])];
        for _ in 0..90 {
            let (frame, on) = (1 + random(29_999), random(2) == 0);
            changes.push(match random(5) {
                0 | 1 => record(frame, on),
                2 => pause(frame, on),
                3 => capture(frame, on),
                _ => preroll(frame, [0.0, 0.01, 0.1, 300.0][random(4)]),
            });
        }
        // With neither there is no history, which begins when the first of them is set.
        changes.push(preroll(0, 0.05));
        changes.sort_by_key(|change| change.frame);
        let is_off = |change: &Change| change.param == PREROLL && change.value == 0.0;
        if seed % 3 == 0 {
            changes.retain(|change| !is_off(change));
        }
        let blocks = match seed % 4 {
            0 => Blocks::Fixed(1 + random(64)),
            1 => Blocks::Fixed(8_192),
            _ => Blocks::Random { seed, max: 8_192 },
        };
        let expected = expected(&changes, 0..30_000);
        let takes = recorded(blocks, &changes, 30_000);
        assert_takes(&takes, &expected);
        all += expected.len();
    }
    assert!(all > 150, "{all} takes show little");
}

/// Quiet noise with bursts of loud noise, each sample another one.
fn burst(channel: usize, frame: usize) -> f32 {
    let sample = common::sample(channel, frame);
    if (frame / 911) % 37 == 5 { sample } else { sample / 1_024.0 }
}

/// The same with a start by sound, whose threshold and hold are crossed in mid-block, too.
#[test]
fn everything_at_once_keeps_the_rule_where_sound_starts_the_takes() {
    const HOLD: usize = RATE / 2;
    let mut all = 0;
    for seed in 0..8_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let settings = [(common::START, common::WITH_SOUND), (common::HOLD, 0.0), (common::CODEC, FLOAT32)];
        let mut changes: Vec<_> = settings.map(|(param, value)| Change::new(0, param, value)).to_vec();
        changes.extend([keep(0, 0.3), preroll(0, 0.05), record(1, true)]);
        for _ in 0..60 {
            let (frame, on) = (2 + random(299_998), random(4) > 0);
            changes.push(match random(5) {
                0 => record(frame, on),
                1 => pause(frame, !on),
                2 => capture(frame, on),
                _ => preroll(frame, [0.01, 0.1, 300.0][random(3)]),
            });
        }
        changes.sort_by_key(|change| change.frame);
        let is_loud = |frame: usize| (0..2).any(|channel| burst(channel, frame).abs() > 0.01);
        let mut left = 0;
        let expected = expected_with(&changes, 0..300_000, |frame, recording| {
            let begins_anew = recording && left == 0 && is_loud(frame);
            left = match (recording, is_loud(frame)) {
                (false, _) => 0,
                (true, true) => HOLD + 1,
                (true, false) => left,
            };
            let record = left > 0;
            left = left.saturating_sub(1);
            Heard { record, begins_anew }
        });
        let blocks = [Blocks::Fixed(8_192), Blocks::Fixed(333), Blocks::Random { seed, max: 8_192 }];
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let input = Signal(2, burst as fn(usize, usize) -> f32);
        let render = Render::new(&input, 0..300_000).blocks(blocks[seed as usize % 3].clone()).changes(&changes);
        assert!(render.play(&mut processor).unwrap().output_equals_input());
        rig.instance.deactivate(processor);
        let takes = rig.takes();
        let lengths: Vec<_> = takes.iter().map(common::Decoded::frames).collect();
        assert_eq!(lengths, expected.iter().map(Vec::len).collect::<Vec<_>>(), "seed {seed}");
        for (take, frames) in takes.iter().zip(&expected) {
            let is_exact = |(value, frame): (&f64, &usize)| *value == f64::from(burst(1, *frame));
            assert!(take.planar[1].iter().zip(frames).all(is_exact), "seed {seed}");
        }
        all += takes.len();
    }
    assert!(all > 40, "{all} takes show little");
}

#[test]
fn capture_saves_the_last_seconds_once_and_recording_goes_on_undisturbed() {
    let changes = [
        keep(0, 0.1),
        record(10_000, true),
        capture(11_000, true),
        capture(11_500, false),
        // All of it is in a take.
        capture(11_600, true),
        record(12_000, false),
        capture(12_001, false),
        capture(13_000, true),
    ];
    let takes = recorded(Blocks::Fixed(512), &changes, 14_000);
    assert_takes(&takes, &[(10_000..12_000).collect(), (6_200..10_000).collect(), (12_000..13_000).collect()]);
}

#[test]
fn what_a_take_cut_out_of_what_is_captured_is_marked() {
    let changes = [record(48_000, true), record(96_000, false), capture(144_000, true)];
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..145_000, Blocks::Fixed(512), &changes);
    rig.instance.deactivate(processor);
    let left: Vec<_> = (0..48_000).chain(96_000..144_000).collect();
    assert_takes(&rig.takes(), &[(48_000..96_000).collect(), left]);
    let markers = Chunks::of(&rig.files()[1]).markers();
    assert_eq!(markers, [(48_000, "Pause of 1.00 s".to_owned())]);
}

#[test]
fn capture_takes_the_place_of_no_file_whatever_unique_suffix_says() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [
        Change::new(0, UNIQUE_SUFFIX, 0.0),
        record(1_000, true),
        capture(2_000, true),
        capture(2_001, false),
        record(3_000, false),
    ];
    play(&mut processor, 0..4_000, Blocks::Fixed(512), &changes);
    play(&mut processor, 4_000..5_000, Blocks::Fixed(512), &[capture(4_500, true)]);
    rig.instance.deactivate(processor);
    let names: Vec<_> = rig.files().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["take0.wav", "take-001.wav", "take-002.wav"]);
    let lengths: Vec<_> = rig.takes().iter().map(common::Decoded::frames).collect();
    assert_eq!(lengths, [2_000, 1_000, 1_500]);
}

#[test]
fn with_nothing_to_keep_there_is_no_file() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [keep(0, 0.0), preroll(0, 0.0), capture(1_000, true)];
    play(&mut processor, 0..2_000, Blocks::Fixed(512), &changes);
    rig.instance.deactivate(processor);
    assert!(rig.files().is_empty());
}

/// Each with where the song is from its first frame on.
fn play_song(
    processor: &mut Processor,
    at: &mut usize,
    seconds: f64,
    playing: bool,
    frames: usize,
    changes: &[Change],
) {
    processor.set_transport(Some(Transport { playing, recording: false, seconds, tempo: Some(120.0) }));
    let changes: Vec<_> = changes.iter().map(|change| Change { frame: *at + change.frame, ..*change }).collect();
    play(processor, *at..*at + frames, Blocks::Fixed(500), &changes);
    *at += frames;
}

#[test]
fn a_transport_that_starts_stops_or_jumps_leaves_the_history_and_the_first_frame_knows_its_place_in_the_song() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let mut at = 0;
    play_song(&mut processor, &mut at, 5.0, false, 4_000, &[preroll(0, 0.25), Change::new(0, SPLIT, AT_SONG_JUMPS)]);
    play_song(&mut processor, &mut at, 5.0, true, 12_000, &[]);
    play_song(&mut processor, &mut at, 2.0, true, 6_000, &[record(3_000, true), record(4_000, false)]);
    // A standing song that runs before the take does.
    play_song(&mut processor, &mut at, 7.0, false, 6_000, &[]);
    play_song(&mut processor, &mut at, 7.0, true, 6_000, &[record(1_000, true)]);
    rig.instance.deactivate(processor);
    // Each pass has a file of its own, in the history too.
    assert_takes(&rig.takes(), &[(7_000..16_000).collect(), (16_000..20_000).collect(), (20_000..34_000).collect()]);
    let places: Vec<_> = rig.files().iter().map(|path| Chunks::of(path).time_reference()).collect();
    assert_eq!(places, [5 * 48_000 + 3_000, 2 * 48_000, 2 * 48_000 + 4_000]);
}

#[test]
fn every_file_type_has_the_frames_of_the_preroll_and_the_take() {
    for file_type in 0..6 {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let changes = [
            Change::new(0, FILE_TYPE, f64::from(file_type)),
            preroll(0, 0.5),
            record(30_000, true),
            capture(40_000, true),
            record(50_000, false),
        ];
        play(&mut processor, 0..60_000, Blocks::Fixed(512), &changes);
        rig.instance.deactivate(processor);
        let frames: Vec<_> = rig.files().iter().map(|path| count_frames(path, RATE as u32)).collect();
        assert_eq!(frames, [44_000, 6_000], "file type {file_type}");
    }
}

#[test]
fn one_file_for_each_channel_at_another_rate_begins_with_the_preroll_too() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [
        Change::new(0, FILES, ONE_FOR_EACH_CHANNEL),
        Change::new(0, common::CODEC, FLOAT32),
        Change::new(0, headless_host::ParamId::named("rate"), 4.0),
        preroll(0, 0.5),
        record(30_000, true),
        record(50_000, false),
    ];
    play(&mut processor, 0..60_000, Blocks::Fixed(512), &changes);
    rig.instance.deactivate(processor);
    let lengths: Vec<_> = rig.files().iter().map(|path| decode(path).frames()).collect();
    assert_eq!(lengths, [88_000, 88_000]);
}

/// A take that is over before its pre-roll is written, and the next one, whose sound arrives meanwhile.
#[test]
fn a_preroll_that_takes_long_to_write_delays_and_loses_nothing() {
    let mut rig = Rig::new();
    rig.instance.select_layout(8).unwrap();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let seconds = 40;
    let frames = seconds * RATE;
    // Opus is the slowest, with a file for each channel.
    let settings = [Change::new(0, FILE_TYPE, 5.0), Change::new(0, FILES, ONE_FOR_EACH_CHANNEL), preroll(0, 300.0)];
    let mut changes = settings.to_vec();
    changes.extend([record(frames, true), record(frames + 4_000, false), record(frames + 5_000, true)]);
    let input = sound(8);
    let played = Render::new(&input, 0..frames + 9_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    let lengths: Vec<_> = rig.files().iter().map(|path| count_frames(path, RATE as u32)).collect();
    assert_eq!(lengths, [[frames + 4_000; 8], [5_000; 8]].concat());
}
