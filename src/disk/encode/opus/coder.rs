//! libopus, as a function from frames to packets.

use super::{PAGE_PACKETS, RATE, longest_packet};
use crate::core::format::BitRate;
use std::ptr::NonNull;
use std::{fmt, io};
use unsafe_libopus::{
    OPUS_APPLICATION_AUDIO, OPUS_OK, OPUS_SET_BITRATE_REQUEST, OPUS_SET_COMPLEXITY_REQUEST,
    OPUS_SET_VBR_CONSTRAINT_REQUEST, OPUS_SET_VBR_REQUEST, OpusMSEncoder, opus_multistream_encode_float,
    opus_multistream_encoder_ctl, opus_multistream_encoder_destroy, opus_multistream_surround_encoder_create,
    opus_strerror,
};

/// Frames in a packet: 20 ms.
pub const PACKET_FRAMES: usize = RATE as usize / 50;

/// Frames by which the sound comes out late: 2.5 ms of overlap and 4 ms in which libopus's two coders wait for each other
/// (`OPUS_GET_LOOKAHEAD`).
pub const LOOK_AHEAD: u16 = 312;

/// The longest packet that libopus may make. Five streams of 1275 bytes (RFC 6716, 3.4, R2) and their sizes are less.
const LONGEST_PACKET: usize = longest_packet(PAGE_PACKETS);

/// The best that libopus does, as opusenc has it.
const COMPLEXITY: i32 = 10;

/// Streams of one or two channels, and which of them each channel is in (RFC 7845, 5.1.1).
pub struct Layout {
    /// The channel mapping family: 0 for mono and stereo, 1 for the surround orders of Vorbis.
    pub family: u8,
    pub streams: u8,
    /// How many of the streams have two channels.
    pub coupled: u8,
    /// One for each channel, behind them nothing that counts.
    pub mapping: [u8; 8],
}

/// libopus says no; the number is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoderError(i32);

impl fmt::Display for CoderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(opus_strerror(self.0))
    }
}

/// Encodes one stream. Touches no file; dropping it is harmless at any time.
pub struct Coder {
    encoder: NonNull<OpusMSEncoder>,
    channels: usize,
    layout: Layout,
    packet: Vec<u8>,
}

impl Coder {
    /// `channels` is 1 to 8.
    pub fn new(bit_rate: BitRate, channels: usize) -> Result<Self, CoderError> {
        let family = u8::from(channels > 2);
        let (mut streams, mut coupled, mut mapping, mut error) = (0, 0, [0; 8], OPUS_OK);
        // SAFETY: libopus writes to each pointer what it has the type for, and to `mapping` one number for each channel; of
        // these it takes no more than eight with families 0 and 1.
        let encoder = unsafe {
            opus_multistream_surround_encoder_create(
                RATE as i32,
                channels as i32,
                i32::from(family),
                &mut streams,
                &mut coupled,
                mapping.as_mut_ptr(),
                OPUS_APPLICATION_AUDIO,
                &mut error,
            )
        };
        let encoder = NonNull::new(encoder).ok_or(CoderError(error))?;
        let layout = Layout { family, streams: streams as u8, coupled: coupled as u8, mapping };
        let mut coder = Self { encoder, channels, layout, packet: vec![0; LONGEST_PACKET] };
        let Target { bits, is_constrained } = target(bit_rate, channels);
        coder.set(OPUS_SET_BITRATE_REQUEST, bits)?;
        coder.set(OPUS_SET_VBR_REQUEST, 1)?;
        coder.set(OPUS_SET_VBR_CONSTRAINT_REQUEST, i32::from(is_constrained))?;
        coder.set(OPUS_SET_COMPLEXITY_REQUEST, COMPLEXITY)?;
        Ok(coder)
    }

    /// `request` is one that takes a number.
    fn set(&mut self, request: i32, value: i32) -> Result<(), CoderError> {
        // SAFETY: the encoder lives until `drop`. The arguments are checked where libopus takes them.
        match unsafe { opus_multistream_encoder_ctl!(self.encoder.as_ptr(), request, value) } {
            OPUS_OK => Ok(()),
            error => Err(CoderError(error)),
        }
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The next packet, of [`PACKET_FRAMES`] interleaved frames in Vorbis's order.
    pub fn encode(&mut self, interleaved: &[f32]) -> io::Result<Vec<u8>> {
        assert_eq!(interleaved.len(), PACKET_FRAMES * self.channels);
        // SAFETY: the encoder lives until `drop`. It reads as many samples as there are, see the line above, and writes no
        // more bytes than it is told that there is room for.
        let length = unsafe {
            opus_multistream_encode_float(
                self.encoder.as_ptr(),
                interleaved.as_ptr(),
                PACKET_FRAMES as i32,
                self.packet.as_mut_ptr(),
                self.packet.len() as i32,
            )
        };
        match usize::try_from(length) {
            Ok(length) => Ok(self.packet[..length].to_vec()),
            Err(_) => Err(io::Error::other(format!("the Opus encoder failed: {}", CoderError(length)))),
        }
    }
}

impl Drop for Coder {
    fn drop(&mut self) {
        // SAFETY: nothing else has the encoder, and nothing uses it after this.
        unsafe { opus_multistream_encoder_destroy(self.encoder.as_ptr()) }
    }
}

/// How many bits the sound gets.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// Per second, all channels together.
    bits: i32,
    /// What one packet takes more, others soon take less, as with the bit reservoir of MP3's constant bit rates (RFC 6716,
    /// 2.1.8). Otherwise a sound that is hard to encode gets more for as long as it lasts.
    is_constrained: bool,
}

/// The bit rates of the menu keep what they say. V2 and V0 are for a quality, and so for each channel: in stereo they aim at
/// 128 and 192 kb/s, from which few and no listeners tell the sound from the original.
fn target(bit_rate: BitRate, channels: usize) -> Target {
    let constant = |bits| Target { bits, is_constrained: true };
    let variable = |bits_per_channel: i32| Target { bits: bits_per_channel * channels as i32, is_constrained: false };
    match bit_rate {
        BitRate::Cbr96 => constant(96_000),
        BitRate::Cbr128 => constant(128_000),
        BitRate::Cbr192 => constant(192_000),
        BitRate::Cbr256 => constant(256_000),
        BitRate::Cbr320 => constant(320_000),
        BitRate::VbrV2 => variable(64_000),
        BitRate::VbrV0 => variable(96_000),
    }
}
