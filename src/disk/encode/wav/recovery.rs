//! Mends WAV files.

use super::end_sound;
use super::header::{Header, MOST_RIFF_BYTES};
use crate::disk::encode::Kept;
use crate::disk::encode::chain::{Behind, behind};
use std::fs::File;
use std::io;

/// Makes the header of a WAV file say what the file holds, and cuts off the last frame where it is not whole. What has
/// outgrown the sizes of RIFF becomes RF64.
///
/// For a file whose writing has failed: the header then may tell of more or of less. The encoder has to be dropped
/// before. A file whose chunks lead to its very end is whole, whoever has put some behind the sound: not a byte of it
/// changes. `file` has to be open for reading and writing.
///
/// # Errors
/// `InvalidData` when this is no WAV file with a format and the beginning of the sound; it stays as it is then.
pub fn repair(file: &File) -> io::Result<Kept> {
    repair_beyond(file, MOST_RIFF_BYTES)
}

pub(super) fn repair_beyond(file: &File, most_riff_bytes: u64) -> io::Result<Kept> {
    let mut header = Header::read(file, most_riff_bytes)?.ok_or(io::ErrorKind::InvalidData)?;
    let length = file.metadata()?.len();
    let (told_length, told_data_bytes) = header.told_sizes();
    let kept = |header: &Header, data_bytes| Kept {
        frames: data_bytes / header.bytes_per_frame(),
        sample_rate: header.sample_rate(),
    };
    let sound_end = header.len().saturating_add(told_data_bytes.next_multiple_of(2));
    let behind = behind(file, sound_end, u32::from_le_bytes)?;
    let is_complete = match behind {
        Behind::NoChunk => told_length == length && sound_end == length,
        Behind::Chunks => true,
        Behind::TornChunk => false,
    };
    if is_complete && !header.is_promoted_in_part() {
        return Ok(kept(&header, told_data_bytes));
    }
    let bytes_per_frame = header.bytes_per_frame();
    // Half of the markers may be there, where the disk was full.
    let sound_length = if behind == Behind::TornChunk { sound_end } else { length };
    let mut data_bytes = sound_length.saturating_sub(header.len()) / bytes_per_frame * bytes_per_frame;
    let padded_length = header.len() + data_bytes.next_multiple_of(2);
    if padded_length > length && file.set_len(padded_length).is_err() {
        // Not one byte more has room, as in the longest file of a FAT file system: 4 GiB - 1.
        data_bytes -= bytes_per_frame;
    }
    end_sound(file, &mut header, data_bytes)?;
    Ok(kept(&header, data_bytes))
}
