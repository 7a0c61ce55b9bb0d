//! The queue from the audio thread to the writer thread: a ring of samples and a ring of marks.

use super::ring::{self, Capacity, ring};
use super::second_stage::{Budget, Intake, Next, PROCESS_BUDGET, Relief, lock};
use super::{Bell, Heartbeat, Status, WriterStatus};
use crate::core::channels::ChannelSet;
use crate::core::format::StreamFormat;
use crate::core::take::Mark;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The most frames that one message carries; longer blocks travel as several. A float holds it exactly.
pub const MAX_CHUNK_FRAMES: usize = 1024;

/// Past half of it the second stage takes over, after a second to tell a live track from a render.
const QUEUE_SECONDS: usize = 4;
/// An idle instance is to stay below 2 MB.
const MAX_RESIDENT_BYTES: usize = 3 << 19;
const BYTES_PER_WORD: usize = size_of::<f32>();

/// Marks that wait at most. A render that toggles record with every other frame still fills half of them in so much
/// sound that it can be told from a live track.
const MARKS: Capacity = Capacity { resident: 256, overflow: 1 << 16 };

/// Before the samples of a block stands their number, in frames.
pub(super) const HEADER_WORDS: usize = 1;

/// The queue has no room for the message; nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A mark in its place among the frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    /// Words of frames, headers included, that were sent before it.
    pub after_words: u64,
    pub mark: Mark,
}

/// Words that the queue of a stream holds. As much as 1.5 MiB are in memory from the start: 4 s of stereo at 48 kHz, an
/// eighth of a second of 64 channels. Where these do not last 4 s, so much stands behind them.
pub fn capacity(format: StreamFormat) -> Capacity {
    let largest_message = HEADER_WORDS + MAX_CHUNK_FRAMES * format.channels;
    let all = (format.sample_rate as usize * format.channels * QUEUE_SECONDS).max(4 * largest_message);
    let resident = (MAX_RESIDENT_BYTES / BYTES_PER_WORD).min(all);
    Capacity { resident, overflow: if resident < all { all } else { 0 } }
}

/// Makes both ends of a queue for `format` that holds `capacity` words.
pub fn link(format: StreamFormat, capacity: Capacity, status: Arc<Status>) -> (Sender, Receiver) {
    link_within(&PROCESS_BUDGET, format, capacity, status)
}

/// The same, with a budget of its own for what the second stage may hold.
pub(super) fn link_within(
    budget: &'static Budget,
    format: StreamFormat,
    capacity: Capacity,
    status: Arc<Status>,
) -> (Sender, Receiver) {
    let (words, words_out) = ring(capacity, 0.0);
    let (marks, marks_out) = ring(MARKS, Placed { after_words: 0, mark: Mark::HistoryLength { frames: 0 } });
    let bell = Arc::<Bell>::default();
    let heartbeat = Arc::<Heartbeat>::default();
    let channels = ChannelSet::first(format.channels);
    let sender = Sender {
        words,
        marks,
        sent_words: 0,
        format,
        channels,
        bell: Arc::clone(&bell),
        heartbeat: Arc::clone(&heartbeat),
        status: Arc::clone(&status),
    };
    let intake = Arc::new(Mutex::new(Intake::new(words_out, marks_out, budget)));
    (sender, Receiver { intake, format, capacity, channels, bell, heartbeat, status: WriterStatus::new(status) })
}

/// The audio thread's end. Wait-free but for [`wake_writer`](Self::wake_writer).
pub struct Sender {
    words: ring::Producer<f32>,
    marks: ring::Producer<Placed>,
    /// Words of frames that were sent.
    sent_words: u64,
    format: StreamFormat,
    /// The channels of the frames that are sent: of the take, or the history, that was begun last.
    channels: ChannelSet,
    bell: Arc<Bell>,
    heartbeat: Arc<Heartbeat>,
    status: Arc<Status>,
}

impl Sender {
    /// The history goes on that the last activation left: the first frames have these channels.
    pub fn resume(&mut self, channels: ChannelSet) {
        self.channels = channels;
    }

    /// Counts the blocks.
    pub fn heartbeat(&self) -> &Heartbeat {
        &self.heartbeat
    }

