//! The groups of the process: which instances record together, and what their takes are made of.
//!
//! The audio threads share some atomics for each group ([`Signals`]) and no more. Everything else is behind a lock that only
//! writer threads and windows take, none of them for longer than it takes to copy some numbers.
//!
//! Each take and each capture is an event, counted on the audio thread of the member that makes it. Of takes whose events come
//! while another one is open, that one leads: they are its. The leader's writer tells here where the take began, and then, as
//! it goes on, how far it has come and what is no sound of it. The writers of the other members cut the same frames out of
//! what they keep of their own sound. All of it is counted in frames of the leader, from the take's first one on.

use super::{Status, Texts};
use crate::core::alignment::{GroupTime, Leap, Moment};
use crate::core::clock::Clock;
use crate::core::format::{Group, Menu};
use crate::core::take::{Song, TakeSettings};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

/// Takes that are remembered for members that come to them late.
const MOST_TAKES: usize = 1 << 10;

/// Of a group that everybody has left, takes are remembered for so long: a member's writer may still be to come.
const TAKE_MEMORY: Duration = Duration::from_secs(60);

/// Members that turn the pause at once come to an end: who is beaten so often has others behind it that say the same.
const MAX_ATTEMPTS: usize = 8;

/// The number of a take told so long ago is on the files of all that record it.
const NUMBER_MEMORY: Duration = Duration::from_secs(10);

/// What the audio threads of a group's members tell each other. Wait-free. On cache lines of its own: no other group, and no
/// writer, slows it down.
#[derive(Debug)]
#[repr(align(128))]
pub struct Signals {
    /// Takes and captures so far.
    events: AtomicU64,
    /// The moment of the last marker that a member has set, and behind it a number that is new for each.
    marker: AtomicU64,
    /// Members whose own take is open, whoever leads it.
    open: AtomicU32,
    /// See [`GroupTime`].
    time: AtomicU64,
    /// The event of the last one that was.
    first_event: AtomicU64,
    /// A member wants the take paused, and behind that the moment since which that is so.
    pause: AtomicU64,
    /// See [`Leap`].
    leap: AtomicU64,
    /// The moment of the song when the member that is ahead of all others came so far.
    song: AtomicU64,
}

impl Default for Signals {
    fn default() -> Self {
        Self::new()
    }
}

