//! How far a stretch of one channel goes.

const LANES: usize = 8;

/// The lowest and the highest sample, zero included, and the sum of the squares.
pub fn extent(samples: &[f32]) -> (f32, f32, f32) {
    // Lanes, so that the compiler can use vector instructions; a NaN loses every comparison.
    let (mut low, mut high, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES], [0.0_f32; LANES]);
    let (chunks, rest) = samples.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let sample = chunk[lane];
            low[lane] = if sample < low[lane] { sample } else { low[lane] };
            high[lane] = if sample > high[lane] { sample } else { high[lane] };
            squares[lane] += sample * sample;
        }
    }
    for &sample in rest {
        low[0] = if sample < low[0] { sample } else { low[0] };
        high[0] = if sample > high[0] { sample } else { high[0] };
        squares[0] += sample * sample;
    }
    (low.into_iter().fold(0.0, f32::min), high.into_iter().fold(0.0, f32::max), squares.iter().sum())
}
