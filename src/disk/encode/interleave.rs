//! From planar to interleaved.

use std::ops::Range;

/// Interleaves the frames `range` of `planar`, which holds `frames` frames, channels one after the other.
pub fn interleave(planar: &[f32], frames: usize, range: Range<usize>, interleaved: &mut Vec<f32>) {
    let channels = planar.len() / frames;
    interleaved.resize(range.len() * channels, 0.0);
    if channels == 2 {
        // Several frames at a time, which a stride in one place does not allow.
        let (left, right) = planar.split_at(frames);
        let pairs = left[range.clone()].iter().zip(&right[range]);
        interleaved.as_chunks_mut().0.iter_mut().zip(pairs).for_each(|(frame, (&left, &right))| *frame = [left, right]);
        return;
    }
    for (channel, samples) in planar.chunks_exact(frames).enumerate() {
        let places = interleaved[channel..].iter_mut().step_by(channels);
        places.zip(&samples[range.clone()]).for_each(|(place, &sample)| *place = sample);
    }
}
