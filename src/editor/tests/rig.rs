//! A window without a host: what it asks for is written down.

use crate::core::format::Group;
use crate::core::naming::Suffix;
use crate::core::take::TakeSettings;
use crate::editor::desktop::{Desktop, News};
use crate::editor::gestures::Gestures;
use crate::editor::keys::Guard;
use crate::editor::panel::{Foreseen, Panel};
use crate::editor::theme;
use crate::link::groups::{Membership, group};
use crate::link::{KeptTake, Library, LibraryNews, Preferences, Status, TextSet};
use crate::params::{RecorderParams, WindowSize};
use egui::{Event, Key, Modifiers, Rect, Role, Vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use nice_plug::prelude::Param;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The window's size until a user changes it, in points.
pub fn default_size() -> Vec2 {
    WindowSize::default().get().into()
}

/// Changes parameters as a host does, and writes down how.
#[derive(Default)]
struct WrittenDown(RefCell<Vec<String>>);

impl WrittenDown {
    fn note(&self, gesture: String) {
        self.0.borrow_mut().push(gesture);
    }
}

impl Gestures for WrittenDown {
    fn begin<P: Param>(&self, param: &P) {
        self.note(format!("begin {}", param.name()));
    }

    fn set<P: Param>(&self, param: &P, value: P::Plain) {
        let normalized = param.preview_normalized(value);
        // SAFETY: the parameter lives as long as the borrow that it came with.
        unsafe { param.as_ptr()._internal_set_normalized_value(normalized) };
        self.note(format!("set {} {normalized}", param.name()));
    }

    fn end<P: Param>(&self, param: &P) {
        self.note(format!("end {}", param.name()));
    }
}

/// What the window asked the desktop or the disk for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Folder(PathBuf),
    Show(PathBuf),
    Rename(Vec<PathBuf>, String),
    Trash(Vec<PathBuf>),
}

/// What has the keyboard's focus.
#[derive(Debug)]
pub struct Focused {
    pub role: Role,
    pub label: String,
    pub rect: Rect,
}

#[derive(Default)]
struct Messages {
    asked: Vec<Asked>,
    news: Vec<News>,
    library_news: Vec<LibraryNews>,
    /// The takes in the folder, and whether the window has not heard of them.
    kept: (Vec<KeptTake>, bool),
    gone: Vec<PathBuf>,
    looked_into: Option<PathBuf>,
}

struct FakeDesktop(Arc<Mutex<Messages>>);

impl Desktop for FakeDesktop {
    fn choose_folder(&mut self, start: Option<&Path>) {
        self.0.lock().unwrap().asked.push(Asked::Folder(start.unwrap().to_owned()));
    }

    fn show(&mut self, path: &Path) {
        self.0.lock().unwrap().asked.push(Asked::Show(path.to_owned()));
    }

    fn news(&mut self) -> Option<News> {
        self.0.lock().unwrap().news.pop()
    }
}

/// Does what the test says, when it says it.
struct FakeLibrary {
    messages: Arc<Mutex<Messages>>,
    kept: Vec<KeptTake>,
    gone: Vec<PathBuf>,
}

impl Library for FakeLibrary {
    fn look(&mut self, folder: Option<&Path>, _: &Arc<[PathBuf]>) -> bool {
        let mut messages = self.messages.lock().unwrap();
        messages.looked_into = folder.map(Path::to_owned);
        let is_news = std::mem::take(&mut messages.kept.1);
        self.kept.clone_from(&messages.kept.0);
        self.gone.clone_from(&messages.gone);
        is_news
    }

    fn takes(&self) -> &[KeptTake] {
        &self.kept
    }

    fn is_gone(&self, path: &Path) -> bool {
        self.gone.iter().any(|gone| gone == path)
    }

    fn rename(&mut self, paths: Vec<PathBuf>, written: String) {
        self.messages.lock().unwrap().asked.push(Asked::Rename(paths, written));
    }

    fn trash(&mut self, paths: Vec<PathBuf>) {
        self.messages.lock().unwrap().asked.push(Asked::Trash(paths));
    }

    fn news(&mut self) -> Option<LibraryNews> {
        self.messages.lock().unwrap().library_news.pop()
    }
}

/// What a user prefers, in each window of theirs.
#[derive(Clone, Default)]
pub struct User(Arc<Mutex<(bool, Option<String>)>>);

