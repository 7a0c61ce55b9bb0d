//! What the recorder is doing, for whoever wants to show it.

use super::captures::Captures;
use super::export::ExportPeaks;
use super::forecast::Forecast;
use super::scope::Scope;
use super::waveform::Waveform;
use crate::core::format::StreamFormat;
use crate::core::loudness::Loudness;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many finished takes are remembered.
pub const MAX_REPORTS: usize = 100;

/// Stands for a number that is not known.
const UNKNOWN: u64 = u64::MAX;

/// What the recorder as a whole is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecorderState {
    /// No take is open.
    #[default]
    Idle,
    /// Frames of a take come in.
    Recording,
    /// A take is open and leaves frames out.
    Paused,
    /// Record is on, and a take begins when what `start` names is there.
    Armed,
    /// The same, but the host tells nothing of its transport, which is waited for.
    NoTransport,
    /// Record is off; the rest of the queue is being written.
    Finishing,
    /// The take could not be written; the sound still passes.
    Failed,
}

/// One finished take.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TakeReport {
    /// The files of the take in order; more than one where it outgrew its file type.
    pub paths: Vec<PathBuf>,
    /// Frames that came in, lost ones included.
    pub frames: u64,
    pub sample_rate: u32,
    pub bytes: u64,
    /// Frames that are silence in the file, or not in it, because they could not be kept.
    pub lost_frames: u64,
    /// Where in the take, in frames, the first of them was.
    pub first_lost_frame: Option<u64>,
    /// Samples beyond full scale.
    pub clipped_samples: u64,
    /// The loudest sample as it came in, linear.
    pub peak: f32,
    /// Of all its files together; nothing where it was not measured.
    pub loudness: Option<Loudness>,
    /// What went wrong, in words for the user.
    pub error: Option<String>,
}

/// What the audio thread says of the current block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Gate {
    Idle,
    Recording,
    Paused,
    Armed,
    NoTransport,
}

/// Counters and texts that live as long as the plugin instance. Any thread reads them; each is written by one.
#[derive(Debug)]
pub struct Status {
    scope: Scope,
    waveform: Waveform,
    export_peaks: ExportPeaks,
    captures: Captures,
    forecast: Forecast,
    // Written by the main thread.
    channels: AtomicU32,
    stream_rate: AtomicU32,
    /// `0x01rrggbb`; 0 where the host tells none.
    track_color: AtomicU32,
    // Written by the audio thread.
    gate: AtomicU8,
    /// Whether the audio thread has seen `marker` on in its last block.
    marker: AtomicBool,
    /// The same of `capture`.
    capture: AtomicBool,
    merged_takes: AtomicU64,
    waits: AtomicU64,
    internal_error: AtomicBool,
    // Written by both: frames of takes that are not in their file as they came in.
    lost_frames: AtomicU64,
    // Written by the writer thread; what waits also by the watching thread, while the writer hangs.
    take_open: AtomicBool,
    /// What a take does that another member of the group leads.
    follows: AtomicU8,
    /// The event of its group by which this member wanted to begin a take that is another one's; 0 where none is.
    led_event: AtomicU64,
    take_failed: AtomicBool,
    /// Something went wrong in the current or last take.
    take_troubled: AtomicBool,
    /// What `nearly_full` was when the current or last take began.
    nearly_full_before: AtomicU64,
    sample_rate: AtomicU32,
    frames_written: AtomicU64,
    frames_ever: AtomicU64,
    bytes_written: AtomicU64,
    clipped_samples: AtomicU64,
    clipped_total: AtomicU64,
    queue_fill_bits: AtomicU32,
    reserve_bytes: AtomicU64,
    first_lost_frame: AtomicU64,
    errors: AtomicU64,
    free_bytes: AtomicU64,
    history_frames: AtomicU64,
    // Written by the watching thread.
    nearly_full: AtomicU64,
    /// A window wants to know how much room there is. Written by windows and the writer thread.
    room_wanted: AtomicBool,
    texts: Mutex<StatusTexts>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            waveform: Waveform::default(),
            export_peaks: ExportPeaks::default(),
            captures: Captures::default(),
            forecast: Forecast::default(),
            channels: AtomicU32::new(0),
            stream_rate: AtomicU32::new(0),
            track_color: AtomicU32::new(0),
            gate: AtomicU8::new(Gate::Idle as u8),
            marker: AtomicBool::new(false),
            capture: AtomicBool::new(false),
            merged_takes: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            internal_error: AtomicBool::new(false),
            lost_frames: AtomicU64::new(0),
            take_open: AtomicBool::new(false),
            follows: AtomicU8::new(Gate::Idle as u8),
            led_event: AtomicU64::new(0),
            take_failed: AtomicBool::new(false),
            take_troubled: AtomicBool::new(false),
            nearly_full_before: AtomicU64::new(0),
            sample_rate: AtomicU32::new(0),
            frames_written: AtomicU64::new(0),
            frames_ever: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            clipped_samples: AtomicU64::new(0),
            clipped_total: AtomicU64::new(0),
            queue_fill_bits: AtomicU32::new(0),
            reserve_bytes: AtomicU64::new(0),
            first_lost_frame: AtomicU64::new(UNKNOWN),
            errors: AtomicU64::new(0),
            nearly_full: AtomicU64::new(0),
            room_wanted: AtomicBool::new(false),
            free_bytes: AtomicU64::new(UNKNOWN),
            history_frames: AtomicU64::new(0),
            texts: Mutex::default(),
        }
    }
}

