use super::*;
use crate::core::format::{FileType, Group, StreamFormat};
use crate::core::take::Controls;
use crate::disk::take::REFRESH_INTERVAL;
use crate::link::groups;
use crate::link::{self, MAX_CHUNK_FRAMES, RecorderState, Sender, Status, TextId};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tempfile::TempDir;

const RATE: u32 = 48_000;

const FORMAT: StreamFormat = StreamFormat { channels: 1, sample_rate: RATE };

#[test]
fn a_nap_ends_before_the_file_is_too_old_and_long_before_the_queue_is_full() {
    let ms = Duration::from_millis;
    assert_eq!(take_nap(REFRESH_INTERVAL, ms(4_000), false), REFRESH_INTERVAL);
    assert_eq!(take_nap(ms(7), ms(4_000), false), ms(7));
    assert_eq!(take_nap(REFRESH_INTERVAL, ms(100), false), ms(25));
    assert_eq!(take_nap(REFRESH_INTERVAL, ms(4_000), true), PICTURE);
    assert_eq!(take_nap(ms(0), ms(4_000), true), SHORTEST_NAP);
}

/// A writer that works when it is told to, and the audio thread's end of its queue.
struct Rig {
    sender: Sender,
    writer: Writer,
    scratch: Vec<f32>,
    _folder: TempDir,
}

fn texts(folder: &TempDir) -> Arc<Texts> {
    let texts = Arc::<Texts>::default();
    texts.set(TextId::File, folder.path().join("take{suffix}").to_str().unwrap());
    texts
}

/// Record is on, whatever comes.
fn on() -> Arc<dyn Switches> {
    Arc::new(Controls { record: true, ..Controls::plain(1) })
}

impl Rig {
    /// So many frames of the history are kept.
    fn keeping(frames: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::default());
        let writer = Writer::new(receiver, on(), texts(&folder), None, |_| ());
        let mut rig = Self { sender, writer, scratch: Vec::new(), _folder: folder };
        rig.send(Mark::HistoryLength { frames });
        rig.send(Mark::HistoryBegins(HistoryStart { channels: ChannelSet::first(1), song: Song::default() }));
        rig
    }

    fn send(&mut self, mark: Mark) {
        self.sender.try_mark(mark).unwrap();
    }

    fn begin(&mut self, preroll_frames: u64, settings: TakeSettings) {
        let (channels, song) = (ChannelSet::first(1), Song::default());
        self.send(Mark::Begin(TakeStart { settings, channels, song, preroll_frames, event: None }));
    }

    fn end(&mut self) {
        self.send(Mark::End { left_out: 0, record: false });
    }

    fn play(&mut self, frames: usize) {
        play(&mut self.sender, frames);
    }

    /// One look at the queue.
    fn drain(&mut self) {
        self.writer.drain(&mut self.scratch);
    }

    /// All that there is to do.
    fn work(&mut self) {
        while !self.writer.is_up_to_date() || !self.writer.receiver.is_empty() {
            self.drain();
            self.writer.catch_up();
        }
    }

    fn status(&self) -> &Arc<Status> {
        self.writer.receiver.status().shown()
    }

    /// Frames of the takes that are closed.
    fn takes(&self) -> Vec<u64> {
        self.status().reports().iter().map(|report| report.frames).collect()
    }
}

fn play(sender: &mut Sender, frames: usize) {
    let mut sound = vec![0.25; frames];
    for start in (0..frames).step_by(MAX_CHUNK_FRAMES) {
        sender.try_frames(&[&mut sound], start, MAX_CHUNK_FRAMES.min(frames - start)).unwrap();
    }
}

/// What the window asks for.
const fn the_last(frames: u64) -> Capture {
    Capture { settings: TakeSettings::DEFAULT, frames, tempo: None, event: None }
}

#[test]
fn what_was_captured_is_no_hole_in_the_preroll_of_the_next_take() {
    for between in [0, 500] {
        let mut rig = Rig::keeping(10_000);
        rig.play(8_000);
        rig.work();
        // Keep may be shorter than Pre-roll.
        rig.writer.capture(the_last(2_000));
        rig.work();
        rig.play(between);
        rig.begin(10_000, TakeSettings::DEFAULT);
        rig.play(100);
        rig.end();
        rig.work();
        assert_eq!(rig.takes(), [2_000, between as u64 + 100]);
    }
}

#[test]
fn a_take_that_has_to_be_complete_before_the_next_one_is_kept_safe_meanwhile() {
    let mut rig = Rig::keeping(1 << 30);
    for _ in 0..10 {
        rig.play(100_000);
        rig.work();
    }
    let changes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&changes);
    rig.status().scope().on_change(move || _ = counted.fetch_add(1, SeqCst));
    rig.status().scope().open();
    let settings = TakeSettings { unique_suffix: false, ..TakeSettings::DEFAULT };
    rig.begin(1 << 30, settings);
    rig.end();
    rig.begin(0, settings);
    rig.drain();
    assert!(changes.load(SeqCst) > 60, "told {} times how far it is", changes.load(SeqCst));
    rig.end();
    rig.work();
    assert_eq!(rig.takes()[0], 1_000_000);
}

