use super::*;
use crate::core::format::Menu;
use crate::core::rate::MP3_RATES as RATES;
use crate::disk::encode::resample::resampled_frames;
use crate::disk::testing::read_back::{ask, decode};
use proptest::prelude::*;
use std::path::PathBuf;

/// A folder with one MP3 file in it.
struct Take {
    _folder: tempfile::TempDir,
    path: PathBuf,
    file: Arc<File>,
}

impl Take {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.mp3");
        let file = Arc::new(File::options().read(true).write(true).create_new(true).open(&path).unwrap());
        Self { _folder: folder, path, file }
    }

    fn open(&self, bit_rate: BitRate, format: StreamFormat) -> Box<Mp3Encoder> {
        Box::new(Mp3Encoder::open(bit_rate, format, &Metadata::default(), Arc::clone(&self.file)).unwrap())
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }
}

fn stream(channels: usize, sample_rate: u32) -> StreamFormat {
    StreamFormat { channels, sample_rate }
}

/// −1 to 1, the same each time.
fn noise() -> impl FnMut() -> f32 {
    let mut seed = 1u32;
    move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// A chord, another one in each channel, with a little noise. Planar.
fn sound(channels: usize, rate: u32, frames: usize) -> Vec<f32> {
    let mut noise = noise();
    (0..channels * frames)
        .map(|index| {
            let (channel, frame) = (index / frames, index % frames);
            let time = frame as f32 / rate as f32 * std::f32::consts::TAU;
            0.3 * (time * 440.0).sin() + 0.3 * (time * (660.0 + 70.0 * channel as f32)).sin() + 0.02 * noise()
        })
        .collect()
}

/// Writes planar sound in pieces of the lengths that `piece` gives.
fn write(encoder: &mut Mp3Encoder, planar: &[f32], channels: usize, mut piece: impl FnMut() -> usize) {
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

fn record(bit_rate: BitRate, format: StreamFormat, planar: &[f32], piece: impl FnMut() -> usize) -> Take {
    let take = Take::new();
    let mut encoder = take.open(bit_rate, format);
    write(&mut encoder, planar, format.channels, piece);
    encoder.finish().unwrap();
    take
}

/// Lengths of blocks, from 1 to 5000 frames.
fn blocks() -> impl FnMut() -> usize {
    let mut noise = noise();
    move || (5000.0f32.powf(noise().abs())) as usize
}

const LENGTHS: [usize; 10] = [0, 1, 575, 576, 577, 1151, 1152, 1153, 44_100, 123_457];

/// Rates that MP3 lacks, and what becomes of them.
const OTHER_RATES: [(u32, u32); 20] = [
    (88_200, 44_100),
    (176_400, 44_100),
    (352_800, 44_100),
    (132_300, 44_100),
    (96_000, 48_000),
    (192_000, 48_000),
    (384_000, 48_000),
    (64_000, 48_000),
    (50_000, 48_000),
    (48_001, 48_000),
    (47_952, 48_000),
    (44_056, 44_100),
    (44_144, 44_100),
    (37_800, 44_100),
    (37_000, 32_000),
    (18_900, 22_050),
    (9_600, 11_025),
    (9_000, 8_000),
    (6_000, 8_000),
    (100, 8_000),
];

/// Of a file of two seconds, as the window and names tell it.
#[test]
fn the_bit_rate_that_is_told_is_that_of_the_file() {
    for rate in [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] {
        for &bit_rate in BitRate::ALL {
            let (format, take) = (stream(2, rate), Take::new());
            let Some(told) = FileType::Mp3.kilobits(bit_rate, format) else { continue };
            let mut encoder = take.open(bit_rate, format);
            assert_eq!(encoder.note().is_some(), Some(told) < bit_rate.kilobits(), "{bit_rate:?} at {rate} Hz");
            write(&mut encoder, &sound(2, rate, 2 * rate as usize), 2, blocks());
            encoder.finish().unwrap();
            let found = take.bytes().len() as f64 * 8.0 / 2.0 / 1000.0;
            assert!((found / f64::from(told) - 1.0).abs() < 0.12, "{bit_rate:?} at {rate} Hz: {found}, not {told}");
        }
    }
}

#[test]
fn a_rate_that_mp3_lacks_becomes_a_near_one_and_the_others_stay() {
    for rate in RATES {
        assert_eq!(mp3_rate(rate), rate);
    }
    for (rate, expected) in OTHER_RATES {
        assert_eq!(mp3_rate(rate), expected, "{rate} Hz");
    }
    assert_eq!([0, 1, u32::MAX].map(mp3_rate), [8_000, 8_000, 48_000]);
}

fn lengths_are_exact(channels: usize) {
    for &bit_rate in BitRate::ALL {
        for rate in RATES {
            for frames in LENGTHS {
                let format = stream(channels, rate);
                let decoded = decode(&record(bit_rate, format, &sound(channels, rate, frames), blocks()).path);
                let told = (decoded.frames(), decoded.told_frames, decoded.sample_rate, decoded.channels);
                assert_eq!(told, (frames, Some(frames as u64), rate, channels), "{bit_rate:?}, {format:?}");
            }
        }
    }
}

#[test]
fn a_mono_file_decodes_to_as_many_frames_as_were_written() {
    lengths_are_exact(1);
}

#[test]
fn a_stereo_file_decodes_to_as_many_frames_as_were_written() {
    lengths_are_exact(2);
}

#[test]
fn a_resampled_file_decodes_to_the_rounded_number_of_frames() {
    for (rate, encoded) in OTHER_RATES.into_iter().filter(|(rate, _)| *rate > 5000) {
        for frames in LENGTHS {
            let take = record(BitRate::VbrV2, stream(2, rate), &sound(2, rate, frames), blocks());
            let expected = resampled_frames(frames as u64, rate, encoded);
            let decoded = decode(&take.path);
            assert_eq!((decoded.frames() as u64, decoded.sample_rate), (expected, encoded), "{frames} at {rate} Hz");
        }
    }
}

#[test]
fn a_rate_too_far_from_any_of_mp3_is_refused_and_nothing_written() {
    let take = Take::new();
    let Err(error) = Mp3Encoder::open(BitRate::Cbr192, stream(2, 1), &Metadata::default(), Arc::clone(&take.file))
    else {
        panic!("opened")
    };
    assert!(matches!(error, OpenError::Refused { file_type: "MP3", .. }), "{error:?}");
    assert!(take.bytes().is_empty());
}

/// Mean square of the difference when `decoded` is taken `shift` frames later.
fn difference(decoded: &[f32], original: &[f32], shift: isize) -> f32 {
    let range = 2000..original.len() - 2000;
    let square = |index: usize| (decoded[index.wrapping_add_signed(shift)] - original[index]).powi(2);
    range.clone().map(square).sum::<f32>() / range.len() as f32
}

#[test]
fn the_decoded_sound_lies_where_it_was_to_the_sample() {
    for (rate, encoded) in RATES.map(|rate| (rate, rate)).into_iter().chain([(96_000, 48_000), (88_200, 44_100)]) {
        let tone = |rate: u32, seconds: f32| -> Vec<f32> {
            (0..(seconds * rate as f32) as usize)
                .map(|frame| 0.5 * (frame as f32 / rate as f32 * std::f32::consts::TAU * 777.0).sin())
                .collect()
        };
        let take = record(BitRate::Cbr320, stream(1, rate), &tone(rate, 2.0), blocks());
        let (decoded, original) = (decode(&take.path).samples, tone(encoded, 2.0));
        let at_place = difference(&decoded, &original, 0);
        assert!(at_place < 1e-3, "{rate} Hz: {at_place}");
        assert!([-1, 1].iter().all(|&shift| difference(&decoded, &original, shift) > 4.0 * at_place), "{rate} Hz");
    }
}

#[test]
fn stereo_channels_keep_their_sides() {
    let planar: Vec<f32> =
        (0..40_000).map(|index| if index < 20_000 { (index as f32 * 0.05).sin() } else { 0.0 }).collect();
    let take = record(BitRate::Cbr320, stream(2, 44_100), &planar, blocks());
    let samples = decode(&take.path).samples;
    let peak = |side: usize| samples.iter().skip(side).step_by(2).fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    assert!(peak(0) > 0.9 && peak(1) < 0.05, "left {}, right {}", peak(0), peak(1));
}

/// kb/s of each MP3 frame behind the tag, and the rate, as ISO/IEC 11172-3 and 13818-3 code them in the header.
fn frame_headers(bytes: &[u8], format: StreamFormat) -> Vec<(u32, u32)> {
    let (rates, mpeg) = match bytes[1] >> 3 & 3 {
        0b11 => ([44_100, 48_000, 32_000], Mpeg::One),
        0b10 => ([22_050, 24_000, 16_000], Mpeg::Two),
        0b00 => ([11_025, 12_000, 8_000], Mpeg::TwoAndHalf),
        _ => panic!("no MPEG version"),
    };
    let table = match mpeg {
        Mpeg::One => [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        Mpeg::Two | Mpeg::TwoAndHalf => [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    };
    let mut headers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let kilobits = table[usize::from(bytes[at + 2] >> 4)];
        let rate = rates[usize::from(bytes[at + 2] >> 2 & 3)];
        assert_eq!(bytes[at + 3] >> 6 == 0b11, format.channels == 1);
        headers.push((kilobits, rate));
        let slots = if mpeg == Mpeg::One { 144_000 } else { 72_000 };
        at += (slots * kilobits / rate) as usize + usize::from(bytes[at + 2] >> 1 & 1);
    }
    assert_eq!(at, bytes.len(), "the last frame is cut");
    headers.split_off(1)
}

#[test]
fn a_constant_bit_rate_is_kept_or_the_nearest_of_the_mpeg_version() {
    let asked = [96, 128, 192, 256, 320];
    for (index, &bit_rate) in BitRate::ALL[..5].iter().enumerate() {
        for format in RATES.into_iter().flat_map(|rate| [stream(1, rate), stream(2, rate)]) {
            let take = record(bit_rate, format, &sound(format.channels, format.sample_rate, 30_000), blocks());
            let most = if format.sample_rate < 16_000 {
                64
            } else if format.sample_rate < 32_000 {
                160
            } else {
                320
            };
            let expected = (asked[index].min(most), format.sample_rate);
            let headers = frame_headers(&take.bytes(), format);
            assert!(headers.iter().all(|&header| header == expected), "{bit_rate:?}, {format:?}: {headers:?}");
        }
    }
}

#[test]
fn a_variable_bit_rate_varies_keeps_the_rate_and_v0_is_larger() {
    for format in RATES.into_iter().flat_map(|rate| [stream(1, rate), stream(2, rate)]) {
        let [v2, v0] = [BitRate::VbrV2, BitRate::VbrV0].map(|bit_rate| {
            let mut planar = sound(format.channels, format.sample_rate, 30_000);
            planar[..10_000].fill(0.0);
            let bytes = record(bit_rate, format, &planar, blocks()).bytes();
            let headers = frame_headers(&bytes, format);
            assert!(headers.iter().all(|header| header.1 == format.sample_rate), "{format:?}: {headers:?}");
            assert!(headers.iter().any(|header| header.0 != headers[0].0), "{format:?}: {headers:?}");
            bytes.len()
        });
        assert!(v0 > v2, "{format:?}: {v0} and {v2} bytes");
    }
}

#[test]
fn cutting_a_take_into_other_writes_changes_no_byte() {
    for (rate, frames) in [(44_100, 50_000), (96_000, 50_000), (44_056, 50_000)] {
        let planar = sound(2, rate, frames);
        let [whole, cut] = [
            record(BitRate::VbrV0, stream(2, rate), &planar, || frames),
            record(BitRate::VbrV0, stream(2, rate), &planar, blocks()),
        ];
        assert!(whole.bytes() == cut.bytes(), "{rate} Hz");
    }
}

#[test]
fn a_refreshed_file_tells_and_holds_the_same_frames_nearly_all_that_were_written() {
    for &bit_rate in BitRate::ALL {
        for rate in [8_000, 24_000, 44_100, 48_000, 96_000] {
            let take = Take::new();
            let mut encoder = take.open(bit_rate, stream(2, rate));
            let encoded = mp3_rate(rate);
            for second in 1..=3 {
                write(&mut encoder, &sound(2, rate, rate as usize), 2, blocks());
                encoder.refresh().unwrap();
                assert!(encoder.bytes() >= take.bytes().len() as u64);
                frame_headers(&take.bytes(), stream(2, encoded));
                let decoded = decode(&take.path);
                assert_eq!(decoded.told_frames, Some(decoded.frames() as u64), "{bit_rate:?} at {rate} Hz");
                let missing = second as f64 - decoded.frames() as f64 / f64::from(encoded);
                // LAME's delay, the reservoir, and the resampler's block.
                let allowed = 6.0 * encoder.mpeg.frame_length() as f64 / f64::from(encoded) + 0.05;
                assert!((0.0..allowed).contains(&missing), "{bit_rate:?} at {rate} Hz: {missing} s are missing");
            }
        }
    }
}

#[test]
fn refreshing_changes_no_byte_of_the_finished_file() {
    let planar = sound(2, 44_100, 60_000);
    let plain = record(BitRate::Cbr128, stream(2, 44_100), &planar, || 1000);
    let refreshed = Take::new();
    let mut encoder = refreshed.open(BitRate::Cbr128, stream(2, 44_100));
    for start in (0..60_000).step_by(1000) {
        encoder.refresh().unwrap();
        encoder.write(&[&planar[start..][..1000], &planar[60_000 + start..][..1000]].concat(), 1000).unwrap();
    }
    encoder.refresh().unwrap();
    encoder.refresh().unwrap();
    encoder.finish().unwrap();
    assert!(plain.bytes() == refreshed.bytes());
}

#[test]
fn our_count_of_frames_bytes_and_checksums_is_lames() {
    for format in RATES.into_iter().flat_map(|rate| [stream(1, rate), stream(2, rate)]) {
        for bit_rate in [BitRate::Cbr128, BitRate::VbrV0] {
            let take = record(bit_rate, format, &sound(format.channels, format.sample_rate, 20_000), blocks());
            let bytes = take.bytes();
            let mpeg = Mpeg::at_rate(format.sample_rate);
            let second = Arc::new(tempfile::tempfile().unwrap());
            let mut counted = FrameFile::begin(second, &[], mpeg, format.sample_rate).unwrap();
            counted.append(&bytes).unwrap();
            let start = 4 + mpeg.side_info_bytes(format.channels == 1);
            let mut ours = bytes[..start + 156].to_vec();
            tag::count_what_is_there(&mut ours, counted.tally());
            // All but the padding, at 142, and the tag's own checksum at the end.
            let is_same = |range: std::ops::Range<usize>| ours[start..][range.clone()] == bytes[start..][range];
            assert!(is_same(0..142) && is_same(144..154), "{bit_rate:?}, {format:?}");
            let mut crc = tag::Crc16::default();
            crc.update(&bytes[..start + 154]);
            assert_eq!(crc.0.to_be_bytes(), bytes[start + 154..start + 156]);
        }
    }
}

/// Frames of which 192 kb/s fill the buffer of 256 KiB once, and not twice.
const MORE_THAN_BUFFERED: usize = 16 * 44_100;

#[test]
fn an_encoder_dropped_in_mid_take_leaves_a_file_that_plays_and_can_be_mended() {
    let take = Take::new();
    let mut encoder = take.open(BitRate::Cbr192, stream(2, 44_100));
    write(&mut encoder, &sound(2, 44_100, 44_100), 2, blocks());
    encoder.refresh().unwrap();
    write(&mut encoder, &sound(2, 44_100, MORE_THAN_BUFFERED), 2, blocks());
    drop(encoder);
    assert!(decode(&take.path).frames() > 41_000);
    let kept = (FORMAT.repair)(&take.file).unwrap();
    assert!(kept.frames > 441_000);
    assert_eq!(decode(&take.path).frames() as u64, kept.frames);
}

#[test]
fn a_file_that_was_never_refreshed_can_be_mended_to_its_exact_sound() {
    let take = Take::new();
    let mut encoder = take.open(BitRate::Cbr192, stream(2, 44_100));
    write(&mut encoder, &sound(2, 44_100, MORE_THAN_BUFFERED), 2, blocks());
    drop(encoder);
    let kept = (FORMAT.repair)(&take.file).unwrap();
    assert!(kept.frames > 441_000);
    assert_eq!(decode(&take.path).frames() as u64, kept.frames);
}

#[test]
fn an_encoder_dropped_before_the_first_frame_leaves_an_empty_file() {
    let take = Take::new();
    let mut encoder = take.open(BitRate::Cbr192, stream(2, 44_100));
    encoder.refresh().unwrap();
    drop(encoder);
    assert!(take.bytes().is_empty());
}

#[test]
fn a_file_that_takes_no_bytes_gives_errors_and_no_panic() {
    let take = Take::new();
    let read_only = Arc::new(File::open(&take.path).unwrap());
    let open = || {
        Box::new(
            Mp3Encoder::open(BitRate::Cbr320, stream(2, 44_100), &Metadata::default(), Arc::clone(&read_only)).unwrap(),
        )
    };
    let planar = sound(2, 44_100, 20_000);
    let mut encoder = open();
    encoder.write(&planar, 20_000).unwrap();
    encoder.refresh().unwrap_err();
    drop(encoder);
    let mut encoder = open();
    encoder.write(&planar, 20_000).unwrap();
    encoder.finish().unwrap_err();
    let mut encoder = open();
    assert!((0..20).any(|_| encoder.write(&planar, 20_000).is_err()), "256 KiB are buffered, not more");
}

#[test]
fn samples_that_would_abort_the_process_are_tamed() {
    let hostile = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e9, -1e9, 1e-42, -0.0];
    for &bit_rate in BitRate::ALL {
        for format in [stream(1, 8_000), stream(2, 24_000), stream(1, 44_100), stream(2, 48_000), stream(2, 96_000)] {
            let planar: Vec<f32> = hostile.iter().copied().cycle().take(10_000 * format.channels).collect();
            let decoded = decode(&record(bit_rate, format, &planar, blocks()).path);
            let expected = resampled_frames(10_000, format.sample_rate, mp3_rate(format.sample_rate));
            assert_eq!(decoded.frames() as u64, expected);
            assert!(decoded.samples.iter().all(|sample| sample.is_finite()));
        }
    }
}

#[test]
fn the_loudest_sounds_that_lame_gets_do_not_abort_the_process() {
    const FRAMES: usize = 12_000;
    let mut noise = noise();
    let mut sounds: Vec<Vec<f32>> = vec![(0..FRAMES).map(|_| LOUDEST * noise()).collect()];
    for half_period in [1, 7, 50, 3000] {
        let square = |frame: usize| if (frame / half_period).is_multiple_of(2) { LOUDEST } else { -LOUDEST };
        sounds.push((0..FRAMES).map(square).collect());
    }
    sounds.push((0..FRAMES).map(|frame| if frame % 3000 < 3 { LOUDEST } else { 0.0 }).collect());
    for mono in sounds {
        let opposed: Vec<f32> = mono.iter().copied().chain(mono.iter().map(|sample| -sample)).collect();
        for &bit_rate in BitRate::ALL {
            for rate in RATES {
                record(bit_rate, stream(1, rate), &mono, || FRAMES);
                record(bit_rate, stream(2, rate), &opposed, || FRAMES);
            }
        }
    }
}

#[test]
fn a_file_that_is_filled_to_the_last_frame_left_stays_below_its_limit() {
    for &bit_rate in BitRate::ALL {
        for rate in [11_025, 24_000, 44_100, 96_000] {
            let take = Take::new();
            let limit = 120_000;
            let format = stream(2, rate);
            let mut encoder =
                Mp3Encoder::open_limited(bit_rate, format, &Metadata::default(), Arc::clone(&take.file), limit)
                    .unwrap();
            let mut noise = noise();
            loop {
                let frames = encoder.frames_left().min(5_000) as usize;
                if frames == 0 {
                    break;
                }
                let planar: Vec<f32> = (0..2 * frames).map(|_| noise()).collect();
                encoder.write(&planar, frames).unwrap();
            }
            Box::new(encoder).finish().unwrap();
            let bytes = take.bytes().len() as u64;
            assert!((limit * 4 / 5..=limit).contains(&bytes), "{bit_rate:?} at {rate} Hz: {bytes} bytes");
        }
    }
}

#[test]
fn a_part_lasts_more_than_a_day_at_320_kilobits() {
    let take = Take::new();
    let left = take.open(BitRate::Cbr320, stream(2, 44_100)).frames_left();
    assert!((29 * 3600..30 * 3600).contains(&(left / 44_100)), "{left} frames");
}

fn mp3val_finds_no_fault(path: &str) {
    // What is no fault: our files have no ID3 tag, and a short one is short.
    let harmless = ["No supported tags in the file", "Too few MPEG frames"];
    let is_fault = |line: &&str| {
        (line.starts_with("WARNING") || line.starts_with("ERROR")) && !harmless.iter().any(|text| line.contains(text))
    };
    if let Some(text) = ask("mp3val", &[path]) {
        assert_eq!(text.lines().find(is_fault), None);
    }
}

#[test]
fn other_decoders_find_no_fault_and_as_many_frames_as_were_written() {
    let formats = [stream(1, 8_000), stream(2, 22_050), stream(1, 44_100), stream(2, 48_000), stream(2, 192_000)];
    for (index, &bit_rate) in BitRate::ALL.iter().enumerate() {
        for (format, frames) in formats.into_iter().zip([577, 1152, 50_001, 10_000].into_iter().cycle().skip(index)) {
            let take = record(bit_rate, format, &sound(format.channels, format.sample_rate, frames), blocks());
            let rate = mp3_rate(format.sample_rate);
            let expected = resampled_frames(frames as u64, format.sample_rate, rate) as u32;
            let path = take.path.to_str().unwrap();
            mp3val_finds_no_fault(path);
            if let Some(text) = ask("ffprobe", &["-v", "warning", "-show_entries", "stream=sample_rate", path]) {
                assert!(text.contains(&format!("sample_rate={rate}")), "{text}");
            }
            let wav = take.path.with_extension("wav");
            let wav = wav.to_str().unwrap();
            for (program, arguments) in
                [("ffmpeg", &["-v", "error", "-y", "-i", path, wav][..]), ("lame", &["--quiet", "--decode", path, wav])]
            {
                if ask(program, arguments).is_some() {
                    let decoded = hound::WavReader::open(wav).unwrap().duration();
                    assert_eq!(decoded, expected, "{program}: {bit_rate:?}, {format:?}");
                }
            }
        }
    }
}

#[test]
fn a_file_cut_off_at_a_refresh_has_no_fault_for_other_decoders() {
    for bit_rate in [BitRate::Cbr96, BitRate::Cbr320, BitRate::VbrV2] {
        let take = Take::new();
        let mut encoder = take.open(bit_rate, stream(2, 44_100));
        write(&mut encoder, &sound(2, 44_100, 100_000), 2, blocks());
        encoder.refresh().unwrap();
        let path = take.path.to_str().unwrap();
        mp3val_finds_no_fault(path);
        let wav = take.path.with_extension("wav");
        let wav = wav.to_str().unwrap();
        if ask("ffmpeg", &["-v", "error", "-y", "-i", path, wav]).is_some() {
            assert_eq!(hound::WavReader::open(wav).unwrap().duration() as usize, decode(&take.path).frames());
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_frame_counter_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut file = FrameFile::begin(Arc::new(tempfile::tempfile().unwrap()), &[], Mpeg::One, 44_100).unwrap();
        let _ = file.append(&bytes);
    }
}
