//! From floats to integers.

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