    /// Sends the frames `start..start + frames` of a planar block, `frames` being at most [`MAX_CHUNK_FRAMES`]: those of
    /// the take's channels. A channel that is missing or too short is sent as silence.
    pub fn try_frames(&mut self, planar: &[&mut [f32]], start: usize, frames: usize) -> Result<(), Full> {
        let words = HEADER_WORDS + frames * self.channels.len();
        let mut chunk = self.words.room(words)?;
        let mut room = Room::new(chunk.as_mut_slices());
        room.put(&[frames as f32]);
        for channel in self.channels.iter() {
            match planar.get(channel).and_then(|samples| samples.get(start..start + frames)) {
                Some(samples) => room.put(samples),
                None => room.put_silence(frames),
            }
        }
        debug_assert!(room.is_full());
        // SAFETY: every word of the chunk was written: the header and then `frames` words for each channel of the set.
        unsafe { chunk.commit_all() };
        self.sent_words += words as u64;
        Ok(())
    }

    /// Sends a mark.
    pub fn try_mark(&mut self, mark: Mark) -> Result<(), Full> {
        self.marks.push(Placed { after_words: self.sent_words, mark })?;
        self.channels = channels_after(mark, self.channels, self.format);
        self.bell.ring();
        Ok(())
    }

    /// Sends a mark if there is room for it and for `frames` frames behind it.
    pub fn try_mark_before(&mut self, mark: Mark, frames: usize) -> Result<(), Full> {
        if frames > 0 && !self.words.has_room(HEADER_WORDS + frames * self.format.channels) {
            return Err(Full);
        }
        self.try_mark(mark)
    }

    /// The channels of the take that was begun last.
    pub fn take_channels(&self) -> ChannelSet {
        self.channels
    }

    /// Free words and marks as of now. Asks the writer's end, which costs a look at another core's cache line.
    pub fn free(&self) -> usize {
        self.words.free() + self.marks.free()
    }

    /// Whether more than half of the queue is filled.
    pub fn is_over_half(&self) -> bool {
        self.words.is_over_half() || self.marks.is_over_half()
    }

    /// Whether nobody reads the queue any more.
    pub fn is_abandoned(&self) -> bool {
        self.words.is_abandoned()
    }

    /// Wakes the writer at once. A system call: never in realtime.
    pub fn wake_writer(&self) {
        self.bell.wake();
    }

    /// The status that this link's writer keeps.
    pub fn status(&self) -> &Status {
        &self.status
    }
}

/// The channels of the frames behind a mark.
fn channels_after(mark: Mark, before: ChannelSet, format: StreamFormat) -> ChannelSet {
    let begun = match mark {
        Mark::Begin(start) => start.channels,
        Mark::HistoryBegins(start) => start.channels,
        Mark::Interrupted
        | Mark::Ahead { .. }
        | Mark::Settled { .. }
        | Mark::Gap { .. }
        | Mark::PauseBegins
        | Mark::Pause { .. }
        | Mark::HistoryLost { .. }
        | Mark::Away { .. }
        | Mark::Song { .. }
        | Mark::Marker { .. }
        | Mark::End { .. }
        | Mark::HistoryLength { .. }
        | Mark::Capture(_)
        | Mark::Group(_) => return before,
    };
    begun.and(ChannelSet::first(format.channels))
}

/// What the writer receives. `planar` holds the channels one after the other, `frames` samples each.
#[derive(Debug, PartialEq)]
pub enum Message<'a> {
    Frames { frames: usize, planar: &'a [f32] },
    Mark(Mark),
}

/// The writer thread's end.
pub struct Receiver {
    intake: Arc<Mutex<Intake>>,
    format: StreamFormat,
    capacity: Capacity,
    /// The channels of the frames that come next: of the take, or the history, that began last.
    channels: ChannelSet,
    bell: Arc<Bell>,
    heartbeat: Arc<Heartbeat>,
    status: WriterStatus,
}

impl Receiver {
    /// See [`Sender::resume`].
    pub fn resume(&mut self, channels: ChannelSet) {
        self.channels = channels;
    }

    /// Counts the blocks.
    pub fn heartbeat(&self) -> &Arc<Heartbeat> {
        &self.heartbeat
    }

