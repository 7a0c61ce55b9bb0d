//! The window without its frame: everything that is shown and done, independent of host and windowing system.

use super::desktop::{Desktop, News};
use super::gestures::Gestures;
use super::levels::Levels;
use super::model::{Inputs, Model};
use super::trouble::{Read, TroubleId};
use super::view::{Action, Sound, View};
use crate::core::naming;
use crate::link::{RecorderState, Status, StatusSnapshot, TakeReport, TextId};
use crate::params::RecorderParams;
use egui::Ui;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The time between two pictures while something moves: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// Finds the path of the next take, as far as it can be known without a look at the disk.
pub type Foresee = fn(&RecorderParams, &Status) -> PathBuf;

/// Lives as long as the plugin, with the window open or closed.
pub struct Panel {
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    desktop: Box<dyn Desktop>,
    foresee: Foresee,
    view: View,
    levels: Levels,
    read: Read,
    /// What the desktop could not do.
    desktop_trouble: Option<String>,
    track_rgb: Option<[u8; 3]>,
    /// The first column of the waveform that this window has seen being written.
    first_column: u64,
    reports: Vec<TakeReport>,
    /// Takes that had finished when `reports` was read.
    reports_of: u64,
    /// How full the queue was when the present take ended.
    rest_at_first: f32,
}

impl Panel {
    /// A panel on `params` and `status`.
    pub fn new(params: Arc<RecorderParams>, status: Arc<Status>, desktop: Box<dyn Desktop>, foresee: Foresee) -> Self {
        Self {
            params,
            status,
            desktop,
            foresee,
            view: View::default(),
            levels: Levels::default(),
            read: Read::default(),
            desktop_trouble: None,
            track_rgb: None,
            first_column: 0,
            reports: Vec::new(),
            reports_of: 0,
            rest_at_first: 0.0,
        }
    }

    /// A window opens.
    pub fn opens(&mut self) {
        self.view = View::default();
        self.levels = Levels::default();
        self.first_column = self.status.scope().columns_written();
    }

    /// The DAW's track has this name and colour.
    pub fn set_track(&mut self, name: &str, rgb: Option<[u8; 3]>) {
        self.params.texts.set(TextId::Track, name);
        self.track_rgb = rgb;
    }

    /// Draws one frame and does what the user wants.
    pub fn show(&mut self, ui: &mut Ui, gestures: &impl Gestures) {
        while let Some(news) = self.desktop.news() {
            self.hear(news, gestures);
        }
        let status = self.status.snapshot();
        self.follow(&status);
        let scope = self.status.scope();
        let is_moving = self.levels.update(ui.input(|input| input.time), &scope.take_levels(), scope.blocks());
        if is_moving || matches!(status.state, RecorderState::Recording | RecorderState::Finishing) {
            ui.ctx().request_repaint_after(FRAME);
        }
        let next_path = (self.foresee)(&self.params, &self.status);
        self.status.set_next_path(&next_path);
        let model = self.model(&status, &next_path);
        let columns = scope.columns(self.first_column);
        let sound = Sound { meters: self.levels.channels(), columns: &columns };
        let actions = self.view.show(ui, &model, &sound);
        for action in actions {
            self.act(action, &status, &next_path, gestures);
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

    fn model(&self, status: &StatusSnapshot, next_path: &Path) -> Model {
        Model::new(&Inputs {
            status,
            reports: &self.reports,
            record: self.params.record.value(),
            pause: self.params.pause.value(),
            settings: self.params.controls().settings,
            texts: &self.params.texts.current(),
            track_rgb: self.track_rgb,
            next_path,
            read: &self.read,
            rest_at_first: self.rest_at_first,
            desktop: self.desktop_trouble.as_deref(),
        })
    }

    fn act(&mut self, action: Action, status: &StatusSnapshot, next_path: &Path, gestures: &impl Gestures) {
        let params = &self.params;
        match action {
            Action::Record(on) => gestures.change(&params.record, on),
            Action::Pause(on) => gestures.change(&params.pause, on),
            Action::FileType(file_type) => gestures.change(&params.file_type, file_type),
            Action::Codec(codec) => gestures.change(&params.codec, codec),
            Action::BitRate(bit_rate) => gestures.change(&params.bit_rate, bit_rate),
            Action::UniqueSuffix(on) => gestures.change(&params.unique_suffix, on),
            Action::BeginN => gestures.begin(&params.n),
            Action::N(n) => gestures.set(&params.n, n.into()),
            Action::EndN => gestures.end(&params.n),
            Action::File(file) => self.set_file(&file, gestures),
            Action::Browse => self.desktop.choose_folder(next_path.parent().unwrap_or(next_path)),
            Action::OpenFolder => self.desktop.show(next_path.parent().unwrap_or(next_path)),
            Action::Reveal(path) => self.desktop.show(&path),
            Action::Read(TroubleId::Desktop) => self.desktop_trouble = None,
            Action::Read(id) => self.read.mark(id, status),
            Action::ResetClips => self.levels.reset_clips(),
        }
    }

    fn hear(&mut self, news: News, gestures: &impl Gestures) {
        match news {
            News::Folder(folder) => {
                let file = in_folder(&folder, &self.params.texts.current().file);
                self.set_file(&file, gestures);
            }
            News::Failed(text) => self.desktop_trouble = Some(text),
        }
    }

    /// Texts are no parameters, so the host would not know that there is something to save.
    fn set_file(&self, file: &str, gestures: &impl Gestures) {
        self.params.texts.set(TextId::File, file);
        let revision = &self.params.revision;
        gestures.change(revision, (revision.value() + 1) % RecorderParams::REVISIONS);
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
