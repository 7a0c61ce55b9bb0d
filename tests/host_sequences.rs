//! In the CLAP host: random sequences of everything that a host may call, against the rule of the product. No frame is
//! lost, doubled or replaced, and no call takes longer than its limit.

mod common;

use common::model::{Heard, RATE, expected_with};
use common::{Rig, assert_takes, capture, keep, pause, preroll, record, sound};
use headless_host::{Blocks, Change, Render, Setup, Transport};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A call of a host on a machine that does something else beside.
const LONGEST_CALL: Duration = Duration::from_secs(5);

const SETUP: Setup = Setup::new(RATE as f64, 1_024);

/// Numbers that look random, the same ones for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn flip(&mut self) -> bool {
        self.below(2) > 0
    }
}

/// Runs a call and asserts that it is over in time.
fn timed<T>(what: &str, call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    assert!(start.elapsed() < LONGEST_CALL, "{what} took {:?}", start.elapsed());
    result
}

/// Plays one sequence, and returns how many takes came of it: they hold what the model says.
fn play_sequence(seed: u64) -> usize {
    let mut numbers = Numbers(seed);
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let first = [preroll(0, 0.1), keep(0, 0.5)];
    let mut played_changes = Vec::new();
    let mut pending = first.to_vec();
    let mut activations = BTreeSet::new();
    let mut at = 0;
    for _ in 0..60 {
        match numbers.below(12) {
            0 => timed("stop and start", || {
                processor.stop();
                processor.start().unwrap();
            }),
            1 => timed("reset", || processor.reset()),
            2 => {
                let max_block = [512, 1_024, 4_096][numbers.below(3) as usize];
                timed("deactivate", || rig.instance.deactivate(processor));
                processor = timed("activate", || rig.instance.activate(Setup::new(RATE as f64, max_block))).unwrap();
                activations.insert(at);
            }
            3 => {
                // Pressed while no block comes.
                let change = if numbers.flip() { record(at, numbers.flip()) } else { pause(at, numbers.flip()) };
                processor.flush(&[Change { frame: 0, ..change }]).unwrap();
                played_changes.push(change);
            }
            4 => {
                let state = timed("save", || rig.instance.save_state()).unwrap();
                timed("load", || rig.instance.load_state(&state)).unwrap();
            }
            5 => {
                let seconds = numbers.below(60) as f64 - 2.0;
                let transport = Transport { playing: numbers.flip(), recording: false, seconds, tempo: Some(120.0) };
                processor.set_transport(numbers.flip().then_some(transport));
            }
            _ => {
                let frames = 2 + numbers.below(6_000) as usize;
                let mut changes = std::mem::take(&mut pending);
                for _ in 0..numbers.below(3) {
                    let frame = at + numbers.below(frames as u64) as usize;
                    changes.push(match numbers.below(4) {
                        0 => pause(frame, numbers.flip()),
                        // In the first block of an activation it is no press.
                        1 => capture(frame.max(at + 1), numbers.flip()),
                        _ => record(frame, numbers.flip()),
                    });
                }
                // The last of two changes at one frame counts, in the host and in the model.
                changes.sort_by_key(|change| change.frame);
                played_changes.extend(&changes);
                let blocks = Blocks::Random { seed: numbers.below(1 << 20), max: 1_024 };
                let input = sound(2);
                let render = Render::new(&input, at..at + frames).blocks(blocks).changes(&changes);
                assert!(timed("play", || render.play(&mut processor)).unwrap().output_equals_input());
                at += frames;
            }
        }
    }
    timed("deactivate", || rig.instance.deactivate(processor));
    let heard = |frame: usize, record| Heard { record, begins_anew: activations.contains(&frame) };
    let expected = expected_with(&played_changes, 0..at, heard);
    assert_takes(&rig.takes(), &expected);
    expected.len()
}

#[test]
fn whatever_a_host_calls_no_frame_is_lost_or_doubled() {
    let takes: usize = (0..60)
        .map(|seed| {
            eprintln!("seed {seed}");
            play_sequence(seed)
        })
        .sum();
    assert!(takes > 300, "{takes} takes are too few to say anything");
}