impl Signals {
    /// Of a group in which nothing has happened.
    pub const fn new() -> Self {
        Self {
            events: AtomicU64::new(0),
            marker: AtomicU64::new(0),
            open: AtomicU32::new(0),
            time: AtomicU64::new(0),
            first_event: AtomicU64::new(0),
            pause: AtomicU64::new(0),
            leap: AtomicU64::new(0),
            song: AtomicU64::new(0),
        }
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// A take begins, or is captured. Says which event that is.
    pub fn count_event(&self) -> u64 {
        self.events.fetch_add(1, Relaxed) + 1
    }

    /// The last marker that a member has set: a number that is new for each, and the moment.
    pub fn marker(&self) -> (u16, Moment) {
        let bits = self.marker.load(Relaxed);
        ((bits >> Moment::BITS) as u16, Moment::from_bits(bits))
    }

    /// A marker for all. Where another member sets one in this very moment, that is the same.
    pub fn set_marker(&self, at: Moment) {
        let now = self.marker.load(Relaxed);
        let next = ((now >> Moment::BITS).wrapping_add(1) << Moment::BITS) | at.bits();
        let _ = self.marker.compare_exchange(now, next, Relaxed, Relaxed);
    }

    /// Whether a member's take is open.
    pub fn has_open(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// A member's take begins, or is one of its own again. Says whether it is the first one that is open.
    pub fn count_open(&self) -> bool {
        let is_first = self.open.fetch_add(1, Relaxed) == 0;
        if is_first {
            let before = self.time().take;
            self.time.store(GroupTime { take: before.wrapping_add(1), microseconds: 0 }.bits(), Relaxed);
            self.leap.store(0, Relaxed);
        }
        is_first
    }

    /// A take begins, the first one that is open or not. A pause of an earlier one is none of the first one. Says which event that
    /// is.
    pub fn count_take(&self, is_first: bool) -> u64 {
        let event = self.count_event();
        if is_first {
            self.set_paused(false);
            self.first_event.store(event, Relaxed);
        }
        event
    }

    /// Writer thread: a member whose record is on for the take of another one begins one of its own. Says which event that is.
    pub fn count_late_take(&self) -> u64 {
        let event = self.count_event();
        self.first_event.store(event, Relaxed);
        event
    }

    /// The event of the take that is open; none, where none is.
    pub fn open_event(&self) -> Option<u64> {
        self.has_open().then(|| self.first_event.load(Relaxed))
    }

    /// A member's take has ended.
    pub fn count_closed(&self) {
        self.open.fetch_sub(1, Relaxed);
    }

    /// How far the open take has come.
    pub fn time(&self) -> GroupTime {
        GroupTime::from_bits(self.time.load(Acquire))
    }

    /// The moment of the song there.
    pub fn song(&self) -> Moment {
        Moment::from_bits(self.song.load(Relaxed))
    }

    /// A member has come so far in a take, and its song to this moment. Says nothing of another take than the open one.
    pub fn come_to(&self, time: GroupTime, song: Moment) {
        let now = self.time();
        // The one that is ahead of all others is the only one that writes.
        if now.take == time.take && now.microseconds < time.microseconds {
            self.song.store(song.bits(), Relaxed);
            // Whoever sees how far it has come sees its leap.
            let _ = self.time.compare_exchange(now.bits(), time.bits(), Release, Relaxed);
        }
    }

    /// Whether a member wants the take paused, and since which moment that is so.
    pub fn pause(&self) -> (bool, Moment) {
        let bits = self.pause.load(Relaxed);
        (bits >> Moment::BITS == 1, Moment::from_bits(bits))
    }

    /// The take is paused, or goes on, at once.
    pub fn set_paused(&self, is_paused: bool) {
        self.turn_pause(is_paused, Moment::default());
    }

    /// The take is paused, or goes on, from this moment on. Who is behind the others says nothing of what they have
    /// turned since.
    pub fn turn_pause(&self, is_paused: bool, at: Moment) {
        let next = u64::from(is_paused) << Moment::BITS | at.bits();
        let mut now = self.pause.load(Relaxed);
        for _ in 0..MAX_ATTEMPTS {
            if Moment::from_bits(now).is_just_behind(at) {
                return;
            }
            match self.pause.compare_exchange(now, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(newer) => now = newer,
            }
        }
    }

    /// This member saw the song leap while it was processed all the time.
    pub fn set_leap(&self, leap: Leap) {
        self.leap.store(leap.bits(), Relaxed);
    }

    /// Whether another one saw the same.
    pub fn has_leapt(&self, leap: Leap) -> bool {
        leap.is(Leap::from_bits(self.leap.load(Relaxed)))
    }
}

/// What a take has besides the leader's sound, in its place: frames are counted from the take's first one on, those that were left
/// out included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// So many frames are in no file.
    LeftOut {
        at: u64,
        frames: u64,
    },
    /// So many frames of silence stand between the frames there.
    Silence {
        at: u64,
        frames: u64,
    },
    Marker {
        at: u64,
    },
}

impl Note {
    /// Where it stands.
    pub fn at(self) -> u64 {
        match self {
            Note::LeftOut { at, .. } | Note::Silence { at, .. } | Note::Marker { at } => at,
        }
    }
}

/// How far a take has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The take's first frame in the stream of the leader, as if none had been missing since.
    pub first: i64,
    /// Frames of the leader that passed so far.
    pub frames: u64,
    /// It is paused from this frame on.
    pub paused_from: Option<u64>,
    /// It has so many frames, those that were left out included, and ends there.
    pub end: Option<u64>,
    /// It ended because its leader went, whose record was still on.
    pub is_abandoned: bool,
    /// The song at the frames of the leader's stream.
    pub clock: Clock,
    /// When it came further.
    pub moved: Duration,
    /// When its leader's writer was heard of last.
    pub heard: Duration,
}