impl User {
    /// A user who gave the keys to the recorder.
    pub fn with_keys() -> Self {
        Self(Arc::new(Mutex::new((true, None))))
    }

    /// What was chosen could not be saved.
    pub fn hear(&self, trouble: &str) {
        self.0.lock().unwrap().1 = Some(trouble.to_owned());
    }
}

impl Preferences for User {
    fn recorder_has_keys(&mut self) -> bool {
        self.0.lock().unwrap().0
    }

    fn give_keys(&mut self, to_recorder: bool) {
        self.0.lock().unwrap().0 = to_recorder;
    }

    fn news(&mut self) -> Option<String> {
        self.0.lock().unwrap().1.take()
    }
}

pub struct World {
    pub panel: Panel,
    gestures: WrittenDown,
    params: Arc<RecorderParams>,
    status: Arc<Status>,
    desktop: Arc<Mutex<Messages>>,
}

/// A window, and everything around it.
pub struct Rig {
    pub harness: Harness<'static, World>,
}

impl Rig {
    pub fn new() -> Self {
        Self::sized(default_size(), 1.0)
    }

    /// A window whose keys are the recorder's.
    pub fn sized(size: Vec2, scale: f32) -> Self {
        Self::of(&User::with_keys(), size, scale)
    }

    /// A window of this user.
    pub fn of(user: &User, size: Vec2, scale: f32) -> Self {
        let (params, status) = (Arc::<RecorderParams>::default(), Arc::<Status>::default());
        let desktop = Arc::<Mutex<Messages>>::default();
        let foresee = |texts: &Arc<TextSet>, settings: &TakeSettings, _, _: &[String], _: Option<&Path>| {
            let suffix = if settings.unique_suffix { Suffix::Unique(1) } else { Suffix::Fixed(settings.n) };
            let path = PathBuf::from(format!("/takes/{}{suffix}", texts.file));
            Some(Foreseen::Known {
                path,
                folder: Some("/takes".into()),
                recorder_folder: Some("/takes".into()),
                home: None,
            })
        };
        let fake = Box::new(FakeDesktop(Arc::clone(&desktop)));
        let library = Box::new(FakeLibrary { messages: Arc::clone(&desktop), kept: Vec::new(), gone: Vec::new() });
        let foresee = Box::new(foresee);
        let preferences = Box::new(user.clone());
        let mut panel = Panel::new(Arc::clone(&params), Arc::clone(&status), fake, foresee, library, preferences);
        status.scope().open();
        panel.opens();
        let world = World { panel, gestures: WrittenDown::default(), params, status, desktop };
        let mut harness = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(scale)
            .with_context_setup(|ctx| {
                theme::apply(ctx);
                Guard::install(ctx);
            })
            // A name may hold what no font has.
            .allow_missing_glyphs()
            .build_ui_state(|ui, world: &mut World| world.panel.show(ui, &world.gestures), world);
        harness.run();
        Self { harness }
    }

    pub fn params(&self) -> &RecorderParams {
        &self.harness.state().params
    }

    pub fn status(&self) -> &Status {
        &self.harness.state().status
    }

    /// The instance takes its seat in this group, as its writer does.
    pub fn join(&self, of: Group) -> Membership {
        let World { status, params, .. } = self.harness.state();
        group(of).join(Arc::clone(status), Arc::clone(&params.texts), params.settings())
    }

    /// The gestures since the last question.
    pub fn gestures(&mut self) -> Vec<String> {
        self.harness.state().gestures.0.take()
    }

