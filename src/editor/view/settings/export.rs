//! What is exported, and where to.

use super::field::{self, Text};
use crate::core::format::ExportMethod;
use crate::editor::model::Export;
use crate::editor::view::Action;
use egui::Ui;

/// The width of the names in front.
const NAMES: f32 = 92.0;

const TARGET_HELP: &str = "The machine and the port that the OSC messages go to, such as 127.0.0.1:7000.";

/// Nothing is sent to an empty target; this is what one looks like.
const EMPTY_TARGET: &str = "machine:port";

const ROOT_HELP: &str =
    "What stands before the name of each channel: with /mix the peak of channel 1 goes to /mix/chan1.";

/// Without a root the peak of channel 1 goes to /chan1.
const EMPTY_ROOT: &str = "/";

/// How a table's lines begin.
struct Table {
    help: &'static str,
    /// What a line looks like.
    empty: &'static str,
}

const BY_NAME: Table = Table {
    help: "On each line a channel, a blank or a tab, and its address: chan1 /left. The channels are chan1, chan2, … as far as \
           they are recorded, record, pause, seconds, lost, last_samples_written and total_samples_written.",
    empty: "chan1 /…",
};

const BY_INDEX: Table = Table {
    help: "On each line the number of a channel, a blank or a tab, and its address: 0 /left. From 0 on: the recorded \
           channels, then record, pause, seconds, lost, last_samples_written and total_samples_written.",
    empty: "0 /…",
};

/// What the page remembers between two frames: the texts while they are being typed.
#[derive(Default)]
pub struct ExportPage {
    target_draft: Option<String>,
    root_draft: Option<String>,
    table_draft: Option<String>,
}

impl ExportPage {
    /// Draws the settings that the method uses.
    pub fn show(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            let method = field::menu(ui, "Export Method", NAMES, 200.0, export.method);
            actions.extend(method.map(Action::ExportMethod));
        });
        if export.method != ExportMethod::Off {
            ui.horizontal(|ui| self.target(ui, export, actions));
        }
        match export.method {
            ExportMethod::Off => {}
            ExportMethod::ChannelNameIsPath => {
                ui.horizontal(|ui| self.root(ui, export, actions));
            }
            ExportMethod::TableByName => self.table(ui, export, &BY_NAME, actions),
            ExportMethod::TableByIndex => self.table(ui, export, &BY_INDEX, actions),
        }
    }

    fn target(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        let label = field::name(ui, "Export Target", NAMES);
        let text = Text { label, text: &export.target, hint: EMPTY_TARGET, help: TARGET_HELP };
        actions.extend(field::text_line(ui, &mut self.target_draft, &text).map(Action::ExportTarget));
    }

    fn root(&mut self, ui: &mut Ui, export: &Export, actions: &mut Vec<Action>) {
        let label = field::name(ui, "Export Root", NAMES);
        let text = Text { label, text: &export.root, hint: EMPTY_ROOT, help: ROOT_HELP };
        actions.extend(field::text_line(ui, &mut self.root_draft, &text).map(Action::ExportRoot));
    }

    fn table(&mut self, ui: &mut Ui, export: &Export, table: &Table, actions: &mut Vec<Action>) {
        let room = ui.available_height();
        ui.horizontal_top(|ui| {
            let label = field::name(ui, "Export Table", NAMES);
            let text = Text { label, text: &export.table, hint: table.empty, help: table.help };
            let typed = field::text_lines(ui, room, &mut self.table_draft, &text);
            actions.extend(typed.map(Action::ExportTable));
        });
    }
}
