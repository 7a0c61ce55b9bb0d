//! The chunks behind the sound of a RIFF or IFF file. Those that we write are markers; editors append others.

use super::appended::start_of_appended_tags;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What there is behind the sound, by the size that the file tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Nothing, or more sound.
    NoChunk,
    /// Whole chunks up to the end of the file or to tags there, or tags alone.
    Chunks,
    /// A chunk that was cut short.
    TornChunk,
}

/// Chunks that there may be behind the sound, in either kind of file. A torn one is told from sound by its name.
const KNOWN: [&[u8; 4]; 16] = [
    b"cue ", b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"_PMX", b"smpl", b"JUNK", b"MARK", b"COMT",
    b"NAME", b"AUTH", b"ANNO", b"APPL",
];

/// What there is in `file` from `at` on, where the sound ends. `size` reads that of a chunk.
pub fn behind(mut file: &File, mut at: u64, size: fn([u8; 4]) -> u32) -> io::Result<Behind> {
    let end = start_of_appended_tags(file)?;
    let has_tags = end < file.metadata()?.len();
    let mut found = if has_tags && at == end { Behind::Chunks } else { Behind::NoChunk };
    while at < end {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.take(8).read_to_end(&mut head)?;
        let torn = if KNOWN.iter().any(|known| head.starts_with(*known)) { Behind::TornChunk } else { found };
        let Some(&[i0, i1, i2, i3, s0, s1, s2, s3]) = head.first_chunk() else { return Ok(no_longer(torn)) };
        if ![i0, i1, i2, i3].iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(no_longer(torn));
        }
        let fields = u64::from(size([s0, s1, s2, s3]));
        // Some editors leave out the last byte of padding.
        at = match at + 8 + fields {
            exact if exact == end => end,
            exact => exact.next_multiple_of(2),
        };
        if at > end {
            return Ok(no_longer(torn));
        }
        found = Behind::Chunks;
    }
    Ok(if at == end { found } else { Behind::NoChunk })
}

/// After whole chunks, too, one may be torn.
fn no_longer(torn: Behind) -> Behind {
    match torn {
        Behind::Chunks | Behind::TornChunk => Behind::TornChunk,
        Behind::NoChunk => Behind::NoChunk,
    }
}
