//! The takes, newest first, and what is done to them: a click shows the file in its folder; the menu of the right button,
//! and keys, do the rest. What has to be asked is asked in the take's own row.

use super::{Action, come_into_sight, elided};
use crate::core::naming::name_of;
use crate::editor::takes::{TakeId, TakeRow};
use crate::editor::theme::{self, GAP};
use egui::text::CCursorRange;
use egui::{
    Align, Align2, Button, Context, Event, Id, Key, Layout, Margin, Modifiers, Popup, Rect, Response, Role, ScrollArea,
    Sense, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

const HEIGHT: f32 = 24.0;

/// Widths of length, size, peak, loudness and lost frames; the name gets the rest.
const COLUMNS: [f32; 5] = [88.0, 72.0, 60.0, 52.0, 80.0];

/// What the list needs in the lowest window: the heading, the newest take, and half of the one before, which shows that
/// there are more.
pub const LEAST_HEIGHT: f32 = 2.5 * HEIGHT;

const RENAME: &str = "Rename to";
const TRASH: &str = "Move to Trash";
const KEEP: &str = "Keep";

/// What the user wants with a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Show,
    CopyPath,
    Rename,
    Trash,
}

impl Wish {
    const ALL: [Wish; 4] = [Wish::Show, Wish::CopyPath, Wish::Rename, Wish::Trash];

    /// In the menu; `…` where something is asked before.
    fn label(self) -> &'static str {
        match self {
            Wish::Show => "Show in Folder",
            Wish::CopyPath => "Copy Path",
            Wish::Rename => "Rename…",
            Wish::Trash => "Move to Trash…",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Wish::Show => "Enter",
            Wish::CopyPath if cfg!(target_os = "macos") => "Cmd+C",
            Wish::CopyPath => "Ctrl+C",
            Wish::Rename => "R",
            Wish::Trash => "Del",
        }
    }

    /// Whether there is something to do it with.
    fn is_possible(self, take: &TakeRow) -> bool {
        match self {
            Wish::Show => take.path.is_some(),
            Wish::CopyPath | Wish::Rename | Wish::Trash => !take.files.is_empty(),
        }
    }
}

/// What is asked about a take.
enum Question {
    NewName(String),
    Trash,
}

struct Asked {
    about: TakeId,
    question: Question,
    /// It has not been drawn yet.
    is_new: bool,
}

/// What the list remembers between two frames.
#[derive(Default)]
pub struct Takes {
    asked: Option<Asked>,
}

impl Takes {
    /// Draws the list into what is left of the window.
    pub fn show(&mut self, ui: &mut Ui, takes: &[TakeRow], shows_focus: bool, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        // The figures stay below their headings.
        ui.spacing_mut().scroll.floating_allocated_width = 0.0;
        // Where trouble takes the room of the list, the newest take matters more.
        if takes.is_empty() || ui.available_height() >= 2.0 * HEIGHT {
            heading(ui, takes.is_empty());
        }
        // A take whose files have gone meanwhile has nothing to be asked.
        let is_there = |asked: &Asked| takes.iter().any(|take| take.id == asked.about && !take.files.is_empty());
        self.asked = self.asked.take().filter(is_there);
        ScrollArea::vertical().id_salt("takes").auto_shrink(false).min_scrolled_height(0.0).show(ui, |ui| {
            for (index, take) in takes.iter().enumerate() {
                match self.asked.take_if(|asked| asked.about == take.id) {
                    Some(asked) => self.asked = question(ui, take, asked, actions),
                    None => self.row(ui, index, take, shows_focus, actions),
                }
            }
            // The last row has to be readable above the corner of the window.
            ui.add_space(2.0 * GAP);
        });
    }

