//! The queue from the audio thread to the writer thread.

use super::second_stage::{Intake, PROCESS_BUDGET, Relief, lock};
use super::{Bell, Status};
use crate::core::channels::ChannelSet;
use crate::core::format::{BitRate, Codec, FileType, Menu, Rate, RateMatch, StreamFormat};
use crate::core::take::{Mark, TakeSettings, TakeStart};
use rtrb::{Producer, RingBuffer};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};

/// The most frames that one message carries; longer blocks travel as several.
pub const MAX_CHUNK_FRAMES: usize = 4096;

const QUEUE_SECONDS: usize = 16;
const MIN_QUEUE_SECONDS: usize = 4;
const MAX_QUEUE_BYTES: usize = 64 << 20;
const BYTES_PER_WORD: usize = size_of::<u32>();

const FRAMES: u32 = 1;
const BEGIN: u32 = 2;
const GAP: u32 = 3;
const END: u32 = 4;

const FRAMES_HEADER_WORDS: usize = 2;
const BEGIN_WORDS: usize = 16;
const GAP_WORDS: usize = 5;
const MAX_MARK_WORDS: usize = BEGIN_WORDS;

/// The queue has no room for the message; nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Words that the queue of a stream holds: 16 s of audio, at most 64 MiB, never less than 4 s.
pub fn capacity_words(format: StreamFormat) -> usize {
    let words_per_second = format.sample_rate as usize * format.channels;
    let at_most = (words_per_second * QUEUE_SECONDS).min(MAX_QUEUE_BYTES / BYTES_PER_WORD);
    let smallest_useful = 4 * (FRAMES_HEADER_WORDS + MAX_CHUNK_FRAMES * format.channels);
    at_most.max(words_per_second * MIN_QUEUE_SECONDS).max(smallest_useful)
}

/// Makes both ends of a queue for `format` that holds `capacity_words` words.
pub fn link(format: StreamFormat, capacity_words: usize, status: Arc<Status>) -> (Sender, Receiver) {
    let (producer, consumer) = RingBuffer::new(capacity_words);
    let bell = Arc::<Bell>::default();
    let channels = ChannelSet::first(format.channels);
    let sender = Sender { producer, format, channels, bell: Arc::clone(&bell), status: Arc::clone(&status) };
    let intake = Arc::new(Mutex::new(Intake::new(consumer)));
    (sender, Receiver { intake, format, channels, bell, status })
}

/// The audio thread's end. Wait-free but for [`wake_writer`](Self::wake_writer).
pub struct Sender {
    producer: Producer<u32>,
    format: StreamFormat,
    /// The channels of the take that was begun last.
    channels: ChannelSet,
    bell: Arc<Bell>,
    status: Arc<Status>,
}

impl Sender {
    /// Sends the frames `start..start + frames` of a planar block, `frames` being at most [`MAX_CHUNK_FRAMES`]: those of
    /// the take's channels. A channel that is missing or too short is sent as silence.
    pub fn try_frames(&mut self, planar: &[&mut [f32]], start: usize, frames: usize) -> Result<(), Full> {
        let words = FRAMES_HEADER_WORDS + frames * self.channels.len();
        let mut chunk = self.producer.write_chunk_uninit(words).map_err(|_| Full)?;
        let mut room = Room::new(chunk.as_mut_slices());
        room.put(&[FRAMES, frames as u32]);
        for channel in self.channels.iter() {
            match planar.get(channel).and_then(|samples| samples.get(start..start + frames)) {
                Some(samples) => room.put_samples(samples),
                None => room.put_silence(frames),
            }
        }
        debug_assert!(room.is_full());
        // SAFETY: every word of the chunk was written: the header and then `frames` words for each channel of the set.
        unsafe { chunk.commit_all() };
        Ok(())
    }

    /// Sends a mark.
    pub fn try_mark(&mut self, mark: Mark) -> Result<(), Full> {
        let mut words = [0; MAX_MARK_WORDS];
        let used = encode(mark, &mut words);
        self.producer.push_entire_slice(&words[..used]).map_err(|_| Full)?;
        if let Mark::Begin(start) = mark {
            self.channels = start.channels.and(ChannelSet::first(self.format.channels));
        }
        self.bell.ring();
        Ok(())
    }

