//! The header of a WAV file: all that stands before the sound.
//!
//! The sizes of a RIFF file have 32 bits. One that outgrows them becomes an RF64 file (EBU Tech 3306; BW64 of ITU-R BS.2088
//! is the same under a name that fewer programs know), which has sizes of 64 bits in a chunk `ds64`. That has to be the
//! first chunk; until it is needed a chunk `JUNK`, which readers pass over, keeps its place.
//!
//! Both ids and all sizes change with one write of a few bytes that lie in one sector and one page: a process that is
//! killed has made all of the change or none. Where the header is so long that its end, the size of the sound, lies in
//! another page, that one may be missing. An RF64 file whose sound tells 32 bits other than 0xFFFFFFFF has that size, the
//! one of the refresh before, and plays.
//!
//! All that a file says of itself stands before the sound, so that a killed process leaves it too: the chunks `bext`, `iXML`
//! and LIST, then room for the markers, in a chunk `JUNK` until there are some. The sound begins at a multiple of 4096
//! bytes.

use super::Codec;
use crate::core::format::StreamFormat;
use crate::core::loudness::Loudness;
use crate::core::markers::Marker;
use crate::core::metadata::Metadata;
use crate::disk::encode::tags::bext::{LOUDNESS_AT, LOUDNESS_BYTES, bext_fields, loudness_fields};
use crate::disk::encode::tags::cue::{cue_chunks, that_have_room};
use crate::disk::encode::tags::ixml::ixml;
use crate::disk::encode::tags::riff_info::info_chunk;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;

/// Bytes of a chunk's id and size. The size counts what comes behind itself (RIFF, Multimedia Programming Interface 1.0,
/// section 2, "Chunks").
pub const CHUNK_HEAD_BYTES: usize = 8;

/// Where the size of the RIFF chunk stands.
const RIFF_SIZE_AT: usize = 4;

/// Where the first chunk in the RIFF chunk stands: behind "RIFF", its size and "WAVE".
const FIRST_CHUNK_AT: usize = 12;

/// The fields of `ds64`: riffSize, dataSize, sampleCount, 64 bits each, and 32 bits for the length of a table of other
/// chunks beyond 4 GiB, of which there are none (EBU Tech 3306, annex A.2).
const DS64_BYTES: usize = 28;
const DS64_AT: usize = FIRST_CHUNK_AT + CHUNK_HEAD_BYTES;

/// In place of a size of 32 bits: the one in `ds64` counts.
const IN_DS64: u32 = u32::MAX;

/// The most bytes that a RIFF chunk counts; one more would read [`IN_DS64`].
pub const MOST_RIFF_BYTES: u64 = IN_DS64 as u64 - 1;

/// The sound begins at a multiple of so many bytes.
const ALIGNMENT: usize = 4096;

/// At least so many bytes are kept for markers: some thirty of them.
const LEAST_MARKER_BYTES: usize = 1536;

/// `wFormatTag` (mmreg.h).
const WAVE_FORMAT_PCM: u16 = 1;
const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;

/// What follows the format tag in the `SubFormat` of WAVEFORMATEXTENSIBLE (`KSDATAFORMAT_SUBTYPE_PCM`, ksmedia.h:
/// 00000001-0000-0010-8000-00AA00389B71; the numbers in it are little-endian).
const SUBFORMAT_BEHIND_TAG: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// More of a file is not searched for the beginning of the sound.
const MOST_BYTES: u64 = 1 << 20;

/// The header of one file, as it is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Up to where the sound begins.
    bytes: Vec<u8>,
    /// Of the sound, in Hz, as the header tells it.
    sample_rate: u32,
    bytes_per_frame: u64,
    /// Where the number of frames stands, in a file that tells it.
    fact_at: Option<usize>,
    /// The first byte of the chunks with texts, which end where the room for markers begins.
    texts_at: usize,
    /// Where `bext` tells the loudness.
    loudness_at: usize,
    /// What is kept for markers.
    marker_room: Range<usize>,
    /// Whether `ds64` is there, or has a place.
    has_wide_sizes: bool,
    /// What has more bytes in its RIFF chunk becomes RF64.
    most_riff_bytes: u64,
}

