//! A take that another member leads, as far as this one records it: it cuts the same frames out of its own history.

use super::{Desk, MOST_SKEW, PATIENCE, is_away, scaled};
use crate::core::channels::ChannelSet;
use crate::core::clock::Place;
use crate::core::take::{GroupSight, Mark, Song, TakeSettings, TakeStart};
use crate::disk::error::TakeError;
use crate::disk::history::Held;
use crate::disk::writer::job::{Job, Order, complete};
use crate::disk::writer::{CATCH_UP_FRAMES, catch_up};
use crate::link::Gate;
use crate::link::groups::{GroupTake, Membership, Note, Progress};
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

/// Where two tracks come to the same change of the song further from each other, in seconds, some frames of one of them are not of
/// the song. Hosts whose song runs a little beside their sound are told again where it is before that.
const MOST_DRIFT: f64 = 0.15;

/// The same where the song jumps, in frames: positions are rounded.
const MOST_ROUNDING: u64 = 2;

/// Hosts process no track further ahead of time, in seconds, and throw away no more.
const MOST_AHEAD: f64 = 0.35;

/// A take that another member leads.
pub struct Followed {
    take: GroupTake,
    job: Job,
    /// Of its first frame.
    place: Place,
    /// What is before this frame, counted from its first one, is in it or left out.
    next: u64,
    /// Still to come.
    notes: VecDeque<Note>,
    notes_seen: usize,
    /// Up to this frame the song was at the same place here and at the leader.
    checked: u64,
    /// Something was left out before the next frame.
    resumes: bool,
    /// Frames that this member lost, counted from all that have passed.
    losses: VecDeque<Range<u64>>,
    channels: ChannelSet,
    /// Frames that had passed at the last look, and when they came.
    came: (u64, Instant),
}

impl Followed {
    /// Makes the file. `is_beside`: another take is being recorded.
    pub fn begin(
        take: &GroupTake,
        place: Place,
        sight: &GroupSight,
        is_beside: bool,
        desk: &mut Desk<'_>,
    ) -> Option<Self> {
        let unique_suffix = sight.settings.unique_suffix || take.is_captured;
        let settings = TakeSettings { unique_suffix, take: take.number, ..sight.settings };
        let position_frames = take.song.position_frames.map(|frames| scaled(frames, take.rate, desk.rate));
        let start = TakeStart {
            settings,
            channels: desk.history.channels(),
            song: Song { position_frames, ..take.song },
            preroll_frames: (desk.history.passed() as i64 - place.frame).max(0) as u64,
            event: None,
        };
        let order = Order {
            texts: desk.texts.at(settings.text_revision),
            start,
            arriving: desk.history.shape(),
            track_channels: desk.track_channels,
        };
        let job = Self::begin_job(take, &order, is_beside || desk.has_own, desk)?;
        Some(Self {
            take: take.clone(),
            job,
            place,
            next: 0,
            notes: VecDeque::new(),
            notes_seen: 0,
            checked: 0,
            resumes: false,
            losses: VecDeque::new(),
            channels: desk.history.channels(),
            came: (desk.history.passed(), Instant::now()),
        })
    }

    fn begin_job(take: &GroupTake, order: &Order, is_beside: bool, desk: &mut Desk<'_>) -> Option<Job> {
        let files = Rc::clone(desk.files);
        if !is_beside {
            desk.ended.iter_mut().for_each(Job::hide);
        }
        if !(take.is_captured || is_beside) {
            if !order.start.settings.unique_suffix || desk.ended.iter().any(Job::may_begin_files) {
                // It may be the file of the one before, or have the number of its next one.
                complete(desk.ended, false, desk.teller);
            }
            return Some(Job::begin(order, VecDeque::new(), files, desk.teller));
        }
        Job::begin_capture(order, files, !is_beside, desk.teller)
            .inspect_err(|error| desk.teller.fail_capture(error))
            .ok()
    }

