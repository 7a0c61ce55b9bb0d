//! What an Ogg Vorbis file says of itself.

use super::comment_header::{Mapping, packet_bytes, with_comments};
use super::recovery::Tail;
use crate::disk::encode::told::Told;
use std::fs::File;

/// By its two first packets and its last page.
pub fn told(head: &[u8], file: &File) -> Option<Told> {
    // The version and what follows it (Vorbis I specification, 4.2.2).
    let identification = packet_bytes(head, 0)?;
    let [_, _, _, _, channels, rate @ ..] = *identification.strip_prefix(b"\x01vorbis")?.first_chunk::<9>()?;
    let told = Told {
        sample_rate: u32::from_le_bytes(rate).max(1),
        channels: channels.into(),
        frames: Tail::read(file).ok().map(|tail| tail.position),
        ..Told::default()
    };
    with_comments(told, head, Mapping::Vorbis)
}
