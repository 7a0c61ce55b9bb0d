//! In the CLAP host: a take holds exactly the frames that passed while record was on and pause was off.

mod common;

use common::{CODEC, FLOAT32, PCM16, PCM32, Rig, assert_takes, expected_takes, pause, record, sample, sound};
use headless_host::{Blocks, Change, Render, Setup};
use std::ops::Range;

const RATE: f64 = 48_000.0;
const MAX_BLOCK: usize = 8192;

/// Plays `span` with `changes` in `blocks`, and asserts that output equals input and that the files hold what the rule
/// says.
fn check(blocks: Blocks, changes: &[Change], span: Range<usize>) {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, MAX_BLOCK as u32)).unwrap();
    let input = sound(2);
    let played = Render::new(&input, span.clone()).blocks(blocks).changes(changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    assert_takes(&rig.takes(), &expected_takes(changes, span));
}

#[test]
fn record_toggled_inside_a_block() {
    check(Blocks::Fixed(512), &[record(100, true), record(333, false)], 0..2_000);
}

#[test]
fn record_toggled_at_block_edges() {
    check(Blocks::Fixed(512), &[record(512, true), record(1_024, false), record(1_536, true)], 0..2_048);
}

#[test]
fn record_on_at_the_last_sample_of_a_block_and_off_at_the_first_of_the_next_but_one() {
    check(Blocks::Fixed(64), &[record(63, true), record(128, false)], 0..256);
}

#[test]
fn record_toggled_at_every_sample() {
    let changes: Vec<_> = (0..200).map(|frame| record(frame, frame % 2 == 0)).collect();
    check(Blocks::Fixed(64), &changes, 0..200);
}

#[test]
fn pause_inside_a_take_leaves_its_frames_out() {
    let changes = [record(10, true), pause(700, true), pause(901, false), record(1_500, false)];
    check(Blocks::Fixed(256), &changes, 0..2_000);
}

#[test]
fn a_take_that_begins_paused_begins_with_the_first_frame_that_passes() {
    check(Blocks::Fixed(256), &[pause(0, true), record(10, true), pause(900, false)], 0..2_000);
}

#[test]
fn record_and_pause_that_change_at_the_same_frame() {
    let changes = [record(100, true), pause(300, true), record(300, false), pause(400, false), record(400, true)];
    check(Blocks::Fixed(128), &changes, 0..1_000);
}

#[test]
fn a_record_that_is_paused_all_along_leaves_no_file() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let changes = [pause(0, true), record(0, true), record(3_000, false)];
    Render::new(&sound(2), 0..4_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_eq!(rig.files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn blocks_of_one_frame() {
    check(Blocks::Fixed(1), &[record(7, true), record(1_009, false)], 0..1_100);
}

#[test]
fn blocks_of_every_power_of_two_and_the_odd_sizes_beside_them() {
    for power in 1..=13 {
        for size in [(1 << power) - 1, 1 << power] {
            check(Blocks::Fixed(size), &[record(1_000, true), record(19_001, false)], 0..20_000);
        }
    }
}

#[test]
fn blocks_of_random_sizes_with_random_toggles() {
    for seed in 0..12 {
        let mut at = 0;
        let mut random = seed * 7_919 + 1;
        let mut changes = Vec::new();
        while at < 48_000 {
            random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
            at += 1 + random as usize % 5_000;
            changes.push(if random % 3 == 0 { pause(at, random % 2 == 0) } else { record(at, changes.len() % 2 == 0) });
        }
        changes.retain(|change| change.frame < 48_000);
        check(Blocks::Random { seed, max: MAX_BLOCK }, &changes, 0..48_000);
    }
}

#[test]
fn in_place_buffers() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let changes = [record(100, true), record(1_900, false)];
    let played = Render::new(&sound(2), 0..2_000).in_place().changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    assert_takes(&rig.takes(), &expected_takes(&changes, 0..2_000));
}

#[test]
fn every_layout_of_the_plugin() {
    let mut rig = Rig::new();
    let layouts = rig.instance.layouts().unwrap();
    let channels: Vec<_> = layouts.iter().map(|layout| layout.inputs).collect();
    assert_eq!(channels, [2, 1, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64]);
    for channels in channels {
        rig.instance.select_layout(channels).unwrap();
        let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
        let changes = [record(100, true), record(1_900, false)];
        let played = Render::new(&sound(channels as usize), 0..2_000).changes(&changes).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        assert!(played.output_equals_input());
        let takes = rig.takes();
        assert_eq!(takes.last().unwrap().channels(), channels as usize);
        assert_takes(&takes[takes.len() - 1..], &[(100..1_900).collect()]);
    }
}

#[test]
fn every_wav_codec_rounds_to_the_nearest() {
    for (codec, bits) in [(PCM16, Some(16)), (1.0, Some(24)), (PCM32, Some(32)), (FLOAT32, None)] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
        let changes = [Change::new(0, CODEC, codec), record(0, true)];
        Render::new(&sound(2), 0..3_000).changes(&changes).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        let take = rig.takes().pop().unwrap();
        assert_eq!(take.frames(), 3_000);
        for (channel, samples) in take.planar.iter().enumerate() {
            for (frame, &value) in samples.iter().enumerate() {
                let exact = f64::from(sample(channel, frame));
                let expected = bits.map_or(exact, |bits| {
                    let full_scale = f64::from(1u32 << (bits - 1));
                    (exact * full_scale).round().min(full_scale - 1.0) / full_scale
                });
                assert_eq!(value, expected, "{bits:?} bits, channel {channel}, frame {frame}");
            }
        }
    }
}

#[test]
fn every_rate_stands_in_the_header_rounded_to_hz() {
    for (rate, expected) in [
        (8_000.0, 8_000),
        (22_050.0, 22_050),
        (44_100.0, 44_100),
        (47_999.6, 48_000),
        (192_000.0, 192_000),
        (1_234.4, 1_234),
    ] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(Setup::new(rate, 512)).unwrap();
        Render::new(&sound(2), 0..600).changes(&[record(0, true)]).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        let take = rig.takes().pop().unwrap();
        assert_eq!((take.sample_rate, take.frames()), (expected, 600));
    }
}

#[test]
fn settings_that_change_during_a_take_apply_to_the_next_one() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let changes = [
        record(0, true),
        Change::new(100, CODEC, FLOAT32),
        record(1_000, false),
        record(1_100, true),
        record(2_000, false),
    ];
    Render::new(&sound(2), 0..2_500).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let bits = |path| hound::WavReader::open(path).unwrap().spec().bits_per_sample;
    assert_eq!(rig.files().iter().map(bits).collect::<Vec<_>>(), [24, 32]);
    assert_takes(&rig.takes(), &expected_takes(&changes, 0..2_500));
}
