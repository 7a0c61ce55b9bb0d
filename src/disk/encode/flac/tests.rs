use super::*;
use crate::core::format::{BitRate, FileType};
use crate::disk::testing::read_back::ask;
use crate::disk::testing::trial::{LENGTHS, Trial, interleaved, quantised};
use flac_codec::metadata::{BlockList, SeekPoint};
use proptest::prelude::*;

fn trial(codec: Codec, channels: usize, rate: u32) -> Trial {
    Trial::new(FileType::Flac, codec, BitRate::Cbr192, channels, rate)
}

/// flac decodes the file, to what its MD5 says where it says anything.
fn assert_flac_accepts(trial: &Trial) {
    ask("flac", &["--test", "--silent", trial.path_text()]);
}

/// The samples that a file with all of `planar` holds, interleaved.
fn expected(trial: &Trial, planar: &[f32]) -> Vec<f32> {
    quantised(&interleaved(planar, trial.stream.channels), FileType::Flac.bits_per_sample(trial.settings.codec))
}

fn metadata(trial: &Trial) -> BlockList {
    BlockList::read(trial.bytes().as_slice()).unwrap()
}

/// Bytes before the first block.
fn header_bytes(trial: &Trial) -> usize {
    let bytes = trial.bytes();
    let mut sound = bytes.as_slice();
    BlockList::read(&mut sound).unwrap();
    bytes.len() - sound.len()
}

fn told_frames(trial: &Trial) -> u64 {
    metadata(trial).streaminfo().total_samples.map_or(0, NonZero::get)
}

fn samples_and_lengths_are_exact(codec: Codec) {
    for channels in 1..=8 {
        for frames in LENGTHS {
            let trial = trial(codec, channels, 44_100);
            let planar = trial.sound(frames);
            trial.record(&planar);
            let decoded = trial.decoded();
            assert_eq!((decoded.channels, decoded.sample_rate), (channels, 44_100));
            assert_eq!(decoded.told_frames, Some(frames as u64));
            assert!(decoded.samples == expected(&trial, &planar), "{codec:?}, {channels} channels, {frames} frames");
            assert!(metadata(&trial).streaminfo().md5.is_some());
            assert_flac_accepts(&trial);
        }
    }
}

#[test]
fn samples_and_lengths_are_exact_with_16_bits() {
    samples_and_lengths_are_exact(Codec::Pcm16);
}

#[test]
fn samples_and_lengths_are_exact_with_24_bits() {
    samples_and_lengths_are_exact(Codec::Pcm24);
}

#[test]
fn more_bits_than_flac_has_become_24_and_a_note_says_so() {
    for codec in [Codec::Pcm32, Codec::Float32] {
        samples_and_lengths_are_exact(codec);
        assert!(trial(codec, 2, 44_100).open().note().unwrap().contains("24 bits"));
    }
    for codec in [Codec::Pcm16, Codec::Pcm24] {
        assert_eq!(trial(codec, 2, 44_100).open().note(), None);
    }
}

#[test]
fn a_file_without_a_frame_is_whole() {
    let trial = trial(Codec::Pcm24, 2, 44_100);
    trial.record(&[]);
    assert_eq!(told_frames(&trial), 0);
    assert_flac_accepts(&trial);
}

#[test]
fn every_rate_that_decoders_know_keeps_samples_and_rate() {
    for rate in [1, 100, 8000, 11_025, 22_050, 32_000, 48_000, 65_537, 88_200, 95_904, 96_000, 192_000, 655_350] {
        let trial = trial(Codec::Pcm24, 2, rate);
        let planar = trial.sound(20_000);
        trial.record(&planar);
        let decoded = trial.decoded();
        assert_eq!((decoded.sample_rate, decoded.told_frames), (rate, Some(20_000)));
        assert!(decoded.samples == expected(&trial, &planar), "{rate} Hz");
        assert_flac_accepts(&trial);
    }
}

#[test]
fn a_rate_that_decoders_do_not_know_is_refused() {
    let refused = trial(Codec::Pcm24, 2, 655_351).try_open();
    assert!(matches!(refused, Err(OpenError::Refused { file_type: "FLAC", .. })));
}

fn assert_exact(codec: Codec, channels: &[Vec<f32>], what: &str) {
    let trial = trial(codec, channels.len(), 48_000);
    let planar = channels.concat();
    trial.record(&planar);
    assert!(trial.decoded().samples == expected(&trial, &planar), "{what}, {codec:?}, {} channels", channels.len());
    assert_flac_accepts(&trial);
}

