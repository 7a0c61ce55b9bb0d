//! The window without its frame: everything that is shown and done, independent of host and windowing system.

use super::desktop::{Desktop, News};
use super::gestures::Gestures;
use super::group::{GroupView, Member};
use super::levels::Levels;
use super::model::{Inputs, Model, Waiting};
use super::size::bytes_per_second;
use super::takes::Takes;
use super::trouble::{Read, TroubleId};
use super::view::{Action, Number, Sound, View};
use crate::core::format::{Group, StreamFormat};
use crate::core::naming;
use crate::core::rate::file_rate;
use crate::core::take::{Capture, TakeSettings};
use crate::link::groups::{self, group};
use crate::link::{Library, Preferences, RecorderState, Status, StatusSnapshot, TakeReport, TextId, TextSet};
use crate::params::RecorderParams;
use egui::Ui;
use nice_plug::prelude::FloatParam;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The time between two pictures while something moves: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// The time between two pictures while only other members of the group move: 10 a second.
const GROUP_FRAME: Duration = Duration::from_millis(100);

const SECOND: Duration = Duration::from_secs(1);

/// Finds the path of the next take, whose sound would have this format in its files; then come the texts behind their names,
/// where each channel has one, and the file of the current or last take. Never waits; `None` where no folder is known for it.
pub type Foresee =
    Box<dyn FnMut(&Arc<TextSet>, &TakeSettings, StreamFormat, &[String], Option<&Path>) -> Option<Foreseen> + Send>;

/// Where a take would go.
#[derive(Debug, Clone)]
pub enum Foreseen {
    /// The disk was asked.
    Known {
        /// The full path.
        path: PathBuf,
        /// The nearest folder above it that is there.
        folder: Option<PathBuf>,
        /// The recorder's folder, whether it is there or not.
        recorder_folder: Option<PathBuf>,
        /// The user's home folder, for short as `~`.
        home: Option<PathBuf>,
    },
    /// The disk has not answered yet: what is known, to be shown and nothing else.
    Open(PathBuf),
}

impl Foreseen {
    /// The path as `file` itself could say it.
    fn text(&self) -> String {
        match self {
            Foreseen::Open(path) => path.to_string_lossy().into_owned(),
            Foreseen::Known { path, home, .. } => for_short(path, home.as_deref()),
        }
    }

    /// The folder that the take lies in, whether it is there or not.
    fn take_folder(&self) -> Option<&Path> {
        match self {
            Foreseen::Known { path, .. } => path.parent(),
            Foreseen::Open(_) => None,
        }
    }

    /// The recorder's folder as `fallback` itself could say it; empty where it is not known.
    fn recorder_folder(&self) -> String {
        match self {
            Foreseen::Known { recorder_folder: Some(folder), home, .. } => for_short(folder, home.as_deref()),
            Foreseen::Known { recorder_folder: None, .. } | Foreseen::Open(_) => String::new(),
        }
    }
}

/// `path` with `~` for the home folder.
fn for_short(path: &Path, home: Option<&Path>) -> String {
    let path = match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => &Path::new("~").join(rest),
        None => path,
    };
    path.to_string_lossy().into_owned()
}

/// Stands for the sound before the plugin was active.
const USUAL_STREAM: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };

/// Lives as long as the plugin, with the window open or closed.
pub struct Panel {
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    desktop: Box<dyn Desktop>,
    foresee: Foresee,
    preferences: Box<dyn Preferences>,
    view: View,
    levels: Levels,
    read: Read,
    /// What the desktop, or the disk at the user's wish, could not do.
    desktop_trouble: Option<String>,
    reports: Vec<TakeReport>,
    takes: Takes,
    /// Takes that had finished when `reports` was read.
    reports_of: u64,
    /// How full the queue was when the present take ended.
    rest_at_first: f32,
    /// The window's, in seconds.
    time: f64,
    /// With the window's time in seconds at which it began.
    marker_press: Option<(MarkerPress, f64)>,
}

