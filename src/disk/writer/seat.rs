//! What a writer does in its group: it tells the others of the takes that its own member leads, and records the takes that
//! others lead.

mod follower;

use super::job::{Job, Teller};
use crate::core::alignment::GroupTime;
use crate::core::clock::{Clock, Place};
use crate::core::format::Group;
use crate::core::take::{GroupEvent, GroupSight, Mark, Song, TakeSettings, TakeStart};
use crate::disk::error::TakeError;
use crate::disk::files::{TakeFiles, Wanted};
use crate::disk::history::History;
use crate::link::groups::{GroupTake, Member, Membership, Note, Progress, group, now};
use crate::link::{Status, TextSet, Texts};
use chrono::Local;
use follower::Followed;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A member that nothing has been heard of for so long holds up nobody.
const PATIENCE: Duration = Duration::from_secs(1);

/// A host that stands still shows no event. After so long it is looked for no more.
const SIGHT_PATIENCE: Duration = Duration::from_millis(300);

/// Between two looks at what the others tell, where that is waited for and none of them wakes this one.
const SHORT_NAP: Duration = Duration::from_millis(5);

/// A member whose record goes on while another one's may have gone off just before waits so long for that at most.
const LEADING_PATIENCE: Duration = Duration::from_secs(2);

/// The writer of a leader that hangs is waited for so long.
const HUNG: Duration = Duration::from_secs(10);

/// Clocks that are further from each other, in seconds, are not of the same moment: while the song runs, and while it stands.
const MOST_SKEW: [f64; 2] = [2.0, 0.5];

/// What may be of a take that is still to be told of is kept for so long.
const MOST_AWAITED: Duration = Duration::from_secs(30);

/// So soon after its leader a member is taken away, too, where the host takes away all.
const RISES_A_SECOND: u64 = 2;

/// No member is processed so long before the others.
const BEHIND_A_SECOND: u64 = 2;

/// Sights of events that are remembered.
const MOST_SIGHTS: usize = 256;

/// A writer's seat in a group.
pub struct Seat {
    membership: Membership,
    /// What a take of this member is recorded with.
    sight: GroupSight,
    /// Oldest first.
    sights: VecDeque<Sighting>,
    /// The last events that were dealt with: of takes, and of captures.
    handled: u64,
    captured: u64,
    leads: Option<Leading>,
    led: Option<Led>,
    followed: Option<Followed>,
    /// Its record is on, and it is led no more.
    rise: Option<Rise>,
}

/// At a frame so many events had been seen.
struct Sighting {
    events: u64,
    frame: u64,
    at: Duration,
    /// The member came to the group there.
    is_first: bool,
    /// It had not waited for its writer since the last one.
    is_prompt: bool,
    /// How far the take of the group had come.
    time: GroupTime,
}

impl Sighting {
    fn of(sight: &GroupSight, frame: u64) -> Self {
        let &GroupSight { events, at, time, .. } = sight;
        Self { events, frame, at, is_first: false, is_prompt: true, time }
    }

    /// The take had been open for a while: this member was not processed when it began, or not there.
    fn is_late_for(&self, take: &GroupTake) -> bool {
        let patience = if self.is_first { Duration::ZERO } else { PATIENCE };
        self.is_prompt && self.at > take.made + patience
    }
}

/// A take that this member leads.
struct Leading {
    event: u64,
    /// The take's first frame in the stream, as if none had been missing.
    first: i64,
    /// It is paused from this frame of the take on.
    paused_from: Option<u64>,
    /// No note stands before this frame of the take.
    noted: u64,
}

/// A take that this member's record stands for, and that is another one's.
struct Led {
    start: TakeStart,
    /// Its first frame that is no history, counted from all that have passed.
    from: u64,
}

/// A take that begins at this frame, counted from all that have passed, though that may have passed long ago.
pub struct Rise {
    pub start: TakeStart,
    pub from: u64,
    /// With no more frames than these it may be that the host takes the plugin away.
    least_frames: u64,
}

