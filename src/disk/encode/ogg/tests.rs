use super::*;
use crate::core::format::{Codec, FileType, Menu};
use crate::core::metadata::Origin;
use crate::disk::encode::resample::resampled_frames;
use crate::disk::testing::read_back::ask;
use crate::disk::testing::trial::{LENGTHS, Trial, interleaved};

/// The usual rates in Hz, and some that libvorbis has other modes for.
const RATES: [u32; 14] =
    [8000, 9600, 11_025, 16_000, 22_050, 24_000, 32_000, 37_800, 44_100, 48_000, 50_001, 88_200, 96_000, 192_000];

fn trial(bit_rate: BitRate, channels: usize, rate: u32) -> Trial {
    Trial::new(FileType::Ogg, Codec::Pcm24, bit_rate, channels, rate)
}

/// Frames that the last page counts.
fn told_frames(trial: &Trial) -> u64 {
    let bytes = trial.bytes();
    let mut pages = bytes.windows(5).enumerate().filter(|(_, window)| window == b"OggS\0");
    let (last, _) = pages.next_back().unwrap();
    u64::from_le_bytes(bytes[last + 6..last + 14].try_into().unwrap())
}

fn serial(trial: &Trial) -> [u8; 4] {
    trial.bytes()[14..18].try_into().unwrap()
}

fn is_exact(trial: &Trial, frames: usize, decoded_frames: usize) {
    trial.record(&trial.sound(frames));
    let decoded = trial.decoded();
    let context = format!("{:?}, {:?}, {frames}", trial.settings, trial.stream);
    assert_eq!((decoded.channels, decoded.frames()), (trial.stream.channels, decoded_frames), "{context}");
    assert_eq!(told_frames(trial), decoded_frames as u64, "{context}");
}

/// ogginfo finds nothing to complain of.
fn assert_ogginfo_accepts(trial: &Trial) {
    if let Some(told) = ask("ogginfo", &[trial.path_text()]) {
        assert!(!told.to_lowercase().contains("warning"), "{told}");
    }
}

#[test]
fn the_length_is_exact_with_any_number_of_channels() {
    for channels in 1..=8 {
        for frames in LENGTHS {
            let trial = trial(BitRate::Cbr192, channels, 44_100);
            is_exact(&trial, frames, frames);
            // The first page of a single frame plays nothing.
            if frames > 1 {
                assert_ogginfo_accepts(&trial);
            }
        }
    }
}

#[test]
fn the_length_is_exact_at_any_rate() {
    for rate in RATES {
        for frames in LENGTHS {
            is_exact(&trial(BitRate::VbrV0, 2, rate), frames, frames);
        }
    }
}

#[test]
fn the_length_is_exact_at_any_bit_rate() {
    for &bit_rate in BitRate::ALL {
        for frames in LENGTHS {
            is_exact(&trial(bit_rate, 2, 48_000), frames, frames);
            is_exact(&trial(bit_rate, 1, 96_000), frames, frames);
        }
    }
}

#[test]
fn short_takes_are_exact_to_the_frame() {
    for frames in (2..300).chain([511, 512, 513, 575, 1023, 1024, 1025, 2047, 2048, 2049, 3071, 3072, 3073]) {
        is_exact(&trial(BitRate::VbrV2, 2, 44_100), frames, frames);
    }
}

#[test]
fn a_file_without_a_frame_is_whole() {
    let trial = trial(BitRate::Cbr192, 2, 44_100);
    trial.record(&[]);
    assert_eq!(told_frames(&trial), 0);
}

#[test]
fn no_bit_rate_is_refused_at_any_rate_with_any_number_of_channels() {
    for &bit_rate in BitRate::ALL {
        for channels in 1..=8 {
            for rate in RATES.into_iter().chain([1, 100, 4000, 7999, 199_999, 200_000]) {
                let trial = trial(bit_rate, channels, rate);
                assert!(trial.try_open().is_ok(), "{bit_rate:?}, {:?}", trial.stream);
            }
        }
    }
}

