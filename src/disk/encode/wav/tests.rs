use super::recovery::repair;
use super::*;
use crate::core::format::{FileType, Menu};
use crate::disk::testing::read_back::{ask, decode};
use hound::WavReader;
use proptest::prelude::*;
use std::fs::OpenOptions;
use std::path::PathBuf;

mod broadcast;
mod rf64;

/// A folder with one WAV file in it.
struct Take {
    _folder: tempfile::TempDir,
    path: PathBuf,
    file: Arc<File>,
}

impl Take {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        Self { _folder: folder, path, file: Arc::new(file) }
    }

    fn with_bytes(bytes: &[u8]) -> Self {
        let take = Self::new();
        std::fs::write(&take.path, bytes).unwrap();
        take
    }

    fn open(&self, codec: Codec, format: StreamFormat) -> Box<WavEncoder> {
        Box::new(WavEncoder::open(codec, format, &Metadata::default(), Arc::clone(&self.file)).unwrap())
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }
}

fn stream(channels: usize, sample_rate: u32) -> StreamFormat {
    StreamFormat { channels, sample_rate }
}

/// Noise with the edges of the range among it, another one in each channel. Planar.
fn sound(channels: usize, frames: usize) -> Vec<f32> {
    let edges = [1.0, -1.0, 0.0, -0.0, 1e-42, -1e-42, 0.99999994, -0.99999994, 1.5 / 32768.0, -0.5 / 8_388_608.0];
    let mut seed = 1u32;
    (0..channels * frames)
        .map(|index| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
            if index % 3 == 0 { edges[index / 3 % edges.len()] } else { noise }
        })
        .collect()
}

fn interleave(planar: &[f32], channels: usize) -> Vec<f32> {
    let frames = planar.len() / channels;
    (0..planar.len()).map(|index| planar[index % channels * frames + index / channels]).collect()
}

/// Writes planar sound in pieces of the lengths that `piece` gives.
fn write(encoder: &mut WavEncoder, planar: &[f32], channels: usize, mut piece: impl FnMut() -> usize) {
    let frames = planar.len() / channels;
    let mut at = 0;
    while at < frames {
        let count = piece().min(frames - at);
        let part: Vec<f32> =
            planar.chunks_exact(frames).flat_map(|channel| &channel[at..at + count]).copied().collect();
        encoder.write(&part, count).unwrap();
        at += count;
    }
}

fn record(codec: Codec, format: StreamFormat, planar: &[f32]) -> Take {
    let take = Take::new();
    let mut encoder = take.open(codec, format);
    write(&mut encoder, planar, format.channels, || 1000);
    encoder.finish().unwrap();
    take
}

/// The rule, as plainly as possible: the nearest step, halves away from zero, the largest for 1.
fn rounded(sample: f32, bits: u16) -> i32 {
    let steps = 2f64.powi(i32::from(bits) - 1);
    (f64::from(sample) * steps).round().clamp(-steps, steps - 1.0) as i32
}

#[test]
fn every_codec_channel_count_and_rate_keeps_each_sample() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 3, 6, 64] {
            for rate in [1, 8_000, 44_100, 47_999, 192_000, 768_001] {
                let planar = sound(channels, 2_345);
                let take = record(codec, stream(channels, rate), &planar);
                let expected = interleave(&planar, channels);
                let mut reader = WavReader::open(&take.path).unwrap();
                let spec = reader.spec();
                assert_eq!((usize::from(spec.channels), spec.sample_rate), (channels, rate));
                assert_eq!(spec.bits_per_sample, codec.bits_per_sample());
                let is_equal = match codec {
                    Codec::Float32 => {
                        let read = reader.samples::<f32>().map(|sample| sample.unwrap().to_bits());
                        read.eq(expected.iter().map(|sample| sample.to_bits()))
                    }
                    Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => {
                        let read = reader.samples::<i32>().map(|sample| sample.unwrap());
                        read.eq(expected.iter().map(|&sample| rounded(sample, codec.bits_per_sample())))
                    }
                };
                assert!(is_equal, "{codec:?}, {channels} channels, {rate} Hz");
            }
        }
    }
}

#[test]
fn symphonia_decodes_the_same_samples() {
    for &codec in Codec::ALL {
        // It takes every channel for a speaker, and knows no more than these.
        for channels in [1, 2, 3, 6, 18] {
            let planar = sound(channels, 2_345);
            let decoded = decode(&record(codec, stream(channels, 44_100), &planar).path);
            assert_eq!((decoded.channels, decoded.sample_rate, decoded.told_frames), (channels, 44_100, Some(2_345)));
            let stored = |sample: f32| match codec {
                Codec::Float32 => sample,
                Codec::Pcm16 | Codec::Pcm24 | Codec::Pcm32 => {
                    let bits = codec.bits_per_sample();
                    (f64::from(rounded(sample, bits)) / 2f64.powi(i32::from(bits) - 1)) as f32
                }
            };
            let expected: Vec<f32> = interleave(&planar, channels).into_iter().map(stored).collect();
            assert!(decoded.samples == expected, "{codec:?}, {channels} channels");
        }
    }
}

