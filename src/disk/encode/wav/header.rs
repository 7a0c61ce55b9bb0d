//! The header of a WAV file: all that stands before the sound.

use super::Codec;
use crate::core::format::StreamFormat;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

/// Bytes of a chunk's id and size. The size counts what comes behind itself (RIFF, Multimedia Programming Interface 1.0,
/// section 2, "Chunks").
pub const CHUNK_HEAD_BYTES: usize = 8;

/// Where the size of the RIFF chunk stands.
const RIFF_SIZE_AT: usize = 4;

/// Where the first chunk in the RIFF chunk stands: behind "RIFF", its size and "WAVE".
const FIRST_CHUNK_AT: usize = 12;

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
}

impl Header {
    /// Of a file without sound. `stream` has to fit into the fields.
    pub fn new(codec: Codec, stream: StreamFormat) -> Self {
        let mut bytes = Vec::from(*b"RIFF\0\0\0\0WAVE");
        let format = format_fields(codec, stream);
        push_chunk(&mut bytes, *b"fmt ", &format);
        let fact_at = (format[..2] != WAVE_FORMAT_PCM.to_le_bytes()).then(|| {
            // dwSampleLength, for all that is not WAVE_FORMAT_PCM (New Multimedia Data Types and Data Techniques 3.0,
            // "Fact Chunk").
            push_chunk(&mut bytes, *b"fact", &[0; 4]);
            bytes.len() - 4
        });
        push_chunk(&mut bytes, *b"data", &[]);
        let bytes_per_frame = stream.channels as u64 * u64::from(codec.bits_per_sample() / 8);
        let mut header = Self { bytes, sample_rate: stream.sample_rate, bytes_per_frame, fact_at };
        header.set_sizes(header.len(), 0);
        header
    }

    /// Reads the header of `file`. Nothing where this is no WAV file with a format and the beginning of the sound.
    pub fn read(mut file: &File) -> io::Result<Option<Self>> {
        file.rewind()?;
        let mut start = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut start)?;
        Ok(Self::parse(start))
    }

    /// `file_start`: more of a file than its header.
    fn parse(file_start: Vec<u8>) -> Option<Self> {
        if file_start.get(..4)? != b"RIFF" || file_start.get(8..FIRST_CHUNK_AT)? != b"WAVE" {
            return None;
        }
        let (mut format, mut fact_at) = (None, None);
        let mut at = FIRST_CHUNK_AT;
        loop {
            let (id, size) = (file_start.get(at..at + 4)?, size_at(&file_start, at + 4)?);
            let fields_at = at + CHUNK_HEAD_BYTES;
            match id {
                b"data" => break at = fields_at,
                b"fmt " => {
                    // nSamplesPerSec and nBlockAlign (WAVEFORMATEX, mmreg.h).
                    let align = file_start.get(fields_at + 12..fields_at + 14)?;
                    format = Some((size_at(&file_start, fields_at + 4)?, u16::from_le_bytes([align[0], align[1]])));
                }
                b"fact" if size >= 4 => fact_at = Some(fields_at),
                _ => {}
            }
            at = fields_at + (size as usize).next_multiple_of(2);
        }
        let (sample_rate, bytes_per_frame) = format.filter(|&(_, bytes)| bytes > 0)?;
        let mut bytes = file_start;
        bytes.truncate(at);
        Some(Self { bytes, sample_rate: sample_rate.max(1), bytes_per_frame: bytes_per_frame.into(), fact_at })
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
        let size = |at| size_at(&self.bytes, at).map_or(0, u64::from);
        (CHUNK_HEAD_BYTES as u64 + size(RIFF_SIZE_AT), size(self.bytes.len() - 4))
    }

    /// Says where the file ends and how many bytes of sound it holds.
    pub fn set_sizes(&mut self, file_bytes: u64, data_bytes: u64) {
        let data_size_at = self.bytes.len() - 4;
        self.put_size(RIFF_SIZE_AT, file_bytes - CHUNK_HEAD_BYTES as u64);
        self.put_size(data_size_at, data_bytes);
        if let Some(at) = self.fact_at {
            self.put_size(at, data_bytes / self.bytes_per_frame);
        }
    }

    /// Sizes that 32 bits do not hold become the largest that they do.
    fn put_size(&mut self, at: usize, size: u64) {
        self.bytes[at..at + 4].copy_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    }

    /// Puts it to the start of the file.
    pub fn write_to(&self, mut file: &File) -> io::Result<()> {
        file.rewind()?;
        file.write_all(&self.bytes)
    }
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

fn push_chunk(bytes: &mut Vec<u8>, id: [u8; 4], fields: &[u8]) {
    bytes.extend(id);
    bytes.extend((fields.len() as u32).to_le_bytes());
    bytes.extend(fields);
}

fn size_at(bytes: &[u8], at: usize) -> Option<u32> {
    let (word, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u32::from_le_bytes(*word))
}
