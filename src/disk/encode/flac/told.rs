//! What a FLAC file says of itself.

use crate::disk::encode::told::Told;
use flac_codec::metadata::{BlockList, VorbisComment};
use std::fs::File;
use std::num::NonZero;

/// By its metadata blocks (RFC 9639, 8).
pub fn told(head: &[u8], _file: &File) -> Option<Told> {
    let blocks = BlockList::read(head).ok()?;
    let info = blocks.streaminfo();
    let fields = blocks.get::<VorbisComment>().map_or(&[][..], |comments| &comments.fields);
    let told = Told {
        sample_rate: info.sample_rate.max(1),
        channels: usize::from(info.channels.get()),
        frames: info.total_samples.map(NonZero::get),
        ..Told::default()
    };
    let entries: Vec<_> = fields.iter().filter_map(|field| field.split_once('=')).collect();
    Some(told.with_entries(&entries))
}
