use super::*;
use crate::core::format::{Codec, FileType, Menu};
use crate::core::metadata::Origin;
use crate::disk::encode::ogg::comment_header::ROOM_BYTES;
use crate::disk::encode::resample::resampled_frames;
use crate::disk::testing::read_back::{ask, decode, tags};
use crate::disk::testing::trial::{LENGTHS, Trial, interleaved, noise};

/// The usual rates in Hz, and some that are none.
const RATES: [u32; 9] = [8000, 11_025, 22_050, 24_000, 37_800, 44_100, 48_000, 96_000, 192_000];

/// Lengths around those of a packet, with the look-ahead and without, and of a page.
const EDGES: [usize; 13] = [1, 2, 647, 648, 649, 959, 960, 961, 1608, 7367, 7368, 7369, 7680];

fn trial(bit_rate: BitRate, channels: usize, rate: u32) -> Trial {
    Trial::new(FileType::Opus, Codec::Pcm24, bit_rate, channels, rate)
}

/// Frames that play, as the last page says.
fn told_frames(trial: &Trial) -> u64 {
    let bytes = trial.bytes();
    let mut pages = bytes.windows(5).enumerate().filter(|(_, window)| window == b"OggS\0");
    let (last, _) = pages.next_back().unwrap();
    let position = u64::from_le_bytes(bytes[last + 6..last + 14].try_into().unwrap());
    position.saturating_sub(u64::from(LOOK_AHEAD))
}

fn serial(trial: &Trial) -> [u8; 4] {
    trial.bytes()[14..18].try_into().unwrap()
}

fn is_exact(trial: &Trial, frames: usize) {
    trial.record(&trial.sound(frames));
    let decoded = trial.decoded();
    let expected = resampled_frames(frames as u64, trial.stream.sample_rate, RATE) as usize;
    let context = format!("{:?}, {:?}, {frames}", trial.settings, trial.stream);
    assert_eq!((decoded.channels, decoded.sample_rate), (trial.stream.channels, RATE), "{context}");
    assert_eq!(decoded.frames(), expected, "{context}");
    assert_eq!(told_frames(trial), expected as u64, "{context}");
}

/// opusinfo finds nothing to complain of.
fn assert_opusinfo_accepts(trial: &Trial) {
    if let Some(told) = ask("opusinfo", &[trial.path_text()]) {
        assert!(!told.to_lowercase().contains("warning"), "{told}");
    }
}

/// What two other decoders make of the file, interleaved in the order of WAVE.
fn decoded_elsewhere(trial: &Trial) -> Vec<Vec<f32>> {
    let wav = trial.path.with_extension("wav");
    let to = wav.to_str().unwrap();
    let by_ffmpeg: &[&str] = &["-v", "error", "-y", "-i", trial.path_text(), "-c:a", "pcm_f32le", to];
    let by_opusdec: &[&str] = &["--quiet", "--float", "--rate", "48000", trial.path_text(), to];
    [("ffmpeg", by_ffmpeg), ("opusdec", by_opusdec)]
        .into_iter()
        .filter_map(|(program, arguments)| ask(program, arguments).map(|_| decode(&wav).samples))
        .collect()
}

#[test]
fn the_length_is_exact_with_any_number_of_channels() {
    for channels in 1..=8 {
        for frames in LENGTHS {
            let trial = trial(BitRate::Cbr192, channels, RATE);
            is_exact(&trial, frames);
            assert_opusinfo_accepts(&trial);
        }
    }
}

#[test]
fn the_length_is_exact_at_any_rate() {
    for rate in RATES {
        for frames in [1, 4097, 50_001] {
            is_exact(&trial(BitRate::VbrV0, 2, rate), frames);
        }
    }
}

#[test]
fn the_length_is_exact_at_any_bit_rate() {
    for &bit_rate in BitRate::ALL {
        for channels in [1, 2] {
            is_exact(&trial(bit_rate, channels, RATE), 20_001);
        }
    }
}

#[test]
fn takes_that_end_anywhere_in_a_packet_or_page_are_exact_to_the_frame() {
    for frames in EDGES {
        let trial = trial(BitRate::VbrV2, 2, RATE);
        is_exact(&trial, frames);
        for elsewhere in decoded_elsewhere(&trial) {
            assert_eq!(elsewhere.len(), 2 * frames);
        }
    }
}

#[test]
fn a_file_without_a_frame_is_whole() {
    let trial = trial(BitRate::Cbr192, 2, RATE);
    trial.record(&[]);
    assert_eq!((told_frames(&trial), trial.decoded().frames()), (0, 0));
    assert_opusinfo_accepts(&trial);
}

