//! The queue between the threads, with both ends running: nothing lost, doubled or out of place.

use audio_file_out::core::channels::ChannelSet;
use audio_file_out::core::format::{BitRate, Codec, FileType, StreamFormat};
use audio_file_out::core::take::{Mark, Song, TakeSettings, TakeStart};
use audio_file_out::link::{self, Capacity, Full, MAX_CHUNK_FRAMES, Message, Receiver, Sender};
use std::sync::Arc;

const CHANNELS: usize = 3;
const MESSAGES: u64 = 1_000_000;

/// A small, seeded source of numbers (SplitMix64), so that both ends can draw the same ones.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

enum Sent {
    Frames { frames: usize, first_sample: u32 },
    Mark(Mark),
}

/// The message that both ends expect next.
fn draw(random: &mut Random) -> Sent {
    match random.below(10) {
        0 => Sent::Mark(Mark::Gap { frames: random.next(), lost: random.next() }),
        1 => Sent::Mark(Mark::End { left_out: random.next(), record: false }),
        2 => Sent::Mark(Mark::Begin(TakeStart {
            settings: TakeSettings {
                file_type: FileType::Mp3,
                codec: Codec::Pcm32,
                bit_rate: BitRate::VbrV0,
                unique_suffix: random.below(2) == 0,
                n: random.below(10_000) as u16,
                text_revision: random.next(),
                ..TakeSettings::DEFAULT
            },
            channels: ChannelSet::first(CHANNELS),
            song: Song { tempo: Some(random.below(300) as f64), ..Song::default() },
            preroll_frames: random.next(),
            event: None,
        })),
        // Mostly small blocks, as automation makes them; now and then the largest.
        3 if random.below(500) == 0 => Sent::Frames { frames: MAX_CHUNK_FRAMES, first_sample: random.next() as u32 },
        _ => Sent::Frames { frames: 1 + random.below(64) as usize, first_sample: random.next() as u32 },
    }
}

fn sample(first: u32, channel: usize, frame: usize) -> u32 {
    first.wrapping_add((channel as u32) << 24).wrapping_mul(31).wrapping_add(frame as u32)
}

fn send_all(mut sender: Sender) {
    let mut random = Random(7);
    let mut block = vec![vec![0.0f32; MAX_CHUNK_FRAMES]; CHANNELS];
    for _ in 0..MESSAGES {
        let message = draw(&mut random);
        if let Sent::Frames { frames, first_sample } = message {
            for (channel, samples) in block.iter_mut().enumerate() {
                for (frame, slot) in samples[..frames].iter_mut().enumerate() {
                    *slot = f32::from_bits(sample(first_sample, channel, frame));
                }
            }
        }
        let planar: Vec<&mut [f32]> = block.iter_mut().map(Vec::as_mut_slice).collect();
        let mut attempt = || match message {
            Sent::Frames { frames, .. } => sender.try_frames(&planar, 0, frames),
            Sent::Mark(mark) => sender.try_mark(mark),
        };
        while attempt() == Err(Full) {
            std::thread::yield_now();
        }
    }
}

fn receive_all(mut receiver: Receiver) {
    let mut random = Random(7);
    let mut scratch = Vec::new();
    for message in 0..MESSAGES {
        let expected = draw(&mut random);
        let received = loop {
            if let Some(received) = receiver.next(&mut scratch) {
                break received;
            }
            std::thread::yield_now();
        };
        match (expected, received) {
            (Sent::Mark(expected), Message::Mark(mark)) => assert_eq!(mark, expected, "message {message}"),
            (Sent::Frames { frames, first_sample }, Message::Frames { frames: received, planar }) => {
                assert_eq!(received, frames, "message {message}");
                assert_eq!(planar.len(), frames * CHANNELS);
                for (index, value) in planar.iter().enumerate() {
                    let expected = sample(first_sample, index / frames, index % frames);
                    assert_eq!(value.to_bits(), expected, "message {message}, sample {index}");
                }
            }
            (Sent::Mark(expected), other) => panic!("message {message}: {other:?} in place of {expected:?}"),
            (Sent::Frames { .. }, other) => panic!("message {message}: {other:?} in place of frames"),
        }
    }
    while !receiver.is_abandoned() {
        std::thread::yield_now();
    }
    assert_eq!(receiver.next(&mut scratch), None, "something was sent twice");
}

#[test]
fn a_million_random_messages_arrive_once_whole_and_in_order() {
    let format = StreamFormat { channels: CHANNELS, sample_rate: 48_000 };
    // Barely more than one of the largest messages, so that both tiers are full and wrap all the time.
    let capacity = Capacity { resident: 4 + CHANNELS * 64, overflow: 4 + CHANNELS * MAX_CHUNK_FRAMES };
    let (sender, receiver) = link::link(format, capacity, Arc::default());
    let reader = std::thread::spawn(move || receive_all(receiver));
    send_all(sender);
    reader.join().unwrap();
}
