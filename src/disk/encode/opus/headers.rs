//! The two packets that a file begins with (RFC 7845, 5).

use super::coder::{LOOK_AHEAD, Layout};
use crate::core::format::StreamFormat;
use crate::core::metadata::Metadata;
use crate::disk::encode::ogg::comment_header::with_room;
use unsafe_libopus::opus_get_version_string;

/// How the first packet begins.
pub const HEAD_MAGIC: &[u8; 8] = b"OpusHead";

/// The identification header (5.1) of a take of the shape `format`.
pub fn head(format: StreamFormat, layout: &Layout) -> Vec<u8> {
    let mut packet = HEAD_MAGIC.to_vec();
    packet.extend_from_slice(&[1, format.channels as u8]);
    packet.extend_from_slice(&LOOK_AHEAD.to_le_bytes());
    packet.extend_from_slice(&format.sample_rate.to_le_bytes());
    // Neither louder nor softer.
    packet.extend_from_slice(&[0, 0]);
    packet.push(layout.family);
    if layout.family > 0 {
        packet.extend_from_slice(&[layout.streams, layout.coupled]);
        packet.extend_from_slice(&layout.mapping[..format.channels]);
    }
    packet
}

/// The comment header (5.2) without comments, and with room for those of `metadata` and others.
pub fn tags_with_room(metadata: &Metadata) -> Vec<u8> {
    let vendor = opus_get_version_string();
    let mut packet = b"OpusTags".to_vec();
    packet.extend_from_slice(&(vendor.len() as u32).to_le_bytes());
    packet.extend_from_slice(vendor.as_bytes());
    // Their number.
    packet.extend_from_slice(&[0; 4]);
    with_room(packet, metadata)
}
