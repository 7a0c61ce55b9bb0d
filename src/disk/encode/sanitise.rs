//! Makes samples that any encoder can take.

use super::SampleRange;

/// Brings `samples` into `range` and returns how many were beyond full scale. NaN becomes 0; where any finite value is
/// allowed, an infinity becomes full scale and counts, and all else stays as it is, to the bit.
pub fn sanitise(samples: &mut [f32], range: SampleRange) -> u64 {
    let mut clipped = 0;
    for sample in samples {
        let beyond = match range {
            SampleRange::FullScale => sample.abs() > 1.0,
            SampleRange::Finite => sample.is_infinite(),
        };
        if sample.is_nan() {
            *sample = 0.0;
        } else if beyond {
            *sample = sample.signum();
        }
        clipped += u64::from(beyond);
    }
    clipped
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
