//! What pages are made of. Whatever the keyboard goes to here comes into sight.

use crate::core::format::Menu;
use crate::editor::theme::ROW;
use crate::editor::view::{Action, Number, come_into_sight};
use egui::{Align, Button, ComboBox, DragValue, Id, Layout, Margin, TextEdit, Ui, WidgetText, vec2};
use std::ops::RangeInclusive;

/// A text that the user types.
pub struct Text<'a> {
    /// The name in front of it.
    pub label: Id,
    pub text: &'a str,
    /// What an empty text stands for, or looks like.
    pub hint: &'a str,
    pub help: &'a str,
}

/// A name in front of a setting, at least as wide as the page's column of names.
pub fn name(ui: &mut Ui, text: impl Into<WidgetText>, column: f32) -> Id {
    let size = vec2(column, ROW);
    let label = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        ui.label(text).id
    });
    label.inner
}

/// A field as wide as there is room; returns what was typed. `draft` keeps it while it is being typed.
pub fn text_line(ui: &mut Ui, draft: &mut Option<String>, field: &Text<'_>) -> Option<String> {
    edit(ui, ROW, draft, field, |typed| TextEdit::singleline(typed))
}

/// The same with several lines, as high as `room`, the rest of the page. Tab leaves it, as everywhere.
pub fn text_lines(ui: &mut Ui, room: f32, draft: &mut Option<String>, field: &Text<'_>) -> Option<String> {
    edit(ui, room.max(2.0 * ROW), draft, field, |typed| TextEdit::multiline(typed).desired_rows(2))
}

fn edit(
    ui: &mut Ui,
    height: f32,
    draft: &mut Option<String>,
    field: &Text<'_>,
    widget: fn(&mut String) -> TextEdit<'_>,
) -> Option<String> {
    let typed = draft.get_or_insert_with(|| field.text.to_owned());
    let widget = widget(typed).hint_text(field.hint.to_owned()).margin(Margin::symmetric(8, 6));
    let response = ui.add_sized(vec2(ui.available_width(), height), widget);
    let response = response.labelled_by(field.label).on_hover_text(field.help);
    come_into_sight(&response);
    let changed = response.changed().then(|| typed.clone());
    if !response.has_focus() {
        *draft = None;
    }
    changed
}

/// A menu with its name in front; returns what was chosen anew.
pub fn menu<M: Menu>(ui: &mut Ui, text: &str, column: f32, width: f32, chosen: M) -> Option<M> {
    let label = name(ui, text, column);
    let mut new = None;
    let combo = ComboBox::from_id_salt(text).width(width).selected_text(chosen.label()).show_ui(ui, |ui| {
        for &entry in M::ALL {
            if ui.selectable_label(entry == chosen, entry.label()).clicked() && entry != chosen {
                new = Some(entry);
            }
        }
    });
    come_into_sight(&combo.response.labelled_by(label));
    new
}

/// A number in a range.
pub struct NumberField {
    pub number: Number,
    pub name: &'static str,
    /// The width of the name in front.
    pub column: f32,
    pub value: f64,
    pub range: RangeInclusive<f64>,
    /// Digits behind the point.
    pub decimals: usize,
    pub unit: &'static str,
    pub help: &'static str,
}

/// A number to be typed, or dragged with the mouse, with its name in front. `held` is the one that the mouse holds.
pub fn number(ui: &mut Ui, field: &NumberField, held: &mut Option<Number>, actions: &mut Vec<Action>) {
    let label = name(ui, field.name, field.column);
    let mut value = field.value;
    // From end to end in about a hand's width.
    let speed = (field.range.end() - field.range.start()) / 500.0;
    let drag = DragValue::new(&mut value).range(field.range.clone()).fixed_decimals(field.decimals).suffix(field.unit);
    let response = ui.add(drag.speed(speed)).labelled_by(label).on_hover_text(field.help);
    come_into_sight(&response);
    let is_held = *held == Some(field.number);
    if response.drag_started() && !is_held {
        *held = Some(field.number);
        actions.push(Action::BeginNumber(field.number));
    }
    if response.changed() && value != field.value {
        let change = Action::Number(field.number, value);
        if *held == Some(field.number) {
            actions.push(change);
        } else {
            actions.extend([Action::BeginNumber(field.number), change, Action::EndNumber(field.number)]);
        }
    }
    if is_held && !response.dragged() {
        *held = None;
        actions.push(Action::EndNumber(field.number));
    }
}

/// A box to be checked; returns what it was changed to.
pub fn check(ui: &mut Ui, text: &str, is_on: bool, help: &str) -> Option<bool> {
    let mut on = is_on;
    let response = ui.checkbox(&mut on, text).on_hover_text(help);
    come_into_sight(&response);
    response.changed().then_some(on)
}

/// A button of this width; returns whether it was pressed.
pub fn button(ui: &mut Ui, text: &str, width: f32, help: &str) -> bool {
    let response = ui.add_sized(vec2(width, ROW), Button::new(text)).on_hover_text(help);
    come_into_sight(&response);
    response.clicked()
}
