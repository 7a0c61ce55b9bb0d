//! Dither: noise that is added before samples are rounded, so that the error no longer follows the sound.
//!
//! Triangular noise of ±1 step of the file (TPDF) is the least with which neither the mean nor the power of the error
//! depends on the sound (Lipshitz, Wannamaker, Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40-5,
//! 1992). The error is white then, and its power a quarter of a squared step instead of a twelfth: 4.8 dB more.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// So many samples are dithered at a time.
const LANES: usize = 8;

/// Dithers one take. Lives on the writer thread.
pub struct Dither {
    bits: u16,
    /// One for each channel.
    noise: Vec<Noise>,
}

impl Dither {
    /// For a file whose samples have `bits` bits, at most 24. No other take and no other channel has the same noise.
    pub fn new(bits: u16, channels: usize) -> Self {
        let random = RandomState::new();
        Self { bits, noise: (0..channels).map(|channel| Noise::new(|part| random.hash_one((channel, part)))).collect() }
    }

    /// Rounds `frames` frames of −1 to 1, planar, to steps of the file, with noise. They stay within −1 to 1.
    pub fn apply(&mut self, planar: &mut [f32], frames: usize) {
        for (samples, noise) in planar.chunks_exact_mut(frames).zip(&mut self.noise) {
            let (runs, rest) = samples.as_chunks_mut();
            for run in runs {
                round(run, self.bits, noise.next());
            }
            if !rest.is_empty() {
                let mut run = [0.0; LANES];
                run[..rest.len()].copy_from_slice(rest);
                round(&mut run, self.bits, noise.next());
                rest.copy_from_slice(&run[..rest.len()]);
            }
        }
    }
}

/// Rounds samples of −1 to 1 to `bits` bits with so much noise, in steps.
fn round(samples: &mut [f32; LANES], bits: u16, noise: [f32; LANES]) {
    let steps = (1u32 << (bits - 1)) as f32;
    for (sample, noise) in samples.iter_mut().zip(noise) {
        // The noise is added to what is behind the point: a float has no room for both it and a loud sample. What is cut
        // off is positive, so that it is always cut off downwards.
        let scaled = *sample * steps;
        let whole = scaled as i32;
        let rounded = whole + (scaled - whole as f32 + noise + 4.5) as i32 - 4;
        *sample = (rounded as f32 / steps).clamp(-1.0, 1.0);
    }
}

/// Triangular noise of −1 to 1: the difference of two even ones.
struct Noise {
    /// A generator xorshift128 in each lane (Marsaglia, "Xorshift RNGs", 2003), which vector instructions can do.
    state: [[u32; LANES]; 4],
}

impl Noise {
    /// Begins anywhere in the period of 2¹²⁸ − 1; `random` gives what it is asked for by a number.
    fn new(random: impl Fn(usize) -> u64) -> Self {
        // All zeros would stay zeros.
        Self { state: [0, 1, 2, 3].map(|word| std::array::from_fn(|lane| random(LANES * word + lane) as u32 | 1)) }
    }

    fn next(&mut self) -> [f32; LANES] {
        let [x, y, z, w] = self.state;
        let new = std::array::from_fn(|lane| {
            let t = x[lane] ^ (x[lane] << 11);
            w[lane] ^ (w[lane] >> 19) ^ t ^ (t >> 8)
        });
        self.state = [y, z, w, new];
        new.map(|random| ((random >> 16) as i32 - (random & 0xFFFF) as i32) as f32 / 65_536.0)
    }
}

#[cfg(test)]
mod tests;
