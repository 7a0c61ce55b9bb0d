//! What the user prefers in every project, for the window: what it asks, and what it hears.

/// What is kept for the user, and not in the project. Nothing here waits for the disk; to be asked again and again while
/// a window is open.
pub trait Preferences: Send {
    /// Whether Space, Enter, Escape, Tab and letters are the recorder's; the DAW's until the user says otherwise.
    fn recorder_has_keys(&mut self) -> bool;

    /// The user gives the keys to the recorder, or back to the DAW.
    fn give_keys(&mut self, to_recorder: bool);

    /// What could not be kept since the last question, in words for the user.
    fn news(&mut self) -> Option<String>;
}
