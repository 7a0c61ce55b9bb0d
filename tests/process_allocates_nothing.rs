//! While it records, `process()` neither allocates nor frees. A binary of its own: it counts every allocation.

mod common;

use audio_file_out::core::channels::ChannelSet;
use audio_file_out::core::format::{Menu, Start, StreamFormat};
use audio_file_out::core::take::{Controls, HostTransport, Song};
use audio_file_out::link::{self, Status};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use common::{PAUSE, RECORD, Rig, pause, record, sound};
use headless_host::{Change, Input, Processor, Setup};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting the calls of each thread.
struct Counting;

fn count() {
    // A thread that is being torn down has no counter any more, and is none that the test looks at.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: hands every call on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the system allocator's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of one call of `process()`, the host's part included.
fn allocations(processor: &mut Processor, input: &[Vec<f32>], output: &mut [Vec<f32>], changes: &[Change]) -> usize {
    let before = COUNT.get();
    processor.process(input, output, changes).unwrap();
    COUNT.get() - before
}

#[test]
fn process_allocates_nothing_while_it_records_pauses_and_ends_takes() {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let mut input = vec![vec![0.0; 512]; 2];
    for (channel, samples) in input.iter_mut().enumerate() {
        sound(2).read(channel, 0, samples);
    }
    let mut output = input.clone();
    // The first blocks fill what host and framework keep: the latter's first state exchange allocates once.
    for _ in 0..8 {
        processor.process(&input, &mut output, &[record(0, false), pause(10, false)]).unwrap();
    }
    let scripts: [&[Change]; 5] = [
        &[record(100, true)],
        &[],
        &[pause(3, true), pause(300, false)],
        &[Change::new(7, RECORD, 0.0), Change::new(8, RECORD, 1.0)],
        &[Change::new(0, PAUSE, 1.0), Change::new(1, PAUSE, 0.0), record(511, false)],
    ];
    for round in 0..200 {
        for (number, changes) in scripts.iter().enumerate() {
            let count = allocations(&mut processor, &input, &mut output, changes);
            assert_eq!(count, 0, "allocations in round {round}, script {number}");
        }
    }
    rig.instance.deactivate(processor);
    assert!(!rig.files().is_empty(), "nothing was recorded: the test would prove nothing");
}

#[test]
fn meters_and_the_peaks_of_the_export_allocate_nothing() {
    let format = StreamFormat { channels: 64, sample_rate: 48_000 };
    let status = Arc::<Status>::default();
    let (sender, mut receiver) = link::link(format, link::capacity(format), Arc::clone(&status));
    let mut tap = Tap::new(sender, format, false, MonotonicClock::default());
    status.scope().on_change(|| ());
    status.scope().open();
    status.export_peaks().want(true);
    let mut sound: Vec<Vec<f32>> = (0..64).map(|channel| vec![channel as f32 / 64.0; 700]).collect();
    let planar: Vec<&mut [f32]> = sound.iter_mut().map(Vec::as_mut_slice).collect();
    let mut scratch = Vec::new();
    for round in 0..200 {
        let controls = Controls {
            record: round % 7 > 0,
            pause: round % 3 == 0,
            marker: round % 5 == 0,
            capture: round % 11 == 0,
            start: Start::ALL[round as usize / 50 % 4],
            hold_frames: 100,
            preroll_frames: [0, 1_000][round as usize / 20 % 2],
            keep_frames: [0, 5_000][round as usize / 30 % 2],
            transport: HostTransport {
                is_told: true,
                runs: round % 4 > 0,
                records: round % 9 > 0,
                ..HostTransport::default()
            },
            time_slice: round % 2 == 0,
            channels: ChannelSet::matching("* ^chan3", 64),
            song: Song { position_frames: Some(round * 1_000), ..Song::default() },
            ..Controls::plain(64)
        };
        let before = COUNT.get();
        tap.process(&controls, &planar);
        assert_eq!(COUNT.get() - before, 0, "allocations in round {round}");
        while receiver.next(&mut scratch).is_some() {}
    }
    assert!(status.scope().blocks() > 100, "nothing was measured: the test would prove nothing");
    assert_eq!(status.export_peaks().take(63), 63.0 / 64.0, "nothing was measured: the test would prove nothing");
}
