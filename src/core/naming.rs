//! File naming: how the text of the `file` parameter becomes the names of a take's files.
//!
//! | in `file` | becomes |
//! |---|---|
//! | `~`, `~/…` | the home folder |
//! | an absolute path | itself |
//! | anything else | a name in the recorder's folder |
//! | `{track}` | the DAW's name of the track, `Track` where there is none |
//! | `{date}` `{time}` | the moment at which the take begins: `2026-11-22`, `14-03-59` |
//! | `{rate}` | the track's frames per second |
//! | `{type}` | the id of the file type |
//! | `{bitrate}` | kb/s of the file's sound, or the VBR quality: `192`, `V2` |
//! | `{group}` | the letter of the group; nothing for an instance of none |
//! | `{take}` | `001`, `002`, …: one number for all takes that a group records at once |
//! | `{suffix}` | the unique suffix `-001`, `-002`, … or the value of N |
//! | any other `{…}`, a lone `{` | itself |
//!
//! The extension always is the one of the file type. It is judged by what the user wrote (an audio extension or
//! `.{type}` at the end gives way to it), never by what a token became. What the user wrote otherwise stays as it is,
//! `..` and separators included, except that a NUL, which no system takes, becomes `_`. On Windows a colon behind anything
//! but the letter of a drive becomes `_`, too, and a `_` comes before the name of a device: sound that goes there is lost.
//! What a token becomes cannot lead to another folder and makes no name that Linux, macOS or Windows would refuse; text of
//! tokens is shortened where a name would get too long.

mod component;
mod renaming;
mod safe;
#[cfg(test)]
mod tests;

use super::format::StreamFormat;
use super::take::TakeSettings;
use component::Component;
pub use renaming::{NewName, TakeName, name_of};
use std::fmt;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf, is_separator};

/// What `file` says until the user says something else.
pub const DEFAULT_FILE: &str = "AudioFileOut{suffix}";

/// One number for all takes that a group records at once.
pub const TAKE: &str = "{take}";

/// Stands for a track that the DAW gives no name.
const NAMELESS_TRACK: &str = "Track";

/// Extensions that `file` may end in and that give way to the one of the file type.
const AUDIO_EXTENSIONS: [&str; 30] = [
    "wav", "wave", "bwf", "bw64", "rf64", "w64", "mp3", "mp2", "ogg", "oga", "opus", "spx", "flac", "aif", "aiff",
    "aifc", "m4a", "m4b", "aac", "alac", "ac3", "wma", "caf", "au", "snd", "ape", "wv", "mka", "tta", "weba",
];

/// The longest text that a channel, markers and a number of its own can add to a file name.
const LONGEST_MARKERS: &str = "_64 (4294967295) (recovered 4294967295)";

/// What the tokens stand for, apart from `{suffix}`.
#[derive(Debug, Clone, Copy)]
pub struct NameContext<'a> {
    /// The DAW's name of the track; any text.
    pub track: &'a str,
    /// The day on which the take begins, `2026-11-22`.
    pub date: &'a str,
    /// The time at which the take begins, `14-03-59`.
    pub time: &'a str,
    /// File type, codec and bit rate of the take.
    pub settings: &'a TakeSettings,
    /// The shape of the track's sound.
    pub format: StreamFormat,
}

/// What `{suffix}` becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix {
    /// `-001`, `-002`, … `-999`, `-1000`; also comes before the extension when `file` has no `{suffix}`.
    Unique(u64),
    /// The value of N; nothing when `file` has no `{suffix}`.
    Fixed(u16),
    /// A unique one whose number nobody knows yet, for people only: `-…`.
    Unknown,
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suffix::Unique(number) => write!(f, "-{number:03}"),
            Suffix::Fixed(n) => write!(f, "{n}"),
            Suffix::Unknown => f.write_str("-…"),
        }
    }
}

/// Where a [`NamePattern::path`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is complete.
    Absolute,
    /// It lies in the home folder.
    Home,
    /// It lies in the recorder's folder.
    Folder,
}

/// What stands in brackets behind the name of a file that belongs to a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// The part of this number, from 2 on: `name (2).wav`.
    Part(u32),
    /// The new take while an older one still has the name: `name (recording).wav`.
    Recording,
    /// What a killed host or a deleted file left: `name (recovered).wav`, `name (recovered 2).wav`, …
    Recovered(u32),
    /// A take that could not replace the older one: `name (new).wav`, `name (new 2).wav`, …
    New(u32),
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Marker::Part(number) => write!(f, "({number})"),
            Marker::Recording => f.write_str("(recording)"),
            Marker::Recovered(0 | 1) => f.write_str("(recovered)"),
            Marker::Recovered(number) => write!(f, "(recovered {number})"),
            Marker::New(0 | 1) => f.write_str("(new)"),
            Marker::New(number) => write!(f, "(new {number})"),
        }
    }
}

/// The name beside `path` with a marker behind the name, before the extension.
pub fn marked(path: &Path, marker: Marker) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(" {marker}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The part of this number, from 2 on, of a take whose first part is `path`.
pub fn part_path(path: &Path, number: u32) -> PathBuf {
    marked(path, Marker::Part(number))
}

/// A `file` text whose tokens are filled in, all but `{suffix}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    start: Start,
    /// What stands between the separators. Empty ones keep doubled separators and the root.
    folders: Vec<Component>,
    /// The file name with its extension.
    name: Component,
    /// What comes between the name and the extension of each file: nothing where there is one file.
    endings: Vec<String>,
}

