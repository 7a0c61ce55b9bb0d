//! Bits of a block, the most significant first, and its checksum.

/// Appends bits to bytes.
pub struct BitWriter<'a> {
    bytes: &'a mut Vec<u8>,
    /// The last `count` bits, not yet in `bytes`; what stands above them is used up.
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Begins behind the last of `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, bits: 0, count: 0 }
    }

    /// Appends the lowest `count` bits of `value`, 32 at most; what stands above them has to be 0.
    #[inline]
    pub fn write(&mut self, count: u32, value: u32) {
        debug_assert!(count <= 32 && u64::from(value) >> count == 0);
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            self.bytes.extend_from_slice(&((self.bits >> self.count) as u32).to_be_bytes());
        }
    }

    /// Appends `value` as two's complement of `count` bits.
    #[inline]
    pub fn write_signed(&mut self, count: u32, value: i32) {
        self.write(count, value as u32 & (u32::MAX >> (32 - count)));
    }

    /// Appends `zeros` zeros and a one.
    #[inline]
    pub fn write_unary(&mut self, mut zeros: u32) {
        while zeros >= 32 {
            self.write(32, 0);
            zeros -= 32;
        }
        self.write(zeros + 1, 1);
    }

    /// Fills up the last byte with zeros.
    pub fn finish(self) {
        let bytes = self.count.div_ceil(8) as usize;
        let bits = (self.bits << (32 - self.count)) as u32;
        self.bytes.extend_from_slice(&bits.to_be_bytes()[..bytes]);
    }
}

/// What a byte contributes to the checksum when 0 to 7 others follow it.
const CRC16_TABLES: [[u16; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut followers = 0;
        while followers < 8 {
            let mut bit = 0;
            while bit < 8 {
                crc = (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 };
                bit += 1;
            }
            tables[followers][byte] = crc;
            followers += 1;
        }
        byte += 1;
    }
    tables
};

/// The checksum at a block's end (RFC 9639, 9.3); 0 over a block with it.
pub fn crc16(bytes: &[u8]) -> u16 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let crc = chunks.iter().fold(0u16, |crc, chunk| {
        let [high, low] = crc.to_be_bytes();
        let mut chunk = *chunk;
        chunk[0] ^= high;
        chunk[1] ^= low;
        chunk.iter().zip(CRC16_TABLES.iter().rev()).fold(0, |crc, (&byte, table)| crc ^ table[usize::from(byte)])
    });
    rest.iter().fold(crc, |crc, &byte| (crc << 8) ^ CRC16_TABLES[0][usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_come_out_in_order(fields in prop::collection::vec((1u32..=32, any::<u32>(), 0u32..100), 0..100)) {
            let (mut bytes, mut expected) = (Vec::new(), String::new());
            let mut writer = BitWriter::new(&mut bytes);
            for (count, value, zeros) in fields {
                let value = value >> (32 - count);
                writer.write(count, value);
                expected += &format!("{value:0width$b}", width = count as usize);
                writer.write_unary(zeros);
                expected += &"0".repeat(zeros as usize);
                expected += "1";
            }
            writer.finish();
            expected += &"0".repeat(expected.len().next_multiple_of(8) - expected.len());
            prop_assert_eq!(bytes.iter().map(|byte| format!("{byte:08b}")).collect::<String>(), expected);
        }

        #[test]
        fn the_checksum_is_the_remainder(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let slow = bytes.iter().fold(0u16, |crc, &byte| {
                (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| (crc << 1) ^ if crc >> 15 == 0 { 0 } else { 0x8005 })
            });
            prop_assert_eq!(crc16(&bytes), slow);
        }
    }
}
