//! One channel of a block (RFC 9639, 9.2).

use super::bits::BitWriter;
use super::linear::{Prediction, Predictor};
use super::rice::RicePlan;

/// The most samples that the fixed predictions look back.
const MAX_FIXED_ORDER: usize = 4;

/// Plans how a channel is coded, then writes it. Keeps its buffers.
#[derive(Default)]
pub struct Subframe {
    kind: Kind,
    /// Bits of a sample without the zeros at its end.
    bits: u32,
    /// How many zeros all samples end with.
    wasted: u32,
    /// The samples without them.
    samples: Vec<i32>,
    fixed_residual: Vec<i32>,
    linear_residual: Vec<i32>,
}

/// The types of subframes (RFC 9639, 9.2.1).
#[derive(Default)]
enum Kind {
    #[default]
    Constant,
    Verbatim,
    Fixed(usize, RicePlan),
    Linear(Prediction, RicePlan),
}

impl Subframe {
    /// Plans `samples` of `bits` bits, at least one, and gives how many bits they take then, estimated.
    pub fn plan(&mut self, samples: &[i32], bits: u32, predictor: &mut Predictor) -> u64 {
        let all = samples.iter().fold(0, |all, sample| all | sample);
        self.wasted = if all == 0 { 0 } else { all.trailing_zeros() };
        self.bits = bits - self.wasted;
        self.samples.clear();
        self.samples.extend(samples.iter().map(|sample| sample >> self.wasted));
        let (kind, size) = self.smallest(predictor);
        self.kind = kind;
        size
    }

    fn smallest(&mut self, predictor: &mut Predictor) -> (Kind, u64) {
        let Self { samples, bits, fixed_residual, linear_residual, .. } = self;
        let sample_bits = u64::from(*bits);
        if samples.iter().all(|&sample| sample == samples[0]) {
            return (Kind::Constant, sample_bits);
        }
        let order = best_fixed_order(samples);
        residual_of_fixed(samples, order, fixed_residual);
        let plan = RicePlan::new(fixed_residual, order);
        let fixed = (Kind::Fixed(order, plan), plan.bits + order as u64 * sample_bits);

        let linear = predictor.best(samples, *bits).filter(|linear| linear.residual(samples, *bits, linear_residual));
        let linear = linear.map(|linear| {
            let plan = RicePlan::new(linear_residual, linear.order);
            let size = plan.bits + linear.bits() + linear.order as u64 * sample_bits;
            (Kind::Linear(linear, plan), size)
        });

        let verbatim = (Kind::Verbatim, samples.len() as u64 * sample_bits);
        let smaller = |one: (Kind, u64), other: (Kind, u64)| if other.1 < one.1 { other } else { one };
        [fixed].into_iter().chain(linear).fold(verbatim, smaller)
    }

    /// Writes what was planned.
    pub fn write(&self, writer: &mut BitWriter<'_>) {
        let Self { bits, samples, .. } = self;
        let write_samples = |writer: &mut BitWriter<'_>, count: usize| {
            samples[..count].iter().for_each(|&sample| writer.write_signed(*bits, sample));
        };
        match &self.kind {
            Kind::Constant => {
                self.write_head(writer, 0);
                write_samples(writer, 1);
            }
            Kind::Verbatim => {
                self.write_head(writer, 1);
                write_samples(writer, samples.len());
            }
            Kind::Fixed(order, plan) => {
                self.write_head(writer, 8 + *order as u32);
                write_samples(writer, *order);
                plan.write(writer, &self.fixed_residual, *order);
            }
            Kind::Linear(linear, plan) => {
                self.write_head(writer, 31 + linear.order as u32);
                write_samples(writer, linear.order);
                linear.write(writer);
                plan.write(writer, &self.linear_residual, linear.order);
            }
        }
    }

    fn write_head(&self, writer: &mut BitWriter<'_>, kind: u32) {
        writer.write(7, kind);
        writer.write(1, u32::from(self.wasted > 0));
        if let Some(zeros) = self.wasted.checked_sub(1) {
            writer.write_unary(zeros);
        }
    }
}

/// The order whose residual has the smallest magnitudes.
fn best_fixed_order(samples: &[i32]) -> usize {
    let mut sums = [0u64; MAX_FIXED_ORDER + 1];
    for &[oldest, older, old, last, now] in samples.array_windows() {
        // Samples have 25 bits at most, so none of these overflows.
        let residuals = [
            now,
            now - last,
            now - 2 * last + old,
            now - 3 * (last - old) - older,
            now - 4 * (last + older) + 6 * old + oldest,
        ];
        for (sum, residual) in sums.iter_mut().zip(residuals) {
            *sum += u64::from(residual.unsigned_abs());
        }
    }
    let orders = sums.iter().enumerate().take(samples.len().min(MAX_FIXED_ORDER + 1));
    orders.min_by_key(|&(_, sum)| sum).map_or(0, |(order, _)| order)
}

/// What the fixed prediction of `order` misses (RFC 9639, 9.2.5): the differences, so many times over.
fn residual_of_fixed(samples: &[i32], order: usize, residual: &mut Vec<i32>) {
    residual.clear();
    match order {
        0 => residual.extend_from_slice(samples),
        1 => residual.extend(samples.array_windows().map(|[last, now]| now - last)),
        2 => residual.extend(samples.array_windows().map(|[old, last, now]| now - 2 * last + old)),
        3 => residual.extend(samples.array_windows().map(|[older, old, last, now]| now - 3 * (last - old) - older)),
        _ => residual.extend(
            samples.array_windows().map(|[oldest, older, old, last, now]| now - 4 * (last + older) + 6 * old + oldest),
        ),
    }
}