/// Which frames a take has, counted from all that have passed.
struct Extent {
    first: u64,
    /// The next one, when it was told.
    next: u64,
    /// How many there are, where that is known.
    end: Option<u64>,
}

/// Who leads a take.
pub enum Lead {
    /// This member. The take begins with so many frames of the history.
    Own { number: u64, preroll_frames: u64 },
    /// Another one.
    Others,
}

/// Where a take begins here.
enum Begin {
    /// That cannot be said yet.
    NotSeen,
    /// It was over before this member came.
    Missed,
    At(Place),
}

/// What a seat works with.
pub struct Desk<'a> {
    pub history: &'a mut History,
    pub clock: &'a Clock,
    pub teller: &'a mut Teller,
    pub files: &'a Rc<RefCell<TakeFiles>>,
    pub texts: &'a Arc<Texts>,
    /// Takes that get no more, and have something to write.
    pub ended: &'a mut Vec<Job>,
    pub rate: u32,
    pub track_channels: usize,
    /// This member has an open take of its own.
    pub has_own: bool,
}

impl Desk<'_> {
    /// See [`TakeFiles::highest_take`]; of a take with these texts.
    pub fn highest_take(&self, texts: &TextSet, settings: &TakeSettings) -> u64 {
        let format = self.history.shape();
        let wanted = Wanted { texts, settings, format, began: Local::now(), channels: &[] };
        self.files.borrow_mut().highest_take(&wanted)
    }

    /// The highest number in the folders of these members, none of which holds up this one.
    fn highest_take_of_all(&self, members: &[Member]) -> u64 {
        let texts: Vec<_> = members.iter().map(|member| member.texts.current()).collect();
        let format = self.history.shape();
        let wanted = members.iter().zip(&texts).map(|(Member { settings, .. }, texts)| Wanted {
            texts,
            settings,
            format,
            began: Local::now(),
            channels: &[],
        });
        self.files.borrow_mut().highest_take_of_all(wanted)
    }
}

impl Seat {
    /// Takes a seat. `frame` is the next one.
    pub fn take(sight: GroupSight, frame: u64, status: &Arc<Status>, texts: &Arc<Texts>) -> Option<Self> {
        let cell = (sight.group != Group::Off).then(|| group(sight.group))?;
        let membership = cell.join(Arc::clone(status), Arc::clone(texts), sight.settings);
        // A take that goes on is this member's, too, from now on.
        let handled = sight.open_event.map_or(sight.events, |open| sight.events.min(open.saturating_sub(1)));
        let mut seat = Self {
            membership,
            sight,
            sights: VecDeque::new(),
            handled,
            captured: sight.events,
            leads: None,
            led: None,
            followed: None,
            rise: None,
        };
        seat.remember(Sighting { is_first: true, ..Sighting::of(&sight, frame) });
        Some(seat)
    }

    /// Whether it is one of this group.
    pub fn is_of(&self, other: Group) -> bool {
        other != Group::Off && std::ptr::eq(self.membership.group(), group(other))
    }

    /// At `frame` this was seen.
    pub fn see(&mut self, sight: GroupSight, frame: u64) {
        let is_prompt = sight.waits == self.sight.waits;
        self.membership.set_settings(sight.settings);
        self.sight = sight;
        // With the first block it is known how far the take of the group has come.
        if let Some(first) = self.sights.pop_back_if(|last| last.is_first && last.frame == frame) {
            let events = first.events;
            self.remember(Sighting { is_first: true, events, ..Sighting::of(&sight, frame) });
            if sight.events == events {
                return;
            }
            // Another one came meanwhile, for which this member was there.
        }
        self.remember(Sighting { is_prompt, ..Sighting::of(&sight, frame) });
    }

    fn remember(&mut self, sighting: Sighting) {
        if self.sights.len() == MOST_SIGHTS {
            self.sights.pop_front();
        }
        self.sights.push_back(sighting);
    }

    /// Whether a take of another member is being recorded.
    pub fn follows(&self) -> bool {
        self.followed.is_some()
    }

