//! The seek table: room is made for it before anyone knows how long the take becomes.

use flac_codec::metadata::{SeekPoint, SeekTable};

/// Points in the table; 18 bytes each (RFC 9639, 8.5).
const POINTS: usize = 600;

/// Points at even distances. When there are too many, every other one goes.
pub struct SeekPoints {
    points: Vec<SeekPoint>,
    /// Every so many blocks get a point.
    step: usize,
    blocks: usize,
}

impl SeekPoints {
    /// Begins with a point every `step` blocks.
    pub fn new(step: u32) -> Self {
        Self { points: Vec::with_capacity(POINTS), step: step.max(1) as usize, blocks: 0 }
    }

    /// The next block holds `frames` frames, from the frame `first` on, and begins `offset` bytes behind the metadata.
    pub fn add(&mut self, first: u64, offset: u64, frames: u16) {
        if self.blocks.is_multiple_of(self.step) {
            if self.points.len() == POINTS {
                let mut keep = false;
                self.points.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.step *= 2;
            }
            if self.blocks.is_multiple_of(self.step) {
                self.points.push(SeekPoint::Defined {
                    sample_offset: first,
                    byte_offset: offset,
                    frame_samples: frames,
                });
            }
        }
        self.blocks += 1;
    }

    /// The table, filled up with placeholders.
    pub fn table(&self) -> SeekTable {
        table(self.points.iter().cloned())
    }

    /// The table of a file that still grows; as long as any other.
    pub fn placeholders() -> SeekTable {
        table(std::iter::empty())
    }
}

fn table(points: impl Iterator<Item = SeekPoint>) -> SeekTable {
    let mut table = SeekTable::default();
    for point in points.chain(std::iter::repeat(SeekPoint::Placeholder)).take(POINTS) {
        // Never refused: the points ascend and fit.
        let _ = table.points.try_push(point);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_take_keeps_even_seek_points_and_the_table_its_length() {
        let mut points = SeekPoints::new(10);
        for block in 0..1_000_000u64 {
            points.add(block * 4096, block * 9000, 4096);
        }
        let table = points.table();
        assert_eq!(table.points.len(), POINTS);
        assert_eq!(SeekPoints::placeholders().points.len(), POINTS);
        let firsts: Vec<u64> = table.points.iter().filter_map(SeekPoint::sample_offset).collect();
        let step = 4096 * 10 * (1_000_000u64 / 10 / POINTS as u64 + 1).next_power_of_two();
        assert!(firsts.len() > POINTS / 2);
        assert!(firsts.iter().enumerate().all(|(index, &first)| first == index as u64 * step), "{firsts:?}");
    }
}
