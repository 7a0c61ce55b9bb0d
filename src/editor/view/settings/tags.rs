//! What the file of the next take says of itself.

use super::field::{self, Text};
use crate::editor::model::Model;
use crate::editor::view::Action;
use egui::Ui;

/// The width of the names in front.
const NAMES: f32 = 60.0;

const HEADER_HELP: &str = "What the file says of itself, a line for each: title = Take Five. Also artist, album, date, comment, genre, \
                           track, or any word of your own. Title, date, bpm, songposition and software are filled in where you \
                           leave them out.";

/// What a line looks like.
const EMPTY_HEADER: &str = "title = …";

/// What the page remembers between two frames.
#[derive(Default)]
pub struct TagsPage {
    /// The text of Header while it is being typed.
    header_draft: Option<String>,
}

impl TagsPage {
    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let room = ui.available_height();
        ui.horizontal_top(|ui| {
            let label = field::name(ui, "Header", NAMES);
            let text = Text { label, text: &model.header, hint: EMPTY_HEADER, help: HEADER_HELP };
            let typed = field::text_lines(ui, room, &mut self.header_draft, &text);
            actions.extend(typed.map(Action::Header));
        });
    }
}
