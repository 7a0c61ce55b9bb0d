//! Turns status and parameters into what is drawn. Pure.

use super::group::{self, GroupView, Member};
use super::takes::TakeRow;
use super::trouble::{self, Causes, Read, Trouble};
use super::words;
use crate::core::format::{
    BitRate, Codec, Dither, ExportMethod, FileType, Files, Group, Rate, RateMatch, SizedBy, Split, Start,
};
use crate::core::take::TakeSettings;
use crate::link::{RecorderState, StatusSnapshot, TakeReport, TextSet};
use std::sync::Arc;

/// What the window says at first glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Idle,
    /// Record is on, and the host sends no sound.
    Waiting,
    /// Record is on, and a take begins when this is there.
    Armed(Start),
    /// The same, and the host does not tell.
    NoTransport,
    /// Record is on since a take that another member of the group led, and which has ended.
    Spent,
    Recording,
    Paused,
    /// Record is off; the rest of the queue is being written.
    Finishing,
    Failed,
}

impl State {
    /// Large, in the header.
    pub fn word(self) -> &'static str {
        match self {
            State::Idle => "READY",
            State::Waiting => "WAITING FOR SOUND",
            State::Armed(Start::Now) => "ARMED",
            State::Armed(Start::Transport) => "ARMED: STARTS WITH PLAY",
            State::Armed(Start::HostRecord) => "ARMED: STARTS WITH THE HOST'S RECORD",
            State::Armed(Start::Sound) => "ARMED: STARTS WITH SOUND",
            State::NoTransport => "ARMED: THE HOST TELLS NO TRANSPORT",
            State::Spent => "SWITCH RECORD OFF AND ON",
            State::Recording => "RECORDING",
            State::Paused => "PAUSED",
            State::Finishing => "WRITING THE REST",
            State::Failed => "NOT RECORDING",
        }
    }
}

/// The setting that a file type has beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeSetting {
    Codec(Codec),
    BitRate(BitRate),
}

/// The DAW's track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Track {
    pub name: String,
    pub rgb: Option<[u8; 3]>,
}

/// What is exported, and where to.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub method: ExportMethod,
    pub root: String,
    pub table: String,
    pub target: String,
}

/// What a take waits for, and what it begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waiting {
    pub start: Start,
    /// dBFS.
    pub threshold: f32,
    /// Seconds.
    pub hold: f32,
    /// Seconds.
    pub preroll: f32,
    /// Seconds.
    pub keep: f32,
}

/// Everything that the view draws, apart from meters and waveform.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub state: State,
    pub record: bool,
    pub pause: bool,
    /// A marker is being set.
    pub marker: bool,
    /// How much Capture would save.
    pub captured: String,
    /// How far the history goes back, in words.
    pub history: String,
    pub waiting: Waiting,
    pub group: Group,
    /// The track of the member that leads the take.
    pub leader: Option<String>,
    /// None while no page shows it.
    pub group_view: Option<GroupView>,
    /// h:mm:ss.mmm of the current or last take.
    pub clock: String,
    /// Name of the current or last take; empty before the first one.
    pub take_name: String,
    /// Type and size of the current or last take.
    pub take_facts: String,
    /// How far the writing of the rest is, 0 to 1.
    pub progress: Option<f32>,
    pub track: Track,
    pub file_type: FileType,
    pub type_setting: TypeSetting,
    pub unique_suffix: bool,
    pub n: u16,
    pub file: String,
    pub scope: String,
    pub header: String,
    pub fallback: String,
    /// What an empty `fallback` stands for; empty where that is not known.
    pub recorder_folder: String,
    pub rate: Rate,
    pub rate_match: RateMatch,
    pub split: Split,
    pub files: Files,
    pub time_slice: bool,
    pub loudness: bool,
    pub dither: Dither,
    pub export: Export,
    /// The full path of the next take.
    pub next_path: String,
    /// How long the disk lasts; empty where that is not known.
    pub room: String,
    /// Space, Enter, Escape, Tab and letters are the recorder's.
    pub recorder_has_keys: bool,
    pub trouble: Vec<Trouble>,
    /// Newest first.
    pub takes: Arc<[TakeRow]>,
}

