//! What the file of the next take is, and where it goes.

use super::field::{self, NumberField, Text};
use crate::core::naming::DEFAULT_FILE;
use crate::editor::model::{Model, TypeSetting};
use crate::editor::theme::{self, GAP};
use crate::editor::view::{Action, Number, elided};
use crate::params::MAX_N;
use egui::{Align, Layout, RichText, Role, Ui, WidgetInfo};

/// The width of the names in front.
const NAMES: f32 = 60.0;

const BROWSE_WIDTH: f32 = 76.0;
const OPEN_WIDTH: f32 = 92.0;

const FILE_HELP: &str = "A name, or a path. What stands in braces is filled in when a take begins: {suffix} a number of its \
                         own or N, {track} the track's name, {date}, {time}, {rate}, {type}, {bitrate}, {group}, {take}. ~ is your home \
                         folder.";

const SUFFIX_HELP: &str =
    "Every take gets a number that no file has. Off: {suffix} becomes N, and a file of the same name is replaced.";

const N_HELP: &str = "What {suffix} becomes while Unique Suffix is off.";

const FALLBACK_HELP: &str =
    "The folder in which a take goes on when its disk is full or fails. Empty: the recorder's folder.";

/// What the page remembers between two frames.
#[derive(Default)]
pub struct FilePage {
    /// The text of File while it is being typed.
    file_draft: Option<String>,
    /// The text of Fallback while it is being typed.
    fallback_draft: Option<String>,
    /// The number that the mouse holds.
    held: Option<Number>,
}

impl FilePage {
    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            menus(ui, model, actions);
            ui.add_space(GAP);
            let unique = field::check(ui, "Unique Suffix", model.unique_suffix, SUFFIX_HELP);
            actions.extend(unique.map(Action::UniqueSuffix));
            ui.add_enabled_ui(!model.unique_suffix, |ui| field::number(ui, &n(model), &mut self.held, actions));
        });
        ui.horizontal(|ui| self.file(ui, model, actions));
        ui.horizontal(|ui| next_path(ui, model));
        ui.horizontal(|ui| {
            actions.extend(field::menu(ui, "Split", NAMES, 112.0, model.split).map(Action::Split));
            ui.add_space(GAP);
            actions.extend(field::menu(ui, "Files", 0.0, 160.0, model.files).map(Action::Files));
        });
        ui.horizontal(|ui| self.fallback(ui, model, actions));
    }

    fn file(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let label = field::name(ui, "File", NAMES);
        let text = Text { label, text: &model.file, hint: DEFAULT_FILE, help: FILE_HELP };
        // Drawn from left to right, for that is the way of the Tab key.
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width() - BROWSE_WIDTH - OPEN_WIDTH - 2.0 * GAP);
            actions.extend(field::text_line(ui, &mut self.file_draft, &text).map(Action::File));
        });
        if field::button(ui, "Browse…", BROWSE_WIDTH, "Choose the folder for the takes") {
            actions.push(Action::Browse);
        }
        if field::button(ui, "Open Folder", OPEN_WIDTH, "Show the folder of the next take") {
            actions.push(Action::OpenFolder);
        }
    }

    fn fallback(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let label = field::name(ui, "Fallback", NAMES);
        let text = Text { label, text: &model.fallback, hint: &model.recorder_folder, help: FALLBACK_HELP };
        actions.extend(field::text_line(ui, &mut self.fallback_draft, &text).map(Action::Fallback));
    }
}

fn n(model: &Model) -> NumberField {
    NumberField {
        number: Number::N,
        name: "N",
        column: 0.0,
        value: model.n.into(),
        range: 0.0..=MAX_N.into(),
        decimals: 0,
        unit: "",
        help: N_HELP,
    }
}

fn menus(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    actions.extend(field::menu(ui, "File Type", NAMES, 72.0, model.file_type).map(Action::FileType));
    match model.type_setting {
        TypeSetting::Codec(codec) => {
            actions.extend(field::menu(ui, "Codec", 0.0, 112.0, codec).map(Action::Codec));
        }
        TypeSetting::BitRate(bit_rate) => {
            actions.extend(field::menu(ui, "Bit Rate", 0.0, 96.0, bit_rate).map(Action::BitRate));
        }
    }
}

/// The full path of the next take, and how long its disk lasts.
fn next_path(ui: &mut Ui, model: &Model) {
    field::name(ui, RichText::new("Next take").color(theme::WEAK), NAMES);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.label(RichText::new(&model.room).color(theme::WEAK));
        let width = ui.available_width();
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = elided(ui, &model.next_path, &theme::text(13.0), width);
            let response = ui.label(RichText::new(text).font(theme::text(13.0)));
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Next take: {}", model.next_path)));
            response.on_hover_text(&model.next_path);
        });
    });
}
