//! Makes samples that any encoder can take.

use super::SampleRange;

/// So many samples are counted in 32 bits, as wide as they are themselves.
const AT_ONCE: usize = 1 << 16;

/// Brings `samples` into `range` and returns how many were beyond full scale. NaN becomes 0; where any finite value is
/// allowed, an infinity becomes full scale and counts, and all else stays as it is, to the bit.
pub fn sanitise(samples: &mut [f32], range: SampleRange) -> u64 {
    match range {
        SampleRange::FullScale => bring_in(samples, |sample| sample.abs() > 1.0),
        SampleRange::Finite => bring_in(samples, f32::is_infinite),
    }
}

/// Without a branch in the loop, so that it takes several samples at a time.
fn bring_in(samples: &mut [f32], is_beyond: impl Fn(f32) -> bool) -> u64 {
    let bring_one_in = |sample: &mut f32| {
        let beyond = is_beyond(*sample);
        let number = if sample.is_nan() { 0.0 } else { *sample };
        *sample = if beyond { 1.0f32.copysign(number) } else { number };
        u32::from(beyond)
    };
    samples.chunks_mut(AT_ONCE).map(|samples| u64::from(samples.iter_mut().map(bring_one_in).sum::<u32>())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [f32; 8] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1.5, 1.0, -0.0, 1e-42];

    #[test]
    fn full_scale_encoders_get_nothing_beyond_it() {
        let mut samples = HOSTILE;
        assert_eq!(sanitise(&mut samples, SampleRange::FullScale), 4);
        assert_eq!(samples, [0.0, 1.0, -1.0, 1.0, -1.0, 1.0, -0.0, 1e-42]);
    }

    #[test]
    fn float_files_keep_all_finite_values_to_the_bit() {
        let mut samples = HOSTILE;
        assert_eq!(sanitise(&mut samples, SampleRange::Finite), 2);
        let bits = samples.map(f32::to_bits);
        assert_eq!(bits, [0.0, 1.0, -1.0, 1e30, -1.5, 1.0, -0.0, 1e-42].map(f32::to_bits));
    }
}
