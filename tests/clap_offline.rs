//! In the CLAP host: a render at full speed loses no frame, whether the host says that it renders or not.

mod common;

use common::{FILE_TYPE, MP3, Rig, count_frames, record};
use headless_host::{Blocks, Change, Render, Setup, Signal};

const RATE: usize = 48_000;
const TEN_MINUTES: usize = 600 * RATE;

/// Something that MP3 has work with: two slow sweeps.
fn music(channel: usize, frame: usize) -> f32 {
    let seconds = frame as f32 / RATE as f32;
    let cycles = (110.0 + 40.0 * channel as f32) * seconds + 3.0 * (seconds * 0.7).sin();
    0.4 * (cycles.fract() * std::f32::consts::TAU).sin()
}

fn render_ten_minutes(declared: bool, file_type: f64) {
    let mut rig = Rig::new();
    rig.instance.set_offline(declared).unwrap();
    let mut processor = rig.instance.activate(Setup::new(RATE as f64, 1_024)).unwrap();
    let (from, to) = (1_000, TEN_MINUTES - 77);
    let changes = [Change::new(0, FILE_TYPE, file_type), record(from, true), record(to, false)];
    let input = Signal(2, music as fn(usize, usize) -> f32);
    let played = Render::new(&input, 0..TEN_MINUTES)
        .blocks(Blocks::Fixed(1_024))
        .changes(&changes)
        .play(&mut processor)
        .unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    let frames: Vec<_> = rig.files().iter().map(|path| count_frames(path, 48_000)).collect();
    assert_eq!(frames, [to - from]);
}

#[test]
fn ten_minutes_undeclared_to_wav() {
    render_ten_minutes(false, 0.0);
}

#[test]
fn ten_minutes_declared_to_wav() {
    render_ten_minutes(true, 0.0);
}

#[test]
fn ten_minutes_undeclared_to_mp3() {
    render_ten_minutes(false, MP3);
}

#[test]
fn ten_minutes_declared_to_mp3() {
    render_ten_minutes(true, MP3);
}