    /// Whether a take of the group goes on here, or is to.
    pub fn is_at_work(&self) -> bool {
        self.leads.is_some() || self.followed.is_some() || self.rise.is_some()
    }

    /// Whether all that is known of the take that another leads is written.
    pub fn is_up_to_date(&self) -> bool {
        self.followed.as_ref().is_none_or(Followed::is_up_to_date)
    }

    /// Bytes of sound that wait for the take that another leads.
    pub fn held_bytes(&self) -> usize {
        self.followed.as_ref().map_or(0, Followed::held_bytes)
    }

    /// An event of this member's own at frame `next`, which no audio thread has counted: of a take, or of a capture.
    pub fn new_event(&self, is_captured: bool, next: u64, rate: u32) -> GroupEvent {
        let signals = self.membership.group().signals();
        let number = if is_captured { signals.count_event() } else { signals.count_late_take() };
        let time = self.sights.back().map(|last| last.time.after(next as i64 - last.frame as i64, rate));
        let (group, time) = (self.sight.group, time.unwrap_or_default());
        GroupEvent { group, number, frames_before: 0, made: now(), time }
    }

    /// Record is on from the frame `next` on. Says who leads the take, which may be waited for: another take may have ended
    /// just before, and its writer is still to say so.
    pub fn lead(&mut self, start: &TakeStart, event: GroupEvent, next: u64, desk: &mut Desk<'_>) -> Lead {
        let (begin, mut number) = (Instant::now(), None);
        let frame = next.saturating_sub(event.frames_before);
        if self.sights.back().is_none_or(|last| last.events < event.number - 1) {
            // Whoever came in the same block.
            let sight = GroupSight { events: event.number - 1, at: event.made, ..self.sight };
            self.remember(Sighting { is_prompt: false, ..Sighting::of(&sight, frame) });
        }
        loop {
            self.follow(desk);
            let is_over = begin.elapsed() > LEADING_PATIENCE;
            let is_anothers = self.is_of_another(event.number, next, desk);
            if is_over {
                self.membership.give_up_to(event.number - 1);
            }
            if is_anothers == Some(false) || (is_over && is_anothers.is_none()) {
                let number = *number.get_or_insert_with(|| self.new_number(desk));
                let own = self.try_to_lead(start, event, next, number, desk);
                if own.is_some() || is_over {
                    return own.unwrap_or_else(|| self.be_led(*start, event, next));
                }
            } else if is_anothers == Some(true) {
                return self.be_led(*start, event, next);
            }
            self.membership.wait_for_news(SHORT_NAP);
        }
    }

    fn be_led(&mut self, start: TakeStart, event: GroupEvent, next: u64) -> Lead {
        self.led = Some(Led { start, from: next });
        self.membership.group().tell_event(event.number);
        Lead::Others
    }

    /// Whether a take that begins with this event at frame `next` is another member's; none, where that cannot be said yet.
    fn is_of_another(&self, event: u64, next: u64, desk: &Desk<'_>) -> Option<bool> {
        let mut takes = self.membership.takes_between(self.handled, event);
        takes.extend(self.followed.as_ref().and_then(|followed| followed.as_it_is(&self.membership)));
        let all: Vec<_> = takes.iter().map(|take| self.reaches(take, next, desk)).collect();
        if all.contains(&Some(true)) {
            return Some(true);
        }
        (!all.contains(&None) && self.membership.is_told(event - 1)).then_some(false)
    }

    /// Whether a take goes on at this frame; none, where its leader has not come so far.
    fn reaches(&self, take: &GroupTake, frame: u64, desk: &Desk<'_>) -> Option<bool> {
        let followed = self.followed.as_ref().filter(|followed| followed.event() == take.event);
        let begin = match followed.map_or_else(|| self.begin_of(take, desk), |followed| Begin::At(followed.place())) {
            Begin::NotSeen => return None,
            Begin::Missed => return Some(false),
            Begin::At(place) => place.frame,
        };
        let behind = frame as i64 - begin;
        let own = |frames: u64| scaled(frames as i64, take.rate, desk.rate);
        match take.progress.end {
            Some(end) => Some(behind < own(end)),
            None => (behind < own(take.progress.frames) || is_away(&take.progress)).then_some(true),
        }
    }

