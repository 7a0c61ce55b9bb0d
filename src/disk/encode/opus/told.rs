//! What an Opus file says of itself.

use super::RATE;
use super::headers::HEAD_MAGIC;
use crate::disk::encode::ogg::comment_header::{Mapping, packet_bytes, with_comments};
use crate::disk::encode::ogg::recovery::Tail;
use crate::disk::encode::told::Told;
use std::fs::File;

/// By its two first packets and its last page.
pub fn told(head: &[u8], file: &File) -> Option<Told> {
    // The version, the number of channels and the frames that do not play (RFC 7845, 5.1).
    let identification = packet_bytes(head, 0)?;
    let [_, channels, low, high] = *identification.strip_prefix(HEAD_MAGIC)?.first_chunk()?;
    let pre_skip = u64::from(u16::from_le_bytes([low, high]));
    let told = Told {
        sample_rate: RATE,
        channels: channels.into(),
        frames: Tail::read(file).ok().map(|tail| tail.position.saturating_sub(pre_skip)),
        ..Told::default()
    };
    with_comments(told, head, Mapping::Opus)
}
