//! WAV. hound knows the header; the sound goes to the file from here, for sample by sample through hound the whole way
//! of 24 bits took twice as long.

use super::growing_file::GrowingFile;
use super::interleave::interleave;
use super::quantise::quantise;
use super::tags::riff_info::info_chunk;
use super::{Encoder, Format, Kept, OpenError, SampleRange};
use crate::core::format::{Codec, StreamFormat};
use crate::core::metadata::Metadata;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

/// The size fields are 32 bits wide (RIFF, Multimedia Programming Interface 1.0, section 2: `ckSize` is a DWORD), and
/// hound's wrap silently. A mebibyte stays free for the header and for chunks behind the sound.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - (1 << 20);

/// Where `dwChannelMask` stands in the extensible header that hound writes (WAVEFORMATEXTENSIBLE, mmreg.h: behind RIFF,
/// WAVE and the chunk's head, 20 bytes, come 18 bytes of WAVEFORMATEX and 2 of valid bits).
const CHANNEL_MASK_OFFSET: usize = 40;

/// `SPEAKER_FRONT_CENTER` (WAVEFORMATEXTENSIBLE, ksmedia.h).
const FRONT_CENTER: u32 = 4;

/// Where the size of the RIFF chunk stands. It counts all bytes behind itself.
const RIFF_SIZE_OFFSET: u64 = 4;

/// Bytes of a chunk's id and size.
const CHUNK_HEAD_BYTES: u64 = 8;

/// Samples that are interleaved at a time: few enough to stay in the fastest cache with 64 channels.
const TILE_SAMPLES: usize = 4096;

/// WAV: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    open: |settings, stream, metadata, file| Ok(Box::new(WavEncoder::open(settings.codec, stream, metadata, file)?)),
    repair: repair_sizes,
};

/// One WAV file that is being written.
pub struct WavEncoder {
    sound: GrowingFile,
    file: Arc<File>,
    codec: Codec,
    channels: usize,
    header: Vec<u8>,
    data_bytes: u64,
    max_data_bytes: u64,
    /// What comes behind the sound.
    info_chunk: Vec<u8>,
    /// The piece that is written now, interleaved.
    tile: Vec<f32>,
    /// Its samples as words of the file, in their lowest bytes.
    words: Vec<u32>,
    /// The same as it stands in the file.
    bytes: Vec<u8>,
}

impl WavEncoder {
    /// Writes the header of an empty file.
    pub fn open(codec: Codec, format: StreamFormat, metadata: &Metadata, file: Arc<File>) -> Result<Self, OpenError> {
        let encoder = Self::open_limited(codec, format, file, MAX_DATA_BYTES)?;
        Ok(Self { info_chunk: info_chunk(metadata), ..encoder })
    }

    fn open_limited(
        codec: Codec,
        format: StreamFormat,
        file: Arc<File>,
        max_data_bytes: u64,
    ) -> Result<Self, OpenError> {
        check_header_fields(codec, format)?;
        let spec = WavSpec {
            channels: format.channels as u16,
            sample_rate: format.sample_rate,
            bits_per_sample: codec.bits_per_sample(),
            sample_format: match codec {
                Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleFormat::Int,
                Codec::Float32 => SampleFormat::Float,
            },
        };
        let mut header = header(spec)?;
        // The order of the speakers is known for stereo only; hound claims to know it for all.
        let is_extensible = format.channels > 2 || codec.bits_per_sample() > 16;
        match format.channels {
            1 if is_extensible => set_channel_mask(&mut header, FRONT_CENTER),
            2 => {}
            _ if is_extensible => set_channel_mask(&mut header, 0),
            _ => {}
        }
        let mut sound = GrowingFile::new(Arc::clone(&file));
        sound.append(&header)?;
        sound.flush()?;
        Ok(Self {
            sound,
            file,
            codec,
            channels: format.channels,
            header,
            data_bytes: 0,
            max_data_bytes,
            info_chunk: Vec::new(),
            tile: Vec::new(),
            words: Vec::new(),
            bytes: Vec::new(),
        })
    }

