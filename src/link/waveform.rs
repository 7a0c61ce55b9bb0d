//! The waveform of what was recorded: drawn by the writer, which sees every frame, and shown by the window.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Columns of the waveform in a second of sound.
pub const COLUMNS_PER_SECOND: u32 = 100;

/// Columns that are kept: a minute.
pub const MAX_COLUMNS: usize = 60 * COLUMNS_PER_SECOND as usize;

/// What a stretch of a take is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// The take was paused here; these frames are left out.
    Paused,
    /// In the take.
    Recorded,
    /// In the take as silence, or not at all: the frames were lost.
    Lost,
}

/// One column of the waveform: all channels in a hundredth of a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The lowest sample, linear; 0 at most.
    pub low: f32,
    /// The highest sample, linear; 0 at least.
    pub high: f32,
    pub span: Span,
    /// A take begins here.
    pub begins: bool,
}

/// The last minute of what was recorded, whether a window is open or not. Takes no memory before the first take.
#[derive(Debug, Default)]
pub struct Waveform {
    columns: Mutex<VecDeque<Column>>,
}

impl Waveform {
    /// Writer thread: the waveform goes on.
    pub(crate) fn push(&self, column: Column) {
        let mut columns = self.lock();
        if columns.len() == MAX_COLUMNS {
            columns.pop_front();
        }
        columns.push_back(column);
    }

    /// Window: the last columns, oldest first, at most [`MAX_COLUMNS`].
    pub fn columns(&self) -> Vec<Column> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Column>> {
        // Whole between any two lines that change it.
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_is_kept_in_order() {
        let waveform = Waveform::default();
        for index in 0..10_000 {
            waveform.push(Column { low: 0.0, high: index as f32, span: Span::Recorded, begins: false });
        }
        let columns = waveform.columns();
        assert_eq!(columns.len(), MAX_COLUMNS);
        assert_eq!((columns[0].high, columns[MAX_COLUMNS - 1].high), (4_000.0, 9_999.0));
        assert!(columns.windows(2).all(|pair| pair[0].high < pair[1].high));
    }
}
