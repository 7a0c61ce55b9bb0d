use super::*;
use crate::core::format::{BitRate, FileType, Menu};
use crate::core::markers::MarkerKind;
use crate::disk::encode::told;
use crate::disk::testing::read_back::ask;
use crate::disk::testing::trial::{LENGTHS, Trial, interleaved, quantised};

fn trial(codec: Codec, channels: usize, rate: u32) -> Trial {
    Trial::new(FileType::Aiff, codec, BitRate::Cbr192, channels, rate)
}

/// The samples that a file with all of `planar` holds, interleaved.
fn expected(trial: &Trial, planar: &[f32]) -> Vec<f32> {
    let samples = interleaved(planar, trial.stream.channels);
    match trial.settings.codec {
        Codec::Float32 => samples,
        codec => quantised(&samples, codec.bits_per_sample()),
    }
}

fn is_exact(trial: &Trial, frames: usize) {
    let planar = trial.sound(frames);
    trial.record(&planar);
    let decoded = trial.decoded();
    assert_eq!((decoded.channels, decoded.sample_rate), (trial.stream.channels, trial.stream.sample_rate));
    assert_eq!(decoded.told_frames, Some(frames as u64));
    assert!(decoded.samples == expected(trial, &planar), "{:?}, {:?}, {frames}", trial.settings, trial.stream);
}

fn assert_whole_chunks(trial: &Trial) {
    let bytes = trial.bytes();
    let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(size(4) + 8, bytes.len());
    let mut at = 12;
    while at < bytes.len() {
        at += 8 + size(at + 4).next_multiple_of(2);
    }
    assert_eq!(at, bytes.len());
}

/// The file consists of whole chunks; libsndfile and FFmpeg find `frames` frames in it.
fn assert_sizes_tell(trial: &Trial, frames: usize) {
    assert_whole_chunks(trial);
    if let Some(told) = ask("sndfile-info", &[trial.path_text()]) {
        assert!(told.lines().any(|line| line == format!("Frames      : {frames}")), "{told}");
    }
    let duration = ["-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0", trial.path_text()];
    if let Some(told) = ask("ffprobe", &duration) {
        assert_eq!(told.trim(), frames.to_string());
    }
}

#[test]
fn samples_and_lengths_are_exact_in_every_codec() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 3, 8] {
            for frames in LENGTHS {
                let trial = trial(codec, channels, 44_100);
                is_exact(&trial, frames);
                assert_sizes_tell(&trial, frames);
            }
        }
    }
}

#[test]
fn every_number_of_channels_keeps_their_order() {
    for channels in 1..=FileType::Aiff.max_channels() {
        is_exact(&trial(Codec::Pcm24, channels, 48_000), 3000);
        is_exact(&trial(Codec::Float32, channels, 48_000), 3000);
    }
}

/// symphonia gives 24 bits of each sample; this is about the other eight.
#[test]
fn all_32_bits_of_a_sample_are_in_the_file() {
    let trial = trial(Codec::Pcm32, 1, 44_100);
    let samples = [1.0, -1.0, 0.3, -0.3, 1.0 / 65_536.3, -3.0e-9, 2.0f32.powi(-31), 0.0];
    trial.record(&samples);
    let bytes = trial.bytes();
    let values = bytes[bytes.len() - 4 * samples.len()..].as_chunks().0;
    assert!(values.iter().zip(&samples).all(|(&value, &sample)| i32::from_be_bytes(value) == quantise(sample, 32)));
}

#[test]
fn float_files_keep_all_finite_samples_to_the_bit() {
    let trial = trial(Codec::Float32, 1, 44_100);
    let samples = [0.0, -0.0, 1.0e-42, -1.5, 1.0e30, f32::MAX, f32::MIN_POSITIVE];
    let mut encoder = trial.open();
    assert_eq!(encoder.sample_range(), SampleRange::Finite);
    trial.write(&mut *encoder, &samples);
    encoder.finish().unwrap();
    assert_eq!(
        trial.decoded().samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>(),
        samples.map(f32::to_bits)
    );
}

#[test]
fn rates_are_exact() {
    for rate in [1, 8000, 22_050, 44_056, 48_000, 95_904, 96_000, 192_000, 768_000, u32::MAX] {
        is_exact(&trial(Codec::Pcm16, 2, rate), 1000);
    }
}

#[test]
fn a_file_without_a_frame_is_whole() {
    for &codec in Codec::ALL {
        let trial = trial(codec, 2, 44_100);
        trial.record(&[]);
        assert_whole_chunks(&trial);
    }
}

#[test]
fn an_odd_number_of_bytes_is_padded() {
    let trial = trial(Codec::Pcm24, 1, 44_100);
    is_exact(&trial, 3);
    assert_eq!(trial.bytes().len() % 2, 0);
    assert_eq!(trial.bytes().last(), Some(&0));
    assert_sizes_tell(&trial, 3);
}