    /// Begins a take that this member leads, unless another one is open.
    fn try_to_lead(
        &mut self,
        start: &TakeStart,
        event: GroupEvent,
        next: u64,
        number: u64,
        desk: &mut Desk<'_>,
    ) -> Option<Lead> {
        let most = start.preroll_frames.min(desk.history.unbroken());
        let (preroll_frames, song) = match desk.history.newest(most) {
            Some((frames, song, _)) => (frames, Song { tempo: start.song.tempo, ..song }),
            None => (0, start.song),
        };
        let first = next - preroll_frames;
        let take = self.new_take(event, Extent { first, next, end: None }, song, number, desk);
        if !self.membership.lead(take, Vec::new()) {
            return None;
        }
        self.leads = Some(Leading { event: event.number, first: first as i64, paused_from: None, noted: 0 });
        Some(Lead::Own { number, preroll_frames })
    }

    /// All that is kept between `first` and `next` becomes a take, with the others. Says which number it has.
    pub fn lead_capture(&mut self, event: GroupEvent, first: u64, next: u64, song: Song, desk: &Desk<'_>) -> u64 {
        let (holes, end) = desk.history.holes(first);
        let number = self.new_number(desk);
        let take = self.new_take(event, Extent { first, next, end: Some(end) }, song, number, desk);
        let notes = holes.into_iter().map(|hole| Note::LeftOut { at: hole.start, frames: hole.end - hole.start });
        self.membership.lead(take, notes.collect());
        number
    }

    /// One above all that are in use in the folders of the members.
    fn new_number(&self, desk: &Desk<'_>) -> u64 {
        let members = self.membership.group().members();
        1 + desk.highest_take_of_all(&members).max(self.membership.newest_number())
    }

    fn new_take(&self, event: GroupEvent, extent: Extent, song: Song, number: u64, desk: &Desk<'_>) -> GroupTake {
        let Extent { first, next, end } = extent;
        let now = now();
        GroupTake {
            event: event.number,
            made: event.made,
            time: event.time,
            leader: self.membership.id(),
            number,
            rate: desk.rate,
            song,
            clock_seconds: desk.clock.seconds_at(first, desk.rate),
            since_event: first as i64 - (next as i64 - event.frames_before as i64),
            is_captured: end.is_some(),
            told: now,
            progress: Progress {
                first: first as i64,
                frames: end.unwrap_or(0),
                paused_from: None,
                end,
                is_abandoned: false,
                clock: desk.clock.clone(),
                moved: now,
                heard: now,
            },
        }
    }

    /// This mark is there, before frame `next`. Says with how many frames of silence the take that this member leads
    /// ends: others have recorded them while this one was not processed.
    pub fn tell_mark(&mut self, mark: &Mark, next: u64, clock: &Clock) -> u64 {
        if matches!(mark, Mark::End { .. }) {
            self.led = None;
            self.rise = None;
        }
        let Some(leads) = &mut self.leads else { return 0 };
        let (event, at) = (leads.event, (next as i64 - leads.first) as u64);
        match *mark {
            Mark::PauseBegins => {
                leads.paused_from = Some(at);
                self.membership.tell(event, None, |progress| progress.paused_from = Some(at));
            }
            Mark::Pause { frames } => {
                let from = leads.paused_from.take().unwrap_or(at);
                let note = leads.note(Note::LeftOut { at: from, frames: at + frames - from });
                self.membership.tell(event, Some(note), |progress| progress.paused_from = None);
            }
            Mark::Gap { frames, lost } if frames > lost => {
                let note = leads.note(Note::Silence { at, frames: frames - lost });
                self.membership.tell(event, Some(note), |_| {});
            }
            Mark::Marker { frames_ago } => {
                // In a pause, too: what is left out has no place for one.
                let at = at.saturating_sub(frames_ago).min(leads.paused_from.unwrap_or(u64::MAX));
                let note = leads.note(Note::Marker { at });
                self.membership.tell(event, Some(note), |_| {});
            }
            Mark::Song { .. } => {
                let clock = clock.clone();
                self.membership.tell(event, None, |progress| progress.clock = clock);
            }
            Mark::End { record, .. } => {
                let end = leads.paused_from.unwrap_or(at);
                self.leads = None;
                return self.membership.end(event, end, at, record) - end;
            }
            Mark::Begin(_)
            | Mark::Interrupted
            | Mark::Ahead { .. }
            | Mark::Settled { .. }
            | Mark::Gap { .. }
            | Mark::HistoryLength { .. }
            | Mark::HistoryBegins(_)
            | Mark::HistoryLost { .. }
            | Mark::Away { .. }
            | Mark::Capture(_)
            | Mark::Group(_) => {}
        }
        0
    }

