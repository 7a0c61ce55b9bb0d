//! The take's state machine: which frames belong to a take, and which marks the writer is still owed.
//!
//! `record` is level-triggered: a take begins with the first frame that passes while record is on and pause is off,
//! and ends when record goes off. Marks that the queue has no room for are owed and stay in order; a take that begins
//! again before its end could be told simply goes on, and the merge is counted.

use super::channels::ChannelSet;
use super::format::{BitRate, Codec, Dither, FileType, Files, Rate, RateMatch, Split};

/// What a take is recorded with: the values at its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeSettings {
    pub file_type: FileType,
    pub codec: Codec,
    pub bit_rate: BitRate,
    /// Find an unused name instead of replacing a file.
    pub unique_suffix: bool,
    /// What `{suffix}` becomes while `unique_suffix` is off, 0 to 9999.
    pub n: u16,
    /// The rate that is wanted in the file.
    pub rate: Rate,
    /// What happens when another one arrives.
    pub rate_match: RateMatch,
    /// Measure how loud the take is.
    pub loudness: bool,
    pub dither: Dither,
    /// Where the take goes on in its next file.
    pub split: Split,
    pub files: Files,
    /// Which state of the saved texts (file, track name, …) was in force.
    pub text_revision: u64,
}

impl TakeSettings {
    /// What the parameters are before anyone changes them.
    pub const DEFAULT: Self = Self {
        file_type: FileType::Wav,
        codec: Codec::Pcm24,
        bit_rate: BitRate::Cbr192,
        unique_suffix: true,
        n: 0,
        rate: Rate::Host,
        rate_match: RateMatch::First,
        // It doubles what a take costs.
        loudness: false,
        dither: Dither::Off,
        split: Split::Off,
        files: Files::One,
        text_revision: 0,
    };
}

/// Where the host's song stands at the first frame of a block.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Song {
    /// The position in frames; only while the transport runs.
    pub position_frames: Option<i64>,
    /// The position in seconds.
    pub seconds: Option<f64>,
    /// Beats per minute.
    pub tempo: Option<f64>,
}

/// All that is fixed for a take by its first frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakeStart {
    pub settings: TakeSettings,
    /// The channels that are recorded.
    pub channels: ChannelSet,
    pub song: Song,
}

/// The parameters of one block; constant within it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Controls {
    pub record: bool,
    pub pause: bool,
    /// Sets a marker when it goes on.
    pub marker: bool,
    /// Keep the take to the host's timeline.
    pub time_slice: bool,
    pub settings: TakeSettings,
    /// The channels that a take which begins now records.
    pub channels: ChannelSet,
    pub song: Song,
}

impl Controls {
    fn take_start(&self) -> TakeStart {
        TakeStart { settings: self.settings, channels: self.channels, song: self.song }
    }
}

/// What travels between the frames of a take, in order with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// A take begins; the frames that follow belong to it.
    Begin(TakeStart),
    /// So many frames of the take are silence here. `lost` of them came in and could not be kept; the others are time
    /// of the song that brought no frames.
    Gap { frames: u64, lost: u64 },
    /// So many frames were left out here because the take was paused.
    Pause { frames: u64 },
    /// From here on the song runs from this second on; none where it stands, or nobody tells. It may have `jumped` there,
    /// or have gone on while the take was paused. That was so many frames before this place.
    Song { seconds: Option<f64>, jumped: bool, frames_ago: u64 },
    /// The user set a marker, so many frames before this place.
    Marker { frames_ago: u64 },
    /// The take ends.
    End,
}

/// What [`TakeMachine::step`] says of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// No take is open and the block belongs to none.
    Idle,
    /// The block belongs to the open take.
    Record,
    /// The block belongs to the open take, whose end could not be told before it began again: two takes became one.
    RecordMerged,
    /// A take is open, and paused.
    Pause,
}

/// Marks not yet sent, always in this order: begin, gap, pause, song, marker, end.
#[derive(Debug, Default)]
struct Owed {
    begin: Option<TakeStart>,
    gap_frames: u64,
    lost_frames: u64,
    /// Told once the take goes on.
    paused_frames: u64,
    song: Option<SongChange>,
    /// The frames of the gap that came behind the marker. Others that are set before it can be told are left out.
    marker: Option<u64>,
    end: bool,
}

#[derive(Debug, Clone, Copy)]
struct SongChange {
    seconds: Option<f64>,
    jumped: bool,
    /// The frames of the gap that came behind it.
    frames_ago: u64,
}

/// Follows record and pause from block to block. Lives on the audio thread; allocates nothing.
#[derive(Debug, Default)]
pub struct TakeMachine {
    open: bool,
    /// Whether `marker` was on in the last block, if there was one.
    marker: Option<bool>,
    /// The take began with this block.
    is_first_block: bool,
    /// Frames left out since the take was paused.
    left_out: u64,
    owed: Owed,
}