    /// Says that the calling thread is the writer, to be woken by [`Sender::wake_writer`].
    pub fn attach(&self) {
        self.bell.belongs_to_this_thread();
    }

    /// The next message, if there is one. Frames are copied into `scratch`, which grows to fit.
    pub fn next<'a>(&mut self, scratch: &'a mut Vec<f32>) -> Option<Message<'a>> {
        let mut intake = lock(&self.intake);
        let held = intake.reserve_bytes();
        let message = match intake.next()? {
            Next::Frames => {
                let frames = intake.take_frames(self.channels.len(), scratch);
                Message::Frames { frames, planar: scratch }
            }
            Next::Mark(mark) => {
                self.channels = channels_after(mark, self.channels, self.format);
                Message::Mark(mark)
            }
        };
        if held > 0 {
            self.status.set_reserve_bytes(intake.reserve_bytes());
        }
        Some(message)
    }

    /// Puts memory behind the whole queue, off the audio thread, before a take needs it. Milliseconds, the first time.
    pub fn bring_in(&self) {
        let untouched = lock(&self.intake).take_untouched();
        if let Some(memory) = untouched {
            memory.bring_in();
        }
    }

    /// How long the queue lasts that is in memory from the start, at the shape of the stream.
    pub fn resident_time(&self) -> Duration {
        let words_per_second = self.format.channels as f64 * f64::from(self.format.sample_rate);
        Duration::from_secs_f64(self.capacity.resident as f64 / words_per_second.max(1.0))
    }

    /// Looks after this queue while the writer is busy; for the watching thread.
    pub fn relief(&self) -> Relief {
        let StreamFormat { sample_rate, channels } = self.format;
        Relief::new(&self.intake, Arc::clone(&self.bell), Arc::clone(self.status.shown()), sample_rate, channels)
    }

    /// What wakes the writer when a take begins.
    pub fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        lock(&self.intake).is_empty()
    }

    /// Whether the sender is gone. What it sent may still be in the queue.
    pub fn is_abandoned(&self) -> bool {
        lock(&self.intake).is_abandoned()
    }

    /// How full the queue is with all that waits, 0 to 1.
    pub fn fill(&self) -> f32 {
        lock(&self.intake).fill()
    }

    /// The shape of the frames that come next: those of the take, or the history, that began last.
    pub fn arriving(&self) -> StreamFormat {
        StreamFormat { channels: self.channels.len(), ..self.format }
    }

    /// The channels of the track, of which a take records some.
    pub fn track_channels(&self) -> usize {
        self.format.channels
    }

    /// The status to keep.
    pub fn status(&self) -> &WriterStatus {
        &self.status
    }
}

/// The two halves of a chunk, filled from front to back.
struct Room<'a> {
    first: &'a mut [MaybeUninit<f32>],
    second: &'a mut [MaybeUninit<f32>],
}

impl<'a> Room<'a> {
    fn new((first, second): (&'a mut [MaybeUninit<f32>], &'a mut [MaybeUninit<f32>])) -> Self {
        Self { first, second }
    }

    fn is_full(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// Takes the next `len` words at most, as one run of memory.
    fn take(&mut self, len: usize) -> &'a mut [MaybeUninit<f32>] {
        if self.first.is_empty() {
            self.first = std::mem::take(&mut self.second);
        }
        let len = len.min(self.first.len());
        let (run, rest) = std::mem::take(&mut self.first).split_at_mut(len);
        self.first = rest;
        run
    }

    fn put(&mut self, words: &[f32]) {
        let run = self.take(words.len());
        let (before_the_wrap, rest) = words.split_at(run.len());
        run.write_copy_of_slice(before_the_wrap);
        if !rest.is_empty() {
            self.take(rest.len()).write_copy_of_slice(rest);
        }
    }