    /// Sends a mark if there is room for it and for `frames` frames behind it.
    pub fn try_mark_before(&mut self, mark: Mark, frames: usize) -> Result<(), Full> {
        let words = MAX_MARK_WORDS + FRAMES_HEADER_WORDS + frames * self.format.channels;
        if frames > 0 && self.free_words() < words {
            return Err(Full);
        }
        self.try_mark(mark)
    }

    /// The channels of the take that was begun last.
    pub fn take_channels(&self) -> ChannelSet {
        self.channels
    }

    /// Free words as of now. Asks the writer's end, which costs a look at another core's cache line.
    pub fn free_words(&self) -> usize {
        self.producer.slots()
    }

    /// Whether more than half of the queue is filled.
    pub fn is_over_half(&self) -> bool {
        self.free_words() < self.producer.buffer().capacity() / 2
    }

    /// Whether nobody reads the queue any more.
    pub fn is_abandoned(&self) -> bool {
        self.producer.is_abandoned()
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
    /// The channels of the take that began last.
    channels: ChannelSet,
    bell: Arc<Bell>,
    status: Arc<Status>,
}

impl Receiver {
    /// Says that the calling thread is the writer, to be woken by [`Sender::wake_writer`].
    pub fn attach(&self) {
        self.bell.belongs_to_this_thread();
    }

    /// The next message, if there is one. Frames are copied into `scratch`, which grows to fit.
    pub fn next<'a>(&mut self, scratch: &'a mut Vec<f32>) -> Option<Message<'a>> {
        let mut intake = lock(&self.intake);
        let held = intake.reserve_bytes();
        let [kind, frames] = intake.peek(FRAMES_HEADER_WORDS, head);
        let message = match kind? {
            FRAMES => {
                let frames = frames? as usize;
                let words = FRAMES_HEADER_WORDS + frames * self.channels.len();
                intake.peek(words, |first, second| copy_samples(first, second, scratch));
                intake.remove(words);
                Message::Frames { frames, planar: scratch }
            }
            kind => {
                let mut words = [0; MAX_MARK_WORDS];
                let used = mark_words(kind);
                intake.peek(used, |first, second| {
                    words.iter_mut().zip(first.iter().chain(second)).for_each(|(word, &read)| *word = read);
                });
                intake.remove(used);
                let mark = decode(&words);
                if let Mark::Begin(start) = mark {
                    self.channels = start.channels.and(ChannelSet::first(self.format.channels));
                }
                Message::Mark(mark)
            }
        };
        if held > 0 {
            self.status.set_reserve_bytes(intake.reserve_bytes());
        }
        Some(message)
    }

    /// Looks after this queue while the writer is busy; for the watching thread.
    pub fn relief(&self) -> Relief {
        let StreamFormat { sample_rate, channels } = self.format;
        Relief::new(&self.intake, &PROCESS_BUDGET, Arc::clone(&self.status), sample_rate, channels)
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

    /// The shape of the frames of the take that began last.
    pub fn take_format(&self) -> StreamFormat {
        StreamFormat { channels: self.channels.len(), ..self.format }
    }

    /// The status to keep.
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }
}

/// The first two words of what waits.
fn head(first: &[u32], second: &[u32]) -> [Option<u32>; 2] {
    let mut words = first.iter().chain(second).copied();
    [words.next(), words.next()]
}

/// The samples of a message of frames.
fn copy_samples(first: &[u32], second: &[u32], scratch: &mut Vec<f32>) {
    scratch.clear();
    let split = FRAMES_HEADER_WORDS.min(first.len());
    scratch.extend(first[split..].iter().map(|&bits| f32::from_bits(bits)));
    scratch.extend(second[FRAMES_HEADER_WORDS - split..].iter().map(|&bits| f32::from_bits(bits)));
}

/// The two halves of a chunk, filled from front to back.
struct Room<'a> {
    first: &'a mut [MaybeUninit<u32>],
    second: &'a mut [MaybeUninit<u32>],
}

