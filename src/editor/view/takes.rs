//! The takes of this session, newest first; a click shows the file in its folder.

use super::{Action, come_into_sight, elided};
use crate::editor::model::TakeRow;
use crate::editor::theme::{self, GAP};
use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

const HEIGHT: f32 = 24.0;

/// Widths of length, size, peak, loudness and lost frames; the name gets the rest.
const COLUMNS: [f32; 5] = [88.0, 72.0, 60.0, 52.0, 80.0];

/// What the list needs in the lowest window: the heading, the newest take, and half of the one before, which shows that
/// there are more.
pub const LEAST_HEIGHT: f32 = 2.5 * HEIGHT;

/// Draws the list into what is left of the window.
pub fn show(ui: &mut Ui, takes: &[TakeRow], shows_focus: bool, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    // The figures stay below their headings.
    ui.spacing_mut().scroll.floating_allocated_width = 0.0;
    // Where trouble takes the room of the list, the newest take matters more.
    if takes.is_empty() || ui.available_height() >= 2.0 * HEIGHT {
        heading(ui, takes.is_empty());
    }
    ScrollArea::vertical().id_salt("takes").auto_shrink(false).min_scrolled_height(0.0).show(ui, |ui| {
        for (index, take) in takes.iter().enumerate() {
            row(ui, index, take, shows_focus, actions);
        }
        // The last row has to be readable above the corner of the window.
        ui.add_space(2.0 * GAP);
    });
}

fn heading(ui: &mut Ui, is_empty: bool) {
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let (font, color) = (theme::text(12.0), theme::WEAK);
    let title = if is_empty { "The takes of this session appear here" } else { "Takes of this session" };
    ui.painter().text(area.left_center() + vec2(GAP, 0.0), Align2::LEFT_CENTER, title, font.clone(), color);
    if !is_empty {
        for (title, right) in ["Length", "Size", "Peak dB", "LUFS", "Lost"].into_iter().zip(rights(area)) {
            ui.painter().text(pos2(right, area.center().y), Align2::RIGHT_CENTER, title, font.clone(), color);
        }
    }
}

fn row(ui: &mut Ui, index: usize, take: &TakeRow, shows_focus: bool, actions: &mut Vec<Action>) {
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let lost = if take.lost.is_empty() { "nothing lost" } else { &take.lost };
    response.widget_info(|| {
        let mut label = format!("{}, {}, {}, peak {} dBFS, {lost}", take.name, take.length, take.size, take.peak);
        if !take.loudness.is_empty() {
            label += ", ";
            label += &take.loudness;
        }
        WidgetInfo::labeled(Role::Button, take.path.is_some(), label)
    });
    come_into_sight(&response);
    if ui.is_rect_visible(area) {
        let fill = match (response.hovered(), index.is_multiple_of(2)) {
            (true, _) => theme::HOVERED,
            (false, true) => theme::PANEL,
            (false, false) => theme::BACKGROUND,
        };
        ui.painter().rect_filled(area, theme::RADIUS, fill);
        cells(ui, area, take);
        if shows_focus && response.has_focus() {
            theme::focus_ring(ui.painter(), area.shrink(3.0));
        }
    }
    if let Some(path) = &take.path
        && response.on_hover_text(format!("{}\n{}", path.display(), take.loudness).trim_end()).clicked()
    {
        actions.push(Action::Reveal(path.clone()));
    }
}

fn cells(ui: &Ui, area: Rect, take: &TakeRow) {
    let middle = area.center().y;
    let [length, size, peak, lufs, lost] = rights(area);
    let color = if take.is_complete { theme::TEXT } else { theme::AMBER };
    let font = theme::text(13.0);
    let left = area.left() + GAP;
    let name = elided(ui, &take.name, &font, length - COLUMNS[0] - left);
    ui.painter().text(pos2(left, middle), Align2::LEFT_CENTER, name, font, color);
    let figures =
        [(length, &take.length), (size, &take.size), (peak, &take.peak), (lufs, &take.lufs), (lost, &take.lost)];
    for (right, text) in figures {
        ui.painter().text(pos2(right, middle), Align2::RIGHT_CENTER, text, theme::figures(12.0), color);
    }
}

/// The right edges of length, size, peak, loudness and lost frames.
fn rights(area: Rect) -> [f32; 5] {
    let mut right = area.right() - GAP;
    let mut rights = [0.0; 5];
    for (edge, width) in rights.iter_mut().zip(COLUMNS).rev() {
        *edge = right;
        right -= width;
    }
    rights
}
