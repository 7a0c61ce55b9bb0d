//! Who gets a key, the window or the DAW, and that one press is one action.
//!
//! egui would move the focus with Tab and press what has it with Space and Enter, repeats and all. So keys that are
//! none of the window's are taken out of its input before it sees them, by [`Guard`]. The rule for one key is
//! [`Claim::keeps`]; the backend, and on X11 `hand_on`, go by the same rule, so that no key acts in both.

use super::view;
use egui::{Context, Event, Id, Key, Modifiers, Plugin, Popup, RawInput};
use nice_plug_egui::KeyCapture;

/// How long after its release the press of a key is still a repeat, in seconds. X sends both at once, and they may
/// fall into two frames; nobody presses a key again so fast.
const MAX_REPEAT_GAP: f64 = 0.02;

/// What the view knows about the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// The user gave the keys to the recorder.
    pub recorder_has_keys: bool,
    /// Something is asked that Enter and Escape answer.
    pub is_asking: bool,
}

fn told_id() -> Id {
    Id::unique("who has the keys")
}

/// Keeps for the next keys what the view knows about them.
pub fn tell(ctx: &Context, told: Told) {
    ctx.data_mut(|data| data.insert_temp(told_id(), told));
}

/// What the window needs keys for at a moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim {
    recorder_has_keys: bool,
    /// A menu is open, or something is asked.
    needs_answer: bool,
    is_typing: bool,
    take_has_focus: bool,
    tab_has_focus: bool,
}

impl Claim {
    /// The window's claim as it is after its last frame.
    pub fn now(ctx: &Context) -> Self {
        let told: Told = ctx.data(|data| data.get_temp(told_id())).unwrap_or_default();
        Self {
            recorder_has_keys: told.recorder_has_keys,
            needs_answer: told.is_asking || Popup::is_any_open(ctx),
            is_typing: ctx.text_edit_focused(),
            take_has_focus: view::takes_have_focus(ctx),
            tab_has_focus: view::tabs_have_focus(ctx),
        }
    }

    /// Whether the key is the window's, and not the DAW's.
    pub fn keeps(self, key: Key, modifiers: Modifiers) -> bool {
        if self.is_typing {
            return true;
        }
        let is_alone = modifiers.is_none();
        match key {
            Key::Space | Key::M | Key::C => is_alone && self.recorder_has_keys,
            Key::R => is_alone && self.recorder_has_keys && self.take_has_focus,
            Key::Enter | Key::Escape => is_alone && (self.recorder_has_keys || self.needs_answer),
            Key::Tab => (is_alone || modifiers == Modifiers::SHIFT) && (self.recorder_has_keys || self.needs_answer),
            Key::ArrowUp | Key::ArrowDown => is_alone && (self.needs_answer || self.take_has_focus),
            Key::ArrowLeft | Key::ArrowRight | Key::Home | Key::End => {
                is_alone && (self.needs_answer || self.tab_has_focus)
            }
            Key::Delete | Key::F2 | Key::Menu => is_alone && self.take_has_focus,
            Key::F10 => modifiers == Modifiers::SHIFT && self.take_has_focus,
            _ => false,
        }
    }

    /// Whether keys that the window never uses are the window's all the same.
    #[cfg(target_os = "linux")]
    pub fn keeps_all(self) -> bool {
        self.is_typing
    }

    /// The same for the backend, which knows keys by name and no modifiers.
    pub fn capture(self, modifiers: Modifiers) -> KeyCapture {
        /// What the windowing systems call the keys that may be the window's.
        const NAMES: [(&str, Key); 19] = [
            (" ", Key::Space),
            ("m", Key::M),
            ("M", Key::M),
            ("c", Key::C),
            ("C", Key::C),
            ("r", Key::R),
            ("R", Key::R),
            ("Enter", Key::Enter),
            ("Escape", Key::Escape),
            ("Tab", Key::Tab),
            ("ArrowUp", Key::ArrowUp),
            ("ArrowDown", Key::ArrowDown),
            ("ArrowLeft", Key::ArrowLeft),
            ("ArrowRight", Key::ArrowRight),
            ("Home", Key::Home),
            ("End", Key::End),
            ("Delete", Key::Delete),
            ("F2", Key::F2),
            ("ContextMenu", Key::Menu),
        ];
        if self.is_typing {
            return KeyCapture::CaptureAll;
        }
        let kept = |&&(_, key): &&(&str, Key)| self.keeps(key, modifiers);
        let mut names: Vec<_> = NAMES.iter().filter(kept).map(|(name, _)| *name).collect();
        // Pressed together with Shift, which is not down yet.
        if self.keeps(Key::F10, Modifiers::SHIFT) {
            names.push("F10");
        }
        KeyCapture::CaptureKeys(names.into_iter().filter_map(|name| name.parse().ok()).collect())
    }
}

/// Whether the key only moves through the window, so that it may go on while it is held.
fn moves(key: Key) -> bool {
    let keys = [Key::Tab, Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
    keys.contains(&key)
}

/// Keeps from egui the keys that are none of the window's, and repeats.
#[derive(Debug, Default)]
pub struct Guard {
    /// The keys that were let go, with the window's time at which they were.
    released: Vec<(Key, f64)>,
}

impl Guard {
    /// Stands guard over the keys of this window.
    pub fn install(ctx: &Context) {
        ctx.add_plugin(Self::default());
    }

    /// What came in until `now` without that which egui must not see.
    fn filter(&mut self, events: &mut Vec<Event>, claim: Claim, now: f64) {
        self.released.retain(|&(_, at)| now - at <= MAX_REPEAT_GAP);
        events.retain(|event| match *event {
            Event::Key { key, pressed: false, .. } => {
                self.released.push((key, now));
                true
            }
            Event::Key { key, pressed: true, repeat, modifiers, .. } => {
                let is_repeat = repeat || self.released.iter().any(|&(released, _)| released == key);
                claim.keeps(key, modifiers) && (claim.is_typing || !is_repeat || moves(key))
            }
            _ => true,
        });
    }
}

impl Plugin for Guard {
    fn debug_name(&self) -> &'static str {
        "guard of the keys"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let now = input.time.unwrap_or_else(|| ctx.input(|last| last.time) + f64::from(input.predicted_dt));
        self.filter(&mut input.events, Claim::now(ctx), now);
    }
}
