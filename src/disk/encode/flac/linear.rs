//! Linear prediction (RFC 9639, 9.2.6).

use super::bits::BitWriter;

/// The most samples that a prediction looks back; `flac -5` looks as far.
pub const MAX_ORDER: usize = 8;

/// Lags of the autocorrelation, 0 included, filled up to whole vectors.
const LAGS: usize = MAX_ORDER + 2;

/// Bits of a coefficient at 16 bits of a sample and at more. More of them make no residual smaller.
const SHORT_PRECISION: u32 = 12;
const LONG_PRECISION: u32 = 15;

/// The largest shift that the format has (RFC 9639, 9.2.6: 5 bits, and negative ones are forbidden).
const LARGEST_SHIFT: i32 = 15;

/// A prediction: the sum of the last samples, each times its coefficient, shifted right.
#[derive(Debug, Clone, Copy)]
pub struct Prediction {
    pub order: usize,
    pub precision: u32,
    pub shift: u32,
    /// For the last sample first; 0 beyond the order.
    pub coefficients: [i32; MAX_ORDER],
}

/// Finds predictions; keeps its buffers.
#[derive(Default)]
pub struct Predictor {
    window: Vec<f64>,
    /// The samples under the window, and silence behind them.
    windowed: Vec<f64>,
}

impl Predictor {
    /// The prediction that promises the fewest bits for `samples` of `bits` bits, and nothing where there is none.
    pub fn best(&mut self, samples: &[i32], bits: u32) -> Option<Prediction> {
        if samples.len() <= 2 * MAX_ORDER {
            return None;
        }
        let correlation = self.autocorrelation(samples);
        let precision = if bits > 17 { LONG_PRECISION } else { SHORT_PRECISION };
        let estimate = |order: usize, error: f64| {
            let bits_per_value = (0.5 * (error * 0.5 / samples.len() as f64).log2()).max(0.0);
            bits_per_value * (samples.len() - order) as f64 + (order as u32 * (bits + precision)) as f64
        };
        let predictors = levinson_durbin(&correlation);
        let (order, coefficients, _) = predictors
            .map(|(order, coefficients, error)| (order, coefficients, estimate(order, error)))
            .min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))?;
        quantise(order, coefficients, precision)
    }

    fn autocorrelation(&mut self, samples: &[i32]) -> [f64; LAGS] {
        if self.window.len() != samples.len() {
            self.window = (0..samples.len()).map(|at| hann(at, samples.len())).collect();
        }
        self.windowed.clear();
        self.windowed.extend(samples.iter().zip(&self.window).map(|(&sample, &weight)| f64::from(sample) * weight));
        self.windowed.extend([0.0; LAGS]);
        let mut sums = [0.0; LAGS];
        for ahead in self.windowed.windows(LAGS).take(samples.len()) {
            for (sum, &sample) in sums.iter_mut().zip(ahead) {
                *sum += ahead[0] * sample;
            }
        }
        sums
    }
}

/// The weight of a sample: less towards the ends of the block.
fn hann(at: usize, length: usize) -> f64 {
    0.5 - 0.5 * (std::f64::consts::TAU * at as f64 / (length - 1) as f64).cos()
}

/// For each order the coefficients that leave the least energy, and that energy.
fn levinson_durbin(correlation: &[f64; LAGS]) -> impl Iterator<Item = (usize, [f64; MAX_ORDER], f64)> + '_ {
    let mut coefficients = [0.0; MAX_ORDER];
    let mut error = correlation[0];
    (0..MAX_ORDER).map_while(move |last| {
        if error <= 0.0 {
            return None;
        }
        let predicted: f64 = (0..last).map(|at| coefficients[at] * correlation[last - at]).sum();
        let reflection = (correlation[last + 1] - predicted) / error;
        let before = coefficients;
        for at in 0..last {
            coefficients[at] -= reflection * before[last - 1 - at];
        }
        coefficients[last] = reflection;
        error *= 1.0 - reflection * reflection;
        Some((last + 1, coefficients, error))
    })
}

/// Whole coefficients of `precision` bits, as fine as they can be.
fn quantise(order: usize, exact: [f64; MAX_ORDER], precision: u32) -> Option<Prediction> {
    let largest = exact.iter().fold(0.0, |largest: f64, coefficient| largest.max(coefficient.abs()));
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let shift = (precision as i32 - 2 - largest.log2().floor() as i32).min(LARGEST_SHIFT);
    let shift = u32::try_from(shift).ok()?;
    let limit = 1 << (precision - 1);
    let mut coefficients = [0; MAX_ORDER];
    // What one coefficient's rounding takes away the next one gives back.
    let mut rest = 0.0;
    for (coefficient, exact) in coefficients.iter_mut().zip(exact).take(order) {
        let wanted = exact * f64::from(1u32 << shift) + rest;
        *coefficient = (wanted.round() as i32).clamp(-limit, limit - 1);
        rest = wanted - f64::from(*coefficient);
    }
    coefficients.iter().any(|&coefficient| coefficient != 0).then_some(Prediction {
        order,
        precision,
        shift,
        coefficients,
    })
}

