//! libvorbis, as a function from samples to pages.

use super::comment_header::with_room;
use super::libvorbis::{Libvorbis, Mode, Packet, VorbisError};
use super::muxer::{Muxer, segments};
use super::page::MOST_SEGMENTS;
use crate::core::format::{BitRate, StreamFormat};
use crate::core::metadata::Metadata;
use std::{io, mem};

/// How fine the search for a bit rate is, in bits per second.
const BIT_RATE_STEP: u32 = 1000;

/// The longest that a block of libvorbis may be, in parts of a second: about four of them are held back. Up to 48 kHz
/// the qualities below 0 have blocks of 4096 frames, which is too long.
const BLOCKS_PER_SECOND: u32 = 12;

/// Packets on a page: few enough to leave soon.
const PAGE_PACKETS: usize = 4;

/// kb/s that a stereo take at 44.1 kHz comes to nominally, at qualities from 0 to 1 (vorbisenc, `rate_mapping_44_stereo`).
const KILOBITS: [u32; 11] = [64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500];

/// Halvings in the search for a quality: to a thousandth.
const QUALITY_STEPS: u32 = 10;

/// Encodes one stream. Touches no file; dropping it is harmless at any time.
pub struct Coder {
    vorbis: Libvorbis,
    muxer: Muxer,
    /// Whole pages that nobody has taken yet.
    pages: Vec<u8>,
    /// Those of the next page.
    packets: Vec<Packet>,
    /// The next page is the first one of sound.
    is_first_page: bool,
}

impl Coder {
    /// The pages of the headers can be taken at once, with room behind the comments. `format` has at most eight
    /// channels and 200 kHz.
    pub fn new(bit_rate: BitRate, format: StreamFormat, metadata: &Metadata) -> Result<Self, VorbisError> {
        let mut vorbis = libvorbis(bit_rate, format)?;
        let [identification, comments, set_up] = vorbis.headers()?;
        let mut muxer = Muxer::new();
        let mut pages = muxer.pages(&[identification], 0);
        pages.extend(muxer.pages(&[with_room(comments, metadata), set_up], 0));
        Ok(Self { vorbis, muxer, pages, packets: Vec::new(), is_first_page: true })
    }

    /// Takes frames, one slice for each channel, in Vorbis's order.
    pub fn write(&mut self, channels: &[&[f32]]) -> io::Result<()> {
        let packets = self.vorbis.write(channels).map_err(io::Error::other)?;
        packets.into_iter().for_each(|packet| self.add(packet));
        Ok(())
    }

    /// The pages that have become complete since the last call.
    pub fn take_pages(&mut self) -> Vec<u8> {
        mem::take(&mut self.pages)
    }

    /// The rest of the pages.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        let packets = self.vorbis.finish().map_err(io::Error::other)?;
        packets.into_iter().for_each(|packet| self.add(packet));
        Ok(self.pages)
    }

    fn add(&mut self, packet: Packet) {
        let waiting: usize = self.packets.iter().map(|packet| segments(packet.bytes.len())).sum();
        if waiting + segments(packet.bytes.len()) > MOST_SEGMENTS {
            self.end_page(self.packets.len());
        }
        let is_last = packet.is_last;
        self.packets.push(packet);
        if is_last {
            self.end_stream();
        } else if self.packets.len() == PAGE_PACKETS {
            self.end_page(PAGE_PACKETS);
        }
    }

    /// Decoders find the beginning of the sound by its first page. Where that is the last one, too, whose position cuts
    /// off the end, FFmpeg 5 cannot: the sound has two pages at least. The first packet plays nothing, and so would a
    /// page with it alone, of which ogginfo complains.
    fn end_stream(&mut self) {
        if self.is_first_page {
            self.end_page((self.packets.len() - 1).min(2));
        }
        let (packets, position) = self.take_packets(self.packets.len());
        self.pages.extend(self.muxer.last_pages(&packets, position));
    }

    fn end_page(&mut self, count: usize) {
        let (packets, position) = self.take_packets(count);
        if !packets.is_empty() {
            self.pages.extend(self.muxer.pages(&packets, position));
            self.is_first_page = false;
        }
    }

    /// The first `count` packets, and the stream's position after them.
    fn take_packets(&mut self, count: usize) -> (Vec<Vec<u8>>, u64) {
        let position = count.checked_sub(1).and_then(|last| self.packets.get(last)).map_or(0, |last| last.position);
        (self.packets.drain(..count).map(|packet| packet.bytes).collect(), position)
    }
}

