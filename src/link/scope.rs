//! What the window's meters and waveform show: fed by the audio thread, and only while a window looks.
//!
//! Peaks and levels are one atomic for each channel. The waveform is a ring of columns, each packed into one atomic, so
//! that a reader never sees half of one; the oldest are overwritten. Nothing here can be full, and nobody waits.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// The most channels that have a meter.
pub const MAX_METERS: usize = 64;

/// Columns of the waveform in a second of sound.
pub const COLUMNS_PER_SECOND: u32 = 100;

/// Columns that [`Scope::columns`] hands out at most: ten seconds.
pub const MAX_COLUMNS: usize = 10 * COLUMNS_PER_SECOND as usize;

/// Slots of the ring. Those beyond [`MAX_COLUMNS`] are what the audio thread may write while the window reads.
const SLOTS: usize = 1024;

const FULL_SCALE: f32 = 32_767.0 / 4.0;

/// What a stretch of a take is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// The take is paused; these frames are left out.
    Paused,
    /// In the take.
    Recorded,
    /// In the take as silence: the frames were lost.
    Lost,
}

/// One column of the waveform: all channels in a hundredth of a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The lowest sample, −4 to 0.
    pub low: f32,
    /// The highest sample, 0 to 4.
    pub high: f32,
    pub span: Span,
    /// A take begins here.
    pub begins: bool,
}

impl Column {
    fn pack(self) -> u64 {
        let level = |level: f32| u64::from((level * FULL_SCALE) as i16 as u16);
        let span = match self.span {
            Span::Paused => 0,
            Span::Recorded => 1,
            Span::Lost => 2,
        };
        level(self.low) | level(self.high) << 16 | span << 32 | u64::from(self.begins) << 40
    }

    fn unpack(word: u64) -> Self {
        let level = |word: u64| f32::from(word as u16 as i16) / FULL_SCALE;
        let span = match word >> 32 & 0xff {
            0 => Span::Paused,
            1 => Span::Recorded,
            _ => Span::Lost,
        };
        Self { low: level(word), high: level(word >> 16), span, begins: word >> 40 & 1 == 1 }
    }
}

/// The levels of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Level {
    /// The loudest sample since the last look, linear.
    pub peak: f32,
    /// Root mean square over about 0.3 s, linear.
    pub rms: f32,
}

#[derive(Debug, Default)]
struct Meter {
    peak_bits: AtomicU32,
    rms_bits: AtomicU32,
}

/// Meters and waveform of one plugin instance.
pub struct Scope {
    /// How often a window has opened; the lowest bit says that one is open.
    openings: AtomicU32,
    channels: AtomicU32,
    /// Blocks measured. Stands still when the host stops to process.
    blocks: AtomicU32,
    meters: [Meter; MAX_METERS],
    columns_written: AtomicU64,
    columns: [AtomicU64; SLOTS],
    on_change: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            openings: AtomicU32::new(0),
            channels: AtomicU32::new(0),
            blocks: AtomicU32::new(0),
            meters: std::array::from_fn(|_| Meter::default()),
            columns_written: AtomicU64::new(0),
            columns: std::array::from_fn(|_| AtomicU64::new(0)),
            on_change: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("openings", &self.openings).finish_non_exhaustive()
    }
}

impl Scope {
    /// Main thread: a window opens.
    pub fn open(&self) {
        self.openings.fetch_or(1, Relaxed);
    }

    /// Main thread: the window closes.
    pub fn close(&self) {
        if self.is_viewed() {
            self.openings.fetch_add(1, Relaxed);
        }
    }

    /// Any thread: whether a window is open. One relaxed load.
    pub fn is_viewed(&self) -> bool {
        self.openings.load(Relaxed) & 1 == 1
    }

    /// Any thread: differs from one opening of a window to the next.
    pub fn opening(&self) -> u32 {
        self.openings.load(Relaxed)
    }

    /// Names what to call when there is something new to draw. It is called by any thread, the audio thread included,
    /// so it must be wait-free. Only the first one counts.
    pub fn on_change(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_change.set(Box::new(call));
    }

    /// Any thread: there is something new to draw. Wait-free.
    pub fn changed(&self) {
        if self.is_viewed()
            && let Some(call) = self.on_change.get()
        {
            call();
        }
    }

    /// Audio thread: how many channels are measured from now on.
    pub(crate) fn set_channels(&self, channels: usize) {
        self.channels.store(channels.min(MAX_METERS) as u32, Relaxed);
    }

