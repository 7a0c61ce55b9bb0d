//! Draws the [`Model`] and says what the user did. It changes nothing itself.

mod header;
mod meters;
mod settings;
mod takes;
mod trouble;
mod waveform;

use super::keys::{self, Told};
use super::levels::ChannelMeter;
use super::model::{Model, State};
use super::theme::{self, GAP};
use super::trouble::TroubleId;
use super::words;
use crate::core::format::{
    BitRate, Codec, Dither, ExportMethod, FileType, Files, Group, Rate, RateMatch, Split, Start,
};
use crate::link::Column;
use egui::style::ScrollAnimation;
use egui::{FontId, Frame, Key, Margin, Modifiers, Response, Sense, Ui, Vec2, ViewportCommand, vec2};
use std::path::PathBuf;

pub use settings::tabs_have_focus;
pub use takes::have_focus as takes_have_focus;

/// The smallest window, in points.
pub const MIN_SIZE: Vec2 = vec2(520.0, 360.0);

/// The largest window, in points: no screen is larger.
pub const MAX_SIZE: Vec2 = vec2(4096.0, 4096.0);

const GRIP: f32 = 16.0;

/// What the user did.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Record(bool),
    Pause(bool),
    /// A marker here and now.
    Marker,
    /// What has passed becomes a take.
    Capture,
    Start(Start),
    Group(Group),
    FileType(FileType),
    Codec(Codec),
    BitRate(BitRate),
    UniqueSuffix(bool),
    /// The mouse takes hold of a number.
    BeginNumber(Number),
    Number(Number, f64),
    /// The mouse lets go of a number.
    EndNumber(Number),
    File(String),
    Scope(String),
    Header(String),
    Fallback(String),
    Rate(Rate),
    RateMatch(RateMatch),
    Split(Split),
    Files(Files),
    TimeSlice(bool),
    Loudness(bool),
    Dither(Dither),
    ExportMethod(ExportMethod),
    ExportRoot(String),
    ExportTable(String),
    ExportTarget(String),
    Browse,
    OpenFolder,
    Reveal(PathBuf),
    /// The files of a take get the name that the user wrote.
    Rename {
        files: Vec<PathBuf>,
        written: String,
    },
    /// The files of a take go to the trash.
    Trash(Vec<PathBuf>),
    Read(TroubleId),
    ResetClips,
    /// Space, Enter, Escape, Tab and letters to the recorder, or to the DAW.
    Keys(bool),
}

/// A parameter that is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    N,
    Preroll,
    Keep,
    Threshold,
    Hold,
}

/// What moves with the sound.
pub struct Sound<'a> {
    pub meters: &'a [ChannelMeter],
    /// Oldest first.
    pub columns: &'a [Column],
}

/// What the view remembers between two frames.
#[derive(Default)]
pub struct View {
    settings: settings::Settings,
    takes: takes::Takes,
    /// The keyboard moves through the window, so what it acts on is marked.
    shows_focus: bool,
    /// The window's size when its corner was taken hold of.
    dragged_from: Option<Vec2>,
}

impl View {
    /// Whether the page of the group is shown.
    pub fn shows_group(&self) -> bool {
        self.settings.shows_group()
    }

    /// Draws one frame into all of `ui` and returns what the user did.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, sound: &Sound<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.keyboard(ui, model, &mut actions);
        let margin = Margin::same(GAP as i8);
        Frame::new().fill(theme::BACKGROUND).inner_margin(margin).show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            let focus = self.shows_focus;
            header::show(ui, model, focus, &mut actions);
            trouble::show(ui, &model.trouble, &mut actions);
            sound_row(ui, sound, model.state, &mut actions);
            self.settings.show(ui, model, focus, &mut actions);
            self.takes.show(ui, &model.takes, focus, &mut actions);
        });
        let told = Told { recorder_has_keys: model.recorder_has_keys, is_asking: self.takes.is_asking() };
        keys::tell(ui.ctx(), told);
        self.corner(ui);
        actions
    }

    /// Space toggles record, M sets a marker and C captures, whatever has the focus, except while a text is typed;
    /// Enter presses what has the focus. Whether they come this far at all, [`keys`] decides.
    fn keyboard(&mut self, ui: &Ui, model: &Model, actions: &mut Vec<Action>) {
        let ctx = ui.ctx();
        let moves = [Key::Tab, Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
        if ui.input(|input| moves.into_iter().any(|key| input.key_pressed(key))) {
            self.shows_focus = true;
        } else if ui.input(|input| input.pointer.any_pressed()) {
            self.shows_focus = false;
        }
        if !model.recorder_has_keys {
            return;
        }
        for (key, action) in
            [(Key::Space, Action::Record(!model.record)), (Key::M, Action::Marker), (Key::C, Action::Capture)]
        {
            if !ctx.text_edit_focused() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                actions.push(action);
            }
        }
        // With the focus nowhere, the host would get the space bar, too.
        if ctx.memory(|memory| memory.focused().is_none()) {
            ctx.memory_mut(|memory| memory.request_focus(header::record_id()));
        }
    }

    /// The corner by which the window is resized. The host may refuse.
    fn corner(&mut self, ui: &Ui) {
        let window = ui.ctx().content_rect();
        let corner = egui::Rect::from_min_max(window.max - Vec2::splat(GRIP), window.max);
        // Not `Sense::drag()`: the keyboard has nothing to do here.
        let response = ui.interact(corner, ui.scope_id().with("corner"), Sense::DRAG);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Splitter, true, "Resize the window"));
        let is_lively = response.hovered() || response.dragged();
        theme::grip(ui.painter(), window.max, if is_lively { theme::TEXT } else { theme::WEAK });
        if is_lively {
            ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeNwSe);
        }
        if let (true, Some(moved)) = (response.dragged(), response.total_drag_delta()) {
            let from = *self.dragged_from.get_or_insert(window.size());
            let size = (from + moved).clamp(MIN_SIZE, MAX_SIZE);
            ui.ctx().send_viewport_cmd(ViewportCommand::InnerSize(size));
        } else {
            self.dragged_from = None;
        }
    }
}

/// Waveform and meters, side by side; as many channels as there are fit.
fn sound_row(ui: &mut Ui, sound: &Sound<'_>, state: State, actions: &mut Vec<Action>) {
    let height = (ui.ctx().content_rect().height() * 0.2 - 16.0).clamp(56.0, 240.0);
    let width = ui.available_width();
    let meters = meters::width(sound.meters.len(), width);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        waveform::show(ui, vec2(width - meters - GAP, height), sound.columns, state);
        meters::show(ui, vec2(meters, height), sound.meters, actions);
    });
}

/// `text` as it fits into `width` points, shortened in the middle.
fn elided(ui: &Ui, text: &str, font: &FontId, width: f32) -> String {
    let fits = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), theme::TEXT);
        galley.size().x <= width
    };
    words::elide_middle(text, fits)
}

/// Scrolls to what has just got the keyboard's focus.
fn come_into_sight(response: &Response) {
    if response.gained_focus() {
        response.scroll_to_me_animation(None, ScrollAnimation::none());
    }
}
