//! Changes the sample rate of a take, through rubato.
