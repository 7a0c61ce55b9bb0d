//! The plugin's window, on an X server of its own. Linux only.

use crate::error::HostError;
use crate::handlers::Shared;
use crate::instance::Instance;
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ButtonIndex, ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, ImageFormat, KeyButMask,
    KeyPressEvent, PropMode, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const SCREEN: &str = "2048x1536x24";

const SETTLE_ROUNDS: u32 = 20;
const SETTLE_PAUSE: Duration = Duration::from_millis(10);

/// An X server without a screen: Xvfb. Ends when it is dropped.
pub struct XServer {
    process: Child,
    /// What the environment variable `DISPLAY` has to say.
    pub display: String,
}

impl XServer {
    /// Starts Xvfb on a display that is free; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let mut process = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        BufReader::new(process.stdout.take()?).read_line(&mut number).ok()?;
        Some(Self { process, display: format!(":{}", number.trim()) })
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A picture of a window, 8 bits each of red, green and blue, row by row.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// The colour of one pixel.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y * self.width + x) as usize * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }
}

/// The host's own window, in which a plugin's window lies.
pub struct HostWindow {
    connection: RustConnection,
    root: u32,
    id: u32,
}

impl HostWindow {
    /// Opens a window on the server that `DISPLAY` names. `scale` is told to the desktop as its font resolution.
    pub fn open(scale: f64) -> Result<Self, HostError> {
        let (connection, screen) = x11rb::connect(None).map_err(window_error)?;
        let root = connection.setup().roots[screen].root;
        let id = connection.generate_id().map_err(window_error)?;
        let dpi = format!("Xft.dpi:\t{}\n", 96.0 * scale);
        let resources = AtomEnum::RESOURCE_MANAGER;
        connection
            .change_property8(PropMode::REPLACE, root, resources, AtomEnum::STRING, dpi.as_bytes())
            .map_err(window_error)?;
        let aux = CreateWindowAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        connection
            .create_window(0, id, root, 0, 0, 64, 64, 0, WindowClass::INPUT_OUTPUT, 0, &aux)
            .map_err(window_error)?;
        connection.map_window(id).map_err(window_error)?;
        connection.sync().map_err(window_error)?;
        Ok(Self { connection, root, id })
    }

    /// Makes the window so large, in pixels.
    pub fn resize(&self, [width, height]: [u32; 2]) -> Result<(), HostError> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.id, &size).map_err(window_error)?;
        self.connection.sync().map_err(window_error)
    }

    /// Puts the window there, in pixels.
    pub fn move_window(&self, x: i32, y: i32) -> Result<(), HostError> {
        let place = ConfigureWindowAux::new().x(x).y(y);
        self.connection.configure_window(self.id, &place).map_err(window_error)?;
        self.connection.sync().map_err(window_error)
    }

    /// What the window shows, and whatever lies in front of it.
    pub fn picture(&self) -> Result<Picture, HostError> {
        let size = self.connection.get_geometry(self.id).map_err(window_error)?.reply().map_err(window_error)?;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, size.x, size.y, size.width, size.height, u32::MAX)
            .map_err(window_error)?
            .reply()
            .map_err(window_error)?;
        // Blue, green, red and a byte of nothing, on every server of the same byte order as this machine.
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Ok(Picture { width: size.width.into(), height: size.height.into(), rgb })
    }

    /// Moves the mouse there, in pixels, and clicks.
    pub fn click(&self, x: i16, y: i16) -> Result<(), HostError> {
        self.click_button(ButtonIndex::M1, x, y)
    }

    /// The same with the right button.
    pub fn click_right(&self, x: i16, y: i16) -> Result<(), HostError> {
        self.click_button(ButtonIndex::M3, x, y)
    }

    fn click_button(&self, button: ButtonIndex, x: i16, y: i16) -> Result<(), HostError> {
        const PRESS: u8 = 4;
        const RELEASE: u8 = 5;
        self.move_to(x, y)?;
        for event in [PRESS, RELEASE] {
            self.fake(event, button.into(), 0, 0)?;
        }
        Ok(())
    }

    /// Presses the key with this number and holds it; X repeats it meanwhile.
    pub fn press_key(&self, code: u8) -> Result<(), HostError> {
        const KEY_PRESS: u8 = 2;
        self.fake(KEY_PRESS, code, 0, 0)
    }

    /// Lets the key with this number go.
    pub fn release_key(&self, code: u8) -> Result<(), HostError> {
        const KEY_RELEASE: u8 = 3;
        self.fake(KEY_RELEASE, code, 0, 0)
    }

    /// Sends the press and the release of a key to the plugin's window, as hosts do that hand theirs on.
    pub fn send_key(&self, code: u8) -> Result<(), HostError> {
        let tree = self.connection.query_tree(self.id).map_err(window_error)?.reply().map_err(window_error)?;
        let plugin = *tree.children.first().ok_or_else(|| window_error("there is no plugin's window"))?;
        for (response_type, mask) in [(2, EventMask::KEY_PRESS), (3, EventMask::KEY_RELEASE)] {
            let key = KeyPressEvent {
                response_type,
                detail: code,
                sequence: 0,
                time: x11rb::CURRENT_TIME,
                root: self.root,
                event: plugin,
                child: x11rb::NONE,
                root_x: 0,
                root_y: 0,
                event_x: 0,
                event_y: 0,
                state: KeyButMask::default(),
                same_screen: true,
            };
            self.connection.send_event(false, plugin, mask, key).map_err(window_error)?;
        }
        self.connection.sync().map_err(window_error)
    }

    /// The keys that the host got since the last question: their numbers, and whether each was pressed or let go.
    pub fn heard_keys(&self) -> Result<Vec<(u8, bool)>, HostError> {
        let mut heard = Vec::new();
        self.connection.sync().map_err(window_error)?;
        while let Some(event) = self.connection.poll_for_event().map_err(window_error)? {
            match event {
                Event::KeyPress(key) if key.event == self.id => heard.push((key.detail, true)),
                Event::KeyRelease(key) if key.event == self.id => heard.push((key.detail, false)),
                _ => {}
            }
        }
        Ok(heard)
    }

    /// The text in the desktop's clipboard; `None` where nobody gives one out.
    pub fn clipboard(&self) -> Result<Option<String>, HostError> {
        let atom = |name: &str| {
            let reply = self.connection.intern_atom(false, name.as_bytes()).map_err(window_error)?.reply();
            reply.map(|reply| reply.atom).map_err(window_error)
        };
        let (clipboard, text, place) = (atom("CLIPBOARD")?, atom("UTF8_STRING")?, atom("PASTED")?);
        self.connection
            .convert_selection(self.id, clipboard, text, place, x11rb::CURRENT_TIME)
            .map_err(window_error)?;
        self.connection.sync().map_err(window_error)?;
        for _ in 0..SETTLE_ROUNDS {
            while let Some(event) = self.connection.poll_for_event().map_err(window_error)? {
                let Event::SelectionNotify(told) = event else { continue };
                if told.property == x11rb::NONE {
                    return Ok(None);
                }
                let pasted = self.connection.get_property(true, self.id, place, AtomEnum::ANY, 0, 1 << 16);
                let pasted = pasted.map_err(window_error)?.reply().map_err(window_error)?;
                return Ok(String::from_utf8(pasted.value).ok());
            }
            std::thread::sleep(SETTLE_PAUSE);
        }
        Ok(None)
    }

    /// Moves the mouse there, in pixels.
    pub fn move_to(&self, x: i16, y: i16) -> Result<(), HostError> {
        const MOVE: u8 = 6;
        self.fake(MOVE, 0, x, y)
    }

    fn fake(&self, event: u8, detail: u8, x: i16, y: i16) -> Result<(), HostError> {
        self.connection.xtest_fake_input(event, detail, 0, self.root, x, y, 0).map_err(window_error)?;
        self.connection.sync().map_err(window_error)
    }
}