/// The frames of the open take that are in its file.
fn written(rig: &Rig) -> u64 {
    rig.status().snapshot().frames_written
}

#[test]
fn a_gap_of_hours_is_written_in_pieces_between_which_the_queue_is_drained() {
    let mut rig = Rig::keeping(0);
    rig.begin(0, TakeSettings { file_type: FileType::Flac, ..TakeSettings::DEFAULT });
    rig.play(1_000);
    let gap = 20 * 60 * u64::from(RATE);
    rig.send(Mark::Gap { frames: gap, lost: 0 });
    rig.play(5_000);
    rig.drain();
    rig.writer.catch_up();
    assert!(rig.writer.receiver.is_empty(), "what came behind the gap is still in the queue");
    assert!(written(&rig) < 3 * CATCH_UP_FRAMES, "{} frames were written at once", written(&rig));
    rig.end();
    rig.work();
    assert_eq!(rig.takes(), [gap + 6_000]);
}

#[test]
fn a_gap_that_lasts_long_is_warned_of_and_a_short_one_is_not() {
    let warnings = |seconds: u64| {
        let mut rig = Rig::keeping(0);
        rig.begin(0, TakeSettings { file_type: FileType::Flac, ..TakeSettings::DEFAULT });
        rig.play(1_000);
        rig.send(Mark::Gap { frames: seconds * u64::from(RATE), lost: 0 });
        rig.drain();
        rig.status().snapshot().last_error
    };
    assert_eq!(warnings(60), None);
    let warning = warnings(36_060).unwrap();
    assert!(warning.contains("10 h 1 min") && warning.contains("Time Slice off"), "{warning}");
}

#[test]
fn frames_that_were_lost_are_counted_once_however_long_the_gap_is() {
    let mut rig = Rig::keeping(0);
    rig.begin(0, TakeSettings::DEFAULT);
    rig.play(1_000);
    rig.send(Mark::Gap { frames: 50_000, lost: 20_000 });
    rig.play(1_000);
    rig.end();
    rig.work();
    let report = rig.status().reports().pop().unwrap();
    assert_eq!((report.frames, report.lost_frames, report.first_lost_frame), (52_000, 20_000, Some(1_000)));
}

#[test]
fn one_look_at_a_queue_that_a_render_fills_leaves_time_for_all_else() {
    let mut rig = Rig::keeping(1 << 30);
    rig.play(150_000);
    rig.drain();
    let frames = rig.writer.history.frames();
    assert!((1..70_000).contains(&frames), "{frames} frames before the memory was shared and a take written");
    rig.work();
    assert_eq!(rig.writer.history.frames(), 150_000);
}