impl TakeMachine {
    /// Takes one block of at least one frame into account.
    pub fn step(&mut self, controls: &Controls) -> Step {
        self.is_first_block = false;
        match (controls.record, controls.pause, self.open) {
            (false, _, open) => {
                if open {
                    self.end();
                }
                Step::Idle
            }
            (true, true, false) => Step::Idle,
            (true, true, true) => Step::Pause,
            (true, false, true) => {
                self.owed.paused_frames += std::mem::take(&mut self.left_out);
                Step::Record
            }
            (true, false, false) => {
                self.open = true;
                if self.owed.end {
                    self.owed.end = false;
                    Step::RecordMerged
                } else {
                    self.is_first_block = true;
                    self.owed.begin = Some(controls.take_start());
                    Step::Record
                }
            }
        }
    }

    /// Ends the open take, if there is one.
    pub fn end(&mut self) {
        if self.open {
            self.open = false;
            self.left_out = 0;
            self.owed.end = true;
        }
    }

    /// The take is paused for `frames` frames.
    pub fn leave_out(&mut self, frames: u64) {
        debug_assert!(self.open);
        self.left_out += frames;
    }

    /// The take lost `frames` frames here, behind all marks that are owed.
    pub fn lose(&mut self, frames: u64) {
        self.fill(frames);
        self.owed.lost_frames += frames;
    }

    /// Before the next block, `frames` frames of the song's time brought no sound.
    pub fn fill(&mut self, frames: u64) {
        debug_assert!(self.open);
        self.owed.gap_frames += frames;
        if let Some(frames_ago) = &mut self.owed.marker {
            *frames_ago += frames;
        }
        if let Some(song) = &mut self.owed.song {
            song.frames_ago += frames;
        }
    }

    /// From the next frame on the song runs from this second on, or it is not known where; see [`Mark::Song`].
    pub fn song_goes_on(&mut self, seconds: Option<f64>, jumped: bool) {
        // The beginning tells it itself.
        if !self.is_first_block {
            let has_jumped = jumped || self.owed.song.is_some_and(|before| before.jumped);
            self.owed.song = Some(SongChange { seconds, jumped: has_jumped, frames_ago: 0 });
        }
    }

    /// Whether `marker` is on in the next block: where it goes on in an open take, a marker is set. What it is in the very
    /// first block is no change. Says whether it is news.
    pub fn follow_marker(&mut self, on: bool) -> bool {
        let before = self.marker.replace(on);
        if on && before == Some(false) && self.open {
            self.owed.marker.get_or_insert(0);
        }
        before != Some(on)
    }

    /// The mark that has to be sent next, before any frame.
    pub fn owed(&self) -> Option<Mark> {
        match &self.owed {
            Owed { begin: Some(start), .. } => Some(Mark::Begin(*start)),
            &Owed { gap_frames: frames @ 1.., lost_frames: lost, .. } => Some(Mark::Gap { frames, lost }),
            &Owed { paused_frames: frames @ 1.., .. } => Some(Mark::Pause { frames }),
            &Owed { song: Some(SongChange { seconds, jumped, frames_ago }), .. } => {
                Some(Mark::Song { seconds, jumped, frames_ago })
            }
            &Owed { marker: Some(frames_ago), .. } => Some(Mark::Marker { frames_ago }),
            Owed { end: true, .. } => Some(Mark::End),
            Owed { end: false, .. } => None,
        }
    }

    /// The mark that [`owed`](Self::owed) named is in the queue.
    pub fn sent(&mut self) {
        match self.owed() {
            Some(Mark::Begin(_)) => self.owed.begin = None,
            Some(Mark::Gap { .. }) => (self.owed.gap_frames, self.owed.lost_frames) = (0, 0),
            Some(Mark::Pause { .. }) => self.owed.paused_frames = 0,
            Some(Mark::Song { .. }) => self.owed.song = None,
            Some(Mark::Marker { .. }) => self.owed.marker = None,
            Some(Mark::End) => self.owed.end = false,
            None => {}
        }
    }

