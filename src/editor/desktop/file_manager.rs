//! Shows a file in the user's file manager, selected where the desktop can do that.

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;

use std::io;
use std::path::Path;

/// Shows `file`, which is there, in its folder. Waits for the desktop.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn reveal(file: &Path) -> io::Result<()> {
    if bus::show_item(file) { Ok(()) } else { open::that(file.parent().unwrap_or(file)) }
}

/// Shows `file`, which is there, in its folder. Waits for the desktop.
#[cfg(target_os = "macos")]
pub fn reveal(file: &Path) -> io::Result<()> {
    std::process::Command::new("open").arg("-R").arg(file).status().map(drop)
}

/// Shows `file`, which is there, in its folder. Waits for the desktop.
#[cfg(windows)]
pub fn reveal(file: &Path) -> io::Result<()> {
    use std::os::windows::process::CommandExt;
    // Whether it did says Explorer in no way.
    std::process::Command::new("explorer").raw_arg(selection(file)).status().map(drop)
}

/// What Explorer is told to select. It takes commas and equals signs outside of quotes for ends, and a switch in quotes for a
/// name (Geoff Chappell, "The Windows Explorer Command Line"), which is not how programs are told else.
#[cfg(windows)]
fn selection(file: &Path) -> std::ffi::OsString {
    let mut selection = std::ffi::OsString::from("/select,\"");
    selection.push(file);
    selection.push("\"");
    selection
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_ends_what_explorer_is_told() {
        let told = selection(Path::new(r"C:\my takes\a, b=c-001.wav"));
        assert_eq!(told, r#"/select,"C:\my takes\a, b=c-001.wav""#);
    }
}
