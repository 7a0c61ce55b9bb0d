//! What the next take is recorded with, and where it goes.

use super::export::ExportSettings;
use super::{Action, elided};
use crate::core::format::{Menu, Rate};
use crate::editor::model::{Model, TypeSetting};
use crate::editor::theme::{self, GAP, ROW};
use egui::{
    Align, Button, CollapsingHeader, ComboBox, DragValue, Frame, Id, Layout, Margin, RichText, Role, TextEdit, Ui,
    WidgetInfo, vec2,
};

const FILE_HELP: &str = "A name, or a path. What stands in braces is filled in when a take begins: {suffix} a number of its \
                         own or N, {track} the track's name, {date}, {time}, {rate}, {type}, {bitrate}. ~ is your home \
                         folder.";

const SCOPE_HELP: &str = "Which channels are recorded: * for all, or names with blanks between them, such as chan1 chan[3-4], \
                          L, R. ^ before a name takes it away.";

const FALLBACK_HELP: &str =
    "The folder in which a take goes on when its disk is full or fails. Empty: the recorder's folder.";

const HEADER_HELP: &str = "What the file says of itself, a line for each: title = Take Five. Also artist, album, date, comment, genre, \
                           track, or any word of your own. Title, date, bpm, songposition and software are filled in where you \
                           leave them out.";

const TIME_SLICE_HELP: &str = "Keeps the file to the song: where the song jumps ahead while a take runs, the time between \
                               becomes silence.";

const LOUDNESS_HELP: &str = "Measures how loud each take is, for the list of takes and for players: MP3, FLAC and Ogg files tell \
                             them how to play every take equally loud.";

const DITHER_HELP: &str = "Noise of one step, which keeps what lies below 16 or 24 bits and its character: for WAV, AIFF and FLAC. Silence \
                           gets it too. Off: samples are rounded to the nearest.";

/// What the settings remember between two frames.
#[derive(Default)]
pub struct Settings {
    /// The text of File while it is being typed.
    file_draft: Option<String>,
    /// The text of Scope while it is being typed.
    scope_draft: Option<String>,
    /// The text of Header while it is being typed.
    header_draft: Option<String>,
    /// The text of Fallback while it is being typed.
    fallback_draft: Option<String>,
    /// The mouse holds N.
    holds_n: bool,
    export: ExportSettings,
}

impl Settings {
    /// Draws the settings.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let margin = Margin::same(GAP as i8);
        Frame::new().fill(theme::PANEL).corner_radius(theme::RADIUS).inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                menus(ui, model, actions);
                self.suffix(ui, model, actions);
            });
            self.file(ui, model, actions);
            next_path(ui, model);
            CollapsingHeader::new("More").show(ui, |ui| self.more(ui, model, actions));
        });
    }

    fn suffix(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        ui.add_space(GAP);
        let mut unique = model.unique_suffix;
        let checkbox = ui.checkbox(&mut unique, "Unique Suffix");
        if checkbox.on_hover_text("Every take gets a number that no file has. Off: {suffix} becomes N, and a file of the same name is replaced.").changed() {
            actions.push(Action::UniqueSuffix(unique));
        }
        ui.add_enabled_ui(!model.unique_suffix, |ui| self.n(ui, model, actions));
    }

    fn n(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let label = ui.label("N");
        let mut n = model.n;
        let response = ui.add(DragValue::new(&mut n).range(0..=9999).speed(0.2)).labelled_by(label.id);
        if response.drag_started() && !self.holds_n {
            self.holds_n = true;
            actions.push(Action::BeginN);
        }
        if response.changed() && n != model.n {
            actions.push(Action::N(n));
        }
        if self.holds_n && !response.dragged() {
            self.holds_n = false;
            actions.push(Action::EndN);
        }
    }

    fn file(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            let label = ui.label("File");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(Button::new("Open Folder")).clicked() {
                    actions.push(Action::OpenFolder);
                }
                if ui.add(Button::new("Browse…")).on_hover_text("Choose the folder for the takes").clicked() {
                    actions.push(Action::Browse);
                }
                actions
                    .extend(text_field(ui, label.id, &mut self.file_draft, &model.file, FILE_HELP).map(Action::File));
            });
        });
    }

    /// The parameters of the operator's Common page.
    fn more(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        // In a narrow window there is no room for both.
        ui.horizontal_wrapped(|ui| {
            actions.extend(menu(ui, "Sample Rate", 88.0, model.rate).map(Action::Rate));
            // Without a wanted rate there is nothing to match.
            ui.add_enabled_ui(model.rate != Rate::Host, |ui| {
                actions.extend(menu(ui, "Sample Rate Match", 200.0, model.rate_match).map(Action::RateMatch));
            });
        });
        ui.horizontal(|ui| {
            let mut time_slice = model.time_slice;
            if ui.checkbox(&mut time_slice, "Time Slice").on_hover_text(TIME_SLICE_HELP).changed() {
                actions.push(Action::TimeSlice(time_slice));
            }
            let mut loudness = model.loudness;
            if ui.checkbox(&mut loudness, "Loudness").on_hover_text(LOUDNESS_HELP).changed() {
                actions.push(Action::Loudness(loudness));
            }
            let dither = ui.scope(|ui| actions.extend(menu(ui, "Dither", 64.0, model.dither).map(Action::Dither)));
            dither.response.on_hover_text(DITHER_HELP);
        });
        ui.horizontal(|ui| {
            let label = ui.label("Scope");
            actions
                .extend(text_field(ui, label.id, &mut self.scope_draft, &model.scope, SCOPE_HELP).map(Action::Scope));
        });
        ui.horizontal(|ui| {
            let label = ui.label("Header");
            actions.extend(
                text_lines(ui, label.id, &mut self.header_draft, &model.header, HEADER_HELP).map(Action::Header),
            );
        });
        ui.horizontal(|ui| {
            let label = ui.label("Fallback");
            actions.extend(
                text_field(ui, label.id, &mut self.fallback_draft, &model.fallback, FALLBACK_HELP)
                    .map(Action::Fallback),
            );
        });
        self.export.show(ui, &model.export, actions);
    }
}