    /// Whether something is asked about a take.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    fn row(&mut self, ui: &mut Ui, index: usize, take: &TakeRow, shows_focus: bool, actions: &mut Vec<Action>) {
        // Not where it stands tells a row from the others: what has the focus must not become another take.
        let (_, area) = ui.allocate_space(vec2(ui.available_width(), HEIGHT));
        let response = ui.interact(area, id(&take.id), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, take.path.is_some(), take.label()));
        come_into_sight(&response);
        if ui.is_rect_visible(area) {
            let fill = match (response.hovered(), index.is_multiple_of(2)) {
                (true, _) => theme::HOVERED,
                (false, true) => theme::PANEL,
                (false, false) => theme::BACKGROUND,
            };
            ui.painter().rect_filled(area, theme::RADIUS, fill);
            cells(ui, area, take);
            if shows_focus && response.has_focus() {
                theme::focus_ring(ui.painter(), area.shrink(3.0));
            }
        }
        // So that Delete and the arrows are for it, where Tab is the DAW's.
        if response.clicked() {
            response.request_focus();
        }
        let by_menu = menu(&response, take);
        if response.has_focus() {
            ui.data_mut(|data| data.insert_temp(focused_id(), response.id));
        }
        let by_key = if response.has_focus() { key(ui) } else { None };
        let by_click = response.clicked().then_some(Wish::Show);
        if let Some(path) = &take.path {
            response.on_hover_text(format!("{}\n{}", path.display(), take.loudness).trim_end());
        }
        if let Some(wish) = by_menu.or(by_key).or(by_click).filter(|wish| wish.is_possible(take)) {
            self.grant(ui, take, wish, actions);
        }
    }

    fn grant(&mut self, ui: &Ui, take: &TakeRow, wish: Wish, actions: &mut Vec<Action>) {
        let question = match wish {
            Wish::Show => {
                actions.extend(take.path.clone().map(Action::Reveal));
                return;
            }
            Wish::CopyPath => {
                let paths: Vec<_> = take.files.iter().map(|path| path.to_string_lossy()).collect();
                ui.copy_text(paths.join("\n"));
                return;
            }
            Wish::Rename => Question::NewName(name_of(&take.files)),
            Wish::Trash => Question::Trash,
        };
        self.asked = Some(Asked { about: take.id.clone(), question, is_new: true });
        ui.ctx().request_repaint();
    }
}

/// Whether a take has the keyboard's focus.
pub fn have_focus(ctx: &Context) -> bool {
    let focused = ctx.memory(|memory| memory.focused());
    focused.is_some() && focused == ctx.data(|data| data.get_temp(focused_id()))
}

/// By what the take that had the focus last is known.
fn focused_id() -> Id {
    Id::unique("focused take")
}

fn id(take: &TakeId) -> Id {
    Id::unique(("take", take))
}

fn heading(ui: &mut Ui, is_empty: bool) {
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let (font, color) = (theme::text(12.0), theme::WEAK);
    let title = if is_empty { "The takes appear here" } else { "Takes" };
    ui.painter().text(area.left_center() + vec2(GAP, 0.0), Align2::LEFT_CENTER, title, font.clone(), color);
    if !is_empty {
        for (title, right) in ["Length", "Size", "Peak dB", "LUFS", "Lost"].into_iter().zip(rights(area)) {
            ui.painter().text(pos2(right, area.center().y), Align2::RIGHT_CENTER, title, font.clone(), color);
        }
    }
}

/// What the keys want with the take that has the focus. Enter is a click.
fn key(ui: &Ui) -> Option<Wish> {
    ui.input_mut(|input| {
        // Ctrl+C, or what the system has for it.
        if input.events.iter().any(|event| matches!(event, Event::Copy)) {
            return Some(Wish::CopyPath);
        }
        let keys = [(Key::F2, Wish::Rename), (Key::R, Wish::Rename), (Key::Delete, Wish::Trash)];
        keys.into_iter().find(|&(key, _)| input.consume_key(Modifiers::NONE, key)).map(|(_, wish)| wish)
    })
}

/// The menu of the right button, of Shift+F10 and of the key that is made for it.
fn menu(response: &Response, take: &TakeRow) -> Option<Wish> {
    let ctx = &response.ctx;
    let popup = Popup::default_response_id(response);
    let was_open = Popup::is_id_open(ctx, popup);
    let is_key = response.has_focus()
        && ctx.input_mut(|input| {
            input.consume_key(Modifiers::SHIFT, Key::F10) || input.consume_key(Modifiers::NONE, Key::Menu)
        });
    let menu = Popup::context_menu(response);
    if is_key {
        Popup::open_id(ctx, popup);
    }
    // Without a mouse it hangs from the row.
    let is_at_pointer = response.secondary_clicked() || Popup::position_of_id(ctx, popup).is_some();
    let menu = if is_at_pointer { menu } else { menu.anchor(response) };
    let mut chosen = None;
    menu.show(|ui| {
        for wish in Wish::ALL {
            let entry = Button::new(wish.label()).shortcut_text(wish.key());
            if ui.add_enabled(wish.is_possible(take), entry).clicked() {
                chosen = Some(wish);
                ui.close();
            }
        }
    });
    if was_open && !Popup::is_id_open(ctx, popup) {
        response.request_focus();
    }
    chosen
}