#[test]
fn no_bit_rate_is_refused_with_any_number_of_channels() {
    for &bit_rate in BitRate::ALL {
        for channels in 1..=8 {
            assert!(trial(bit_rate, channels, RATE).try_open().is_ok(), "{bit_rate:?}, {channels}");
        }
    }
}

#[test]
fn the_header_tells_the_rate_of_the_take() {
    let trial = trial(BitRate::Cbr96, 2, 44_100);
    trial.record(&[]);
    assert_eq!(trial.bytes()[28 + 12..][..4], 44_100u32.to_le_bytes());
}

#[test]
fn the_longest_header_goes_on_over_several_pages() {
    let mut trial = trial(BitRate::Cbr192, 2, RATE);
    let header = format!("title = Long\ncomment = {}\nalbum = Behind", "x".repeat(64_000));
    trial.metadata = Metadata::new(&header, Origin { software: "y".repeat(3000), ..Origin::default() });
    trial.record(&trial.sound(1000));
    // The head, two for the comments, the sound.
    assert_eq!(trial.bytes().windows(5).filter(|window| window == b"OggS\0").count(), 4);
    assert_eq!(trial.decoded().frames(), 1000);
    assert!(tags(&trial.path).contains(&("ALBUM".to_owned(), "Behind".to_owned())));
    assert_opusinfo_accepts(&trial);
}

#[test]
fn a_rate_too_far_off_is_refused() {
    let refused = trial(BitRate::Cbr192, 2, u32::MAX).try_open();
    assert!(matches!(refused, Err(OpenError::Refused { file_type: "Opus", .. })));
}

/// Noise, which takes all the bits that it gets.
#[test]
fn the_bit_rates_of_the_menu_are_those_of_the_file() {
    for (bit_rate, bits) in
        [(BitRate::Cbr96, 96_000), (BitRate::Cbr192, 192_000), (BitRate::VbrV2, 128_000), (BitRate::VbrV0, 192_000)]
    {
        let trial = trial(bit_rate, 2, RATE);
        let mut noise = noise();
        let planar: Vec<f32> = (0..2 * 4 * RATE).map(|_| 0.5 * noise()).collect();
        trial.record(&planar);
        let found = (trial.bytes().len() - ROOM_BYTES) as f64 * 8.0 / 4.0;
        assert!((found / f64::from(bits) - 1.0).abs() < 0.1, "{bit_rate:?}: {found}");
    }
}

#[test]
fn a_file_of_one_channel_gets_what_libopus_gives_it_and_says_so() {
    for (bit_rate, kilobits) in [(BitRate::Cbr256, 256), (BitRate::Cbr320, 260)] {
        let trial = trial(bit_rate, 1, RATE);
        assert_eq!(FileType::Opus.kilobits(bit_rate, trial.stream), Some(kilobits));
        let mut noise = noise();
        let mut encoder = trial.open();
        assert_eq!(encoder.note().is_some(), kilobits == 260);
        trial.write(&mut *encoder, &(0..4 * RATE).map(|_| 0.5 * noise()).collect::<Vec<_>>());
        encoder.finish().unwrap();
        let found = (trial.bytes().len() - ROOM_BYTES) as f64 * 8.0 / 4.0 / 1000.0;
        assert!((found / f64::from(kilobits) - 1.0).abs() < 0.03, "{bit_rate:?}: {found}");
    }
}

/// How loud `difference` is against `sound`, in dB.
fn noise_level(sound: &[f32], decoded: &[f32]) -> f64 {
    assert_eq!(sound.len(), decoded.len());
    let energy = |samples: &mut dyn Iterator<Item = f32>| samples.map(|sample| f64::from(sample).powi(2)).sum::<f64>();
    let mut difference = sound.iter().zip(decoded).map(|(sound, decoded)| sound - decoded);
    10.0 * (energy(&mut difference) / energy(&mut sound.iter().copied())).log10()
}

/// Noise, which is like itself at no other place.
#[test]
fn each_frame_is_in_its_place() {
    for channels in [1, 2] {
        let trial = trial(BitRate::Cbr320, channels, RATE);
        let mut noise = noise();
        let planar: Vec<f32> = (0..channels * 60_000).map(|_| 0.5 * noise()).collect();
        trial.record(&planar);
        let sound = interleaved(&planar, channels);
        for decoded in decoded_elsewhere(&trial).into_iter().chain([trial.decoded().samples]) {
            let [early, right, late] = [0, 1, 2].map(|shift| {
                let end = sound.len() - 2 * channels;
                noise_level(&sound[channels..][..end], &decoded[shift * channels..][..end])
            });
            assert!(right < -6.0 && early > 0.0 && late > 0.0, "{channels} channels: {early}, {right}, {late} dB");
        }
    }
}

