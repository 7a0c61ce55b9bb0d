//! How loud a sound is, as broadcasters and players measure it.

/// Of a whole sound. Nothing where there is nothing to measure: in silence, and where it is too short.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loudness {
    /// Programme loudness in LUFS (ITU-R BS.1770-4, annex 1): of all blocks of 400 ms that are not much softer than the
    /// others.
    pub integrated_lufs: Option<f64>,
    /// Loudness range in LU (EBU Tech 3342): between soft and loud passages, from blocks of 3 s.
    pub range_lu: Option<f64>,
    /// Of the loudest block of 400 ms, in LUFS (EBU Tech 3341).
    pub max_momentary_lufs: Option<f64>,
    /// Of the loudest block of 3 s, in LUFS (EBU Tech 3341).
    pub max_short_term_lufs: Option<f64>,
    /// The highest level of any channel in dBTP, between the samples too (ITU-R BS.1770-4, annex 2).
    pub true_peak_dbtp: Option<f64>,
}