impl Header {
    /// Of a file without sound or markers. `stream` has to fit into the fields. `most_riff_bytes` is [`MOST_RIFF_BYTES`],
    /// but in tests.
    pub fn new(codec: Codec, stream: StreamFormat, metadata: &Metadata, most_riff_bytes: u64) -> Self {
        let mut bytes = Vec::from(*b"RIFF\0\0\0\0WAVE");
        push_chunk(&mut bytes, *b"JUNK", &[0; DS64_BYTES]);
        let format = format_fields(codec, stream);
        push_chunk(&mut bytes, *b"fmt ", &format);
        let fact_at = (format[..2] != WAVE_FORMAT_PCM.to_le_bytes()).then(|| {
            // dwSampleLength, for all that is not WAVE_FORMAT_PCM (New Multimedia Data Types and Data Techniques 3.0,
            // "Fact Chunk").
            push_chunk(&mut bytes, *b"fact", &[0; 4]);
            bytes.len() - 4
        });
        let texts_at = bytes.len();
        let loudness_at = texts_at + CHUNK_HEAD_BYTES + LOUDNESS_AT;
        bytes.extend(text_chunks(codec, stream, metadata));
        let room_at = bytes.len();
        let room_end = (room_at + LEAST_MARKER_BYTES + CHUNK_HEAD_BYTES).next_multiple_of(ALIGNMENT) - CHUNK_HEAD_BYTES;
        push_chunk(&mut bytes, *b"JUNK", &vec![0; room_end - room_at - CHUNK_HEAD_BYTES]);
        push_chunk(&mut bytes, *b"data", &[]);
        let bytes_per_frame = stream.channels as u64 * u64::from(codec.bits_per_sample() / 8);
        let mut header = Self {
            bytes,
            sample_rate: stream.sample_rate,
            bytes_per_frame,
            fact_at,
            texts_at,
            loudness_at,
            marker_room: room_at..room_end,
            has_wide_sizes: true,
            most_riff_bytes,
        };
        header.set_sizes(header.len(), 0);
        header
    }

