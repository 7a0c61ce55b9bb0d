//! In the CLAP host: takes that start by themselves begin and end at their very frames.

mod common;

use common::{
    HOLD, Rig, START, THRESHOLD, WITH_HOSTS_RECORD, WITH_SOUND, WITH_TRANSPORT, assert_takes, count_frames, pause,
    preroll, record, sound,
};
use headless_host::{Blocks, Change, Input, Render, Setup, Signal, Status, Transport};

const RATE: usize = 48_000;

const SETUP: Setup = Setup::new(RATE as f64, 8_192);

/// Half a second, the shortest Hold.
const HOLD_FRAMES: usize = RATE / 2;

fn start(how: f64) -> Change {
    Change::new(0, START, how)
}

fn hold(seconds: f64) -> Change {
    Change::new(0, HOLD, (seconds - 0.5) / 59.5)
}

fn threshold(decibels: f64) -> Change {
    Change::new(0, THRESHOLD, (decibels + 60.0) / 60.0)
}

/// Stretches of a song, each with whether the transport runs, whether the host records, and its frames.
fn played_song(block: usize, changes: &[Change], stretches: &[(bool, bool, usize)]) -> (Rig, Vec<(usize, Status)>) {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let (mut at, mut statuses, input) = (0, Vec::new(), sound(2));
    for &(playing, recording, frames) in stretches {
        processor.set_transport(Some(Transport { playing, recording, seconds: 1.0, tempo: Some(120.0) }));
        let now: Vec<_> = changes.iter().filter(|change| (at..at + frames).contains(&change.frame)).copied().collect();
        let render = Render::new(&input, at..at + frames).blocks(Blocks::Fixed(block)).changes(&now);
        statuses.extend(render.play(&mut processor).unwrap().statuses);
        at += frames;
    }
    rig.instance.deactivate(processor);
    (rig, statuses)
}

#[test]
fn with_transport_each_run_is_a_take_from_its_first_frame_to_its_last() {
    let stretches =
        [(true, false, 1_000), (false, false, 700), (true, false, 3_000), (false, true, 500), (true, true, 900)];
    for block in [1, 64, 500] {
        let (rig, _) = played_song(block, &[start(WITH_TRANSPORT), record(400, true)], &stretches);
        assert_takes(&rig.takes(), &[(400..1_000).collect(), (1_700..4_700).collect(), (5_200..6_100).collect()]);
    }
}

#[test]
fn with_hosts_record_both_the_transport_and_the_hosts_record_have_to_be_on() {
    let stretches =
        [(true, false, 1_000), (true, true, 700), (false, true, 3_000), (true, true, 500), (true, false, 900)];
    let (rig, _) = played_song(100, &[start(WITH_HOSTS_RECORD), record(0, true), preroll(0, 0.01)], &stretches);
    assert_takes(&rig.takes(), &[(520..1_700).collect(), (4_220..5_200).collect()]);
}

#[test]
fn with_a_pause_frames_of_a_run_are_left_out() {
    let changes = [start(WITH_TRANSPORT), record(0, true), pause(1_200, true), pause(1_300, false)];
    let (rig, _) = played_song(100, &changes, &[(false, false, 1_000), (true, false, 1_000), (false, false, 1_000)]);
    assert_takes(&rig.takes(), &[(1_000..1_200).chain(1_300..2_000).collect()]);
}

#[test]
fn a_host_that_tells_no_transport_records_nothing() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [start(WITH_TRANSPORT), record(0, true)];
    Render::new(&sound(2), 0..5_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(rig.files().is_empty());
}

#[test]
fn the_host_is_kept_awake_while_a_start_is_awaited() {
    let changes = [common::keep(0, 0.0), start(WITH_TRANSPORT), record(512, true), record(1_024, false)];
    let (_, statuses) = played_song(512, &changes, &[(false, false, 2_048)]);
    let expected = [(0, Status::ContinueIfNotQuiet), (512, Status::Continue), (1_024, Status::ContinueIfNotQuiet)];
    assert_eq!(statuses, expected);
}

/// Quiet but for stretches of loud sound on the right.
#[derive(Debug)]
struct Loud(Vec<std::ops::Range<usize>>);

impl Input for Loud {
    fn channels(&self) -> usize {
        2
    }

    fn read(&self, channel: usize, first: usize, samples: &mut [f32]) {
        for (frame, sample) in (first..).zip(samples) {
            *sample = loudness(self, channel, frame);
        }
    }
}

fn loudness(loud: &Loud, channel: usize, frame: usize) -> f32 {
    let level = if channel == 1 && loud.0.iter().any(|stretch| stretch.contains(&frame)) { 0.25 } else { 0.001 };
    if frame.is_multiple_of(2) { level } else { -level }
}

/// The frames of each take of sound that is loud in these places.
fn expected(loud: &[std::ops::Range<usize>], preroll: usize, end: usize) -> Vec<usize> {
    let mut takes: Vec<(usize, usize)> = Vec::new();
    for stretch in loud {
        match takes.last_mut() {
            Some((_, take_end)) if stretch.start < *take_end => *take_end = stretch.end + HOLD_FRAMES,
            before => {
                let first_free = before.map_or(0, |(_, take_end)| *take_end);
                takes.push((stretch.start.saturating_sub(preroll).max(first_free), stretch.end + HOLD_FRAMES));
            }
        }
    }
    takes.iter().map(|&(first, take_end)| take_end.min(end) - first).collect()
}

#[test]
fn with_sound_takes_have_their_exact_frames_in_any_blocks_and_every_file_type() {
    let loud = vec![5_000..5_001, 9_000..20_000, 60_001..60_002, 84_600..84_601, 200_000..200_300];
    let end = 240_000;
    for (index, (block, preroll_seconds)) in
        [(1, 0.0), (64, 0.0), (512, 0.5), (8_192, 0.0), (8_192, 2.0), (333, 0.1)].into_iter().enumerate()
    {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let changes = [
            start(WITH_SOUND),
            hold(0.5),
            threshold(-40.0),
            preroll(0, preroll_seconds),
            Change::new(0, common::FILE_TYPE, index as f64),
            record(0, true),
        ];
        let render = Render::new(&Loud(loud.clone()), 0..end)
            .blocks(Blocks::Fixed(block))
            .changes(&changes)
            .play(&mut processor);
        rig.instance.deactivate(processor);
        assert!(render.unwrap().output_equals_input());
        let frames: Vec<_> = rig.files().iter().map(|path| count_frames(path, RATE as u32)).collect();
        let preroll_frames = (preroll_seconds * RATE as f64) as usize;
        assert_eq!(frames, expected(&loud, preroll_frames, end), "blocks of {block}, type {index}");
    }
}

#[test]
fn a_higher_threshold_is_not_exceeded() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [start(WITH_SOUND), threshold(-11.0), record(0, true)];
    let input = Loud(std::iter::once(100..200).collect());
    Render::new(&input, 0..5_000).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(rig.files().is_empty());
}

#[test]
fn a_project_that_was_saved_armed_waits_when_it_is_opened_and_starts_with_sound() {
    let mut rig = Rig::new();
    rig.instance
        .edit_state(|state| {
            state.set_param("record", true.into())?;
            state.set_param("start", "sound".into())?;
            state.set_param("hold", 1.0.into())
        })
        .unwrap();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let input = Signal(2, |_, frame| if frame == 1_000 { 0.5 } else { 0.0 });
    Render::new(&input, 0..60_000).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_eq!(count_frames(&rig.files()[0], RATE as u32), 1 + RATE);
}
