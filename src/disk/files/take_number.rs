//! Which number `{take}` gets: one above all that are in use in the folders of everybody whom it is for.

use super::{Wanted, pattern};
use crate::core::naming::{Suffix, TAKE};
use crate::core::take::TakeSettings;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Stands for the number: no take has it.
const MARK: u64 = u64::MAX;

/// The highest number that files or folders have where `{take}` stands in the name of a take, below `root`; 0 where there is
/// none.
pub(super) fn highest(wanted: &Wanted, root: impl FnOnce(crate::core::naming::Start) -> Option<PathBuf>) -> u64 {
    if !wanted.texts.file.contains(TAKE) {
        return 0;
    }
    let settings = TakeSettings { take: MARK, ..*wanted.settings };
    let pattern = pattern(&Wanted { settings: &settings, ..*wanted });
    let Some(mut folder) = root(pattern.start()) else { return 0 };
    let mark = MARK.to_string();
    for component in pattern.path(Suffix::Unique(1)).components() {
        let name = component.as_os_str().to_string_lossy();
        if let (Component::Normal(_), Some((before, _))) = (component, name.split_once(&mark)) {
            return highest_in(&folder, before);
        }
        folder.push(component);
    }
    0
}

/// The highest number behind `before` at the beginning of a name in `folder`.
fn highest_in(folder: &Path, before: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let number_of = |name: &str| {
        let behind = name.strip_prefix(before)?;
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        behind[..digits].parse::<u64>().ok()
    };
    entries.flatten().filter_map(|entry| number_of(&entry.file_name().to_string_lossy())).max().unwrap_or(0)
}
