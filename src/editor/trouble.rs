//! What went wrong, in words that help, until it was read. Pure.

use super::words;
use crate::core::format::{FileType, Files, Menu};
use crate::link::{StatusSnapshot, TakeReport};
use std::path::Path;

/// Below this many seconds of room the window warns.
pub const LITTLE_ROOM_SECONDS: f64 = 300.0;

/// A kind of trouble; each is shown once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleId {
    /// A take failed: disk full, no permission, folder gone, file in use, …
    Error,
    Lost,
    Clipped,
    Merged,
    NearlyFull,
    /// The next take would fail.
    TooManyChannels,
    /// The file keeps less than the settings ask for.
    Note,
    LittleRoom,
    /// The disk hangs; what comes in waits in memory.
    Waiting,
    /// The export sends nothing.
    Export,
    /// The desktop, or the disk, could not do what the user asked for.
    Desktop,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub id: TroubleId,
    pub text: String,
    /// Goes away when the user has read it; otherwise when its cause does.
    pub can_be_read: bool,
}

/// What the user has read: the counters as they stood then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    errors: u64,
    lost_frames: u64,
    clipped_samples: u64,
    merged_takes: u64,
    nearly_full: u64,
}

impl Read {
    /// The user has read this entry.
    pub fn mark(&mut self, id: TroubleId, status: &StatusSnapshot) {
        match id {
            TroubleId::Error => self.errors = status.errors,
            TroubleId::Lost => self.lost_frames = status.lost_frames,
            TroubleId::Clipped => self.clipped_samples = status.clipped_total,
            TroubleId::Merged => self.merged_takes = status.merged_takes,
            TroubleId::NearlyFull => self.nearly_full = status.nearly_full,
            TroubleId::TooManyChannels
            | TroubleId::Note
            | TroubleId::LittleRoom
            | TroubleId::Waiting
            | TroubleId::Export
            | TroubleId::Desktop => {}
        }
    }

    /// Whether every error was read.
    pub fn has_all_errors(&self, status: &StatusSnapshot) -> bool {
        self.errors >= status.errors
    }
}

/// What the list is made from.
pub struct Causes<'a> {
    pub status: &'a StatusSnapshot,
    /// Finished takes, oldest first.
    pub reports: &'a [TakeReport],
    pub file_type: FileType,
    pub files: Files,
    pub room_seconds: Option<f64>,
    pub desktop: Option<&'a str>,
    pub read: &'a Read,
}

