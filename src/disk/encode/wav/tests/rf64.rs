//! Files that outgrow RIFF, with a line that is low enough for a test.

use super::*;
use crate::disk::encode::Kept;
use crate::disk::encode::wav::recovery::repair_beyond;

/// The most bytes that a RIFF chunk has here.
const LINE: u64 = 30_000;
const FORMAT: StreamFormat = StreamFormat { channels: 3, sample_rate: 44_100 };
const FRAME_BYTES: usize = 9;

fn open(take: &Take, metadata: &Metadata) -> Box<WavEncoder> {
    let file = Arc::clone(&take.file);
    Box::new(WavEncoder::open_with_line(Codec::Pcm24, FORMAT, metadata, file, LINE).unwrap())
}

/// A user's text that makes the header longer than a page.
fn long_header() -> Metadata {
    let header = format!("comment = {}", "long ".repeat(1_500));
    Metadata::new(&header, Default::default())
}

fn wide(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// What the header says that the file has: bytes of it, bytes of sound and, of RF64, frames (EBU Tech 3306).
fn told(bytes: &[u8]) -> (u64, u64, Option<u64>) {
    let data_size = word(bytes, header_length(bytes) - 4);
    assert_eq!(word(bytes, 16), 28, "the size of JUNK or ds64");
    match (&bytes[..4], &bytes[12..16]) {
        (b"RIFF", b"JUNK") => (u64::from(word(bytes, 4)) + 8, data_size.into(), None),
        (b"RF64", b"ds64") => {
            let data_bytes = if data_size == u32::MAX { wide(bytes, 28) } else { data_size.into() };
            (wide(bytes, 20) + 8, data_bytes, Some(wide(bytes, 36)))
        }
        other => panic!("{other:?}"),
    }
}

/// Fails unless the file holds `frames` frames of `planar`, and says so.
fn assert_holds(bytes: &[u8], planar: &[f32], frames: usize) {
    let header = header_length(bytes);
    let (_, data_bytes, _) = told(bytes);
    assert_eq!(data_bytes, (frames * FRAME_BYTES) as u64);
    let expected: Vec<u8> = interleave(planar, FORMAT.channels)[..frames * FORMAT.channels]
        .iter()
        .flat_map(|&sample| rounded(sample, 24).to_le_bytes()[..3].to_vec())
        .collect();
    assert!(bytes[header..header + frames * FRAME_BYTES] == expected);
}

#[test]
fn a_file_is_riff_up_to_the_line_and_rf64_from_the_refresh_on_that_crosses_it() {
    for metadata in [Metadata::default(), long_header()] {
        let take = Take::new();
        let mut encoder = open(&take, &metadata);
        let planar = sound(3, 6_000);
        let mut frames = 0;
        write_and_look(&mut encoder, &planar, |encoder, count| {
            frames += count;
            encoder.refresh().unwrap();
            let bytes = take.bytes();
            assert_holds(&bytes, &planar, frames);
            let (file_bytes, _, told_frames) = told(&bytes);
            assert_eq!(file_bytes, bytes.len() as u64);
            let expected = (file_bytes - 8 > LINE).then_some(frames as u64);
            assert_eq!(told_frames, expected);
        });
        encoder.finish().unwrap();
        assert_holds(&take.bytes(), &planar, 6_000);
        assert!(take.bytes().starts_with(b"RF64"));
    }
}

/// Writes everything in pieces of 500 frames and calls `look` behind each.
fn write_and_look(encoder: &mut WavEncoder, planar: &[f32], mut look: impl FnMut(&mut WavEncoder, usize)) {
    let frames = planar.len() / FORMAT.channels;
    for start in (0..frames).step_by(500) {
        let piece: Vec<f32> =
            planar.chunks_exact(frames).flat_map(|channel| &channel[start..start + 500]).copied().collect();
        encoder.write(&piece, 500).unwrap();
        look(encoder, 500);
    }
}

#[test]
fn the_very_last_byte_of_riff_stays_riff_and_one_more_makes_rf64() {
    let header = Header::new(Codec::Pcm24, FORMAT, &Metadata::default(), MOST_RIFF_BYTES).len();
    for (riff_bytes, id) in [(u64::from(u32::MAX) - 1, *b"RIFF"), (u32::MAX.into(), *b"RF64")] {
        let mut there = Header::new(Codec::Pcm24, FORMAT, &Metadata::default(), MOST_RIFF_BYTES);
        there.set_sizes(riff_bytes + 8, riff_bytes + 8 - header);
        assert_eq!(there.bytes()[..4], id, "{riff_bytes}");
        assert_eq!(there.told_sizes(), (riff_bytes + 8, riff_bytes + 8 - header));
    }
}

/// A kill takes place between two calls, or between two pages of one write.
#[test]
fn a_kill_at_any_moment_around_the_line_leaves_a_file_that_plays_and_can_be_mended() {
    for metadata in [Metadata::default(), long_header()] {
        let take = Take::new();
        let mut encoder = open(&take, &metadata);
        let planar = sound(3, 6_000);
        let mut frames = 0;
        write_and_look(&mut encoder, &planar, |encoder, count| {
            let before = take.bytes();
            encoder.refresh().unwrap();
            let after = take.bytes();
            let header = header_length(&after);
            for pages in (0..=header).step_by(4_096) {
                let mut torn = after.clone();
                torn[pages..header].copy_from_slice(&before[pages..header]);
                for kept_sound in [before.len(), (before.len() + after.len()) / 2, after.len()] {
                    // The header comes behind the sound.
                    if pages > 0 && kept_sound < after.len() {
                        continue;
                    }
                    assert_killed_plays(&torn[..kept_sound], &planar, frames, count);
                }
            }
            frames += count;
        });
    }
}

/// Fails unless the file plays what was refreshed, `frames` frames or `more` besides, and can be mended to all that is there.
fn assert_killed_plays(bytes: &[u8], planar: &[f32], frames: usize, more: usize) {
    let (_, data_bytes, _) = told(bytes);
    let told_frames = data_bytes as usize / FRAME_BYTES;
    assert!(told_frames == frames || told_frames == frames + more, "{told_frames} of {frames}");
    assert_holds(bytes, planar, told_frames);
    let there = (bytes.len() - header_length(bytes)) / FRAME_BYTES;
    let killed = Take::with_bytes(bytes);
    let kept = repair_beyond(&killed.file, LINE).unwrap();
    assert_eq!(kept, Kept { frames: there as u64, sample_rate: 44_100 });
    let mended = killed.bytes();
    assert_holds(&mended, planar, there);
    assert_eq!(told(&mended).0, mended.len() as u64);
    assert_eq!(mended.starts_with(b"RF64"), mended.len() as u64 - 8 > LINE || bytes.starts_with(b"RF64"));
    let again = repair_beyond(&killed.file, LINE).unwrap();
    assert!(again == kept && killed.bytes() == mended, "a second repair changes it");
}

#[test]
fn other_programs_read_rf64_to_its_end() {
    let take = Take::new();
    let mut encoder = open(&take, &Metadata::default());
    let planar = sound(3, 6_000);
    write(&mut encoder, &planar, 3, || 777);
    encoder.finish().unwrap();
    let path = take.path.to_str().unwrap();
    if let Some(text) = ask("sndfile-info", &[path]) {
        // It knows fewer chunks in RF64 than in RIFF, and passes over the others.
        assert!(text.contains("RF64") && !text.contains("Error"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("Frames") && line.ends_with(" 6000")), "{text}");
    }
    if let Some(text) = ask("ffprobe", &["-v", "error", "-of", "flat", "-show_entries", "stream=duration_ts", path]) {
        assert!(text.contains("duration_ts=6000"), "{text}");
    }
    let raw = take.path.with_extension("raw");
    let arguments = ["-v", "error", "-y", "-i", path, "-f", "s24le", raw.to_str().unwrap()];
    if ask("ffmpeg", &arguments).is_some() {
        let bytes = take.bytes();
        assert!(std::fs::read(&raw).unwrap() == bytes[header_length(&bytes)..]);
    }
    if let Some(text) = ask("sox", &[path, "-n", "stat"]) {
        assert!(text.contains("Samples read:             18000"), "{text}");
    }
}
