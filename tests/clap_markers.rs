//! In the CLAP host: markers stand at their exact frame, and a file knows where in the song it begins.

mod common;

use common::riff::Chunks;
use common::{Rig, files_in, instance_in, pause, record, sound};
use headless_host::{Blocks, Change, ParamId, Processor, Render, Setup, Transport};

const RATE: f64 = 48_000.0;

const MARKER: ParamId = ParamId::named("marker");

fn marker(frame: usize, on: bool) -> Change {
    Change::new(frame, MARKER, f64::from(on))
}

fn marker_frames(chunks: &Chunks) -> Vec<usize> {
    chunks.markers().into_iter().map(|(frame, _)| frame).collect()
}

/// Plays with these changes in blocks of `block` frames and returns what the takes say of themselves.
fn played(block: usize, changes: &[Change], frames: usize) -> Vec<Chunks> {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 8_192)).unwrap();
    let blocks = Blocks::Fixed(block);
    let played = Render::new(&sound(2), 0..frames).blocks(blocks).changes(changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    rig.files().iter().map(|path| Chunks::of(path)).collect()
}

#[test]
fn each_change_from_off_to_on_sets_a_marker_at_its_exact_frame_in_any_blocks() {
    let mut changes = vec![record(100, true), record(9_000, false)];
    let set = [100, 102, 611, 613, 4_096, 8_999];
    for frame in set {
        changes.extend([marker(frame, true), marker(frame + 1, false)]);
    }
    // Outside of the take, and while it stays on.
    changes.extend([marker(50, true), marker(60, false), marker(9_000, true), marker(9_500, true)]);
    changes.sort_by_key(|change| change.frame);
    for block in [1, 37, 512, 8_192] {
        let takes = played(block, &changes, 10_000);
        assert_eq!(marker_frames(&takes[0]), [0, 2, 511, 513, 3_996, 8_899], "blocks of {block}");
        let texts: Vec<_> = takes[0].markers().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts[5], "Marker 6");
    }
}

#[test]
fn a_marker_that_goes_on_where_record_does_is_the_takes_first_frame() {
    let takes = played(512, &[record(700, true), marker(700, true), record(2_000, false)], 3_000);
    assert_eq!(marker_frames(&takes[0]), [0]);
}

#[test]
fn of_more_than_a_thousand_markers_the_first_are_kept() {
    let mut changes = vec![record(0, true)];
    for index in 0..1_005 {
        changes.extend([marker(2 * index, true), marker(2 * index + 1, false)]);
    }
    let expected: Vec<_> = (1..1_000).map(|index| 2 * index).collect();
    let takes = played(512, &changes, 3_000);
    // The first one is on from the start.
    let frames = marker_frames(&takes[0]);
    assert_eq!((&frames[..999], frames.len()), (&expected[..], 1_000));
}

/// As a project is saved in mid-press.
#[test]
fn a_marker_that_is_on_from_the_start_is_none() {
    let takes = played(512, &[marker(0, true), record(0, true), record(2_000, false)], 3_000);
    assert_eq!(marker_frames(&takes[0]), [0usize; 0]);
}

#[test]
fn what_a_pause_leaves_out_is_marked_where_the_take_goes_on() {
    let changes = [record(0, true), pause(1_000, true), pause(49_000, false), record(50_000, false)];
    let takes = played(512, &changes, 51_000);
    assert_eq!(takes[0].markers(), [(1_000, "Pause of 1.00 s".to_owned())]);
}

/// Plays stretches of the song, each from a second on or with a standing transport, and ends the take.
fn played_song(processor: &mut Processor, stretches: &[(f64, bool, usize)]) {
    let mut at = 0;
    for &(seconds, playing, frames) in stretches {
        processor.set_transport(Some(Transport { playing, recording: false, seconds, tempo: Some(120.0) }));
        let changes = [record(at, true)];
        Render::new(&sound(2), at..at + frames).blocks(Blocks::Fixed(480)).changes(&changes).play(processor).unwrap();
        at += frames;
    }
}

#[test]
fn a_loop_and_a_leap_are_marked_at_their_frame_and_a_song_that_goes_on_or_stops_is_not() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    let stretches = [
        (10.0, true, 4_800),
        (10.1, true, 4_800),
        (10.0, true, 4_800),
        (30.0, true, 4_800),
        (30.1, false, 4_800),
        (50.0, true, 4_800),
    ];
    played_song(&mut processor, &stretches);
    rig.instance.deactivate(processor);
    let told = Chunks::of(&rig.files()[0]);
    assert_eq!(told.markers(), [(9_600, "Song at 10.00 s".to_owned()), (14_400, "Song at 30.00 s".to_owned())]);
    assert_eq!(told.time_reference(), 480_000);
}

#[test]
fn a_take_knows_the_songs_frame_of_its_first_sample_in_mid_block_and_says_where_it_does_not() {
    // Within a block the framework moves a standing song on, too.
    for (transport, begin, expected, says_so) in [
        (
            Some(Transport { playing: true, recording: false, seconds: 62.5, tempo: Some(93.0) }),
            1_234,
            3_000_000 + 1_234,
            false,
        ),
        (Some(Transport { playing: false, recording: false, seconds: 62.5, tempo: Some(93.0) }), 0, 3_000_000, false),
        (None, 1_234, 0, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut instance = instance_in(folder.path());
        instance.set_track_name("Bass").unwrap();
        let mut processor = instance.activate(Setup::new(RATE, 4_096)).unwrap();
        processor.set_transport(transport);
        Render::new(&sound(2), 0..6_000).changes(&[record(begin, true)]).play(&mut processor).unwrap();
        instance.deactivate(processor);
        let told = Chunks::of(&files_in(folder.path())[0]);
        assert_eq!(told.time_reference(), expected, "{transport:?}");
        assert_eq!(told.description().contains("unknown"), says_so, "{}", told.description());
        for element in ["<TAKE>1</TAKE>", "<NAME>Bass L</NAME>", "<NAME>Bass R</NAME>", "<SCENE>Bass</SCENE>"] {
            assert!(told.ixml().contains(element), "{element}: {}", told.ixml());
        }
    }
}

#[test]
fn markers_and_positions_count_at_the_rate_of_the_file() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(RATE, 512)).unwrap();
    processor.set_transport(Some(Transport { playing: true, recording: false, seconds: 2.0, tempo: Some(120.0) }));
    let to_96_khz = Change::new(0, ParamId::named("rate"), 4.0);
    let changes = [to_96_khz, record(0, true), marker(24_000, true), marker(24_001, false), marker(40_000, true)];
    Render::new(&sound(2), 0..48_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let told = Chunks::of(&rig.files()[0]);
    assert_eq!(marker_frames(&told), [48_000, 80_000]);
    assert_eq!(told.time_reference(), 192_000);
}
