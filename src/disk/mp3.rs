//! MP3, through LAME.

use super::encoder::{Encoder, Format, OpenError, SampleRange};
use crate::core::format::{BitRate, StreamFormat};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// MP3: mono and stereo (ISO/IEC 11172-3, 2.4.2.3, `mode`).
pub const FORMAT: Format = Format {
    max_channels: 2,
    open: |settings, stream, file| Ok(Box::new(Mp3Encoder::open(settings.bit_rate, stream, file)?)),
    // Frames stand alone: what is there plays.
    repair: |_| Ok(()),
};

/// One MP3 file that is being written.
pub struct Mp3Encoder {}

impl Mp3Encoder {
    /// Starts an empty file.
    pub fn open(_bit_rate: BitRate, _format: StreamFormat, _file: Arc<File>) -> Result<Self, OpenError> {
        Err(OpenError::Refused { file_type: "MP3", reason: "not built yet".into() })
    }
}

impl Encoder for Mp3Encoder {
    fn sample_range(&self) -> SampleRange {
        SampleRange::FullScale
    }

    fn write(&mut self, _planar: &[f32], _frames: usize) -> io::Result<()> {
        Ok(())
    }

    fn refresh(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }

    fn frames_left(&self) -> u64 {
        u64::MAX
    }

    fn bytes(&self) -> u64 {
        0
    }
}
