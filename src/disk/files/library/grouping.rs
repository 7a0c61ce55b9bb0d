//! Which files are one take.
//!
//! Nothing in a file names the others of its take, so what counts is what can hardly be by chance. What is done to a take is
//! done to all of its files: better two rows for one take than one row for two.
//!
//! - Files of channels: mono, of one length to the frame, complete at the same time, called `name_L` and `name_R`, or `name_1`,
//!   `name_2` and so on and beginning at the same place in the song. (With Unique Suffix off, N makes such names too.)
//! - `name (2)` goes on behind `name` where it is of the same shape, and became complete later. (A part that a longer, older take
//!   has left is older.)
//!
//! Files of a split take have numbers of their own, and a row each.

use crate::core::naming::TakeName;
use crate::disk::encode::told::Told;
use crate::link::KeptTake;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The files of a take's channels are closed one after the other; a slow disk takes its time over each.
const CLOSED_TOGETHER: Duration = Duration::from_secs(2);

/// A file that is ours.
#[derive(Debug, Clone)]
pub struct Single {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    pub told: Told,
}

/// Files that lie side by side, at least one, and what the name of all of them is.
struct Row {
    base: String,
    part: u32,
    /// Where it is one file.
    channel: String,
    files: Vec<Single>,
}

impl Row {
    /// When the last of them was complete.
    fn modified(&self) -> SystemTime {
        self.files.iter().map(|file| file.modified).max().unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether `next` may be what comes behind.
    fn goes_on_in(&self, next: &Row) -> bool {
        let shape = |row: &Row| {
            let files = row.files.iter().map(|file| (TakeName::of(&file.path).channel, file.path.extension()));
            let told = row.files.iter().map(|file| (file.told.channels, file.told.sample_rate));
            files.map(|(channel, extension)| (channel, extension.map(ToOwned::to_owned))).zip(told).collect::<Vec<_>>()
        };
        next.part == self.part + 1 && next.modified() > self.modified() && shape(next) == shape(self)
    }
}

/// The takes of these files, each with the time at which it was complete, in any order.
pub fn group(singles: Vec<Single>) -> Vec<(KeptTake, SystemTime)> {
    let mut rows = side_by_side(singles);
    rows.sort_by_key(|row| row.part);
    let mut takes: Vec<Vec<Row>> = Vec::new();
    let mut by_name: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for row in rows {
        let same_name = by_name.entry((row.base.clone(), row.channel.clone())).or_default();
        let before = same_name.iter().find(|&&take| takes[take].last().is_some_and(|last| last.goes_on_in(&row)));
        match before {
            Some(&take) => takes[take].push(row),
            None => {
                same_name.push(takes.len());
                takes.push(vec![row]);
            }
        }
    }
    takes.into_iter().map(kept).collect()
}

/// What files of channels that lie side by side share: the name, the part and the extension.
type SideBySide = (String, u32, Option<OsString>);

/// Files of channels that were recorded together become one row.
fn side_by_side(singles: Vec<Single>) -> Vec<Row> {
    let mut by_name: HashMap<SideBySide, Vec<(String, Single)>> = HashMap::new();
    let mut rows = Vec::new();
    for single in singles {
        let TakeName { base, channel, part } = TakeName::of(&single.path);
        if channel.is_empty() {
            rows.push(Row { base, part, channel, files: vec![single] });
        } else {
            let extension = single.path.extension().map(ToOwned::to_owned);
            by_name.entry((base, part, extension)).or_default().push((channel, single));
        }
    }
    for ((base, part, _), mut rest) in by_name {
        while let Some((channel, first)) = rest.pop() {
            let together: Vec<_> = rest.extract_if(.., |(_, other)| are_together(&first, other)).collect();
            let channel = if together.is_empty() { channel } else { String::new() };
            let mut files = vec![first];
            files.extend(together.into_iter().map(|(_, file)| file));
            files.sort_by_key(|file| channel_order(&TakeName::of(&file.path).channel));
            rows.push(Row { base: base.clone(), part, channel, files });
        }
    }
    rows
}

/// `_L` before `_R`, `_2` before `_10`.
fn channel_order(channel: &str) -> (usize, String) {
    (channel.len(), channel.to_owned())
}

fn are_together(one: &Single, other: &Single) -> bool {
    let is_letter = |single: &Single| matches!(TakeName::of(&single.path).channel.as_str(), "_L" | "_R");
    let (a, b) = (&one.told, &other.told);
    let distance = one.modified.duration_since(other.modified).unwrap_or_else(|before| before.duration());
    [a, b].iter().all(|told| told.channels == 1 && told.frames.is_some())
        && (a.frames, a.sample_rate, &a.song_position) == (b.frames, b.sample_rate, &b.song_position)
        && distance <= CLOSED_TOGETHER
        && (a.song_position.is_some() || (is_letter(one) && is_letter(other)))
}

fn kept(rows: Vec<Row>) -> (KeptTake, SystemTime) {
    let modified = rows.iter().map(Row::modified).max().unwrap_or(SystemTime::UNIX_EPOCH);
    // Files of channels have one length, and tell the loudness of all of them together.
    let first = |row: &Row| row.files.first().map(|file| file.told.clone()).unwrap_or_default();
    let told: Vec<Told> = rows.iter().map(first).collect();
    let take = KeptTake {
        frames: told.iter().map(|told| told.frames).sum(),
        sample_rate: told.first().map_or(1, |told| told.sample_rate),
        loudness: if let [told] = &told[..] { told.loudness } else { None },
        bytes: rows.iter().flat_map(|row| &row.files).map(|file| file.bytes).sum(),
        paths: rows.into_iter().flat_map(|row| row.files).map(|file| file.path).collect(),
    };
    (take, modified)
}
