//! What an AIFF file says of itself.

use super::recovery::whole_number;
use crate::disk::encode::tags::id3::read_id3_tag;
use crate::disk::encode::told::{Told, chunks};
use std::fs::File;

/// By its chunks COMM and `ID3 `, which stand before the sound.
pub fn told(head: &[u8], _file: &File) -> Option<Told> {
    if !(head.starts_with(b"FORM") && matches!(head.get(8..12)?, b"AIFF" | b"AIFC")) {
        return None;
    }
    let mut told = Told::default();
    let mut comm = None;
    for (id, fields) in chunks(head, u32::from_be_bytes) {
        match id {
            b"COMM" => comm = fields.first_chunk().copied(),
            b"ID3 " => told = read_id3_tag(fields).unwrap_or_default(),
            b"SSND" => {
                // numChannels, numSampleFrames, sampleSize, sampleRate.
                let [c0, c1, f0, f1, f2, f3, _, _, e0, e1, m0, m1, m2, m3] = comm?;
                let rate = whole_number(u16::from_be_bytes([e0, e1]), u32::from_be_bytes([m0, m1, m2, m3]));
                return Some(Told {
                    sample_rate: rate.max(1),
                    channels: u16::from_be_bytes([c0, c1]).into(),
                    frames: Some(u32::from_be_bytes([f0, f1, f2, f3]).into()),
                    ..told
                });
            }
            _ => {}
        }
    }
    None
}
