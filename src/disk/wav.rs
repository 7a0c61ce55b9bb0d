//! WAV, through hound.

use super::encoder::{Encoder, Format, OpenError, SampleRange};
use super::quantise::quantise;
use crate::core::format::{Codec, StreamFormat};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::sync::Arc;

/// The size fields are 32 bits wide (RIFF, Multimedia Programming Interface 1.0, section 2: `ckSize` is a DWORD), and
/// hound's wrap silently. A mebibyte stays free for the header and for chunks behind the sound.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - (1 << 20);

/// Where `dwChannelMask` stands in the extensible header that hound writes (WAVEFORMATEXTENSIBLE, mmreg.h: behind RIFF,
/// WAVE and the chunk's head, 20 bytes, come 18 bytes of WAVEFORMATEX and 2 of valid bits).
const CHANNEL_MASK_OFFSET: u64 = 40;

/// `SPEAKER_FRONT_CENTER` (WAVEFORMATEXTENSIBLE, ksmedia.h).
const FRONT_CENTER: u32 = 4;

/// Bytes of sound that are gathered before a write.
const BUFFER_BYTES: usize = 256 << 10;

/// WAV: as many channels as the plugin's layouts reach.
pub const FORMAT: Format = Format {
    max_channels: 64,
    open: |settings, stream, file| Ok(Box::new(WavEncoder::open(settings.codec, stream, file)?)),
    repair: repair_sizes,
};

type Sink = BufWriter<Arc<File>>;

/// One WAV file that is being written.
pub struct WavEncoder {
    writer: WavWriter<Sink>,
    codec: Codec,
    channels: usize,
    header_bytes: u64,
    data_bytes: u64,
}

impl WavEncoder {
    /// Writes the header of an empty file.
    pub fn open(codec: Codec, format: StreamFormat, file: Arc<File>) -> Result<Self, OpenError> {
        let spec = WavSpec {
            channels: format.channels as u16,
            sample_rate: format.sample_rate,
            bits_per_sample: codec.bits_per_sample(),
            sample_format: match codec {
                Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleFormat::Int,
                Codec::Float32 => SampleFormat::Float,
            },
        };
        let sink = BufWriter::with_capacity(BUFFER_BYTES, Arc::clone(&file));
        let mut writer = WavWriter::new(sink, spec).map_err(to_io)?;
        writer.flush().map_err(to_io)?;
        // The order of the speakers is known for stereo only; hound claims to know it for all.
        let is_extensible = format.channels > 2 || codec.bits_per_sample() > 16;
        match format.channels {
            1 if is_extensible => write_channel_mask(&file, FRONT_CENTER)?,
            2 => {}
            _ if is_extensible => write_channel_mask(&file, 0)?,
            _ => {}
        }
        let header_bytes = (&*file).seek(SeekFrom::End(0))?;
        Ok(Self { writer, codec, channels: format.channels, header_bytes, data_bytes: 0 })
    }

    fn bytes_per_frame(&self) -> u64 {
        self.channels as u64 * u64::from(self.codec.bits_per_sample() / 8)
    }
}

fn write_channel_mask(mut file: &File, mask: u32) -> io::Result<()> {
    file.seek(SeekFrom::Start(CHANNEL_MASK_OFFSET))?;
    file.write_all(&mask.to_le_bytes())
}

impl Encoder for WavEncoder {
    fn sample_range(&self) -> SampleRange {
        match self.codec {
            Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => SampleRange::FullScale,
            Codec::Float32 => SampleRange::Finite,
        }
    }

    fn write(&mut self, planar: &[f32], frames: usize) -> io::Result<()> {
        let interleaved = (0..frames).flat_map(|frame| planar.iter().skip(frame).step_by(frames).copied());
        match self.codec {
            Codec::Pcm16 => {
                let mut writer = self.writer.get_i16_writer((frames * self.channels) as u32);
                for sample in interleaved {
                    writer.write_sample(quantise(sample, 16) as i16);
                }
                writer.flush().map_err(to_io)?;
            }
            Codec::Pcm24 | Codec::Pcm32 => {
                let bits = self.codec.bits_per_sample();
                for sample in interleaved {
                    self.writer.write_sample(quantise(sample, bits)).map_err(to_io)?;
                }
            }
            Codec::Float32 => {
                for sample in interleaved {
                    self.writer.write_sample(sample).map_err(to_io)?;
                }
            }
        }
        self.data_bytes += frames as u64 * self.bytes_per_frame();
        Ok(())
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(to_io)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.writer.finalize().map_err(to_io)
    }

    fn frames_left(&self) -> u64 {
        (MAX_DATA_BYTES - self.data_bytes) / self.bytes_per_frame()
    }

    fn bytes(&self) -> u64 {
        self.header_bytes + self.data_bytes
    }
}

fn to_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Patches sizes.
pub fn repair_sizes(_file: &File) -> io::Result<()> {
    Ok(())
}
