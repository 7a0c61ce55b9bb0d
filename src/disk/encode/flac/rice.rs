//! The residual of a prediction, in Rice codes (RFC 9639, 9.2.7).

use super::bits::BitWriter;

/// The most times that a block is halved; `flac -5` goes as far.
const MAX_PARTITION_ORDER: u32 = 5;

const MAX_PARTITIONS: usize = 1 << MAX_PARTITION_ORDER;

/// The largest parameter of the first coding method, and of the second. One more would be an escape.
const LARGEST_SHORT: u32 = 14;
const LARGEST_LONG: u32 = 30;

/// How a residual is coded.
#[derive(Debug, Clone, Copy)]
pub struct RicePlan {
    /// Bits that the residual is estimated to take.
    pub bits: u64,
    partition_order: u32,
    parameters: [u8; MAX_PARTITIONS],
}

impl RicePlan {
    /// The plan for the residual of a block of `block` frames whose first `order` samples stand by themselves.
    pub fn new(residual: &[i32], order: usize) -> Self {
        let block = residual.len() + order;
        let largest_order = (0..=MAX_PARTITION_ORDER)
            .take_while(|&partition_order| {
                block.is_multiple_of(1 << partition_order) && block >> partition_order > order
            })
            .last()
            .unwrap_or(0);
        let mut sums = [0; MAX_PARTITIONS];
        for (sum, partition) in sums.iter_mut().zip(partitions(residual, order, largest_order)) {
            *sum = partition.iter().map(|value| u64::from(value.unsigned_abs())).sum();
        }
        let mut best = Self::with_sums(&sums, residual.len(), order, largest_order);
        for partition_order in (0..largest_order).rev() {
            for index in 0..1 << partition_order {
                sums[index] = sums[2 * index] + sums[2 * index + 1];
            }
            let plan = Self::with_sums(&sums, residual.len(), order, partition_order);
            if plan.bits <= best.bits {
                best = plan;
            }
        }
        best
    }

    /// The plan with the partitions whose magnitudes add up to `sums`.
    fn with_sums(sums: &[u64], residual_length: usize, order: usize, partition_order: u32) -> Self {
        let length = ((residual_length + order) >> partition_order) as u64;
        let mut plan = Self { bits: 0, partition_order, parameters: [0; MAX_PARTITIONS] };
        for (index, (parameter, &sum)) in plan.parameters.iter_mut().zip(sums).take(1 << partition_order).enumerate() {
            let count = if index == 0 { length - order as u64 } else { length };
            let (best, bits) = best_parameter(sum, count);
            *parameter = best as u8;
            plan.bits += bits;
        }
        plan.bits += u64::from(plan.parameter_bits()) << partition_order;
        plan
    }

    /// Bits of each parameter: the coding method follows from the largest one.
    fn parameter_bits(&self) -> u32 {
        if self.parameters.iter().all(|&parameter| u32::from(parameter) <= LARGEST_SHORT) { 4 } else { 5 }
    }

    /// Writes the residual that the plan was made for.
    pub fn write(&self, writer: &mut BitWriter<'_>, residual: &[i32], order: usize) {
        writer.write(2, self.parameter_bits() - 4);
        writer.write(4, self.partition_order);
        for (partition, &parameter) in partitions(residual, order, self.partition_order).zip(&self.parameters) {
            let parameter = u32::from(parameter);
            writer.write(self.parameter_bits(), parameter);
            for &value in partition {
                // 0, −1, 1, −2, …
                let folded = ((value << 1) ^ (value >> 31)) as u32;
                let (quotient, rest) = (folded >> parameter, folded & ((1 << parameter) - 1));
                if quotient + 1 + parameter <= 32 {
                    writer.write(quotient + 1 + parameter, 1 << parameter | rest);
                } else {
                    writer.write_unary(quotient);
                    writer.write(parameter, rest);
                }
            }
        }
    }
}

/// The parts of the residual; the first is shorter by the samples that stand by themselves.
fn partitions(residual: &[i32], order: usize, partition_order: u32) -> impl Iterator<Item = &[i32]> {
    let length = (residual.len() + order) >> partition_order;
    let (first, others) = residual.split_at(length - order);
    std::iter::once(first).chain(others.chunks_exact(length.max(1)))
}

/// The parameter for `count` values whose magnitudes add up to `sum`, and the bits that they then take, estimated.
fn best_parameter(sum: u64, count: u64) -> (u32, u64) {
    // Folded, values are about twice their magnitude, and the best parameter is near the logarithm of their mean.
    let near = (2 * sum / count.max(1)).checked_ilog2().unwrap_or(0).min(LARGEST_LONG);
    let bits = |parameter: u32| {
        // The rest of the division is on average half a quotient.
        let quotients =
            ((2 * sum) >> parameter).saturating_sub(if parameter > 0 { count / 2 } else { sum.min(count / 2) });
        u64::from(1 + parameter) * count + quotients
    };
    (near.saturating_sub(1)..=near)
        .map(|parameter| (parameter, bits(parameter)))
        .min_by_key(|&(_, bits)| bits)
        .unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Small and large values side by side: all partition orders, parameters and both coding methods.
        #[test]
        fn a_residual_takes_no_more_bits_than_planned_and_one_for_each_value(
            runs in prop::collection::vec((1..200usize, 0..31u32, any::<u32>()), 1..20),
            order in 0..=8usize,
        ) {
            let values = runs.into_iter().flat_map(|(length, bits, seed)| {
                (0..length as u32).map(move |at| (at.wrapping_mul(2_654_435_769) ^ seed) as i32 >> (31 - bits))
            });
            let mut residual: Vec<i32> = values.collect();
            residual.truncate((residual.len() + order) / 32 * 32);
            residual.truncate(residual.len().saturating_sub(order));
            prop_assume!(!residual.is_empty());
            let plan = RicePlan::new(&residual, order);
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            plan.write(&mut writer, &residual, order);
            writer.finish();
            prop_assert!(bytes.len() as u64 * 8 <= plan.bits + residual.len() as u64 + 16);
        }
    }
}
