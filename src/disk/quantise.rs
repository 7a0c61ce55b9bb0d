//! Whole-number samples.

/// Rounds a sample of −1 to 1 to the nearest of `bits` bits, 1 to the largest that there is.
pub fn quantise(sample: f32, bits: u16) -> i32 {
    let full_scale = f64::from(1u32 << (bits - 1));
    (f64::from(sample) * full_scale).round().min(full_scale - 1.0) as i32
}
