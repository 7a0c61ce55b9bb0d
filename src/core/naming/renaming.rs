//! New names for the files of a take that is there.

use super::safe::{is_reserved, token_text};
use super::{Marker, Suffix, before_extension, without_extension};
use std::path::{Path, PathBuf};

/// Stands before a name that would otherwise be a device of Windows.
const GUARD: &str = "_";

const SUFFIX: &str = "{suffix}";

/// The most channels that have files of their own.
const MOST_CHANNELS: u32 = 64;

/// What the user calls a take. As in `file`, an audio extension gives way to that of the files, and `{suffix}` is a number. It
/// leads to no other folder, and makes no name that Linux, macOS or Windows would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewName(String);

impl NewName {
    /// `None` where nothing is left of what the user wrote.
    pub fn new(written: &str) -> Option<Self> {
        let name = without_extension(written.trim());
        (!token_text(name, "").is_empty()).then(|| Self(name.to_owned()))
    }

    /// Whether the files are to have a number.
    pub fn has_number(&self) -> bool {
        self.0.contains(SUFFIX)
    }

    /// The paths of the files of a take, which are `files` now, in their order; each stays in its folder. Files of channels
    /// keep their endings, and where the take goes on in another file that one is `name (2)`.
    pub fn paths(&self, files: &[PathBuf], number: u64) -> Vec<PathBuf> {
        let name = token_text(&self.0.replace(SUFFIX, &Suffix::Unique(number).to_string()), "");
        let name = if is_reserved(&name) { GUARD.to_owned() + &name } else { name };
        let endings = channel_endings(files);
        let path = |(index, file): (usize, &PathBuf)| {
            let ending = endings.get(index);
            let part = 1 + endings.iter().take(index).filter(|&before| Some(before) == ending).count();
            let part = if endings.is_empty() { index + 1 } else { part };
            let part = if part > 1 { format!(" {}", Marker::Part(part as u32)) } else { String::new() };
            let extension = file.extension().unwrap_or_default().to_string_lossy();
            let ending = ending.map_or("", String::as_str);
            file.with_file_name(before_extension(&format!("{name}.{extension}"), &format!("{ending}{part}")))
        };
        files.iter().enumerate().map(path).collect()
    }
}

/// What the user would call the take of these files now: its name without extension, channel and number of the part.
pub fn name_of(files: &[PathBuf]) -> String {
    let Some(first) = files.first() else { return String::new() };
    let is_one = files.len() == 1;
    let name = TakeName::of(first);
    if is_one {
        first.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    } else if channel_endings(files).is_empty() {
        name.base + &name.channel
    } else {
        name.base
    }
}

/// The channels' endings of files that lie side by side, one for each; nothing where each file holds all channels.
fn channel_endings(files: &[PathBuf]) -> Vec<String> {
    let endings: Vec<String> = files.iter().map(|file| TakeName::of(file).channel).collect();
    let differ = endings.iter().any(|ending| ending != &endings[0]);
    if differ && endings.iter().all(|ending| !ending.is_empty()) { endings } else { Vec::new() }
}

/// A file's name as the files of takes are called, without its extension: `base_L (2)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TakeName {
    pub base: String,
    /// `_L`, `_R` or the number of a channel, `_1` to `_64`; may be empty, and may belong to the name.
    pub channel: String,
    /// 1 for the first part.
    pub part: u32,
}

impl TakeName {
    /// Takes the name of this file apart.
    pub fn of(file: &Path) -> Self {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let (name, part) = without_part(&stem).unwrap_or((&stem, 1));
        let is_channel = |ending: &str| {
            matches!(ending, "L" | "R") || number(ending).is_some_and(|channel| (1..=MOST_CHANNELS).contains(&channel))
        };
        let (base, channel) = match name.rsplit_once('_') {
            Some((base, ending)) if !base.is_empty() && is_channel(ending) => (base, &name[base.len()..]),
            _ => (name, ""),
        };
        Self { base: base.to_owned(), channel: channel.to_owned(), part }
    }
}

/// The name in front of ` (2)` and the like.
fn without_part(stem: &str) -> Option<(&str, u32)> {
    let (name, part) = stem.strip_suffix(')')?.rsplit_once(" (")?;
    let part = number(part).filter(|&part| part >= 2 && !name.is_empty())?;
    Some((name, part))
}

