//! What text has to be like to stand in a name on Linux, macOS and Windows alike.
//!
//! Source for Windows: "Naming Files, Paths, and Namespaces" in Microsoft's documentation of Win32.

/// The longest name that the usual file systems take: 255 bytes (ext4, APFS) or 255 UTF-16 units (NTFS, exFAT). A text
/// never has more UTF-16 units than UTF-8 bytes, so bytes decide.
pub(super) const MAX_NAME_BYTES: usize = 255;

/// Text for a token, so that it can stand anywhere in a name: no separators and no characters that a system forbids; no
/// blanks at its ends, no dots at its end, none at its start (`..`, and files that hide themselves). `otherwise` where
/// nothing is left.
pub(super) fn token_text(text: &str, otherwise: &str) -> String {
    // Longer text is cut later anyway; a hostile one must not cost its whole length at every turn.
    let text = text.trim_start();
    let text = trim_end(&text[..text.floor_char_boundary(4 * MAX_NAME_BYTES)]);
    if text.is_empty() {
        return otherwise.to_owned();
    }
    let mut safe: String = text.chars().map(|c| if is_forbidden(c) { '_' } else { c }).collect();
    if safe.starts_with('.') {
        safe.replace_range(..1, "_");
    }
    safe
}

/// Takes blanks and dots off the end.
pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Whether Windows takes a name for a device: with any extension, in any case, blanks before the extension or not.
pub(super) fn is_reserved(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    const PORTS: [&str; 2] = ["COM", "LPT"];
    let base = name.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.iter().any(|device| base.eq_ignore_ascii_case(device)) {
        return true;
    }
    // Superscript 1 to 3 count as digits there.
    let Some(port) = base.strip_suffix(|c: char| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³')) else {
        return false;
    };
    PORTS.iter().any(|name| port.eq_ignore_ascii_case(name))
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*')
}