/// Where nothing is processed for so many seconds, the audio thread is not waited for.
const LONGEST_PRESS: f64 = 3.0;

/// A press of the Marker button, on its way through the audio thread: within one block it would see neither on nor off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkerPress {
    /// It was on, and goes on again once the audio thread has seen it off.
    Lowering,
    /// It goes off once the audio thread has seen it on.
    Raising,
}

impl Panel {
    /// A panel on `params` and `status`.
    pub fn new(
        params: Arc<RecorderParams>,
        status: Arc<Status>,
        desktop: Box<dyn Desktop>,
        foresee: Foresee,
        library: Box<dyn Library>,
        preferences: Box<dyn Preferences>,
    ) -> Self {
        let of = Arc::clone(&params);
        status.forecast().ask(move |stream| {
            let settings = of.settings();
            bytes_per_second(&settings, file_format(stream, &settings, of.texts.scope(stream.channels).len()))
        });
        Self {
            params,
            status,
            desktop,
            foresee,
            preferences,
            view: View::default(),
            levels: Levels::default(),
            read: Read::default(),
            desktop_trouble: None,
            reports: Vec::new(),
            takes: Takes::new(library),
            reports_of: 0,
            rest_at_first: 0.0,
            time: 0.0,
            marker_press: None,
        }
    }

    /// A window opens.
    pub fn opens(&mut self) {
        self.view = View::default();
        self.levels = Levels::default();
    }

    /// The DAW's track has this name and colour.
    pub fn set_track(&mut self, name: &str, rgb: Option<[u8; 3]>) {
        self.params.texts.set(TextId::Track, name);
        self.status.set_track_color(rgb);
    }

    /// Draws one frame and does what the user wants.
    pub fn show(&mut self, ui: &mut Ui, gestures: &impl Gestures) {
        while let Some(news) = self.desktop.news() {
            self.hear(news, gestures);
        }
        let status = self.status.snapshot();
        self.follow(&status);
        self.time = ui.input(|input| input.time);
        self.move_marker(&status, gestures);
        let shared = Arc::clone(&self.status);
        let scope = shared.scope();
        let levels = scope.take_levels();
        let is_moving = self.levels.update(ui.input(|input| input.time), &levels, scope.blocks());
        // Sound asks for the next picture by itself; meters that fall in silence do not.
        if is_moving && levels.iter().all(|level| level.peak == 0.0) {
            ui.ctx().request_repaint_after(FRAME);
        }
        let next = self.next_take(&status);
        if let Some(Foreseen::Known { path, .. }) = &next {
            shared.set_next_path(path);
        }
        if let Some(text) = self.takes.follow(&status, &self.reports, next.as_ref().and_then(Foreseen::take_folder)) {
            self.desktop_trouble = Some(text);
        }
        let recorder_has_keys = self.preferences.recorder_has_keys();
        if let Some(text) = self.preferences.news() {
            self.desktop_trouble = Some(text);
        }
        // Others use the folder too.
        let changes_every_second = self.params.texts.current().file.contains("{time}");
        ui.ctx().request_repaint_after(if changes_every_second { SECOND } else { 2 * SECOND });
        let model = self.model(&status, next.as_ref(), recorder_has_keys);
        if model.group_view.as_ref().is_some_and(GroupView::is_moving) {
            ui.ctx().request_repaint_after(GROUP_FRAME);
        }
        let columns = self.status.waveform().columns();
        let sound = Sound { meters: self.levels.channels(), columns: &columns };
        let actions = self.view.show(ui, &model, &sound);
        for action in actions {
            self.act(action, &status, next.as_ref(), gestures);
            ui.ctx().request_repaint();
        }
    }

    /// Keeps what has to be remembered of the status from one frame to the next.
    fn follow(&mut self, status: &StatusSnapshot) {
        if self.reports_of != status.finished_takes {
            self.reports = self.status.reports();
            self.reports_of = status.finished_takes;
        }
        match status.state {
            RecorderState::Finishing => self.rest_at_first = self.rest_at_first.max(status.queue_fill),
            _ => self.rest_at_first = 0.0,
        }
    }

