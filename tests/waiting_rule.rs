//! When the audio thread waits for the writer and when it does not, with a simulated clock.

use audio_file_out::core::format::StreamFormat;
use audio_file_out::core::take::{Controls, Mark, Song};
use audio_file_out::link::{self, Capacity, Message, Receiver, Status};
use audio_file_out::rt::tap::{Clock, Tap};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const RATE: u32 = 48_000;
const BLOCK: usize = 480;
const BLOCK_TIME: Duration = Duration::from_millis(10);

/// Time passes only when the test or a wait says so; while the tap waits, the writer may take messages out.
#[derive(Clone)]
struct SimulatedClock {
    now: Rc<Cell<Duration>>,
    waited: Rc<Cell<Duration>>,
    writer: Rc<RefCell<SimulatedWriter>>,
}

impl Clock for SimulatedClock {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn sleep(&self, nap: Duration) {
        self.now.set(self.now.get() + nap);
        self.waited.set(self.waited.get() + nap);
        self.writer.borrow_mut().work(self.now.get());
    }
}

/// Reads the queue from `wakes_at` on; counts what arrives.
struct SimulatedWriter {
    receiver: Option<Receiver>,
    wakes_at: Duration,
    scratch: Vec<f32>,
    frames: u64,
    gaps: Vec<u64>,
}

impl SimulatedWriter {
    fn work(&mut self, now: Duration) {
        if now >= self.wakes_at {
            self.drain();
        }
    }

    fn drain(&mut self) {
        let Some(receiver) = &mut self.receiver else { return };
        while let Some(message) = receiver.next(&mut self.scratch) {
            match message {
                Message::Frames { frames, .. } => self.frames += frames as u64,
                Message::Mark(Mark::Gap { frames, .. }) => self.gaps.push(frames),
                Message::Mark(_) => {}
            }
        }
    }
}

