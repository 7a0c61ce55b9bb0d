//! How large takes become at the settings in force, for windows of other instances.

use crate::core::format::StreamFormat;
use std::fmt;
use std::sync::OnceLock;

type BytesPerSecond = Box<dyn Fn(StreamFormat) -> f64 + Send + Sync>;

/// The settings lie where the link does not reach: who has them answers.
#[derive(Default)]
pub struct Forecast {
    bytes_per_second: OnceLock<BytesPerSecond>,
}

impl fmt::Debug for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forecast").finish_non_exhaustive()
    }
}

impl Forecast {
    /// Names who knows how many bytes a second of such sound becomes, at most. Only the first one counts.
    pub fn ask(&self, call: impl Fn(StreamFormat) -> f64 + Send + Sync + 'static) {
        let _ = self.bytes_per_second.set(Box::new(call));
    }

    /// How many bytes a second of such sound becomes, at most, where somebody knows.
    pub fn bytes_per_second(&self, stream: StreamFormat) -> Option<f64> {
        self.bytes_per_second.get().map(|call| call(stream))
    }
}
