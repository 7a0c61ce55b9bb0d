//! Where the song was at each frame of a take, or of the history.

use crate::core::markers::{Marker, MarkerKind};
use std::ops::Range;

/// Seconds of the song at frames that follow each other. Lives on the writer thread.
#[derive(Debug, Clone, PartialEq)]
pub struct SongPositions {
    /// In order of their frames, never empty: a resampler holds frames back, and a file that fails lacks some, so what was
    /// before the newest one counts too.
    stretches: Vec<Stretch>,
}

/// From one frame on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub from: u64,
    /// Seconds of the song there, where they are known.
    pub seconds: Option<f64>,
    /// The song jumped there.
    pub jumped: bool,
    /// The sound was interrupted before it, for a time that nobody knows.
    pub interrupted: bool,
    /// The transport runs.
    runs: bool,
}

impl SongPositions {
    /// At the first frame the song is at `seconds`. `runs`: it is sure that it goes on with the sound.
    pub fn new(seconds: Option<f64>, runs: bool) -> Self {
        Self { stretches: vec![Stretch { from: 0, seconds, jumped: false, interrupted: false, runs }] }
    }

    /// The first frame is not 0 but this one.
    pub fn starting_at(mut self, frame: u64) -> Self {
        self.stretches[0].from = frame;
        self
    }

    /// From frame `from` on, behind all before, the song runs from this second on; none where it stands, or nobody tells. It
    /// may have `jumped` there.
    pub fn goes_on(&mut self, from: u64, seconds: Option<f64>, jumped: bool) -> Stretch {
        let stretch = Stretch { from, seconds, jumped, interrupted: false, runs: true };
        self.stretches.push(stretch);
        stretch
    }

    /// The sound was interrupted before frame `from`, for a time that nobody knows: no place is counted back over it.
    pub fn interrupt(&mut self, from: u64) {
        self.stretches.push(Stretch { from, seconds: None, jumped: false, interrupted: true, runs: true });
    }

    /// Where it does not simply go on, in order.
    pub fn changes_within(&self, frames: Range<u64>) -> &[Stretch] {
        let before = |frame: u64| self.stretches.partition_point(|stretch| stretch.from < frame);
        &self.stretches[before(frames.start)..before(frames.end).max(before(frames.start))]
    }

    /// Nobody will ask for what was before this frame.
    pub fn forget_before(&mut self, frame: u64) {
        self.stretches.drain(..self.stretch_of(frame));
    }

    /// Seconds of the song at `frame`, counted at `rate` frames per second.
    pub fn at(&self, frame: u64, rate: u32) -> Option<f64> {
        let Stretch { from, seconds, runs, .. } = self.stretches[self.stretch_of(frame)];
        let frames = frame.saturating_sub(from) as f64;
        if frames == 0.0 || runs { seconds.map(|seconds| seconds + frames / f64::from(rate)) } else { None }
    }

    /// Whether it is sure that the song goes on with the sound at `frame`.
    pub fn runs_at(&self, frame: u64) -> bool {
        let stretch = self.stretches[self.stretch_of(frame)];
        stretch.runs && stretch.seconds.is_some()
    }

    /// The place in the song of something that begins with `frame`, at `rate` frames per second.
    ///
    /// Before the song runs, the place is counted back from the frame at which it begins to, so that the sound lies
    /// where it was heard. The position of a standing song counts only as long as the song has not run.
    pub fn place(&self, frame: u64, rate: u32) -> Place {
        let known = self.at(frame, rate);
        if self.runs_at(frame) {
            return Place { seconds: known, is_final: true };
        }
        let mut later = self.changes_within(frame..u64::MAX).iter().filter(|change| change.from > frame);
        let counted_back = |run: &Stretch| {
            let seconds = run.seconds? - (run.from - frame) as f64 / f64::from(rate);
            // Rounding may leave a little less than 0.
            (seconds > -half_a_frame(rate)).then_some(seconds.max(0.0))
        };
        match later.find(|change| change.interrupted || change.seconds.is_some()) {
            // A jump says that the song ran before, and not where; and nobody knows how long an interruption was.
            Some(run) if run.jumped || run.interrupted => Place { seconds: None, is_final: true },
            Some(run) => Place { seconds: counted_back(run), is_final: true },
            None => Place { seconds: known, is_final: false },
        }
    }

    fn stretch_of(&self, frame: u64) -> usize {
        self.stretches.partition_point(|stretch| stretch.from <= frame).saturating_sub(1)
    }
}

fn half_a_frame(rate: u32) -> f64 {
    0.5 / f64::from(rate)
}

/// A place in the song at which something begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Seconds of the song at its first frame, where they are known.
    pub seconds: Option<f64>,
    /// Nothing that comes later changes that.
    pub is_final: bool,
}