    fn bytes_per_frame(&self) -> u64 {
        self.channels as u64 * u64::from(self.codec.bits_per_sample() / 8)
    }

    /// Writes what [`tile`](Self::tile) holds.
    fn write_tile(&mut self) -> io::Result<()> {
        match self.codec {
            Codec::Pcm16 => self.fill_bytes::<2>(|sample| quantise(sample, 16).cast_unsigned()),
            Codec::Pcm24 => self.fill_bytes::<3>(|sample| quantise(sample, 24).cast_unsigned()),
            Codec::Pcm32 => self.fill_bytes::<4>(|sample| quantise(sample, 32).cast_unsigned()),
            Codec::Float32 => self.fill_bytes::<4>(f32::to_bits),
        }
        self.sound.append(&self.bytes)
    }

    /// Puts the lowest `BYTES` bytes of each sample's word into [`bytes`](Self::bytes).
    fn fill_bytes<const BYTES: usize>(&mut self, word: impl Fn(f32) -> u32) {
        // First all words: several at a time, as long as nothing else is done.
        self.words.clear();
        self.words.extend(self.tile.iter().map(|&sample| word(sample)));
        self.bytes.resize(self.words.len() * BYTES, 0);
        let (places, _) = self.bytes.as_chunks_mut::<BYTES>();
        for (place, word) in places.iter_mut().zip(&self.words) {
            place.copy_from_slice(&word.to_le_bytes()[..BYTES]);
        }
    }
}

/// The header of an empty file, up to where the sound begins.
fn header(spec: WavSpec) -> io::Result<Vec<u8>> {
    let mut header = Cursor::new(Vec::new());
    WavWriter::new(&mut header, spec).and_then(WavWriter::finalize).map_err(to_io)?;
    Ok(header.into_inner())
}

/// The header's fields have to hold the take: no rate of 0, at most 4 GiB of sound in a second.
fn check_header_fields(codec: Codec, format: StreamFormat) -> Result<(), OpenError> {
    let bytes_per_frame = format.channels as u64 * u64::from(codec.bits_per_sample() / 8);
    match bytes_per_frame * u64::from(format.sample_rate) {
        1..=0xFFFF_FFFF => Ok(()),
        _ => Err(OpenError::Refused {
            file_type: "WAV",
            reason: format!("a sample rate of {} Hz does not fit into its header", format.sample_rate),
        }),
    }
}

fn set_channel_mask(header: &mut [u8], mask: u32) {
    header[CHANNEL_MASK_OFFSET..][..4].copy_from_slice(&mask.to_le_bytes());
}

fn set_size(header: &mut [u8], offset: u64, bytes: u64) {
    header[offset as usize..][..4].copy_from_slice(&to_size(bytes).to_le_bytes());
}

fn write_at(mut file: &File, offset: u64, field: u32) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(&field.to_le_bytes())
}

impl Encoder for WavEncoder {
    fn sample_range(&self) -> SampleRange {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleRange::FullScale,
            Codec::Float32 => SampleRange::Finite,
        }
    }

    /// More frames than [`frames_left`](Encoder::frames_left) are an error; none of them is written then.
    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        debug_assert_eq!(planar.len(), self.channels * frames);
        if frames as u64 > self.frames_left() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let tile_frames = TILE_SAMPLES / self.channels;
        for start in (0..frames).step_by(tile_frames) {
            let count = tile_frames.min(frames - start);
            interleave(planar, frames, start..start + count, &mut self.tile);
            self.write_tile()?;
            self.data_bytes += count as u64 * self.bytes_per_frame();
        }
        Ok(())
    }

    /// Sound first: the header never tells of what is not there.
    fn refresh(&mut self) -> io::Result<()> {
        self.sound.flush()?;
        let (header_bytes, data_bytes) = (self.header.len() as u64, self.data_bytes);
        set_size(&mut self.header, RIFF_SIZE_OFFSET, header_bytes - CHUNK_HEAD_BYTES + data_bytes);
        set_size(&mut self.header, header_bytes - 4, data_bytes);
        self.sound.overwrite_start(&self.header)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.sound.flush()?;
        end_sound(&self.file, self.header.len() as u64, self.data_bytes)?;
        append_chunk(&self.file, &self.info_chunk)
    }

    fn frames_left(&self) -> u64 {
        self.max_data_bytes.saturating_sub(self.data_bytes) / self.bytes_per_frame()
    }

    fn bytes(&self) -> u64 {
        self.header.len() as u64 + self.data_bytes
    }
}

