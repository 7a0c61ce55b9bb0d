//! Record, Pause, the state in one word, and the take's clock.

use super::{Action, elided};
use crate::editor::model::{Model, State};
use crate::editor::theme::{self, GAP};
use egui::{Align2, Color32, Id, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

const HEIGHT: f32 = 96.0;
const BUTTON_HEIGHT: f32 = HEIGHT - 2.0 * GAP;
const RECORD_WIDTH: f32 = 96.0;
const PAUSE_WIDTH: f32 = 80.0;
const MARKER_WIDTH: f32 = 80.0;
const CAPTURE_WIDTH: f32 = 84.0;
/// The header's width from which on the buttons have their own.
const FULL_WIDTH: f32 = 720.0;
const LEAST_SCALE: f32 = 0.72;
/// Of the state, where there is room for it.
const STATE_SIZE: f32 = 20.0;
/// Of what stands beside it.
const SMALL_SIZE: f32 = 13.0;
const CLOCK_SIZE: f32 = 36.0;

/// What Record is known by: it has the focus where nothing else has it.
pub fn record_id() -> Id {
    Id::unique("record")
}

struct Look {
    fill: Color32,
    text: Color32,
    weak: Color32,
}

fn look(state: State) -> Look {
    let (fill, text, weak) = match state {
        State::Idle | State::Waiting | State::Armed(_) | State::NoTransport | State::Spent | State::Finishing => {
            (theme::PANEL, theme::TEXT, theme::WEAK)
        }
        State::Recording => (theme::RECORD_DEEP, Color32::WHITE, Color32::from_rgb(0xf0, 0xc8, 0xca)),
        State::Paused => (theme::HOVERED, Color32::WHITE, Color32::from_rgb(0xc4, 0xca, 0xd2)),
        State::Failed => (theme::AMBER, theme::INK, Color32::from_rgb(0x4a, 0x32, 0x08)),
    };
    Look { fill, text, weak }
}

/// Draws the header.
pub fn show(ui: &mut Ui, model: &Model, shows_focus: bool, actions: &mut Vec<Action>) {
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let look = look(model.state);
    ui.painter().rect_filled(area, theme::RADIUS, look.fill);
    let top = area.top() + GAP;
    // A narrow window leaves room for the words.
    let scale = (area.width() / FULL_WIDTH).clamp(LEAST_SCALE, 1.0);
    let mut left = area.left() + GAP;
    let mut place = |width: f32| {
        let place = Rect::from_min_size(pos2(left, top), vec2(width * scale, BUTTON_HEIGHT));
        left = place.right() + GAP;
        place
    };
    let [record, pause, marker, capture] = [RECORD_WIDTH, PAUSE_WIDTH, MARKER_WIDTH, CAPTURE_WIDTH].map(&mut place);
    let press = |ui: &mut Ui, place, id, label, is_on, draw: Symbol<'_>| {
        button(ui, Button { place, id, label, is_on, scale, shows_focus }, draw)
    };
    if press(ui, record, record_id(), "Record", model.record, &draw_record) {
        actions.push(Action::Record(!model.record));
    }
    if press(ui, pause, Id::unique("pause"), "Pause", model.pause, &draw_pause) {
        actions.push(Action::Pause(!model.pause));
    }
    if press(ui, marker, Id::unique("marker"), "Marker", model.marker, &draw_marker) {
        actions.push(Action::Marker);
    }
    let draw_seconds = |painter: &Painter, center: Pos2, _| {
        painter.text(center, Align2::CENTER_CENTER, &model.captured, theme::figures(20.0 * scale), theme::TEXT);
        (theme::RAISED, theme::TEXT)
    };
    if press(ui, capture, Id::unique("capture"), "Capture", false, &draw_seconds) {
        actions.push(Action::Capture);
    }
    name(ui, capture, &format!("Capture saves {}", model.captured));
    let words = Rect::from_min_max(pos2(capture.right() + 2.0 * GAP, top), area.max - vec2(2.0 * GAP, GAP));
    state_line(ui, words, model, &look);
    clock_line(ui, words, model, &look);
    take_line(ui, words, model, &look);
    if let Some(progress) = model.progress {
        let bar = Rect::from_min_max(pos2(area.left(), area.bottom() - 4.0), area.max);
        ui.painter().rect_filled(bar, 0.0, theme::LINE);
        let done = Rect::from_min_size(bar.min, vec2(bar.width() * progress, bar.height()));
        ui.painter().rect_filled(done, 0.0, theme::TEXT);
    }
}

