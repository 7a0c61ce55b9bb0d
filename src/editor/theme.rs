//! Colours, sizes and shapes. Red means recording and nothing else; amber is trouble.

use egui::style::ScrollStyle;
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Painter, Pos2, Rect, Stroke, Vec2,
    pos2, vec2,
};
use std::sync::Arc;

pub const BACKGROUND: Color32 = Color32::from_rgb(0x16, 0x18, 0x1c);
pub const PANEL: Color32 = Color32::from_rgb(0x1f, 0x22, 0x27);
pub const RAISED: Color32 = Color32::from_rgb(0x2c, 0x30, 0x37);
pub const HOVERED: Color32 = Color32::from_rgb(0x3a, 0x3f, 0x48);
pub const LINE: Color32 = Color32::from_rgb(0x3e, 0x44, 0x4e);
pub const TEXT: Color32 = Color32::from_rgb(0xec, 0xee, 0xf1);
pub const WEAK: Color32 = Color32::from_rgb(0xa4, 0xac, 0xb8);
pub const RECORD: Color32 = Color32::from_rgb(0xe8, 0x30, 0x38);
pub const RECORD_DEEP: Color32 = Color32::from_rgb(0x5a, 0x11, 0x16);
pub const AMBER: Color32 = Color32::from_rgb(0xf5, 0xa9, 0x31);
pub const AMBER_DEEP: Color32 = Color32::from_rgb(0x3d, 0x2c, 0x10);
pub const INK: Color32 = Color32::from_rgb(0x16, 0x12, 0x08);
pub const WAVE: Color32 = Color32::from_rgb(0xc9, 0xcf, 0xd8);
pub const METER: Color32 = Color32::from_rgb(0x7f, 0x8a, 0x99);

/// The grid that everything lies on, in points.
pub const GAP: f32 = 8.0;
pub const ROW: f32 = 28.0;
pub const RADIUS: CornerRadius = CornerRadius::same(4);

/// The one font: its figures are all of one width.
const FONT: &str = "Ubuntu-Light";

/// Text of this size.
pub fn text(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Figures of this size, all of one width.
pub fn figures(size: f32) -> FontId {
    text(size)
}

/// Dresses egui's own widgets.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals();
        style.animation_time = 0.0;
        style.spacing.item_spacing = vec2(GAP, GAP);
        style.spacing.button_padding = vec2(GAP, 4.0);
        style.spacing.interact_size = vec2(ROW, ROW);
        // The longest menu needs no scrolling.
        style.spacing.combo_height = 400.0;
        // A bar tells that there is more.
        style.spacing.scroll = ScrollStyle::thin();
        style.spacing.window_margin = Margin::same(8);
        for font in style.text_styles.values_mut() {
            font.size = font.size.max(13.0);
        }
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert(FONT.to_owned(), Arc::new(FontData::from_static(epaint_default_fonts::UBUNTU_LIGHT)));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec![FONT.to_owned()]);
    }
    fonts
}

fn visuals() -> egui::Visuals {
    let mut visuals = egui::Visuals::dark();
    visuals.override_text_color = Some(TEXT);
    visuals.panel_fill = BACKGROUND;
    visuals.window_fill = PANEL;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.extreme_bg_color = BACKGROUND;
    visuals.text_edit_bg_color = Some(BACKGROUND);
    visuals.weak_text_color = Some(WEAK);
    visuals.selection.bg_fill = Color32::from_rgb(0x3b, 0x55, 0x78);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    let widgets = &mut visuals.widgets;
    for (widget, fill, line) in [
        (&mut widgets.noninteractive, PANEL, LINE),
        (&mut widgets.inactive, RAISED, LINE),
        (&mut widgets.hovered, HOVERED, WEAK),
        (&mut widgets.active, HOVERED, TEXT),
        (&mut widgets.open, HOVERED, WEAK),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, TEXT);
        widget.corner_radius = RADIUS;
        widget.expansion = 0.0;
    }
    visuals
}

/// The record dot. egui's fonts have none.
pub fn dot(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    painter.circle_filled(center, radius, color);
}

/// The two bars of pause.
pub fn bars(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    let bar = vec2(radius * 0.6, radius * 1.9);
    for side in [-1.0, 1.0] {
        let rect = Rect::from_center_size(center + vec2(side * radius * 0.58, 0.0), bar);
        painter.rect_filled(rect, 1.0, color);
    }
}

/// A flag on its pole.
pub fn flag(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    let top = center - vec2(radius * 0.6, radius * 0.95);
    let pole = Rect::from_min_size(top, vec2(radius * 0.22, radius * 1.9));
    painter.rect_filled(pole, 1.0, color);
    let cloth = vec![top, top + vec2(radius * 1.5, radius * 0.55), top + vec2(0.0, radius * 1.1)];
    painter.add(egui::Shape::convex_polygon(cloth, color, Stroke::NONE));
}

/// A warning triangle with its exclamation mark cut out in `mark`.
pub fn triangle(painter: &Painter, center: Pos2, radius: f32, color: Color32, mark: Color32) {
    let (x, y) = (center.x, center.y);
    let corners =
        vec![pos2(x, y - radius), pos2(x + radius * 1.1, y + radius * 0.9), pos2(x - radius * 1.1, y + radius * 0.9)];
    painter.add(egui::Shape::convex_polygon(corners, color, Stroke::NONE));
    let width = (radius * 0.24).max(1.5);
    painter.line_segment([pos2(x, y - radius * 0.35), pos2(x, y + radius * 0.3)], Stroke::new(width, mark));
    painter.circle_filled(pos2(x, y + radius * 0.62), width * 0.6, mark);
}

/// The ring around what the keyboard acts on.
pub fn focus_ring(painter: &Painter, rect: Rect) {
    painter.rect_stroke(rect.expand(2.0), CornerRadius::same(6), Stroke::new(2.0, TEXT), egui::StrokeKind::Outside);
}

/// The lines in the corner that can be dragged.
pub fn grip(painter: &Painter, corner: Pos2, color: Color32) {
    for length in [5.0, 10.0] {
        let inset = corner - Vec2::splat(3.0);
        let line = [pos2(inset.x - length, inset.y), pos2(inset.x, inset.y - length)];
        painter.line_segment(line, Stroke::new(1.0, color));
    }
}