#[test]
fn the_bit_rate_is_the_nominal_one_where_libvorbis_has_it() {
    for (bit_rate, nominal) in [(BitRate::Cbr96, 96_000), (BitRate::Cbr192, 192_000), (BitRate::Cbr320, 320_000)] {
        let trial = trial(bit_rate, 2, 44_100);
        trial.record(&[]);
        let told = i32::from_le_bytes(trial.bytes()[48..52].try_into().unwrap());
        assert!((told - nominal).abs() <= 1, "{told}");
    }
}

/// The kb/s that the window and names tell are those of the header, to one for each channel.
#[test]
fn the_bit_rate_that_is_told_is_that_of_the_file() {
    for &bit_rate in BitRate::ALL {
        for channels in 1..=8 {
            for rate in RATES.into_iter().filter(|rate| *rate <= 50_000) {
                let trial = trial(bit_rate, channels, rate);
                trial.record(&[]);
                let in_file = i32::from_le_bytes(trial.bytes()[48..52].try_into().unwrap()) as f64 / 1000.0;
                let Some(told) = FileType::Ogg.kilobits(bit_rate, trial.stream) else { continue };
                let context = format!("{bit_rate:?}, {:?}: {in_file}, not {told}", trial.stream);
                assert!((in_file - f64::from(told)).abs() <= channels as f64, "{context}");
            }
        }
    }
}

/// Numbers that are not told are 0: to some readers a negative one is 4 thousand million.
#[test]
fn no_bit_rate_of_the_header_is_negative() {
    for &bit_rate in BitRate::ALL {
        for channels in [1, 2, 3, 6] {
            for rate in RATES {
                let trial = trial(bit_rate, channels, rate);
                trial.record(&[]);
                let bytes = trial.bytes();
                // Maximum, nominal and minimum (Vorbis I specification, 4.2.2).
                let told: Vec<_> = bytes[44..56].as_chunks().0.iter().map(|&field| i32::from_le_bytes(field)).collect();
                assert!(told.iter().all(|&bits| bits >= 0), "{bit_rate:?}, {:?}: {told:?}", trial.stream);
            }
        }
    }
}

/// Packets that end on each page of sound.
fn packets_on_pages(trial: &Trial) -> Vec<usize> {
    let bytes = trial.bytes();
    let pages = page::ranges(&bytes).into_iter().map(|range| page::packets(&bytes[range]));
    let ends: Vec<usize> = pages.map(|pieces| pieces.iter().filter(|piece| piece.is_end).count()).collect();
    // Three headers come first.
    let mut headers = 0;
    let sound_at = ends.iter().position(|count| {
        let is_sound = headers == 3;
        headers += count;
        is_sound
    });
    ends[sound_at.unwrap_or(ends.len())..].to_vec()
}

/// FFmpeg finds the beginning of the sound by the first page, and misses it where that is the last one, too.
#[test]
fn the_first_page_of_sound_is_not_the_last() {
    for (channels, rate) in [(1, 8000), (2, 44_100), (2, 96_000), (6, 48_000)] {
        for frames in [2, 100, 500, 1000, 2000, 4000, 100_000] {
            let trial = trial(BitRate::Cbr192, channels, rate);
            trial.record(&trial.sound(frames));
            let packets = packets_on_pages(&trial);
            assert!(packets.len() > 1, "{frames} frames at {rate} Hz: {packets:?}");
            if packets.iter().sum::<usize>() > 2 {
                assert_ogginfo_accepts(&trial);
            }
            let raw = trial.path.with_extension("f32");
            let arguments = ["-v", "error", "-y", "-i", trial.path_text(), "-f", "f32le", raw.to_str().unwrap()];
            if ask("ffmpeg", &arguments).is_some() {
                let decoded = std::fs::metadata(&raw).unwrap().len() as usize / 4 / channels;
                assert_eq!(decoded, frames, "{channels} channels at {rate} Hz in FFmpeg");
            }
        }
    }
}