/// One tone after the other; the bass too is within its band.
#[test]
fn each_channel_is_heard_where_it_came_from() {
    for channels in 1..=8 {
        let trial = trial(BitRate::VbrV0, channels, RATE);
        let frames = 48_000;
        let tone = |channel: usize, frame: usize| {
            let is_its_turn = frame * channels / frames == channel;
            let wave = (frame as f32 / 48_000.0 * std::f32::consts::TAU * 80.0).sin();
            if is_its_turn { 0.5 * wave } else { 0.0 }
        };
        let planar: Vec<f32> = (0..channels * frames).map(|index| tone(index / frames, index % frames)).collect();
        trial.record(&planar);
        let sound = interleaved(&planar, channels);
        for decoded in decoded_elsewhere(&trial).into_iter().chain([trial.decoded().samples]) {
            let level = noise_level(&sound, &decoded);
            assert!(level < -15.0, "{channels} channels: {level} dB");
        }
    }
}

/// A killed host leaves the file as the last refresh and a part of what was written after it made it.
#[test]
fn a_refreshed_file_plays_and_holds_all_but_the_last_moment() {
    for bit_rate in [BitRate::Cbr96, BitRate::VbrV0] {
        for channels in [1, 2, 8] {
            for rate in [8000, 44_100, 48_000, 96_000] {
                for loudness in [0.0, 1.0] {
                    let trial = trial(bit_rate, channels, rate);
                    let mut encoder = trial.open();
                    let planar: Vec<f32> =
                        trial.sound(rate as usize).into_iter().map(|sample| loudness * sample).collect();
                    trial.write(&mut *encoder, &planar);
                    encoder.refresh().unwrap();
                    let missing = 1.0 - told_frames(&trial) as f64 / f64::from(RATE);
                    assert!(missing < 0.29, "{bit_rate:?}, {:?}: {missing}", trial.stream);
                    assert_eq!(trial.decoded().frames() as u64, told_frames(&trial));
                    assert_opusinfo_accepts(&trial);
                }
            }
        }
    }
}

#[test]
fn dropping_without_finish_changes_nothing_of_what_was_refreshed() {
    let trial = trial(BitRate::Cbr192, 2, RATE);
    let mut encoder = trial.open();
    trial.write(&mut *encoder, &trial.sound(50_000));
    encoder.refresh().unwrap();
    let before = trial.bytes();
    trial.write(&mut *encoder, &trial.sound(5000));
    drop(encoder);
    assert!(trial.bytes() == before);
}

#[test]
fn a_file_cut_short_is_a_whole_stream_after_repair() {
    for lost in [0, 1, 20, 5000] {
        let trial = trial(BitRate::Cbr192, 2, RATE);
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(100_000));
        encoder.refresh().unwrap();
        drop(encoder);
        trial.cut(trial.bytes().len() - lost);
        trial.repair();
        assert_eq!(trial.decoded().frames() as u64, told_frames(&trial));
        assert!(told_frames(&trial) > 75_000);
        assert_opusinfo_accepts(&trial);
    }
}

#[test]
fn repair_refuses_an_ogg_file_of_another_kind() {
    let vorbis = Trial::new(FileType::Ogg, Codec::Pcm24, BitRate::Cbr192, 2, RATE);
    vorbis.record(&vorbis.sound(10_000));
    let trial = trial(BitRate::Cbr192, 2, RATE);
    std::fs::write(&trial.path, vorbis.bytes()).unwrap();
    assert!((trial.format().repair)(&trial.file).is_err());
    assert!(trial.bytes() == vorbis.bytes());
}

#[test]
fn an_empty_block_is_no_sound() {
    let trial = trial(BitRate::Cbr192, 2, RATE);
    let mut encoder = trial.open();
    for _ in 0..10 {
        encoder.write(&[], 0).unwrap();
        encoder.write(&[0.5; 200], 100).unwrap();
    }
    encoder.finish().unwrap();
    assert_eq!(trial.decoded().frames(), 1000);
}

#[test]
fn two_takes_have_different_serials() {
    let [one, other] = [(); 2].map(|()| {
        let trial = trial(BitRate::Cbr192, 2, RATE);
        trial.record(&[]);
        serial(&trial)
    });
    assert_ne!(one, other);
}