#[derive(Debug, Default)]
struct StatusTexts {
    path: Option<PathBuf>,
    note: Option<&'static str>,
    last_error: Option<String>,
    reports: VecDeque<TakeReport>,
    finished_takes: u64,
    next_path: Option<PathBuf>,
    export_note: Option<String>,
}

/// The status at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatusSnapshot {
    pub state: RecorderState,
    /// The take is one that another member of the group leads.
    pub follows: bool,
    /// A take is open, failed or not, that no other member leads.
    pub leads: bool,
    /// Record stands for a take that another member leads, or led.
    pub is_led: bool,
    /// Something went wrong in the current or last take.
    pub take_troubled: bool,
    /// The queue of a live track filled up in the current or last take.
    pub take_hung: bool,
    /// Whether the audio thread has seen `marker` on in its last block.
    pub marker: bool,
    /// Frames of the current or last take that are in its file, silence for lost ones included.
    pub frames_written: u64,
    /// Frames in the files of all takes since the plugin was loaded.
    pub frames_ever: u64,
    /// `frames_written` in seconds.
    pub seconds: f64,
    /// Bytes of the current or last take.
    pub bytes_written: u64,
    /// The file of the current or last take.
    pub path: Option<PathBuf>,
    /// What the file of the current or last take does not keep of the settings, in words for the user.
    pub note: Option<&'static str>,
    /// Why the export sends nothing, in words for the user.
    pub export_note: Option<String>,
    /// What went wrong last, in words for the user.
    pub last_error: Option<String>,
    /// Frames lost since the plugin was loaded.
    pub lost_frames: u64,
    /// Samples beyond full scale in the current or last take.
    pub clipped_samples: u64,
    /// Samples beyond full scale in all takes since the plugin was loaded.
    pub clipped_total: u64,
    /// Takes that went on because their end could not be told in time.
    pub merged_takes: u64,
    /// How full the queue is, 0 to 1.
    pub queue_fill: f32,
    /// Bytes of sound that wait in memory behind the queue because the disk hangs.
    pub reserve_bytes: u64,
    /// Takes finished since the plugin was loaded.
    pub finished_takes: u64,
    /// The shape of the sound, once the plugin was active.
    pub stream: Option<StreamFormat>,
    /// Frames per second of the current or last take.
    pub take_rate: u32,
    /// Where in the current or last take, in frames, the first frame was lost.
    pub first_lost_frame: Option<u64>,
    /// Times that something went wrong since the plugin was loaded; [`last_error`](Self::last_error) is the last one.
    pub errors: u64,
    /// Times that the queue of a live track filled up since the plugin was loaded; a render's may.
    pub nearly_full: u64,
    /// Bytes that are free where the next take goes, if that is known.
    pub free_bytes: Option<u64>,
    /// Frames of the history that are in memory.
    pub history_frames: u64,
}

