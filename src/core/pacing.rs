//! When the audio thread may wait for the writer.
//!
//! Hosts do not say reliably that they render offline, so the rule looks at the clock instead: only audio that comes
//! in faster than time passes can come from a render, and only a render may be made to wait.

use std::time::Duration;

/// How far audio may run ahead of the clock before it counts as faster than realtime. Hosts that process a track
/// ahead of time, and sound cards whose clock is not the system's, stay below it.
const REALTIME_LEAD: Duration = Duration::from_millis(500);

/// Compares audio time with clock time since the queue was last half empty.
#[derive(Debug, Default)]
pub struct Pacing {
    since: Option<Since>,
}

#[derive(Debug)]
struct Since {
    /// Clock time at which the queue was last half empty, plus the time that we made the host wait since then.
    start: Duration,
    /// Frames that came in since then.
    frames: u64,
}

impl Pacing {
    /// Takes a block of `frames` frames into account that came in at or after `now()`, in clock time, while the queue
    /// was `over_half` full. Asks for the time only when the queue passes its half.
    pub fn came_in(&mut self, frames: u64, over_half: bool, now: impl FnOnce() -> Duration) {
        match (&mut self.since, over_half) {
            (Some(since), true) => since.frames += frames,
            (None, true) => self.since = Some(Since { start: now(), frames }),
            (_, false) => self.since = None,
        }
    }

    /// Whether audio has come in faster than the clock since the queue was last half empty.
    pub fn may_wait(&self, now: Duration, sample_rate: u32) -> bool {
        self.since.as_ref().is_some_and(|since| {
            let audio = Duration::from_secs_f64(since.frames as f64 / f64::from(sample_rate));
            audio > now.saturating_sub(since.start) + REALTIME_LEAD
        })
    }

    /// The host was made to wait for `waited`: time in which no audio could come in.
    pub fn waited(&mut self, waited: Duration) {
        if let Some(since) = &mut self.since {
            since.start += waited;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    /// A host that brings `seconds` of audio in blocks, `speed` times as fast as the clock, into a queue that has been
    /// over half full since the first block. Says whether it may be made to wait at the end.
    fn after(speed: f64, seconds: f64, block: u64) -> bool {
        let mut pacing = Pacing::default();
        let mut frames = 0;
        let clock = |frames: u64| Duration::from_secs_f64(frames as f64 / f64::from(RATE) / speed);
        while (frames as f64) < seconds * f64::from(RATE) {
            pacing.came_in(block, true, || clock(frames));
            frames += block;
        }
        pacing.may_wait(clock(frames), RATE)
    }

    #[test]
    fn a_render_at_twice_realtime_may_wait_after_half_a_four_second_queue() {
        assert!(after(2.0, 2.0, 512));
    }

    #[test]
    fn a_host_at_the_clocks_pace_never_waits_however_long_it_runs() {
        assert!(!after(1.0, 600.0, 512));
    }

    #[test]
    fn a_sound_card_clock_that_runs_half_a_permille_fast_never_waits() {
        assert!(!after(1.0005, 600.0, 512));
    }

    #[test]
    fn a_queue_that_never_passed_its_half_says_nothing_of_the_pace() {
        let mut pacing = Pacing::default();
        pacing.came_in(1 << 40, false, || unreachable!("the clock is asked only past the half"));
        assert!(!pacing.may_wait(Duration::ZERO, RATE));
    }

    #[test]
    fn falling_below_the_half_forgets_the_pace() {
        let mut pacing = Pacing::default();
        pacing.came_in(10 * u64::from(RATE), true, || Duration::ZERO);
        assert!(pacing.may_wait(Duration::from_secs(1), RATE));
        pacing.came_in(1, false, || Duration::ZERO);
        assert!(!pacing.may_wait(Duration::from_secs(1), RATE));
    }

    #[test]
    fn a_render_that_we_slow_down_below_realtime_may_still_wait() {
        let mut pacing = Pacing::default();
        let mut now = Duration::ZERO;
        for _ in 0..1_000 {
            pacing.came_in(u64::from(RATE), true, || now);
            assert!(pacing.may_wait(now, RATE));
            now += Duration::from_secs(2);
            pacing.waited(Duration::from_secs(2));
        }
    }

    proptest! {
        #[test]
        fn no_realtime_host_waits_at_any_block_size(block in 1u64..9_000, lead_ms in 0u64..300, seconds in 1u64..40) {
            let mut pacing = Pacing::default();
            let mut frames = 0;
            while frames < seconds * u64::from(RATE) {
                let due = Duration::from_secs_f64(frames as f64 / f64::from(RATE));
                let now = due.saturating_sub(Duration::from_millis(lead_ms));
                prop_assert!(!pacing.may_wait(now, RATE));
                pacing.came_in(block, true, || now);
                frames += block;
            }
        }
    }
}