    fn put_silence(&mut self, samples: usize) {
        let run = self.take(samples);
        let rest = samples - run.len();
        run.fill(MaybeUninit::new(0.0));
        self.take(rest).fill(MaybeUninit::new(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::{BitRate, Codec, Dither, FileType, Menu, Rate, RateMatch};
    use crate::core::take::{Capture, HistoryStart, Song, TakeSettings, TakeStart};
    use proptest::prelude::*;

    fn stereo(resident: usize, overflow: usize) -> (Sender, Receiver) {
        let format = StreamFormat { channels: 2, sample_rate: 48_000 };
        link(format, Capacity { resident, overflow }, Arc::default())
    }

    fn any_mark() -> impl Strategy<Value = Mark> {
        let menus = (0..FileType::ALL.len(), 0..Codec::ALL.len(), 0..BitRate::ALL.len());
        let rates = (0..Rate::ALL.len(), 0..RateMatch::ALL.len(), 0..Dither::ALL.len());
        let song = (any::<Option<u32>>(), any::<Option<u32>>());
        prop_oneof![
            (menus, rates, any::<(bool, u16, u64, u64, bool)>(), song).prop_map(|(menus, rates, numbers, song)| {
                Mark::Begin(TakeStart {
                    settings: TakeSettings {
                        file_type: FileType::from_index(menus.0),
                        codec: Codec::from_index(menus.1),
                        bit_rate: BitRate::from_index(menus.2),
                        unique_suffix: numbers.0,
                        n: numbers.1,
                        rate: Rate::from_index(rates.0),
                        rate_match: RateMatch::from_index(rates.1),
                        loudness: numbers.4,
                        dither: Dither::from_index(rates.2),
                        text_revision: numbers.2,
                        ..TakeSettings::DEFAULT
                    },
                    channels: ChannelSet(numbers.3),
                    song: Song {
                        position_frames: song.0.map(i64::from),
                        seconds: song.0.map(f64::from),
                        tempo: song.1.map(f64::from),
                    },
                    preroll_frames: numbers.2,
                    event: None,
                })
            }),
            any::<(u64, u64)>().prop_map(|(frames, lost)| Mark::Gap { frames, lost }),
            any::<u64>().prop_map(|frames| Mark::Pause { frames }),
            any::<(Option<u32>, bool, u64)>().prop_map(|(seconds, jumped, frames_ago)| Mark::Song {
                seconds: seconds.map(f64::from),
                jumped,
                frames_ago
            }),
            any::<u64>().prop_map(|frames_ago| Mark::Marker { frames_ago }),
            any::<(u64, bool)>().prop_map(|(left_out, record)| Mark::End { left_out, record }),
            any::<u64>().prop_map(|frames| Mark::HistoryLength { frames }),
            any::<u64>().prop_map(|channels| {
                Mark::HistoryBegins(HistoryStart { channels: ChannelSet(channels), song: Song::default() })
            }),
            any::<u64>().prop_map(|frames| {
                Mark::Capture(Capture { settings: TakeSettings::DEFAULT, frames, tempo: None, event: None })
            }),
        ]
    }

    fn begin(channels: u64) -> Mark {
        let settings = TakeSettings::DEFAULT;
        Mark::Begin(TakeStart {
            settings,
            channels: ChannelSet(channels),
            song: Song::default(),
            preroll_frames: 0,
            event: None,
        })
    }

    #[test]
    fn only_the_channels_of_the_take_travel() {
        let (mut sender, mut receiver) = stereo(64, 64);
        let (mut left, mut right) = ([1.0, 2.0], [3.0, 4.0]);
        let mut scratch = Vec::new();
        for (channels, expected) in [(0b10, vec![3.0, 4.0]), (0b11, vec![1.0, 2.0, 3.0, 4.0]), (0b100, vec![])] {
            sender.try_mark(begin(channels)).unwrap();
            sender.try_frames(&[&mut left, &mut right], 0, 2).unwrap();
            receiver.next(&mut scratch);
            assert_eq!(receiver.next(&mut scratch), Some(Message::Frames { frames: 2, planar: &expected }));
        }
    }

    proptest! {
        #[test]
        fn every_mark_arrives_as_it_was_sent(marks in prop::collection::vec(any_mark(), 0..40)) {
            let (mut sender, mut receiver) = stereo(16, 16);
            let mut scratch = Vec::new();
            for &mark in &marks {
                sender.try_mark(mark).unwrap();
            }
            for mark in marks {
                prop_assert_eq!(receiver.next(&mut scratch), Some(Message::Mark(mark)));
            }
            prop_assert_eq!(receiver.next(&mut scratch), None);
        }

        /// Every bit pattern, signalling NaNs included, at every position of the wrap.
        #[test]
        fn blocks_arrive_to_the_bit_wherever_the_queue_wraps(
            blocks in prop::collection::vec(prop::collection::vec(any::<u32>(), 1..20), 1..200)
        ) {
            let (mut sender, mut receiver) = stereo(64, 64);
            let mut scratch = Vec::new();
            for bits in blocks {
                let mut left: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
                let mut right: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(!bits)).collect();
                sender.try_frames(&[&mut left, &mut right], 0, bits.len()).unwrap();
                let Some(Message::Frames { frames, planar }) = receiver.next(&mut scratch) else {
                    panic!("no frames");
                };
                prop_assert_eq!(frames, bits.len());
                let expected: Vec<u32> = bits.iter().copied().chain(bits.iter().map(|bits| !bits)).collect();
                let received: Vec<u32> = planar.iter().map(|sample| sample.to_bits()).collect();
                prop_assert_eq!(received, expected);
            }
        }
    }

    #[test]
    fn a_block_that_does_not_fit_leaves_the_queue_as_it_was() {
        let (mut sender, mut receiver) = stereo(9, 9);
        let (mut left, mut right) = ([1.0; 5], [2.0; 5]);
        assert_eq!(sender.try_frames(&[&mut left, &mut right], 0, 5), Err(Full));
        assert_eq!(receiver.next(&mut Vec::new()), None);
        assert_eq!(sender.try_frames(&[&mut left, &mut right], 1, 4), Ok(()));
        assert!(matches!(receiver.next(&mut Vec::new()), Some(Message::Frames { frames: 4, .. })));
    }

    #[test]
    fn marks_keep_their_place_among_frames_in_both_tiers() {
        let (mut sender, mut receiver) = stereo(8, 64);
        let mut scratch = Vec::new();
        for round in 0..50u64 {
            let mut expected = Vec::new();
            for block in 0..5 {
                sender.try_mark(Mark::Gap { frames: round, lost: block }).unwrap();
                sender.try_frames(&[&mut [0.5, 0.25], &mut [1.0; 2]], 0, 2).unwrap();
                expected.push(Some(Mark::Gap { frames: round, lost: block }));
                expected.push(None);
            }
            sender.try_mark(Mark::End { left_out: 0, record: false }).unwrap();
            expected.push(Some(Mark::End { left_out: 0, record: false }));
            let received: Vec<_> = std::iter::from_fn(|| match receiver.next(&mut scratch)? {
                Message::Mark(mark) => Some(Some(mark)),
                Message::Frames { .. } => Some(None),
            })
            .collect();
            assert_eq!(received, expected);
        }
    }

    #[test]
    fn a_channel_that_the_host_leaves_out_is_silence() {
        let (mut sender, mut receiver) = stereo(64, 64);
        sender.try_frames(&[&mut [0.5, 0.25]], 0, 2).unwrap();
        let mut scratch = Vec::new();
        assert_eq!(receiver.next(&mut scratch), Some(Message::Frames { frames: 2, planar: &[0.5, 0.25, 0.0, 0.0] }));
    }

    #[test]
    fn the_queue_holds_4_s_of_any_stream_and_keeps_little_in_memory_from_the_start() {
        for (channels, sample_rate, resident_ms) in [(2, 48_000, 4_000), (8, 48_000, 1_024), (64, 192_000, 32)] {
            let format = StreamFormat { channels, sample_rate };
            let Capacity { resident, overflow } = capacity(format);
            assert_eq!(resident.max(overflow), 4 * channels * sample_rate as usize);
            assert!(resident * BYTES_PER_WORD <= MAX_RESIDENT_BYTES);
            let (_, receiver) = link(format, capacity(format), Arc::default());
            assert_eq!(receiver.resident_time().as_millis(), resident_ms);
        }
    }

    #[test]
    fn a_slow_stream_has_room_for_the_largest_messages() {
        let Capacity { resident, overflow } = capacity(StreamFormat { channels: 64, sample_rate: 1 });
        assert!(resident.max(overflow) >= 4 * (HEADER_WORDS + 64 * MAX_CHUNK_FRAMES));
        assert!(resident > 64 * MAX_CHUNK_FRAMES);
    }
}
