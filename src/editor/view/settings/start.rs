//! When takes begin, and how much of what passed is kept for them.

use super::field::{self, NumberField};
use crate::core::format::Start;
use crate::editor::model::Model;
use crate::editor::theme::{self, GAP};
use crate::editor::view::{Action, Number};
use crate::params::{HOLDS, MAX_HISTORY, MIN_THRESHOLD};
use egui::{RichText, Ui};

/// The width of the names in front.
const NAMES: f32 = 84.0;

const THRESHOLD_HELP: &str = "A take begins with the first sample of a recorded channel that is louder than this.";

const HOLD_HELP: &str = "It ends so long after the last one.";

const PREROLL_HELP: &str =
    "So much of what passed before it is the beginning of each take. What is in a take already does not come again.";

const KEEP_HELP: &str = "So much of what passed while no take was open is kept for Capture.";

/// What the switch of the keys says.
const KEYS: &str = "Keys: Space records, M marks, C captures";

const KEYS_HELP: &str = "Space, Enter, Escape, Tab and letters are the recorder's while its window has the keyboard, in all projects. \
                         Off: they are the DAW's, except while you type a text.";

/// What the page remembers between two frames.
#[derive(Default)]
pub struct StartPage {
    /// The number that the mouse holds.
    held: Option<Number>,
}

impl StartPage {
    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, actions: &mut Vec<Action>) {
        let waiting = &model.waiting;
        ui.horizontal(|ui| {
            actions.extend(field::menu(ui, "Start", NAMES, 160.0, waiting.start).map(Action::Start));
        });
        ui.add_enabled_ui(waiting.start == Start::Sound, |ui| {
            ui.horizontal(|ui| {
                let threshold = NumberField {
                    number: Number::Threshold,
                    name: "Threshold",
                    column: NAMES,
                    value: waiting.threshold.into(),
                    range: MIN_THRESHOLD.into()..=0.0,
                    decimals: 1,
                    unit: " dBFS",
                    help: THRESHOLD_HELP,
                };
                field::number(ui, &threshold, &mut self.held, actions);
                ui.add_space(GAP);
                let [shortest, longest] = HOLDS.map(f64::from);
                let hold =
                    NumberField { range: shortest..=longest, ..seconds(Number::Hold, "Hold", waiting.hold, HOLD_HELP) };
                field::number(ui, &NumberField { column: 0.0, ..hold }, &mut self.held, actions);
            });
        });
        let preroll = seconds(Number::Preroll, "Pre-roll", waiting.preroll, PREROLL_HELP);
        ui.horizontal(|ui| field::number(ui, &preroll, &mut self.held, actions));
        let keep = seconds(Number::Keep, "Keep", waiting.keep, KEEP_HELP);
        ui.horizontal(|ui| {
            field::number(ui, &keep, &mut self.held, actions);
            ui.add_space(GAP);
            actions.extend(field::check(ui, KEYS, model.recorder_has_keys, KEYS_HELP).map(Action::Keys));
        });
        ui.horizontal(|ui| {
            ui.add_space(NAMES + GAP);
            ui.label(RichText::new(&model.history).color(theme::WEAK));
        });
    }
}

/// A length of time up to that of the longest history.
fn seconds(number: Number, name: &'static str, value: f32, help: &'static str) -> NumberField {
    let range = 0.0..=MAX_HISTORY.into();
    NumberField { number, name, column: NAMES, value: value.into(), range, decimals: 2, unit: " s", help }
}
