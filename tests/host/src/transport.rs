//! Where the song stands, as the host tells the plugin.

use clack_host::events::event_types::{TransportEvent, TransportFlags};
use clack_host::events::{EventFlags, EventHeader};
use clack_host::utils::{BeatTime, SecondsTime};

/// The song at the first frame of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    pub playing: bool,
    /// The host's own record is on.
    pub recording: bool,
    /// Seconds from the beginning of the song.
    pub seconds: f64,
    /// Beats per minute; not told where there is none.
    pub tempo: Option<f64>,
}

/// How the song moves, and what the host tells beside where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SongRun {
    /// Seconds of the song in a second of sound.
    pub speed: f64,
    /// The loop that is played, in seconds; the host tells it.
    pub cycle: Option<(f64, f64)>,
    /// The host tells that it counts in.
    pub counts_in: bool,
}

impl Default for SongRun {
    fn default() -> Self {
        Self { speed: 1.0, cycle: None, counts_in: false }
    }
}

impl Transport {
    /// The song after `frames` frames; a standing one stays where it is.
    pub(crate) fn after(self, frames: usize, sample_rate: f64, run: SongRun) -> Self {
        let passed = if self.playing { run.speed * frames as f64 / sample_rate } else { 0.0 };
        let seconds = self.seconds + passed;
        let seconds = match run.cycle {
            Some((start, end)) if self.seconds < end && seconds >= end => start + (seconds - end) % (end - start),
            _ => seconds,
        };
        Self { seconds, ..self }
    }

    pub(crate) fn event(self, run: SongRun) -> TransportEvent {
        let mut flags = TransportFlags::HAS_SECONDS_TIMELINE;
        flags.set(TransportFlags::IS_PLAYING, self.playing);
        flags.set(TransportFlags::IS_RECORDING, self.recording);
        flags.set(TransportFlags::HAS_TEMPO, self.tempo.is_some());
        flags.set(TransportFlags::IS_LOOP_ACTIVE, run.cycle.is_some());
        flags.set(TransportFlags::IS_WITHIN_PRE_ROLL, run.counts_in);
        let (loop_start, loop_end) = run.cycle.unwrap_or_default();
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags,
            song_pos_beats: BeatTime::from_int(0),
            song_pos_seconds: SecondsTime::from_float(self.seconds),
            tempo: self.tempo.unwrap_or(0.0),
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_int(0),
            loop_end_beats: BeatTime::from_int(0),
            loop_start_seconds: SecondsTime::from_float(loop_start),
            loop_end_seconds: SecondsTime::from_float(loop_end),
            bar_start: BeatTime::from_int(0),
            bar_number: 0,
            time_signature_numerator: 4,
            time_signature_denominator: 4,
        }
    }
}
