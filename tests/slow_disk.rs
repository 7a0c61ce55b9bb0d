//! A writer that hangs while a live track goes on: nothing is lost, for what the queue cannot hold waits in memory.

use audio_file_out::core::channels::ChannelSet;
use audio_file_out::core::format::{Codec, StreamFormat};
use audio_file_out::core::take::{Controls, TakeSettings};
use audio_file_out::disk::writer::WriterThread;
use audio_file_out::link::{self, Capacity, Status, TextId, Texts};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };
const BLOCK: usize = 480;

/// Stands for a disk that hangs: the writer calls it when it has opened the take.
fn hang(_: fmt::Arguments<'_>) {
    thread::sleep(Duration::from_secs(4));
}

#[test]
fn a_writer_that_hangs_longer_than_the_queue_lasts_loses_no_frame_of_a_live_track() {
    let folder = tempfile::tempdir().unwrap();
    let texts = Arc::new(Texts::default());
    texts.set(TextId::File, folder.path().join("take{suffix}").to_str().unwrap());
    let status = Arc::<Status>::default();
    // Three seconds of queue.
    let capacity = Capacity { resident: 48_000, overflow: 5 * 48_000 };
    let (sender, receiver) = link::link(FORMAT, capacity, Arc::clone(&status));
    let switches = Arc::new(Controls { record: true, ..Controls::plain(2) });
    let writer = WriterThread::start(receiver, switches, Arc::clone(&texts), None, None, hang).unwrap();
    let mut tap = Tap::new(sender, FORMAT, false, MonotonicClock::default());
    let settings = TakeSettings { codec: Codec::Float32, text_revision: texts.revision(), ..TakeSettings::DEFAULT };
    let channels = ChannelSet::first(2);
    let controls = Controls { record: true, settings, channels, ..Controls::plain(2) };
    let start = Instant::now();
    let (mut frame, mut most_reserve) = (0, 0);
    while frame < 9 * 24_000 {
        let due = Duration::from_secs_f64(frame as f64 / 48_000.0);
        thread::sleep(due.saturating_sub(start.elapsed()));
        let mut left: Vec<f32> = (frame..frame + BLOCK).map(|frame| frame as f32).collect();
        let mut right: Vec<f32> = left.iter().map(|sample| -sample).collect();
        tap.process(&controls, &[&mut left, &mut right]);
        most_reserve = most_reserve.max(status.snapshot().reserve_bytes);
        frame += BLOCK;
    }
    tap.close();
    writer.finish();
    assert!(most_reserve > 0, "the queue alone cannot have held it");
    assert_eq!(status.snapshot().reserve_bytes, 0);
    assert_eq!(status.snapshot().lost_frames, 0);
    let samples: Vec<f32> =
        hound::WavReader::open(folder.path().join("take-001.wav")).unwrap().samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 2 * frame);
    for (index, pair) in samples.chunks_exact(2).enumerate() {
        assert_eq!(pair, [index as f32, -(index as f32)], "frame {index}");
    }
}