    /// What the desktop and the disk were asked for since the last question.
    pub fn asked(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.harness.state().desktop.lock().unwrap().asked)
    }

    pub fn tell(&mut self, news: News) {
        self.harness.state().desktop.lock().unwrap().news.push(news);
    }

    /// The disk has done, or not done, what it was asked for.
    pub fn hear(&mut self, news: LibraryNews) {
        self.harness.state().desktop.lock().unwrap().library_news.push(news);
        self.harness.run_steps(2);
    }

    /// These takes, each with its files, lie in the folder, and these files are no longer there.
    pub fn keep(&mut self, takes: &[&[&str]], gone: &[&str]) {
        let path = |name: &&str| Path::new("/takes").join(name);
        let take = |names: &&[&str]| KeptTake {
            paths: names.iter().map(path).collect(),
            frames: Some(96_000),
            sample_rate: 48_000,
            bytes: 576_044,
            loudness: None,
        };
        let mut messages = self.harness.state().desktop.lock().unwrap();
        messages.kept = (takes.iter().map(take).collect(), true);
        messages.gone = gone.iter().map(path).collect();
        drop(messages);
        self.harness.run_steps(2);
    }

    /// The folder whose takes the window wants.
    pub fn looked_into(&self) -> Option<PathBuf> {
        self.harness.state().desktop.lock().unwrap().looked_into.clone()
    }

    /// Measures a block in which each channel has this peak.
    pub fn play(&mut self, peaks: &[f32]) {
        let scope = self.status().scope();
        scope.set_channels(peaks.len());
        for (channel, &peak) in peaks.iter().enumerate() {
            scope.raise_peak(channel, peak);
            scope.set_rms(channel, peak / 2.0);
        }
        scope.count_block();
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(3);
    }

    /// Chooses the page that this tab stands for.
    pub fn page(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Tab, label).click();
        self.harness.run_steps(3);
    }

    /// The chosen page.
    pub fn panel(&self) -> Node<'_> {
        self.harness.get_by_role(Role::TabPanel)
    }

    /// The field of the chosen page into which this text is typed.
    pub fn field<'a>(&'a self, label: &'a str) -> Node<'a> {
        let lines = self.harness.query_by_role_and_label(Role::MultilineTextInput, label);
        lines.unwrap_or_else(|| self.harness.get_by_role_and_label(Role::TextInput, label))
    }

    /// Types into the field.
    pub fn type_into(&mut self, label: &str, text: &str) {
        self.field(label).click();
        self.harness.run();
        self.field(label).type_text(text);
        self.harness.run();
    }

    pub fn press(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.run_steps(2);
    }

    /// Hands these presses (`true`) and releases of keys over as what came in one frame, and draws it. `time` is the
    /// window's in seconds, where it matters.
    pub fn keys(&mut self, time: Option<f64>, keys: &[(Key, bool)]) {
        self.keys_with(Modifiers::NONE, time, keys);
    }

    /// The same with these modifier keys held.
    pub fn keys_with(&mut self, modifiers: Modifiers, time: Option<f64>, keys: &[(Key, bool)]) {
        let input = self.harness.input_mut();
        input.time = time;
        // As X tells it, for each press.
        let event = |&(key, pressed)| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        input.events.extend(keys.iter().map(event));
        self.harness.step();
    }

    /// The window's time in seconds.
    pub fn time(&self) -> f64 {
        self.harness.ctx.input(|input| input.time)
    }

    /// Asserts that the window says this.
    #[track_caller]
    pub fn sees(&mut self, label: &str) {
        self.harness.run_steps(2);
        assert!(self.harness.query_all_by_label(label).next().is_some(), "the window does not say {label:?}");
    }

    /// What has the keyboard's focus.
    pub fn focused(&self) -> Option<Focused> {
        let focused = self.harness.root().children_recursive().find(|node| node.is_focused())?;
        let node = focused.accesskit_node();
        let label = || node.labelled_by().find_map(|label| label.label().or_else(|| label.value()));
        Some(Focused { role: node.role(), label: node.label().or_else(label)?, rect: focused.rect() })
    }

    /// Presses Tab until this has the focus, and returns all that had it before.
    #[track_caller]
    pub fn tab_to(&mut self, role: Role, label: &str) -> Vec<Focused> {
        let mut passed = Vec::new();
        for _ in 0..40 {
            match self.focused() {
                Some(focused) if focused.role == role && focused.label == label => return passed,
                focused => passed.extend(focused),
            }
            self.press(Key::Tab);
        }
        panic!("{label:?} is not among {passed:?}");
    }

    pub fn open_menu(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::ComboBox, label).click();
        self.harness.run_steps(3);
    }

    /// Changes a parameter from outside the window.
    pub fn set<P: Param>(&mut self, param: impl FnOnce(&RecorderParams) -> &P, value: P::Plain) {
        let world = self.harness.state();
        world.gestures.change(param(&world.params), value);
        self.harness.run_steps(2);
    }
}
