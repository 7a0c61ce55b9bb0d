//! From planar samples to what stands in files.

use std::ops::Range;

/// Interleaves the frames `range` of `planar`, which holds `frames` frames, channels one after the other.
pub fn interleave(planar: &[f32], frames: usize, range: Range<usize>, interleaved: &mut Vec<f32>) {
    let channels = planar.len() / frames;
    interleaved.resize(range.len() * channels, 0.0);
    for (channel, samples) in planar.chunks_exact(frames).enumerate() {
        let places = interleaved[channel..].iter_mut().step_by(channels);
        places.zip(&samples[range.clone()]).for_each(|(place, &sample)| *place = sample);
    }
}

/// Rounds a sample of −1 to 1 to the nearest of `bits` bits, halves away from zero, 1 to the largest that there is.
pub fn quantise(sample: f32, bits: u16) -> i32 {
    let full_scale = f64::from(1u32 << (bits - 1));
    let scaled = f64::from(sample) * full_scale;
    // f64 holds 24 bits and a half more without rounding, so this is round(), without the call of a library.
    (scaled + 0.5f64.copysign(scaled)).min(full_scale - 1.0) as i32
}