    /// Reads the header of `file`. Nothing where this is no WAV file with a format and the beginning of the sound.
    /// `most_riff_bytes` as in [`new`](Self::new).
    pub fn read(mut file: &File, most_riff_bytes: u64) -> io::Result<Option<Self>> {
        file.rewind()?;
        let mut start = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut start)?;
        Ok(Self::parse(start, most_riff_bytes))
    }

    /// `file_start`: more of a file than its header.
    pub fn parse(file_start: Vec<u8>, most_riff_bytes: u64) -> Option<Self> {
        let first_bytes = word_at(&file_start, FIRST_CHUNK_AT + 4)? as usize;
        let has_wide_sizes = match (file_start.get(..4)?, file_start.get(FIRST_CHUNK_AT..FIRST_CHUNK_AT + 4)?) {
            (b"RIFF", b"JUNK") => first_bytes == DS64_BYTES,
            (b"RIFF", _) => false,
            (b"RF64", b"ds64") if first_bytes >= DS64_BYTES => true,
            _ => return None,
        };
        if file_start.get(8..FIRST_CHUNK_AT)? != b"WAVE" {
            return None;
        }
        let (mut format, mut fact_at) = (None, None);
        let mut at = FIRST_CHUNK_AT;
        loop {
            let (id, size) = (file_start.get(at..at + 4)?, word_at(&file_start, at + 4)?);
            let fields_at = at + CHUNK_HEAD_BYTES;
            match id {
                b"data" => break at = fields_at,
                b"fmt " => {
                    // nSamplesPerSec and nBlockAlign (WAVEFORMATEX, mmreg.h).
                    let align = file_start.get(fields_at + 12..fields_at + 14)?;
                    format = Some((word_at(&file_start, fields_at + 4)?, u16::from_le_bytes([align[0], align[1]])));
                }
                b"fact" if size >= 4 => fact_at = Some(fields_at),
                _ => {}
            }
            at = fields_at + (size as usize).next_multiple_of(2);
        }
        let (sample_rate, bytes_per_frame) = format.filter(|&(_, bytes)| bytes > 0)?;
        let mut bytes = file_start;
        bytes.truncate(at);
        Some(Self {
            bytes,
            sample_rate: sample_rate.max(1),
            bytes_per_frame: bytes_per_frame.into(),
            fact_at,
            texts_at: 0,
            loudness_at: 0,
            marker_room: 0..0,
            has_wide_sizes,
            most_riff_bytes,
        })
    }

    /// Bytes before the sound.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Of the sound, in Hz; at least 1.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// At least 1.
    pub fn bytes_per_frame(&self) -> u64 {
        self.bytes_per_frame
    }

    /// Where the file ends and how many bytes of sound it holds, as the header tells it.
    pub fn told_sizes(&self) -> (u64, u64) {
        let size = |at, wide_at: usize| match word_at(&self.bytes, at) {
            Some(IN_DS64) if self.is_rf64() => {
                self.bytes[wide_at..].first_chunk().map_or(0, |wide| u64::from_le_bytes(*wide))
            }
            narrow => narrow.map_or(0, u64::from),
        };
        let (riff_bytes, data_bytes) = (size(RIFF_SIZE_AT, DS64_AT), size(self.bytes.len() - 4, DS64_AT + 8));
        (riff_bytes.saturating_add(CHUNK_HEAD_BYTES as u64), data_bytes)
    }

    /// Says where the file ends and how many bytes of sound it holds. What has outgrown RIFF becomes RF64, and stays it.
    pub fn set_sizes(&mut self, file_bytes: u64, data_bytes: u64) {
        let (riff_bytes, frames) = (file_bytes - CHUNK_HEAD_BYTES as u64, data_bytes / self.bytes_per_frame);
        let data_size_at = self.bytes.len() - 4;
        if let Some(at) = self.fact_at {
            self.put(at, narrow(frames));
        }
        if self.is_rf64() || self.has_wide_sizes && riff_bytes > self.most_riff_bytes {
            self.put(0, *b"RF64");
            self.put(RIFF_SIZE_AT, IN_DS64.to_le_bytes());
            self.put(FIRST_CHUNK_AT, *b"ds64");
            self.put(DS64_AT, riff_bytes.to_le_bytes());
            self.put(DS64_AT + 8, data_bytes.to_le_bytes());
            self.put(DS64_AT + 16, frames.to_le_bytes());
            self.put(data_size_at, IN_DS64.to_le_bytes());
        } else {
            self.put(RIFF_SIZE_AT, narrow(riff_bytes));
            self.put(data_size_at, narrow(data_bytes));
        }
    }

    /// Tells other metadata, which differ in the song's position only. All chunks stay where they are: the header plays
    /// whichever of its pages a kill keeps from the disk.
    pub fn set_metadata(&mut self, codec: Codec, stream: StreamFormat, metadata: &Metadata) {
        let texts = text_chunks(codec, stream, metadata);
        let loudness = self.loudness_at..self.loudness_at + LOUDNESS_BYTES;
        let told = self.bytes[loudness.clone()].to_vec();
        if let Some(there) = self.bytes.get_mut(self.texts_at..self.marker_room.start)
            && there.len() == texts.len()
        {
            there.copy_from_slice(&texts);
            self.bytes[loudness].copy_from_slice(&told);
        }
    }

    /// Tells how loud the sound is.
    pub fn set_loudness(&mut self, loudness: &Loudness) {
        let fields = loudness_fields(loudness);
        self.bytes[self.loudness_at..self.loudness_at + fields.len()].copy_from_slice(&fields);
    }

    /// Tells of the first of these markers, as many as have room, and says how many these are.
    pub fn set_markers(&mut self, markers: &[Marker]) -> usize {
        let room = self.marker_room.len() - CHUNK_HEAD_BYTES;
        let fitting = that_have_room(markers, room);
        let mut chunks = cue_chunks(fitting);
        let rest = vec![0; room - chunks.len()];
        push_chunk(&mut chunks, *b"JUNK", &rest);
        self.bytes[self.marker_room.clone()].copy_from_slice(&chunks);
        fitting.len()
    }

    /// Whether it became RF64 and the page with the size of the sound has not heard of it.
    pub fn is_promoted_in_part(&self) -> bool {
        let data_size = self.bytes.last_chunk().map(|size| u32::from_le_bytes(*size));
        self.is_rf64() && data_size != Some(IN_DS64) && data_size != word_at(&self.bytes, DS64_AT + 8)
    }

    fn is_rf64(&self) -> bool {
        self.bytes.starts_with(b"RF64")
    }

    fn put<const BYTES: usize>(&mut self, at: usize, field: [u8; BYTES]) {
        self.bytes[at..at + BYTES].copy_from_slice(&field);
    }

    /// Puts it to the start of the file.
    pub fn write_to(&self, mut file: &File) -> io::Result<()> {
        file.rewind()?;
        file.write_all(&self.bytes)
    }
}

