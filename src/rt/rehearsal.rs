//! Runs the audio thread's code once before the host does. The system reads code from disk at its first call, page by
//! page: a call into the kernel, which must not happen in mid-take because a pause or a window comes for the first time.

use crate::core::format::{Group, Start, StreamFormat};
use crate::core::take::{Controls, Song};
use crate::link::groups::Signals;
use crate::link::{self, Capacity, Status};
use crate::rt::tap::{MonotonicClock, Tap};
use std::panic::catch_unwind;
use std::sync::{Arc, Once};

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };
const BLOCK: usize = 64;

/// Plays a take to a link that nobody reads. Main thread, before the first block; does nothing the second time.
pub fn rehearse() {
    static DONE: Once = Once::new();
    // What panics here panics in the first block again, where it is told.
    DONE.call_once(|| _ = catch_unwind(|| [Group::Off, Group::A].map(play)));
}

fn play(group: Group) {
    let status = Arc::<Status>::default();
    status.scope().open();
    status.export_peaks().want(true);
    // Full after a few blocks, so that losses are rehearsed, too.
    let capacity = Capacity { resident: 4 * BLOCK, overflow: 4 * BLOCK };
    let (sender, _receiver) = link::link(FORMAT, capacity, status);
    static SIGNALS: Signals = Signals::new();
    let mut tap = Tap::new(sender, FORMAT, false, MonotonicClock::default()).in_groups(|_| &SIGNALS);
    for (record, pause) in [(false, false), (true, false), (true, true), (true, false), (false, false)] {
        let controls = Controls {
            record,
            pause,
            marker: pause,
            capture: pause,
            time_slice: true,
            start: if pause { Start::Now } else { Start::Sound },
            keep_frames: 1 << 20,
            group,
            song: Song { position_frames: Some(0), ..Song::default() },
            ..Controls::plain(FORMAT.channels)
        };
        for _ in 0..8 {
            tap.process(&controls, &[&mut [0.5; BLOCK], &mut [0.5; BLOCK]]);
        }
    }
}
