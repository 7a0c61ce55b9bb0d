//! Where the song was at each frame of a take, or of the history.

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
    /// The transport runs.
    runs: bool,
}

impl SongPositions {
    /// At the first frame the song is at `seconds`. `runs`: it is sure that it goes on with the sound.
    pub fn new(seconds: Option<f64>, runs: bool) -> Self {
        Self { stretches: vec![Stretch { from: 0, seconds, jumped: false, runs }] }
    }

    /// The first frame is not 0 but this one.
    pub fn starting_at(mut self, frame: u64) -> Self {
        self.stretches[0].from = frame;
        self
    }

    /// From frame `from` on, behind all before, the song runs from this second on; none where it stands, or nobody tells. It
    /// may have `jumped` there.
    pub fn goes_on(&mut self, from: u64, seconds: Option<f64>, jumped: bool) {
        self.stretches.push(Stretch { from, seconds, jumped, runs: true });
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

    fn stretch_of(&self, frame: u64) -> usize {
        self.stretches.partition_point(|stretch| stretch.from <= frame).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