/// Sounds at whose edges predictions, sums and codes come closest to overflowing.
fn extreme_sounds(frames: usize) -> Vec<(&'static str, Vec<f32>)> {
    let mut noise = crate::disk::testing::trial::noise();
    let mut signs = || (0..frames).map(|_| if noise() < 0.0 { -1.0 } else { 1.0 }).collect::<Vec<f32>>();
    let square = |half: usize| {
        (0..frames).map(|at| if (at / half).is_multiple_of(2) { 1.0 } else { -1.0 }).collect::<Vec<f32>>()
    };
    let with = |value: fn(usize) -> f32| (0..frames).map(value).collect::<Vec<f32>>();
    vec![
        ("noise of full scale", signs()),
        ("the highest pitch at full scale", square(1)),
        ("half of it", square(2)),
        ("a square wave", square(100)),
        ("silence", vec![0.0; frames]),
        ("the smallest value", vec![-1.0; frames]),
        ("one click", with(|at| if at == 5000 { -1.0 } else { 0.0 })),
        ("clicks in silence", with(|at| if at % 1000 == 999 { 1.0 } else { 0.0 })),
        ("one step", with(|at| if at < 4100 { -1.0 } else { 1.0 })),
        ("a loud end", with(|at| if at % 4096 < 4090 { 0.0 } else { 1.0 })),
        ("zeros at the end of each sample", with(|at| (at % 7) as f32 / 8.0 - 0.5)),
        ("a sine", with(|at| (at as f32 * 0.01).sin())),
    ]
}

#[test]
fn extreme_sounds_are_exact() {
    for codec in [Codec::Pcm16, Codec::Pcm24] {
        let sounds = extreme_sounds(20_000);
        for (what, sound) in &sounds {
            let upside_down: Vec<f32> = sound.iter().map(|sample| -sample).collect();
            assert_exact(codec, std::slice::from_ref(sound), what);
            assert_exact(codec, &[sound.clone(), upside_down], what);
            assert_exact(codec, &[sound.clone(), sound.clone()], what);
            assert_exact(codec, &[vec![0.0; 20_000], sound.clone()], what);
        }
        let eight: Vec<Vec<f32>> = sounds.into_iter().take(8).map(|(_, sound)| sound).collect();
        assert_exact(codec, &eight, "all at once");
    }
}

#[test]
fn a_short_last_block_is_exact_at_each_length() {
    for frames in (1..40).chain([63, 64, 65, 4096 + 1, 4096 + 2, 4096 + 17, 2 * 4096 - 1]) {
        for codec in [Codec::Pcm16, Codec::Pcm24] {
            for (what, sound) in extreme_sounds(frames) {
                let tilted = sound.iter().enumerate().map(|(at, sample)| sample * 0.9 + at as f32 * 1e-6).collect();
                assert_exact(codec, &[sound, tilted], what);
            }
        }
    }
}

/// Runs of silence, steps, ramps, noise and samples with zeros at their ends, each of some length and loudness.
fn any_sound() -> impl Strategy<Value = Vec<f32>> {
    let run = (0..5, 1..3000usize, 1..24i32, any::<bool>());
    prop::collection::vec(run, 1..8).prop_map(|runs| {
        let mut noise = crate::disk::testing::trial::noise();
        let run = |(kind, length, bits, negative): (i32, usize, i32, bool)| {
            let loudness = if negative { -1.0 } else { 1.0 } * 2.0f32.powi(-bits);
            let samples = (0..length).map(|at| match kind {
                0 => 0.0,
                1 => loudness,
                2 => loudness * at as f32 / length as f32,
                3 => loudness * noise(),
                _ => (noise() / loudness.abs()).round().clamp(-1.0 / loudness.abs(), 1.0 / loudness.abs()) * loudness,
            });
            samples.collect::<Vec<f32>>()
        };
        runs.into_iter().flat_map(run).collect()
    })
}

proptest! {
    #[test]
    fn any_sound_is_exact(one in any_sound(), other in any_sound(), wide in any::<bool>()) {
        let trial = trial(if wide { Codec::Pcm24 } else { Codec::Pcm16 }, 2, 44_100);
        let frames = one.len().min(other.len());
        let planar = [&one[..frames], &other[..frames]].concat();
        trial.record(&planar);
        prop_assert!(trial.decoded().samples == expected(&trial, &planar));
        assert_flac_accepts(&trial);
    }
}

/// As large as the samples themselves where nothing can be predicted, not larger.
#[test]
fn noise_takes_no_more_room_than_its_samples() {
    for codec in [Codec::Pcm16, Codec::Pcm24] {
        let trial = trial(codec, 2, 48_000);
        let mut noise = crate::disk::testing::trial::noise();
        let planar: Vec<f32> = (0..2 * 40_960).map(|_| noise()).collect();
        trial.record(&planar);
        let plain = planar.len() * usize::from(FileType::Flac.bits_per_sample(codec)) / 8;
        let of_the_file = header_bytes(&trial) + 10 * 32;
        assert!(trial.bytes().len() <= plain + of_the_file, "{} for {plain}", trial.bytes().len());
    }
}

