//! Fits the [`Panel`] into the framework's window: size, scale, keys, redraws, and a guard against its own panics.

use super::desktop::UserDesktop;
use super::panel::{Foresee, Panel};
use super::theme;
use super::view::{MAX_SIZE, MIN_SIZE};
use crate::link::Status;
use crate::params::RecorderParams;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor, VirtualKeyCode,
};
use nice_plug::prelude::TrackInfo;
use nice_plug_egui::baseview::{self, WindowSize as NewSize};
use nice_plug_egui::{
    EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, Key, KeyCapture, NiceEguiApp,
    RepaintNotifier, create_egui_editor,
};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most redraws that news can cause: 30 a second.
const REDRAW_INTERVAL: Duration = Duration::from_millis(33);

const BROKEN: &str = "The window stopped because of an error of its own. The recorder itself goes on; use the DAW's own \
                      controls.";

/// Makes the editor; the window itself opens when the host asks for it.
pub fn create(params: Arc<RecorderParams>, status: Arc<Status>, foresee: Foresee) -> Option<RecorderEditor> {
    let notifier = RepaintNotifier::default();
    let wake = {
        let notifier = notifier.clone();
        move || notifier.request_repaint()
    };
    status.scope().on_change(wake.clone());
    let panel = Panel::new(Arc::clone(&params), Arc::clone(&status), Box::new(UserDesktop::new(wake)), foresee);
    let app = App(Arc::new(Mutex::new(Shared { panel, params: Arc::clone(&params), gui: None, is_broken: false })));
    let inner = Mutex::new(framework_editor(&app, params.window.get(), &notifier)?);
    Some(RecorderEditor { app, params, status, notifier, inner })
}

/// The framework's editor at this size. It cannot be told another size later, so each window gets one of its own.
fn framework_editor(app: &App, size: [f32; 2], notifier: &RepaintNotifier) -> Option<EguiEditor<App>> {
    let [width, height] = size;
    let logical = |size: egui::Vec2| Some(LogicalSize { width: size.x, height: size.y });
    let settings = EguiNiceSettings::new()
        .with_tile("Audio File Out")
        .with_resize_hint(ResizeHint::RESIZABLE.with_min_max_logical_size(logical(MIN_SIZE), logical(MAX_SIZE)))
        .with_repaint_poll_interval(REDRAW_INTERVAL);
    let state = EguiEditorState::from_size(LogicalSize { width, height }, 1.0);
    create_egui_editor(state, notifier.clone(), settings, app.clone())
}

/// The plugin's editor: the framework's, with a size that is saved with the project.
pub struct RecorderEditor {
    app: App,
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    notifier: RepaintNotifier,
    inner: Mutex<EguiEditor<App>>,
}

impl RecorderEditor {
    fn inner(&self) -> MutexGuard<'_, EguiEditor<App>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Editor for RecorderEditor {
    type Handle = RecorderHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let mut inner = self.inner();
        if let Some(editor) = framework_editor(&self.app, self.params.window.get(), &self.notifier) {
            *inner = editor;
        }
        let spawned = inner.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        self.status.scope().open();
        let handle = RecorderHandle { inner: spawned.handle, status: Arc::clone(&self.status) };
        Ok(SpawnedEditor { handle, window: spawned.window })
    }

    fn size(&self) -> NativeSize<u32> {
        self.inner().size()
    }

    fn resize_hint(&self) -> ResizeHint {
        self.inner().resize_hint()
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.inner().track_info_updated(info);
    }
}

/// One open window. While it lives the audio thread feeds meters and waveform.
pub struct RecorderHandle {
    inner: EguiEditorHandle,
    status: Arc<Status>,
}

impl Drop for RecorderHandle {
    fn drop(&mut self) {
        self.status.scope().close();
    }
}

impl EditorHandle for RecorderHandle {
    type Window = baseview::Window;
    type Error = baseview::Error;

    fn run_until_closed(window: Self::Window) -> Result<(), Self::Error> {
        EguiEditorHandle::run_until_closed(window)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_parent(parent, window)
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.show(window)
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.hide(window)
    }

    fn set_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_size(new_size, window)
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.inner.host_main_thread_callback(window);
    }

    fn adjust_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        self.inner.adjust_size(new_size, window)
    }

    fn set_fallback_scale_factor(&self, scale_factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_fallback_scale_factor(scale_factor, window)
    }

    fn on_virtual_key_from_host(&self, key_code: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.inner.on_virtual_key_from_host(key_code, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.inner.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.inner.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.inner.param_modulation_changed(id, modulation_offset);
    }
}

/// What the framework draws. Every window's app leads to the same panel.
#[derive(Clone)]
pub struct App(Arc<Mutex<Shared>>);

struct Shared {
    panel: Panel,
    params: Arc<RecorderParams>,
    gui: Option<GuiContext>,
    /// The panel panicked once; the recorder itself goes on.
    is_broken: bool,
}

impl App {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        egui_ctx: egui::Context,
        gui: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        theme::apply(&egui_ctx);
        frame.set_clear_color(theme::BACKGROUND.into());
        let mut shared = self.shared();
        shared.panel.opens();
        shared.gui = Some(gui);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let mut shared = self.shared();
        let Shared { panel, gui: Some(gui), is_broken, .. } = &mut *shared else { return };
        if !*is_broken {
            // A panic must not reach the host: it would take the session down.
            let drawn = catch_unwind(AssertUnwindSafe(|| panel.show(ui, &gui.param_setter())));
            *is_broken = drawn.is_err();
        }
        if *is_broken {
            ui.label(BROKEN);
        }
        frame.set_key_capture(keys(ui.ctx().text_edit_focused()));
    }

    fn resized(&mut self, new_size: NewSize) {
        let size = new_size.logical;
        self.shared().params.window.set([size.width as f32, size.height as f32]);
    }

    fn track_info_changed(&mut self, info: TrackInfo) {
        let rgb = info.color().map(|color| {
            let (red, green, blue, _) = color.rgba();
            [red, green, blue]
        });
        self.shared().panel.set_track(info.name(), rgb);
    }
}

/// The keys that the host does not get: all of them while a text is typed, else those that the window itself uses.
fn keys(is_typing: bool) -> KeyCapture {
    if is_typing {
        return KeyCapture::CaptureAll;
    }
    KeyCapture::CaptureKeys([" ", "Tab", "Enter", "Escape"].iter().filter_map(|key| key.parse::<Key>().ok()).collect())
}
