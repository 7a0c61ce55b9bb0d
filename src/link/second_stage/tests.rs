use super::*;
use crate::core::channels::ChannelSet;
use crate::core::format::StreamFormat;
use crate::core::take::{Mark, Song, TakeSettings, TakeStart};
use crate::link::queue::link_within;
use crate::link::{Capacity, Message, Receiver, Sender};
use proptest::prelude::*;

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 1_000 };

/// In seconds; less where an interpreter runs the tests.
const A_MINUTE: f64 = if cfg!(miri) { 12.0 } else { 60.0 };

fn budget(bytes: usize) -> &'static Budget {
    Box::leak(Box::new(Budget::new(bytes)))
}

struct Queue {
    sender: Sender,
    receiver: Receiver,
    relief: Relief,
    budget: &'static Budget,
}

/// A queue of `overflow` words and a few, and the relief for it.
fn queue(overflow: usize, bytes: usize) -> Queue {
    let budget = budget(bytes);
    let (sender, receiver) = link_within(budget, FORMAT, Capacity { resident: 101, overflow }, Arc::default());
    let relief = receiver.relief();
    Queue { sender, receiver, relief, budget }
}

fn send(sender: &mut Sender, frames: usize, first: usize) -> bool {
    let mut left: Vec<f32> = (first..first + frames).map(|frame| frame as f32).collect();
    let mut right: Vec<f32> = left.iter().map(|sample| -sample).collect();
    sender.try_frames(&[&mut left, &mut right], 0, frames).is_ok()
}

/// All that waits: the samples of the left channel, and `None` for each mark.
fn receive(receiver: &mut Receiver, most: usize) -> Vec<Option<f32>> {
    let (mut all, mut scratch) = (Vec::new(), Vec::new());
    for _ in 0..most {
        match receiver.next(&mut scratch) {
            Some(Message::Frames { frames, planar }) => {
                assert_eq!(planar.len(), 2 * frames);
                assert!(planar[..frames].iter().zip(&planar[frames..]).all(|(left, right)| *left == -right));
                all.extend(planar[..frames].iter().copied().map(Some));
            }
            Some(Message::Mark(_)) => all.push(None),
            None => break,
        }
    }
    all
}

/// Looks every 50 ms for `seconds` while `per_look` frames arrive before each look, and says how many of the frames the
/// queue did not take.
fn play(sender: &mut Sender, relief: &Relief, per_look: usize, seconds: f64, sent: &mut usize) -> usize {
    let mut lost = 0;
    for look in 0..(seconds * 20.0) as u64 {
        if send(sender, per_look, *sent) {
            *sent += per_look;
        } else {
            lost += per_look;
        }
        relief.look_at(Duration::from_millis(50 * look));
    }
    lost
}

#[test]
fn a_live_track_loses_nothing_while_the_writer_hangs_for_a_minute() {
    // Two seconds of queue.
    let Queue { mut sender, mut receiver, relief, .. } = queue(2 * 2_100, 1 << 20);
    let mut sent = 0;
    assert_eq!(play(&mut sender, &relief, 50, A_MINUTE, &mut sent), 0);
    assert!(receiver.status().snapshot().reserve_bytes > 0);
    let all: Vec<_> = (0..sent).map(|frame| Some(frame as f32)).collect();
    assert_eq!(receive(&mut receiver, usize::MAX), all);
    assert_eq!(receiver.status().snapshot().reserve_bytes, 0);
}

#[test]
fn a_render_is_left_to_wait_for_a_slow_writer() {
    let Queue { mut sender, mut receiver, relief, .. } = queue(2 * 10_000, 1 << 20);
    let mut sent = 0;
    for look in 0..if cfg!(miri) { 200 } else { 2_000 } {
        // Twenty times realtime, as far as there is room; the writer is not much faster than realtime.
        for _ in 0..20 {
            if send(&mut sender, 50, sent) {
                sent += 50;
            }
        }
        receive(&mut receiver, 1);
        relief.look_at(Duration::from_millis(45 * look));
        receiver.status().set_queue_fill(receiver.fill());
        assert_eq!(receiver.status().snapshot().reserve_bytes, 0, "look {look}");
    }
    assert_eq!(receiver.status().snapshot().nearly_full, 0);
}

#[test]
fn a_render_that_waits_for_a_disk_that_stalls_is_neither_relieved_nor_told_of() {
    let Queue { mut sender, mut receiver, relief, .. } = queue(2 * 10_000, 1 << 20);
    let mut sent = 0;
    for look in 0..400 {
        while send(&mut sender, 50, sent) {
            sent += 50;
        }
        sender.status().count_wait();
        relief.look_at(Duration::from_millis(50 * look));
        receiver.status().set_queue_fill(receiver.fill());
        // The disk is well again for a moment.
        if look % 100 == 99 {
            receive(&mut receiver, usize::MAX);
        }
    }
    let status = receiver.status().snapshot();
    assert_eq!((status.reserve_bytes, status.nearly_full), (0, 0));
}

