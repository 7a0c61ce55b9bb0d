//! In the CLAP host: what real DAWs do to a plugin between blocks. They stop, sleep, reset, loop, flush and activate anew;
//! no frame is lost, doubled or replaced, and the user's switch counts at once. One habit a row, or a test.

mod common;

use common::riff::Chunks;
use common::{
    AT_SONG_JUMPS, CAPTURE, Decoded, PAUSE, RECORD, Rig, SPLIT, START, UNIQUE_SUFFIX, WITH_HOSTS_RECORD,
    WITH_TRANSPORT, assert_takes, capture, decode, files_in, instance_in, preroll, record, sound,
};
use headless_host::{Blocks, Change, Instance, ParamId, Processor, Render, Setup, SongRun, Status, Transport};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const RATE: usize = 48_000;
const BLOCK: usize = 441;
const SETUP: Setup = Setup::new(RATE as f64, 1_024);
const TIME_SLICE: ParamId = ParamId::named("timeslice");
const MARKER: ParamId = ParamId::named("marker");

/// How soon a switch counts though no block comes.
const AT_ONCE: Duration = Duration::from_secs(1);

fn set(param: ParamId, value: f64) -> Change {
    Change::new(0, param, value)
}

fn frames(blocks: Range<usize>) -> Range<usize> {
    blocks.start * BLOCK..blocks.end * BLOCK
}

fn play_in(processor: &mut Processor, span: Range<usize>, blocks: Blocks, changes: &[Change]) -> Status {
    let played = Render::new(&sound(2), span).blocks(blocks).changes(changes).play(processor).unwrap();
    assert!(played.output_equals_input());
    played.last_status().unwrap()
}

/// Plays blocks of 441 frames, by their numbers. Changes count frames of the sound.
fn play(processor: &mut Processor, blocks: Range<usize>, changes: &[Change]) -> Status {
    play_in(processor, frames(blocks), Blocks::Fixed(BLOCK), changes)
}

fn running(seconds: f64) -> Option<Transport> {
    Some(Transport { playing: true, recording: false, seconds, tempo: Some(120.0) })
}

fn standing(seconds: f64) -> Option<Transport> {
    running(seconds).map(|transport| Transport { playing: false, ..transport })
}

/// Waits until this is so, which is to be at once.
fn assert_at_once(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < AT_ONCE, "{what}: not within a second");
        thread::sleep(Duration::from_millis(10));
    }
}

fn is_unlocked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// What a host does between two blocks.
#[derive(Debug, Clone, Copy)]
enum Between {
    StopAndStart,
    Reset,
    NewActivation,
    NewActivationWithOtherBlocks,
}

const ALL_BETWEEN: [Between; 4] =
    [Between::StopAndStart, Between::Reset, Between::NewActivation, Between::NewActivationWithOtherBlocks];

impl Between {
    fn happens(self, instance: &mut Instance, mut processor: Processor) -> Processor {
        match self {
            Between::StopAndStart => {
                processor.stop();
                processor.start().unwrap();
            }
            Between::Reset => processor.reset(),
            Between::NewActivation | Between::NewActivationWithOtherBlocks => {
                let max_block = if matches!(self, Between::NewActivation) { 1_024 } else { 2_048 };
                instance.deactivate(processor);
                return instance.activate(Setup::new(RATE as f64, max_block)).unwrap();
            }
        }
        processor
    }
}

#[test]
fn capture_reaches_over_whatever_the_host_does_between_blocks_and_the_seam_is_marked() {
    for between in ALL_BETWEEN {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        play(&mut processor, 0..200, &[]);
        let mut processor = between.happens(&mut rig.instance, processor);
        let status = play(&mut processor, 200..300, &[]);
        assert_eq!(status, Status::Continue, "{between:?}: asleep, a phrase would be lost");
        play(&mut processor, 300..301, &[capture(300 * BLOCK, true)]);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[frames(0..300).collect()]);
        let markers = Chunks::of(&rig.files()[0]).markers();
        assert_eq!(markers, [(200 * BLOCK, "Host stopped".to_owned())], "{between:?}");
    }
}

