//! What a WAV file says beside its sound, read chunk by chunk.

use std::collections::BTreeMap;
use std::path::Path;

/// The fields of each chunk, of the last one where an id comes twice; LIST by its type.
pub struct Chunks(BTreeMap<[u8; 4], Vec<u8>>);

impl Chunks {
    /// Reads a RIFF file; panics where its chunks do not lead to its end.
    pub fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        let mut chunks = BTreeMap::new();
        let mut at = 12;
        while at < bytes.len() {
            let size = number(&bytes, at + 4) as usize;
            let fields = &bytes[at + 8..at + 8 + size];
            let (id, fields) = match &bytes[at..at + 4] {
                b"LIST" => (&fields[..4], &fields[4..]),
                id => (id, fields),
            };
            chunks.insert(id.try_into().unwrap(), fields.to_vec());
            at += 8 + size.next_multiple_of(2);
        }
        Self(chunks)
    }

    fn chunk(&self, id: &[u8; 4]) -> Option<&[u8]> {
        self.0.get(id).map(Vec::as_slice)
    }

    /// TimeReference of `bext`, in frames.
    pub fn time_reference(&self) -> u64 {
        u64::from_le_bytes(self.chunk(b"bext").unwrap()[338..346].try_into().unwrap())
    }

    /// Description of `bext`.
    pub fn description(&self) -> String {
        String::from_utf8(self.chunk(b"bext").unwrap()[..256].to_vec()).unwrap().trim_end_matches('\0').to_owned()
    }

    /// The document in `iXML`.
    pub fn ixml(&self) -> &str {
        std::str::from_utf8(self.chunk(b"iXML").unwrap()).unwrap()
    }

    /// Frame and text of each marker.
    pub fn markers(&self) -> Vec<(usize, String)> {
        let (Some(cue), Some(mut labels)) = (self.chunk(b"cue "), self.chunk(b"adtl")) else { return Vec::new() };
        cue[4..]
            .chunks_exact(24)
            .map(|point| {
                let size = number(labels, 4) as usize;
                assert_eq!(number(labels, 8), number(point, 0), "a label belongs to each marker");
                let text = String::from_utf8(labels[12..8 + size].to_vec()).unwrap();
                labels = &labels[8 + size.next_multiple_of(2)..];
                (number(point, 20) as usize, text.trim_end_matches('\0').to_owned())
            })
            .collect()
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}