/// A field as wide as there is room, showing `text` unless it is being typed into; returns what was typed.
pub fn text_field(ui: &mut Ui, label: Id, draft: &mut Option<String>, text: &str, help: &str) -> Option<String> {
    edit(ui, label, draft, text, help, |typed| TextEdit::singleline(typed))
}

/// The same with several lines. Tab leaves it, as everywhere.
pub fn text_lines(ui: &mut Ui, label: Id, draft: &mut Option<String>, text: &str, help: &str) -> Option<String> {
    edit(ui, label, draft, text, help, |typed| TextEdit::multiline(typed).desired_rows(2))
}

fn edit(
    ui: &mut Ui,
    label: Id,
    draft: &mut Option<String>,
    text: &str,
    help: &str,
    widget: fn(&mut String) -> TextEdit<'_>,
) -> Option<String> {
    let typed = draft.get_or_insert_with(|| text.to_owned());
    let size = vec2(ui.available_width(), ROW);
    let field = ui.add_sized(size, widget(typed).margin(Margin::symmetric(8, 6)));
    let field = field.labelled_by(label).on_hover_text(help);
    let changed = field.changed().then(|| typed.clone());
    if !field.has_focus() {
        *draft = None;
    }
    changed
}

fn menus(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    if let Some(file_type) = menu(ui, "File Type", 72.0, model.file_type) {
        actions.push(Action::FileType(file_type));
    }
    match model.type_setting {
        TypeSetting::Codec(codec) => {
            actions.extend(menu(ui, "Codec", 112.0, codec).map(Action::Codec));
        }
        TypeSetting::BitRate(bit_rate) => {
            actions.extend(menu(ui, "Bit Rate", 96.0, bit_rate).map(Action::BitRate));
        }
    }
}

/// A menu with its name in front; returns what was chosen anew.
pub fn menu<M: Menu>(ui: &mut Ui, name: &str, width: f32, chosen: M) -> Option<M> {
    let label = ui.label(name);
    let mut new = None;
    let combo = ComboBox::from_id_salt(name).width(width).selected_text(chosen.label()).show_ui(ui, |ui| {
        for &entry in M::ALL {
            if ui.selectable_label(entry == chosen, entry.label()).clicked() && entry != chosen {
                new = Some(entry);
            }
        }
    });
    combo.response.labelled_by(label.id);
    new
}

/// The full path of the next take, and how long its disk lasts.
fn next_path(ui: &mut Ui, model: &Model) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Next take").color(theme::WEAK));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(&model.room).color(theme::WEAK));
            let width = ui.available_width();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = elided(ui, &model.next_path, &theme::text(13.0), width);
                let response = ui.label(RichText::new(text).font(theme::text(13.0)));
                response
                    .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Next take: {}", model.next_path)));
                response.on_hover_text(&model.next_path);
            });
        });
    });
}
