//! Which instances record together, and what they do.

use super::field;
use crate::core::format::Group;
use crate::editor::group::{GroupView, MemberRow, Sign};
use crate::editor::model::{Model, State};
use crate::editor::theme::{self, GAP};
use crate::editor::view::{Action, elided};
use egui::{Align2, Color32, Label, Painter, Pos2, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// The width of the names in front.
const NAMES: f32 = 44.0;

const ROW_HEIGHT: f32 = 22.0;

/// Between two members.
const ROW_GAP: f32 = 2.0;

/// Of the column of names, as a share of the page.
const NAME_SHARE: f32 = 0.36;

const TEXT_SIZE: f32 = 13.0;

const THIS: &str = "this one";

/// Of these words, with a gap.
const THIS_WIDTH: f32 = 56.0;

const NO_GROUP: &str =
    "Instances of one group begin and end their takes together, on the same sample. Each keeps its own settings.";

const ALONE: &str = "This instance sees no other one of its group. A CLAP and a VST3 copy do not see each other, nor do instances \
                     that the DAW runs in processes of their own.";

const LEADS: &str = "leads: Record there ends the take. Pause, Marker and Capture work here.";

const SPENT: &str = "The group's take has ended. To begin another one here, switch Record off and on.";

const ONE_FOR_ALL: &str = "Record, Pause, Marker and Capture of any member are those of all.";

/// Draws the page.
pub fn show(ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
    // They were not asked for before the page was chosen.
    let Some(group) = &model.group_view else { return ui.ctx().request_repaint() };
    let is_shown = model.group != Group::Off && !group.is_alone;
    ui.horizontal(|ui| {
        actions.extend(field::menu(ui, "Group", NAMES, 72.0, model.group).map(Action::Group));
        if is_shown {
            ui.add_space(GAP);
            ui.add(Label::new(&group.summary).truncate());
        }
    });
    match model.group {
        Group::Off => weak(ui, NO_GROUP),
        _ if group.is_alone => weak(ui, ALONE),
        _ => members(ui, group, model),
    }
}

fn members(ui: &mut Ui, group: &GroupView, model: &Model) {
    match (&model.leader, model.state) {
        (Some(leader), _) => weak(ui, &format!("{leader} {LEADS}")),
        (None, State::Spent) => weak(ui, SPENT),
        (None, _) => {}
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = ROW_GAP;
        group.rows.iter().for_each(|row| member(ui, row));
    });
    if model.leader.is_none() {
        weak(ui, ONE_FOR_ALL);
    }
}

fn weak(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).color(theme::WEAK)).wrap());
}

fn member(ui: &mut Ui, row: &MemberRow) {
    let (place, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    let words = || {
        let this = if row.is_this { format!(" ({THIS})") } else { String::new() };
        let trouble = row.trouble.as_ref().map_or_else(String::new, |trouble| format!(": {trouble}"));
        format!("{}{this}: {}{trouble}", row.name, row.state)
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words()));
    if ui.is_rect_visible(place) {
        draw(ui, place, row);
        if let Some(trouble) = &row.trouble {
            response.on_hover_text(trouble);
        }
    }
}

fn draw(ui: &Ui, place: Rect, row: &MemberRow) {
    let middle = place.center().y;
    let chip = Rect::from_center_size(pos2(place.left() + 5.0, middle), vec2(10.0, 10.0));
    let color = row.rgb.map_or(theme::METER, |[red, green, blue]| Color32::from_rgb(red, green, blue));
    ui.painter().rect_filled(chip, 2.0, color);
    let column = place.left() + place.width() * NAME_SHARE;
    let this = if row.is_this { THIS_WIDTH } else { 0.0 };
    let left = text(ui, [chip.right() + GAP, column - this - GAP], middle, &row.name, theme::TEXT);
    if row.is_this {
        text(ui, [left + GAP, column], middle, THIS, theme::WEAK);
    }
    sign(ui.painter(), pos2(column + 8.0, middle), row.sign);
    let has_sign = matches!(row.sign, Sign::Recording | Sign::Paused);
    let color = if has_sign { theme::TEXT } else { theme::WEAK };
    let left = text(ui, [column + 20.0, place.right()], middle, row.state, color);
    if let Some(trouble) = &row.trouble {
        text(ui, [left + 2.0 * GAP, place.right()], middle, trouble, theme::AMBER);
    }
}

/// Draws as much as fits, and returns where it ends.
fn text(ui: &Ui, [left, right]: [f32; 2], middle: f32, words: &str, color: Color32) -> f32 {
    let font = theme::text(TEXT_SIZE);
    let words = elided(ui, words, &font, right - left);
    ui.painter().text(pos2(left, middle), Align2::LEFT_CENTER, words, font, color).right()
}

fn sign(painter: &Painter, center: Pos2, sign: Sign) {
    match sign {
        Sign::Recording => theme::dot(painter, center, 5.0, theme::RECORD),
        Sign::Paused => theme::bars(painter, center, 5.0, theme::TEXT),
        Sign::Failed => theme::triangle(painter, center, 7.0, theme::AMBER, theme::PANEL),
        Sign::None => {}
    }
}