/// What a model is made from.
pub struct Inputs<'a> {
    pub status: &'a StatusSnapshot,
    /// Finished takes, oldest first.
    pub reports: &'a [TakeReport],
    /// Newest first.
    pub takes: &'a Arc<[TakeRow]>,
    pub record: bool,
    pub pause: bool,
    /// A marker is being set.
    pub marker: bool,
    pub waiting: Waiting,
    /// The track of the member that leads the take which this one follows.
    pub leader: Option<&'a str>,
    /// Of the group, in the order in which they came; none while no page shows them.
    pub members: Option<&'a [Member]>,
    /// That a take comes to, at most.
    pub bytes_per_second: Option<f64>,
    pub settings: TakeSettings,
    pub time_slice: bool,
    pub export_method: ExportMethod,
    pub texts: &'a TextSet,
    pub track_rgb: Option<[u8; 3]>,
    /// The full path of the next take.
    pub next_path: &'a str,
    /// The recorder's folder; empty where that is not known.
    pub recorder_folder: &'a str,
    pub read: &'a Read,
    /// How full the queue was when the present take ended, 0 to 1.
    pub rest_at_first: f32,
    /// What the desktop could not do.
    pub desktop: Option<&'a str>,
    /// Space, Enter, Escape, Tab and letters are the recorder's.
    pub recorder_has_keys: bool,
}

impl Model {
    /// The model of one moment.
    pub fn new(inputs: &Inputs<'_>) -> Self {
        let Inputs { status, settings, .. } = inputs;
        let state = state(inputs);
        let room = status.free_bytes.zip(inputs.bytes_per_second);
        let room_seconds = room.map(|(bytes, second)| bytes as f64 / second);
        let causes = Causes {
            status,
            reports: inputs.reports,
            file_type: settings.file_type,
            files: settings.files,
            room_seconds,
            desktop: inputs.desktop,
            read: inputs.read,
        };
        Self {
            state,
            record: inputs.record,
            pause: inputs.pause,
            marker: inputs.marker,
            captured: words::seconds(captured(status, inputs.waiting.keep)),
            history: history(status, &inputs.waiting),
            waiting: inputs.waiting,
            group: settings.group,
            leader: inputs.leader.map(group::track_name),
            group_view: inputs.members.map(GroupView::new),
            clock: words::clock(status.frames_written, status.take_rate),
            recorder_has_keys: inputs.recorder_has_keys,
            take_name: status.path.as_deref().map_or_else(String::new, trouble::file_name),
            take_facts: take_facts(status),
            progress: (state == State::Finishing).then(|| progress(status.queue_fill, inputs.rest_at_first)),
            track: Track { name: words::printable(&inputs.texts.track), rgb: inputs.track_rgb },
            file_type: settings.file_type,
            type_setting: type_setting(settings),
            unique_suffix: settings.unique_suffix,
            n: settings.n,
            file: inputs.texts.file.clone(),
            scope: inputs.texts.scope.clone(),
            header: inputs.texts.header.clone(),
            fallback: inputs.texts.fallback.clone(),
            recorder_folder: words::printable(inputs.recorder_folder),
            rate: settings.rate,
            rate_match: settings.rate_match,
            split: settings.split,
            files: settings.files,
            time_slice: inputs.time_slice,
            loudness: settings.loudness,
            dither: settings.dither,
            export: Export {
                method: inputs.export_method,
                root: inputs.texts.export_root.clone(),
                table: inputs.texts.export_table.clone(),
                target: inputs.texts.export_target.clone(),
            },
            next_path: words::printable(inputs.next_path),
            room: room_seconds.map_or_else(String::new, |seconds| format!("Disk lasts {}", words::duration(seconds))),
            trouble: trouble::list(&causes),
            takes: Arc::clone(inputs.takes),
        }
    }
}

