//! Where the song was at each frame of a take.

/// From one frame of a take on. Lives on the writer thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SongPosition {
    /// The frame of the take, at the rate of the file.
    from: u64,
    /// Seconds of the song there, where they are known.
    seconds: Option<f64>,
    /// The transport runs.
    runs: bool,
}

impl SongPosition {
    /// At frame `from` the song is at `seconds`. `runs`: it is sure that it goes on with the sound.
    pub fn new(from: u64, seconds: Option<f64>, runs: bool) -> Self {
        Self { from, seconds, runs }
    }

    /// Seconds of the song at `frame` of the take, both at `rate` frames per second.
    pub fn at(&self, frame: u64, rate: u32) -> Option<f64> {
        let frames = frame.saturating_sub(self.from) as f64;
        if frames == 0.0 || self.runs { self.seconds.map(|seconds| seconds + frames / f64::from(rate)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_that_runs_goes_on_with_the_sound_and_a_standing_one_is_known_at_its_frame_only() {
        let running = SongPosition::new(48_000, Some(10.5), true);
        assert_eq!(running.at(48_000, 48_000), Some(10.5));
        assert_eq!(running.at(96_000, 48_000), Some(11.5));
        let standing = SongPosition::new(0, Some(10.5), false);
        assert_eq!((standing.at(0, 48_000), standing.at(1, 48_000)), (Some(10.5), None));
        assert_eq!(SongPosition::new(0, None, true).at(48_000, 48_000), None);
    }
}