#[test]
fn a_live_track_whose_writer_is_late_is_told_of() {
    let Queue { mut sender, mut receiver, relief, .. } = queue(2 * 2_100, 1 << 20);
    play(&mut sender, &relief, 50, 1.0, &mut 0);
    assert_eq!(receiver.status().snapshot().nearly_full, 0);
    receive(&mut receiver, usize::MAX);
    play(&mut sender, &relief, 50, 3.0, &mut 0);
    assert_eq!(receiver.status().snapshot().nearly_full, 1);
}

#[test]
fn a_live_track_that_no_memory_is_left_for_is_told_of_once() {
    let Queue { mut sender, receiver, relief, .. } = queue(2 * 2_100, 0);
    play(&mut sender, &relief, 50, 3.0, &mut 0);
    assert_eq!(receiver.status().snapshot().nearly_full, 1);
}

#[test]
fn past_the_budget_the_queue_fills_and_what_was_taken_is_given_back() {
    let Queue { mut sender, mut receiver, relief, budget } = queue(2 * 2_100, 40_000);
    let mut sent = 0;
    assert!(play(&mut sender, &relief, 50, A_MINUTE, &mut sent) > 0);
    assert!(receiver.status().snapshot().reserve_bytes <= 40_000);
    assert_eq!(receive(&mut receiver, usize::MAX).len(), sent);
    assert_eq!(budget.free_bytes.load(Relaxed), 40_000);
}

#[test]
fn a_receiver_that_goes_gives_its_memory_back() {
    let Queue { mut sender, receiver, relief, budget } = queue(2 * 2_100, 1 << 20);
    play(&mut sender, &relief, 50, 10.0, &mut 0);
    assert!(budget.free_bytes.load(Relaxed) < 1 << 20);
    drop(receiver);
    assert_eq!(budget.free_bytes.load(Relaxed), 1 << 20);
    assert!(sender.is_abandoned());
    relief.look_at(Duration::from_secs(100));
}

#[derive(Debug, Clone)]
enum Turn {
    Frames(usize),
    Mark(Mark),
    Relieve,
    Receive(usize),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let (settings, channels) = (TakeSettings::DEFAULT, ChannelSet::first(2));
    let begin = TakeStart { settings, channels, song: Song::default(), preroll_frames: 0, event: None };
    let turn = prop_oneof![
        4 => (0usize..40).prop_map(Turn::Frames),
        1 => prop_oneof![
            Just(Mark::Begin(begin)),
            Just(Mark::Gap { frames: 7, lost: 3 }),
            Just(Mark::End { left_out: 0, record: false })
        ].prop_map(Turn::Mark),
        1 => Just(Turn::Relieve),
        2 => (0usize..5).prop_map(Turn::Receive),
    ];
    proptest::collection::vec(turn, 0..200)
}

proptest! {
    #[test]
    fn messages_stay_whole_and_in_order_wherever_they_are_moved(turns in turns(), bytes in 0usize..4_000) {
        let Queue { mut sender, mut receiver, relief, budget } = queue(256, bytes);
        let (mut sent, mut received, mut frame) = (Vec::new(), Vec::new(), 0);
        for turn in turns {
            match turn {
                Turn::Frames(frames) => {
                    if send(&mut sender, frames, frame) {
                        sent.extend((frame..frame + frames).map(|frame| Some(frame as f32)));
                        frame += frames;
                    }
                }
                Turn::Mark(mark) => {
                    if sender.try_mark(mark).is_ok() {
                        sent.push(None);
                    }
                }
                Turn::Relieve => lock(&relief.intake.upgrade().unwrap()).relieve(),
                Turn::Receive(most) => received.extend(receive(&mut receiver, most)),
            }
        }
        received.extend(receive(&mut receiver, usize::MAX));
        prop_assert_eq!(received, sent);
        prop_assert!(receiver.is_empty());
        prop_assert_eq!(budget.free_bytes.load(Relaxed), bytes);
    }
}

#[test]
fn a_writer_that_sleeps_is_woken_once_a_quarter_of_the_queue_waits() {
    let mut queue = queue(2_400, 1 << 20);
    queue.receiver.attach();
    let mut sent = 0;
    assert_eq!(play(&mut queue.sender, &queue.relief, 50, 0.5, &mut sent), 0);
    let start = Instant::now();
    std::thread::park_timeout(Duration::from_secs(60));
    assert!(start.elapsed() < Duration::from_secs(30), "it sleeps while the queue fills");
}
