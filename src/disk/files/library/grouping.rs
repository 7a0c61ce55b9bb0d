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

/// Files that lie side by side, at least one.
struct Row {
    /// By channel.
    files: Vec<Single>,
    base: String,
    part: u32,
    /// When the last of them was complete.
    modified: SystemTime,
}

impl Row {
    fn of(single: Single) -> Self {
        let TakeName { base, part, .. } = TakeName::of(&single.path);
        Self { base, part, modified: single.modified, files: vec![single] }
    }

    /// Takes `single` in where it was recorded together with the others.
    fn take_in(&mut self, single: &Single) -> bool {
        let name = TakeName::of(&single.path);
        let is_one = !name.channel.is_empty()
            && (&name.base, name.part) == (&self.base, self.part)
            && self.files.iter().all(|file| are_together(file, single));
        if is_one {
            let order = |single: &Single| channel_order(&TakeName::of(&single.path).channel);
            let at = self.files.partition_point(|file| order(file) < order(single));
            self.files.insert(at, single.clone());
        }
        is_one
    }

    /// Whether `next` is what comes behind.
    fn goes_on_in(&self, next: &Row) -> bool {
        let has_same_shape = |(one, other): (&Single, &Single)| {
            one.path.extension() == other.path.extension()
                && TakeName::of(&one.path).channel == TakeName::of(&other.path).channel
                && (one.told.channels, one.told.sample_rate) == (other.told.channels, other.told.sample_rate)
        };
        (&next.base, next.part) == (&self.base, self.part + 1)
            && next.modified > self.modified
            && next.files.len() == self.files.len()
            && self.files.iter().zip(&next.files).all(has_same_shape)
    }
}

/// The takes of these files, which come newest first, each with the time at which it was complete, newest first.
pub fn group(singles: Vec<Single>) -> Vec<(KeptTake, SystemTime)> {
    let mut rows: Vec<Row> = Vec::new();
    for single in singles {
        if !rows.iter_mut().any(|row| row.take_in(&single)) {
            rows.push(Row::of(single));
        }
    }
    // Each with its last part first, which is the newest.
    let mut takes: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        match takes.iter_mut().find(|take| take.last().is_some_and(|next| row.goes_on_in(next))) {
            Some(take) => take.push(row),
            None => takes.push(vec![row]),
        }
    }
    takes.into_iter().map(kept).collect()
}

/// `_L` before `_R`, `_2` before `_10`.
fn channel_order(channel: &str) -> (usize, String) {
    (channel.len(), channel.to_owned())
}

fn are_together(one: &Single, other: &Single) -> bool {
    let is_letter = |single: &Single| matches!(TakeName::of(&single.path).channel.as_str(), "_L" | "_R");
    let (a, b) = (&one.told, &other.told);
    let extensions = [one, other].map(|single| single.path.extension());
    let distance = one.modified.duration_since(other.modified).unwrap_or_else(|before| before.duration());
    [a, b].iter().all(|told| told.channels == 1 && told.frames.is_some())
        && (a.frames, a.sample_rate, &a.song_position) == (b.frames, b.sample_rate, &b.song_position)
        && extensions[0] == extensions[1]
        && distance <= CLOSED_TOGETHER
        && (a.song_position.is_some() || (is_letter(one) && is_letter(other)))
}

/// `rows` are the parts, the last one first.
fn kept(rows: Vec<Row>) -> (KeptTake, SystemTime) {
    let modified = rows.first().map_or(SystemTime::UNIX_EPOCH, |row| row.modified);
    // Files of channels have one length, and tell the loudness of all of them together.
    let first = |row: &Row| row.files.first().map(|file| file.told.clone()).unwrap_or_default();
    let told: Vec<Told> = rows.iter().map(first).collect();
    let take = KeptTake {
        frames: told.iter().map(|told| told.frames).sum(),
        sample_rate: told.first().map_or(1, |told| told.sample_rate),
        loudness: if let [told] = &told[..] { told.loudness } else { None },
        bytes: rows.iter().flat_map(|row| &row.files).map(|file| file.bytes).sum(),
        paths: rows.into_iter().rev().flat_map(|row| row.files).map(|file| file.path).collect(),
    };
    (take, modified)
}
