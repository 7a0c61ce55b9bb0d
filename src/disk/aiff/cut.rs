//! Mends a file whose sizes say less than it holds.

use super::SSND_HEAD_BYTES;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The chunks that [`AiffEncoder`](super::AiffEncoder) writes: COMM, and SSND behind all others.
struct Layout {
    comm_at: u64,
    ssnd_at: u64,
    bytes_per_frame: u64,
}

/// Cuts the file behind its last whole frame and makes the sizes say what is there.
pub fn repair(mut file: &File) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let Some(Layout { comm_at, ssnd_at, bytes_per_frame }) = read_layout(file)? else {
        // No sound yet.
        return Ok(());
    };
    let sound_at = ssnd_at + SSND_HEAD_BYTES;
    let frames = end.saturating_sub(sound_at) / bytes_per_frame;
    let sound_end = sound_at + frames * bytes_per_frame;
    let padded_end = sound_end.next_multiple_of(2);
    file.set_len(sound_end)?;
    // Grows by a zero where a pad byte is needed.
    file.set_len(padded_end)?;
    patch(file, 4, padded_end - 8)?;
    patch(file, comm_at + 10, frames)?;
    patch(file, ssnd_at + 4, sound_end - ssnd_at - 8)
}

fn read_layout(mut file: &File) -> io::Result<Option<Layout>> {
    let mut form = [0; 12];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut form)?;
    if !(form.starts_with(b"FORM") && (form.ends_with(b"AIFF") || form.ends_with(b"AIFC"))) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut comm = None;
    let mut at = 12;
    loop {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        if file.read(&mut head)? < head.len() {
            return Ok(None);
        }
        let [id @ .., s0, s1, s2, s3, c0, c1, _, _, _, _, b0, b1] = head;
        match &id {
            b"COMM" => {
                let bytes_per_sample = u16::from_be_bytes([b0, b1]).div_ceil(8);
                comm = Some((at, u64::from(u16::from_be_bytes([c0, c1])) * u64::from(bytes_per_sample)));
            }
            b"SSND" => {
                return Ok(comm.map(|(comm_at, bytes_per_frame)| Layout { comm_at, ssnd_at: at, bytes_per_frame }));
            }
            _ => {}
        }
        at += 8 + u64::from(u32::from_be_bytes([s0, s1, s2, s3])).next_multiple_of(2);
    }
}

/// Writes a size or count of 32 bits.
fn patch(mut file: &File, at: u64, value: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&u32::try_from(value).map_err(io::Error::other)?.to_be_bytes())
}
