use super::*;
use proptest::prelude::*;
use std::ops::Range;

fn controls(block: &Block, n: u16) -> Controls {
    Controls {
        record: block.record,
        pause: block.pause,
        capture: block.capture,
        preroll_frames: block.preroll,
        keep_frames: block.keep,
        settings: TakeSettings { n, ..TakeSettings::DEFAULT },
        ..Controls::plain(block.channels)
    }
}

/// One block as the model sees it; `room` says how many messages the queue takes during it.
#[derive(Debug, Clone, Copy)]
struct Block {
    record: bool,
    pause: bool,
    capture: bool,
    preroll: u64,
    keep: u64,
    channels: usize,
    frames: u64,
    room: usize,
}

const ON: Block =
    Block { record: true, pause: false, capture: false, preroll: 0, keep: 0, channels: 2, frames: 8, room: 9 };
const OFF: Block = Block { record: false, ..ON };

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let switches = (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let lengths = prop_oneof![Just((0, 0)), Just((50, 0)), Just((30, 200)), Just((150, 60))];
    let channels = prop_oneof![9 => Just(2usize), 1 => Just(1usize)];
    let run = (switches, 1u64..100, prop_oneof![Just(0), 1usize..4, Just(9)]);
    // Lengths and channels stay for a while, or there would hardly be any history.
    let stretch = (lengths, channels, prop::collection::vec(run, 1..10));
    prop::collection::vec(stretch, 0..8).prop_map(|stretches| {
        let blocks = stretches.into_iter().flat_map(|((preroll, keep), channels, runs)| {
            runs.into_iter().map(move |((record, pause, capture), frames, room)| Block {
                record,
                pause,
                capture,
                preroll,
                keep,
                channels,
                frames,
                room,
            })
        });
        blocks.collect()
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Sent {
    Mark(Mark),
    /// Of all frames that passed.
    Frames(Range<u64>),
}

struct Run {
    sent: Vec<Sent>,
    merged: usize,
}

/// Drives the machine as the tap does, with a queue that has room only where the blocks say so.
fn run(blocks: &[Block]) -> Run {
    let mut machine = TakeMachine::default();
    let mut run = Run { sent: Vec::new(), merged: 0 };
    let mut passed = 0;
    for (index, block) in blocks.iter().enumerate() {
        let mut room = block.room;
        let controls = controls(block, index as u16);
        let step = machine.step(&controls);
        machine.follow_capture(&controls);
        while let (Some(mark), 1..) = (machine.owed(), room) {
            run.sent.push(Sent::Mark(mark));
            machine.sent();
            room -= 1;
        }
        let has_room = machine.owed().is_none() && room > 0;
        match step {
            Step::Idle => {}
            Step::Pause => machine.leave_out(block.frames),
            Step::Keep | Step::Record | Step::RecordMerged if has_room => {
                run.sent.push(Sent::Frames(passed..passed + block.frames));
            }
            Step::Keep => machine.begin_history_again(),
            Step::Record | Step::RecordMerged => machine.lose(block.frames),
        }
        run.merged += usize::from(step == Step::RecordMerged);
        passed += block.frames;
    }
    machine.end(false);
    while let Some(mark) = machine.owed() {
        run.sent.push(Sent::Mark(mark));
        machine.sent();
    }
    run
}

/// A take: the number of its settings, and its frames, those of the history first. Lost ones are missing.
type Take = (u16, Vec<u64>);

/// A writer as plain as can be: what the takes hold that were sent, and those that were captured. Panics where the marks
/// make no sense.
#[derive(Default)]
struct Writer {
    takes: Vec<(Take, u64)>,
    captured: Vec<Take>,
    open: bool,
    history: Vec<u64>,
    length: u64,
    channels: Option<ChannelSet>,
    passed: u64,
}

impl Writer {
    fn read(sent: &[Sent]) -> Self {
        let mut writer = Self::default();
        sent.iter().for_each(|message| writer.take_in(message));
        assert!(!writer.open, "the last take never ended");
        writer
    }

    fn take_in(&mut self, message: &Sent) {
        match message {
            Sent::Frames(frames) => {
                self.passed = frames.end;
                let kept = if self.open { &mut self.takes.last_mut().unwrap().0.1 } else { &mut self.history };
                kept.extend(frames.clone());
                assert!(self.open || self.channels.is_some(), "history of no shape");
                self.forget();
            }
            Sent::Mark(Mark::Begin(start)) => {
                assert!(!self.open, "a take began inside a take");
                self.open = true;
                let unbroken = self.unbroken().min(start.preroll_frames as usize);
                let preroll = self.history.split_off(self.history.len() - unbroken);
                assert!(preroll.is_empty() || self.channels == Some(start.channels), "history of another shape");
                assert!(preroll.iter().zip(&preroll[1.min(preroll.len())..]).all(|(one, next)| one + 1 == *next));
                if self.channels.replace(start.channels) != Some(start.channels) {
                    self.history.clear();
                }
                self.takes.push(((start.settings.n, preroll), 0));
            }
            Sent::Mark(Mark::Gap { frames, .. }) => {
                assert!(self.open && *frames > 0, "a gap outside a take");
                self.takes.last_mut().unwrap().1 += frames;
                self.passed += frames;
            }
            Sent::Mark(Mark::PauseBegins) => assert!(self.open, "a pause outside a take"),
            Sent::Mark(Mark::Interrupted) => panic!("nobody interrupts"),
            Sent::Mark(Mark::Ahead { .. } | Mark::Settled { .. }) => panic!("no song"),
            Sent::Mark(Mark::Group(_) | Mark::HistoryLost { .. } | Mark::Away { .. }) => panic!("no group"),
            Sent::Mark(Mark::Pause { frames }) => {
                assert!(self.open && *frames > 0, "a pause outside a take");
                self.passed += frames;
            }
            Sent::Mark(Mark::Song { .. } | Mark::Marker { .. }) => assert!(self.open, "a mark outside a take"),
            Sent::Mark(Mark::End { left_out, .. }) => {
                assert!(std::mem::take(&mut self.open), "an end without a take");
                self.passed += left_out;
                self.forget();
            }
            Sent::Mark(Mark::HistoryLength { frames }) => {
                self.length = *frames;
                self.forget();
            }
            Sent::Mark(Mark::HistoryBegins(start)) => {
                assert!(!self.open, "the history begins inside a take");
                self.history.clear();
                self.channels = Some(start.channels);
            }
            Sent::Mark(Mark::Capture(Capture { settings, frames, .. })) => {
                let (passed, frames) = (self.passed, *frames);
                let captured: Vec<_> = self.history.extract_if(.., |frame| *frame + frames >= passed).collect();
                self.captured.push((settings.n, captured));
            }
        }
    }

    /// How many frames of the history follow each other up to the last one that passed.
    fn unbroken(&self) -> usize {
        let newest = self.history.iter().rev().enumerate();
        newest.take_while(|(ago, frame)| **frame + *ago as u64 + 1 == self.passed).count()
    }

    /// What is older than the length of the history.
    fn forget(&mut self) {
        let (passed, length) = (self.passed, self.length);
        self.history.retain(|frame| *frame + length >= passed);
    }
}

/// The rule of the product, frame by frame: which frames each take has, and each that is captured.
fn model(blocks: &[Block]) -> (Vec<Take>, Vec<Take>) {
    let (mut takes, mut captured): (Vec<Take>, Vec<Take>) = Default::default();
    let mut open = false;
    // Each with whether it follows the last take and no other sound.
    let mut history: Vec<u64> = Vec::new();
    let mut unbroken = 0;
    let mut channels = None;
    let mut capture_before = true;
    let mut passed = 0;
    // What a pause leaves out makes nothing older until it is over.
    let mut left_out = 0;
    for (index, block) in blocks.iter().enumerate() {
        let length = block.keep.max(block.preroll);
        let forget = |history: &mut Vec<u64>, passed: u64| history.retain(|frame| *frame + length >= passed);
        forget(&mut history, passed - left_out);
        if !(open && block.record && block.pause) {
            left_out = 0;
            forget(&mut history, passed);
        }
        let frames = passed..passed + block.frames;
        let begins = block.record && !block.pause && !open;
        let keeps = (!block.record || (block.pause && !open)) && length > 0;
        if (begins || keeps) && channels != Some(block.channels) {
            history.clear();
            channels = Some(block.channels);
        }
        unbroken = if length == 0 { 0 } else { unbroken.min(length).min(history.len() as u64) };
        if begins {
            let preroll = history.split_off(history.len() - unbroken.min(block.preroll) as usize);
            takes.push((index as u16, preroll));
        }
        open = block.record && (open || !block.pause);
        if open {
            unbroken = 0;
        }
        if block.capture && !capture_before {
            let taken: Vec<_> = history.extract_if(.., |frame| *frame + block.keep >= passed).collect();
            captured.push((index as u16, taken));
            unbroken = if block.keep > 0 { 0 } else { unbroken };
        }
        capture_before = block.capture;
        if open && !block.pause {
            takes.last_mut().unwrap().1.extend(frames);
        } else if keeps {
            history.extend(frames);
            unbroken += block.frames;
        }
        passed += block.frames;
        left_out += if open && block.pause { block.frames } else { 0 };
        forget(&mut history, passed - left_out);
        if length == 0 {
            channels = None;
        }
    }
    (takes, captured)
}

fn takes(sent: &[Sent]) -> Vec<Take> {
    Writer::read(sent).takes.into_iter().map(|(take, _)| take).collect()
}

proptest! {
    #[test]
    fn with_room_every_take_is_exactly_the_models(blocks in blocks()) {
        let blocks: Vec<_> = blocks.into_iter().map(|block| Block { room: 19, ..block }).collect();
        let run = run(&blocks);
        let writer = Writer::read(&run.sent);
        let takes: Vec<_> = writer.takes.into_iter().map(|(take, _)| take).collect();
        prop_assert_eq!((takes, writer.captured), model(&blocks));
        prop_assert_eq!(run.merged, 0);
    }

    #[test]
    fn no_frame_is_in_two_takes_or_twice_in_one_whatever_the_queue_has_room_for(blocks in blocks()) {
        let writer = Writer::read(&run(&blocks).sent);
        let all = writer.takes.iter().map(|(take, _)| take).chain(&writer.captured);
        let mut frames: Vec<_> = all.flat_map(|(_, frames)| frames).collect();
        prop_assert!(writer.takes.iter().all(|((_, frames), _)| frames.is_sorted()));
        let count = frames.len();
        frames.sort_unstable();
        frames.dedup();
        prop_assert_eq!(frames.len(), count);
    }

    #[test]
    fn without_room_no_frame_goes_uncounted_and_only_counted_merges_join_takes(blocks in blocks()) {
        let blocks: Vec<_> = blocks.into_iter().map(|block| Block { preroll: 0, ..block }).collect();
        let run = run(&blocks);
        let (sent, (model, _)) = (Writer::read(&run.sent).takes, model(&blocks));
        prop_assert_eq!(sent.len() + run.merged, model.len());
        let in_model: usize = model.iter().map(|take| take.1.len()).sum();
        prop_assert_eq!(sent.iter().map(|((_, frames), lost)| frames.len() as u64 + lost).sum::<u64>(), in_model as u64);
        prop_assert!(sent.iter().all(|(take, _)| model.iter().any(|other| other.0 == take.0)), "settings of no take");
    }
}

#[test]
fn settings_that_change_during_a_take_wait_for_the_next_one() {
    let takes = takes(&run(&[ON, ON, ON, OFF, ON]).sent);
    let lengths: Vec<_> = takes.iter().map(|(n, frames)| (*n, frames.len())).collect();
    assert_eq!(lengths, [(0, 24), (4, 8)]);
}

#[test]
fn takes_within_the_preroll_join_without_gap_or_overlap() {
    let [on, off] = [ON, OFF].map(|block| Block { preroll: 100, ..block });
    let takes = takes(&run(&[off, on, off, off, on]).sent);
    assert_eq!(takes, [(1, (0..16).collect()), (4, (16..40).collect())]);
}

#[test]
fn frames_that_the_history_lost_break_it() {
    let [on, off] = [ON, OFF].map(|block| Block { preroll: 100, ..block });
    let takes = takes(&run(&[off, Block { room: 0, ..off }, off, on]).sent);
    assert_eq!(takes, [(3, (16..32).collect())]);
}

#[test]
fn a_song_that_moves_on_as_a_take_ends_is_told_behind_its_end() {
    let mut machine = TakeMachine::default();
    let mut marks = |block: &Block| {
        machine.step(&controls(&Block { keep: 50, ..*block }, 0));
        machine.song_goes_on(Some(7.0), true);
        let marks = std::iter::from_fn(|| machine.owed().inspect(|_| machine.sent()));
        marks.map(|mark| format!("{mark:?}").split([' ', '(']).next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(marks(&OFF), ["HistoryLength", "HistoryBegins"]);
    assert_eq!(marks(&OFF), ["Song"]);
    assert_eq!(marks(&ON), ["Begin"]);
    assert_eq!(marks(&OFF), ["End", "Song"]);
}

#[test]
fn a_frame_in_mid_block_has_its_own_place_in_the_song_only_where_that_runs() {
    let running = Song { position_frames: Some(480), seconds: Some(0.01), tempo: Some(120.0) };
    let after = Song { position_frames: Some(960), seconds: Some(0.02), ..running };
    assert_eq!(running.after(480, 48_000, None), after);
    let standing = Song { position_frames: None, ..running };
    assert_eq!(standing.after(480, 48_000, None), standing);
}

#[test]
fn a_song_that_goes_round_in_a_loop_shorter_than_a_block_stays_in_it() {
    let cycle = Cycle::new(100, 110);
    let song = Song { position_frames: Some(105), seconds: Some(105.0 / 48_000.0), tempo: None };
    assert_eq!(song.after(5, 48_000, cycle).position_frames, Some(100));
    assert_eq!(song.after(27, 48_000, cycle).position_frames, Some(102));
    assert_eq!(song.after(27, 48_000, cycle).seconds, Some(102.0 / 48_000.0));
    let behind = Song { position_frames: Some(110), ..song };
    assert_eq!(behind.after(5, 48_000, cycle).position_frames, Some(115), "it plays on behind the loop");
    assert_eq!((Cycle::new(5, 5), Cycle::new(6, 5)), (None, None));
}
