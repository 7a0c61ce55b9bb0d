//! Mends a file whose end is missing, or whose tag counts other frames than are there.

use super::frames::{HEADER_BYTES, Mpeg, Tally};
use super::tag;
use crate::disk::encode::Kept;
use crate::disk::encode::appended::{leading_id3_bytes, start_of_appended_tags};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// Cuts the file behind its last whole MP3 frame, where no tags end it, and makes the tag count what is there.
pub fn repair(mut file: &File) -> io::Result<Kept> {
    let start = leading_id3_bytes(file)?;
    file.seek(SeekFrom::Start(start))?;
    let mut frames = Frames { source: BufReader::new(file), mpeg: None };
    let Some(mut tag) = frames.next()? else {
        let is_begun = frames.mpeg.is_some() || file.metadata()?.len() < start + HEADER_BYTES as u64;
        return if is_begun { Ok(Kept::NOTHING) } else { Err(io::ErrorKind::InvalidData.into()) };
    };
    let mut tally = Tally { bytes: tag.len() as u64, ..Tally::default() };
    while let Some(frame) = frames.next()? {
        tally.frames += 1;
        tally.bytes += frame.len() as u64;
        tally.crc.update(&frame);
    }
    let Some((mpeg, sample_rate)) = frames.mpeg else {
        return Ok(Kept::NOTHING);
    };
    // What others have put behind the sound is theirs.
    let end = file.seek(SeekFrom::End(0))?;
    if end > start + tally.bytes && start_of_appended_tags(file)? == end {
        file.set_len(start + tally.bytes)?;
    }
    let Some(counted) = tag::counts(&tag) else {
        // It was killed before the tag was written. All plays, the encoder's delay with it.
        return Ok(Kept { frames: u64::from(tally.frames) * mpeg.frame_length(), sample_rate });
    };
    if (counted.0, counted.1) != (tally.frames, tally.bytes) {
        tag::count_what_is_there(&mut tag, tally);
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&tag)?;
    }
    let left_out = tag::counts(&tag).map_or(0, |(_, _, left_out)| left_out);
    let frames = (u64::from(tally.frames) * mpeg.frame_length()).saturating_sub(left_out);
    Ok(Kept { frames, sample_rate })
}

/// Reads the MP3 frames of a file, up to the first that is not whole or none at all.
struct Frames<'a> {
    source: BufReader<&'a File>,
    /// Version and rate, those of the first header.
    mpeg: Option<(Mpeg, u32)>,
}

impl Frames<'_> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(header) = self.read(HEADER_BYTES)? else { return Ok(None) };
        let first = || Mpeg::of_header(header.first_chunk().copied()?);
        let Some((mpeg, rate)) = self.mpeg.or_else(first) else { return Ok(None) };
        let Some(length) = mpeg.frame_bytes(&header, rate) else { return Ok(None) };
        self.mpeg = Some((mpeg, rate));
        let rest = self.read(length.saturating_sub(HEADER_BYTES))?;
        Ok(rest.map(|rest| [header, rest].concat()))
    }

    /// So many bytes; nothing where the file ends before.
    fn read(&mut self, count: usize) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::with_capacity(count);
        self.source.by_ref().take(count as u64).read_to_end(&mut bytes)?;
        Ok((bytes.len() == count).then_some(bytes))
    }
}