    /// Begins a press of Marker, unless there is one on its way.
    fn press_marker(&mut self, status: &StatusSnapshot, gestures: &impl Gestures) {
        if self.marker_press.is_none() {
            // The end of the press before may not have been seen yet.
            let is_on = self.params.marker.value() || status.marker;
            gestures.begin(&self.params.marker);
            self.set_marker(!is_on, gestures);
            let press = if is_on { MarkerPress::Lowering } else { MarkerPress::Raising };
            self.marker_press = Some((press, self.time));
        }
    }

    fn set_marker(&self, on: bool, gestures: &impl Gestures) {
        self.params.wishes.marker.set(on);
        gestures.set(&self.params.marker, on);
    }

    /// Goes on with a press of Marker as far as the audio thread has followed.
    fn move_marker(&mut self, status: &StatusSnapshot, gestures: &impl Gestures) {
        let Some((press, begun)) = self.marker_press else { return };
        // A window that was closed in between counts its time anew.
        let is_too_long = !(begun..begun + LONGEST_PRESS).contains(&self.time);
        if is_too_long || (press, status.marker) == (MarkerPress::Raising, true) {
            self.set_marker(false, gestures);
            gestures.end(&self.params.marker);
            self.marker_press = None;
        } else if (press, status.marker) == (MarkerPress::Lowering, false) {
            self.set_marker(true, gestures);
            self.marker_press = Some((MarkerPress::Raising, begun));
        }
    }

    /// All members of this group, where there is one.
    fn group_members(&self) -> Vec<groups::Member> {
        match self.params.group.value() {
            Group::Off => Vec::new(),
            of => group(of).members(),
        }
    }

    /// What the members of this group do.
    fn members(&self) -> Vec<Member> {
        let member = |it: &groups::Member| {
            it.status.want_room();
            Member {
                name: it.texts.current().track.clone(),
                rgb: it.status.track_color(),
                is_this: Arc::ptr_eq(&it.status, &self.status),
                status: it.status.snapshot(),
                bytes_per_second: it.status.bytes_per_second(),
            }
        };
        self.group_members().iter().map(member).collect()
    }

    /// The track of the member that leads the take which this one follows, or which its record stands for.
    fn leader(&self, status: &StatusSnapshot) -> Option<String> {
        if !(status.follows || status.is_led) {
            return None;
        }
        let leader = self.group_members().into_iter().find(|it| it.status.leads())?;
        Some(leader.texts.current().track.clone())
    }

    /// Asks the writer itself: where the host stands still the audio thread would never hear of it.
    fn capture(&self, status: &StatusSnapshot) {
        let rate = status.stream.map_or(0, |stream| stream.sample_rate);
        let frames = (f64::from(self.params.keep.value()) * f64::from(rate)) as u64;
        let capture = Capture { settings: self.params.settings(), frames, tempo: None, event: None };
        if !self.status.captures().ask(capture) {
            self.status.nothing_to_capture();
        }
    }

    /// The parameter that is this number; none for N, which is a whole one.
    fn number(&self, number: Number) -> Option<&FloatParam> {
        match number {
            Number::N => None,
            Number::Preroll => Some(&self.params.preroll),
            Number::Keep => Some(&self.params.keep),
            Number::Threshold => Some(&self.params.threshold),
            Number::Hold => Some(&self.params.hold),
        }
    }

    /// Where the next take goes.
    fn next_take(&mut self, status: &StatusSnapshot) -> Option<Foreseen> {
        let texts = self.params.texts.current();
        let settings = self.params.settings();
        let stream = status.stream.unwrap_or(USUAL_STREAM);
        let channels = self.params.texts.scope(stream.channels);
        let format = file_format(stream, &settings, channels.len());
        let names = channels.file_names(settings.files, stream.channels);
        (self.foresee)(&texts, &settings, format, &names, status.path.as_deref())
    }