impl Place {
    /// No program puts a file before the beginning of a song.
    fn can_be_told(self) -> bool {
        self.seconds.is_some_and(|seconds| seconds >= 0.0)
    }
}

/// The marker of a file that says where its sound lies in the song, where its first frame cannot: at the first frame of
/// the song that it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    /// The place of the file's first frame.
    place: Place,
    first: u64,
    rate: u32,
    is_wanted: bool,
    /// In the take. Frames before it may be still to come.
    found: Option<Marker>,
}

impl Anchor {
    /// The anchor of a file that begins with frame `first` of a take. `song` has all that is known so far.
    pub fn new(song: &SongPositions, first: u64, rate: u32) -> Self {
        let place = song.place(first, rate);
        let mut anchor = Self { place, first, rate, is_wanted: !place.can_be_told(), found: None };
        if let Some(seconds) = place.seconds.filter(|_| anchor.is_wanted && place.is_final) {
            anchor.look_at(first, seconds);
        }
        let later = song.changes_within(first..u64::MAX).iter().filter(|change| change.from > first);
        later.for_each(|change| anchor.song_goes_on(change));
        anchor
    }

    /// The song has gone on like this, and `song` knows of it. Says whether the file's place has become another one.
    pub fn follow(&mut self, song: &SongPositions, change: &Stretch) -> bool {
        let before = self.place;
        // Only stretches in which it stood can have been forgotten by now.
        if !self.place.is_final && change.seconds.is_some() {
            self.place = song.place(self.first, self.rate);
            self.is_wanted = !self.place.can_be_told();
        }
        self.song_goes_on(change);
        before != self.place
    }

    fn song_goes_on(&mut self, change: &Stretch) {
        if self.found.take_if(|found| found.frame >= change.from).is_some() {
            self.is_wanted = true;
        }
        let Some(seconds) = change.seconds.filter(|_| self.is_wanted) else { return };
        if change.jumped {
            // It has a marker of its own.
            self.is_wanted = false;
        } else {
            self.look_at(change.from, seconds);
        }
    }

    /// The song runs from this second on, from frame `from` of the take on.
    fn look_at(&mut self, from: u64, seconds: f64) {
        let half = half_a_frame(self.rate);
        let found = if seconds >= half {
            Marker { frame: from, kind: MarkerKind::Song { seconds } }
        } else {
            let ahead = (-seconds * f64::from(self.rate)).round() as u64;
            Marker { frame: from.saturating_add(ahead), kind: MarkerKind::SongStart }
        };
        (self.is_wanted, self.found) = (false, Some(found));
    }

