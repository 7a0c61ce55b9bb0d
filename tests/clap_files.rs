//! In the CLAP host: takes that are spread over several files.

mod common;

use common::{
    AT_SONG_JUMPS, FILE_TYPE, FILES, ONE_FOR_EACH_CHANNEL, Rig, SPLIT, assert_takes, decode, record, sample, sound,
};
use headless_host::{Change, Render, Setup, Transport};
use std::fs;
use std::path::Path;

/// TimeReference of `bext` (EBU Tech 3285): the song's position at the first frame, in frames.
fn time_reference(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    let bext = bytes.windows(4).position(|window| window == b"bext").unwrap() + 8;
    u64::from_le_bytes(bytes[bext + 338..][..8].try_into().unwrap())
}

#[test]
fn every_pass_of_a_loop_is_a_file_that_knows_its_place() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let mut play = |seconds, span, changes: &[Change]| {
        processor.set_transport(Some(Transport { playing: true, recording: false, seconds, tempo: Some(120.0) }));
        assert!(Render::new(&sound(2), span).changes(changes).play(&mut processor).unwrap().output_equals_input());
    };
    // Record goes on in the middle of the first pass; the loop is no whole number of blocks.
    play(2.0, 0..10_007, &[Change::new(0, SPLIT, AT_SONG_JUMPS), record(4_000, true)]);
    play(2.0, 10_007..20_014, &[]);
    play(2.0, 20_014..30_021, &[]);
    // The loop is left.
    play(60.0, 30_021..35_000, &[]);
    rig.instance.deactivate(processor);
    let passes = [4_000..10_007, 10_007..20_014, 20_014..30_021, 30_021..35_000].map(|pass| pass.collect());
    assert_takes(&rig.takes(), &passes);
    let places: Vec<_> = rig.files().iter().map(|path| time_reference(path)).collect();
    assert_eq!(places, [100_000, 96_000, 96_000, 2_880_000]);
}

/// Records with one file for each channel; says the names of the files.
fn record_channels(rig: &mut Rig, scope: &str, channels: u32, file_type: f64) -> Vec<String> {
    rig.instance.set_text("scope", scope).unwrap();
    rig.instance.select_layout(channels).unwrap();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let changes =
        [Change::new(0, FILES, ONE_FOR_EACH_CHANNEL), Change::new(0, FILE_TYPE, file_type), record(1_000, true)];
    let played = Render::new(&sound(channels as usize), 0..5_000).changes(&changes).play(&mut processor).unwrap();
    assert!(played.output_equals_input());
    rig.instance.deactivate(processor);
    rig.files().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn each_channel_has_a_file_that_holds_exactly_it() {
    for (scope, channels, expected) in [
        ("*", 2, vec![(0, "L"), (1, "R")]),
        ("R", 2, vec![(1, "R")]),
        ("*", 1, vec![(0, "1")]),
        ("chan[2-4] ^chan3", 6, vec![(1, "2"), (3, "4")]),
        ("chan1*", 12, vec![(0, "1"), (9, "10"), (10, "11"), (11, "12")]),
    ] {
        let mut rig = Rig::new();
        let names = record_channels(&mut rig, scope, channels, 0.0);
        let of_channels = expected.iter().map(|(_, name)| format!("take-001_{name}.wav"));
        assert_eq!(names, of_channels.collect::<Vec<_>>(), "{scope}");
        for (path, (channel, _)) in rig.files().iter().zip(expected) {
            let take = decode(path);
            assert_eq!((take.channels(), take.frames()), (1, 4_000), "{scope}");
            for (frame, &value) in take.planar[0].iter().enumerate() {
                assert_eq!(value, f64::from(sample(channel, 1_000 + frame)), "{scope}, channel {channel}, {frame}");
            }
        }
    }
}

#[test]
fn a_type_for_few_channels_takes_many_that_way() {
    for (file_type, extension) in [(1.0, "mp3"), (2.0, "ogg"), (4.0, "flac")] {
        let mut rig = Rig::new();
        let names = record_channels(&mut rig, "*", 12, file_type);
        assert_eq!(names.len(), 12, "{extension}");
        let frames: Vec<_> = rig.takes().iter().map(|take| (take.channels(), take.frames())).collect();
        assert_eq!(frames, [(1, 4_000); 12], "{extension}");
    }
}