#[test]
fn rates_beyond_libvorbis_are_resampled_to_the_exact_length() {
    for (rate, encoded) in [(200_001, 192_000), (352_800, 176_400), (384_000, 192_000), (768_000, 192_000)] {
        let trial = trial(BitRate::VbrV2, 2, rate);
        is_exact(&trial, 123_457, resampled_frames(123_457, rate, encoded) as usize);
        assert_eq!(trial.decoded().sample_rate, encoded);
    }
}

#[test]
fn a_rate_too_far_off_is_refused() {
    let refused = trial(BitRate::Cbr192, 2, u32::MAX).try_open();
    assert!(matches!(refused, Err(OpenError::Refused { file_type: "Ogg Vorbis", .. })));
}

/// How loud `difference` is against `sound`, in dB.
fn noise_level(sound: &[f32], difference: impl Iterator<Item = f32>) -> f64 {
    let energy = |samples: &mut dyn Iterator<Item = f32>| samples.map(|sample| f64::from(sample).powi(2)).sum::<f64>();
    10.0 * (energy(&mut difference.into_iter()) / energy(&mut sound.iter().copied())).log10()
}

#[test]
fn each_frame_is_in_its_place() {
    for rate in [44_100, 48_000, 96_000] {
        let trial = trial(BitRate::VbrV0, 2, rate);
        let planar = trial.sound(60_000);
        trial.record(&planar);
        let (sound, decoded) = (interleaved(&planar, 2), trial.decoded().samples);
        let level = noise_level(&sound, sound.iter().zip(&decoded).map(|(sound, decoded)| sound - decoded));
        assert!(level < -20.0, "{rate} Hz: {level} dB");
    }
}

/// Both decoders give the channels in the order of WAVE.
#[test]
fn each_channel_is_heard_where_it_came_from() {
    for channels in 1..=8 {
        let trial = trial(BitRate::VbrV0, channels, 48_000);
        let frames = 48_000;
        let tone = |channel: usize, frame: usize| {
            // One tone after the other; the bass too is within its band.
            let is_its_turn = frame * channels / frames == channel;
            let wave = (frame as f32 / 48_000.0 * std::f32::consts::TAU * 80.0).sin();
            if is_its_turn { 0.5 * wave } else { 0.0 }
        };
        let planar: Vec<f32> = (0..channels * frames).map(|index| tone(index / frames, index % frames)).collect();
        trial.record(&planar);
        let sound = interleaved(&planar, channels);
        let mut decodings = vec![trial.decoded().samples];
        let raw = trial.path.with_extension("f32");
        let arguments = ["-v", "error", "-i", trial.path_text(), "-f", "f32le", raw.to_str().unwrap()];
        if ask("ffmpeg", &arguments).is_some() {
            let bytes = std::fs::read(&raw).unwrap();
            decodings.push(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect());
        }
        for decoded in decodings {
            assert_eq!(decoded.len(), sound.len());
            let level = noise_level(&sound, sound.iter().zip(&decoded).map(|(sound, decoded)| sound - decoded));
            assert!(level < -15.0, "{channels} channels: {level} dB");
        }
    }
}

