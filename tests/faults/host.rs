//! The host does what no host should.
//!
//! Not here: parameter changes past the end of a block. The framework (nice-plug 0.4.2, `handle_in_events_until`) splits
//! the block there and reads past the end of the host's buffers before the plugin is asked anything.

use crate::common::{
    CODEC, FILE_TYPE, FLOAT32, RECORD, Rig, assert_takes, decode, expected_takes, instance_in, record, sample, sound,
};
use crate::recorder::TYPES;
use headless_host::{Blocks, Change, ParamId, Processor, Render, Setup, Signal};

const RATE: f64 = 48_000.0;

/// Sound that is none: not a number, endless, huge, next to nothing.
fn hostile(channel: usize, frame: usize) -> f32 {
    let values = [
        f32::NAN,
        f32::from_bits(0x7FA0_0001),
        -f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        65_536.0,
        1.0e-40,
        -f32::from_bits(1),
        f32::MIN_POSITIVE,
        -0.0,
        0.5,
    ];
    values[(frame / 3 + channel * 5 + frame / 700) % values.len()]
}

#[test]
fn sound_that_is_none_passes_to_the_bit_and_is_recorded_as_something_that_plays() {
    for file_type in TYPES {
        for codec in 0..4 {
            let mut rig = Rig::new();
            let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
            let changes = [
                Change::new(0, FILE_TYPE, file_type.index as f64),
                Change::new(0, CODEC, f64::from(codec)),
                record(0, true),
                record(20_000, false),
            ];
            let played = Render::new(&Signal(2, hostile), 0..21_000).changes(&changes).play(&mut processor).unwrap();
            rig.instance.deactivate(processor);
            assert!(played.output_equals_input());
            let take = rig.takes().pop().unwrap();
            assert_eq!(take.frames(), 20_000, "{} {codec}", file_type.extension);
            assert!(take.planar.iter().flatten().all(|sample| sample.is_finite()), "{}", file_type.extension);
        }
    }
}

#[test]
fn sixty_four_channels_of_it() {
    let mut rig = Rig::new();
    rig.instance.select_layout(64).unwrap();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let changes = [Change::new(0, CODEC, 1.0), record(0, true)];
    let played = Render::new(&Signal(64, hostile), 0..20_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    let take = rig.takes().pop().unwrap();
    assert_eq!((take.channels(), take.frames()), (64, 20_000));
}

#[test]
fn forty_three_thousand_record_toggles_in_six_seconds_of_sound() {
    let frames = 6 * RATE as usize;
    let changes: Vec<_> = (0..43_000).map(|toggle| record(toggle * frames / 43_000, toggle % 2 == 0)).collect();
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let played =
        Render::new(&sound(2), 0..frames).blocks(Blocks::Fixed(512)).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    let expected = expected_takes(&changes, 0..frames);
    assert_eq!(expected.len(), 21_500);
    assert_takes(&rig.takes(), &expected);
}

/// Plays the frames from `first` on as one block with these changes.
fn block(processor: &mut Processor, first: usize, frames: usize, changes: &[Change]) {
    let channel = |channel| (first..first + frames).map(|frame| sample(channel, frame)).collect::<Vec<_>>();
    let input = [channel(0), channel(1)];
    let mut output = vec![vec![9.0; frames]; 2];
    processor.process(&input, &mut output, changes).unwrap();
    assert!(output == input, "the sound does not pass");
}

#[test]
fn changes_that_come_out_of_order_count_from_where_the_block_has_come_to() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    // The block has come to frame 400 when the second is told, and is off again before a frame has passed.
    let changes = [record(400, true), record(100, false), record(450, true)];
    block(&mut processor, 0, 512, &changes);
    block(&mut processor, 512, 512, &[record(500, false), record(3, true)]);
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(450..1_024).collect()]);
}

#[test]
fn blocks_larger_than_announced_and_blocks_of_nothing() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 64)).unwrap();
    block(&mut processor, 0, 64, &[record(10, true)]);
    block(&mut processor, 64, 20_000, &[]);
    block(&mut processor, 20_064, 0, &[]);
    block(&mut processor, 20_064, 100_000, &[record(99_999, false)]);
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(10..120_063).collect()]);
}

#[test]
fn states_that_are_loaded_all_the_time_while_another_thread_plays() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = instance_in(folder.path());
    let mut processor = instance.activate(Setup::new(RATE, 512)).unwrap();
    std::thread::scope(|scope| {
        let audio = scope.spawn(move || {
            let played = Render::new(&sound(2), 0..30 * RATE as usize).blocks(Blocks::Fixed(64)).play(&mut processor);
            (played.unwrap(), processor)
        });
        let mut number = 0;
        while !audio.is_finished() {
            number += 1;
            let types = ["wav", "mp3", "ogg", "aiff", "flac", "opus"];
            let load = instance.edit_state(|state| {
                state.set_param("record", (number % 3 > 0).into())?;
                state.set_param("pause", (number % 7 == 0).into())?;
                state.set_param("filetype", types[number % types.len()].into())?;
                state.set_param("n", (number as u64 % 10_000).into())?;
                state.set_param("uniquesuff", (number % 11 > 0).into())?;
                state.set_text("scope", ["*", "L", "chan2", "^chan1"][number % 4])
            });
            load.unwrap();
        }
        let (played, processor) = audio.join().unwrap();
        assert!(played.output_equals_input());
        instance.deactivate(processor);
    });
    let files = crate::common::files_in(folder.path());
    assert!(!files.is_empty());
    for path in files {
        assert!(decode(&path).frames() > 0, "{}", path.display());
    }
}

#[test]
fn values_that_no_parameter_has() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let names = [
        "record",
        "pause",
        "filetype",
        "codec",
        "bitrate",
        "uniquesuff",
        "n",
        "rate",
        "srselect",
        "timeslice",
        "loudness",
        "dither",
    ];
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0e300, -1.0e300, -1.0, 1.0e9, 0.5];
    let changes: Vec<_> = names
        .iter()
        .flat_map(|name| values.map(|value| Change::new(0, ParamId::named(name), value)))
        .chain([Change::new(0, ParamId::named("there is none"), 1.0)])
        .enumerate()
        .map(|(index, change)| Change { frame: index * 5, ..change })
        .collect();
    let played = Render::new(&sound(2), 0..4_000).changes(&changes).play(&mut processor).unwrap();
    assert!(played.output_equals_input());
    let settings = [("pause", 0.0), ("filetype", 0.0), ("codec", FLOAT32), ("rate", 0.0), ("uniquesuff", 1.0)];
    let mut changes: Vec<_> = settings.map(|(name, value)| Change::new(4_000, ParamId::named(name), value)).to_vec();
    changes.extend([record(4_000, false), record(4_100, true), Change::new(4_200, RECORD, 0.0)]);
    Render::new(&sound(2), 4_000..5_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let take = rig.takes().pop().unwrap();
    assert_takes(&[take], &[(4_100..4_200).collect()]);
}
