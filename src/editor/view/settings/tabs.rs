//! The tabs above the pages. Tab stops at the chosen one; the arrow keys, Home and End choose another.

use super::{Page, describe};
use crate::editor::theme::{self, GAP};
use egui::{
    Align2, Context, CornerRadius, FocusDirection, Id, Key, Modifiers, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo,
    vec2,
};

pub const HEIGHT: f32 = 28.0;
const WIDTH: f32 = 72.0;

/// The plugin's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn id(page: Page) -> Id {
    Id::unique(("page", page))
}

/// Whether a tab has the keyboard's focus.
pub fn have_focus(ctx: &Context) -> bool {
    let focused = ctx.memory(|memory| memory.focused());
    focused.is_some_and(|focused| Page::ALL.into_iter().any(|page| id(page) == focused))
}

/// Draws the tabs and lets the user choose one.
pub fn show(ui: &mut Ui, chosen: &mut Page, shows_focus: bool) {
    keyboard(ui, chosen);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    version(ui, area);
    let ui = ui.new_child(UiBuilder::new().max_rect(area));
    describe(&ui, Role::TabList, "Settings");
    let before = *chosen;
    for (index, page) in Page::ALL.into_iter().enumerate() {
        let left_top = area.left_top() + vec2(index as f32 * WIDTH, 0.0);
        if tab(&ui, Rect::from_min_size(left_top, vec2(WIDTH, HEIGHT)), page, page == before, shows_focus) {
            *chosen = page;
        }
    }
}

/// The plugin's version, at the right.
fn version(ui: &Ui, area: Rect) {
    let place = area.right_center() - vec2(GAP, 0.0);
    let drawn = ui.painter().text(place, Align2::RIGHT_CENTER, VERSION, theme::text(12.0), theme::WEAK);
    let response = ui.interact(drawn, Id::unique("version"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Audio File Out {VERSION}")));
}

fn keyboard(ui: &Ui, chosen: &mut Page) {
    if !ui.memory(|memory| memory.has_focus(id(*chosen))) {
        return;
    }
    let (index, last) = (Page::ALL.into_iter().position(|page| page == *chosen).unwrap_or(0), Page::ALL.len() - 1);
    let ways = [
        (Key::ArrowLeft, index.checked_sub(1).unwrap_or(last)),
        (Key::ArrowRight, if index < last { index + 1 } else { 0 }),
        (Key::Home, 0),
        (Key::End, last),
    ];
    let pressed = |&(key, _): &(Key, usize)| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if let Some((_, to)) = ways.into_iter().find(pressed) {
        *chosen = Page::ALL[to];
        ui.memory_mut(|memory| {
            memory.request_focus(id(*chosen));
            // Else egui would look for something to the left or right of it.
            memory.move_focus(FocusDirection::None);
        });
    }
}

/// Draws one tab; returns whether it was clicked.
fn tab(ui: &Ui, rect: Rect, page: Page, is_chosen: bool, shows_focus: bool) -> bool {
    let sense = if is_chosen { Sense::click() } else { Sense::CLICK };
    let response = ui.interact(rect, id(page), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, page.label()));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(is_chosen));
    let corners = CornerRadius { sw: 0, se: 0, ..theme::RADIUS };
    let (fill, text) = match (is_chosen, response.hovered()) {
        (true, _) => (theme::PANEL, theme::TEXT),
        (false, true) => (theme::HOVERED, theme::TEXT),
        (false, false) => (theme::BACKGROUND, theme::WEAK),
    };
    ui.painter().rect_filled(rect, corners, fill);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, page.label(), theme::text(13.0), text);
    if shows_focus && response.has_focus() {
        theme::focus_ring(ui.painter(), rect.shrink(4.0));
    }
    response.clicked()
}