/// A killed host leaves the file as the last refresh and a part of what was written after it made it.
#[test]
fn a_refreshed_file_plays_and_holds_all_but_a_tenth_of_a_second() {
    for rate in [8000, 44_100, 192_000] {
        let trial = trial(Codec::Pcm24, 2, rate);
        let mut encoder = trial.open();
        let planar = trial.sound(123_457);
        trial.write(&mut *encoder, &planar);
        encoder.refresh().unwrap();
        let (told, decoded) = (told_frames(&trial), trial.decoded());
        assert!(told as usize > 123_457 - rate as usize / 10, "{told}");
        assert_eq!(decoded.frames() as u64, told);
        assert!(expected(&trial, &planar).starts_with(&decoded.samples));
        assert_flac_accepts(&trial);
    }
}

#[test]
fn dropping_without_finish_changes_nothing_of_what_was_refreshed() {
    let trial = trial(Codec::Pcm24, 2, 44_100);
    let mut encoder = trial.open();
    trial.write(&mut *encoder, &trial.sound(50_000));
    encoder.refresh().unwrap();
    let before = trial.bytes();
    trial.write(&mut *encoder, &trial.sound(5000));
    drop(encoder);
    assert!(trial.bytes() == before);
}

#[test]
fn a_file_cut_short_plays_after_repair_with_its_whole_blocks() {
    for channels in [1, 2, 8] {
        let planar = trial(Codec::Pcm24, channels, 44_100).sound(40_000);
        for lost in [1, 2, 100, 5000, 30_000] {
            let trial = trial(Codec::Pcm24, channels, 44_100);
            trial.record(&planar);
            trial.cut(trial.bytes().len() - lost);
            trial.repair();
            let decoded = trial.decoded();
            assert_eq!(told_frames(&trial), decoded.frames() as u64);
            assert_eq!(decoded.frames() % 4096, 0);
            assert!(decoded.frames() > 40_000 - 4096 - lost, "{} of {lost}", decoded.frames());
            assert!(expected(&trial, &planar).starts_with(&decoded.samples));
            assert_flac_accepts(&trial);
        }
    }
}

#[test]
fn repair_leaves_a_whole_file_as_it_is() {
    let trial = trial(Codec::Pcm16, 2, 44_100);
    trial.record(&trial.sound(40_000));
    let before = trial.bytes();
    trial.repair();
    assert!(trial.bytes() == before);
}

#[test]
fn repair_counts_blocks_that_the_header_does_not_know_yet() {
    let trial = trial(Codec::Pcm16, 2, 44_100);
    let mut encoder = trial.open();
    encoder.refresh().unwrap();
    let header = trial.bytes();
    trial.write(&mut *encoder, &trial.sound(40_000));
    encoder.refresh().unwrap();
    drop(encoder);
    let mut unknown = trial.bytes();
    unknown[..header.len()].copy_from_slice(&header);
    std::fs::write(&trial.path, &unknown).unwrap();
    trial.repair();
    assert_eq!(told_frames(&trial), 9 * 4096);
    assert_flac_accepts(&trial);
}

#[test]
fn seek_points_lead_to_their_blocks() {
    let trial = trial(Codec::Pcm24, 2, 44_100);
    trial.record(&trial.sound(30 * 44_100));
    let bytes = trial.bytes();
    let mut sound = bytes.as_slice();
    let blocks = BlockList::read(&mut sound).unwrap();
    let table: &SeekTable = blocks.get().unwrap();
    let mut points = 0;
    for point in table.points.iter() {
        let &SeekPoint::Defined { sample_offset, byte_offset, frame_samples } = point else { continue };
        let mut block = &sound[byte_offset as usize..];
        let header = flac_codec::stream::FrameHeader::read(&mut block, blocks.streaminfo()).unwrap();
        assert_eq!(header.frame_number.0 * 4096, sample_offset);
        assert_eq!(u16::from(header.block_size), frame_samples);
        points += 1;
    }
    assert_eq!(points, 33);
}

#[test]
fn the_next_part_begins_where_flac_can_count_no_further() {
    let trial = trial(Codec::Pcm24, 2, 44_100);
    let file = Arc::clone(&trial.file);
    let mut encoder =
        Box::new(FlacEncoder::open_limited(Codec::Pcm24, trial.stream, &Metadata::default(), file, 10_000).unwrap());
    assert_eq!(encoder.frames_left(), 10_000);
    trial.write(&mut *encoder, &trial.sound(9_999));
    assert_eq!(encoder.frames_left(), 1);
    encoder.write(&[0.5, -0.5], 1).unwrap();
    assert_eq!(encoder.frames_left(), 0);
    encoder.finish().unwrap();
    assert_eq!(trial.decoded().frames(), 10_000);
}