impl Prediction {
    /// Bits that [`write`](Self::write) takes.
    pub fn bits(&self) -> u64 {
        9 + self.order as u64 * u64::from(self.precision)
    }

    /// Writes the coefficients and what it takes to read them (RFC 9639, 9.2.6).
    pub fn write(&self, writer: &mut BitWriter<'_>) {
        writer.write(4, self.precision - 1);
        writer.write(5, self.shift);
        for &coefficient in &self.coefficients[..self.order] {
            writer.write_signed(self.precision, coefficient);
        }
    }

    /// What the prediction misses of `samples`, from the first predicted one on. `false` where a value is too large
    /// for the format.
    pub fn residual(&self, samples: &[i32], bits: u32, residual: &mut Vec<i32>) -> bool {
        residual.clear();
        let mut oldest_first = self.coefficients;
        oldest_first.reverse();
        let start = samples.len().min(MAX_ORDER);
        let mut excess = 0;
        for at in self.order..start {
            let past = samples[..at].iter().rev().zip(&self.coefficients);
            let sum: i64 = past.map(|(&sample, &coefficient)| i64::from(sample) * i64::from(coefficient)).sum();
            push(i64::from(samples[at]) - (sum >> self.shift), residual, &mut excess);
        }
        let pasts = samples.array_windows::<MAX_ORDER>().zip(&samples[start..]);
        // Eight products of so many bits each have three bits more.
        if bits + self.precision + 3 <= 32 {
            residual.extend(pasts.map(|(past, &sample)| {
                let sum: i32 = past.iter().zip(&oldest_first).map(|(&sample, &coefficient)| sample * coefficient).sum();
                sample - (sum >> self.shift)
            }));
        } else {
            for (past, &sample) in pasts {
                let products = past.iter().zip(&oldest_first);
                let sum: i64 = products.map(|(&sample, &coefficient)| i64::from(sample) * i64::from(coefficient)).sum();
                push(i64::from(sample) - (sum >> self.shift), residual, &mut excess);
            }
        }
        excess == 0
    }
}

/// Appends a value; `excess` becomes something else than 0 where it has more than 31 bits.
#[inline]
fn push(value: i64, residual: &mut Vec<i32>, excess: &mut i64) {
    residual.push(value as i32);
    *excess |= (value >> 30) ^ (value >> 63);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What RFC 9639, 9.2.6 says, one value at a time and without a limit.
    fn plain_residual(prediction: &Prediction, samples: &[i32]) -> Vec<i64> {
        let missed = |at: usize| {
            let past = (0..prediction.order).map(|back| (samples[at - 1 - back], prediction.coefficients[back]));
            let sum: i64 = past.map(|(sample, coefficient)| i64::from(sample) * i64::from(coefficient)).sum();
            i64::from(samples[at]) - (sum >> prediction.shift)
        };
        (prediction.order..samples.len()).map(missed).collect()
    }

    proptest! {
        #[test]
        fn a_residual_is_right_or_refused(
            order in 1..=MAX_ORDER,
            shift in 0..=15u32,
            wide in any::<bool>(),
            coefficients in prop::array::uniform8(any::<i16>()),
            values in prop::collection::vec(any::<i32>(), 1..50),
        ) {
            let (bits, precision) = if wide { (25, LONG_PRECISION) } else { (17, SHORT_PRECISION) };
            let values = values.into_iter().chain([i32::MIN; 10]).chain([i32::MAX; 10]);
            let samples: Vec<i32> = values.map(|value| value >> (32 - bits)).collect();
            let mut prediction = Prediction { order, precision, shift, coefficients: [0; MAX_ORDER] };
            for (place, value) in prediction.coefficients.iter_mut().zip(coefficients).take(order) {
                *place = i32::from(value) >> (16 - precision);
            }
            let plain = plain_residual(&prediction, &samples);
            let mut residual = Vec::new();
            if prediction.residual(&samples, bits, &mut residual) {
                prop_assert_eq!(residual.into_iter().map(i64::from).collect::<Vec<i64>>(), plain);
            } else {
                prop_assert!(plain.iter().any(|&value| value != (value << 33) >> 33));
            }
        }
    }
}