impl Status {
    /// What meters show.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What was recorded in the last minute.
    pub fn waveform(&self) -> &Waveform {
        &self.waveform
    }

    /// What is measured for the export.
    pub fn export_peaks(&self) -> &ExportPeaks {
        &self.export_peaks
    }

    /// What the window asks the writer for.
    pub fn captures(&self) -> &Captures {
        &self.captures
    }

    /// How large takes become.
    pub fn forecast(&self) -> &Forecast {
        &self.forecast
    }

    /// Bytes that a take at the present settings comes to in a second, at most; none before the plugin was active.
    pub fn bytes_per_second(&self) -> Option<f64> {
        self.forecast.bytes_per_second(self.stream()?)
    }

    /// Main thread: the colour of the DAW's track, where the host tells one.
    pub fn set_track_color(&self, rgb: Option<[u8; 3]>) {
        let color = rgb.map_or(0, |[red, green, blue]| u32::from_be_bytes([1, red, green, blue]));
        self.track_color.store(color, Relaxed);
        self.scope.changed();
    }

    /// The colour of the DAW's track, where the host tells one.
    pub fn track_color(&self) -> Option<[u8; 3]> {
        let [is_told, rgb @ ..] = self.track_color.load(Relaxed).to_be_bytes();
        (is_told == 1).then_some(rgb)
    }

    /// Export thread: why it sends nothing, in words for the user; none while it does, or is off.
    pub(crate) fn set_export_note(&self, note: Option<String>) {
        let mut texts = self.texts();
        if texts.export_note != note {
            texts.export_note = note;
            drop(texts);
            self.scope.changed();
        }
    }

    /// Any thread: the export cannot start.
    pub(crate) fn set_no_export(&self, error: &std::io::Error) {
        self.set_export_note(Some(format!(
            "The export could not start ({error}). Close what you do not need, then switch the plugin off and on again."
        )));
    }

    /// The shape of the sound, once the plugin was active.
    pub fn stream(&self) -> Option<StreamFormat> {
        let (channels, sample_rate) = (self.channels.load(Relaxed) as usize, self.stream_rate.load(Relaxed));
        (channels > 0).then_some(StreamFormat { channels, sample_rate })
    }

    /// Main thread: the sound that comes from now on.
    pub(crate) fn set_stream(&self, format: StreamFormat) {
        self.channels.store(format.channels as u32, Relaxed);
        self.stream_rate.store(format.sample_rate, Relaxed);
        self.scope.changed();
    }

    /// Window: where the next take goes, for the writer thread to see how much room there is. Takes a lock.
    pub fn set_next_path(&self, path: &Path) {
        let mut texts = self.texts();
        if texts.next_path.as_deref() != Some(path) {
            texts.next_path = Some(path.to_owned());
        }
    }

    /// A window of another instance: how much room is there? To be asked again and again.
    pub fn want_room(&self) {
        self.room_wanted.store(true, Relaxed);
    }

    /// Writer thread: whether a window shows how much room there is.
    pub(crate) fn is_room_wanted(&self) -> bool {
        self.scope.is_viewed() || self.room_wanted.load(Relaxed)
    }