/// The chunks `bext`, `iXML` and LIST.
fn text_chunks(codec: Codec, stream: StreamFormat, metadata: &Metadata) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_chunk(&mut bytes, *b"bext", &bext_fields(metadata, codec, stream));
    push_chunk(&mut bytes, *b"iXML", ixml(metadata, codec, stream).as_bytes());
    bytes.extend(info_chunk(metadata));
    bytes
}

/// The fields of the `fmt ` chunk. One and two channels get the plain tags, which every reader takes: WAVEFORMAT for PCM,
/// WAVEFORMATEX for floats, which need `cbSize` (New Multimedia Data Types and Data Techniques 3.0, "WAVE Format Chunk").
/// What has more channels or speakers has to be WAVEFORMATEXTENSIBLE (mmreg.h).
fn format_fields(codec: Codec, stream: StreamFormat) -> Vec<u8> {
    let bits = codec.bits_per_sample();
    let sample_tag = match codec {
        Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => WAVE_FORMAT_PCM,
        Codec::Float32 => WAVE_FORMAT_IEEE_FLOAT,
    };
    let tag = if stream.channels > 2 { WAVE_FORMAT_EXTENSIBLE } else { sample_tag };
    let block_align = stream.channels as u16 * (bits / 8);
    let mut fields = Vec::new();
    fields.extend(tag.to_le_bytes());
    fields.extend((stream.channels as u16).to_le_bytes());
    fields.extend(stream.sample_rate.to_le_bytes());
    fields.extend((u32::from(block_align) * stream.sample_rate).to_le_bytes());
    fields.extend(block_align.to_le_bytes());
    fields.extend(bits.to_le_bytes());
    match tag {
        WAVE_FORMAT_PCM => {}
        WAVE_FORMAT_EXTENSIBLE => {
            // cbSize: what follows it.
            fields.extend(22u16.to_le_bytes());
            // wValidBitsPerSample: all of them.
            fields.extend(bits.to_le_bytes());
            // dwChannelMask: nobody told us which speakers these are.
            fields.extend(0u32.to_le_bytes());
            fields.extend(sample_tag.to_le_bytes());
            fields.extend(SUBFORMAT_BEHIND_TAG);
        }
        _ => fields.extend(0u16.to_le_bytes()),
    }
    fields
}

/// The number of `fields` is even: an odd one would need a byte of padding (RIFF, section 2, "Chunks").
fn push_chunk(bytes: &mut Vec<u8>, id: [u8; 4], fields: &[u8]) {
    debug_assert!(fields.len().is_multiple_of(2));
    bytes.extend(id);
    bytes.extend((fields.len() as u32).to_le_bytes());
    bytes.extend(fields);
}

/// What 32 bits do not hold becomes the largest that they do.
fn narrow(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    let (word, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u32::from_le_bytes(*word))
}
