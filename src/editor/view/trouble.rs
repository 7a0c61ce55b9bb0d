//! What went wrong, until it was read.

use super::{Action, come_into_sight};
use crate::editor::theme::{self, GAP};
use crate::editor::trouble::Trouble;
use egui::{Align, Color32, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Ui, vec2};

/// The list takes this share of the window at most; it scrolls beyond. In the lowest window that leaves room for a row of
/// the settings and a take.
const SHARE: f32 = 0.2;

const OK_WIDTH: f32 = 44.0;

/// Draws the list, and nothing at all where there is no trouble.
pub fn show(ui: &mut Ui, trouble: &[Trouble], actions: &mut Vec<Action>) {
    if trouble.is_empty() {
        return;
    }
    let height = (ui.ctx().content_rect().height() * SHARE).max(72.0);
    ScrollArea::vertical().id_salt("trouble").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for entry in trouble {
            one(ui, entry, actions);
        }
    });
}

fn one(ui: &mut Ui, entry: &Trouble, actions: &mut Vec<Action>) {
    let margin = Margin::symmetric(GAP as i8, 4);
    Frame::new().fill(theme::AMBER_DEEP).corner_radius(theme::RADIUS).inner_margin(margin).show(ui, |ui| {
        ui.horizontal(|ui| {
            let (sign, _) = ui.allocate_exact_size(vec2(18.0, 24.0), Sense::hover());
            theme::triangle(ui.painter(), sign.center(), 8.0, theme::AMBER, theme::AMBER_DEEP);
            let text = RichText::new(&entry.text).font(theme::text(13.0)).color(Color32::WHITE);
            let width = ui.available_width() - if entry.can_be_read { OK_WIDTH + GAP } else { 0.0 };
            ui.allocate_ui_with_layout(vec2(width, 24.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(width);
                ui.add(Label::new(text).wrap());
            });
            if entry.can_be_read {
                read(ui, entry, actions);
            }
        });
    });
}

fn read(ui: &mut Ui, entry: &Trouble, actions: &mut Vec<Action>) {
    let button = egui::Button::new("OK").fill(theme::RAISED).min_size(vec2(OK_WIDTH, 24.0));
    let response = ui.add(button).on_hover_text("I have read this");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("OK: {}", entry.text)));
    come_into_sight(&response);
    if response.clicked() {
        actions.push(Action::Read(entry.id));
    }
}
