//! Time Slice through the tap: silence stands where the song left frames out, and it is no loss.

use audio_file_out::core::format::StreamFormat;
use audio_file_out::core::take::{Controls, Mark, Song};
use audio_file_out::link::{self, Message, Status};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use std::sync::Arc;

/// What reaches the writer when blocks of 100 frames stand at these song positions: `Ok` frames, or `Err` the frames of a
/// gap and how many of them were lost.
fn written(time_slice: bool, blocks: &[(Option<i64>, bool)]) -> Vec<Result<usize, (u64, u64)>> {
    let format = StreamFormat { channels: 1, sample_rate: 48_000 };
    let (sender, mut receiver) = link::link(format, link::capacity(format), Arc::<Status>::default());
    let mut tap = Tap::new(sender, format, false, MonotonicClock::default());
    for &(position_frames, pause) in blocks {
        let controls = Controls {
            record: true,
            pause,
            time_slice,
            song: Song { position_frames, ..Song::default() },
            ..Controls::plain(1)
        };
        tap.process(&controls, &[&mut [0.5; 100]]);
    }
    let (mut written, mut scratch) = (Vec::new(), Vec::new());
    while let Some(message) = receiver.next(&mut scratch) {
        match message {
            Message::Frames { frames, .. } => written.push(Ok(frames)),
            Message::Mark(Mark::Gap { frames, lost }) => written.push(Err((frames, lost))),
            Message::Mark(_) => {}
        }
    }
    written
}

#[test]
fn a_jump_ahead_becomes_silence_of_its_length_before_the_block() {
    let blocks = [(Some(0), false), (Some(100), false), (Some(1_200), false)];
    assert_eq!(written(true, &blocks), [Ok(100), Ok(100), Err((1_000, 0)), Ok(100)]);
}

#[test]
fn switched_off_frames_stand_back_to_back() {
    assert_eq!(written(false, &[(Some(0), false), (Some(5_000), false)]), [Ok(100), Ok(100)]);
}

#[test]
fn a_loop_and_a_standing_transport_fill_nothing() {
    let stop = [(None, false); 48];
    let blocks = [&[(Some(900), false), (Some(0), false)], &stop[..], &[(Some(4_000), false)]].concat();
    assert_eq!(written(true, &blocks), [Ok(100); 51]);
}

#[test]
fn a_pause_is_left_out_and_not_filled() {
    assert_eq!(written(true, &[(Some(0), false), (Some(100), true), (Some(200), false)]), [Ok(100), Ok(100)]);
}