/// A take of a group. All but its progress is fixed by its first frame.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupTake {
    /// The event that it is.
    pub event: u64,
    /// When that was.
    pub made: Duration,
    /// See [`GroupEvent`](crate::core::take::GroupEvent).
    pub time: GroupTime,
    pub leader: MemberId,
    /// The same for all members, unused in the folders of all.
    pub number: u64,
    /// Frames per second of the leader.
    pub rate: u32,
    /// At its first frame.
    pub song: Song,
    /// Of its first frame, where the clock of the leader shows that.
    pub clock_seconds: Option<f64>,
    /// Frames of the leader from the beginning of the block in which the event was to the take's first frame; negative where
    /// that is history.
    pub since_event: i64,
    /// It is made of what was kept.
    pub is_captured: bool,
    /// When it was told.
    pub told: Duration,
    pub progress: Progress,
}

#[derive(Debug)]
struct Told {
    take: GroupTake,
    /// In order.
    notes: Vec<Note>,
    /// Frames of it, as the leader counts, that members have recorded though it is not known whether the leader has
    /// them: it is not processed. They are of the take, then.
    claims: Vec<(MemberId, u64)>,
}

impl Told {
    /// It ends with so many frames, or behind all that members have recorded of it. Says how many it has.
    fn end(&mut self, frames: u64) -> u64 {
        let end = self.claims.iter().map(|claim| claim.1).fold(frames, u64::max);
        *self.take.progress.end.get_or_insert(end)
    }
}

/// One member of a group, for as long as its writer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberId(u64);

/// What is known of a member.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: MemberId,
    pub status: Arc<Status>,
    pub texts: Arc<Texts>,
    /// What it records with.
    pub settings: TakeSettings,
    writer: Thread,
}

#[derive(Debug)]
struct State {
    members: Vec<Member>,
    /// In the order in which they were told.
    takes: Vec<Told>,
    /// All events up to this one were told by the writers of those that made them.
    told: u64,
    /// Events behind the next one that were told.
    told_early: BTreeSet<u64>,
    next_id: u64,
}

impl State {
    fn find(&mut self, event: u64) -> Option<&mut Told> {
        self.takes.iter_mut().rfind(|told| told.take.event == event)
    }

    fn open(&self) -> Option<&GroupTake> {
        self.takes.iter().map(|told| &told.take).find(|take| take.progress.end.is_none())
    }

    fn tell_event(&mut self, event: u64) {
        self.told_early.insert(event);
        self.told_early.retain(|early| *early > self.told);
        while self.told_early.remove(&(self.told + 1)) {
            self.told += 1;
        }
    }
}

/// One group.
#[derive(Debug)]
pub struct GroupCell {
    signals: Signals,
    state: Mutex<State>,
    /// Something was told.
    news: Condvar,
}

/// All of the process.
static GROUPS: [GroupCell; Group::ALL.len()] = [const { GroupCell::new() }; Group::ALL.len()];

/// The group of this name.
pub fn group(group: Group) -> &'static GroupCell {
    &GROUPS[group.index()]
}

/// The time since a moment that is the same for all members of the process. Wait-free once [`touch_all`] was called.
pub fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Does for the first time, perhaps, what the audio threads do: that may be a call into the kernel. Main thread.
pub fn touch_all() {
    now();
    for cell in &GROUPS {
        cell.signals.events.fetch_add(0, Relaxed);
    }
}

impl GroupCell {
    const fn new() -> Self {
        let state = State { members: Vec::new(), takes: Vec::new(), told: 0, told_early: BTreeSet::new(), next_id: 0 };
        Self { signals: Signals::new(), state: Mutex::new(state), news: Condvar::new() }
    }

    /// What audio threads look at.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Writer thread: it belongs to the group from now on.
    pub fn join(&'static self, status: Arc<Status>, texts: Arc<Texts>, settings: TakeSettings) -> Membership {
        let mut state = self.state();
        state.next_id += 1;
        let id = MemberId(state.next_id);
        state.members.push(Member { id, status, texts, settings, writer: thread::current() });
        Membership { group: self, id }
    }

