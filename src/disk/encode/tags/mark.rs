//! Markers in AIFF: the chunk MARK (Audio Interchange File Format 1.3, "Marker Chunk").

use crate::core::markers::{Marker, first_that_fit};
use aifc::Marker as Field;

/// The number of the markers.
const BYTES_OF_NONE: usize = 2;
/// Of one: its id, its position and the length of its name.
const BYTES_WITHOUT_NAME: usize = 2 + 4 + 1;

/// The fields of the chunk, without its head, of an even length. A position has 32 bits; no AIFF file is longer.
pub fn mark_fields(markers: &[Marker]) -> Vec<u8> {
    let names: Vec<String> = markers.iter().map(|marker| marker.kind.to_string()).collect();
    let fields: Vec<Field> = (1..)
        .zip(markers.iter().zip(&names))
        .map(|(id, (marker, name))| Field { id, position: marker.frame as u32, name: name.as_bytes() })
        .collect();
    let mut bytes = Vec::new();
    // Never refused: there are fewer than 65,536, and their names are shorter than 256 bytes.
    let _ = Field::write_chunk_data(&mut bytes, &fields);
    bytes
}

/// The first of the markers, as many as make fields of at most `room` bytes.
pub fn that_have_room(markers: &[Marker], room: usize) -> &[Marker] {
    first_that_fit(markers, room.saturating_sub(BYTES_OF_NONE), |marker| {
        (BYTES_WITHOUT_NAME + marker.kind.to_string().len()).next_multiple_of(2)
    })
}