    /// The take that this member leads has come to frame `next`.
    pub fn tell_progress(&self, next: u64) {
        if let Some(leads) = &self.leads {
            self.membership.come_to(leads.event, (next as i64 - leads.first) as u64);
        }
    }

    /// This member lost frames, counted from all that have passed.
    pub fn lose(&mut self, frames: Range<u64>) {
        if let Some(followed) = &mut self.followed {
            followed.lose(frames);
        }
    }

    /// Leaves the group. What others lead is recorded as far as this member has come; that is waited for, as long as it comes.
    /// Where its record is on for a take of theirs, that is one of its own from there on.
    pub fn leave(mut self, desk: &mut Desk<'_>) -> Option<Rise> {
        self.come_up(self.membership.group().signals().events(), desk);
        self.end(true, desk);
        desk.history.keep_from(None);
        self.rise
            .or_else(|| self.led.map(|led| Rise { start: led.start, from: desk.history.passed(), least_frames: 0 }))
    }

    /// Its record is off for good.
    pub fn rest(&mut self) {
        (self.led, self.rise) = (None, None);
    }

    /// A take of this member's own that begins because it is led no more, if it has come so far that there is no doubt: where a host
    /// takes all of its plugins away, one after the other, none of them is to begin anew.
    pub fn rises_for_sure(&mut self, passed: u64) -> Option<Rise> {
        self.rise.take_if(|rise| rise.from + rise.least_frames < passed)
    }

    /// The same, where its record goes off at this frame.
    pub fn rises_before(&mut self, frame: u64) -> Option<Rise> {
        self.rise.take_if(|rise| rise.from < frame)
    }

    /// The events before this one, or without one all that were seen. Those of this member itself among them were told: their marks
    /// came before.
    pub fn events_before(&self, event: Option<GroupEvent>) -> u64 {
        event.map_or(self.sight.events, |event| event.number.saturating_sub(1))
    }

    /// Takes of a take that others lead what there is by now, as long as they tell of it. All takes up to this event count.
    pub fn come_up(&mut self, events: u64, desk: &mut Desk<'_>) {
        let start = Instant::now();
        loop {
            // Asked first: what was told before is surely followed then.
            let is_told = self.membership.is_told(events);
            self.follow_up_to(0, desk);
            let has_all = self.followed.as_ref().is_none_or(|followed| followed.has_all(&self.membership, desk));
            if is_told && has_all {
                return;
            }
            if start.elapsed() > PATIENCE {
                // Nobody is to wait for them again.
                return self.membership.give_up_to(events);
            }
            self.membership.wait_for_news(SHORT_NAP);
        }
    }

    /// Goes on with the takes that others lead, as far as they have come.
    pub fn follow(&mut self, desk: &mut Desk<'_>) {
        self.follow_up_to(u64::from(desk.rate) / BEHIND_A_SECOND, desk);
    }