#[test]
fn a_preroll_reaches_over_whatever_the_host_does_between_blocks() {
    for between in ALL_BETWEEN {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        play(&mut processor, 0..200, &[preroll(0, 2.0)]);
        let mut processor = between.happens(&mut rig.instance, processor);
        let begin = 200 * BLOCK + RATE;
        let changes = [record(begin, true), record(begin + 1_000, false)];
        play_in(&mut processor, 200 * BLOCK..begin + 2_000, Blocks::Random { seed: 7, max: 1_024 }, &changes);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[(begin - 2 * RATE..begin + 1_000).collect()]);
    }
}

#[test]
fn a_preroll_reaches_over_a_stop_right_before_the_take_and_the_seam_is_marked() {
    for between in ALL_BETWEEN {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        play(&mut processor, 0..200, &[preroll(0, 1.0)]);
        let mut processor = between.happens(&mut rig.instance, processor);
        play(&mut processor, 200..210, &[record(200 * BLOCK, true)]);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[(200 * BLOCK - RATE..210 * BLOCK).collect()]);
        let markers = Chunks::of(&rig.files()[0]).markers();
        assert_eq!(markers, [(RATE, "Host stopped".to_owned())], "{between:?}");
    }
}

#[test]
fn no_place_in_the_song_is_counted_back_over_a_stop_of_the_host() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    processor.set_transport(standing(13.4));
    play(&mut processor, 0..100, &[]);
    let mut processor = Between::StopAndStart.happens(&mut rig.instance, processor);
    processor.set_transport(running(10.0));
    play(&mut processor, 100..150, &[]);
    play(&mut processor, 150..151, &[capture(150 * BLOCK, true)]);
    rig.instance.deactivate(processor);
    let told = Chunks::of(&rig.files()[0]);
    assert!(told.description().contains("unknown"), "{}", told.description());
    let seam = 100 * BLOCK;
    assert_eq!(told.markers(), [(seam, "Host stopped".to_owned()), (seam, "Song at 10.00 s".to_owned())]);
}

#[test]
fn another_rate_another_layout_and_another_scope_begin_the_history_anew() {
    let captured = |change: fn(&mut Instance) -> Setup| {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        play(&mut processor, 0..20, &[]);
        rig.instance.deactivate(processor);
        let setup = change(&mut rig.instance);
        let mut processor = rig.instance.activate(setup).unwrap();
        play(&mut processor, 20..30, &[]);
        play(&mut processor, 30..31, &[capture(30 * BLOCK, true)]);
        rig.instance.deactivate(processor);
        rig.takes()[0].frames()
    };
    assert_eq!(captured(|_| SETUP), 30 * BLOCK);
    assert_eq!(captured(|_| Setup::new(44_100.0, 1_024)), 10 * BLOCK);
    let scope = |instance: &mut Instance| {
        instance.set_text("scope", "R").unwrap();
        SETUP
    };
    assert_eq!(captured(scope), 10 * BLOCK);
}

#[test]
fn a_take_goes_on_over_a_new_activation_as_its_next_file_without_a_frame_missing() {
    for unique in [1.0, 0.0] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        play(&mut processor, 0..300, &[set(UNIQUE_SUFFIX, unique), record(0, true)]);
        rig.instance.deactivate(processor);
        let first = decode(&rig.files()[0]);
        assert_takes(&[first], &[frames(0..300).collect()]);
        let mut processor = rig.instance.activate(Setup::new(RATE as f64, 2_048)).unwrap();
        play(&mut processor, 300..320, &[]);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[frames(0..300).collect(), frames(300..320).collect()]);
        let names: Vec<_> = rig.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        let expected = if unique > 0.5 { ["take-001.wav", "take-002.wav"] } else { ["take0.wav", "take0 (2).wav"] };
        assert_eq!(names, expected);
    }
}

#[test]
fn a_take_that_nobody_started_replaces_nothing() {
    let mut rig = Rig::new();
    let old = rig.folder.path().join("take0.wav");
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..10, &[set(UNIQUE_SUFFIX, 0.0), record(0, true), record(5 * BLOCK, false)]);
    rig.instance.deactivate(processor);
    let first = std::fs::read(&old).unwrap();
    // The project as it is saved with Record on.
    let mut processor = rig.instance.activate(SETUP).unwrap();
    processor.flush(&[set(RECORD, 1.0)]).unwrap();
    rig.instance.deactivate(processor);
    let state = rig.instance.save_state().unwrap();
    for copy in 2..4 {
        let mut instance = instance_in(rig.folder.path());
        instance.load_state(&state).unwrap();
        let mut processor = instance.activate(SETUP).unwrap();
        play(&mut processor, 0..copy, &[]);
        instance.deactivate(processor);
        assert_eq!(std::fs::read(&old).unwrap(), first);
        let path = rig.folder.path().join(format!("take0 ({copy}).wav"));
        assert_takes(&[decode(&path)], &[frames(0..copy).collect()]);
    }
    // A press is a press: that one replaces, as the user asked.
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [record(0, false), record(BLOCK, true)];
    play(&mut processor, 0..4, &changes);
    rig.instance.deactivate(processor);
    assert_takes(&[decode(&old)], &[frames(1..4).collect()]);
}