/// A number as we write it.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the files of a take become, in the same folder.
    fn renamed(written: &str, files: &[&str]) -> Vec<String> {
        let files: Vec<PathBuf> = files.iter().map(|file| Path::new("takes").join(file)).collect();
        let paths = NewName::new(written).unwrap().paths(&files, 7);
        assert!(paths.iter().all(|path| path.parent() == Some(Path::new("takes"))), "{paths:?}");
        paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_extension_stays_that_of_the_file() {
        for written in ["Chorus", "Chorus.wav", "Chorus.mp3", " Chorus.FLAC ", "Chorus."] {
            assert_eq!(renamed(written, &["a-001.wav"]), ["Chorus.wav"], "{written:?}");
        }
        assert_eq!(renamed("mix.v2", &["a-001.flac"]), ["mix.v2.flac"]);
    }

    #[test]
    fn suffix_is_a_number_as_in_file() {
        assert_eq!(renamed("Chorus{suffix}", &["a.wav"]), ["Chorus-007.wav"]);
        assert!(NewName::new("Chorus{suffix}").unwrap().has_number());
        assert!(!NewName::new("Chorus").unwrap().has_number());
    }

    #[test]
    fn no_name_leads_out_of_the_folder_or_is_one_that_a_system_refuses() {
        assert_eq!(renamed("../../etc/x", &["a.wav"]), ["_._.._etc_x.wav"]);
        assert_eq!(renamed("a/b\\c:d", &["a.wav"]), ["a_b_c_d.wav"]);
        assert_eq!(renamed("NUL", &["a.wav"]), ["_NUL.wav"]);
        assert_eq!(renamed(".hidden", &["a.wav"]), ["_hidden.wav"]);
        for nothing in ["", "  ", "...", ".wav", " . "] {
            assert_eq!(NewName::new(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn files_of_channels_keep_their_endings_and_parts_are_counted() {
        assert_eq!(renamed("B", &["a-001_L.wav", "a-001_R.wav"]), ["B_L.wav", "B_R.wav"]);
        assert_eq!(renamed("B", &["a_1.wav", "a_12.wav", "a_3.wav"]), ["B_1.wav", "B_12.wav", "B_3.wav"]);
        assert_eq!(renamed("B", &["a.wav", "a (2).wav", "a (3).wav"]), ["B.wav", "B (2).wav", "B (3).wav"]);
        assert_eq!(renamed("B", &["a-001.wav", "a-002.wav"]), ["B.wav", "B (2).wav"], "a split has numbers of its own");
        assert_eq!(
            renamed("B", &["a-001_L.wav", "a-001_R.wav", "a-002_L.wav", "a-002_R.wav"]),
            ["B_L.wav", "B_R.wav", "B_L (2).wav", "B_R (2).wav"]
        );
    }

    #[test]
    fn what_only_looks_like_a_channel_goes_with_the_name() {
        assert_eq!(renamed("B", &["hit_1.wav"]), ["B.wav"]);
        assert_eq!(renamed("B", &["hit_1.wav", "hit_1 (2).wav"]), ["B.wav", "B (2).wav"]);
    }

    #[test]
    fn the_name_that_is_offered_is_the_one_that_the_files_share() {
        let name = |files: &[&str]| name_of(&files.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(name(&["a-001.wav"]), "a-001");
        assert_eq!(name(&["a (2).wav"]), "a (2)");
        assert_eq!(name(&["hit_1.wav"]), "hit_1");
        assert_eq!(name(&["hit_1.wav", "hit_1 (2).wav"]), "hit_1");
        assert_eq!(name(&["a-001_L.wav", "a-001_R.wav"]), "a-001");
        assert_eq!(name(&[]), "");
    }

    proptest! {
        #[test]
        fn whatever_is_written_no_two_files_of_a_take_get_one_name(written in "\\PC{1,20}", files in 1usize..9) {
            let files: Vec<PathBuf> = (0..files).map(|file| format!("a_{}.wav", file / 2 + 1).into()).collect();
            if let Some(name) = NewName::new(&written) {
                let paths = name.paths(&files, 1);
                let unique: std::collections::HashSet<_> = paths.iter().collect();
                prop_assert_eq!(unique.len(), files.len());
                prop_assert!(paths.iter().all(|path| path.components().count() == 1), "{:?}", paths);
            }
        }
    }
}