fn state(inputs: &Inputs<'_>) -> State {
    match inputs.status.state {
        // Once the reason is read and nobody asks for a take, there is nothing left to say.
        RecorderState::Failed if !inputs.record && inputs.read.has_all_errors(inputs.status) => State::Idle,
        RecorderState::Failed => State::Failed,
        RecorderState::Recording => State::Recording,
        RecorderState::Paused => State::Paused,
        RecorderState::Finishing => State::Finishing,
        RecorderState::Idle | RecorderState::Armed | RecorderState::NoTransport if inputs.record && inputs.pause => {
            State::Paused
        }
        RecorderState::NoTransport => State::NoTransport,
        RecorderState::Armed => State::Armed(inputs.waiting.start),
        RecorderState::Idle if !inputs.record => State::Idle,
        RecorderState::Idle if inputs.status.is_led && inputs.leader.is_none() => State::Spent,
        RecorderState::Idle if inputs.waiting.start == Start::Now => State::Waiting,
        RecorderState::Idle => State::Armed(inputs.waiting.start),
    }
}

/// Seconds of the history that Capture would save.
fn captured(status: &StatusSnapshot, keep: f32) -> f64 {
    history_seconds(status).min(keep.into())
}

fn history_seconds(status: &StatusSnapshot) -> f64 {
    let rate = status.stream.map_or(1, |stream| stream.sample_rate);
    status.history_frames as f64 / f64::from(rate)
}

fn history(status: &StatusSnapshot, waiting: &Waiting) -> String {
    if waiting.keep.max(waiting.preroll) == 0.0 {
        return "Nothing of what passes is kept".to_owned();
    }
    format!("{} of what passed are in memory", words::seconds(history_seconds(status)))
}

fn take_facts(status: &StatusSnapshot) -> String {
    let Some(path) = &status.path else { return String::new() };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_uppercase());
    let size = words::size(status.bytes_written);
    extension.map_or_else(|| size.clone(), |extension| format!("{}, {size}", words::printable(&extension)))
}

fn type_setting(settings: &TakeSettings) -> TypeSetting {
    match settings.file_type.sized_by() {
        SizedBy::Codec => TypeSetting::Codec(settings.codec),
        SizedBy::BitRate => TypeSetting::BitRate(settings.bit_rate),
    }
}