/// A take of so many blocks is open, and the host has stopped.
fn with_open_take(test: impl FnOnce(&mut Rig, &mut Processor)) -> Rig {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..100, &[record(0, true)]);
    processor.stop();
    assert_at_once("the file is there", || !rig.files().is_empty());
    test(&mut rig, &mut processor);
    rig.instance.deactivate(processor);
    rig
}

#[test]
fn record_off_counts_though_no_block_comes_and_nothing_reopens_that_file() {
    let rig = with_open_take(|rig, processor| {
        processor.flush(&[set(RECORD, 0.0)]).unwrap();
        let path = rig.files()[0].clone();
        assert_at_once("the lock is released", || is_unlocked(&path));
        assert_takes(&[decode(&path)], &[frames(0..100).collect()]);
        let complete = std::fs::read(&path).unwrap();
        // On again before any block came: another take.
        processor.flush(&[set(RECORD, 1.0)]).unwrap();
        play(processor, 100..150, &[]);
        assert_eq!(std::fs::read(&path).unwrap(), complete);
    });
    assert_takes(&rig.takes(), &[frames(0..100).collect(), frames(100..150).collect()]);
}

#[test]
fn what_comes_after_record_off_in_a_standing_host_is_history() {
    let rig = with_open_take(|rig, processor| {
        processor.flush(&[set(RECORD, 0.0)]).unwrap();
        let path = rig.files()[0].clone();
        assert_at_once("the lock is released", || is_unlocked(&path));
        play(processor, 100..150, &[]);
        play(processor, 150..151, &[capture(150 * BLOCK, true)]);
    });
    assert_takes(&rig.takes(), &[frames(0..100).collect(), frames(100..150).collect()]);
}

#[test]
fn a_take_that_no_block_comes_to_for_a_while_goes_on_as_one() {
    let rig = with_open_take(|rig, processor| {
        thread::sleep(Duration::from_millis(1_500));
        assert_takes(&[decode(&rig.files()[0])], &[frames(0..100).collect()]);
        play(processor, 100..150, &[]);
    });
    assert_takes(&rig.takes(), &[frames(0..150).collect()]);
}

#[test]
fn a_marker_that_is_set_in_a_standing_host_stands_once_at_the_end_of_what_is_there() {
    let rig = with_open_take(|_, processor| {
        // Pressed and let go: no block ever sees it.
        for on in [1.0, 0.0] {
            processor.flush(&[set(MARKER, on)]).unwrap();
            thread::sleep(AT_ONCE);
        }
        play(processor, 100..150, &[]);
    });
    assert_eq!(Chunks::of(&rig.files()[0]).markers(), [(100 * BLOCK, "Marker 1".to_owned())]);
}

#[test]
fn pause_in_a_standing_host_leaves_out_what_comes() {
    let rig = with_open_take(|_, processor| {
        processor.flush(&[set(PAUSE, 1.0)]).unwrap();
        play(processor, 100..150, &[]);
        processor.flush(&[set(PAUSE, 0.0)]).unwrap();
        play(processor, 150..160, &[]);
    });
    assert_takes(&rig.takes(), &[frames(0..100).chain(frames(150..160)).collect()]);
}

#[test]
fn capture_in_a_standing_host_saves_what_was_kept_once() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..100, &[]);
    processor.stop();
    processor.flush(&[set(CAPTURE, 1.0)]).unwrap();
    let folder = rig.folder.path().to_owned();
    assert_at_once("the capture is complete", || files_in(&folder).first().is_some_and(|path| is_unlocked(path)));
    play(&mut processor, 100..150, &[]);
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[frames(0..100).collect()]);
}