fn state_line(ui: &mut Ui, words: Rect, model: &Model, look: &Look) {
    let middle = words.top() + 12.0;
    icon(ui.painter(), pos2(words.left() + 9.0, middle), model.state, look);
    let word = match model.progress {
        Some(progress) => format!("{}: {:.0} %", model.state.word(), progress * 100.0),
        None => model.state.word().to_owned(),
    };
    let place = Rect::from_min_max(pos2(words.left() + 26.0, words.top()), pos2(words.right(), words.top() + 24.0));
    let [whole, short] = beside(model);
    // Who leads is not to be cut off by a word that can be smaller.
    let kept = if short.is_empty() { 0.0 } else { GAP + width(ui, &short, SMALL_SIZE) };
    let room = place.width() - kept.min(place.width() / 2.0);
    let size = STATE_SIZE * (room / width(ui, &word, STATE_SIZE)).min(1.0);
    let drawn = ui.painter().text(place.left_center(), Align2::LEFT_CENTER, &word, theme::text(size), look.text);
    name(ui, place, &if whole.is_empty() { word } else { format!("{word} {whole}") });
    let left = drawn.right() + GAP;
    let room = words.right() - left;
    let font = theme::text(SMALL_SIZE);
    let text = match &short {
        _ if width(ui, &whole, SMALL_SIZE) <= room => whole,
        short if short.is_empty() => String::new(),
        short => elided(ui, short, &font, room),
    };
    let drawn = ui.painter().text(pos2(left, middle), Align2::LEFT_CENTER, text, font, look.text);
    track(ui, drawn.right() + GAP, middle, words.right(), model, look);
}

/// What the state's word leaves open: in full, and where there is little room.
fn beside(model: &Model) -> [String; 2] {
    match (&model.leader, model.state) {
        (Some(leader), _) => [format!("with {leader}: stop it there"), format!("with {leader}")],
        (None, State::Spent) => ["the group's take has ended".to_owned(), String::new()],
        (None, _) => Default::default(),
    }
}

fn width(ui: &Ui, text: &str, size: f32) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), theme::text(size), Color32::WHITE).rect.width()
}

/// The DAW's track, at the right where there is room.
fn track(ui: &mut Ui, left: f32, middle: f32, right: f32, model: &Model, look: &Look) {
    if model.track.name.is_empty() || right - left < 64.0 {
        return;
    }
    let font = theme::text(13.0);
    let text = elided(ui, &model.track.name, &font, right - left - 18.0);
    let drawn = ui.painter().text(pos2(right, middle), Align2::RIGHT_CENTER, &text, font, look.weak);
    name(ui, drawn, &format!("Track {}", model.track.name));
    if let Some([r, g, b]) = model.track.rgb {
        let chip = Rect::from_center_size(pos2(drawn.left() - 10.0, middle), vec2(8.0, 12.0));
        ui.painter().rect_filled(chip, 2.0, Color32::from_rgb(r, g, b));
    }
}

fn clock_line(ui: &mut Ui, words: Rect, model: &Model, look: &Look) {
    let place = Rect::from_min_size(pos2(words.left(), words.top() + 22.0), vec2(words.width(), 40.0));
    // A take of more than nine hours has one digit more, and goes on to fit.
    let size = CLOCK_SIZE.min(words.width() / (model.clock.chars().count() as f32 * 0.605));
    ui.painter().text(place.left_center(), Align2::LEFT_CENTER, &model.clock, theme::figures(size), look.text);
    name(ui, place, &format!("Length {}", model.clock));
}