/// An encoder for the mode that comes nearest to `bit_rate`.
fn libvorbis(bit_rate: BitRate, format: StreamFormat) -> Result<Libvorbis, VorbisError> {
    if loses_a_channel(format) {
        return uncoupled(bit_rate, format);
    }
    match bit_rates(bit_rate).find_map(|bits| Libvorbis::new(Mode::BitRate(bits), format).ok()) {
        Some(vorbis) if vorbis.longest_block() * BLOCKS_PER_SECOND > format.sample_rate => {
            Libvorbis::new(Mode::Quality(0.0), format)
        }
        Some(vorbis) => Ok(vorbis),
        None => Libvorbis::new(Mode::Quality(quality(bit_rate, format)), format),
    }
}

/// Whether libvorbis takes six channels for 5.1 and keeps of the last one, the DAW's fourth, only the bass (vorbisenc,
/// `ve_setup_44_51`). Nobody told us which loudspeakers they are for, and a microphone has more than bass.
fn loses_a_channel(format: StreamFormat) -> bool {
    format.channels == 6 && (40_000..=70_000).contains(&format.sample_rate)
}

/// As with five or seven channels, where no channel is coded by another.
fn uncoupled(bit_rate: BitRate, format: StreamFormat) -> Result<Libvorbis, VorbisError> {
    let new = |quality| Libvorbis::new(Mode::UncoupledQuality(quality), format);
    let softest = new(0.0)?;
    let Some(bits) = nominal(bit_rate).filter(|_| softest.nominal_bit_rate() > 0) else {
        return new(quality(bit_rate, format));
    };
    if softest.nominal_bit_rate() >= bits {
        return Ok(softest);
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..QUALITY_STEPS {
        let middle = (low + high) / 2.0;
        if new(middle)?.nominal_bit_rate() < bits { low = middle } else { high = middle }
    }
    new(high)
}

/// Nominal bit rates, those nearest to `bit_rate` first. libvorbis has a range of them for each sample rate and number
/// of channels, and none below 8 kHz and above 50 kHz.
fn bit_rates(bit_rate: BitRate) -> impl Iterator<Item = u32> {
    nominal(bit_rate)
        .into_iter()
        .flat_map(|bits| (0..bits / BIT_RATE_STEP).map(move |step| (bits, step * BIT_RATE_STEP)))
        .flat_map(|(bits, distance)| [bits - distance, bits + distance])
}

/// Bits per second; none where the quality is constant.
fn nominal(bit_rate: BitRate) -> Option<u32> {
    bit_rate.kilobits().map(|kilobits| kilobits * 1000)
}

/// The quality that is nominally `bit_rate` for so many channels at 44.1 kHz. LAME's V2 and V0 come to about 190 and
/// 245 kb/s there, in stereo.
fn quality(bit_rate: BitRate, format: StreamFormat) -> f32 {
    let stereo_kilobits = match (bit_rate.kilobits(), bit_rate) {
        (Some(kilobits), _) => kilobits * 2 / format.channels as u32,
        (None, BitRate::VbrV0) => 256,
        (None, _) => 192,
    };
    let step = KILOBITS.windows(2).filter(|pair| pair[0] + pair[1] <= 2 * stereo_kilobits).count();
    step as f32 / 10.0
}