#[test]
fn a_host_that_stops_processing_with_its_transport_gets_one_take_for_each_run() {
    for start in [WITH_TRANSPORT, WITH_HOSTS_RECORD] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let on = Transport { recording: true, ..running(1.0).unwrap() };
        processor.set_transport(Some(on));
        play(&mut processor, 0..100, &[set(START, start), record(0, true)]);
        processor.stop();
        processor.start().unwrap();
        processor.set_transport(Some(Transport { seconds: 8.0, ..on }));
        play(&mut processor, 100..150, &[]);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[frames(0..100).collect(), frames(100..150).collect()]);
    }
}

#[test]
fn a_transport_that_goes_on_elsewhere_after_a_second_without_blocks_is_another_run() {
    for (seconds, takes) in [(1.0 + 100.0 * BLOCK as f64 / RATE as f64, 1), (8.0, 2)] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        processor.set_transport(running(1.0));
        play(&mut processor, 0..100, &[set(START, WITH_TRANSPORT), record(0, true)]);
        thread::sleep(Duration::from_millis(1_400));
        processor.set_transport(running(seconds));
        play(&mut processor, 100..150, &[]);
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes().iter().map(Decoded::frames).sum::<usize>(), 150 * BLOCK);
        assert_eq!(rig.files().len(), takes);
    }
}

/// The frames of a take with Time Slice whose song runs like this.
fn time_sliced(speed: f64, blocks: Blocks) -> usize {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    processor.set_transport(running(1.0));
    processor.set_song_run(SongRun { speed, ..SongRun::default() });
    play_in(&mut processor, 0..300 * BLOCK, blocks, &[set(TIME_SLICE, 1.0), record(0, true)]);
    rig.instance.deactivate(processor);
    rig.takes()[0].frames()
}

#[test]
fn time_slice_fills_nothing_of_a_song_at_any_speed() {
    for speed in [2.0, 1.001, 0.999, 0.5, 1.25, 4.0] {
        for blocks in [Blocks::Fixed(BLOCK), Blocks::Fixed(1_024), Blocks::Random { seed: 3, max: 1_024 }] {
            assert_eq!(time_sliced(speed, blocks.clone()), 300 * BLOCK, "{speed} {blocks:?}");
        }
    }
}

#[test]
fn time_slice_fills_a_jump_before_the_block_it_comes_with_however_short_it_is() {
    for (jump, block) in [(600, 1_024), (5_000, 1_024), (48_000, 441), (700, 512)] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        processor.set_transport(running(1.0));
        let (half, whole) = (50 * block, 100 * block);
        play_in(&mut processor, 0..half, Blocks::Fixed(block), &[set(TIME_SLICE, 1.0), record(0, true)]);
        processor.set_transport(running(1.0 + (half + jump) as f64 / RATE as f64));
        play_in(&mut processor, half..whole, Blocks::Fixed(block), &[]);
        rig.instance.deactivate(processor);
        let take = &rig.takes()[0];
        assert_eq!(take.frames(), whole + jump);
        let left = &take.planar[0];
        assert!(left[half..half + jump].iter().all(|sample| *sample == 0.0), "{jump} {block}");
        assert_eq!(left[half + jump], f64::from(common::sample(0, half)), "{jump} {block}");
    }
}

#[test]
fn a_loop_that_wraps_in_mid_block_is_cut_at_the_wrap_however_short_it_is() {
    for length in [10_000, 300, 100] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        processor.set_transport(running(2.0));
        let cycle = Some((2.0, 2.0 + length as f64 / RATE as f64));
        processor.set_song_run(SongRun { cycle, ..SongRun::default() });
        let changes = [set(SPLIT, AT_SONG_JUMPS), record(0, true)];
        let whole = 10 * length + 7;
        play_in(&mut processor, 0..whole, Blocks::Fixed(1_024), &changes);
        rig.instance.deactivate(processor);
        let expected: Vec<Vec<usize>> =
            (0..11).map(|pass| (pass * length..whole.min((pass + 1) * length)).collect()).collect();
        assert_takes(&rig.takes(), &expected);
        for path in rig.files() {
            assert_eq!(Chunks::of(&path).time_reference(), 96_000, "{length}");
        }
    }
}