    /// Writer thread: nothing more comes of this event.
    pub fn tell_event(&self, event: u64) {
        let mut state = self.state();
        state.tell_event(event);
        self.wake(&state, None);
    }

    /// Writer threads and windows: who belongs to it.
    pub fn members(&self) -> Vec<Member> {
        self.state().members.clone()
    }

    fn wake(&self, state: &State, but: Option<MemberId>) {
        self.news.notify_all();
        self.unpark(state, but);
    }

    /// Whoever waits for news is not told that there are some.
    fn unpark(&self, state: &State, but: Option<MemberId>) {
        state.members.iter().filter(|member| Some(member.id) != but).for_each(|member| member.writer.unpark());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values: a panic elsewhere leaves nothing half-made in them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer's place in its group. Whoever goes ends the take that it leads.
#[derive(Debug)]
pub struct Membership {
    group: &'static GroupCell,
    id: MemberId,
}

impl Membership {
    pub fn group(&self) -> &'static GroupCell {
        self.group
    }

    /// What this member records with has changed.
    pub fn set_settings(&self, settings: TakeSettings) {
        let mut state = self.group.state();
        if let Some(member) = state.members.iter_mut().find(|member| member.id == self.id) {
            member.settings = settings;
        }
    }

    pub fn id(&self) -> MemberId {
        self.id
    }

    /// A take begins that this member leads, or is captured with these notes. Where another take is open none can begin.
    pub fn lead(&self, take: GroupTake, notes: Vec<Note>) -> bool {
        let mut state = self.group.state();
        if take.progress.end.is_none() && state.open().is_some() {
            return false;
        }
        if state.takes.len() >= MOST_TAKES
            && let Some(oldest) = state.takes.iter().position(|told| told.take.progress.end.is_some())
        {
            state.takes.remove(oldest);
        }
        state.tell_event(take.event);
        state.takes.push(Told { take, notes, claims: Vec::new() });
        self.wake(&state);
        true
    }

    /// The highest number of takes that were told just now.
    pub fn newest_number(&self) -> u64 {
        let state = self.group.state();
        let newest = state.takes.iter().filter(|told| now().saturating_sub(told.take.told) < NUMBER_MEMORY);
        newest.map(|told| told.take.number).max().unwrap_or(0)
    }

    /// Changes how far the take of this event, which this member leads, has come, and adds to its notes.
    pub fn tell(&self, event: u64, note: Option<Note>, change: impl FnOnce(&mut Progress)) {
        let mut state = self.group.state();
        let Some(told) = state.find(event) else { return };
        change(&mut told.take.progress);
        told.notes.extend(note);
        let now = now();
        (told.take.progress.moved, told.take.progress.heard) = (now, now);
        if told.take.progress.end.is_some() {
            self.wake(&state);
        }
    }

    /// The take of this event, which this member leads, is over with so many frames, and its leader has come to
    /// `passed`; `is_abandoned`: its record was still on. Says how many frames the take has, which may be more.
    pub fn end(&self, event: u64, frames: u64, passed: u64, is_abandoned: bool) -> u64 {
        let mut state = self.group.state();
        let Some(told) = state.find(event) else { return frames };
        let end = told.end(frames);
        let (progress, now) = (&mut told.take.progress, now());
        progress.frames = progress.frames.max(passed).max(end);
        (progress.is_abandoned, progress.moved, progress.heard) = (is_abandoned, now, now);
        self.wake(&state);
        end
    }

    /// This member is to record the take of this event, whose leader is not processed, up to this frame of the leader.
    /// Says up to which one it may: the take may be over.
    pub fn claim(&self, event: u64, frames: u64) -> u64 {
        let mut state = self.group.state();
        let Some(told) = state.find(event) else { return frames };
        if let Some(end) = told.take.progress.end {
            return frames.min(end);
        }
        match told.claims.iter_mut().find(|claim| claim.0 == self.id) {
            Some((_, claimed)) => *claimed = frames.max(*claimed),
            None => told.claims.push((self.id, frames)),
        }
        frames
    }

    /// This member records nothing more of the take of this event.
    pub fn give_back(&self, event: u64) {
        if let Some(told) = self.group.state().find(event) {
            told.claims.retain(|claim| claim.0 != self.id);
        }
    }

    /// The take of this event, which this member leads, has come so far.
    pub fn come_to(&self, event: u64, frames: u64) {
        let mut state = self.group.state();
        let Some(told) = state.find(event) else { return };
        let progress = &mut told.take.progress;
        progress.heard = now();
        if frames > progress.frames {
            (progress.frames, progress.moved) = (frames, progress.heard);
        }
    }

    /// Of the takes of other members behind this event, captured ones or the others, the first one; none, where it is not known yet
    /// which one that is.
    pub fn take_behind(&self, event: u64, is_captured: bool) -> Option<GroupTake> {
        let state = self.group.state();
        let takes = state.takes.iter().map(|told| &told.take);
        let takes =
            takes.filter(|take| take.event > event && take.leader != self.id && take.is_captured == is_captured);
        takes.min_by_key(|take| take.event).filter(|take| take.event <= state.told + 1).cloned()
    }

    /// Takes of other members behind this event and before that one, none of them captured.
    pub fn takes_between(&self, after: u64, before: u64) -> Vec<GroupTake> {
        let state = self.group.state();
        let takes =
            state.takes.iter().map(|told| &told.take).filter(|take| {
                (after + 1..before).contains(&take.event) && take.leader != self.id && !take.is_captured
            });
        takes.cloned().collect()
    }

    /// Nobody waits any longer for the events up to this one.
    pub fn give_up_to(&self, event: u64) {
        let mut state = self.group.state();
        state.told = state.told.max(event);
        state.tell_event(event);
        self.wake(&state);
    }

    /// All events up to this one were told.
    pub fn told(&self) -> u64 {
        self.group.state().told
    }

    /// Whether everything was told of the events up to this one.
    pub fn is_told(&self, event: u64) -> bool {
        self.told() >= event
    }

    /// Wakes the writers of the other members, which may have something to tell, and waits a while for news.
    pub fn wait_for_news(&self, most: Duration) {
        let state = self.group.state();
        self.group.unpark(&state, Some(self.id));
        // Whoever comes back in vain waits again.
        let _ = self.group.news.wait_timeout(state, most);
    }

    /// How far the take of this event has come, and its notes from this one on; none, where it is forgotten.
    pub fn progress(&self, event: u64, notes_from: usize) -> Option<(Progress, Vec<Note>)> {
        let mut state = self.group.state();
        let told = state.find(event)?;
        Some((told.take.progress.clone(), told.notes.get(notes_from..).unwrap_or_default().to_vec()))
    }

    fn wake(&self, state: &State) {
        self.group.wake(state, Some(self.id));
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.group.leave(self.id);
    }
}

/// Main thread: the writer on this thread hangs. It has no seat any more.
pub(super) fn leave_behind(writer: ThreadId) {
    GROUPS.iter().for_each(|cell| cell.leave_behind(writer));
}

impl GroupCell {
    /// The writer on this thread hangs. The take that it leads ends where the audio threads say that it has come to,
    /// which is a block too far at most: the writer has not told of the frames that came since it hung.
    fn leave_behind(&self, writer: ThreadId) {
        let mut state = self.state();
        let Some(id) = state.members.iter().find(|member| member.writer.id() == writer).map(|member| member.id) else {
            return;
        };
        let newest = self.signals.first_event.load(Relaxed);
        let microseconds = u128::from(self.signals.time().microseconds);
        for Told { take, .. } in &mut state.takes {
            if (take.leader, take.event, take.progress.end) == (id, newest, None) {
                let since_event = microseconds * u128::from(take.rate) / 1_000_000;
                let frames = (since_event as i64 - take.since_event).max(0) as u64;
                take.progress.frames = take.progress.frames.max(frames);
            }
        }
        drop(state);
        self.leave(id);
    }