/// The whole list, the most urgent first.
pub fn list(causes: &Causes<'_>) -> Vec<Trouble> {
    let unread = |id, text: Option<String>| text.map(|text| Trouble { id, text, can_be_read: true });
    let lasting = |id, text: Option<String>| text.map(|text| Trouble { id, text, can_be_read: false });
    [
        unread(TroubleId::Error, error(causes)),
        lasting(TroubleId::TooManyChannels, too_many_channels(causes)),
        lasting(TroubleId::Note, causes.status.note.map(str::to_owned)),
        unread(TroubleId::Lost, lost(causes)),
        lasting(TroubleId::LittleRoom, little_room(causes)),
        lasting(TroubleId::Waiting, waiting(causes)),
        unread(TroubleId::NearlyFull, nearly_full(causes)),
        unread(TroubleId::Clipped, clipped(causes)),
        unread(TroubleId::Merged, merged(causes)),
        lasting(TroubleId::Export, causes.status.export_note.as_deref().map(words::printable)),
        unread(TroubleId::Desktop, causes.desktop.map(str::to_owned)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn error(causes: &Causes<'_>) -> Option<String> {
    let new = causes.status.errors.checked_sub(causes.read.errors).filter(|&new| new > 0)?;
    let text = words::printable(causes.status.last_error.as_deref()?);
    Some(if new == 1 { text } else { format!("{text} ({new} times)") })
}

fn too_many_channels(causes: &Causes<'_>) -> Option<String> {
    let channels = match causes.files {
        Files::One => causes.status.stream?.channels,
        Files::Each => 1,
    };
    let most = causes.file_type.max_channels();
    (channels > most).then(|| {
        format!(
            "{} holds {most} channels at most, and this track has {channels}: nothing would be recorded. Choose WAV as \
             File Type, or One for Each Channel in Files.",
            causes.file_type.label()
        )
    })
}

fn lost(causes: &Causes<'_>) -> Option<String> {
    let status = causes.status;
    let new = status.lost_frames.checked_sub(causes.read.lost_frames).filter(|&new| new > 0)?;
    let frames = words::several(new, "frame was", "frames were");
    let here = status.first_lost_frame.map(|frame| (frame, status.take_rate, status.path.as_deref()));
    let before = || {
        let report = causes.reports.iter().rev().find(|report| report.lost_frames > 0)?;
        Some((report.first_lost_frame?, report.sample_rate, report.paths.first().map(|path| path.as_path())))
    };
    let place = here.or_else(before).map_or_else(String::new, |(frame, rate, path)| {
        let name = path.map_or_else(String::new, |path| format!(" of {}", file_name(path)));
        format!(", the first at {}{name}", words::clock(frame, rate))
    });
    let failed = causes.status.last_error.is_some() && causes.status.errors > 0;
    let rest = if failed {
        "Where the take had failed they are not in the file; elsewhere they are silence, so that the take stays in time."
    } else {
        "They are silence in the file, so the take stays in time. Record to a faster disk, or close what else uses it."
    };
    Some(format!("{frames} lost{place}. {rest}"))
}

fn little_room(causes: &Causes<'_>) -> Option<String> {
    let seconds = causes.room_seconds.filter(|&seconds| seconds < LITTLE_ROOM_SECONDS)?;
    let room = words::duration(seconds);
    Some(format!("The disk is full in {room}. Free some room, or set File to a folder on another disk."))
}

fn waiting(causes: &Causes<'_>) -> Option<String> {
    let bytes = causes.status.reserve_bytes;
    (bytes > 0).then(|| {
        format!(
            "The disk does not answer. {} of sound wait in memory, and nothing more is lost as long as there is some. Close \
             what else uses the disk.",
            words::size(bytes)
        )
    })
}

fn nearly_full(causes: &Causes<'_>) -> Option<String> {
    (causes.status.nearly_full > causes.read.nearly_full).then(|| {
        "The disk could not keep up for a while: the queue was nearly full. Close what else uses the disk, or record to a \
         faster one."
            .to_owned()
    })
}

fn clipped(causes: &Causes<'_>) -> Option<String> {
    let total = causes.status.clipped_total;
    let new = total.checked_sub(causes.read.clipped_samples).filter(|&new| new > 0)?;
    let samples = words::several(new, "sample was", "samples were");
    Some(format!(
        "{samples} louder than full scale and clipped. Lower the level, or choose 32-bit float as Codec, which keeps them."
    ))
}

fn merged(causes: &Causes<'_>) -> Option<String> {
    let new = causes.status.merged_takes.checked_sub(causes.read.merged_takes).filter(|&new| new > 0)?;
    let takes = words::several(new, "take", "takes");
    Some(format!("{takes} began before the one before could be closed and went on in its file. No sound is missing."))
}

/// The last part of a path, fit to be shown.
pub fn file_name(path: &Path) -> String {
    words::printable(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::StreamFormat;

    fn causes<'a>(status: &'a StatusSnapshot, reports: &'a [TakeReport], read: &'a Read) -> Causes<'a> {
        Causes { status, reports, file_type: FileType::Mp3, files: Files::One, room_seconds: None, desktop: None, read }
    }

    fn ids(causes: &Causes<'_>) -> Vec<TroubleId> {
        list(causes).iter().map(|trouble| trouble.id).collect()
    }

    #[test]
    fn trouble_stays_until_it_is_read_and_comes_back_when_it_happens_again() {
        let mut read = Read::default();
        let mut status = StatusSnapshot {
            errors: 1,
            last_error: Some("The disk is full.".into()),
            lost_frames: 7,
            clipped_total: 3,
            merged_takes: 1,
            nearly_full: 1,
            ..StatusSnapshot::default()
        };
        let all = ids(&causes(&status, &[], &read));
        assert_eq!(
            all,
            [TroubleId::Error, TroubleId::Lost, TroubleId::NearlyFull, TroubleId::Clipped, TroubleId::Merged]
        );
        for id in all {
            read.mark(id, &status);
        }
        assert_eq!(ids(&causes(&status, &[], &read)), []);
        status.errors += 1;
        status.lost_frames += 1;
        assert_eq!(ids(&causes(&status, &[], &read)), [TroubleId::Error, TroubleId::Lost]);
    }

    #[test]
    fn lost_frames_say_how_many_and_where_in_which_take() {
        let report = TakeReport {
            paths: vec!["/takes/drums-001.wav".into()],
            sample_rate: 48_000,
            lost_frames: 1_200,
            first_lost_frame: Some(48_000 * 61),
            ..TakeReport::default()
        };
        let status = StatusSnapshot { lost_frames: 1_200, ..StatusSnapshot::default() };
        let list = list(&causes(&status, &[report], &Read::default()));
        assert!(list[0].text.starts_with("1,200 frames were lost, the first at 0:01:01.000 of drums-001.wav."));
    }

    #[test]
    fn a_track_with_more_channels_than_the_type_is_warned_of_before_the_take() {
        let stream = Some(StreamFormat { channels: 6, sample_rate: 48_000 });
        let status = StatusSnapshot { stream, ..StatusSnapshot::default() };
        let read = Read::default();
        let trouble = &list(&causes(&status, &[], &read))[0];
        assert_eq!((trouble.id, trouble.can_be_read), (TroubleId::TooManyChannels, false));
        let wav = Causes { file_type: FileType::Wav, ..causes(&status, &[], &read) };
        assert_eq!(list(&wav), []);
        let mono_files = Causes { files: Files::Each, ..causes(&status, &[], &read) };
        assert_eq!(list(&mono_files), []);
    }

    #[test]
    fn a_disk_that_hangs_shows_as_long_as_sound_waits() {
        let status = StatusSnapshot { reserve_bytes: 30_000_000, ..StatusSnapshot::default() };
        let read = Read::default();
        let shown = list(&causes(&status, &[], &read));
        assert_eq!((shown.len(), shown[0].id, shown[0].can_be_read), (1, TroubleId::Waiting, false));
        assert!(shown[0].text.contains("30"), "{}", shown[0].text);
        assert_eq!(list(&causes(&StatusSnapshot::default(), &[], &read)), []);
    }

    #[test]
    fn an_error_that_happens_over_and_over_is_one_entry() {
        let status =
            StatusSnapshot { errors: 40, last_error: Some("The disk is full.".into()), ..StatusSnapshot::default() };
        let list = list(&causes(&status, &[], &Read::default()));
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].text, "The disk is full. (40 times)");
    }

    #[test]
    fn little_room_is_told_in_time() {
        let status = StatusSnapshot::default();
        let read = Read::default();
        let with = |seconds| Causes { room_seconds: Some(seconds), ..causes(&status, &[], &read) };
        assert_eq!(ids(&with(299.0)), [TroubleId::LittleRoom]);
        assert_eq!(ids(&with(3_000.0)), []);
    }
}