#[test]
fn halves_round_away_from_zero_and_full_scale_stays_in_range() {
    let step = 1.0 / 32768.0;
    for (sample, expected) in [
        (0.5 * step, 1),
        (-0.5 * step, -1),
        (1.5 * step, 2),
        (-2.5 * step, -3),
        (0.49999997 * step, 0),
        (-0.49999997 * step, 0),
        (1e-42, 0),
        (-0.0, 0),
        (1.0, 32767),
        (32766.5 * step, 32767),
        (-1.0, -32768),
        (-32767.5 * step, -32768),
    ] {
        assert_eq!(quantise(sample, 16), expected, "{sample}");
    }
    assert_eq!([24, 32].map(|bits| quantise(1.0, bits)), [0x7F_FFFF, i32::MAX]);
    assert_eq!([24, 32].map(|bits| quantise(-1.0, bits)), [-0x80_0000, i32::MIN]);
    // The largest sample below 1 is exact in 24 bits, and in 32.
    assert_eq!([24, 32].map(|bits| quantise(0.99999994, bits)), [0x7F_FFFF, 0x7FFF_FF80]);
}

proptest! {
    #[test]
    fn any_sample_rounds_to_the_nearest_step(sample in -1.0f32..=1.0, shift in 0u32..40) {
        for sample in [sample, sample / 2f32.powi(shift as i32)] {
            for bits in [16, 24, 32] {
                prop_assert_eq!(quantise(sample, bits), rounded(sample, bits));
            }
        }
    }

    #[test]
    fn any_float_keeps_its_bits(bits in prop::collection::vec(any::<u32>(), 1..200)) {
        let samples: Vec<f32> = bits.into_iter().map(f32::from_bits).filter(|sample| sample.is_finite()).collect();
        let take = record(Codec::Float32, stream(1, 44_100), &samples);
        let read = WavReader::open(&take.path).unwrap().into_samples::<f32>().map(|sample| sample.unwrap().to_bits());
        prop_assert!(read.eq(samples.iter().map(|sample| sample.to_bits())));
    }

    #[test]
    fn cutting_a_take_into_other_writes_changes_no_byte(
        codec in prop::sample::select(Codec::ALL),
        channels in 1usize..65,
        pieces in prop::collection::vec(1usize..700, 1..9),
    ) {
        let planar = sound(channels, 1_500);
        let whole = record(codec, stream(channels, 48_000), &planar);
        let take = Take::new();
        let mut encoder = take.open(codec, stream(channels, 48_000));
        let mut pieces = pieces.into_iter().cycle();
        write(&mut encoder, &planar, channels, || pieces.next().unwrap());
        encoder.finish().unwrap();
        prop_assert!(take.bytes() == whole.bytes());
    }
}

fn word(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap())
}

fn position(bytes: &[u8], id: &[u8; 4]) -> usize {
    bytes.windows(4).position(|there| there == id).unwrap()
}

/// Bytes of the header, with "data" and its size.
fn header_length(bytes: &[u8]) -> usize {
    position(bytes, b"data") + 8
}

/// Fails unless both sizes in the header say what the file holds.
fn sizes_are_right(bytes: &[u8], data_bytes: usize) {
    let header = header_length(bytes);
    assert_eq!(word(bytes, 4) as usize + 8, bytes.len(), "RIFF");
    assert_eq!(word(bytes, header - 4) as usize, data_bytes, "data");
    assert!((0..2).contains(&(bytes.len() - header - data_bytes)), "{} bytes for {data_bytes}", bytes.len());
}

#[test]
fn the_header_tells_the_files_length_after_every_refresh() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 7] {
            let take = Take::new();
            let mut encoder = take.open(codec, stream(channels, 44_100));
            let frame_bytes = channels * usize::from(codec.bits_per_sample() / 8);
            sizes_are_right(&take.bytes(), 0);
            for piece in 1..6 {
                write(&mut encoder, &sound(channels, 10_001), channels, || 333);
                encoder.refresh().unwrap();
                sizes_are_right(&take.bytes(), piece * 10_001 * frame_bytes);
                assert_eq!(encoder.bytes(), take.bytes().len() as u64);
                assert_eq!(WavReader::open(&take.path).unwrap().duration() as usize, piece * 10_001);
            }
            encoder.finish().unwrap();
            sizes_are_right(&take.bytes(), 5 * 10_001 * frame_bytes);
        }
    }
}