    /// Writer thread: the file whose disk matters: the open take's, else the next one's.
    pub(crate) fn path_to_measure(&self) -> Option<PathBuf> {
        let texts = self.texts();
        let current = texts.path.as_ref().filter(|_| self.take_open.load(Relaxed));
        current.or(texts.next_path.as_ref()).cloned()
    }

    /// Writer thread: how many bytes are free there.
    pub(crate) fn set_free_bytes(&self, bytes: Option<u64>) {
        self.room_wanted.store(false, Relaxed);
        if self.free_bytes.swap(bytes.unwrap_or(UNKNOWN), Relaxed) != bytes.unwrap_or(UNKNOWN) {
            self.scope.changed();
        }
    }

    /// Writer thread: frames are missing from the take at this one.
    pub(crate) fn take_loses_at(&self, frame: u64) {
        // Only this thread writes it.
        if self.first_lost_frame.load(Relaxed) == UNKNOWN {
            self.first_lost_frame.store(frame, Relaxed);
        }
    }

    /// Audio thread, or the writer while no block comes: `capture` is on, or off, from now on.
    pub(crate) fn set_capture(&self, on: bool) {
        if self.capture.load(Relaxed) != on {
            self.capture.store(on, Relaxed);
        }
    }

    /// Whether `capture` was on when somebody looked last.
    pub fn capture_was_on(&self) -> bool {
        self.capture.load(Relaxed)
    }

    /// Whether `marker` was on when somebody looked last.
    pub fn marker_was_on(&self) -> bool {
        self.marker.load(Relaxed)
    }

    /// Audio thread, or the writer while no block comes: `marker` is on, or off, from now on.
    pub(crate) fn set_marker(&self, on: bool) {
        self.marker.store(on, Relaxed);
        self.scope.changed();
    }

    /// Writer thread: so many frames of the history are in memory.
    pub(crate) fn set_history_frames(&self, frames: u64) {
        if self.history_frames.swap(frames, Relaxed) != frames {
            self.scope.changed();
        }
    }

    /// Writer thread: whether the audio thread has said something else of its last block.
    pub(crate) fn gate_is_other(&self, gate: Gate) -> bool {
        self.gate.load(Relaxed) != gate as u8
    }

    /// Audio thread, or the writer while no block comes: what the current block is.
    pub(crate) fn set_gate(&self, gate: Gate) {
        self.gate.store(gate as u8, Relaxed);
        self.scope.changed();
    }

    /// Audio thread: two takes became one.
    pub(crate) fn count_merge(&self) {
        self.merged_takes.fetch_add(1, Relaxed);
    }

