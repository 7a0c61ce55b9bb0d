//! Fits the [`Panel`] into the framework's window: size, scale, keys, redraws, and a guard against its own panics.

use super::desktop::UserDesktop;
use super::fonts::SystemFonts;
#[cfg(target_os = "linux")]
use super::hand_on::HandOn;
use super::keys::{Claim, Guard};
use super::panel::{Foresee, Panel};
use super::theme;
use super::view::{MAX_SIZE, MIN_SIZE};
use crate::link::{Library, Preferences, Status};
use crate::params::{RecorderParams, WindowSize};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor, VirtualKeyCode,
};
use nice_plug::prelude::TrackInfo;
use nice_plug_egui::baseview::{self, WindowSize as NewSize};
use nice_plug_egui::{
    EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};
use std::cell::RefCell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most redraws that news can cause: 30 a second.
const REDRAW_INTERVAL: Duration = Duration::from_millis(33);

/// The longest that a host waits for a window to close.
const LONGEST_END: Duration = Duration::from_secs(2);

const BROKEN: &str = "The window stopped because of an error of its own. The recorder itself goes on; use the DAW's own \
                      controls.";

/// Makes the editor; the window itself opens when the host asks for it.
pub fn create(
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    foresee: Foresee,
    library: Box<dyn Library>,
    preferences: Box<dyn Preferences>,
) -> Option<RecorderEditor> {
    let notifier = RepaintNotifier::default();
    let wake = {
        let notifier = notifier.clone();
        move || notifier.request_repaint()
    };
    status.scope().on_change(wake.clone());
    let desktop = Box::new(UserDesktop::new(wake));
    let panel = Panel::new(Arc::clone(&params), Arc::clone(&status), desktop, foresee, library, preferences);
    let app = App {
        shared: Arc::new(Mutex::new(Shared { panel, gui: None, is_broken: false })),
        params: Arc::clone(&params),
        geometry: Arc::default(),
        alive: Arc::default(),
        open: Arc::default(),
        notifier: notifier.clone(),
        claim: Claim::default(),
    };
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
        let end = ThreadEnd::expect(&self.app.alive);
        let spawned = inner.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        self.app.geometry.follow(&spawned.window.size());
        self.status.scope().open();
        let open = Arc::clone(&self.app.open);
        let handle = RecorderHandle { inner: spawned.handle, status: Arc::clone(&self.status), open };
        Ok(SpawnedEditor { handle, window: OpenWindow { window: spawned.window, _end: end } })
    }

    fn size(&self) -> NativeSize<u32> {
        // The framework knows the desktop's scale only once a window was resized; hosts ask before that.
        let geometry = &self.app.geometry;
        let [width, height] =
            if self.status.scope().is_viewed() { geometry.size.get() } else { self.params.window.get() };
        NativeSize::from_size(LogicalSize { width, height }.into(), geometry.scale())
    }

    fn resize_hint(&self) -> ResizeHint {
        self.inner().resize_hint()
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.inner().track_info_updated(info);
    }
}

/// One open window. While it lives the audio thread feeds the meters.
pub struct RecorderHandle {
    inner: EguiEditorHandle,
    status: Arc<Status>,
    open: Open,
}

impl Drop for RecorderHandle {
    fn drop(&mut self) {
        self.status.scope().close();
        *open(&self.open) = WhileOpen::default();
    }
}

impl EditorHandle for RecorderHandle {
    type Window = OpenWindow;
    type Error = baseview::Error;

    fn run_until_closed(window: Self::Window) -> Result<(), Self::Error> {
        EguiEditorHandle::run_until_closed(window.window)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_parent(parent, &window.window)
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.show(&window.window)
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.hide(&window.window)
    }