    pub fn event(&self) -> u64 {
        self.take.event
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The take, and how far it has come by now.
    pub fn as_it_is(&self, membership: &Membership) -> Option<GroupTake> {
        let (progress, _) = membership.progress(self.take.event, usize::MAX)?;
        Some(GroupTake { progress, ..self.take.clone() })
    }

    /// Whether all that is known of it is written.
    pub fn is_up_to_date(&self) -> bool {
        self.job.is_up_to_date()
    }

    /// Bytes of sound that wait.
    pub fn held_bytes(&self) -> usize {
        self.job.held_bytes()
    }

    /// Whether nothing of what has passed is waited for.
    pub fn has_all(&self, membership: &Membership, desk: &Desk<'_>) -> bool {
        let is_paused = membership.progress(self.take.event, usize::MAX).is_none_or(|(it, _)| it.paused_from.is_some());
        is_paused || self.passed(desk) <= self.next
    }

    /// This member lost frames, counted from all that have passed.
    pub fn lose(&mut self, frames: Range<u64>) {
        self.losses.push_back(frames);
    }

    /// Frames that have passed here since the take's first one.
    fn passed(&self, desk: &Desk<'_>) -> u64 {
        (desk.history.passed() as i64 - self.place.frame).max(0) as u64
    }

    /// Frames of the leader, counted as this member counts.
    fn own(&self, frames: u64, desk: &Desk<'_>) -> u64 {
        scaled(frames as i64, self.take.rate, desk.rate) as u64
    }

    /// Records what the leader has told of; where that is not processed, all but the last `behind` frames of what has
    /// passed. Says whether that was all.
    pub fn go_on(&mut self, membership: &Membership, behind: u64, desk: &mut Desk<'_>) -> bool {
        let news = membership.progress(self.take.event, self.notes_seen);
        let Some((progress, notes)) = news.filter(|_| self.channels == desk.history.channels()) else {
            // Too many others came behind it, or the sound is another one.
            return true;
        };
        self.notes_seen += notes.len();
        self.notes.extend(notes);
        let known = match (progress.end, progress.paused_from) {
            (Some(frames), _) | (None, Some(frames)) => self.own(frames, desk),
            (None, None) if is_away(&progress) => {
                let known = self.passed(desk).saturating_sub(behind).max(self.next);
                let leaders = (known as f64 * f64::from(self.take.rate) / f64::from(desk.rate)).ceil() as u64;
                match membership.claim(self.take.event, leaders.max(progress.frames)) {
                    claimed if claimed < leaders => self.own(claimed, desk),
                    _ => known,
                }
            }
            (None, None) => self.own(progress.frames, desk),
        };
        self.go_on_to(known, &progress, desk);
        self.show(&progress, desk);
        catch_up(&mut self.job, CATCH_UP_FRAMES, desk.teller);
        let frames = desk.history.passed();
        if frames != self.came.0 {
            self.came = (frames, Instant::now());
        }
        // It is not processed: its part ends where it has come to.
        let is_standing = self.came.1.elapsed() > PATIENCE;
        progress.end.is_some_and(|end| is_standing || self.next >= self.own(end, desk))
    }

    fn go_on_to(&mut self, known: u64, progress: &Progress, desk: &mut Desk<'_>) {
        loop {
            self.take_notes(desk);
            let to = known.min(self.passed(desk));
            if self.next >= to {
                return;
            }
            let change = self.next_change(progress, desk).filter(|_| !self.take.is_captured);
            if change == Some(self.next) {
                if !self.compare_songs(progress, desk) {
                    return;
                }
                self.checked = self.next;
                continue;
            }
            let note = self.notes.front().map(|note| self.own(note.at(), desk));
            let stop = note.into_iter().chain(change).fold(to, u64::min);
            self.cut(self.next..stop, desk);
        }
    }

    /// Takes the notes that stand before the next frame.
    fn take_notes(&mut self, desk: &mut Desk<'_>) {
        while let Some(note) = self.notes.front().copied()
            && self.own(note.at(), desk) <= self.next
        {
            self.notes.pop_front();
            match note {
                Note::LeftOut { at, frames } => {
                    let (from, to) = (self.own(at, desk), self.own(at + frames, desk));
                    self.job.take_mark(Mark::Pause { frames: to - from }, desk.teller);
                    self.next = self.next.max(to);
                    self.resumes = true;
                }
                Note::Silence { frames, .. } => {
                    let frames = self.own(frames, desk);
                    self.job.hold_more(Held::Silence { frames });
                }
                Note::Marker { at } => {
                    let frames_ago = self.next - self.own(at, desk);
                    self.job.take_mark(Mark::Marker { frames_ago }, desk.teller);
                }
            }
        }
    }

    /// The next frame of the take at which the song jumps or begins to run, here or at the leader.
    fn next_change(&self, progress: &Progress, desk: &Desk<'_>) -> Option<u64> {
        let checked = self.checked as i64;
        let own = desk.clock.next_run((self.place.frame + checked).max(0) as u64);
        let own = own.map(|frame| frame as i64 - self.place.frame);
        let theirs = progress.first + scaled(checked, desk.rate, self.take.rate);
        let theirs = progress.clock.next_run(theirs.max(0) as u64);
        let theirs = theirs.map(|frame| scaled(frame as i64 - progress.first, self.take.rate, desk.rate));
        let changes = own.into_iter().chain(theirs).filter(|frame| *frame > checked);
        changes.min().map(|frame| (frame as u64).max(self.next))
    }

    /// The next frame in the stream of the leader.
    fn leaders_frame(&self, progress: &Progress, desk: &Desk<'_>) -> i64 {
        progress.first + scaled(self.next as i64, desk.rate, self.take.rate)
    }

    /// The song changes here or at the leader. Where the host jumps, all of its tracks do, but each sees it at its next block, and
    /// what it had processed ahead of time is thrown away: what comes behind lines up again. Says no where that has to wait.
    fn compare_songs(&mut self, progress: &Progress, desk: &Desk<'_>) -> bool {
        let (at, leaders) = (self.place.frame + self.next as i64, self.leaders_frame(progress, desk));
        if is_away(progress) || at < 0 || leaders < 0 {
            return true;
        }
        let theirs = progress.clock.seconds_at(leaders as u64, self.take.rate);
        let own = desk.clock.seconds_at(at as u64, desk.rate);
        let (Some(theirs), Some(own)) = (theirs, own) else { return true };
        if ((theirs - own).abs() * f64::from(desk.rate)) as u64 <= MOST_ROUNDING {
            return true;
        }
        let most = |rate: u32| (MOST_SKEW[0] * f64::from(rate)) as u64;
        let is_own = desk.clock.changes_at(at as u64);
        let partner = if is_own {
            progress.clock.partner(self.take.rate, leaders, most(self.take.rate), desk.clock, at as u64)
        } else {
            desk.clock.partner(desk.rate, at, most(desk.rate), &progress.clock, leaders as u64)
        };
        let Some(partner) = partner else {
            return progress.end.is_some() || self.is_far_behind(progress, desk);
        };
        let frames = if is_own { -scaled(partner.later, self.take.rate, desk.rate) } else { partner.later };
        let in_frames = |seconds: f64| (seconds * f64::from(desk.rate)) as u64;
        let least = if partner.jumped { MOST_ROUNDING } else { in_frames(MOST_DRIFT) };
        if (least + 1..=in_frames(MOST_AHEAD)).contains(&frames.unsigned_abs()) {
            self.shift(frames);
        }
        true
    }

    /// Whether so much has passed that a change here would have been one of the other, too.
    fn is_far_behind(&self, progress: &Progress, desk: &Desk<'_>) -> bool {
        let far = self.next + (MOST_SKEW[0] * f64::from(desk.rate)) as u64;
        self.passed(desk) > far && self.own(progress.frames, desk) > far
    }

    /// What follows is so many frames later in the sound of this member: they are left out. Where it is earlier, silence takes the place of
    /// what is missing.
    fn shift(&mut self, frames: i64) {
        let at = (self.place.frame + self.next as i64) as u64;
        self.place.frame += frames;
        if frames < 0 {
            self.place.since = self.place.since.max(at);
        }
    }

    /// Moves these frames, counted from the take's first one, from the history into the take. What the history lacks is silence,
    /// so that the files line up.
    fn cut(&mut self, frames: Range<u64>, desk: &mut Desk<'_>) {
        let whole = self.place.frame + frames.start as i64..self.place.frame + frames.end as i64;
        let mut at = whole.start;
        if std::mem::take(&mut self.resumes) {
            let seconds = desk.history.second_at(at.max(0) as u64);
            self.job.take_mark(Mark::Song { seconds, jumped: false, frames_ago: 0 }, desk.teller);
        }
        let from = whole.start.max(self.place.since as i64) as u64;
        for (start, held) in desk.history.take_between(from..whole.end.max(0) as u64) {
            self.miss(at..start as i64);
            at = start as i64 + held.iter().map(Held::frames).sum::<u64>() as i64;
            held.into_iter().for_each(|held| self.job.hold_more(held));
        }
        self.miss(at..whole.end);
        self.next = frames.end;
    }

    /// These frames, counted from all that have passed, are not there.
    fn miss(&mut self, missing: Range<i64>) {
        if missing.is_empty() {
            return;
        }
        let frames = (missing.end - missing.start) as u64;
        self.losses.retain(|loss| loss.end as i64 > missing.start);
        let is_lost = self.losses.front().is_some_and(|loss| (loss.start as i64) < missing.end);
        self.job.hold_more(match is_lost {
            true => Held::Mark(Mark::Gap { frames, lost: frames }),
            false => Held::Silence { frames },
        });
    }

    fn show(&self, progress: &Progress, desk: &mut Desk<'_>) {
        let is_paused = progress.paused_from.is_some() && progress.end.is_none();
        desk.teller.status.set_follows(if is_paused { Gate::Paused } else { Gate::Recording });
        let next = (self.place.frame + self.next as i64).max(0) as u64;
        desk.history.hold_from((!is_paused).then_some(next));
    }

    /// All that there is of a capture is in it.
    pub fn finish(mut self, membership: &Membership, desk: &mut Desk<'_>) {
        if let Some((progress, notes)) = membership.progress(self.take.event, 0) {
            self.notes.extend(notes);
            self.go_on_to(self.own(progress.frames, desk), &progress, desk);
            self.take_notes(desk);
        }
        // It may wait for its turn behind others.
        desk.ended.push(self.job);
    }

    /// Gets no more. Says where it ends, counted from all that have passed, and whether its leader is gone whose record was on.
    pub fn end(mut self, membership: &Membership, desk: &mut Desk<'_>) -> (i64, bool) {
        self.take_notes(desk);
        desk.history.hold_from(None);
        desk.teller.status.set_follows(Gate::Idle);
        let is_abandoned = membership.progress(self.take.event, usize::MAX).is_some_and(|(it, _)| it.is_abandoned);
        membership.give_back(self.take.event);
        let end = self.place.frame + self.next as i64;
        if self.job.is_up_to_date() {
            self.job.end(desk.ended.is_empty() && !desk.has_own, desk.teller);
        } else {
            desk.ended.push(self.job);
        }
        (end, is_abandoned)
    }

    /// Gets no more, for something went wrong.
    pub fn fail(mut self, error: &TakeError, desk: &mut Desk<'_>) {
        desk.history.hold_from(None);
        desk.teller.status.set_follows(Gate::Idle);
        self.job.fail(error, desk.teller);
        desk.ended.push(self.job);
    }
}
