//! What is exported, and where to.

use super::Action;
use super::settings::{menu, text_field, text_lines};
use crate::core::format::ExportMethod;
use crate::editor::model::Export;
use egui::Ui;

const ROOT_HELP: &str =
    "What stands before the name of each channel: with /mix the peak of channel 1 goes to /mix/chan1.";

const NAMES_HELP: &str = "On each line a channel, a blank or a tab, and its address: chan1 /left. The channels are chan1, \
                          chan2, … as far as they are recorded, record, pause, seconds, lost, last_samples_written and \
                          total_samples_written.";

const INDICES_HELP: &str = "On each line the number of a channel, a blank or a tab, and its address: 0 /left. From 0 on: the \
                            recorded channels, then record, pause, seconds, lost, last_samples_written and \
                            total_samples_written.";

const TARGET_HELP: &str = "The machine and the port that the OSC messages go to, such as 127.0.0.1:7000.";

/// What the settings of the export remember between two frames: the texts while they are being typed.
#[derive(Default)]
pub struct ExportSettings {
    root_draft: Option<String>,
    table_draft: Option<String>,
    target_draft: Option<String>,
}

impl ExportSettings {
    /// Draws the settings that the method uses.
    pub fn show(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            actions.extend(menu(ui, "Export Method", 200.0, export.method).map(Action::ExportMethod));
        });
        match export.method {
            ExportMethod::Off => return,
            ExportMethod::ChannelNameIsPath => self.root(ui, export, actions),
            ExportMethod::TableByName => self.table(ui, export, NAMES_HELP, actions),
            ExportMethod::TableByIndex => self.table(ui, export, INDICES_HELP, actions),
        }
        self.target(ui, export, actions);
    }

    fn root(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            let label = ui.label("Export Root").id;
            let typed = text_field(ui, label, &mut self.root_draft, &export.root, ROOT_HELP);
            actions.extend(typed.map(Action::ExportRoot));
        });
    }

    fn target(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            let label = ui.label("Export Target").id;
            let typed = text_field(ui, label, &mut self.target_draft, &export.target, TARGET_HELP);
            actions.extend(typed.map(Action::ExportTarget));
        });
    }

    fn table(&mut self, ui: &mut Ui, export: &Export, help: &str, actions: &mut Vec<Action>) {
        let label = ui.label("Export Table").id;
        let typed = text_lines(ui, label, &mut self.table_draft, &export.table, help);
        actions.extend(typed.map(Action::ExportTable));
    }
}
