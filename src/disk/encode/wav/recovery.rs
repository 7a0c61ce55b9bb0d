//! Mends WAV files.

use super::end_sound;
use super::header::Header;
use crate::disk::encode::Kept;
use std::fs::File;
use std::io;

/// Makes the header of a WAV file say what the file holds, and cuts off the last frame where it is not whole.
///
/// For a file whose writing has failed: the header then may tell of more or of less. The encoder has to be dropped
/// before; the sound has to be the last chunk, unless the file is as long as its header says. `file` has to be open for
/// reading and writing.
///
/// # Errors
/// `InvalidData` when this is no WAV file with a format and the beginning of the sound; it stays as it is then.
pub fn repair(file: &File) -> io::Result<Kept> {
    let mut header = Header::read(file)?.ok_or(io::ErrorKind::InvalidData)?;
    let length = file.metadata()?.len();
    let (told_length, told_data_bytes) = header.told_sizes();
    let kept = |header: &Header, data_bytes| Kept {
        frames: data_bytes / header.bytes_per_frame(),
        sample_rate: header.sample_rate(),
    };
    if told_length == length && header.len() + told_data_bytes <= length {
        // Complete, perhaps with a chunk behind the sound.
        return Ok(kept(&header, told_data_bytes));
    }
    let bytes_per_frame = header.bytes_per_frame();
    let data_bytes = length.saturating_sub(header.len()) / bytes_per_frame * bytes_per_frame;
    end_sound(file, &mut header, data_bytes)?;
    Ok(kept(&header, data_bytes))
}
