//! libvorbis (with the aoTuV and Lancer patches), as a function from frames to packets. All that is unsafe in it is
//! here.

use crate::core::format::StreamFormat;
use aotuv_lancer_vorbis_sys::{
    OV_ECTL_COUPLING_SET, OV_ECTL_RATEMANAGE2_SET, vorbis_analysis, vorbis_analysis_blockout, vorbis_analysis_buffer,
    vorbis_analysis_headerout, vorbis_analysis_init, vorbis_analysis_wrote, vorbis_bitrate_addblock,
    vorbis_bitrate_flushpacket, vorbis_block, vorbis_block_clear, vorbis_block_init, vorbis_comment,
    vorbis_comment_clear, vorbis_comment_init, vorbis_dsp_clear, vorbis_dsp_state, vorbis_encode_ctl,
    vorbis_encode_setup_init, vorbis_encode_setup_managed, vorbis_encode_setup_vbr, vorbis_info, vorbis_info_blocksize,
    vorbis_info_clear, vorbis_info_init,
};
use ogg_next_sys::ogg_packet;
use std::ffi::{c_int, c_long};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::{fmt, slice};

/// How a stream is coded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// With the quality that is nominally so many bits per second.
    BitRate(u32),
    /// With a quality, −0.2 to 1.
    Quality(f32),
    /// With a quality, and no channel by another. libvorbis refuses this together with a bit rate.
    UncoupledQuality(f32),
}

/// libvorbis says no; the number is its own (vorbis/codec.h, `OV_…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VorbisError(c_int);

impl fmt::Display for VorbisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "libvorbis does not take these settings (error {})", self.0)
    }
}

impl std::error::Error for VorbisError {}

/// A piece of the stream.
#[derive(Debug)]
pub struct Packet {
    pub bytes: Vec<u8>,
    /// The stream's position after it, in frames.
    pub position: u64,
    pub is_last: bool,
}

/// What libvorbis keeps pointers into, so that it never moves.
struct State {
    info: vorbis_info,
    dsp: vorbis_dsp_state,
    block: vorbis_block,
}

/// One stream that is being encoded. Dropping it is harmless at any time.
pub struct Libvorbis {
    /// From a box. Zeros, which the three clearing functions take for nothing, or what libvorbis made of them.
    state: NonNull<State>,
    channels: usize,
}

impl Libvorbis {
    /// `format` has at most 255 channels.
    pub fn new(mode: Mode, format: StreamFormat) -> Result<Self, VorbisError> {
        let state = Box::into_raw(Box::new(MaybeUninit::<State>::zeroed())).cast();
        // SAFETY: a box is never at null.
        let state = unsafe { NonNull::new_unchecked(state) };
        let made = Self { state, channels: format.channels };
        // SAFETY: the state lives as long as `made`, at one place, and each function gets what the one before it
        // prepared.
        unsafe {
            vorbis_info_init(made.info());
            set_up(made.info(), mode, format)?;
            // To readers that take these for unsigned a number that is not told is 4 thousand million.
            for bit_rate in [
                &raw mut (*made.info()).bitrate_upper,
                &raw mut (*made.info()).bitrate_nominal,
                &raw mut (*made.info()).bitrate_lower,
            ] {
                *bit_rate = (*bit_rate).max(0);
            }
            check(vorbis_analysis_init(made.dsp(), made.info()))?;
            check(vorbis_block_init(made.dsp(), made.block()))?;
        }
        Ok(made)
    }

    /// Bits per second of this mode; 0 where libvorbis does not know.
    pub fn nominal_bit_rate(&self) -> u32 {
        // SAFETY: the state lives, and was set up.
        u32::try_from(unsafe { (*self.info()).bitrate_nominal }).unwrap_or(0)
    }

    /// Frames in the longer of the two blocks.
    pub fn longest_block(&self) -> u32 {
        // SAFETY: the state lives, and was set up.
        u32::try_from(unsafe { vorbis_info_blocksize(self.info(), 1) }).unwrap_or(0)
    }

    /// The three headers: identification, comments, of which there are none, and set-up (Vorbis I specification, 4.2).
    pub fn headers(&mut self) -> Result<[Vec<u8>; 3], VorbisError> {
        let mut comments = MaybeUninit::<vorbis_comment>::uninit();
        let mut packets = [const { MaybeUninit::<ogg_packet>::zeroed() }; 3];
        let [first, second, third] = &mut packets;
        // SAFETY: the state was set up. `comments` is filled by its own function and cleared once; the headers do not
        // refer to it. The packets are libvorbis's own until the next call, and are copied before it.
        unsafe {
            vorbis_comment_init(comments.as_mut_ptr());
            let result = vorbis_analysis_headerout(
                self.dsp(),
                comments.as_mut_ptr(),
                first.as_mut_ptr(),
                second.as_mut_ptr(),
                third.as_mut_ptr(),
            );
            vorbis_comment_clear(comments.as_mut_ptr());
            check(result)?;
            Ok(packets.map(|packet| copy(&packet.assume_init())))
        }
    }

