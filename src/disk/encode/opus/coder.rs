//! libopus, as a function from frames to packets.

use super::{PAGE_PACKETS, RATE, longest_packet};
use crate::core::format::BitRate;
use std::ptr::NonNull;
use std::{fmt, io};
use unsafe_libopus::{
    OPUS_APPLICATION_AUDIO, OPUS_BANDWIDTH_FULLBAND, OPUS_OK, OPUS_SET_BANDWIDTH_REQUEST, OPUS_SET_BITRATE_REQUEST,
    OPUS_SET_COMPLEXITY_REQUEST, OPUS_SET_VBR_CONSTRAINT_REQUEST, OPUS_SET_VBR_REQUEST, OpusMSEncoder,
    opus_multistream_encode_float, opus_multistream_encoder_create, opus_multistream_encoder_ctl,
    opus_multistream_encoder_destroy, opus_strerror,
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
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The channel mapping family: 0 for mono and stereo, 1 for the surround orders of Vorbis.
    pub family: u8,
    pub streams: u8,
    /// How many of the streams have two channels.
    pub coupled: u8,
    /// One for each channel, behind them nothing that counts.
    pub mapping: [u8; 8],
}

/// The layout for each number of channels: pairs of left and right, then the others alone.
const LAYOUTS: [Layout; 8] = [
    Layout { family: 0, streams: 1, coupled: 0, mapping: [0; 8] },
    Layout { family: 0, streams: 1, coupled: 1, mapping: [0, 1, 0, 0, 0, 0, 0, 0] },
    Layout { family: 1, streams: 2, coupled: 1, mapping: [0, 2, 1, 0, 0, 0, 0, 0] },
    Layout { family: 1, streams: 2, coupled: 2, mapping: [0, 1, 2, 3, 0, 0, 0, 0] },
    Layout { family: 1, streams: 3, coupled: 2, mapping: [0, 4, 1, 2, 3, 0, 0, 0] },
    Layout { family: 1, streams: 4, coupled: 2, mapping: [0, 4, 1, 2, 3, 5, 0, 0] },
    Layout { family: 1, streams: 4, coupled: 3, mapping: [0, 4, 1, 2, 3, 5, 6, 0] },
    Layout { family: 1, streams: 5, coupled: 3, mapping: [0, 6, 1, 2, 3, 4, 5, 7] },
];

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
    ///
    /// The encoder is not the one that libopus has for surround sound: that one takes one channel of six and more for
    /// the bass, of which it keeps nothing else, and softens what a listener in the middle would not hear. Nobody told
    /// us which loudspeakers the channels are for.
    pub fn new(bit_rate: BitRate, channels: usize) -> Result<Self, CoderError> {
        let layout = LAYOUTS[channels - 1];
        let mut error = OPUS_OK;
        // SAFETY: libopus reads one number for each channel from the mapping, which has eight, and writes to `error`.
        let encoder = unsafe {
            opus_multistream_encoder_create(
                RATE as i32,
                channels as i32,
                layout.streams.into(),
                layout.coupled.into(),
                layout.mapping.as_ptr(),
                OPUS_APPLICATION_AUDIO,
                &mut error,
            )
        };
        let encoder = NonNull::new(encoder).ok_or(CoderError(error))?;
        let mut coder = Self { encoder, channels, layout, packet: vec![0; LONGEST_PACKET] };
        let Target { bits, is_constrained } = target(bit_rate, channels);
        coder.set(OPUS_SET_BITRATE_REQUEST, bits)?;
        if channels > 2 {
            // By itself libopus leaves out what is high where many channels share few bits.
            coder.set(OPUS_SET_BANDWIDTH_REQUEST, OPUS_BANDWIDTH_FULLBAND)?;
        }
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
    let constant = |kilobits: u32| Target { bits: kilobits as i32 * 1000, is_constrained: true };
    let variable = |bits_per_channel: i32| Target { bits: bits_per_channel * channels as i32, is_constrained: false };
    match (bit_rate.kilobits(), bit_rate) {
        (Some(kilobits), _) => constant(kilobits),
        (None, BitRate::VbrV0) => variable(96_000),
        (None, _) => variable(64_000),
    }
}