#[test]
fn a_locate_of_a_host_that_stops_for_a_block_is_a_jump() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    processor.set_transport(running(1.0));
    play(&mut processor, 0..50, &[set(SPLIT, AT_SONG_JUMPS), record(0, true)]);
    processor.set_transport(standing(1.0));
    play(&mut processor, 50..51, &[]);
    processor.set_transport(running(30.0));
    play(&mut processor, 51..100, &[]);
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[frames(0..51).collect(), frames(51..100).collect()]);
    assert_eq!(Chunks::of(&rig.files()[1]).time_reference(), 30 * RATE as u64);
}

#[test]
fn with_hosts_record_begins_where_the_count_in_ends_and_the_count_in_is_history() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let on = Transport { recording: true, ..running(1.0).unwrap() };
    processor.set_transport(Some(on));
    processor.set_song_run(SongRun { counts_in: true, ..SongRun::default() });
    play(&mut processor, 0..50, &[set(START, WITH_HOSTS_RECORD), record(0, true)]);
    processor.set_song_run(SongRun::default());
    play(&mut processor, 50..100, &[]);
    play(&mut processor, 100..101, &[record(100 * BLOCK, false), capture(100 * BLOCK, true)]);
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[frames(50..100).collect(), frames(0..50).collect()]);
}

#[test]
fn with_transport_begins_at_the_beginning_of_the_song_to_the_frame() {
    for start in [WITH_TRANSPORT, WITH_HOSTS_RECORD] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let before = -2_032.0 / RATE as f64;
        processor.set_transport(Some(Transport { recording: true, seconds: before, ..running(0.0).unwrap() }));
        play(&mut processor, 0..50, &[set(START, start), record(0, true)]);
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[(2_032..50 * BLOCK).collect()]);
        assert_eq!(Chunks::of(&rig.files()[0]).time_reference(), 0);
        assert!(!Chunks::of(&rig.files()[0]).description().contains("unknown"));
    }
}

#[test]
fn a_state_that_comes_in_mid_take_leaves_record_pause_capture_and_marker_as_they_are() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    play(&mut processor, 0..10, &[]);
    let off = rig.instance.save_state().unwrap();
    processor.flush(&[set(CAPTURE, 1.0), set(MARKER, 1.0), set(PAUSE, 1.0)]).unwrap();
    let pressed = rig.instance.save_state().unwrap();
    processor.flush(&[set(CAPTURE, 0.0), set(MARKER, 0.0), set(PAUSE, 0.0)]).unwrap();
    play(&mut processor, 10..20, &[record(10 * BLOCK, true)]);
    for state in [&off, &pressed] {
        rig.instance.load_state(state).unwrap();
        play(&mut processor, 20..30, &[]);
    }
    assert_eq!(rig.instance.value(RECORD).unwrap(), Some(1.0));
    assert_eq!(rig.instance.value(PAUSE).unwrap(), Some(0.0));
    rig.instance.deactivate(processor);
    let whole: Vec<usize> = frames(10..30).chain(frames(20..30)).collect();
    assert_takes(&rig.takes(), &[whole]);
    assert!(Chunks::of(&rig.files()[0]).markers().is_empty());
    // Without an open take all of it counts.
    rig.instance.load_state(&off).unwrap();
    assert_eq!(rig.instance.value(RECORD).unwrap(), Some(0.0));
}

#[test]
fn a_state_with_capture_on_captures_nothing() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    processor.flush(&[set(CAPTURE, 1.0)]).unwrap();
    let pressed = rig.instance.save_state().unwrap();
    processor.flush(&[set(CAPTURE, 0.0)]).unwrap();
    play(&mut processor, 0..20, &[]);
    rig.instance.load_state(&pressed).unwrap();
    play(&mut processor, 20..30, &[]);
    rig.instance.deactivate(processor);
    assert!(rig.files().is_empty());
}

#[test]
fn a_host_may_let_the_plugin_sleep_only_when_nothing_but_silence_is_kept() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    assert_eq!(play(&mut processor, 0..10, &[common::keep(0, 1.0)]), Status::Continue);
    let silence = headless_host::Signal(2, |_, _| 0.0);
    let mut last = |blocks: Range<usize>| {
        Render::new(&silence, frames(blocks)).blocks(Blocks::Fixed(BLOCK)).play(&mut processor).unwrap().last_status()
    };
    assert_eq!(last(10..110), Some(Status::Continue));
    assert_eq!(last(110..130), Some(Status::ContinueIfNotQuiet));
    rig.instance.deactivate(processor);
}