    /// Takes frames, one slice for each channel, in Vorbis's order, all of one length, and gives the packets that have
    /// become complete.
    pub fn write(&mut self, channels: &[&[f32]]) -> Result<Vec<Packet>, VorbisError> {
        let frames = channels.first().map_or(0, |samples| samples.len());
        assert!(channels.len() == self.channels && channels.iter().all(|samples| samples.len() == frames));
        // To libvorbis an empty block is the end of the stream.
        if frames == 0 {
            return Ok(Vec::new());
        }
        let count = c_int::try_from(frames).map_err(|_| VorbisError(0))?;
        // SAFETY: the state was set up. libvorbis gives a buffer of `count` samples for each of its channels, which are
        // as many as ours; they overlap nothing of ours.
        unsafe {
            let buffers = vorbis_analysis_buffer(self.dsp(), count);
            for (index, samples) in channels.iter().enumerate() {
                ptr::copy_nonoverlapping(samples.as_ptr(), *buffers.add(index), frames);
            }
        }
        self.wrote(count)
    }

    /// The rest of the packets. Called once, and nothing is written after it.
    pub fn finish(&mut self) -> Result<Vec<Packet>, VorbisError> {
        self.wrote(0)
    }

    fn wrote(&mut self, frames: c_int) -> Result<Vec<Packet>, VorbisError> {
        let mut packets = Vec::new();
        // SAFETY: the state was set up, and as many frames as this are in the buffers. A packet is libvorbis's own
        // until the next call, and is copied before it.
        unsafe {
            check(vorbis_analysis_wrote(self.dsp(), frames))?;
            while check(vorbis_analysis_blockout(self.dsp(), self.block()))? == 1 {
                check(vorbis_analysis(self.block(), ptr::null_mut()))?;
                check(vorbis_bitrate_addblock(self.block()))?;
                let mut packet = MaybeUninit::<ogg_packet>::zeroed();
                while check(vorbis_bitrate_flushpacket(self.dsp(), packet.as_mut_ptr()))? == 1 {
                    let packet = packet.assume_init();
                    packets.push(Packet {
                        bytes: copy(&packet),
                        position: u64::try_from(packet.granulepos).unwrap_or(0),
                        is_last: packet.e_o_s != 0,
                    });
                }
            }
        }
        Ok(packets)
    }

    fn info(&self) -> *mut vorbis_info {
        // SAFETY: the state lives as long as `self`; this makes no reference to it.
        unsafe { &raw mut (*self.state.as_ptr()).info }
    }

    fn dsp(&self) -> *mut vorbis_dsp_state {
        // SAFETY: as in `info`.
        unsafe { &raw mut (*self.state.as_ptr()).dsp }
    }

    fn block(&self) -> *mut vorbis_block {
        // SAFETY: as in `info`.
        unsafe { &raw mut (*self.state.as_ptr()).block }
    }
}

impl Drop for Libvorbis {
    fn drop(&mut self) {
        // SAFETY: what refers to another is cleared before it; nothing else has the state, and nothing uses it after
        // this.
        unsafe {
            vorbis_block_clear(self.block());
            vorbis_dsp_clear(self.dsp());
            vorbis_info_clear(self.info());
            drop(Box::from_raw(self.state.as_ptr().cast::<MaybeUninit<State>>()));
        }
    }
}

/// Makes `info` ready for this mode.
///
/// # Safety
/// `info` points to what `vorbis_info_init` filled.
unsafe fn set_up(info: *mut vorbis_info, mode: Mode, format: StreamFormat) -> Result<(), VorbisError> {
    let number = |number: u32| i32::try_from(number).map(c_long::from).map_err(|_| VorbisError(0));
    let (channels, rate) = (number(format.channels as u32)?, number(format.sample_rate)?);
    // SAFETY: the caller's promise; the other pointers are null, which means that the bit rate is not managed, or to a
    // number that is read during the call.
    unsafe {
        match mode {
            Mode::BitRate(bits) => {
                check(vorbis_encode_setup_managed(info, channels, rate, -1, number(bits)?, -1))?;
                check(vorbis_encode_ctl(info, OV_ECTL_RATEMANAGE2_SET as c_int, ptr::null_mut()))?;
            }
            Mode::Quality(quality) => drop(check(vorbis_encode_setup_vbr(info, channels, rate, quality))?),
            Mode::UncoupledQuality(quality) => {
                check(vorbis_encode_setup_vbr(info, channels, rate, quality))?;
                let mut is_coupled: c_int = 0;
                check(vorbis_encode_ctl(info, OV_ECTL_COUPLING_SET as c_int, (&raw mut is_coupled).cast()))?;
            }
        }
        check(vorbis_encode_setup_init(info)).map(drop)
    }
}

/// The bytes of a packet.
///
/// # Safety
/// libvorbis has just filled it.
unsafe fn copy(packet: &ogg_packet) -> Vec<u8> {
    match usize::try_from(packet.bytes) {
        // SAFETY: the caller's promise.
        Ok(bytes) if !packet.packet.is_null() => unsafe { slice::from_raw_parts(packet.packet, bytes) }.to_vec(),
        _ => Vec::new(),
    }
}

fn check(result: c_int) -> Result<c_int, VorbisError> {
    if result < 0 { Err(VorbisError(result)) } else { Ok(result) }
}