    fn set_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_size(new_size, &window.window)
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.inner.host_main_thread_callback(&window.window);
    }

    fn adjust_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        self.inner.adjust_size(new_size, &window.window)
    }

    fn set_fallback_scale_factor(&self, scale_factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_fallback_scale_factor(scale_factor, &window.window)
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

/// The window itself, and its end. The fields are dropped in this order.
pub struct OpenWindow {
    window: baseview::Window,
    _end: ThreadEnd,
}

/// What a window's thread holds as long as it runs.
type Alive = Arc<Mutex<Option<Sender<()>>>>;

thread_local! {
    /// Dropped as the last thing that a window's thread does.
    static ALIVE: RefCell<Option<Sender<()>>> = const { RefCell::new(None) };
}

/// Waits on drop until the window's thread has ended. The framework does not always join it, and a host that then
/// exits would pull the graphics driver away under it.
struct ThreadEnd {
    alive: Alive,
    receiver: Receiver<()>,
}

impl ThreadEnd {
    /// Of the window that is about to open.
    fn expect(alive: &Alive) -> Self {
        let (sender, receiver) = channel();
        *alive.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        Self { alive: Arc::clone(alive), receiver }
    }

    /// On the window's thread.
    fn begin(alive: &Alive) {
        // Elsewhere the window lives on the host's own thread, which does not end with it.
        if cfg!(all(unix, not(target_os = "macos"))) {
            let sender = alive.lock().unwrap_or_else(PoisonError::into_inner).take();
            ALIVE.with(|alive| *alive.borrow_mut() = sender);
        }
    }
}

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        // A window that never came to life holds nothing.
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // Ends when the sender is dropped; a driver that hangs must not hang the host.
        let _ = self.receiver.recv_timeout(LONGEST_END);
    }
}

/// The size of the open window in logical points, and the desktop's scale as the last window found it.
#[derive(Default)]
struct Geometry {
    size: WindowSize,
    scale_bits: AtomicU64,
}

impl Geometry {
    fn follow(&self, window: &NewSize) {
        self.size.set([window.logical.width as f32, window.logical.height as f32]);
        self.scale_bits.store(window.scale_factor.to_bits(), Relaxed);
    }

    fn scale(&self) -> f64 {
        let scale = f64::from_bits(self.scale_bits.load(Relaxed));
        if scale > 0.0 { scale } else { 1.0 }
    }
}

/// What the framework draws. Every window's app leads to the same panel.
#[derive(Clone)]
pub struct App {
    shared: Arc<Mutex<Shared>>,
    params: Arc<RecorderParams>,
    geometry: Arc<Geometry>,
    alive: Alive,
    open: Open,
    notifier: RepaintNotifier,
    /// Since the last frame.
    claim: Claim,
}

/// What is there while a window is open.
#[derive(Default)]
struct WhileOpen {
    fonts: Option<SystemFonts>,
    #[cfg(target_os = "linux")]
    hand_on: Option<HandOn>,
}

type Open = Arc<Mutex<WhileOpen>>;

fn open(open: &Open) -> MutexGuard<'_, WhileOpen> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared {
    panel: Panel,
    gui: Option<GuiContext>,
    /// The panel panicked once; the recorder itself goes on.
    is_broken: bool,
}

impl App {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        egui_ctx: egui::Context,
        gui: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        ThreadEnd::begin(&self.alive);
        theme::apply(&egui_ctx);
        Guard::install(&egui_ctx);
        *open(&self.open) = WhileOpen {
            fonts: Some(SystemFonts::new(&egui_ctx)),
            #[cfg(target_os = "linux")]
            hand_on: HandOn::of(frame.baseview_window()),
        };
        frame.set_clear_color(theme::BACKGROUND.into());
        let mut shared = self.shared();
        shared.panel.opens();
        shared.gui = Some(gui);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        #[cfg(target_os = "linux")]
        if let Some(hand_on) = &mut open(&self.open).hand_on {
            hand_on.go_on(self.claim);
        }
        let mut shared = self.shared();
        let Shared { panel, gui: Some(gui), is_broken } = &mut *shared else { return };
        if !*is_broken {
            // A panic must not reach the host: it would take the session down.
            let drawn = catch_unwind(AssertUnwindSafe(|| panel.show(ui, &gui.param_setter())));
            *is_broken = drawn.is_err();
        }
        if *is_broken {
            ui.label(BROKEN);
        }
        drop(shared);
        if let Some(fonts) = &mut open(&self.open).fonts {
            let notifier = self.notifier.clone();
            fonts.follow(ui.ctx(), move || notifier.request_repaint());
        }
        self.claim = Claim::now(ui.ctx());
        frame.set_key_capture(self.claim.capture(ui.input(|input| input.modifiers)));
    }

    fn resized(&mut self, new_size: NewSize) {
        self.geometry.follow(&new_size);
        self.params.window.set(self.geometry.size.get());
    }

    fn track_info_changed(&mut self, info: TrackInfo) {
        let rgb = info.color().map(|color| {
            let (red, green, blue, _) = color.rgba();
            [red, green, blue]
        });
        self.shared().panel.set_track(info.name(), rgb);
    }
}
