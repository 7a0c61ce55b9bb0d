//! What an AIFF file says of itself.

use super::recovery::whole_number;
use crate::disk::encode::tags::id3::read_id3_tag;
use crate::disk::encode::told::Told;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// More chunks of a file are not looked at.
const MAX_CHUNKS: usize = 256;

/// Bytes of COMM up to the upper half of its rate's mantissa.
const COMM_BYTES: usize = 14;

/// By its chunks COMM and `ID3 `. We write both before the sound; others put the tag behind it. Chunks are passed over
/// by their sizes.
pub fn told(head: &[u8], file: &File) -> Option<Told> {
    if !(head.starts_with(b"FORM") && matches!(head.get(8..12)?, b"AIFF" | b"AIFC")) {
        return None;
    }
    let end = file.metadata().ok()?.len();
    let mut reader = BufReader::new(file);
    let (mut told, mut comm, mut has_sound) = (Told::default(), None, false);
    let mut at = 12;
    for _ in 0..MAX_CHUNKS {
        let mut head = [0; 8];
        if at + head.len() as u64 > end || seek(&mut reader, at).is_none() || reader.read_exact(&mut head).is_err() {
            break;
        }
        let [id @ .., s0, s1, s2, s3] = head;
        match &id {
            b"COMM" => {
                let mut fields = [0; COMM_BYTES];
                reader.read_exact(&mut fields).ok()?;
                comm = Some(fields);
            }
            b"ID3 " | b"id3 " => told = read_id3_tag(&mut reader).ok().flatten().unwrap_or_default(),
            b"SSND" => has_sound = true,
            _ => {}
        }
        at += 8 + u64::from(u32::from_be_bytes([s0, s1, s2, s3])).next_multiple_of(2);
    }
    // numChannels, numSampleFrames, sampleSize, sampleRate.
    let [c0, c1, f0, f1, f2, f3, _, _, e0, e1, m0, m1, m2, m3] = comm.filter(|_| has_sound)?;
    let rate = whole_number(u16::from_be_bytes([e0, e1]), u32::from_be_bytes([m0, m1, m2, m3]));
    Some(Told {
        sample_rate: rate.max(1),
        channels: u16::from_be_bytes([c0, c1]).into(),
        frames: Some(u32::from_be_bytes([f0, f1, f2, f3]).into()),
        ..told
    })
}

fn seek(reader: &mut BufReader<&File>, at: u64) -> Option<u64> {
    reader.seek(SeekFrom::Start(at)).ok()
}
