//! The window: shows the status and sets parameters. It touches neither the queue nor a file.

mod model;
mod view;

use crate::link::{Status, TextId};
use crate::params::RecorderParams;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::TrackInfo;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview, create_egui_editor,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The window's size before anyone changes it, in logical points.
const SIZE: LogicalSize<f32> = LogicalSize { width: 520.0, height: 300.0 };

/// How often the window looks at the status.
const REFRESH: Duration = Duration::from_millis(50);

/// The framework's half of the window.
pub type RecorderEditor = EguiEditor<RecorderApp>;

/// Makes the editor; the window itself opens when the host asks for it.
pub fn create(params: Arc<RecorderParams>, status: Arc<Status>) -> Option<RecorderEditor> {
    let app = RecorderApp { view: view::View::default(), params, status, gui: None, is_broken: false };
    let settings = EguiNiceSettings::new().with_tile("Audio File Out");
    create_egui_editor(EguiEditorState::from_size(SIZE, 1.0), RepaintNotifier::default(), settings, app)
}

/// What lives as long as the plugin, with the window open or closed. Runs on the window's thread.
pub struct RecorderApp {
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    view: view::View,
    gui: Option<GuiContext>,
    /// The view panicked once; the recorder itself goes on.
    is_broken: bool,
}

impl NiceEguiApp for RecorderApp {
    fn build(
        &mut self,
        egui_ctx: egui::Context,
        gui: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        egui_ctx.set_visuals(egui::Visuals::dark());
        self.gui = Some(gui);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        ui.ctx().request_repaint_after(REFRESH);
        let Some(gui) = &self.gui else { return };
        // A panic must not reach the host: it would take the session down.
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            if !self.is_broken {
                let model = model::Model::new(&self.status.snapshot(), &self.params);
                self.view.show(ui, &model, &self.params, &gui.param_setter());
            }
        }));
        self.is_broken |= drawn.is_err();
        if self.is_broken {
            ui.label("The window stopped because of an error of its own. The recorder itself goes on; use the DAW's own controls.");
        }
    }

    fn track_info_changed(&mut self, info: TrackInfo) {
        self.params.texts.set(TextId::Track, info.name());
    }
}
