//! In the CLAP host: what a host does to a plugin between two blocks never costs a frame or a file.

mod common;

use common::{
    CODEC, Decoded, FILE_TYPE, FLOAT32, MP3, Rig, assert_takes, decode, expected_takes, files_in, instance_in, plugin,
    record, sound,
};
use headless_host::{Blocks, Change, Render, Setup, Status};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SETUP: Setup = Setup::new(48_000.0, 512);

fn takes(files: &[PathBuf]) -> Vec<Decoded> {
    files.iter().map(|path| decode(path)).collect()
}

#[test]
fn deactivate_in_mid_take_ends_it_with_everything_queued() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(5..100_000).collect()]);
}

#[test]
fn destroy_without_deactivate_in_mid_take() {
    let Rig { mut instance, folder } = Rig::new();
    let mut processor = instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    instance.destroy_while_active(processor);
    assert_takes(&takes(&files_in(folder.path())), &[(5..100_000).collect()]);
}

#[test]
fn activate_twice_in_mid_take_ends_it_and_record_goes_on_in_the_next() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..1_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    assert!(rig.instance.activate_again(&mut processor, SETUP));
    Render::new(&sound(2), 1_000..2_000).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(5..1_000).collect(), (1_000..2_000).collect()]);
}

#[test]
fn reset_in_mid_take_does_not_cut_it() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..1_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    processor.reset();
    Render::new(&sound(2), 1_000..2_000).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(5..2_000).collect()]);
}

#[test]
fn stop_and_start_processing_in_mid_take_does_not_cut_it() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..1_000).changes(&[record(5, true)]).play(&mut processor).unwrap();
    processor.stop();
    processor.start().unwrap();
    Render::new(&sound(2), 1_000..2_000).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert_takes(&rig.takes(), &[(5..2_000).collect()]);
}

#[test]
fn a_new_sample_rate_or_channel_count_begins_a_new_file_with_the_right_header() {
    let mut rig = Rig::new();
    for (number, (rate, channels)) in [(48_000.0, 2), (44_100.0, 2), (44_100.0, 6)].into_iter().enumerate() {
        rig.instance.select_layout(channels).unwrap();
        let mut processor = rig.instance.activate(Setup::new(rate, 512)).unwrap();
        let changes = if number == 0 { vec![record(0, true)] } else { vec![] };
        Render::new(&sound(channels as usize), 0..1_000).changes(&changes).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
    }
    let takes = rig.takes();
    let shapes: Vec<_> = takes.iter().map(|take| (take.sample_rate, take.channels())).collect();
    assert_eq!(shapes, [(48_000, 2), (44_100, 2), (44_100, 6)]);
    assert_takes(&takes, &vec![(0..1_000).collect::<Vec<_>>(); 3]);
}

#[test]
fn create_activate_process_and_drop_without_record_leaves_no_file_or_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = plugin().instance().unwrap();
    let deep = folder.path().join("not/yet/there/take{suffix}");
    instance.set_text("file", deep.to_str().unwrap()).unwrap();
    let mut processor = instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..10_000).play(&mut processor).unwrap();
    instance.deactivate(processor);
    drop(instance);
    assert_eq!(files_in(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn missing_folders_are_made_when_the_take_begins() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = plugin().instance().unwrap();
    let deep = folder.path().join("not/yet/there/take");
    instance.set_text("file", deep.to_str().unwrap()).unwrap();
    let mut processor = instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..100).changes(&[record(0, true)]).play(&mut processor).unwrap();
    instance.deactivate(processor);
    assert_eq!(decode(&folder.path().join("not/yet/there/take-001.wav")).frames(), 100);
}

#[test]
fn the_host_is_kept_awake_while_a_take_is_open_and_only_then() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [common::keep(0, 0.0), record(512, true), record(1_536, false)];
    let played = Render::new(&sound(2), 0..3_072).blocks(Blocks::Fixed(512)).changes(&changes).play(&mut processor);
    let statuses = played.unwrap().statuses;
    let expected = [(0, Status::ContinueIfNotQuiet), (512, Status::Continue), (1_536, Status::ContinueIfNotQuiet)];
    assert_eq!(statuses, expected);
    rig.instance.deactivate(processor);
}

#[test]
fn the_plugin_adds_no_latency() {
    assert_eq!(Rig::new().instance.latency().unwrap(), 0);
}

#[test]
fn a_closed_take_can_be_read_while_the_plugin_goes_on() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [record(0, true), record(4_000, false)];
    Render::new(&sound(2), 0..5_000).changes(&changes).play(&mut processor).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let path = rig.folder.path().join("take-001.wav");
    let is_closed = || hound::WavReader::open(&path).is_ok_and(|reader| reader.duration() == 4_000);
    while !is_closed() {
        assert!(Instant::now() < deadline, "the writer did not notice the take by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().try_lock().expect("the lock is released");
    rig.instance.deactivate(processor);
}

#[test]
fn an_open_take_is_locked() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..5_000).changes(&[record(0, true)]).play(&mut processor).unwrap();
    let path = rig.folder.path().join("take-001.wav");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !path.exists() {
        assert!(Instant::now() < deadline, "the writer did not notice the take by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    assert!(file.try_lock().is_err(), "another program could lock the open take");
    rig.instance.deactivate(processor);
}

#[test]
fn thirty_two_instances_with_the_same_setting_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut instance = instance_in(folder.path());
                let mut processor = instance.activate(SETUP).unwrap();
                let changes = [record(100, true), record(20_000, false), record(21_000, true)];
                let played = Render::new(&sound(2), 0..40_000).changes(&changes).play(&mut processor).unwrap();
                assert!(played.output_equals_input());
                instance.deactivate(processor);
            });
        }
    });
    let files = files_in(folder.path());
    let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, (1..=64).map(|n| format!("take-{n:03}.wav")).collect::<Vec<_>>());
    let mut takes = takes(&files);
    takes.sort_by_key(Decoded::frames);
    let mut expected = vec![(21_000..40_000).collect::<Vec<_>>(); 32];
    expected.extend(vec![(100..20_000).collect(); 32]);
    assert_takes(&takes, &expected);
}

#[test]
fn a_storm_of_toggles_loses_no_sound() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes: Vec<_> = (0..14_000).map(|toggle| record(toggle * 7, toggle % 2 == 0)).collect();
    let end = 14_000 * 7;
    let played = Render::new(&sound(2), 0..end).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    assert_eq!(rig.files().len(), 7_000);
    assert_takes(&rig.takes(), &expected_takes(&changes, 0..end));
}

#[test]
fn hostile_samples_pass_bit_for_bit_and_cannot_break_a_take() {
    let hostile = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-42, -0.0, 3.0];
    let input = headless_host::Signal(2, move |channel, frame| hostile[(frame + channel) % hostile.len()]);
    for (file_type, codec) in [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.0, FLOAT32), (MP3, 0.0)] {
        let mut rig = Rig::new();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let changes = [Change::new(0, FILE_TYPE, file_type), Change::new(0, CODEC, codec), record(0, true)];
        let played = Render::new(&input, 0..10_000).changes(&changes).play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        assert!(played.output_equals_input());
        let take = rig.takes().pop().unwrap();
        assert_eq!(take.frames(), 10_000);
        assert!(take.planar.iter().flatten().all(|sample| sample.is_finite()));
    }
}
