//! Which sound goes into the file of the next take.

use super::field::{self, Text};
use crate::core::format::Rate;
use crate::editor::model::Model;
use crate::editor::theme::GAP;
use crate::editor::view::Action;
use egui::Ui;

/// The width of the names in front.
const NAMES: f32 = 112.0;

const TIME_SLICE_HELP: &str = "Keeps the file to the song: where the song jumps ahead while a take runs, the time between \
                               becomes silence.";

const SCOPE_HELP: &str = "Which channels are recorded: * for all, or names with blanks between them, such as chan1 chan[3-4], \
                          L, R. ^ before a name takes it away.";

const LOUDNESS_HELP: &str = "Measures how loud each take is, for the list of takes and for players: MP3, FLAC and Ogg files tell \
                             them how to play every take equally loud.";

const DITHER_HELP: &str = "Noise of one step, which keeps what lies below 16 or 24 bits and its character: for WAV, AIFF and FLAC. Silence \
                           gets it too. Off: samples are rounded to the nearest.";

/// No channel matches an empty scope.
const EMPTY_SCOPE: &str = "nothing (* for all)";

/// What the page remembers between two frames.
#[derive(Default)]
pub struct SoundPage {
    /// The text of Scope while it is being typed.
    scope_draft: Option<String>,
}

impl SoundPage {
    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            actions.extend(field::menu(ui, "Sample Rate", NAMES, 96.0, model.rate).map(Action::Rate));
        });
        // Without a wanted rate there is nothing to match.
        ui.add_enabled_ui(model.rate != Rate::Host, |ui| {
            ui.horizontal(|ui| {
                let how = field::menu(ui, "Sample Rate Match", NAMES, 192.0, model.rate_match);
                actions.extend(how.map(Action::RateMatch));
            });
        });
        ui.horizontal(|ui| {
            ui.add_space(NAMES + GAP);
            actions.extend(field::check(ui, "Time Slice", model.time_slice, TIME_SLICE_HELP).map(Action::TimeSlice));
            ui.add_space(GAP);
            actions.extend(field::check(ui, "Loudness", model.loudness, LOUDNESS_HELP).map(Action::Loudness));
        });
        let dither = ui.horizontal(|ui| {
            actions.extend(field::menu(ui, "Dither", NAMES, 96.0, model.dither).map(Action::Dither));
        });
        dither.response.on_hover_text(DITHER_HELP);
        ui.horizontal(|ui| self.scope(ui, model, actions));
    }

    fn scope(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let label = field::name(ui, "Scope", NAMES);
        let text = Text { label, text: &model.scope, hint: EMPTY_SCOPE, help: SCOPE_HELP };
        actions.extend(field::text_line(ui, &mut self.scope_draft, &text).map(Action::Scope));
    }
}