struct Rig {
    clock: SimulatedClock,
    status: Arc<Status>,
    tap: Tap<SimulatedClock>,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Rig {
    /// A stereo recorder with a queue of 4.5 s whose writer does nothing until `writer_wakes_at`.
    fn new(declared_offline: bool, writer_wakes_at: Duration) -> Self {
        let format = StreamFormat { channels: 2, sample_rate: RATE };
        let status = Arc::<Status>::default();
        let capacity = Capacity { resident: RATE as usize, overflow: 4 * 2 * RATE as usize };
        let (sender, receiver) = link::link(format, capacity, Arc::clone(&status));
        let writer = SimulatedWriter {
            receiver: Some(receiver),
            wakes_at: writer_wakes_at,
            scratch: Vec::new(),
            frames: 0,
            gaps: Vec::new(),
        };
        let clock = SimulatedClock { now: Rc::default(), waited: Rc::default(), writer: Rc::new(RefCell::new(writer)) };
        let tap = Tap::new(sender, format, declared_offline, clock.clone());
        Self { clock, status, tap, left: vec![0.5; BLOCK], right: vec![-0.5; BLOCK] }
    }

    /// Plays `blocks` blocks, each taking `block_time` of the clock, as far as the tap does not make it wait.
    fn play(&mut self, blocks: usize, block_time: Duration, record: bool) {
        let controls = Controls { record, ..Controls::plain(2) };
        for _ in 0..blocks {
            self.tap.process(&controls, &[&mut self.left, &mut self.right]);
            self.clock.now.set(self.clock.now.get() + block_time);
            self.clock.writer.borrow_mut().work(self.clock.now.get());
        }
    }

    fn lost(&self) -> u64 {
        self.status.snapshot().lost_frames
    }

    fn waited(&self) -> Duration {
        self.clock.waited.get()
    }

    /// Frames and gaps that have reached the writer by the end.
    fn finish(mut self) -> (u64, Vec<u64>) {
        self.clock.writer.borrow_mut().drain();
        self.play(1, BLOCK_TIME, false);
        self.clock.writer.borrow_mut().drain();
        let writer = self.clock.writer.borrow();
        (writer.frames, writer.gaps.clone())
    }
}

const NEVER: Duration = Duration::MAX;

#[test]
fn a_realtime_host_is_never_made_to_wait_and_the_loss_is_counted_and_told() {
    let mut rig = Rig::new(false, Duration::from_secs(10));
    rig.play(1_200, BLOCK_TIME, true);
    assert_eq!((rig.waited(), rig.status.waits()), (Duration::ZERO, 0));
    let lost = rig.lost();
    assert!(lost > 5 * u64::from(RATE), "{lost} frames lost of 6 s that did not fit");
    let (frames, gaps) = rig.finish();
    assert_eq!(gaps, [lost], "the gap travels where the frames were missing");
    assert_eq!(frames + lost, 1_200 * BLOCK as u64, "the take stays in time");
}

#[test]
fn an_undeclared_render_waits_and_loses_nothing() {
    let mut rig = Rig::new(false, Duration::from_secs(3));
    rig.play(6_000, BLOCK_TIME / 1_000, true);
    assert!(rig.waited() > Duration::from_secs(2), "the writer slept for 3 s");
    assert!(rig.status.waits() > 0, "whoever looks at the queue has to know that it is a render's");
    assert_eq!(rig.lost(), 0);
    assert_eq!(rig.finish(), (6_000 * BLOCK as u64, vec![]));
}

#[test]
fn a_declared_render_waits_however_slow_it_is() {
    let mut rig = Rig::new(true, Duration::from_secs(10));
    rig.play(1_200, BLOCK_TIME, true);
    assert!(rig.waited() > Duration::from_secs(5));
    assert_eq!(rig.lost(), 0);
    assert_eq!(rig.finish(), (1_200 * BLOCK as u64, vec![]));
}

#[test]
fn a_host_that_processes_a_third_of_a_second_ahead_counts_as_realtime() {
    let mut rig = Rig::new(false, NEVER);
    rig.play(300, BLOCK_TIME, true);
    rig.play(33, Duration::ZERO, true);
    rig.play(600, BLOCK_TIME, true);
    assert_eq!(rig.waited(), Duration::ZERO);
}

#[test]
fn a_dead_writer_ends_the_waiting_at_once() {
    let mut rig = Rig::new(true, NEVER);
    rig.clock.writer.borrow_mut().receiver = None;
    rig.play(1_000, BLOCK_TIME / 1_000, true);
    assert_eq!(rig.waited(), Duration::ZERO);
    assert!(rig.lost() > 0);
}

#[test]
fn a_disk_that_hangs_for_good_does_not_hang_a_render_for_good() {
    let mut rig = Rig::new(true, NEVER);
    rig.play(1_000, BLOCK_TIME / 1_000, true);
    assert!(rig.waited() > Duration::from_secs(60));
    assert!(rig.waited() < Duration::from_secs(180), "one wait, not one for each block");
    assert!(rig.lost() > 0);
}

#[test]
fn marks_that_outrun_a_realtime_writer_merge_takes_and_lose_no_frame() {
    let mut rig = Rig::new(false, Duration::from_secs(10));
    // Fills the ring of frames to the last word but a few; the toggles below then fill that of marks.
    rig.play(448, BLOCK_TIME, true);
    let full_at = rig.status.snapshot().lost_frames;
    for _ in 0..40_000 {
        rig.left.truncate(1);
        rig.right.truncate(1);
        rig.play(1, Duration::from_micros(20), false);
        rig.play(1, Duration::from_micros(20), true);
    }
    assert_eq!(rig.waited(), Duration::ZERO);
    let merged = rig.status.snapshot().merged_takes;
    assert!(merged > 0, "no toggle was merged");
    let lost = rig.lost() - full_at;
    let (frames, gaps) = rig.finish();
    assert_eq!(frames + gaps.iter().sum::<u64>(), 448 * BLOCK as u64 + 40_000);
    assert_eq!(gaps.iter().sum::<u64>(), lost);
}

#[test]
fn what_is_owed_at_the_end_of_an_activation_holds_up_no_host_whose_disk_hangs() {
    let mut rig = Rig::new(false, NEVER);
    rig.play(448, BLOCK_TIME, true);
    rig.left.truncate(1);
    rig.right.truncate(1);
    for _ in 0..40_000 {
        rig.play(1, Duration::from_micros(20), false);
        rig.play(1, Duration::from_micros(20), true);
    }
    assert_eq!(rig.waited(), Duration::ZERO);
    let Rig { clock, tap, .. } = rig;
    tap.close();
    let waited = clock.waited.get();
    assert!(waited > Duration::ZERO, "there was room for all, and nothing to wait for");
    assert!(waited < Duration::from_secs(2), "the host hung for {waited:?}");
}

/// Frames that are lost break the history, those in the middle of a block too.
#[test]
fn no_history_goes_on_behind_frames_that_were_lost() {
    let mut rig = Rig::new(false, NEVER);
    let mut receiver = rig.clock.writer.borrow_mut().receiver.take().unwrap();
    let controls = Controls { keep_frames: 100 * u64::from(RATE), ..Controls::plain(2) };
    // Two messages, the second of which may fit where the first does not.
    let block = 1_500;
    let mut played = 0;
    let mut play = |rig: &mut Rig, blocks: usize| {
        for _ in 0..blocks {
            let mut left: Vec<f32> = (played..played + block).map(|frame| frame as f32).collect();
            let mut right = left.clone();
            rig.tap.process(&controls, &[&mut left, &mut right]);
            rig.clock.now.set(rig.clock.now.get() + BLOCK_TIME * 3);
            played += block;
        }
    };
    play(&mut rig, 200);
    let (mut next, mut beginnings, mut scratch) = (None, 0, Vec::new());
    let mut hear = |receiver: &mut Receiver| {
        while let Some(message) = receiver.next(&mut scratch) {
            match message {
                Message::Frames { frames, planar } => {
                    let first = planar[0] as usize;
                    assert_eq!(next.unwrap_or(first), first, "frames are missing in the history");
                    next = Some(first + frames);
                }
                Message::Mark(Mark::HistoryBegins(_)) => (next, beginnings) = (None, beginnings + 1),
                Message::Mark(_) => {}
            }
        }
    };
    hear(&mut receiver);
    play(&mut rig, 2);
    hear(&mut receiver);
    assert_eq!((beginnings, rig.waited()), (2, Duration::ZERO));
}

#[test]
fn a_take_that_goes_on_because_its_end_could_not_be_told_is_told_where_the_song_is() {
    let mut rig = Rig::new(false, NEVER);
    let mut receiver = rig.clock.writer.borrow_mut().receiver.take().unwrap();
    let mut played = 0;
    let mut play = |rig: &mut Rig, blocks: usize, record: bool| {
        for _ in 0..blocks {
            let song =
                Song { position_frames: Some(played), seconds: Some(played as f64 / f64::from(RATE)), tempo: None };
            let controls = Controls { record, song, keep_frames: 1_000_000, ..Controls::plain(2) };
            rig.tap.process(&controls, &[&mut rig.left, &mut rig.right]);
            rig.clock.now.set(rig.clock.now.get() + BLOCK_TIME);
            played += BLOCK as i64;
        }
    };
    play(&mut rig, 600, true);
    play(&mut rig, 10, false);
    play(&mut rig, 10, true);
    let (mut frames, mut songs, mut scratch) = (0, Vec::new(), Vec::new());
    let mut hear = |receiver: &mut Receiver| {
        while let Some(message) = receiver.next(&mut scratch) {
            match message {
                Message::Frames { frames: more, .. } => frames += more as u64,
                Message::Mark(Mark::Gap { frames: more, .. }) => frames += more,
                Message::Mark(Mark::Song { seconds, frames_ago, .. }) => songs.push((frames - frames_ago, seconds)),
                Message::Mark(_) => {}
            }
        }
    };
    hear(&mut receiver);
    play(&mut rig, 1, true);
    hear(&mut receiver);
    assert_eq!(rig.status.snapshot().merged_takes, 1);
    assert_eq!(songs, [(600 * BLOCK as u64, Some(6.1))]);
}
