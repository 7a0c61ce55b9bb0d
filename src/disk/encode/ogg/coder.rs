//! vorbis_rs, as a function from samples to pages.

use super::comment_header::PLACEHOLDER;
use crate::core::format::{BitRate, StreamFormat};
use crate::core::metadata::Metadata;
use crate::disk::encode::tags::vorbis_comments::vorbis_comments;
use std::cell::RefCell;
use std::io::{self, Write};
use std::mem;
use std::num::{NonZeroU8, NonZeroU32};
use std::rc::Rc;
use vorbis_rs::{
    VorbisBitrateManagementStrategy as Strategy, VorbisEncoder, VorbisEncoderBuilder, VorbisError as Error,
};

/// How fine the search for a bit rate is, in bits per second.
const BIT_RATE_STEP: u32 = 1000;

/// The longest that a block of libvorbis may be, in parts of a second: about four of them are held back. Up to 48 kHz
/// the qualities below 0 have blocks of 4096 frames, which is too long.
const BLOCKS_PER_SECOND: u32 = 12;

/// Where the identification header has the sizes of its blocks (Vorbis I specification, 4.2.2), in a file: behind the
/// first page's header of 28 bytes.
const BLOCK_SIZES_AT: usize = 28 + 28;

/// kb/s that a stereo take at 44.1 kHz comes to nominally, at qualities from 0 to 1 (vorbisenc, `rate_mapping_44_stereo`).
const KILOBITS: [u32; 11] = [64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500];

/// What the encoder has put out and nobody has taken yet.
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Encodes one stream. Touches no file; dropping it is harmless at any time.
pub struct Coder {
    encoder: VorbisEncoder<Sink>,
    pages: Rc<RefCell<Vec<u8>>>,
}

impl Coder {
    /// The pages of the headers can be taken at once, with a [`PLACEHOLDER`] behind the comments. `format` has at most eight channels and 200 kHz.
    pub fn new(bit_rate: BitRate, format: StreamFormat, metadata: &Metadata) -> Result<Self, Error> {
        let rate = NonZeroU32::new(format.sample_rate).unwrap_or(NonZeroU32::MIN);
        let channels = NonZeroU8::new(format.channels as u8).unwrap_or(NonZeroU8::MIN);
        let mut builder = VorbisEncoderBuilder::new(rate, channels, Sink(Rc::default()))?;
        builder.comment_tags(vorbis_comments(metadata))?.comment_tags([PLACEHOLDER])?.minimum_page_data_size(Some(1));
        let mut build = |strategy: Strategy| {
            let pages = Rc::default();
            builder.sink(Sink(Rc::clone(&pages))).bitrate_management_strategy(strategy);
            Ok(Self { encoder: builder.build()?, pages })
        };
        match bit_rates(bit_rate).find_map(|target_bitrate| build(Strategy::Vbr { target_bitrate }).ok()) {
            Some(coder) if coder.longest_block() * BLOCKS_PER_SECOND > rate.get() => {
                build(Strategy::QualityVbr { target_quality: 0.0 })
            }
            Some(coder) => Ok(coder),
            None => build(Strategy::QualityVbr { target_quality: quality(bit_rate, format) }),
        }
    }

    /// Frames in the longer of the two blocks.
    fn longest_block(&self) -> u32 {
        self.pages.borrow().get(BLOCK_SIZES_AT).map_or(0, |sizes| 1 << (sizes >> 4))
    }

    /// Takes frames, one slice for each channel, in Vorbis's order.
    pub fn write(&mut self, channels: &[&[f32]]) -> io::Result<()> {
        // To libvorbis an empty block is the end of the stream.
        if channels.iter().any(|samples| samples.is_empty()) {
            return Ok(());
        }
        self.encoder.encode_audio_block(channels).map_err(io::Error::other)
    }

    /// The pages that have become complete since the last call.
    pub fn take_pages(&mut self) -> Vec<u8> {
        mem::take(&mut self.pages.borrow_mut())
    }

    /// The rest of the pages.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        let sink = self.encoder.finish().map_err(io::Error::other)?;
        Ok(sink.0.take())
    }
}

/// Nominal bit rates, those nearest to `bit_rate` first. libvorbis has a range of them for each sample rate and number
/// of channels, and none below 8 kHz and above 50 kHz.
fn bit_rates(bit_rate: BitRate) -> impl Iterator<Item = NonZeroU32> {
    nominal(bit_rate)
        .into_iter()
        .flat_map(|bits| (0..bits / BIT_RATE_STEP).map(move |step| (bits, step * BIT_RATE_STEP)))
        .flat_map(|(bits, distance)| [bits - distance, bits + distance])
        .filter_map(NonZeroU32::new)
}

/// Bits per second; none where the quality is constant.
fn nominal(bit_rate: BitRate) -> Option<u32> {
    match bit_rate {
        BitRate::Cbr96 => Some(96_000),
        BitRate::Cbr128 => Some(128_000),
        BitRate::Cbr192 => Some(192_000),
        BitRate::Cbr256 => Some(256_000),
        BitRate::Cbr320 => Some(320_000),
        BitRate::VbrV2 | BitRate::VbrV0 => None,
    }
}

/// The quality that is nominally `bit_rate` for so many channels at 44.1 kHz. LAME's V2 and V0 come to about 190 and
/// 245 kb/s there, in stereo.
fn quality(bit_rate: BitRate, format: StreamFormat) -> f32 {
    let stereo_kilobits = match (nominal(bit_rate), bit_rate) {
        (Some(bits), _) => bits * 2 / 1000 / format.channels as u32,
        (None, BitRate::VbrV0) => 256,
        (None, _) => 192,
    };
    let step = KILOBITS.windows(2).filter(|pair| pair[0] + pair[1] <= 2 * stereo_kilobits).count();
    step as f32 / 10.0
}