    /// The same. Where a leader is not processed, the last `behind` frames of what has passed wait: if it comes back
    /// and ends the take at once, all have come to one frame.
    fn follow_up_to(&mut self, behind: u64, desk: &mut Desk<'_>) {
        desk.history.keep_from(self.awaited_from(desk));
        while self.capture_next(desk) {}
        while self.followed.is_some() || self.begin_next(desk) {
            while self.capture_next(desk) {}
            let Some(followed) = &mut self.followed else { continue };
            if !followed.go_on(&self.membership, behind, desk) {
                return;
            }
            self.end(false, desk);
        }
    }

    /// What is kept from this frame on may be of a take whose leader's writer is still to tell of it.
    fn awaited_from(&self, desk: &Desk<'_>) -> Option<u64> {
        let told = self.membership.told().max(self.handled);
        let sighting = self.sights.iter().find(|sighting| sighting.events > told)?;
        (since(sighting.at) < MOST_AWAITED).then(|| sighting.frame.saturating_sub(desk.rate.into()))
    }

    /// Makes a take of the next capture of another member, beside the one that is being recorded, if all of it has come.
    fn capture_next(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(take) = self.membership.take_behind(self.captured, true) else { return false };
        if self.membership.take_behind(self.handled, false).is_some_and(|before| before.event < take.event) {
            // What that one has is none of the capture.
            return false;
        }
        let place = match self.begin_of(&take, desk) {
            Begin::NotSeen => return false,
            Begin::Missed => None,
            Begin::At(place) => Some(place),
        };
        let end = |place: &Place| place.frame + scaled(take.progress.end.unwrap_or(0) as i64, take.rate, desk.rate);
        let is_here = place.as_ref().is_none_or(|place| end(place) <= desk.history.passed() as i64);
        if !is_here && since(take.told) < PATIENCE {
            return false;
        }
        self.captured = take.event;
        let place = place.filter(|place| has_part(&take, place, desk));
        if let Some(capture) =
            place.and_then(|place| Followed::begin(&take, place, &self.sight, self.followed.is_some(), desk))
        {
            capture.finish(&self.membership, desk);
        }
        true
    }

    /// Begins the next take that another member leads, if its first frame has come.
    fn begin_next(&mut self, desk: &mut Desk<'_>) -> bool {
        while let Some(take) = self.membership.take_behind(self.handled, false) {
            let place = match self.begin_of(&take, desk) {
                Begin::NotSeen => return false,
                Begin::Missed => None,
                Begin::At(place) if place.frame >= desk.history.passed() as i64 => return false,
                Begin::At(_) if desk.history.channels().is_empty() => return false,
                Begin::At(place) => Some(place),
            };
            self.handled = take.event;
            self.followed = place
                .filter(|place| has_part(&take, place, desk))
                .and_then(|place| Followed::begin(&take, place, &self.sight, desk.has_own, desk));
            if self.followed.is_some() {
                return true;
            }
        }
        false
    }

    /// The take that this member leads is paused where it begins.
    pub fn begin_paused(&mut self) {
        if let Some(leads) = &mut self.leads {
            let at = leads.noted;
            leads.paused_from = Some(at);
            self.membership.tell(leads.event, None, |progress| progress.paused_from = Some(at));
        }
    }

    /// Where in the sound of this member a take of another one began.
    ///
    /// The [clock](Clock) of the host says it, as far as the song has run since both were there. Where it has not, the event that both saw
    /// at the beginning of a block says it to within a block.
    fn begin_of(&self, take: &GroupTake, desk: &Desk<'_>) -> Begin {
        let here = |frame: i64| Place { frame, since: desk.clock.since() };
        let Some(sighting) = self.sights.iter().find(|sighting| sighting.events >= take.event) else {
            // Only Capture comes from a host that stands still.
            let is_standing = take.is_captured && since(take.told) > SIGHT_PATIENCE;
            let near = desk.history.passed() as i64 + scaled(take.since_event, take.rate, desk.rate);
            return if is_standing {
                Begin::At(on_the_clock(take, near, desk).unwrap_or(here(near)))
            } else {
                Begin::NotSeen
            };
        };
        if sighting.is_late_for(take) && !take.is_captured {
            if take.progress.end.is_some() && sighting.at > take.progress.moved {
                return Begin::Missed;
            }
            let by_clock = take.clock_seconds.and_then(|it| desk.clock.place_before(sighting.frame, it, desk.rate));
            let on_the_clock = || (sighting.at.saturating_sub(take.made).as_secs_f64() * f64::from(desk.rate)) as i64;
            let since_event = sighting.time.frames_since(take.time, desk.rate).unwrap_or_else(on_the_clock);
            let since_first = since_event - scaled(take.since_event, take.rate, desk.rate);
            let joined = Place { frame: sighting.frame as i64 - since_first, since: sighting.frame };
            return Begin::At(by_clock.unwrap_or(joined));
        }
        let near = sighting.frame as i64 + scaled(take.since_event, take.rate, desk.rate);
        Begin::At(on_the_clock(take, near, desk).unwrap_or(here(near)))
    }

