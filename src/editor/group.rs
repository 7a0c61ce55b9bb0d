//! What the window says of the group that its instance belongs to. Pure.

use super::trouble::LITTLE_ROOM_SECONDS;
use super::words;
use crate::link::{RecorderState, StatusSnapshot};

/// A member as it is now.
#[derive(Debug, Clone)]
pub struct Member {
    /// The DAW's track.
    pub name: String,
    pub rgb: Option<[u8; 3]>,
    /// It is the window's own instance.
    pub is_this: bool,
    pub status: StatusSnapshot,
    /// That a take comes to, at most.
    pub bytes_per_second: Option<f64>,
}

/// What a member is known by at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Recording,
    Paused,
    Failed,
    None,
}

/// A member as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRow {
    /// The DAW's track.
    pub name: String,
    pub rgb: Option<[u8; 3]>,
    /// It is the window's own instance.
    pub is_this: bool,
    pub sign: Sign,
    pub state: &'static str,
    /// What is wrong with its take or its disk.
    pub trouble: Option<String>,
}

/// The group as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupView {
    /// In the order in which they came.
    pub rows: Vec<MemberRow>,
    /// No other instance is seen.
    pub is_alone: bool,
    /// One clock, how many record, and how large that becomes.
    pub summary: String,
}

impl GroupView {
    /// Of these members.
    pub fn new(members: &[Member]) -> Self {
        Self {
            rows: members.iter().map(row).collect(),
            is_alone: !members.iter().any(|member| !member.is_this),
            summary: summary(members),
        }
    }

    /// What it says changes by itself.
    pub fn is_moving(&self) -> bool {
        self.rows.iter().any(|row| row.sign == Sign::Recording)
    }
}

/// The name of a track, or what stands for it.
pub fn track_name(name: &str) -> String {
    if name.is_empty() { "Track without a name".to_owned() } else { words::printable(name) }
}

fn row(member: &Member) -> MemberRow {
    let (sign, state) = match (member.status.state, member.status.leads) {
        (RecorderState::Recording, true) => (Sign::Recording, "recording, leads"),
        (RecorderState::Recording, false) => (Sign::Recording, "recording"),
        (RecorderState::Paused, true) => (Sign::Paused, "paused, leads"),
        (RecorderState::Paused, false) => (Sign::Paused, "paused"),
        (RecorderState::Idle, _) => (Sign::None, "ready"),
        (RecorderState::Armed | RecorderState::NoTransport, _) => (Sign::None, "armed"),
        (RecorderState::Finishing, _) => (Sign::None, "writing the rest"),
        (RecorderState::Failed, true) => (Sign::Failed, "not recording, leads"),
        (RecorderState::Failed, false) => (Sign::Failed, "not recording"),
    };
    let trouble = trouble(member);
    MemberRow { name: track_name(&member.name), rgb: member.rgb, is_this: member.is_this, sign, state, trouble }
}

/// The most urgent one, in a few words; the member's own window says what to do.
fn trouble(member: &Member) -> Option<String> {
    let status = &member.status;
    let error = || status.last_error.as_deref().map(|error| words::printable(first_sentence(error)));
    if status.state == RecorderState::Failed {
        return error();
    }
    if status.reserve_bytes > 0 {
        return Some(format!("the disk hangs, {} wait in memory", words::size(status.reserve_bytes)));
    }
    if status.first_lost_frame.is_some() {
        return Some("frames were lost".to_owned());
    }
    let room = status.free_bytes.zip(member.bytes_per_second).map(|(bytes, second)| bytes as f64 / second);
    if let Some(seconds) = room.filter(|&seconds| seconds < LITTLE_ROOM_SECONDS) {
        return Some(format!("the disk is full in {}", words::duration(seconds)));
    }
    if status.take_troubled {
        return error();
    }
    status.take_hung.then(|| "the disk could not keep up for a while".to_owned())
}

fn first_sentence(text: &str) -> &str {
    let text = text.split(". ").next().unwrap_or(text);
    text.strip_suffix('.').unwrap_or(text)
}

fn summary(members: &[Member]) -> String {
    let in_state = |state| move |member: &&Member| member.status.state == state;
    let count = |state| members.iter().filter(in_state(state)).count();
    let (recording, paused) = (count(RecorderState::Recording), count(RecorderState::Paused));
    let taking = members
        .iter()
        .filter(|member| in_state(RecorderState::Recording)(member) || in_state(RecorderState::Paused)(member));
    // The one that leads is ahead of the others.
    let clock = taking.max_by_key(|member| (member.status.leads, member.status.frames_written));
    let clock = clock.map(|member| words::clock(member.status.frames_written, member.status.take_rate));
    let (number, does) = if recording == 0 && paused > 0 { (paused, "paused") } else { (recording, "recording") };
    let bytes: Option<f64> = members.iter().map(|member| member.bytes_per_second).sum();
    let size = bytes.map(|bytes| format!("up to {} a minute", words::size((60.0 * bytes) as u64)));
    let count = format!("{number} of {} {does}", members.len());
    [clock, Some(count), size].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(state: RecorderState, leads: bool) -> Member {
        let status = StatusSnapshot { state, leads, take_rate: 48_000, ..StatusSnapshot::default() };
        Member { name: "Bass".to_owned(), rgb: None, is_this: false, status, bytes_per_second: Some(288_000.0) }
    }

    #[test]
    fn the_one_clock_is_that_of_the_member_that_leads() {
        let mut members = [member(RecorderState::Recording, false), member(RecorderState::Recording, true)];
        // At its higher rate the first one has more frames.
        (members[0].status.frames_written, members[0].status.take_rate) = (2 * 96_000 - 500, 96_000);
        members[1].status.frames_written = 2 * 48_000;
        assert_eq!(summary(&members), "0:00:02.000 · 2 of 2 recording · up to 34.6 MB a minute");
    }

    #[test]
    fn a_group_that_records_nothing_shows_no_old_clock() {
        let mut members = [member(RecorderState::Idle, false), member(RecorderState::Failed, false)];
        members[0].status.frames_written = 48_000;
        members[1].bytes_per_second = None;
        assert_eq!(summary(&members), "0 of 2 recording");
        members[0].status.state = RecorderState::Paused;
        assert_eq!(summary(&members), "0:00:01.000 · 1 of 2 paused");
    }

    #[test]
    fn the_worst_trouble_of_a_member_is_told_first() {
        let mut member = member(RecorderState::Recording, false);
        assert_eq!(trouble(&member), None);
        member.status.take_hung = true;
        assert_eq!(trouble(&member).unwrap(), "the disk could not keep up for a while");
        member.status.last_error = Some("\"/a/b.wav\" could not be written on: the disk is full. It goes on.".into());
        assert_eq!(trouble(&member).unwrap(), "the disk could not keep up for a while", "an old error");
        member.status.take_troubled = true;
        assert_eq!(trouble(&member).unwrap(), "\"/a/b.wav\" could not be written on: the disk is full");
        member.status.free_bytes = Some(288_000 * 130);
        assert_eq!(trouble(&member).unwrap(), "the disk is full in 2 min");
        member.status.first_lost_frame = Some(0);
        assert_eq!(trouble(&member).unwrap(), "frames were lost");
        member.status.reserve_bytes = 12_300_000;
        assert_eq!(trouble(&member).unwrap(), "the disk hangs, 12.3 MB wait in memory");
        member.status.state = RecorderState::Failed;
        assert_eq!(trouble(&member).unwrap(), "\"/a/b.wav\" could not be written on: the disk is full");
    }
}