impl NamePattern {
    /// Fills in the tokens of `file`. Every text gives a pattern; an empty one, or one that leads to a folder (`takes/`,
    /// `~`, `..`), means [`DEFAULT_FILE`] there.
    pub fn new(file: &str, context: &NameContext) -> Self {
        let file = file.replace('\0', "_");
        let (start, file) = start_of(file.trim());
        let mut folders: Vec<&str> = file.split(is_separator).collect();
        let name = match folders.pop().unwrap_or_default() {
            dots @ ("." | "..") => {
                folders.push(dots);
                DEFAULT_FILE
            }
            name => match without_extension(name) {
                "" => DEFAULT_FILE,
                name => name,
            },
        };
        let folders: Vec<Component> = folders.iter().map(|folder| Component::folder(folder, context)).collect();
        let suffix_in_folders = folders.iter().any(Component::has_suffix);
        let name = Component::file_name(name, context, suffix_in_folders);
        Self { start, folders, name, endings: vec![String::new()] }
    }

    /// The same for several files, one for each of these channels, if there is one: `name_L.wav`, `name_R.wav`.
    pub fn for_channels(self, channels: &[String]) -> Self {
        if channels.is_empty() {
            return self;
        }
        Self { endings: channels.iter().map(|channel| format!("_{channel}")).collect(), ..self }
    }

    /// Where [`path`](Self::path) begins.
    pub fn start(&self) -> Start {
        self.start
    }

    /// The path of a take's first file, without the folder that [`start`](Self::start) names.
    pub fn path(&self, suffix: Suffix) -> PathBuf {
        self.path_with(suffix, &self.endings[0])
    }

    /// The paths of all files that lie side by side, without that folder.
    pub fn paths(&self, suffix: Suffix) -> Vec<PathBuf> {
        self.endings.iter().map(|ending| self.path_with(suffix, ending)).collect()
    }

    fn path_with(&self, suffix: Suffix, ending: &str) -> PathBuf {
        PathBuf::from(self.folder(suffix) + &before_extension(&self.name.text(suffix), ending))
    }

    /// What tells the numbers of the names that this pattern has given in the folder of [`path`](Self::path); `None`
    /// where the number stands in a folder's name, or twice. `any_case`: the file system does not tell `a` from `A`.
    pub fn numbered_name(&self, any_case: bool) -> Option<NumberedName> {
        if self.folders.iter().any(Component::has_suffix) {
            return None;
        }
        let (before, after) = self.name.around_suffix()?;
        let cased = |text: String| if any_case { text.to_lowercase() } else { text };
        let afters = self.endings.iter().map(|ending| cased(before_extension(&after, ending))).collect();
        Some(NumberedName { before: cased(before), afters, any_case })
    }

    fn folder(&self, suffix: Suffix) -> String {
        self.folders.iter().map(|folder| folder.text(suffix) + MAIN_SEPARATOR_STR).collect()
    }
}

/// A file name with a unique suffix in it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedName {
    before: String,
    /// One for each of the files that lie side by side.
    afters: Vec<String>,
    any_case: bool,
}

impl NumberedName {
    /// The number in `file_name`, if it is one of these names.
    pub fn number_of(&self, file_name: &str) -> Option<u64> {
        if self.any_case { self.number_in(&file_name.to_lowercase()) } else { self.number_in(file_name) }
    }

    fn number_in(&self, file_name: &str) -> Option<u64> {
        let behind = file_name.strip_prefix(&self.before)?;
        self.afters.iter().find_map(|after| Self::number_of_suffix(behind.strip_suffix(after.as_str())?))
    }

    fn number_of_suffix(suffix: &str) -> Option<u64> {
        let number = suffix.strip_prefix('-')?.parse().ok()?;
        // Only as we write it: `-1`, `-0001` and `-+01` are names of others.
        (Suffix::Unique(number).to_string() == suffix).then_some(number)
    }
}

/// A file name, or its end, with this between name and extension.
fn before_extension(name: &str, ending: &str) -> String {
    let (name, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{name}{ending}.{extension}")
}

/// The name that a `file` text ends with, without its folders; tokens stay.
pub fn last_component(file: &str) -> &str {
    file.rsplit(is_separator).next().unwrap_or(file)
}

/// Takes the home folder's sign off.
fn start_of(file: &str) -> (Start, &str) {
    match file.strip_prefix('~') {
        // More separators would make the rest absolute.
        Some(rest) if rest.is_empty() || rest.starts_with(is_separator) => {
            (Start::Home, rest.trim_start_matches(is_separator))
        }
        _ if Path::new(file).is_absolute() => (Start::Absolute, file),
        _ => (Start::Folder, file),
    }
}

/// Takes the extension off a file name as the user wrote it, if it is one that the file type decides.
fn without_extension(name: &str) -> &str {
    if let Some(name) = name.strip_suffix(".{type}") {
        return name;
    }
    match name.rsplit_once('.') {
        Some((name, "")) => name.trim_end_matches('.'),
        Some((name, extension)) if AUDIO_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) => name,
        _ => name,
    }
}
