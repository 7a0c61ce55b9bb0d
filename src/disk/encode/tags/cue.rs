//! Markers in WAV: the chunk `cue ` with the places and a LIST chunk of type `adtl` with their texts (Multimedia
//! Programming Interface 1.0, section 3, "Cue-Points Chunk" and "Associated Data Chunk").

use crate::core::markers::{Marker, first_that_fit};

/// Bytes of a chunk's id and size.
const CHUNK_HEAD_BYTES: usize = 8;
/// Of both chunks, apart from what each marker takes: two heads, the number of the places, and "adtl".
const BYTES_OF_NONE: usize = 2 * CHUNK_HEAD_BYTES + 4 + 4;
const CUE_POINT_BYTES: usize = 24;

/// Both chunks with their heads, of an even length; nothing where there are no markers. Places beyond 32 bits have no
/// room in them and are left out.
pub fn cue_chunks(markers: &[Marker]) -> Vec<u8> {
    let (mut points, mut labels) = (Vec::new(), Vec::new());
    let mut count = 0u32;
    for marker in markers {
        let Ok(frame) = u32::try_from(marker.frame) else { continue };
        count += 1;
        push_point(&mut points, count, frame);
        push_label(&mut labels, count, &marker.kind.to_string());
    }
    if count == 0 {
        return Vec::new();
    }
    let sizes = [4 + points.len(), 4 + labels.len()].map(|size| (size as u32).to_le_bytes());
    [b"cue ", &sizes[0][..], &count.to_le_bytes(), &points, b"LIST", &sizes[1], b"adtl", &labels].concat()
}

/// The first of the markers, as many as make chunks of at most `room` bytes.
pub fn that_have_room(markers: &[Marker], room: usize) -> &[Marker] {
    first_that_fit(markers, room.saturating_sub(BYTES_OF_NONE), |marker| {
        CUE_POINT_BYTES + label_bytes(&marker.kind.to_string())
    })
}

/// dwName, dwPosition, fccChunk, dwChunkStart, dwBlockStart, dwSampleOffset. In a file with one data chunk both positions
/// count its frames, and the starts are 0.
fn push_point(points: &mut Vec<u8>, name: u32, frame: u32) {
    points.extend(name.to_le_bytes());
    points.extend(frame.to_le_bytes());
    points.extend(b"data");
    points.extend([0; 8]);
    points.extend(frame.to_le_bytes());
}

/// The text ends with a zero, which its size counts, and is padded to an even length.
fn push_label(labels: &mut Vec<u8>, name: u32, text: &str) {
    labels.extend(b"labl");
    labels.extend((4 + text.len() as u32 + 1).to_le_bytes());
    labels.extend(name.to_le_bytes());
    labels.extend(text.as_bytes());
    labels.push(0);
    if !labels.len().is_multiple_of(2) {
        labels.push(0);
    }
}

fn label_bytes(text: &str) -> usize {
    CHUNK_HEAD_BYTES + 4 + (text.len() + 1).next_multiple_of(2)
}