/// Asks about a take in its row. Returns the question until it is answered.
fn question(ui: &mut Ui, take: &TakeRow, mut asked: Asked, actions: &mut Vec<Action>) -> Option<Asked> {
    let (_, area) = ui.allocate_space(vec2(ui.available_width(), HEIGHT));
    ui.painter().rect_filled(area, theme::RADIUS, theme::HOVERED);
    let place = UiBuilder::new()
        // As the row itself: what has the focus keeps it where the list grows.
        .scope_id(Id::unique(("question", &take.id)))
        .max_rect(area.shrink2(vec2(GAP, 0.0)))
        .layout(Layout::right_to_left(Align::Center));
    let mut ui = ui.new_child(place);
    ui.spacing_mut().item_spacing.x = GAP;
    ui.spacing_mut().interact_size.y = HEIGHT;
    ui.spacing_mut().button_padding.y = 0.0;
    if asked.is_new {
        ui.scroll_to_rect(area, None);
    }
    let is_answered = match &mut asked.question {
        Question::NewName(written) => ask_for_name(&mut ui, take, written, asked.is_new, actions),
        Question::Trash => ask_before_trash(&mut ui, take, asked.is_new, actions),
    };
    asked.is_new = false;
    if is_answered {
        ui.memory_mut(|memory| memory.request_focus(id(&take.id)));
        return None;
    }
    Some(asked)
}

/// Enter renames; whatever else takes the focus away leaves the name as it is.
fn ask_for_name(ui: &mut Ui, take: &TakeRow, written: &mut String, is_new: bool, actions: &mut Vec<Action>) -> bool {
    let extension = take.files.first().and_then(|path| path.extension()).unwrap_or_default();
    ui.label(format!(".{}", extension.to_string_lossy()));
    let room = ui.available_rect_before_wrap();
    let mut ui = ui.new_child(UiBuilder::new().max_rect(room).layout(Layout::left_to_right(Align::Center)));
    let label = ui.label(RENAME).id;
    let field = Id::unique("new name");
    let all = CCursorRange::select_all_str(written);
    let edit = TextEdit::singleline(written).id(field).margin(Margin::symmetric(4, 2)).align(Align2::LEFT_CENTER);
    let response = ui.add_sized(vec2(ui.available_width(), HEIGHT - 2.0), edit).labelled_by(label);
    if is_new {
        response.request_focus();
        let mut state = TextEdit::load_state(ui.ctx(), field).unwrap_or_default();
        state.cursor.set_char_range(Some(all));
        TextEdit::store_state(ui.ctx(), field, state);
        return false;
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        actions.push(Action::Rename { files: take.files.clone(), written: written.clone() });
    }
    !response.has_focus()
}

fn ask_before_trash(ui: &mut Ui, take: &TakeRow, is_new: bool, actions: &mut Vec<Action>) -> bool {
    let keep = ui.add(Button::new(KEEP));
    let trash = ui.add(Button::new(TRASH));
    if is_new {
        trash.request_focus();
    }
    let words = match take.files.len() {
        1 => format!("Move {} to the trash?", take.name),
        count => format!("Move {} ({count} files) to the trash?", take.name),
    };
    let font = theme::text(13.0);
    let shown = elided(ui, &words, &font, ui.available_width());
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let response = ui.label(egui::RichText::new(shown).font(font));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    });
    if trash.clicked() {
        actions.push(Action::Trash(take.files.clone()));
    }
    trash.clicked() || keep.clicked() || ui.input(|input| input.key_pressed(Key::Escape))
}

fn cells(ui: &Ui, area: Rect, take: &TakeRow) {
    let middle = area.center().y;
    let [length, size, peak, lufs, lost] = rights(area);
    let color = match (take.note.is_empty(), take.is_complete) {
        (false, _) => theme::WEAK,
        (true, true) => theme::TEXT,
        (true, false) => theme::AMBER,
    };
    let font = theme::text(13.0);
    let left = area.left() + GAP;
    let mut right = length - COLUMNS[0];
    if !take.note.is_empty() {
        let place = pos2(right, middle);
        right = ui.painter().text(place, Align2::RIGHT_CENTER, &take.note, theme::text(12.0), color).left() - GAP;
    }
    let name = elided(ui, &take.name, &font, right - left);
    ui.painter().text(pos2(left, middle), Align2::LEFT_CENTER, name, font, color);
    let figures =
        [(length, &take.length), (size, &take.size), (peak, &take.peak), (lufs, &take.lufs), (lost, &take.lost)];
    for (right, text) in figures {
        ui.painter().text(pos2(right, middle), Align2::RIGHT_CENTER, text, theme::figures(12.0), color);
    }
}

/// The right edges of length, size, peak, loudness and lost frames.
fn rights(area: Rect) -> [f32; 5] {
    let mut right = area.right() - GAP;
    let mut rights = [0.0; 5];
    for (edge, width) in rights.iter_mut().zip(COLUMNS).rev() {
        *edge = right;
        right -= width;
    }
    rights
}
