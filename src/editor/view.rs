//! Draws the [`Model`]; every change of a parameter goes through the host.

use super::model::Model;
use crate::link::{RecorderState, TextId};
use crate::params::RecorderParams;
use egui::{Color32, RichText, Ui};
use nice_plug::prelude::{BoolParam, ParamSetter};

/// What the view remembers between two frames.
#[derive(Default)]
pub struct View {
    /// The text of File while it is being typed.
    file_draft: Option<String>,
}

impl View {
    /// Draws one frame.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, params: &RecorderParams, setter: &ParamSetter<'_>) {
        ui.label(RichText::new(model.state_text).size(24.0).color(state_color(model.state)));
        ui.label(RichText::new(&model.clock).size(32.0).monospace());
        ui.horizontal(|ui| {
            toggle(ui, "Record", model.record, &params.record, setter);
            toggle(ui, "Pause", model.pause, &params.pause, setter);
        });
        ui.horizontal(|ui| {
            ui.label("File");
            self.file_field(ui, model, params);
        });
        ui.label(format!("{}  {}", model.path, model.size));
        for trouble in &model.trouble {
            ui.label(RichText::new(trouble).color(Color32::LIGHT_RED));
        }
    }

    fn file_field(&mut self, ui: &mut Ui, model: &Model, params: &RecorderParams) {
        let draft = self.file_draft.get_or_insert_with(|| model.file.clone());
        let field = ui.add(egui::TextEdit::singleline(draft).desired_width(f32::INFINITY));
        if field.changed() {
            params.texts.set(TextId::File, draft);
        }
        if !field.has_focus() {
            self.file_draft = None;
        }
    }
}

fn toggle(ui: &mut Ui, label: &str, is_on: bool, param: &BoolParam, setter: &ParamSetter<'_>) {
    if ui.add_sized([120.0, 36.0], egui::Button::selectable(is_on, label)).clicked() {
        setter.begin_set_parameter(param);
        setter.set_parameter(param, !is_on);
        setter.end_set_parameter(param);
    }
}

fn state_color(state: RecorderState) -> Color32 {
    match state {
        RecorderState::Idle | RecorderState::Finishing => Color32::GRAY,
        RecorderState::Recording => Color32::RED,
        RecorderState::Paused => Color32::YELLOW,
        RecorderState::Failed => Color32::LIGHT_RED,
    }
}