impl<'a> Room<'a> {
    fn new((first, second): (&'a mut [MaybeUninit<u32>], &'a mut [MaybeUninit<u32>])) -> Self {
        Self { first, second }
    }

    fn is_full(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// Takes the next `len` words at most, as one run of memory.
    fn take(&mut self, len: usize) -> &'a mut [MaybeUninit<u32>] {
        if self.first.is_empty() {
            self.first = std::mem::take(&mut self.second);
        }
        let (run, rest) = std::mem::take(&mut self.first).split_at_mut_checked(len).unwrap_or_default();
        self.first = rest;
        run
    }

    fn put(&mut self, words: &[u32]) {
        self.put_with(words.len(), |done, slots| {
            for (slot, &word) in slots.iter_mut().zip(&words[done..]) {
                slot.write(word);
            }
        });
    }

    fn put_samples(&mut self, samples: &[f32]) {
        self.put_with(samples.len(), |done, slots| {
            for (slot, sample) in slots.iter_mut().zip(&samples[done..]) {
                slot.write(sample.to_bits());
            }
        });
    }

    fn put_silence(&mut self, samples: usize) {
        self.put_with(samples, |_, slots| slots.fill(MaybeUninit::new(0)));
    }

    fn put_with(&mut self, len: usize, mut fill: impl FnMut(usize, &mut [MaybeUninit<u32>])) {
        let mut done = 0;
        while done < len {
            let before_the_wrap = if self.first.is_empty() { self.second.len() } else { self.first.len() };
            let slots = self.take((len - done).min(before_the_wrap));
            if slots.is_empty() {
                return;
            }
            let filled = slots.len();
            fill(done, slots);
            done += filled;
        }
    }
}

fn mark_words(kind: u32) -> usize {
    match kind {
        BEGIN => BEGIN_WORDS,
        GAP => GAP_WORDS,
        _ => 1,
    }
}

fn encode(mark: Mark, words: &mut [u32; MAX_MARK_WORDS]) -> usize {
    match mark {
        Mark::Begin(start) => {
            let TakeStart { settings, channels, song_seconds, tempo } = start;
            let head = [
                BEGIN,
                settings.file_type.index() as u32,
                settings.codec.index() as u32,
                settings.bit_rate.index() as u32,
                u32::from(settings.unique_suffix),
                u32::from(settings.n),
                settings.rate.index() as u32,
                settings.rate_match.index() as u32,
            ];
            words[..8].copy_from_slice(&head);
            let tail = [settings.text_revision, channels.0, optional_bits(song_seconds), optional_bits(tempo)];
            for (pair, whole) in words[8..].chunks_exact_mut(2).zip(tail) {
                pair.copy_from_slice(&halves(whole));
            }
        }
        Mark::Gap { frames, lost } => {
            words[0] = GAP;
            words[1..3].copy_from_slice(&halves(frames));
            words[3..5].copy_from_slice(&halves(lost));
        }
        Mark::End => words[0] = END,
    }
    mark_words(words[0])
}

fn decode(words: &[u32; MAX_MARK_WORDS]) -> Mark {
    match words[0] {
        BEGIN => Mark::Begin(TakeStart {
            settings: TakeSettings {
                file_type: FileType::from_index(words[1] as usize),
                codec: Codec::from_index(words[2] as usize),
                bit_rate: BitRate::from_index(words[3] as usize),
                unique_suffix: words[4] != 0,
                n: words[5] as u16,
                rate: Rate::from_index(words[6] as usize),
                rate_match: RateMatch::from_index(words[7] as usize),
                text_revision: whole(words[8], words[9]),
            },
            channels: ChannelSet(whole(words[10], words[11])),
            song_seconds: optional(whole(words[12], words[13])),
            tempo: optional(whole(words[14], words[15])),
        }),
        GAP => Mark::Gap { frames: whole(words[1], words[2]), lost: whole(words[3], words[4]) },
        _ => Mark::End,
    }
}