/// "A chunk id ... may not begin with a blank" (EA IFF 85, section 3, "Type definitions"), and readers refuse files
/// with one.
#[test]
fn no_chunk_has_an_id_that_begins_with_a_blank() {
    let markers: Vec<_> = (1..=3).map(|number| Marker { frame: 1000, kind: MarkerKind::Set { number } }).collect();
    for codec in [Codec::Pcm24, Codec::Float32] {
        for set in [0, 3] {
            let trial = trial(codec, 2, 44_100);
            let mut encoder = trial.open();
            trial.write(&mut *encoder, &trial.sound(10_000));
            encoder.set_markers(&markers[..set]);
            encoder.finish().unwrap();
            let bytes = trial.bytes();
            let ids: Vec<_> = told::chunks(&bytes, u32::from_be_bytes).map(|(id, _)| id.to_owned()).collect();
            assert!(ids.len() > 2 && ids.iter().all(|id| id[0].is_ascii_alphanumeric()), "{ids:?}");
        }
    }
}

/// A killed host leaves the file as the last refresh and a part of what was written after it made it.
#[test]
fn a_refreshed_file_plays_with_every_frame() {
    for (codec, channels) in [(Codec::Pcm24, 1), (Codec::Pcm16, 2), (Codec::Float32, 5)] {
        let trial = trial(codec, channels, 44_100);
        let mut encoder = trial.open();
        let planar = trial.sound(30_001);
        trial.write(&mut *encoder, &planar);
        encoder.refresh().unwrap();
        let decoded = trial.decoded();
        assert_eq!(decoded.told_frames, Some(30_001));
        assert!(decoded.samples == expected(&trial, &planar));
        if let Some(told) = ask("sndfile-info", &[trial.path_text()]) {
            assert!(told.contains("Frames      : 30001"), "{told}");
        }
    }
}

#[test]
fn a_file_that_was_dropped_without_finish_plays_with_what_was_refreshed() {
    let trial = trial(Codec::Pcm16, 2, 44_100);
    let mut encoder = trial.open();
    let planar = trial.sound(50_000);
    trial.write(&mut *encoder, &planar);
    encoder.refresh().unwrap();
    trial.write(&mut *encoder, &planar);
    drop(encoder);
    let decoded = trial.decoded();
    assert!(decoded.frames() >= 50_000);
    assert!(decoded.samples.starts_with(&expected(&trial, &planar)));
}

#[test]
fn repair_counts_what_the_header_does_not_know_and_cuts_off_half_a_frame() {
    for &codec in Codec::ALL {
        for channels in [1, 3] {
            let trial = trial(codec, channels, 44_100);
            let mut encoder = trial.open();
            encoder.write(&vec![0.0; channels], 1).unwrap();
            encoder.refresh().unwrap();
            let header = trial.bytes();
            let planar = trial.sound(10_000);
            trial.write(&mut *encoder, &planar);
            encoder.finish().unwrap();
            let mut bytes = trial.bytes();
            let bytes_per_frame = channels * usize::from(codec.bits_per_sample() / 8);
            bytes[..header.len()].copy_from_slice(&header);
            bytes.truncate(header.len() + 10_000 * bytes_per_frame - 1);
            std::fs::write(&trial.path, &bytes).unwrap();
            trial.repair();
            assert_sizes_tell(&trial, 10_000);
            let decoded = trial.decoded();
            assert_eq!(decoded.told_frames, Some(10_000));
            assert!(expected(&trial, &planar).starts_with(&decoded.samples[channels..]));
        }
    }
}

#[test]
fn repair_leaves_a_whole_file_as_it_is() {
    for (codec, frames) in [(Codec::Pcm24, 0), (Codec::Pcm24, 1), (Codec::Float32, 1000)] {
        let trial = trial(codec, 1, 44_100);
        trial.record(&trial.sound(frames));
        let before = trial.bytes();
        trial.repair();
        assert!(trial.bytes() == before, "{frames}");
    }
}

#[test]
fn repair_refuses_what_is_no_aiff_file() {
    let trial = trial(Codec::Pcm24, 1, 44_100);
    std::fs::write(&trial.path, vec![0; 1000]).unwrap();
    assert!((trial.format().repair)(&trial.file).is_err());
    assert_eq!(trial.bytes(), vec![0; 1000]);
}

#[test]
fn a_file_ends_before_2_gib() {
    for &codec in Codec::ALL {
        for channels in [1, 2, 5, 64] {
            let trial = trial(codec, channels, 44_100);
            let encoder = trial.open();
            let bytes_per_frame = channels as u64 * u64::from(codec.bits_per_sample() / 8);
            assert!(encoder.bytes() + encoder.frames_left() * bytes_per_frame < 1 << 31);
        }
    }
}

#[test]
fn a_full_file_has_room_for_no_frame_more() {
    let trial = trial(Codec::Pcm24, 2, 44_100);
    let file = Arc::clone(&trial.file);
    let mut encoder =
        Box::new(AiffEncoder::open_limited(Codec::Pcm24, trial.stream, &Metadata::default(), file, 60_005).unwrap());
    assert_eq!(encoder.frames_left(), 10_000);
    let planar = trial.sound(10_000);
    trial.write(&mut *encoder, &planar);
    assert_eq!(encoder.frames_left(), 0);
    let told = encoder.bytes();
    encoder.finish().unwrap();
    assert_eq!(trial.bytes().len() as u64, told);
    assert!(trial.decoded().samples == expected(&trial, &planar));
}
