//! Mends a file whose sizes say less than it holds.

use super::SSND_HEAD_BYTES;
use crate::disk::encode::Kept;
use crate::disk::encode::chain::{Behind, behind};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes of a chunk's head and of what SSND has before its sound, as the length of what was read.
const SSND_HEAD: usize = SSND_HEAD_BYTES as usize;

/// The chunks that [`AiffEncoder`](super::AiffEncoder) writes: COMM, and SSND behind all others.
struct Layout {
    comm_at: u64,
    ssnd_at: u64,
    bytes_per_frame: u64,
    sample_rate: u32,
}

/// Cuts the file behind its last whole frame and makes the sizes say what is there. A file whose chunks lead to its
/// very end is whole, whoever has put some behind the sound: not a byte of it changes.
pub fn repair(mut file: &File) -> io::Result<Kept> {
    let end = file.seek(SeekFrom::End(0))?;
    let Some(Layout { comm_at, ssnd_at, bytes_per_frame, sample_rate }) = read_layout(file)? else {
        return Ok(Kept::NOTHING);
    };
    let sound_at = ssnd_at + SSND_HEAD_BYTES;
    let Some(sound_bytes) = end.checked_sub(sound_at) else {
        return Ok(Kept::NOTHING);
    };
    let told_end = ssnd_at + 8 + u64::from(read_size(file, ssnd_at + 4)?);
    let told_frames = told_end.saturating_sub(sound_at) / bytes_per_frame;
    let behind = behind(file, told_end.next_multiple_of(2), u32::from_be_bytes)?;
    if behind == Behind::Chunks {
        return Ok(Kept { frames: told_frames, sample_rate });
    }
    // Half of the markers may be there, where the disk was full.
    let frames = if behind == Behind::TornChunk { told_frames } else { sound_bytes / bytes_per_frame };
    let sound_end = sound_at + frames * bytes_per_frame;
    let padded_end = sound_end.next_multiple_of(2);
    file.set_len(sound_end)?;
    // Grows by a zero where a pad byte is needed.
    file.set_len(padded_end)?;
    patch(file, 4, padded_end - 8)?;
    patch(file, comm_at + 10, frames)?;
    patch(file, ssnd_at + 4, sound_end - ssnd_at - 8)?;
    Ok(Kept { frames, sample_rate })
}

fn read_size(mut file: &File, at: u64) -> io::Result<u32> {
    let mut size = [0; 4];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut size)?;
    Ok(u32::from_be_bytes(size))
}

fn read_layout(mut file: &File) -> io::Result<Option<Layout>> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut form = [0; 12];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut form)?;
    if !(form.starts_with(b"FORM") && (form.ends_with(b"AIFF") || form.ends_with(b"AIFC"))) {
        return Err(invalid());
    }
    let mut comm = None;
    let mut at = 12;
    loop {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 26];
        match read_what_is_there(file, &mut head)? {
            26.. => {}
            // SSND may be the last that was written.
            SSND_HEAD..26 if head.starts_with(b"SSND") => {}
            _ => return Ok(None),
        }
        let [id @ .., s0, s1, s2, s3, c0, c1, _, _, _, _, b0, b1, e0, e1, m0, m1, m2, m3, _, _, _, _] = head;
        match &id {
            b"COMM" => {
                let bytes_per_sample = u16::from_be_bytes([b0, b1]).div_ceil(8);
                let bytes_per_frame = u64::from(u16::from_be_bytes([c0, c1])) * u64::from(bytes_per_sample);
                let rate = whole_number(u16::from_be_bytes([e0, e1]), u32::from_be_bytes([m0, m1, m2, m3]));
                comm = Some((at, bytes_per_frame, rate.max(1)));
            }
            b"SSND" => {
                let (comm_at, bytes_per_frame, sample_rate) = comm.filter(|comm| comm.1 > 0).ok_or_else(invalid)?;
                return Ok(Some(Layout { comm_at, ssnd_at: at, bytes_per_frame, sample_rate }));
            }
            _ => {}
        }
        at += 8 + u64::from(u32::from_be_bytes([s0, s1, s2, s3])).next_multiple_of(2);
    }
}

/// Reads until `bytes` is full or the file ends; says how many were there.
fn read_what_is_there(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut rest = Vec::new();
    let there = file.take(bytes.len() as u64).read_to_end(&mut rest)?;
    bytes[..there].copy_from_slice(&rest);
    Ok(there)
}

/// The whole part of an 80-bit floating-point number (Audio Interchange File Format 1.3: `extended`, IEEE 754), by its
/// sign and exponent and the upper half of its mantissa, whose highest bit counts `2^(exponent - 16383)`.
pub fn whole_number(exponent: u16, mantissa: u32) -> u32 {
    let shift = 31 - (i32::from(exponent) - 16_383);
    u32::try_from(shift).ok().and_then(|shift| mantissa.checked_shr(shift)).unwrap_or(0)
}

/// Writes a size or count of 32 bits.
fn patch(mut file: &File, at: u64, value: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&u32::try_from(value).map_err(io::Error::other)?.to_be_bytes())
}
