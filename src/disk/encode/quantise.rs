//! From floats to integers.

/// Rounds a sample of −1 to 1 to the nearest of `bits` bits, halves away from zero, 1 to the largest that there is.
pub fn quantise(sample: f32, bits: u16) -> i32 {
    let full_scale = f64::from(1u32 << (bits - 1));
    let scaled = f64::from(sample) * full_scale;
    // f64 holds 24 bits and a half more without rounding, so this is round(), without the call of a library.
    (scaled + 0.5f64.copysign(scaled)).min(full_scale - 1.0) as i32
}
