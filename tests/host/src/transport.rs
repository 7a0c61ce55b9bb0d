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

impl Transport {
    /// The song after `frames` frames; a standing one stays where it is.
    pub(crate) fn after(self, frames: usize, sample_rate: f64) -> Self {
        let passed = if self.playing { frames as f64 / sample_rate } else { 0.0 };
        Self { seconds: self.seconds + passed, ..self }
    }

    pub(crate) fn event(self) -> TransportEvent {
        let mut flags = TransportFlags::HAS_SECONDS_TIMELINE;
        flags.set(TransportFlags::IS_PLAYING, self.playing);
        flags.set(TransportFlags::IS_RECORDING, self.recording);
        flags.set(TransportFlags::HAS_TEMPO, self.tempo.is_some());
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags,
            song_pos_beats: BeatTime::from_int(0),
            song_pos_seconds: SecondsTime::from_float(self.seconds),
            tempo: self.tempo.unwrap_or(0.0),
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_int(0),
            loop_end_beats: BeatTime::from_int(0),
            loop_start_seconds: SecondsTime::from_int(0),
            loop_end_seconds: SecondsTime::from_int(0),
            bar_start: BeatTime::from_int(0),
            bar_number: 0,
            time_signature_numerator: 4,
            time_signature_denominator: 4,
        }
    }
}