    /// The take that another leads gets no more. `is_cut_off`: by this member.
    fn end(&mut self, is_cut_off: bool, desk: &mut Desk<'_>) {
        let Some(followed) = self.followed.take() else { return };
        let (end, is_abandoned) = followed.end(&self.membership, desk);
        let end = end.max(0) as u64;
        // Its own record came behind that take, or outlasts the member that led it.
        let from = self.led.as_ref().and_then(|led| {
            if led.from >= end { Some(led.from) } else { (is_abandoned && !is_cut_off).then_some(end) }
        });
        if let Some(from) = from
            && let Some(led) = self.led.take()
        {
            self.rise = Some(Rise { start: led.start, from, least_frames: u64::from(desk.rate) / RISES_A_SECOND });
        }
    }

    /// An error of our own came up on the way: the take that another leads is not recorded any further.
    pub fn fail(&mut self, desk: &mut Desk<'_>) {
        if let Some(followed) = self.followed.take() {
            followed.fail(&TakeError::Internal, desk);
        }
    }
}

impl Leading {
    /// A note stands behind those before it.
    fn note(&mut self, note: Note) -> Note {
        let at = note.at().max(self.noted);
        self.noted = at;
        match note {
            Note::LeftOut { at: from, frames } => Note::LeftOut { at, frames: (from + frames).saturating_sub(at) },
            Note::Silence { frames, .. } => Note::Silence { at, frames },
            Note::Marker { .. } => Note::Marker { at },
        }
    }
}

/// Whether there is something to record of a take here.
fn has_part(take: &GroupTake, place: &Place, desk: &Desk<'_>) -> bool {
    let end = place.frame + scaled(take.progress.end.unwrap_or(0) as i64, take.rate, desk.rate);
    if take.progress.end.is_some() && end <= place.since as i64 {
        return false;
    }
    // Where it has a take of its own, that may have the frames.
    let is_sure = !take.is_captured && !desk.has_own;
    is_sure || desk.history.has_between(place.frame.max(place.since as i64) as u64..end.max(0) as u64)
}

/// Where the clock of the host shows the first frame of a take, which has to be not far from `near`.
fn on_the_clock(take: &GroupTake, near: i64, desk: &Desk<'_>) -> Option<Place> {
    let [running, standing] = MOST_SKEW;
    let most_skew = if take.song.position_frames.is_some() { running } else { standing };
    desk.clock.place_of(take.clock_seconds?, desk.rate, near, (most_skew * f64::from(desk.rate)) as u64)
}

/// Its leader is not processed: the writer lives and has nothing new, or it hangs. It cannot end either.
fn is_away(progress: &Progress) -> bool {
    since(progress.moved) > PATIENCE && !(PATIENCE..HUNG).contains(&since(progress.heard))
}

/// How long ago that was.
fn since(moment: Duration) -> Duration {
    now().saturating_sub(moment)
}

/// Frames at one rate as frames at another.
fn scaled(frames: i64, from: u32, to: u32) -> i64 {
    if from == to {
        return frames;
    }
    (frames as f64 * f64::from(to) / f64::from(from)).round() as i64
}