    fn model(&self, status: &StatusSnapshot, next: Option<&Foreseen>, recorder_has_keys: bool) -> Model {
        let members = self.view.shows_group().then(|| self.members());
        Model::new(&Inputs {
            status,
            reports: &self.reports,
            takes: self.takes.rows(),
            record: self.params.wants_record(),
            pause: self.params.wants_pause(),
            marker: self.marker_press.is_some(),
            waiting: Waiting {
                start: self.params.start.value(),
                threshold: self.params.threshold.value(),
                hold: self.params.hold.value(),
                preroll: self.params.preroll.value(),
                keep: self.params.keep.value(),
            },
            leader: self.leader(status).as_deref(),
            members: members.as_deref(),
            bytes_per_second: self.status.bytes_per_second(),
            settings: self.params.settings(),
            time_slice: self.params.time_slice.value(),
            export_method: self.params.export_method.value(),
            texts: &self.params.texts.current(),
            track_rgb: self.status.track_color(),
            next_path: &next.map(Foreseen::text).unwrap_or_default(),
            recorder_folder: &next.map(Foreseen::recorder_folder).unwrap_or_default(),
            read: &self.read,
            rest_at_first: self.rest_at_first,
            desktop: self.desktop_trouble.as_deref(),
            recorder_has_keys,
        })
    }

    fn act(&mut self, action: Action, status: &StatusSnapshot, next: Option<&Foreseen>, gestures: &impl Gestures) {
        let params = &self.params;
        match action {
            Action::Record(on) => {
                params.wishes.record.set(on);
                gestures.change(&params.record, on);
            }
            Action::Pause(on) => {
                params.wishes.pause.set(on);
                gestures.change(&params.pause, on);
            }
            Action::Marker => self.press_marker(status, gestures),
            Action::FileType(file_type) => gestures.change(&params.file_type, file_type),
            Action::Codec(codec) => gestures.change(&params.codec, codec),
            Action::BitRate(bit_rate) => gestures.change(&params.bit_rate, bit_rate),
            Action::UniqueSuffix(on) => gestures.change(&params.unique_suffix, on),
            Action::Capture => self.capture(status),
            Action::Group(group) => gestures.change(&params.group, group),
            Action::Start(start) => gestures.change(&params.start, start),
            Action::BeginNumber(number) => match self.number(number) {
                Some(param) => gestures.begin(param),
                None => gestures.begin(&params.n),
            },
            Action::Number(number, value) => match self.number(number) {
                Some(param) => gestures.set(param, value as f32),
                None => gestures.set(&params.n, value as i32),
            },
            Action::EndNumber(number) => match self.number(number) {
                Some(param) => gestures.end(param),
                None => gestures.end(&params.n),
            },
            Action::File(file) => self.set_text(TextId::File, &file, gestures),
            Action::Scope(scope) => self.set_text(TextId::Scope, &scope, gestures),
            Action::Fallback(folder) => self.set_text(TextId::Fallback, &folder, gestures),
            Action::Header(header) => self.set_text(TextId::Header, &header, gestures),
            Action::Rate(rate) => gestures.change(&params.rate, rate),
            Action::RateMatch(how) => gestures.change(&params.rate_match, how),
            Action::Split(split) => gestures.change(&params.split, split),
            Action::Files(files) => gestures.change(&params.files, files),
            Action::TimeSlice(on) => gestures.change(&params.time_slice, on),
            Action::Dither(dither) => gestures.change(&params.dither, dither),
            Action::Loudness(on) => gestures.change(&params.loudness, on),
            Action::ExportMethod(method) => gestures.change(&params.export_method, method),
            Action::ExportRoot(root) => self.set_text(TextId::ExportRoot, &root, gestures),
            Action::ExportTable(table) => self.set_text(TextId::ExportTable, &table, gestures),
            Action::ExportTarget(target) => self.set_text(TextId::ExportTarget, &target, gestures),
            Action::Browse => self.desktop.choose_folder(existing_folder(next)),
            Action::OpenFolder => {
                if let Some(folder) = existing_folder(next) {
                    self.desktop.show(folder);
                }
            }
            Action::Reveal(path) => self.desktop.show(&path),
            Action::Rename { files, written } => self.takes.rename(files, written),
            Action::Trash(files) => self.takes.trash(files),
            Action::Read(TroubleId::Desktop) => self.desktop_trouble = None,
            Action::Read(id) => self.read.mark(id, status),
            Action::ResetClips => self.levels.reset_clips(),
            Action::Keys(to_recorder) => self.preferences.give_keys(to_recorder),
        }
    }

