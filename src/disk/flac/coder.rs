//! flac-codec, as a function from samples to bytes.

use crate::core::format::StreamFormat;
use flac_codec::Error;
use flac_codec::byteorder::LittleEndian;
use flac_codec::encode::{FlacByteWriter, Options, OptionsError, Window};
use flac_codec::metadata::{Streaminfo, read_block};
use std::cell::RefCell;
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::rc::Rc;

/// The most frames of sound in a block; `flac -5` takes as many.
const MAX_BLOCK_FRAMES: u32 = 4096;

/// The longest that a block may be, in parts of a second: what is in an open block is lost when the host is killed.
const BLOCKS_PER_SECOND: u32 = 10;

/// Frames of sound in a block at `rate` Hz: a power of two, for only such blocks are divided well.
fn block_frames(rate: u32) -> u16 {
    let most = (rate / BLOCKS_PER_SECOND).clamp(64, MAX_BLOCK_FRAMES);
    1 << most.ilog2()
}

/// What was found by measurement; see [`FlacEncoder`](super::FlacEncoder).
fn options(rate: u32) -> Result<Options, OptionsError> {
    let options = Options::default().block_size(block_frames(rate))?;
    Ok(options.fast_channel_correlation(true).window(Window::Hann).no_padding().no_seektable())
}

/// What the writer has put out and nobody has taken yet.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// Where in `bytes` the writer went back to the beginning of the file.
    header_at: usize,
}

/// Where the writer writes to. It goes back to the beginning once, at the end, to write the header again.
struct Sink(Rc<RefCell<Output>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Sink {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut output = self.0.borrow_mut();
        match to {
            SeekFrom::Start(_) => output.header_at = output.bytes.len(),
            SeekFrom::Current(_) | SeekFrom::End(_) => {}
        }
        Ok(0)
    }
}

/// Codes one stream. Touches no file; dropping it is harmless at any time.
pub struct Coder {
    writer: FlacByteWriter<Sink, LittleEndian>,
    output: Rc<RefCell<Output>>,
    block_frames: usize,
}

impl Coder {
    /// Also gives STREAMINFO as it is before the first frame.
    pub fn new(bits: u16, format: StreamFormat) -> io::Result<(Self, Streaminfo)> {
        let output = Rc::new(RefCell::new(Output::default()));
        let options = options(format.sample_rate).map_err(io::Error::other)?;
        let (rate, channels) = (format.sample_rate, format.channels as u8);
        let writer = FlacByteWriter::new(Sink(Rc::clone(&output)), options, rate, bits.into(), channels, None)?;
        let info = streaminfo(&mem::take(&mut output.borrow_mut().bytes))?;
        Ok((Self { writer, output, block_frames: block_frames(rate).into() }, info))
    }

    /// Frames of sound in each block but the last.
    pub fn block_frames(&self) -> usize {
        self.block_frames
    }

    /// Takes whole frames of interleaved little-endian samples and appends the blocks that became complete to `coded`.
    pub fn write(&mut self, pcm: &[u8], coded: &mut Vec<u8>) -> io::Result<()> {
        self.writer.write_all(pcm)?;
        coded.append(&mut self.output.borrow_mut().bytes);
        Ok(())
    }

    /// Appends the last block and gives the final STREAMINFO. Fails where no frame was written.
    pub fn finish(self, coded: &mut Vec<u8>) -> io::Result<Streaminfo> {
        self.writer.finalize()?;
        let output = self.output.take();
        let (last_block, header) = output.bytes.split_at(output.header_at);
        coded.extend_from_slice(last_block);
        Ok(streaminfo(header)?)
    }
}

fn streaminfo(header: &[u8]) -> Result<Streaminfo, Error> {
    read_block(header)?.ok_or(Error::MissingStreaminfo)
}