/// A killed host leaves the file as the last refresh and a part of what was written after it made it.
#[test]
fn a_refreshed_file_plays_and_holds_all_but_the_last_moment() {
    for bit_rate in [BitRate::Cbr96, BitRate::Cbr320, BitRate::VbrV0] {
        for channels in [1, 2, 8] {
            for rate in [8000, 16_000, 32_000, 44_100, 96_000] {
                for loudness in [0.0, 1.0] {
                    let trial = trial(bit_rate, channels, rate);
                    let mut encoder = trial.open();
                    let planar: Vec<f32> =
                        trial.sound(rate as usize).into_iter().map(|sample| loudness * sample).collect();
                    trial.write(&mut *encoder, &planar);
                    encoder.refresh().unwrap();
                    let missing = f64::from(rate - told_frames(&trial) as u32) / f64::from(rate);
                    assert!(missing < 0.29, "{bit_rate:?}, {:?}: {missing}", trial.stream);
                    if channels == 2 {
                        assert_eq!(trial.decoded().frames() as u64, told_frames(&trial));
                        assert_ogginfo_accepts(&trial);
                    }
                }
            }
        }
    }
}

#[test]
fn dropping_without_finish_changes_nothing_of_what_was_refreshed() {
    let trial = trial(BitRate::Cbr192, 2, 44_100);
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
        let trial = trial(BitRate::Cbr192, 2, 44_100);
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(100_000));
        encoder.refresh().unwrap();
        drop(encoder);
        trial.cut(trial.bytes().len() - lost);
        trial.repair();
        assert_eq!(trial.decoded().frames() as u64, told_frames(&trial));
        assert!(told_frames(&trial) > 80_000);
        assert_ogginfo_accepts(&trial);
    }
}

#[test]
fn repair_leaves_a_whole_file_as_it_is() {
    let trial = trial(BitRate::Cbr192, 2, 44_100);
    trial.record(&trial.sound(40_000));
    let before = trial.bytes();
    trial.repair();
    assert!(trial.bytes() == before);
}

#[test]
fn repair_refuses_what_is_no_ogg_file() {
    let trial = trial(BitRate::Cbr192, 2, 44_100);
    std::fs::write(&trial.path, b"OggS\0 and no page").unwrap();
    assert!((trial.format().repair)(&trial.file).is_err());
    assert_eq!(trial.bytes(), b"OggS\0 and no page");
}

#[test]
fn an_empty_block_does_not_end_the_stream() {
    let trial = trial(BitRate::Cbr192, 2, 44_100);
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
        let trial = trial(BitRate::Cbr192, 2, 44_100);
        trial.record(&[]);
        serial(&trial)
    });
    assert_ne!(one, other);
}

#[test]
fn comments_of_any_length_leave_every_page_whole_and_as_long_as_it_was() {
    let loudness = Loudness { integrated_lufs: Some(-20.0), true_peak_dbtp: Some(-1.0), ..Loudness::default() };
    let stream = StreamFormat { channels: 1, sample_rate: 44_100 };
    // All that a segment of 255 bytes can be filled to, and some pages.
    for length in (0..255).chain([4_000, 60_000]) {
        let header = format!("title = {}", "x".repeat(length));
        let metadata = Metadata::new(&header, Origin::default());
        let pages = || Coder::new(BitRate::Cbr128, stream, &metadata).unwrap().take_pages();
        let ranges = page::ranges(&pages());
        let mut comments = CommentHeader::new(Mapping::Vorbis, pages(), 44_100, &metadata);
        let first = comments.pages().to_vec();
        comments.set_loudness(&loudness);
        for pages in [first, comments.into_final_pages().unwrap()] {
            assert_eq!(page::ranges(&pages), ranges, "{length}");
            assert!(ranges.iter().all(|range| page::whole(&pages[range.clone()]).is_some()), "{length}");
        }
    }
}

#[test]
fn comments_that_have_no_room_leave_the_pages_as_they_are() {
    let stream = StreamFormat { channels: 1, sample_rate: 44_100 };
    let pages = Coder::new(BitRate::Cbr128, stream, &Metadata::default()).unwrap().take_pages();
    let too_long = Metadata::new(&format!("title = {}", "x".repeat(20_000)), Origin::default());
    let comments = CommentHeader::new(Mapping::Vorbis, pages.clone(), 44_100, &too_long);
    assert!(comments.pages() == pages);
    assert!(comments.into_final_pages().is_none());
}
