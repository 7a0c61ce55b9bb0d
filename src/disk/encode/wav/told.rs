//! What a WAV file says of itself.

use super::header::{Header, MOST_RIFF_BYTES};
use crate::disk::encode::tags::bext::read_bext;
use crate::disk::encode::told::{Told, chunks};
use std::fs::File;

/// By its header and its chunk `bext`, which has the recorder's name whatever `header` says.
pub fn told(head: &[u8], _file: &File) -> Option<Told> {
    let header = Header::parse(head.to_vec(), MOST_RIFF_BYTES)?;
    let (_, data_bytes) = header.told_sizes();
    let fields = |wanted: &[u8; 4]| chunks(head, u32::from_le_bytes).find(|(id, _)| id == wanted);
    // nChannels (WAVEFORMATEX, mmreg.h).
    let channels = fields(b"fmt ").and_then(|(_, format)| format.get(2..4)?.first_chunk().copied())?;
    let bext = fields(b"bext").and_then(|(_, fields)| read_bext(fields)).unwrap_or_default();
    Some(Told {
        sample_rate: header.sample_rate(),
        channels: u16::from_le_bytes(channels).into(),
        frames: Some(data_bytes / header.bytes_per_frame()),
        ..bext
    })
}