#[test]
fn an_error_of_our_own_as_a_capture_is_closed_stops_neither_the_writer_nor_the_open_take() {
    static HAS_PANICKED: AtomicBool = AtomicBool::new(false);
    fn log(line: fmt::Arguments<'_>) {
        if line.to_string().starts_with("take closed: 1000 ") && !HAS_PANICKED.swap(true, SeqCst) {
            panic!("on purpose");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Arc::<Status>::default();
    let (mut sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
    let thread = WriterThread::start(receiver, on(), texts(&folder), None, None, log).unwrap();
    let (settings, channels, song) = (TakeSettings::DEFAULT, ChannelSet::first(1), Song::default());
    sender.try_mark(Mark::HistoryLength { frames: 10_000 }).unwrap();
    sender.try_mark(Mark::HistoryBegins(HistoryStart { channels, song })).unwrap();
    play(&mut sender, 1_000);
    sender.try_mark(Mark::Begin(TakeStart { settings, channels, song, preroll_frames: 0, event: None })).unwrap();
    play(&mut sender, 100);
    sender.try_mark(Mark::Capture(the_last(10_000))).unwrap();
    while !HAS_PANICKED.load(SeqCst) {
        thread::yield_now();
    }
    play(&mut sender, 100);
    drop(sender);
    thread.finish();
    let reports = status.reports();
    assert_eq!(reports.last().map(|take| (take.frames, take.lost_frames)), Some((200, 0)), "{reports:?}");
    assert!(status.snapshot().last_error.is_some());
}

#[test]
fn an_error_of_our_own_on_the_audio_thread_completes_the_open_take() {
    let folder = tempfile::tempdir().unwrap();
    let status = Arc::<Status>::default();
    let (mut sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
    let thread = WriterThread::start(receiver, on(), texts(&folder), None, None, |_| ()).unwrap();
    let (settings, channels, song) = (TakeSettings::DEFAULT, ChannelSet::first(1), Song::default());
    sender.heartbeat().begin_block();
    sender.try_mark(Mark::Begin(TakeStart { settings, channels, song, preroll_frames: 0, event: None })).unwrap();
    play(&mut sender, 50);
    sender.heartbeat().end_block();
    status.set_internal_error();
    while status.reports().is_empty() {
        thread::yield_now();
    }
    assert_eq!((status.reports()[0].frames, status.reports()[0].lost_frames), (50, 0));
    drop(sender);
    thread.finish();
}

#[test]
fn an_error_of_our_own_as_the_take_is_closed_is_told() {
    fn log(line: fmt::Arguments<'_>) {
        assert!(!line.to_string().starts_with("take closed: 50 "), "on purpose");
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Arc::<Status>::default();
    let (mut sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
    let thread = WriterThread::start(receiver, on(), texts(&folder), None, None, log).unwrap();
    let (settings, channels, song) = (TakeSettings::DEFAULT, ChannelSet::first(1), Song::default());
    sender.try_mark(Mark::Begin(TakeStart { settings, channels, song, preroll_frames: 0, event: None })).unwrap();
    play(&mut sender, 50);
    sender.try_mark(Mark::End { left_out: 0, record: false }).unwrap();
    drop(sender);
    thread.finish();
    let snapshot = status.snapshot();
    assert_eq!((snapshot.state, snapshot.errors), (RecorderState::Failed, 1));
}

#[test]
fn an_error_of_our_own_in_one_member_of_a_group_costs_the_others_nothing_and_itself_one_take() {
    static HAS_PANICKED: AtomicBool = AtomicBool::new(false);
    fn log(line: fmt::Arguments<'_>) {
        if line.to_string().starts_with("take opened") && !HAS_PANICKED.swap(true, SeqCst) {
            panic!("on purpose");
        }
    }
    let (settings, channels, song) = (TakeSettings::DEFAULT, ChannelSet::first(1), Song::default());
    let (at, group_of) = (groups::now(), Group::G);
    let signals = group(group_of).signals();
    let sight = |events| GroupSight {
        group: group_of,
        events,
        settings,
        song,
        at,
        open_event: None,
        time: signals.time(),
        waits: 0,
    };
    let member = |log: Log| {
        let folder = tempfile::tempdir().unwrap();
        let status = Arc::<Status>::default();
        let (mut sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
        let thread =
            WriterThread::start(receiver, on(), texts(&folder), Some(sight(signals.events())), None, log).unwrap();
        sender.try_mark(Mark::HistoryLength { frames: 100_000 }).unwrap();
        sender.try_mark(Mark::HistoryBegins(HistoryStart { channels, song })).unwrap();
        (sender, thread, status, folder)
    };
    let (mut leader, leaders_thread, leaders_status, _folder) = member(|_| ());
    let (mut other, others_thread, others_status, _other_folder) = member(log);
    for frames in [500, 700] {
        let number = signals.count_take(signals.count_open());
        let (made, time) = (groups::now(), signals.time());
        let event = Some(GroupEvent { group: group_of, number, frames_before: 0, made, time });
        leader.try_mark(Mark::Begin(TakeStart { settings, channels, song, preroll_frames: 0, event })).unwrap();
        other.try_mark(Mark::Group(sight(number))).unwrap();
        play(&mut leader, frames);
        play(&mut other, 1_000);
        leader.try_mark(Mark::End { left_out: 0, record: false }).unwrap();
        play(&mut leader, 1_000 - frames);
        signals.count_closed();
        while leaders_status.reports().last().is_none_or(|take| take.frames != frames as u64) {
            thread::yield_now();
        }
    }
    [leader, other].into_iter().for_each(drop);
    [leaders_thread, others_thread].into_iter().for_each(|thread| drop(thread.finish()));
    let takes =
        |status: &Status| status.reports().iter().map(|take| (take.frames, take.lost_frames)).collect::<Vec<_>>();
    assert_eq!(takes(&leaders_status), [(500, 0), (700, 0)]);
    assert_eq!(takes(&others_status), [(700, 0)]);
    assert!(HAS_PANICKED.load(SeqCst) && others_status.snapshot().errors > 0);
}

#[test]
fn the_frames_of_every_take_count_as_written_whichever_the_window_shows() {
    let mut rig = Rig::keeping(10_000);
    rig.play(5_000);
    // Over before its pre-roll is written, and so hidden by the next one.
    rig.begin(2_000, TakeSettings::DEFAULT);
    rig.end();
    rig.begin(0, TakeSettings::DEFAULT);
    rig.play(100);
    rig.send(Mark::Capture(the_last(10_000)));
    rig.end();
    rig.work();
    assert_eq!(rig.takes().iter().sum::<u64>(), 5_100);
    assert_eq!(rig.status().snapshot().frames_ever, 5_100);
}

#[test]
fn the_rest_is_being_written_until_the_last_take_is_closed() {
    let mut rig = Rig::keeping(100_000);
    rig.play(50_000);
    rig.work();
    rig.begin(0, TakeSettings::DEFAULT);
    rig.play(100);
    rig.send(Mark::Capture(the_last(100_000)));
    rig.end();
    rig.drain();
    let state = |rig: &Rig| rig.status().snapshot().state;
    assert_eq!((rig.takes(), state(&rig)), (vec![100], RecorderState::Finishing));
    rig.work();
    assert_eq!((rig.takes(), state(&rig)), (vec![100, 50_000], RecorderState::Idle));
}
