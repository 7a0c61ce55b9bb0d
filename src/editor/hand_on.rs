//! Hands the keys that are none of the window's on to the host, on X11.
//!
//! X gives a key to the window that asks for it, and to no other; the backend asks for all and hands none on. So they
//! are heard here a second time, by a connection of our own, and those of the DAW are sent to the host's window, as
//! toolkits for plugins do. On macOS the backend hands them on itself, as it is told by `Claim::capture`; on Windows
//! it keeps them.

use super::keys::Claim;
use egui::{Key, Modifiers};
use nice_plug_egui::baseview::WindowContext;
use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt, EventMask, GetKeyboardMappingReply, KeyButMask, KeyPressEvent, Window,
};
use x11rb::rust_connection::RustConnection;

/// In the type of an event: a program has sent it, and no keyboard.
const IS_SENT: u8 = 0x80;

/// The keys of one window.
pub struct HandOn {
    connection: RustConnection,
    window: Window,
    /// The number of the first key in `symbols`.
    first_key: u8,
    symbols: GetKeyboardMappingReply,
    /// The keys whose press went to the host, and whose release it has to hear, too.
    handed_on: Vec<u8>,
}

impl HandOn {
    /// The keys of this window; `None` where it is none of X, or X refuses.
    pub fn of(window: &WindowContext) -> Option<Self> {
        let window = match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => Window::try_from(handle.window).ok()?,
            _ => return None,
        };
        let (connection, _) = x11rb::connect(None).ok()?;
        Self::listen(connection, window).ok()
    }

    fn listen(connection: RustConnection, window: Window) -> Result<Self, ReplyError> {
        let keys = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
        connection.change_window_attributes(window, &ChangeWindowAttributesAux::new().event_mask(keys))?.check()?;
        let (first_key, symbols) = symbols(&connection)?;
        Ok(Self { connection, window, first_key, symbols, handed_on: Vec::new() })
    }

    /// Hands on what has come since the last frame, by the claim that the window had on it.
    pub fn go_on(&mut self, claim: Claim) {
        // An error ends the connection, and the window's own with it.
        while let Ok(Some(event)) = self.connection.poll_for_event() {
            match event {
                Event::KeyPress(key) if self.is_pressed_here(&key) => {
                    let is_kept = match self.key(&key) {
                        Some(of) => claim.keeps(of, modifiers(key.state)),
                        None => claim.keeps_all(),
                    };
                    if !is_kept && self.send(key).is_ok() && !self.handed_on.contains(&key.detail) {
                        self.handed_on.push(key.detail);
                    }
                }
                Event::KeyRelease(key) if self.is_pressed_here(&key) => {
                    let count = self.handed_on.len();
                    self.handed_on.retain(|&pressed| pressed != key.detail);
                    if self.handed_on.len() < count {
                        // A host that has gone needs no key.
                        let _ = self.send(key);
                    }
                }
                Event::MappingNotify(_) => {
                    if let Ok((first_key, symbols)) = symbols(&self.connection) {
                        (self.first_key, self.symbols) = (first_key, symbols);
                    }
                }
                _ => {}
            }
        }
    }

    /// Hosts that hand keys on to the plugin send them; they would come back for ever.
    fn is_pressed_here(&self, key: &KeyPressEvent) -> bool {
        key.event == self.window && key.response_type & IS_SENT == 0
    }

    /// The key as the window knows it; `None` for one that it never uses.
    fn key(&self, key: &KeyPressEvent) -> Option<Key> {
        let of_each_key = usize::from(self.symbols.keysyms_per_keycode);
        let first = usize::from(key.detail.checked_sub(self.first_key)?) * of_each_key;
        let of_this_key = self.symbols.keysyms.get(first..first + of_each_key)?;
        // A second layout lies behind the first one, each without and with Shift.
        let layout = usize::from(u16::from(key.state) >> 13 & 3);
        let symbol = of_this_key.get(2 * layout).filter(|&&symbol| symbol != 0).or(of_this_key.first())?;
        named(*symbol)
    }

    /// Sends the key to whoever made the window that ours lies in.
    fn send(&self, key: KeyPressEvent) -> Result<(), ReplyError> {
        let tree = self.connection.query_tree(self.window)?.reply()?;
        if tree.parent != tree.root {
            let key = KeyPressEvent { event: tree.parent, ..key };
            self.connection.send_event(false, tree.parent, EventMask::NO_EVENT, key)?;
            self.connection.flush()?;
        }
        Ok(())
    }
}

/// What is written on the keys, and the number of the first one.
fn symbols(connection: &RustConnection) -> Result<(u8, GetKeyboardMappingReply), ReplyError> {
    let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
    Ok((first, connection.get_keyboard_mapping(first, last - first + 1)?.reply()?))
}

/// The key with this name in X's `keysymdef.h`.
fn named(symbol: u32) -> Option<Key> {
    Some(match symbol {
        0x20 => Key::Space,
        0x43 | 0x63 => Key::C,
        0x4d | 0x6d => Key::M,
        0x52 | 0x72 => Key::R,
        0xff09 | 0xfe20 => Key::Tab,
        0xff0d | 0xff8d => Key::Enter,
        0xff1b => Key::Escape,
        0xff50 => Key::Home,
        0xff51 => Key::ArrowLeft,
        0xff52 => Key::ArrowUp,
        0xff53 => Key::ArrowRight,
        0xff54 => Key::ArrowDown,
        0xff57 => Key::End,
        0xff67 => Key::Menu,
        0xffbf => Key::F2,
        0xffc7 => Key::F10,
        0xffff => Key::Delete,
        _ => return None,
    })
}

fn modifiers(state: KeyButMask) -> Modifiers {
    Modifiers {
        alt: state.contains(KeyButMask::MOD1),
        ctrl: state.contains(KeyButMask::CONTROL),
        shift: state.contains(KeyButMask::SHIFT),
        mac_cmd: false,
        command: state.contains(KeyButMask::CONTROL),
    }
}