    fn hear(&mut self, news: News, gestures: &impl Gestures) {
        match news {
            News::Folder(folder) => {
                let file = in_folder(&folder, &self.params.texts.current().file);
                self.set_text(TextId::File, &file, gestures);
            }
            News::Failed(text) => self.desktop_trouble = Some(text),
        }
    }

    /// Texts are no parameters, so the host would not know that there is something to save.
    fn set_text(&self, id: TextId, text: &str, gestures: &impl Gestures) {
        self.params.texts.set(id, text);
        let revision = &self.params.revision;
        gestures.change(revision, (revision.value() + 1) % RecorderParams::REVISIONS);
    }
}

/// The nearest folder to the next take that is there, as far as is known.
fn existing_folder(next: Option<&Foreseen>) -> Option<&Path> {
    match next? {
        Foreseen::Known { folder, .. } => folder.as_deref(),
        Foreseen::Open(_) => None,
    }
}

/// The format of the file of a take that begins now. Where there would be no take, the sound's.
fn file_format(stream: StreamFormat, settings: &TakeSettings, channels: usize) -> StreamFormat {
    StreamFormat {
        channels: if channels > 0 { channels } else { stream.channels },
        sample_rate: file_rate(settings.rate, stream.sample_rate, settings.rate_match).unwrap_or(stream.sample_rate),
    }
}

/// The `file` text that keeps the name of `file` and puts it into `folder`.
fn in_folder(folder: &Path, file: &str) -> String {
    let name =
        file.rsplit(std::path::is_separator).next().filter(|name| !name.is_empty()).unwrap_or(naming::DEFAULT_FILE);
    folder.join(name).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::Rate;

    #[test]
    fn a_path_in_the_home_folder_is_shown_for_short() {
        let foreseen = |path: &str| Foreseen::Known {
            path: path.into(),
            folder: None,
            recorder_folder: Some("/home/eve/Music".into()),
            home: Some("/home/eve".into()),
        };
        let short = Path::new("~").join("takes/a.wav").to_string_lossy().into_owned();
        assert_eq!(foreseen("/home/eve/takes/a.wav").text(), short);
        assert_eq!(foreseen("/home/evelyn/a.wav").text(), "/home/evelyn/a.wav");
        assert_eq!(foreseen("").recorder_folder(), Path::new("~").join("Music").to_string_lossy());
    }

    #[test]
    fn the_name_of_a_take_tells_what_is_in_its_file() {
        let settings = TakeSettings { rate: Rate::R96000, ..TakeSettings::DEFAULT };
        let stream = StreamFormat { channels: 8, sample_rate: 48_000 };
        assert_eq!(file_format(stream, &settings, 3), StreamFormat { channels: 3, sample_rate: 96_000 });
        assert_eq!(file_format(stream, &TakeSettings::DEFAULT, 0), stream);
    }

    #[test]
    fn a_chosen_folder_keeps_the_name_and_its_tokens() {
        let folder = Path::new("takes");
        let expected = |name: &str| folder.join(name).to_string_lossy().into_owned();
        assert_eq!(in_folder(folder, "drums{suffix}"), expected("drums{suffix}"));
        assert_eq!(in_folder(folder, "old/folder/drums.wav"), expected("drums.wav"));
        assert_eq!(in_folder(folder, "only/folders/"), expected(naming::DEFAULT_FILE));
        assert_eq!(in_folder(folder, ""), expected(naming::DEFAULT_FILE));
    }
}