fn window_error(error: impl std::fmt::Display) -> HostError {
    HostError::Window(error.to_string())
}

impl Instance {
    /// Opens the plugin's window in `parent`, which takes on its size, and returns that in pixels.
    pub fn open_window(&mut self, parent: &HostWindow) -> Result<[u32; 2], HostError> {
        let (gui, handle) = self.extension::<PluginGui>()?;
        let refused = |what: &str| HostError::Window(format!("the plugin refused to {what}"));
        let embedded = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        gui.create(&handle, embedded).map_err(|_| refused("make a window"))?;
        let size = gui.get_size(&handle).ok_or_else(|| refused("tell its size"))?;
        parent.resize([size.width, size.height])?;
        let window = Window::from_x11_handle(parent.id.into());
        // SAFETY: the caller keeps the parent open until the plugin's window is closed.
        unsafe { gui.set_parent(&handle, window) }.map_err(|_| refused("lie in the host's window"))?;
        gui.show(&handle).map_err(|_| refused("show its window"))?;
        self.settle_window(parent)
    }

    /// Gives the plugin's window a moment to ask for the size that it wants on this desktop, and grants it.
    fn settle_window(&mut self, parent: &HostWindow) -> Result<[u32; 2], HostError> {
        for _ in 0..SETTLE_ROUNDS {
            self.run_callbacks();
            if let Some(size) = self.take_resize_request() {
                parent.resize(size)?;
            }
            std::thread::sleep(SETTLE_PAUSE);
        }
        self.window_size()?.ok_or_else(|| HostError::Window("the plugin does not tell its size".to_owned()))
    }

    /// The size of the plugin's window in pixels.
    pub fn window_size(&mut self) -> Result<Option<[u32; 2]>, HostError> {
        let (gui, handle) = self.extension::<PluginGui>()?;
        Ok(gui.get_size(&handle).map(|size| [size.width, size.height]))
    }

    /// Makes the plugin's window as large as it allows, at most `size` in pixels, and returns what it became.
    pub fn resize_window(&mut self, parent: &HostWindow, [width, height]: [u32; 2]) -> Result<[u32; 2], HostError> {
        let (gui, handle) = self.extension::<PluginGui>()?;
        let wanted = GuiSize { width, height };
        let size = gui.adjust_size(&handle, wanted).unwrap_or(wanted);
        parent.resize([size.width, size.height])?;
        gui.set_size(&handle, size).map_err(|_| HostError::Window("the plugin refused a size".to_owned()))?;
        Ok([size.width, size.height])
    }

    /// Closes the plugin's window.
    pub fn close_window(&mut self) -> Result<(), HostError> {
        let (gui, handle) = self.extension::<PluginGui>()?;
        gui.destroy(&handle);
        Ok(())
    }

    /// The size that the plugin's window asked for since the last question, in pixels.
    pub fn take_resize_request(&mut self) -> Option<[u32; 2]> {
        self.shared(Shared::take_resize_request)
    }
}
