//! The settings, on pages that are chosen by tabs. Each page is a module of its own, made of what `field` has.

mod export;
mod field;
mod file;
mod group;
mod sound;
mod start;
mod tabs;
mod tags;

pub use tabs::have_focus as tabs_have_focus;

use super::{Action, takes};
use crate::editor::model::Model;
use crate::editor::theme::{self, GAP, ROW};
use egui::{CornerRadius, Frame, Margin, Role, ScrollArea, Ui, UiBuilder, accesskit, vec2};
use export::ExportPage;
use file::FilePage;
use sound::SoundPage;
use start::StartPage;
use tags::TagsPage;

/// What every page has room for: five rows. All are of one height, so that nothing jumps where another one is chosen.
const CONTENT_HEIGHT: f32 = 5.0 * ROW + 4.0 * GAP;

/// The least that is left of a page in a low window, with its margins: a row.
const LEAST_HEIGHT: f32 = ROW + GAP;

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Page {
    #[default]
    File,
    Start,
    Sound,
    Tags,
    Group,
    Export,
}

impl Page {
    /// The most used first.
    pub const ALL: [Page; 6] = [Page::File, Page::Start, Page::Sound, Page::Tags, Page::Group, Page::Export];

    /// What its tab says.
    pub fn label(self) -> &'static str {
        match self {
            Page::File => "File",
            Page::Start => "Start",
            Page::Sound => "Sound",
            Page::Tags => "Tags",
            Page::Group => "Group",
            Page::Export => "Export",
        }
    }
}

/// What the settings remember between two frames.
#[derive(Default)]
pub struct Settings {
    chosen: Page,
    file: FilePage,
    start: StartPage,
    sound: SoundPage,
    tags: TagsPage,
    export: ExportPage,
}

impl Settings {
    /// Whether the page of the group is shown.
    pub fn shows_group(&self) -> bool {
        self.chosen == Page::Group
    }

    /// Draws the tabs and the chosen page, which leaves the takes below the room that they need and scrolls where it is
    /// higher than its own.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, shows_focus: bool, actions: &mut Vec<Action>) {
        let room = ui.available_height() - tabs::HEIGHT - GAP - takes::LEAST_HEIGHT;
        let height = room.clamp(LEAST_HEIGHT, CONTENT_HEIGHT + 2.0 * GAP);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            tabs::show(ui, &mut self.chosen, shows_focus);
            let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
            ui.spacing_mut().item_spacing.y = GAP;
            // One scroll position each.
            let panel = UiBuilder::new().id_salt(self.chosen).max_rect(area);
            self.page(&mut ui.new_child(panel), model, actions);
        });
    }

    fn page(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        describe(ui, Role::TabPanel, self.chosen.label());
        let corners = CornerRadius { nw: 0, ..theme::RADIUS };
        // A low page shows all of a row.
        let vertical = ((ui.max_rect().height() - ROW) / 2.0).min(GAP);
        let margin = Margin::symmetric(GAP as i8, vertical as i8);
        let frame = Frame::new().fill(theme::PANEL).corner_radius(corners).inner_margin(margin);
        frame.show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).min_scrolled_height(0.0).show(ui, |ui| match self.chosen {
                Page::File => self.file.show(ui, model, actions),
                Page::Start => self.start.show(ui, model, actions),
                Page::Sound => self.sound.show(ui, model, actions),
                Page::Group => group::show(ui, model, actions),
                Page::Tags => self.tags.show(ui, model, actions),
                Page::Export => self.export.show(ui, &model.export, actions),
            });
        });
    }
}

/// Tells screen readers and tests what `ui` as a whole is.
fn describe(ui: &Ui, role: Role, label: &str) {
    let egui::Rect { min, max } = ui.max_rect();
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(role);
        node.set_label(label);
        node.set_bounds(accesskit::Rect::new(min.x.into(), min.y.into(), max.x.into(), max.y.into()));
    });
}
