//! From planar samples to what stands in files.

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

/// Rounds a sample of −1 to 1 to the nearest of `bits` bits, halves away from zero, 1 to the largest that there is.
pub fn quantise(sample: f32, bits: u16) -> i32 {
    // Every step but the last is exact: a power of two scales, and what is behind the point fits into a float again. So
    // this is round(), without the call of a library, and for several samples at a time.
    let scaled = sample * (1u32 << (bits - 1)) as f32;
    let whole = scaled as i32;
    let rest = scaled - whole as f32;
    let largest = i32::MAX >> (32 - bits);
    (whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)).min(largest)
}