#[test]
fn an_odd_number_of_bytes_is_padded_at_the_end_of_the_file_only() {
    let take = Take::new();
    let mut encoder = take.open(Codec::Pcm24, stream(1, 44_100));
    for _ in 0..3 {
        encoder.write(&[0.5], 1).unwrap();
        encoder.refresh().unwrap();
    }
    assert_eq!(take.bytes().len() % 2, 1);
    encoder.finish().unwrap();
    let bytes = take.bytes();
    sizes_are_right(&bytes, 9);
    assert_eq!((bytes.len() % 2, bytes.last()), (0, Some(&0)));
    assert_eq!(decode(&take.path).samples, [0.5; 3]);
}

#[test]
fn one_and_two_channels_have_the_plain_tags_and_more_claim_to_know_no_speakers() {
    for &codec in Codec::ALL {
        let plain = if codec == Codec::Float32 { 3 } else { 1 };
        for channels in 1..=FileType::Wav.max_channels() {
            let bytes = record(codec, stream(channels, 44_100), &sound(channels, 3)).bytes();
            let format = position(&bytes, b"fmt ") + 8;
            let tag = u16::from_le_bytes([bytes[format], bytes[format + 1]]);
            if channels > 2 {
                // Behind WAVEFORMATEX the valid bits, the speakers and the plain tag (WAVEFORMATEXTENSIBLE, mmreg.h).
                assert_eq!((tag, word(&bytes, format + 20), word(&bytes, format + 24)), (0xFFFE, 0, plain));
            } else {
                assert_eq!(u32::from(tag), plain, "{codec:?}, {channels} channels");
            }
        }
    }
}

#[test]
fn what_is_not_plain_pcm_tells_its_number_of_frames_after_every_refresh() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 3] {
            let take = Take::new();
            let mut encoder = take.open(codec, stream(channels, 44_100));
            let mut frames = 0;
            let mut is_told = || {
                let bytes = take.bytes();
                let fact = bytes.windows(4).position(|id| id == b"fact");
                assert_eq!(fact.is_some(), channels > 2 || codec == Codec::Float32);
                assert!(fact.is_none_or(|at| (word(&bytes, at + 4), word(&bytes, at + 8)) == (4, frames)));
                frames += 1_001;
            };
            is_told();
            for _ in 0..3 {
                write(&mut encoder, &sound(channels, 1_001), channels, || 333);
                encoder.refresh().unwrap();
                is_told();
            }
            write(&mut encoder, &sound(channels, 1_001), channels, || 333);
            encoder.finish().unwrap();
            is_told();
        }
    }
}

#[test]
fn a_take_without_a_frame_is_a_file_that_opens() {
    for &codec in Codec::ALL {
        let take = record(codec, stream(2, 44_100), &[]);
        sizes_are_right(&take.bytes(), 0);
        assert_eq!(WavReader::open(&take.path).unwrap().duration(), 0);
    }
}

#[test]
fn an_encoder_dropped_in_mid_take_leaves_a_file_that_plays_what_was_refreshed() {
    for &codec in Codec::ALL {
        let take = Take::new();
        let mut encoder = take.open(codec, stream(3, 44_100));
        write(&mut encoder, &sound(3, 50_000), 3, || 4_000);
        encoder.refresh().unwrap();
        write(&mut encoder, &sound(3, 50_000), 3, || 4_000);
        drop(encoder);
        assert_eq!(decode(&take.path).frames(), 50_000);
    }
}

#[test]
fn a_process_that_dies_between_refreshes_leaves_what_was_refreshed() {
    let take = Take::new();
    let mut encoder = take.open(Codec::Pcm24, stream(2, 44_100));
    write(&mut encoder, &sound(2, 100_000), 2, || 4_000);
    encoder.refresh().unwrap();
    write(&mut encoder, &sound(2, 100_000), 2, || 4_000);
    let killed = Take::with_bytes(&take.bytes());
    assert_eq!(decode(&killed.path).frames(), 100_000);
    repair(&killed.file).unwrap();
    let frames = decode(&killed.path).frames();
    assert!((150_000..=200_000).contains(&frames), "{frames}");
}

#[test]
fn a_rate_that_the_header_cannot_hold_is_refused_and_nothing_written() {
    for format in [stream(64, u32::MAX), stream(2, 0), stream(0, 44_100)] {
        let take = Take::new();
        let Err(error) = WavEncoder::open(Codec::Pcm24, format, &Metadata::default(), Arc::clone(&take.file)) else {
            panic!("opened")
        };
        assert!(matches!(error, OpenError::Refused { file_type: "WAV", .. }), "{error:?}");
        assert!(take.bytes().is_empty());
    }
}