    /// The marker, once all frames before `end` have come.
    pub fn take(&mut self, end: u64) -> Option<Marker> {
        self.found.take_if(|found| found.frame < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn place(seconds: Option<f64>, is_final: bool) -> Place {
        Place { seconds, is_final }
    }

    #[test]
    fn a_place_before_the_song_runs_is_counted_back_from_there_and_no_other_counts() {
        let mut song = SongPositions::new(Some(3.0), false);
        assert_eq!(song.place(0, RATE), place(Some(3.0), false));
        assert_eq!(song.place(1, RATE), place(None, false));
        song.goes_on(1_000, None, false);
        assert_eq!(song.place(0, RATE), place(Some(3.0), false));
        song.goes_on(47_104, Some(3.0), false);
        assert_eq!(song.place(0, RATE).seconds.map(|seconds| (seconds * 48_000.0).round()), Some(96_896.0));
        song.goes_on(90_000, Some(60.0), true);
        assert_eq!(song.place(47_104, RATE), place(Some(3.0), true));
    }

    #[test]
    fn a_place_before_the_songs_beginning_or_a_jump_is_not_known() {
        let mut song = SongPositions::new(Some(13.4), false);
        song.goes_on(96_001, Some(2.0), false);
        assert_eq!(song.place(0, RATE), place(None, true));
        assert_eq!(song.place(1, RATE), place(Some(0.0), true));
        let mut song = SongPositions::new(Some(13.4), false);
        song.goes_on(48_000, Some(20.0), true);
        assert_eq!(song.place(0, RATE), place(None, true));
    }

    #[test]
    fn where_the_first_frame_has_no_place_the_first_one_of_the_song_is_marked() {
        let marked = |first: (Option<f64>, bool), changes: &[(u64, Option<f64>, bool)]| {
            let mut song = SongPositions::new(first.0, first.1);
            let mut anchor = Anchor::new(&song, 0, RATE);
            for &(from, seconds, jumped) in changes {
                let change = song.goes_on(from, seconds, jumped);
                anchor.follow(&song, &change);
            }
            let all_at_once = Anchor::new(&song, 0, RATE).take(u64::MAX);
            let found = anchor.take(u64::MAX);
            assert_eq!(all_at_once, found, "however it is told");
            found.map(|marker| (marker.frame, marker.kind.to_string()))
        };
        let start = |frame: u64| Some((frame, "Song start".to_owned()));
        // From the song's beginning on, as it is or where a host begins earlier.
        assert_eq!(marked((None, false), &[(72_000, Some(0.0), false)]), start(72_000));
        assert_eq!(marked((Some(0.0), false), &[(72_000, Some(-2_032.0 / 48_000.0), false)]), start(74_032));
        assert_eq!(marked((Some(-1.0), true), &[]), start(48_000));
        // Elsewhere.
        let told = marked((Some(13.4), false), &[(480_000, Some(2.0), false)]);
        assert_eq!(told, Some((480_000, "Song at 2.00 s".to_owned())));
        // The beginning does not come, or another one does.
        assert_eq!(marked((Some(-1.0), true), &[(47_999, None, false)]), None);
        assert_eq!(marked((Some(-1.0), true), &[(24_000, None, false), (50_000, Some(-0.5), false)]), start(74_000));
        // The jump is marked, and the first frame is known.
        assert_eq!(marked((None, false), &[(100, Some(7.0), true), (200, Some(0.0), false)]), None);
        assert_eq!(marked((None, false), &[(48_000, Some(1.0), false)]), None);
        assert_eq!(marked((Some(0.0), true), &[(48_000, Some(0.0), false)]), None);
    }

    proptest! {
        /// A place that was counted back leads forward to the frame at which the song began to run, to the sample.
        #[test]
        fn the_run_lies_in_its_place_whatever_came_before(
            stood in prop::option::of(0.0f64..1_000.0), nothings in prop::collection::vec(1u64..1_000, 0..4),
            more in 1u64..10_000_000, frames in prop_oneof![0u64..20_000_000, 0u64..1 << 38], rate in 8_000u32..768_000,
            first in 0u64..1_000,
        ) {
            let mut song = SongPositions::new(stood, false);
            let mut at = 0;
            for nothing in nothings {
                at += nothing;
                song.goes_on(at, None, false);
            }
            let run = at + more;
            song.goes_on(run, Some(frames as f64 / f64::from(rate)), false);
            song.goes_on(run + 1, None, false);
            song.forget_before(first.min(run));
            let first = first.min(run);
            let told = song.place(first, rate);
            let before = run - first;
            prop_assert!(told.is_final);
            prop_assert_eq!(told.seconds.is_some(), before <= frames);
            if let Some(seconds) = told.seconds {
                prop_assert_eq!((seconds * f64::from(rate)).round() as u64 + before, frames);
            }
            let anchor = Anchor::new(&song, first, rate).take(u64::MAX);
            prop_assert_eq!(anchor.map(|marker| marker.frame), (before > frames).then_some(run));
        }
    }

    #[test]
    fn a_song_that_runs_goes_on_with_the_sound_and_a_standing_one_is_known_at_its_frame_only() {
        let running = SongPositions::new(Some(10.5), true);
        assert_eq!(running.at(0, 48_000), Some(10.5));
        assert_eq!(running.at(48_000, 48_000), Some(11.5));
        let standing = SongPositions::new(Some(10.5), false);
        assert_eq!((standing.at(0, 48_000), standing.at(1, 48_000)), (Some(10.5), None));
        assert_eq!(SongPositions::new(None, true).at(48_000, 48_000), None);
    }

    #[test]
    fn no_place_is_counted_back_over_an_interruption() {
        let mut song = SongPositions::new(None, false);
        song.interrupt(48_000);
        song.goes_on(48_000, Some(10.0), false);
        assert_eq!(song.place(0, 48_000), Place { seconds: None, is_final: true });
        assert_eq!(song.place(48_000, 48_000), Place { seconds: Some(10.0), is_final: true });
    }

    #[test]
    fn a_frame_before_a_jump_stays_where_it_was() {
        let mut song = SongPositions::new(Some(0.0), true);
        song.goes_on(48_000, Some(100.0), true);
        song.goes_on(96_000, None, false);
        let seconds = |song: &SongPositions| [47_999, 48_000, 72_000, 96_000].map(|frame| song.at(frame, 48_000));
        let expected = [Some(47_999.0 / 48_000.0), Some(100.0), Some(100.5), None];
        assert_eq!(seconds(&song), expected);
        song.forget_before(47_999);
        assert_eq!(seconds(&song), expected);
        song.forget_before(48_000);
        assert_eq!(seconds(&song)[1..], expected[1..]);
        assert_eq!(song.stretches.len(), 2);
    }
}
