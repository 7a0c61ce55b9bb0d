//! In the CLAP host: takes that are spread over several files.

mod common;

use common::{AT_SONG_JUMPS, Rig, SPLIT, assert_takes, record, sound};
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
        processor.set_transport(Some(Transport { playing: true, seconds, tempo: Some(120.0) }));
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