#[test]
fn a_file_that_takes_no_bytes_gives_errors_and_no_panic() {
    let take = Take::new();
    let read_only = || Arc::new(File::open(&take.path).unwrap());
    assert!(matches!(
        WavEncoder::open(Codec::Pcm16, stream(2, 44_100), &Metadata::default(), read_only()),
        Err(OpenError::Io(_))
    ));
}

/// `/dev/full` opens and takes nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_gives_an_error_and_no_panic() {
    let full = Arc::new(OpenOptions::new().read(true).write(true).open("/dev/full").unwrap());
    assert!(matches!(
        WavEncoder::open(Codec::Pcm16, stream(2, 44_100), &Metadata::default(), full),
        Err(OpenError::Io(_))
    ));
}

#[test]
fn a_damaged_header_is_repaired_from_the_files_length() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 5] {
            let whole = record(codec, stream(channels, 44_100), &sound(channels, 1_001)).bytes();
            let frame_bytes = channels * usize::from(codec.bits_per_sample() / 8);
            let header = header_length(&whole);
            for (told, torn_bytes) in [(0, 0), (7, 0), (0, 1), (u32::MAX, frame_bytes - 1), (u32::MAX, 0)] {
                let mut bytes = whole[..header + 1_001 * frame_bytes - torn_bytes].to_vec();
                bytes[4..8].copy_from_slice(&told.to_le_bytes());
                bytes[header - 4..header].copy_from_slice(&told.to_le_bytes());
                let take = Take::with_bytes(&bytes);
                repair(&take.file).unwrap();
                let frames = 1_001 - usize::from(torn_bytes > 0);
                let data_bytes = frames * frame_bytes;
                let repaired = take.bytes();
                sizes_are_right(&repaired, data_bytes);
                assert!(repaired[header..header + data_bytes] == whole[header..header + data_bytes]);
                assert_eq!(WavReader::open(&take.path).unwrap().duration() as usize, frames);
            }
        }
    }
}

#[test]
fn repairing_a_good_file_changes_no_byte() {
    for (codec, channels) in [(Codec::Pcm16, 2), (Codec::Pcm24, 1), (Codec::Float32, 64)] {
        let take = record(codec, stream(channels, 44_100), &sound(channels, 1_001));
        let before = take.bytes();
        repair(&take.file).unwrap();
        assert!(take.bytes() == before, "{codec:?}");
    }
}

#[test]
fn what_is_no_wav_file_stays_as_it_is() {
    let whole = record(Codec::Pcm24, stream(2, 44_100), &sound(2, 100)).bytes();
    let header = header_length(&whole);
    let without_format: Vec<u8> = whole[..12].iter().chain(&whole[header - 8..]).copied().collect();
    let mut cases: Vec<Vec<u8>> = (0..header).map(|length| whole[..length].to_vec()).collect();
    cases.extend([without_format, b"RIFF\0\0\0\0AVI LIST".to_vec(), vec![0; 100]]);
    for bytes in cases {
        let take = Take::with_bytes(&bytes);
        assert_eq!(repair(&take.file).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(take.bytes() == bytes);
    }
}

proptest! {
    #[test]
    fn no_header_makes_the_repair_panic_or_run_forever(
        flips in prop::collection::vec((12usize..4_096, any::<u8>()), 0..20),
    ) {
        let mut bytes = record(Codec::Pcm24, stream(2, 44_100), &sound(2, 20)).bytes();
        for (at, byte) in flips {
            bytes[at] = byte;
        }
        let take = Take::with_bytes(&bytes);
        let _ = repair(&take.file);
    }
}

#[test]
fn other_programs_read_what_was_written() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 3, 6, 64] {
            let take = record(codec, stream(channels, 47_999), &sound(channels, 5_001));
            let path = take.path.to_str().unwrap();
            if let Some(text) = ask("sndfile-info", &[path]) {
                // What it complains of it marks so; an odd size it does even where the byte of padding is there.
                let mut complaints = text.lines().filter(|line| line.contains("***"));
                assert!(complaints.all(|line| line.contains("should be an even number")), "{text}");
                for (name, value) in [("Sample Rate", 47_999), ("Frames", 5_001), ("Channels", channels)] {
                    let is_told = |line: &str| {
                        line.split_once(':')
                            .is_some_and(|(before, after)| before.trim() == name && after.trim() == value.to_string())
                    };
                    assert!(text.lines().any(is_told), "{name}: {text}");
                }
            }
            let entries = "stream=channels,sample_rate,duration_ts";
            if let Some(text) = ask("ffprobe", &["-v", "error", "-of", "flat", "-show_entries", entries, path]) {
                for expected in ["sample_rate=\"47999\"", &format!("channels={channels}"), "duration_ts=5001"] {
                    assert!(text.contains(expected), "{expected}: {text}");
                }
            }
        }
    }
}