    /// This member is there no more, which ends the take that it leads.
    fn leave(&self, id: MemberId) {
        let mut state = self.state();
        state.members.retain(|member| member.id != id);
        for told in &mut state.takes {
            told.claims.retain(|claim| claim.0 != id);
            let progress = &told.take.progress;
            if told.take.leader == id && progress.end.is_none() {
                told.end(progress.paused_from.unwrap_or(progress.frames));
                told.take.progress.is_abandoned = true;
            }
        }
        // Its takes stay: a member whose writer comes late has its part to do.
        self.wake(&state, Some(id));
        if state.members.is_empty() {
            state.takes.retain(|told| now().saturating_sub(told.take.progress.moved) < TAKE_MEMORY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(cell: &'static GroupCell) -> Membership {
        cell.join(Arc::default(), Arc::default(), TakeSettings::DEFAULT)
    }

    fn take(event: u64, leader: MemberId, end: Option<u64>) -> GroupTake {
        let now = now();
        GroupTake {
            event,
            made: now,
            time: GroupTime::default(),
            leader,
            number: event,
            rate: 48_000,
            song: Song::default(),
            clock_seconds: None,
            since_event: 0,
            is_captured: end.is_some(),
            told: now,
            progress: Progress {
                first: 0,
                frames: 0,
                paused_from: None,
                end,
                is_abandoned: false,
                clock: Clock::default(),
                moved: now,
                heard: now,
            },
        }
    }

    fn end_of(member: &Membership, event: u64) -> Option<u64> {
        member.progress(event, 0).unwrap().0.end
    }

    #[test]
    fn what_is_told_of_the_take_before_says_nothing_of_the_open_one() {
        let signals = Signals::new();
        assert!(signals.count_open() && !signals.count_open());
        let before = signals.time();
        signals.come_to(GroupTime { microseconds: 60_000_000, ..before }, Moment::default());
        assert_eq!(signals.time().microseconds, 60_000_000);
        (0..2).for_each(|_| signals.count_closed());
        signals.count_open();
        signals.come_to(GroupTime { microseconds: 61_000_000, ..before }, Moment::default());
        assert_eq!(signals.time(), GroupTime { take: before.take + 1, microseconds: 0 });
    }

    fn moment(position: i64) -> Moment {
        Moment::of(&Song { position_frames: Some(position), ..Song::default() }, 48_000)
    }

    #[test]
    fn who_is_behind_the_others_turns_no_pause_back() {
        let signals = Signals::new();
        signals.turn_pause(true, moment(1_000));
        signals.turn_pause(false, moment(3_000));
        signals.turn_pause(true, moment(1_000));
        assert_eq!(signals.pause(), (false, moment(3_000)));
        // The next one, and the one of a song that was set back.
        signals.turn_pause(true, moment(90_000));
        signals.turn_pause(false, moment(1_000));
        assert_eq!(signals.pause(), (false, moment(1_000)));
        signals.set_paused(true);
        assert_eq!(signals.pause(), (true, Moment::default()));
    }

    #[test]
    fn each_marker_has_its_moment_and_a_number_of_its_own() {
        let signals = Signals::new();
        signals.set_marker(moment(-7));
        assert_eq!(signals.marker(), (1, moment(-7)));
        (0..u64::from(u16::MAX)).for_each(|_| signals.set_marker(Moment::default()));
        assert_eq!(signals.marker(), (0, Moment::default()));
    }

    #[test]
    fn of_two_that_want_to_lead_one_does() {
        static CELL: GroupCell = GroupCell::new();
        let [one, other] = [(); 2].map(|()| join(&CELL));
        assert!(one.lead(take(1, one.id(), None), Vec::new()) && !other.lead(take(2, other.id(), None), Vec::new()));
        assert_eq!(other.takes_between(0, 2).len(), 1);
        one.tell(1, None, |progress| progress.end = Some(5));
        assert!(other.lead(take(3, other.id(), None), Vec::new()));
        assert_eq!((end_of(&other, 1), other.newest_number()), (Some(5), 3));
    }

    #[test]
    fn an_event_whose_writer_comes_late_holds_back_those_behind_it() {
        static CELL: GroupCell = GroupCell::new();
        let [one, other] = [(); 2].map(|()| join(&CELL));
        one.lead(take(2, one.id(), Some(5)), Vec::new());
        assert!(!other.is_told(1) && other.take_behind(0, true).is_none());
        CELL.tell_event(1);
        assert!(other.is_told(2) && other.take_behind(0, true).is_some());
        CELL.tell_event(4);
        assert!(!other.is_told(3));
        one.give_up_to(3);
        assert!(other.is_told(4) && !other.is_told(5));
    }

    #[test]
    fn who_goes_ends_the_take_that_it_leads_where_it_has_come_to() {
        static CELL: GroupCell = GroupCell::new();
        let [one, other] = [(); 2].map(|()| join(&CELL));
        one.lead(take(1, one.id(), None), Vec::new());
        one.come_to(1, 77);
        drop(one);
        let (progress, _) = other.progress(1, 0).unwrap();
        assert_eq!((progress.end, progress.is_abandoned, CELL.members().len()), (Some(77), true, 1));
    }

    #[test]
    fn a_take_whose_leaders_writer_hangs_ends_where_the_audio_threads_have_come_to() {
        static CELL: GroupCell = GroupCell::new();
        let [hung, other] = [(); 2].map(|()| join(&CELL));
        let is_first = CELL.signals().count_open();
        let event = CELL.signals().count_take(is_first);
        let preroll = 4_800;
        hung.lead(GroupTake { since_event: -preroll, ..take(event, hung.id(), None) }, Vec::new());
        hung.come_to(event, 77);
        CELL.signals().come_to(GroupTime { microseconds: 2_000_000, ..CELL.signals().time() }, Moment::default());
        CELL.signals().count_closed();
        // Both are on this thread; the one that came first hangs.
        CELL.leave_behind(thread::current().id());
        let (progress, _) = other.progress(event, 0).unwrap();
        assert_eq!((progress.end, progress.is_abandoned), (Some(96_000 + preroll as u64), true));
        assert_eq!(CELL.members().len(), 1);
    }

    #[test]
    fn a_take_has_all_that_members_recorded_of_it_while_its_leader_was_not_processed() {
        static CELL: GroupCell = GroupCell::new();
        let [one, other, third] = [(); 3].map(|()| join(&CELL));
        one.lead(take(1, one.id(), None), Vec::new());
        one.come_to(1, 50);
        assert_eq!((other.claim(1, 90), other.claim(1, 80), third.claim(1, 95)), (90, 80, 95));
        // It has an end of its own.
        drop(third);
        assert_eq!(one.end(1, 50, 50, true), 90);
        assert_eq!((end_of(&other, 1), other.claim(1, 120), one.end(1, 60, 60, true)), (Some(90), 90, 90));
        one.lead(take(2, one.id(), None), Vec::new());
        other.claim(2, 70);
        other.give_back(2);
        assert_eq!(one.end(2, 10, 10, false), 10);
    }

    #[test]
    fn members_that_come_go_and_tell_at_once_see_takes_whole() {
        static CELL: GroupCell = GroupCell::new();
        let rounds = if cfg!(miri) { 10 } else { 300 };
        let _stays = join(&CELL);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let member = join(&CELL);
                        let event = CELL.signals().count_event();
                        CELL.signals().set_paused(event.is_multiple_of(2));
                        if member.lead(take(event, member.id(), None), Vec::new()) {
                            (1..5).for_each(|at| {
                                member.tell(event, Some(Note::Marker { at }), |progress| {
                                    (progress.frames, progress.end) = (at, (at > 3).then_some(at));
                                });
                            });
                        } else {
                            CELL.tell_event(event);
                        }
                        for take in member.takes_between(0, u64::MAX) {
                            // The oldest ones are forgotten.
                            let Some((progress, notes)) = member.progress(take.event, 0) else { continue };
                            assert!(progress.end.is_none() || progress.end == Some(progress.frames));
                            assert!(notes.is_empty() || notes.len() as u64 == progress.frames);
                        }
                    }
                });
            }
        });
        assert_eq!((CELL.members().len(), CELL.signals().events()), (1, 4 * rounds));
        assert!(join(&CELL).is_told(4 * rounds));
    }
}