/// Cuts the file off behind `data_bytes` bytes of sound, pads them to an even number (RIFF, Multimedia Programming
/// Interface 1.0, section 2, "Chunks") and writes both sizes.
fn end_sound(file: &File, header_bytes: u64, data_bytes: u64) -> io::Result<()> {
    let length = header_bytes + data_bytes.next_multiple_of(2);
    file.set_len(length)?;
    write_at(file, RIFF_SIZE_OFFSET, to_size(length - CHUNK_HEAD_BYTES))?;
    write_at(file, header_bytes - 4, to_size(data_bytes))
}

/// Puts a chunk at the end of a complete file. Where that fails the file is as it was.
fn append_chunk(mut file: &File, chunk: &[u8]) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let appended = file
        .write_all(chunk)
        .and_then(|()| write_at(file, RIFF_SIZE_OFFSET, to_size(end + chunk.len() as u64 - CHUNK_HEAD_BYTES)));
    appended.inspect_err(|_| {
        // An error on the way to an error. The RIFF chunk does not count what may be left behind it.
        let _ = file.set_len(end);
    })
}

/// Sizes beyond 4 GiB become the largest that there is.
fn to_size(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Makes the header of a WAV file say what the file holds, and cuts off the last frame where it is not whole.
///
/// For a file whose writing has failed: the header then may tell of more or of less. The encoder has to be dropped
/// before; the sound has to be the last chunk, unless the file is as long as its header says. `file` has to be open for reading and writing.
///
/// # Errors
/// `InvalidData` when this is no WAV file with a format and the beginning of the sound; it stays as it is then.
pub fn repair_sizes(mut file: &File) -> io::Result<Kept> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let [riff, riff_size, wave] = read_words(file)?;
    let told_length = CHUNK_HEAD_BYTES + u64::from(u32::from_le_bytes(riff_size));
    if (&riff, &wave) != (b"RIFF", b"WAVE") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut format = None;
    loop {
        let [id, size] = read_words(file)?;
        let start = file.stream_position()?;
        match &id {
            b"data" => {
                let (bytes_per_frame, sample_rate) =
                    format.filter(|&(bytes, _)| bytes > 0).ok_or(io::ErrorKind::InvalidData)?;
                let data_bytes = u64::from(u32::from_le_bytes(size));
                if told_length == length && start + data_bytes <= length {
                    // Complete, perhaps with a chunk behind the sound.
                    return Ok(Kept { frames: data_bytes / bytes_per_frame, sample_rate });
                }
                let frames = length.saturating_sub(start) / bytes_per_frame;
                end_sound(file, start, frames * bytes_per_frame)?;
                return Ok(Kept { frames, sample_rate });
            }
            b"fmt " => {
                // nSamplesPerSec, nAvgBytesPerSec, nBlockAlign (WAVEFORMATEX, mmreg.h).
                let [_, rate, _, [low, high, ..]] = read_words(file)?;
                format = Some((u64::from(u16::from_le_bytes([low, high])), u32::from_le_bytes(rate).max(1)));
            }
            _ => {}
        }
        file.seek(SeekFrom::Start(start + u64::from(u32::from_le_bytes(size)).next_multiple_of(2)))?;
    }
}

/// The next words of 4 bytes; a file that ends among them is no WAV file.
fn read_words<const COUNT: usize>(mut file: &File) -> io::Result<[[u8; 4]; COUNT]> {
    let mut words = [[0; 4]; COUNT];
    file.read_exact(words.as_flattened_mut()).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::ErrorKind::InvalidData.into(),
        _ => error,
    })?;
    Ok(words)
}

fn to_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
