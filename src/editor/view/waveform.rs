//! The last minute of what was recorded, the newest at the right. What is shorter than that fills the width, from ten
//! seconds on.

use crate::editor::model::State;
use crate::editor::theme;
use crate::link::{COLUMNS_PER_SECOND, Column, MAX_COLUMNS, Span};
use egui::{Align2, Color32, Mesh, Rect, Role, Sense, Shape, Ui, Vec2, WidgetInfo, pos2, vec2};

/// The stripe below that tells recorded, paused and lost apart.
const STRIPE: f32 = 4.0;

/// So many columns have room at least: ten seconds.
const LEAST_COLUMNS: usize = 10 * COLUMNS_PER_SECOND as usize;

const PAUSED_BACK: Color32 = Color32::from_rgb(0x2a, 0x2e, 0x34);
const PAUSED_WAVE: Color32 = Color32::from_rgb(0x5c, 0x64, 0x70);

/// Draws the waveform into `size`.
pub fn show(ui: &mut Ui, size: Vec2, columns: &[Column], state: State) {
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, summary(columns)));
    let painter = ui.painter().with_clip_rect(area);
    painter.rect_filled(area, theme::RADIUS, theme::PANEL);
    let wave = Rect::from_min_max(area.min, pos2(area.right(), area.bottom() - STRIPE));
    painter.hline(area.x_range(), wave.center().y, egui::Stroke::new(1.0, theme::LINE));
    if columns.is_empty() {
        let text = match state {
            State::Recording | State::Paused => "",
            _ => "What is recorded appears here",
        };
        let place = wave.center();
        let galley = painter.layout_no_wrap(text.to_owned(), theme::text(13.0), theme::WEAK);
        let back = Rect::from_center_size(place, galley.size() + vec2(16.0, 4.0));
        painter.rect_filled(back, 0.0, theme::PANEL);
        painter.text(place, Align2::CENTER_CENTER, text, theme::text(13.0), theme::WEAK);
        return;
    }
    painter.add(Shape::mesh(mesh(columns, area, wave, ui.ctx().pixels_per_point())));
}

/// One mesh for all of it: a thousand shapes would cost more than the picture.
fn mesh(columns: &[Column], area: Rect, wave: Rect, pixels_per_point: f32) -> Mesh {
    let mut mesh = Mesh::default();
    let pixels = (area.width() * pixels_per_point).floor().max(1.0) as usize;
    let width = columns.len().clamp(LEAST_COLUMNS, MAX_COLUMNS);
    let first = width - columns.len();
    for pixel in 0..pixels {
        let from = pixel * width / pixels;
        let to = ((pixel + 1) * width / pixels).max(from + 1);
        if to <= first {
            continue;
        }
        let Some(column) = loudest(&columns[from.saturating_sub(first)..to - first]) else { continue };
        let left = area.left() + pixel as f32 / pixels_per_point;
        let right = area.left() + (pixel + 1) as f32 / pixels_per_point;
        draw(&mut mesh, &column, [left, right], area, wave);
    }
    mesh
}

/// What stands for several columns: their extremes, and the worst that happened.
fn loudest(columns: &[Column]) -> Option<Column> {
    columns.iter().copied().reduce(|a, b| Column {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
        span: a.span.max(b.span),
        begins: a.begins || b.begins,
    })
}

fn draw(mesh: &mut Mesh, column: &Column, [left, right]: [f32; 2], area: Rect, wave: Rect) {
    let mut bar = |top: f32, bottom: f32, color| {
        mesh.add_colored_rect(Rect::from_min_max(pos2(left, top), pos2(right, bottom)), color);
    };
    let (back, line, stripe) = match column.span {
        Span::Recorded => (None, theme::WAVE, theme::RECORD),
        Span::Paused => (Some(PAUSED_BACK), PAUSED_WAVE, theme::METER),
        Span::Lost => (Some(theme::AMBER_DEEP), theme::AMBER, theme::AMBER),
    };
    if let Some(back) = back {
        bar(wave.top(), wave.bottom(), back);
    }
    let (middle, half) = (wave.center().y, wave.height() / 2.0 - 2.0);
    let top = middle - column.high.min(1.0) * half;
    let bottom = middle - column.low.max(-1.0) * half;
    bar(top - 0.5, bottom + 0.5, line);
    bar(area.bottom() - STRIPE, area.bottom(), stripe);
    if column.begins {
        bar(wave.top(), wave.bottom(), theme::WEAK);
    }
}

/// The picture in words.
fn summary(columns: &[Column]) -> String {
    let count = |span| columns.iter().filter(|column| column.span == span).count();
    let seconds = |span| count(span) as f32 / COLUMNS_PER_SECOND as f32;
    format!(
        "Waveform: {:.1} s recorded, {:.1} s with lost frames, pauses: {}",
        seconds(Span::Recorded),
        seconds(Span::Lost),
        count(Span::Paused)
    )
}