fn progress(fill: f32, at_first: f32) -> f32 {
    if at_first > 0.0 { (1.0 - fill / at_first).clamp(0.0, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITING: Waiting = Waiting { start: Start::Now, threshold: -40.0, hold: 5.0, preroll: 0.0, keep: 60.0 };

    fn settings() -> TakeSettings {
        TakeSettings::DEFAULT
    }

    fn model(status: &StatusSnapshot, reports: &[TakeReport], change: impl FnOnce(&mut Inputs<'_>)) -> Model {
        let (texts, read) = (TextSet::default(), Read::default());
        let mut inputs = Inputs {
            status,
            reports,
            takes: &Arc::default(),
            record: false,
            pause: false,
            marker: false,
            waiting: WAITING,
            leader: None,
            members: None,
            bytes_per_second: None,
            settings: settings(),
            time_slice: false,
            export_method: ExportMethod::Off,
            texts: &texts,
            track_rgb: None,
            next_path: "next.wav",
            recorder_folder: "",
            read: &read,
            rest_at_first: 0.0,
            desktop: None,
            recorder_has_keys: false,
        };
        change(&mut inputs);
        Model::new(&inputs)
    }

    fn in_state(state: RecorderState) -> StatusSnapshot {
        StatusSnapshot { state, ..StatusSnapshot::default() }
    }

    #[test]
    fn every_state_of_the_recorder_has_its_own_word() {
        let states = [
            RecorderState::Idle,
            RecorderState::Recording,
            RecorderState::Paused,
            RecorderState::Finishing,
            RecorderState::Failed,
        ];
        let errors = 1;
        let word = |state| model(&StatusSnapshot { errors, ..in_state(state) }, &[], |_| {}).state.word();
        let words: Vec<_> = states.into_iter().map(word).collect();
        assert_eq!(words, ["READY", "RECORDING", "PAUSED", "WRITING THE REST", "NOT RECORDING"]);
    }

    #[test]
    fn record_without_sound_does_not_claim_to_record() {
        let status = in_state(RecorderState::Idle);
        assert_eq!(model(&status, &[], |inputs| inputs.record = true).state, State::Waiting);
        let paused = model(&status, &[], |inputs| (inputs.record, inputs.pause) = (true, true));
        assert_eq!(paused.state, State::Paused);
        assert_eq!(model(&status, &[], |inputs| inputs.pause = true).state, State::Idle);
    }

    #[test]
    fn a_failure_shows_until_it_is_read_and_record_is_off() {
        let status = StatusSnapshot { errors: 1, ..in_state(RecorderState::Failed) };
        let mut read = Read::default();
        assert_eq!(model(&status, &[], |_| {}).state, State::Failed);
        read.mark(trouble::TroubleId::Error, &status);
        let texts = TextSet::default();
        let with = |record| {
            let inputs = Inputs {
                status: &status,
                reports: &[],
                takes: &Arc::default(),
                record,
                pause: false,
                waiting: WAITING,
                leader: None,
                members: None,
                bytes_per_second: None,
                marker: false,
                settings: settings(),
                time_slice: false,
                export_method: ExportMethod::Off,
                texts: &texts,
                track_rgb: None,
                next_path: "",
                recorder_folder: "",
                read: &read,
                rest_at_first: 0.0,
                desktop: None,
                recorder_has_keys: false,
            };
            Model::new(&inputs).state
        };
        assert_eq!((with(true), with(false)), (State::Failed, State::Idle));
    }

    #[test]
    fn each_type_has_the_one_setting_that_it_uses() {
        let status = StatusSnapshot::default();
        assert_eq!(model(&status, &[], |_| {}).type_setting, TypeSetting::Codec(Codec::Pcm24));
        let mp3 = model(&status, &[], |inputs| inputs.settings.file_type = FileType::Mp3);
        assert_eq!(mp3.type_setting, TypeSetting::BitRate(BitRate::Cbr192));
    }

    #[test]
    fn the_disk_lasts_as_long_as_the_settings_take() {
        let status = StatusSnapshot { free_bytes: Some(288_000 * 3_600), ..StatusSnapshot::default() };
        let room = |status, bytes| model(status, &[], |inputs| inputs.bytes_per_second = bytes).room;
        assert_eq!(room(&status, Some(288_000.0)), "Disk lasts 1 h 00 min");
        assert_eq!(room(&status, Some(24_000.0)), "Disk lasts 12 h 00 min");
        assert_eq!((room(&status, None), room(&StatusSnapshot::default(), Some(1.0))), (String::new(), String::new()));
    }

    #[test]
    fn record_that_stood_for_the_take_of_another_member_does_not_claim_to_wait_for_sound() {
        let status = StatusSnapshot { is_led: true, ..in_state(RecorderState::Idle) };
        let with =
            |leader, record| model(&status, &[], |inputs| (inputs.leader, inputs.record) = (leader, record)).state;
        assert_eq!((with(None, true), with(None, false)), (State::Spent, State::Idle));
        assert_eq!(with(Some("Drums"), true), State::Waiting);
    }

    #[test]
    fn the_rest_of_the_queue_counts_down_from_where_it_began() {
        let status = StatusSnapshot { queue_fill: 0.2, ..in_state(RecorderState::Finishing) };
        assert_eq!(model(&status, &[], |inputs| inputs.rest_at_first = 0.8).progress, Some(0.75));
        assert_eq!(model(&in_state(RecorderState::Recording), &[], |_| {}).progress, None);
    }

    #[test]
    fn loss_is_never_hidden() {
        let status = StatusSnapshot { lost_frames: 7, ..StatusSnapshot::default() };
        assert!(model(&status, &[], |_| {}).trouble[0].text.starts_with("7 frames were lost"));
    }
}
