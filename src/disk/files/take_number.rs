//! Which number `{take}` gets: one above all that are in use in the folders of everybody whom it is for.
//!
//! The folder of one's own take may be waited for: the take is to lie there. The folders of the members of a group are
//! on disks of their own, and none of them that hangs may hold up the take of the others. An [`Errand`] ("audio file
//! number") asks each of them, and after [`PATIENCE`] what is known counts.

use super::{FOLDER_VARIABLE, Wanted, pattern, root, user_dirs};
use crate::core::naming::{Start, Suffix, TAKE};
use crate::core::take::TakeSettings;
use crate::link::Errand;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::{Duration, Instant};

/// Stands for the number: no take has it.
const MARK: u64 = u64::MAX;

/// How long the folders of all members are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the numbers of takes stand: behind `before`, at the beginning of names in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    start: Start,
    /// Below what `start` stands for.
    folder: PathBuf,
    before: String,
}

impl Place {
    /// Where `{take}` stands in the name of a take; none where it does not.
    pub(super) fn of(wanted: &Wanted) -> Option<Self> {
        if !wanted.texts.file.contains(TAKE) {
            return None;
        }
        let settings = TakeSettings { take: MARK, ..*wanted.settings };
        let pattern = pattern(&Wanted { settings: &settings, ..*wanted });
        let mark = MARK.to_string();
        let mut folder = PathBuf::new();
        for component in pattern.path(Suffix::Unique(1)).components() {
            let name = component.as_os_str().to_string_lossy();
            if let (Component::Normal(_), Some((before, _))) = (component, name.split_once(&mark)) {
                return Some(Self { start: pattern.start(), folder, before: before.to_owned() });
            }
            folder.push(component);
        }
        None
    }

    /// The highest number there; 0 where there is none. `root` is what a start stands for.
    pub(super) fn highest(&self, root: impl FnOnce(Start) -> Option<PathBuf>) -> u64 {
        root(self.start).map_or(0, |root| highest_in(&root.join(&self.folder), &self.before))
    }
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

/// Asks the folders of the members of a group. Lives on the writer thread.
#[derive(Debug, Default)]
pub(super) struct Inquiry {
    asked: Vec<Asked>,
}

/// A place that was asked.
#[derive(Debug)]
struct Asked {
    place: Place,
    /// Still without an answer.
    errand: Option<Errand<u64>>,
    /// It was waited for in vain.
    hangs: bool,
    /// The last answer.
    highest: u64,
}

impl Inquiry {
    /// The highest number in these places, as far as they answer in time.
    pub(super) fn highest(&mut self, places: &[Place]) -> u64 {
        self.hear();
        self.asked.retain(|asked| asked.errand.is_some() || places.contains(&asked.place));
        places.iter().for_each(|place| self.ask(place));
        let start = Instant::now();
        while self.is_waited_for(places) {
            let Some(left) = PATIENCE.checked_sub(start.elapsed()) else { break };
            // The errand wakes this thread, and so may others.
            thread::park_timeout(left);
            self.hear();
        }
        let its = self.asked.iter_mut().filter(|asked| places.contains(&asked.place));
        its.map(|asked| {
            asked.hangs = asked.errand.is_some();
            asked.highest
        })
        .max()
        .unwrap_or(0)
    }

    fn ask(&mut self, place: &Place) {
        let at = self.asked.iter().position(|asked| asked.place == *place).unwrap_or_else(|| {
            self.asked.push(Asked { place: place.clone(), errand: None, hangs: false, highest: 0 });
            self.asked.len() - 1
        });
        let asked = &mut self.asked[at];
        if asked.errand.is_none() {
            let (place, asker) = (place.clone(), thread::current());
            let look = move || {
                let mut known = None;
                let user = &mut known;
                place.highest(|start| root(start, env::var_os(FOLDER_VARIABLE), || user_dirs(user)).ok())
            };
            // Without a thread to be had what is known counts.
            asked.errand = Errand::start("audio file number", look, move || asker.unpark()).ok();
        }
    }

    fn is_waited_for(&self, places: &[Place]) -> bool {
        self.asked.iter().any(|asked| asked.errand.is_some() && !asked.hangs && places.contains(&asked.place))
    }

    fn hear(&mut self) {
        for asked in &mut self.asked {
            match asked.errand.as_mut().map(Errand::answer) {
                None | Some(Err(TryRecvError::Empty)) => continue,
                Some(Ok(highest)) => asked.highest = highest,
                Some(Err(TryRecvError::Disconnected)) => {}
            }
            (asked.errand, asked.hangs) = (None, false);
        }
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        Errand::drop_all(self.asked.drain(..).filter_map(|asked| asked.errand));
    }
}