    /// Audio thread: the host, which renders, is made to wait for room in the queue.
    pub(crate) fn count_wait(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    /// Times that a host that renders was made to wait.
    pub fn waits(&self) -> u64 {
        self.waits.load(Relaxed)
    }

    /// Audio thread: the recorder switched itself off after an error of its own.
    pub(crate) fn set_internal_error(&self) {
        self.internal_error.store(true, Relaxed);
    }

    /// Main thread: the writer thread could not be started.
    pub(crate) fn set_no_writer(&self, error: &std::io::Error) {
        self.take_fails(&format!(
            "The recorder could not start ({error}). The sound still passes. Close what you do not need, then switch the \
             plugin off and on again."
        ));
    }

    /// Any thread: frames of a take were lost.
    pub(crate) fn count_lost(&self, frames: u64) {
        self.lost_frames.fetch_add(frames, Relaxed);
    }

    /// Writer thread: a take begins.
    pub(crate) fn take_begins(&self, sample_rate: u32) {
        let mut texts = self.texts();
        (texts.path, texts.note) = (None, None);
        drop(texts);
        self.sample_rate.store(sample_rate, Relaxed);
        self.frames_written.store(0, Relaxed);
        self.bytes_written.store(0, Relaxed);
        self.clipped_samples.store(0, Relaxed);
        self.first_lost_frame.store(UNKNOWN, Relaxed);
        self.take_failed.store(false, Relaxed);
        self.take_troubled.store(false, Relaxed);
        self.nearly_full_before.store(self.nearly_full.load(Relaxed), Relaxed);
        self.take_open.store(true, Relaxed);
        self.scope.changed();
    }

    /// Writer thread: what the file of the take does not keep of the settings, in words for the user.
    pub(crate) fn take_note(&self, note: Option<&'static str>) {
        self.texts().note = note;
    }

    /// Writer thread: the take now is written to `path`.
    pub(crate) fn take_path(&self, path: PathBuf) {
        self.texts().path = Some(path);
    }

    /// Writer thread: how far the take has come.
    pub(crate) fn take_progress(&self, frames: u64, bytes: u64, clipped_samples: u64) {
        let before = self.frames_written.swap(frames, Relaxed);
        self.frames_ever.fetch_add(frames.saturating_sub(before), Relaxed);
        self.bytes_written.store(bytes, Relaxed);
        let before = self.clipped_samples.swap(clipped_samples, Relaxed);
        self.clipped_total.fetch_add(clipped_samples.saturating_sub(before), Relaxed);
        self.scope.changed();
    }

    /// Writer thread: a take that is not the present one has come on by so many frames.
    pub(crate) fn other_take_progress(&self, frames: u64, clipped_samples: u64) {
        self.frames_ever.fetch_add(frames, Relaxed);
        self.clipped_total.fetch_add(clipped_samples, Relaxed);
        self.scope.changed();
    }

    /// Writer thread: the take cannot go on, for the reason that `error` gives the user.
    pub(crate) fn take_fails(&self, error: &str) {
        self.take_failed.store(true, Relaxed);
        self.trouble(error);
    }

    /// Writer thread: something went wrong that `text` tells the user; the take, where there is one, goes on.
    pub(crate) fn trouble(&self, text: &str) {
        self.take_troubled.fetch_or(self.take_open.load(Relaxed), Relaxed);
        self.tell(text);
    }

    /// The same, of something that is of no open take.
    pub(super) fn tell(&self, text: &str) {
        self.texts().last_error = Some(text.to_owned());
        self.errors.fetch_add(1, Relaxed);
        self.scope.changed();
    }

    /// Writer thread or window: Capture has nothing to save.
    pub(crate) fn nothing_to_capture(&self) {
        self.tell(NOTHING_TO_CAPTURE);
    }

    /// Writer thread: what a take does that another member of the group leads.
    pub(crate) fn set_follows(&self, gate: Gate) {
        if self.follows.swap(gate as u8, Relaxed) != gate as u8 {
            self.scope.changed();
        }
    }

    /// Writer thread: whether the take that this member's record stands for is another one's, and which event that was.
    pub(crate) fn set_led(&self, event: Option<u64>) {
        self.led_event.store(event.unwrap_or(0), Relaxed);
    }

    /// Whether a take is open here, failed or not, that no other member leads. Any thread: wait-free.
    pub fn leads(&self) -> bool {
        let gate = self.gate.load(Relaxed);
        gate == Gate::Recording as u8 || gate == Gate::Paused as u8
    }

    /// Audio thread: the event by which this member wanted to begin a take that is another one's; none, where its takes are its own.
    pub(crate) fn led_event(&self) -> Option<u64> {
        Some(self.led_event.load(Relaxed)).filter(|event| *event > 0)
    }

    /// Whether a take is open here, its own or one that another member leads. Any thread: wait-free.
    pub fn has_open_take(&self) -> bool {
        self.leads() || self.follows()
    }

    /// Main thread: a state was loaded into an open take.
    pub(crate) fn loaded_in_take(&self) {
        self.tell(LOADED_IN_TAKE);
    }

    /// Whether an error of our own has stopped the audio half. Writer thread.
    pub(crate) fn is_broken(&self) -> bool {
        self.internal_error.load(Relaxed)
    }

    /// Audio thread: whether a take that another member of the group leads is being recorded, as far as the writer has come.
    pub(crate) fn follows(&self) -> bool {
        self.follows.load(Relaxed) != Gate::Idle as u8
    }

    /// Writer thread: a take is closed, and no other one is being written.
    pub(crate) fn take_ends(&self, report: TakeReport) {
        self.take_open.store(false, Relaxed);
        self.other_take_ends(report);
    }

    /// Writer thread: a take is closed, and another one is being written.
    pub(crate) fn other_take_ends(&self, report: TakeReport) {
        let mut texts = self.texts();
        texts.finished_takes += 1;
        if texts.reports.len() == MAX_REPORTS {
            texts.reports.pop_front();
        }
        texts.reports.push_back(report);
        self.scope.changed();
    }

    /// Main thread: the writer is there no more, and has left what `text` tells the user.
    pub(super) fn forget_writer(&self, text: &str) {
        self.take_open.store(false, Relaxed);
        self.set_follows(Gate::Idle);
        self.set_led(None);
        self.set_queue_fill(0.0);
        self.set_reserve_bytes(0);
        self.set_history_frames(0);
        self.tell(text);
    }

    /// Writer or watching thread: how full the queue is, 0 to 1.
    pub(crate) fn set_queue_fill(&self, fill: f32) {
        let before = f32::from_bits(self.queue_fill_bits.swap(fill.to_bits(), Relaxed));
        if before != fill {
            self.scope.changed();
        }
    }

    /// Watching thread: the writer has let the queue of a live track fill up.
    pub(crate) fn count_nearly_full(&self) {
        self.nearly_full.fetch_add(1, Relaxed);
        self.scope.changed();
    }

    /// Writer or watching thread, which take turns: bytes that wait behind the queue.
    pub(super) fn set_reserve_bytes(&self, bytes: usize) {
        self.reserve_bytes.store(bytes as u64, Relaxed);
        self.scope.changed();
    }

    /// The status now. Not for the audio thread: takes a lock.
    pub fn snapshot(&self) -> StatusSnapshot {
        let texts = self.texts();
        let frames_written = self.frames_written.load(Relaxed);
        let internal_error = self.internal_error.load(Relaxed);
        let nearly_full = self.nearly_full.load(Relaxed);
        StatusSnapshot {
            state: self.state(),
            follows: self.follows.load(Relaxed) != Gate::Idle as u8,
            leads: self.leads(),
            is_led: self.led_event().is_some(),
            take_troubled: self.take_troubled.load(Relaxed),
            take_hung: nearly_full > self.nearly_full_before.load(Relaxed),
            marker: self.marker.load(Relaxed),
            frames_written,
            frames_ever: self.frames_ever.load(Relaxed),
            seconds: frames_written as f64 / f64::from(self.sample_rate.load(Relaxed).max(1)),
            bytes_written: self.bytes_written.load(Relaxed),
            path: texts.path.clone(),
            note: texts.note,
            export_note: texts.export_note.clone(),
            last_error: internal_error.then(|| INTERNAL_ERROR.to_owned()).or_else(|| texts.last_error.clone()),
            lost_frames: self.lost_frames.load(Relaxed),
            clipped_samples: self.clipped_samples.load(Relaxed),
            clipped_total: self.clipped_total.load(Relaxed),
            merged_takes: self.merged_takes.load(Relaxed),
            queue_fill: f32::from_bits(self.queue_fill_bits.load(Relaxed)),
            finished_takes: texts.finished_takes,
            stream: self.stream(),
            take_rate: self.sample_rate.load(Relaxed),
            reserve_bytes: self.reserve_bytes.load(Relaxed),
            first_lost_frame: known(&self.first_lost_frame),
            errors: self.errors.load(Relaxed) + u64::from(internal_error),
            nearly_full,
            free_bytes: known(&self.free_bytes),
            history_frames: self.history_frames.load(Relaxed),
        }
    }

    /// The last [`MAX_REPORTS`] finished takes, oldest first. Not for the audio thread: takes a lock.
    pub fn reports(&self) -> Vec<TakeReport> {
        self.texts().reports.iter().cloned().collect()
    }

    fn state(&self) -> RecorderState {
        let failed = self.take_failed.load(Relaxed) || self.internal_error.load(Relaxed);
        match self.gate.load(Relaxed) {
            _ if failed => RecorderState::Failed,
            gate if gate == Gate::Recording as u8 => RecorderState::Recording,
            _ if self.follows.load(Relaxed) == Gate::Recording as u8 => RecorderState::Recording,
            _ if self.follows.load(Relaxed) == Gate::Paused as u8 => RecorderState::Paused,
            gate if gate == Gate::Paused as u8 => RecorderState::Paused,
            gate if gate == Gate::Armed as u8 => RecorderState::Armed,
            gate if gate == Gate::NoTransport as u8 => RecorderState::NoTransport,
            _ if self.take_open.load(Relaxed) => RecorderState::Finishing,
            _ => RecorderState::Idle,
        }
    }

    fn texts(&self) -> MutexGuard<'_, StatusTexts> {
        // Plain values: a panic elsewhere leaves nothing half-made in them.
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known(number: &AtomicU64) -> Option<u64> {
    Some(number.load(Relaxed)).filter(|&number| number != UNKNOWN)
}

const NOTHING_TO_CAPTURE: &str = "Nothing was kept: all that has passed is in a take already, or Keep on the Start page \
                                  is 0 s. Play something, then press Capture again.";

const LOADED_IN_TAKE: &str = "A preset or an undo came while a take is being recorded. Record and Pause stay as they are; \
                              all else counts from the next take on.";

const INTERNAL_ERROR: &str = "The recorder stopped because of an error of its own. The sound still passes. Remove the \
                              plugin from the track and add it again.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_take_shows_until_the_next_one_begins() {
        let status = Status::default();
        status.set_gate(Gate::Recording);
        status.take_begins(48_000);
        assert_eq!(status.snapshot().state, RecorderState::Recording);
        status.take_fails("The disk is full.");
        status.set_gate(Gate::Idle);
        assert_eq!(status.snapshot().state, RecorderState::Failed);
        status.take_begins(48_000);
        assert_eq!(status.snapshot().state, RecorderState::Finishing);
        assert_eq!(status.snapshot().last_error.as_deref(), Some("The disk is full."));
    }