    /// Audio thread: a channel went as far as `peak`. Tries again at most once for each look of the window.
    pub(crate) fn raise_peak(&self, channel: usize, peak: f32) {
        // The bits of floats that are not negative are in the order of the floats.
        let (meter, bits) = (&self.meters[channel].peak_bits, peak.to_bits());
        if meter.load(Relaxed) < bits {
            meter.fetch_max(bits, Relaxed);
        }
    }

    /// Audio thread: a channel's level.
    pub(crate) fn set_rms(&self, channel: usize, rms: f32) {
        self.meters[channel].rms_bits.store(rms.to_bits(), Relaxed);
    }

    /// Audio thread: one more block was measured.
    pub(crate) fn count_block(&self) {
        self.blocks.store(self.blocks.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Audio thread: the waveform goes on.
    pub(crate) fn push_column(&self, column: Column) {
        let written = self.columns_written.load(Relaxed);
        self.columns[written as usize % SLOTS].store(column.pack(), Relaxed);
        self.columns_written.store(written + 1, Release);
    }

    /// Window: blocks measured so far.
    pub fn blocks(&self) -> u32 {
        self.blocks.load(Relaxed)
    }

    /// Window: the level of every channel; each peak counts from the last look.
    pub fn take_levels(&self) -> Vec<Level> {
        let channels = self.channels.load(Relaxed) as usize;
        let level = |meter: &Meter| Level {
            peak: f32::from_bits(meter.peak_bits.swap(0, Relaxed)),
            rms: f32::from_bits(meter.rms_bits.load(Relaxed)),
        };
        self.meters[..channels].iter().map(level).collect()
    }

    /// Window: columns written since the plugin was loaded.
    pub fn columns_written(&self) -> u64 {
        self.columns_written.load(Acquire)
    }

    /// Window: the last columns, oldest first, at most [`MAX_COLUMNS`] and none before column number `first`.
    pub fn columns(&self, first: u64) -> Vec<Column> {
        let end = self.columns_written();
        let start = end.saturating_sub(MAX_COLUMNS as u64).max(first.min(end));
        (start..end).map(|index| Column::unpack(self.columns[index as usize % SLOTS].load(Relaxed))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(high: f32) -> Column {
        Column { low: -0.25, high, span: Span::Recorded, begins: false }
    }

    #[test]
    fn a_column_survives_packing() {
        for span in [Span::Paused, Span::Recorded, Span::Lost] {
            for begins in [false, true] {
                let column = Column { low: -1.5, high: 0.75, span, begins };
                let back = Column::unpack(column.pack());
                assert_eq!((back.span, back.begins), (span, begins));
                assert!((back.low + 1.5).abs() < 1e-3 && (back.high - 0.75).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_level_beyond_all_bounds_stays_at_the_edge() {
        let back = Column::unpack(Column { low: f32::NEG_INFINITY, ..column(1e30) }.pack());
        assert!(back.low <= -3.9 && back.high >= 3.9);
    }

    #[test]
    fn the_waveform_keeps_the_last_ten_seconds_in_order() {
        let scope = Scope::default();
        for index in 0..3_000 {
            scope.push_column(column(index as f32 / 3_000.0));
        }
        let columns = scope.columns(0);
        assert_eq!(columns.len(), MAX_COLUMNS);
        assert!(columns.windows(2).all(|pair| pair[0].high <= pair[1].high));
        assert!(columns[0].high > 0.66 && columns[MAX_COLUMNS - 1].high > 0.999);
        assert_eq!(scope.columns(2_990).len(), 10);
        assert_eq!(scope.columns(9_999), []);
    }

    #[test]
    fn a_peak_between_two_looks_is_seen_exactly_once() {
        let scope = Scope::default();
        scope.set_channels(2);
        scope.raise_peak(1, 0.5);
        scope.raise_peak(1, 0.9);
        scope.raise_peak(1, 0.2);
        assert_eq!(scope.take_levels()[1].peak, 0.9);
        assert_eq!(scope.take_levels()[1].peak, 0.0);
    }

    #[test]
    fn a_window_that_opens_again_is_another_opening() {
        let scope = Scope::default();
        scope.close();
        scope.open();
        let first = scope.opening();
        scope.close();
        assert!(!scope.is_viewed());
        scope.open();
        assert!(scope.is_viewed() && scope.opening() != first);
    }
}