/// A number that may be missing, as bits: not-a-number stands for none.
fn optional_bits(number: Option<f64>) -> u64 {
    number.unwrap_or(f64::NAN).to_bits()
}

fn optional(bits: u64) -> Option<f64> {
    Some(f64::from_bits(bits)).filter(|number| !number.is_nan())
}

fn halves(whole: u64) -> [u32; 2] {
    [whole as u32, (whole >> 32) as u32]
}

fn whole(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stereo(capacity: usize) -> (Sender, Receiver) {
        link(StreamFormat { channels: 2, sample_rate: 48_000 }, capacity, Arc::default())
    }

    fn any_mark() -> impl Strategy<Value = Mark> {
        let menus = (0..FileType::ALL.len(), 0..Codec::ALL.len(), 0..BitRate::ALL.len());
        let rates = (0..Rate::ALL.len(), 0..RateMatch::ALL.len());
        let song = (any::<Option<u32>>(), any::<Option<u32>>());
        prop_oneof![
            (menus, rates, any::<(bool, u16, u64, u64)>(), song).prop_map(|(menus, rates, numbers, song)| {
                Mark::Begin(TakeStart {
                    settings: TakeSettings {
                        file_type: FileType::from_index(menus.0),
                        codec: Codec::from_index(menus.1),
                        bit_rate: BitRate::from_index(menus.2),
                        unique_suffix: numbers.0,
                        n: numbers.1,
                        rate: Rate::from_index(rates.0),
                        rate_match: RateMatch::from_index(rates.1),
                        text_revision: numbers.2,
                    },
                    channels: ChannelSet(numbers.3),
                    song_seconds: song.0.map(f64::from),
                    tempo: song.1.map(f64::from),
                })
            }),
            any::<(u64, u64)>().prop_map(|(frames, lost)| Mark::Gap { frames, lost }),
            Just(Mark::End),
        ]
    }

    fn begin(channels: u64) -> Mark {
        let settings = TakeSettings::DEFAULT;
        Mark::Begin(TakeStart { settings, channels: ChannelSet(channels), song_seconds: None, tempo: None })
    }

    #[test]
    fn only_the_channels_of_the_take_travel() {
        let (mut sender, mut receiver) = stereo(64);
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
            let (mut sender, mut receiver) = stereo(1 << 10);
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
            let (mut sender, mut receiver) = stereo(64);
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
        let (mut sender, mut receiver) = stereo(10);
        let (mut left, mut right) = ([1.0; 5], [2.0; 5]);
        assert_eq!(sender.try_frames(&[&mut left, &mut right], 0, 5), Err(Full));
        assert_eq!(receiver.next(&mut Vec::new()), None);
        assert_eq!(sender.try_frames(&[&mut left, &mut right], 1, 4), Ok(()));
        assert!(matches!(receiver.next(&mut Vec::new()), Some(Message::Frames { frames: 4, .. })));
    }

    #[test]
    fn a_channel_that_the_host_leaves_out_is_silence() {
        let (mut sender, mut receiver) = stereo(64);
        sender.try_frames(&[&mut [0.5, 0.25]], 0, 2).unwrap();
        let mut scratch = Vec::new();
        assert_eq!(receiver.next(&mut scratch), Some(Message::Frames { frames: 2, planar: &[0.5, 0.25, 0.0, 0.0] }));
    }

    #[test]
    fn the_queue_holds_16_s_but_64_mib_at_most_and_4_s_at_least() {
        let seconds = |channels, sample_rate| {
            let format = StreamFormat { channels, sample_rate };
            capacity_words(format) as f64 / (channels as f64 * f64::from(sample_rate))
        };
        assert_eq!(seconds(2, 48_000), 16.0);
        assert_eq!(seconds(64, 192_000), 4.0);
        let eight = StreamFormat { channels: 8, sample_rate: 192_000 };
        assert_eq!(capacity_words(eight) * BYTES_PER_WORD, MAX_QUEUE_BYTES);
        let slow = StreamFormat { channels: 2, sample_rate: 1 };
        assert!(capacity_words(slow) > 2 * MAX_CHUNK_FRAMES);
    }
}