    /// Whether a take is open.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn controls(record: bool, pause: bool, n: u16) -> Controls {
        Controls {
            record,
            pause,
            marker: false,
            time_slice: false,
            settings: TakeSettings { n, ..TakeSettings::DEFAULT },
            channels: ChannelSet::first(2),
            song: Song::default(),
        }
    }

    /// One block as the model sees it; `room` says how many messages the queue takes during it.
    #[derive(Debug, Clone, Copy)]
    struct Block {
        record: bool,
        pause: bool,
        frames: u64,
        room: usize,
    }

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        let block = (any::<bool>(), prop::bool::weighted(0.3), 1u64..100, prop_oneof![Just(0), 1usize..4, Just(9)])
            .prop_map(|(record, pause, frames, room)| Block { record, pause, frames, room });
        prop::collection::vec(block, 0..60)
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Sent {
        Mark(Mark),
        Frames { block: usize, frames: u64 },
    }

    struct Run {
        sent: Vec<Sent>,
        merged: usize,
    }

    /// Drives the machine as the tap does, with a queue that has room only where the blocks say so.
    fn run(blocks: &[Block]) -> Run {
        let mut machine = TakeMachine::default();
        let mut run = Run { sent: Vec::new(), merged: 0 };
        for (index, block) in blocks.iter().enumerate() {
            let mut room = block.room;
            let step = machine.step(&controls(block.record, block.pause, index as u16));
            while let (Some(mark), 1..) = (machine.owed(), room) {
                run.sent.push(Sent::Mark(mark));
                machine.sent();
                room -= 1;
            }
            match step {
                Step::Idle => {}
                Step::Pause => machine.leave_out(block.frames),
                Step::Record | Step::RecordMerged => {
                    run.merged += usize::from(step == Step::RecordMerged);
                    if machine.owed().is_none() && room > 0 {
                        run.sent.push(Sent::Frames { block: index, frames: block.frames });
                    } else {
                        machine.lose(block.frames);
                    }
                }
            }
        }
        machine.end();
        while let Some(mark) = machine.owed() {
            run.sent.push(Sent::Mark(mark));
            machine.sent();
        }
        run
    }

    /// The takes that were sent: settings number and length of each; panics where the marks make no sense.
    fn takes(sent: &[Sent]) -> Vec<(u16, u64)> {
        let mut takes = Vec::new();
        let mut open = false;
        for message in sent {
            match *message {
                Sent::Mark(Mark::Begin(start)) => {
                    assert!(!open, "a take began inside a take");
                    open = true;
                    takes.push((start.settings.n, 0));
                }
                Sent::Mark(Mark::Gap { frames, .. }) | Sent::Frames { frames, .. } => {
                    assert!(open && frames > 0, "frames outside a take");
                    takes.last_mut().unwrap().1 += frames;
                }
                Sent::Mark(Mark::Pause { frames }) => assert!(open && frames > 0, "a pause outside a take"),
                Sent::Mark(Mark::Song { .. } | Mark::Marker { .. }) => assert!(open, "a mark outside a take"),
                Sent::Mark(Mark::End) => {
                    assert!(open, "an end without a take");
                    open = false;
                }
            }
        }
        assert!(!open, "the last take never ended");
        takes
    }

    /// The rule of the product, written as plainly as possible.
    fn model(blocks: &[Block]) -> Vec<(u16, u64)> {
        let mut takes: Vec<(u16, u64)> = Vec::new();
        let mut open = false;
        for (index, block) in blocks.iter().enumerate() {
            if !block.record {
                open = false;
            } else if !block.pause {
                if !open {
                    takes.push((index as u16, 0));
                    open = true;
                }
                takes.last_mut().unwrap().1 += block.frames;
            }
        }
        takes
    }

    proptest! {
        #[test]
        fn with_room_every_take_is_exactly_the_models(blocks in blocks()) {
            let blocks: Vec<_> = blocks.into_iter().map(|block| Block { room: 9, ..block }).collect();
            let run = run(&blocks);
            prop_assert_eq!(takes(&run.sent), model(&blocks));
            prop_assert_eq!(run.merged, 0);
        }

        #[test]
        fn without_room_no_frame_goes_uncounted_and_only_counted_merges_join_takes(blocks in blocks()) {
            let run = run(&blocks);
            let (sent, model) = (takes(&run.sent), model(&blocks));
            prop_assert_eq!(sent.len() + run.merged, model.len());
            let total = |takes: &[(u16, u64)]| takes.iter().map(|take| take.1).sum::<u64>();
            prop_assert_eq!(total(&sent), total(&model));
            prop_assert!(sent.iter().all(|take| model.iter().any(|other| other.0 == take.0)), "settings of no take");
        }
    }

    #[test]
    fn a_pause_is_told_once_where_the_take_goes_on() {
        let on = Block { record: true, pause: false, frames: 8, room: 9 };
        let (pause, off) = (Block { pause: true, ..on }, Block { record: false, ..on });
        let sent = run(&[on, pause, pause, on, pause, off, on]).sent;
        let pauses: Vec<_> =
            sent.iter().enumerate().filter(|(_, sent)| matches!(sent, Sent::Mark(Mark::Pause { .. }))).collect();
        assert_eq!(
            pauses,
            [(2, &Sent::Mark(Mark::Pause { frames: 16 }))],
            "a pause that the take ends in leaves out nothing of it"
        );
    }

    #[test]
    fn a_record_that_is_paused_from_start_to_end_sends_nothing() {
        let block = Block { record: true, pause: true, frames: 64, room: 9 };
        assert_eq!(run(&[block, block]).sent, []);
    }

    #[test]
    fn settings_that_change_during_a_take_wait_for_the_next_one() {
        let on = Block { record: true, pause: false, frames: 8, room: 9 };
        let off = Block { record: false, ..on };
        assert_eq!(takes(&run(&[on, on, on, off, on]).sent), [(0, 24), (4, 8)]);
    }
}
