//! From planar to interleaved.

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