    #[test]
    fn trouble_of_a_take_is_not_that_of_the_next_one() {
        let status = Status::default();
        let troubles = || (status.snapshot().take_troubled, status.snapshot().take_hung);
        status.trouble("Capture failed.");
        assert_eq!(troubles(), (false, false), "there is no take");
        status.take_begins(48_000);
        status.nothing_to_capture();
        assert_eq!(troubles(), (false, false), "the take has nothing to do with it");
        status.trouble("The take goes on elsewhere.");
        status.count_nearly_full();
        status.take_ends(TakeReport::default());
        assert_eq!(troubles(), (true, true));
        status.take_begins(48_000);
        assert_eq!(troubles(), (false, false));
    }

    #[test]
    fn a_black_track_has_a_colour() {
        let status = Status::default();
        assert_eq!(status.track_color(), None);
        for rgb in [Some([0, 0, 0]), Some([1, 2, 255]), None] {
            status.set_track_color(rgb);
            assert_eq!(status.track_color(), rgb);
        }
    }

    #[test]
    fn the_room_is_measured_for_a_window_of_another_instance_as_long_as_that_asks() {
        let status = Status::default();
        assert!(!status.is_room_wanted());
        status.want_room();
        assert!(status.is_room_wanted());
        status.set_free_bytes(Some(5));
        assert!(!status.is_room_wanted());
    }
}
