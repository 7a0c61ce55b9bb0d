//! What recording adds to `process()`, against a plain planar copy of the same blocks into a ring of 16 seconds.
//!
//! Both sides run in turns in one process, so that their ratio holds when the machine's speed drifts. The queue is
//! drained between the timed stretches, as the writer does while the audio thread sleeps.
//!
//! `cargo bench --bench process`

use audio_file_out::core::format::{Group, StreamFormat};
use audio_file_out::core::take::Controls;
use audio_file_out::link::{self, Receiver, Status};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;
const ROUNDS: usize = 60;
/// What a recorder without a second stage would need.
const PLAIN_RING_SECONDS: usize = 16;

fn controls(record: bool, channels: usize) -> Controls {
    Controls { record, ..Controls::plain(channels) }
}

/// A ring that takes planar blocks by plain copies: the least that keeping the sound can cost.
struct PlainRing {
    words: Vec<f32>,
    at: usize,
}

impl PlainRing {
    fn copy(&mut self, planar: &[&mut [f32]]) {
        for channel in planar {
            let end = self.at + channel.len();
            if end > self.words.len() {
                self.at = 0;
            }
            self.words[self.at..self.at + channel.len()].copy_from_slice(channel);
            self.at += channel.len();
        }
    }
}

struct Rig {
    status: Arc<Status>,
    tap: Tap,
    receiver: Receiver,
    scratch: Vec<f32>,
    ring: PlainRing,
    sound: Vec<Vec<f32>>,
    blocks_per_round: usize,
    block: usize,
}

impl Rig {
    fn new(channels: usize, block: usize) -> Self {
        let format = StreamFormat { channels, sample_rate: RATE };
        let capacity = link::capacity(format);
        let status = Arc::<Status>::default();
        let (sender, receiver) = link::link(format, capacity, Arc::clone(&status));
        Self {
            status,
            tap: Tap::new(sender, format, false, MonotonicClock::default()),
            receiver,
            scratch: Vec::new(),
            ring: PlainRing { words: vec![0.0; PLAIN_RING_SECONDS * RATE as usize * channels], at: 0 },
            sound: (0..channels).map(|channel| vec![channel as f32 / 100.0; block]).collect(),
            blocks_per_round: capacity.resident / (channels * block + 1) / 2,
            block,
        }
    }

    /// Nanoseconds for one block.
    fn time(&mut self, mut one_block: impl FnMut(&mut Tap, &mut PlainRing, &[&mut [f32]])) -> f64 {
        let planar: Vec<&mut [f32]> = self.sound.iter_mut().map(Vec::as_mut_slice).collect();
        let start = Instant::now();
        for _ in 0..self.blocks_per_round {
            one_block(&mut self.tap, &mut self.ring, black_box(&planar));
        }
        let spent: Duration = start.elapsed();
        while self.receiver.next(&mut self.scratch).is_some() {}
        spent.as_secs_f64() * 1e9 / self.blocks_per_round as f64
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!(
        "{:>8} {:>6} {:>12} {:>12} {:>12} {:>12} {:>7} {:>12} {:>12}",
        "channels", "block", "copy ns", "record ns", "idle ns", "ns/frame", "ratio", "window ns", "group ns"
    );
    for channels in [2, 8] {
        let (recording, idle) = (controls(true, channels), controls(false, channels));
        let in_group = Controls { group: Group::A, ..recording };
        for block in [32, 64, 128, 256, 512, 1024] {
            let mut rig = Rig::new(channels, block);
            let mut rows = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let (mut with_window, mut with_group) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let copied = rig.time(|_, ring, planar| ring.copy(planar));
                let recorded = rig.time(|tap, _, planar| {
                    tap.process(&recording, planar);
                });
                let idled = rig.time(|tap, _, planar| {
                    tap.process(&idle, planar);
                });
                // The same with meters.
                rig.status.scope().open();
                with_window.push(rig.time(|tap, _, planar| {
                    tap.process(&recording, planar);
                }));
                rig.status.scope().close();
                with_group.push(rig.time(|tap, _, planar| {
                    tap.process(&in_group, planar);
                }));
                rows.0.push(copied);
                rows.1.push(recorded);
                rows.2.push(idled);
                rows.3.push(recorded / copied);
            }
            let recorded = median(rows.1);
            println!(
                "{channels:>8} {block:>6} {:>12.1} {recorded:>12.1} {:>12.1} {:>12.3} {:>7.2} {:>12.1} {:>12.1}",
                median(rows.0),
                median(rows.2),
                recorded / rig.block as f64,
                median(rows.3),
                median(with_window),
                median(with_group)
            );
        }
    }
}