fn take_line(ui: &mut Ui, words: Rect, model: &Model, look: &Look) {
    let bottom = pos2(words.right(), words.bottom());
    let font = theme::text(13.0);
    let facts = ui.painter().text(bottom, Align2::RIGHT_BOTTOM, &model.take_facts, theme::figures(12.0), look.weak);
    if model.take_name.is_empty() {
        return;
    }
    let room = facts.left() - 2.0 * GAP - words.left();
    let text = elided(ui, &model.take_name, &font, room);
    let drawn = ui.painter().text(words.left_bottom(), Align2::LEFT_BOTTOM, &text, font, look.text);
    name(ui, drawn.union(facts), &format!("Take {}, {}", model.take_name, model.take_facts));
}

/// Gives what is drawn at `place` a name for screen readers and tests.
fn name(ui: &mut Ui, place: Rect, label: &str) {
    let response = ui.interact(
        place,
        ui.scope_id().with(("name", place.left_top().y as i32, place.left() as i32)),
        Sense::hover(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
}

fn icon(painter: &Painter, center: Pos2, state: State, look: &Look) {
    match state {
        State::Idle => {
            let square = Rect::from_center_size(center, vec2(13.0, 13.0));
            painter.rect_filled(square, 2.0, look.weak);
        }
        State::Waiting | State::Armed(_) | State::NoTransport | State::Spent => {
            painter.circle_stroke(center, 7.0, Stroke::new(2.0, theme::RECORD));
        }
        State::Recording => theme::dot(painter, center, 9.0, theme::RECORD),
        State::Paused => theme::bars(painter, center, 8.0, look.text),
        State::Finishing => {
            painter.circle_stroke(center, 7.0, Stroke::new(2.0, look.text));
            painter.circle_filled(center, 3.0, look.text);
        }
        State::Failed => theme::triangle(painter, center, 10.0, look.text, theme::AMBER),
    }
}

/// Draws a button's symbol, for on or off, and returns the colours of button and text.
type Symbol<'a> = &'a dyn Fn(&Painter, Pos2, bool) -> (Color32, Color32);

struct Button {
    place: Rect,
    id: Id,
    label: &'static str,
    is_on: bool,
    /// Of the label.
    scale: f32,
    shows_focus: bool,
}

fn button(ui: &mut Ui, button: Button, draw: Symbol<'_>) -> bool {
    let Button { place: rect, id, label, is_on, scale, shows_focus } = button;
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_on, label));
    let painter = ui.painter();
    let back = painter.add(egui::Shape::Noop);
    let (fill, text) = draw(painter, rect.center() - vec2(0.0, 11.0), is_on);
    let fill = if response.hovered() && !is_on { theme::HOVERED } else { fill };
    let line = if response.hovered() { theme::TEXT } else { theme::LINE };
    painter.set(
        back,
        egui::Shape::Vec(vec![
            egui::epaint::RectShape::filled(rect, theme::RADIUS, fill).into(),
            egui::epaint::RectShape::stroke(rect, theme::RADIUS, Stroke::new(1.0, line), StrokeKind::Inside).into(),
        ]),
    );
    painter.text(rect.center_bottom() - vec2(0.0, 8.0), Align2::CENTER_BOTTOM, label, theme::text(17.0 * scale), text);
    if shows_focus && response.has_focus() {
        theme::focus_ring(painter, rect);
    }
    response.clicked()
}

fn draw_record(painter: &Painter, center: Pos2, is_on: bool) -> (Color32, Color32) {
    theme::dot(painter, center, 14.0, if is_on { Color32::WHITE } else { theme::RECORD });
    if is_on { (theme::RECORD, Color32::WHITE) } else { (theme::RAISED, theme::TEXT) }
}

fn draw_marker(painter: &Painter, center: Pos2, is_on: bool) -> (Color32, Color32) {
    let (fill, text) = if is_on { (theme::TEXT, theme::INK) } else { (theme::RAISED, theme::TEXT) };
    theme::flag(painter, center, 13.0, text);
    (fill, text)
}

fn draw_pause(painter: &Painter, center: Pos2, is_on: bool) -> (Color32, Color32) {
    theme::bars(painter, center, 13.0, if is_on { theme::INK } else { theme::TEXT });
    if is_on { (theme::TEXT, theme::INK) } else { (theme::RAISED, theme::TEXT) }
}
