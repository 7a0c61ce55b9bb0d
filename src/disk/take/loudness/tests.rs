use super::*;
use crate::disk::testing::read_back::ask;
use crate::disk::testing::trial::{interleaved, noise};
use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;
use std::f64::consts::TAU;

const RATE: u32 = 48_000;

fn shape(channels: usize, sample_rate: u32) -> StreamFormat {
    StreamFormat { channels, sample_rate }
}

/// Measures `planar` as it comes from the queue, in blocks.
fn measured(planar: &[f32], format: StreamFormat) -> Measured {
    let frames = planar.len() / format.channels;
    let mut meter = LoudnessMeter::new(format).unwrap();
    for start in (0..frames).step_by(1000) {
        let end = frames.min(start + 1000);
        let block: Vec<f32> = planar.chunks_exact(frames).flat_map(|channel| &channel[start..end]).copied().collect();
        meter.add(&block, end - start);
    }
    meter.into_measured()
}

/// A tone of 1 kHz with `decibels` below full scale in one channel, for so many seconds.
fn tone(decibels: f64, seconds: f64) -> Vec<f32> {
    let level = 10f64.powf(decibels / 20.0);
    let sample = |frame: usize| (level * (frame as f64 * 1000.0 * TAU / f64::from(RATE)).sin()) as f32;
    (0..(seconds * f64::from(RATE)) as usize).map(sample).collect()
}

/// The same in both channels.
fn stereo(mono: &[f32]) -> Vec<f32> {
    [mono, mono].concat()
}

fn assert_near(what: &str, measured: Option<f64>, expected: f64, tolerance: f64) {
    let is_near = measured.is_some_and(|measured| (measured - expected).abs() <= tolerance);
    assert!(is_near, "{what}: {measured:?}, not {expected}");
}

/// EBU Tech 3341, test cases 1 and 2.
#[test]
fn tones_of_the_broadcasters_have_the_loudness_that_they_are_made_with() {
    for decibels in [-23.0, -33.0] {
        let loudness = measured(&stereo(&tone(decibels, 5.0)), shape(2, RATE)).loudness();
        assert_near("integrated", loudness.integrated_lufs, decibels, 0.05);
        assert_near("momentary", loudness.max_momentary_lufs, decibels, 0.05);
        assert_near("short term", loudness.max_short_term_lufs, decibels, 0.05);
        assert_near("range", loudness.range_lu, 0.0, 0.01);
        assert_near("true peak", loudness.true_peak_dbtp, decibels, 0.05);
    }
}

/// EBU Tech 3341, test cases 3 and 4, a third as long.
#[test]
fn soft_passages_and_pauses_do_not_make_a_take_softer() {
    let soft_and_loud = [tone(-36.0, 4.0), tone(-23.0, 20.0), tone(-36.0, 4.0)].concat();
    let pauses = [tone(-72.0, 4.0), soft_and_loud.clone(), tone(-72.0, 4.0)].concat();
    for sound in [soft_and_loud, pauses] {
        let loudness = measured(&stereo(&sound), shape(2, RATE)).loudness();
        assert_near("integrated", loudness.integrated_lufs, -23.0, 0.1);
    }
}

/// EBU Tech 3342, test cases 1 and 4.
#[test]
fn the_range_is_that_between_soft_and_loud_passages() {
    for (levels, range) in [([-20.0, -30.0].as_slice(), 10.0), (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0)] {
        let sound: Vec<f32> = levels.iter().flat_map(|&level| tone(level, 20.0)).collect();
        assert_near("range", measured(&sound, shape(1, RATE)).loudness().range_lu, range, 0.2);
    }
}

#[test]
fn a_peak_between_the_samples_is_seen() {
    // A quarter of the rate, sampled where it is 3 dB below its peak.
    let sound: Vec<f32> = (0..RATE).map(|frame| [0.5, 0.5, -0.5, -0.5][frame as usize % 4]).collect();
    let loudness = measured(&sound, shape(1, RATE)).loudness();
    assert_near("true peak", loudness.true_peak_dbtp, 20.0 * (0.5 * 2f64.sqrt()).log10(), 0.2);
}

/// A player goes on with silence, and rounds off what was cut.
#[test]
fn a_peak_right_at_the_end_is_seen_as_with_silence_behind() {
    for (channels, rate) in [(1, 44_100), (2, 48_000), (3, 48_000), (2, 96_000), (6, 96_000)] {
        let format = shape(channels, rate);
        for end in [1, 2, 3, 7] {
            // A quarter of the rate, sampled where it is 3 dB below its peak.
            let loud = (0..end).map(|frame| [0.9, 0.9, -0.9, -0.9][frame % 4]);
            let sound: Vec<f32> = std::iter::repeat_n(0.0, 1000).chain(loud).collect();
            let silence_behind = [sound.clone(), vec![0.0; 1000]].concat();
            let peak = |sound: &[f32]| measured(&sound.repeat(channels), format).loudness().true_peak_dbtp;
            let expected = peak(&silence_behind).unwrap();
            let context = format!("the last {end} of {channels} channels at {rate} Hz");
            assert_near(&context, peak(&sound), expected, 0.001);
        }
    }
}

#[test]
fn silence_and_a_sound_that_is_too_short_have_no_loudness() {
    assert_eq!(measured(&[0.0; 480_000], shape(2, RATE)).loudness(), Loudness::default());
    let short = measured(&tone(-20.0, 0.39), shape(1, RATE)).loudness();
    assert_eq!((short.integrated_lufs, short.range_lu), (None, None));
    assert_near("true peak", short.true_peak_dbtp, -20.0, 0.1);
}

#[test]
fn the_bass_of_surround_sound_does_not_count_and_its_surround_channels_count_more() {
    let one_of = |channels: usize, channel: usize| {
        let tone = tone(-20.0, 1.0);
        let mut planar = vec![0.0; channels * tone.len()];
        planar[channel * tone.len()..][..tone.len()].copy_from_slice(&tone);
        measured(&planar, shape(channels, RATE)).loudness().integrated_lufs
    };
    let front = -23.01;
    for channels in [1, 2, 3, 4, 5, 6, 8, 9, 64] {
        assert_near(&format!("first of {channels}"), one_of(channels, 0), front, 0.05);
    }
    assert_eq!((one_of(6, 3), one_of(7, 3), one_of(8, 3)), (None, None, None));
    for (channels, channel) in [(5, 3), (5, 4), (6, 4), (6, 5), (8, 4), (8, 7)] {
        assert_near(&format!("{channel} of {channels}"), one_of(channels, channel), front + 1.49, 0.05);
    }
    for (channels, channel) in [(3, 2), (4, 3), (9, 3), (9, 8), (64, 63)] {
        assert_near(&format!("{channel} of {channels}"), one_of(channels, channel), front, 0.05);
    }
}

#[test]
fn samples_far_beyond_full_scale_do_not_spoil_what_comes_behind_them() {
    let sound = [vec![f32::MAX; 100], tone(-20.0, 3.0)].concat();
    let mut meter = LoudnessMeter::new(shape(1, RATE)).unwrap();
    meter.add(&sound, sound.len());
    let newest = meter.newest(MOMENTARY_STEPS);
    assert_near("newest", newest, -23.01, 0.05);
    let loudness = meter.into_measured().loudness();
    assert!(loudness.integrated_lufs.is_some_and(f64::is_finite));
    assert_eq!(loudness.true_peak_dbtp, None, "it is beyond what can be told");
}

#[test]
fn the_files_of_a_take_come_to_what_they_are_together() {
    let (soft, loud) = (stereo(&tone(-30.0, 10.0)), stereo(&tone(-20.0, 10.0)));
    let mut both = measured(&soft, shape(2, RATE));
    both.merge(&measured(&loud, shape(2, RATE)));
    let whole = stereo(&[tone(-30.0, 10.0), tone(-20.0, 10.0)].concat());
    let (both, whole) = (both.loudness(), measured(&whole, shape(2, RATE)).loudness());
    assert_near("integrated", both.integrated_lufs, whole.integrated_lufs.unwrap(), 0.05);
    assert_near("range", both.range_lu, whole.range_lu.unwrap(), 0.05);
    assert_eq!(both.true_peak_dbtp, whole.true_peak_dbtp);
}

#[test]
fn rates_that_nobody_has_are_not_measured_and_do_no_harm() {
    for rate in [1, 16, 3999, u32::MAX] {
        assert!(LoudnessMeter::new(shape(2, rate)).is_none(), "{rate}");
    }
    for rate in [4000, 4001, 11_025, 37_799, 768_000] {
        let mut noise = noise();
        let planar: Vec<f32> = (0..4 * rate).map(|_| 0.1 * noise()).collect();
        let loudness = measured(&planar, shape(1, rate)).loudness();
        assert_near(&format!("integrated at {rate}"), loudness.integrated_lufs, -24.0, 4.0);
        assert!(loudness.range_lu.is_some() && loudness.true_peak_dbtp.is_some(), "{rate}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_cut_into_blocks_measures_the_same(cuts in prop::collection::vec(1usize..20_000, 1..12)) {
        let mut noise = noise();
        let frames: usize = cuts.iter().sum();
        let planar: Vec<f32> = (0..2 * frames).map(|_| 0.3 * noise()).collect();
        let mut meter = LoudnessMeter::new(shape(2, RATE)).unwrap();
        let mut start = 0;
        for count in cuts {
            let block: Vec<f32> =
                planar.chunks_exact(frames).flat_map(|channel| &channel[start..start + count]).copied().collect();
            meter.add(&block, count);
            start += count;
        }
        prop_assert_eq!(meter.into_measured().loudness(), measured(&planar, shape(2, RATE)).loudness());
    }
}

/// Like a piece of music: notes with overtones that begin and fade, a beat, passages of other levels, and rests.
/// Planar; the channels are related, and not alike.
fn music(format: StreamFormat, seconds: usize) -> Vec<f32> {
    let mut noise = noise();
    let frames = seconds * format.sample_rate as usize;
    let passages = [0.15, 0.5, 0.9, 0.04, 0.0, 0.7];
    let mut planar = Vec::with_capacity(format.channels * frames);
    for channel in 0..format.channels {
        let mut before = 0.0;
        for frame in 0..frames {
            let time = frame as f64 / f64::from(format.sample_rate);
            let beat = time * 2.0 % 1.0;
            let pitch = 55.0 * 2f64.powf(((time * 2.0).floor() * 7.0 + channel as f64 * 4.0) % 36.0 / 12.0);
            let note: f64 = (1..=3).map(|n| (time * pitch * f64::from(n) * TAU).sin() / f64::from(n)).sum();
            // Little of it lies at the very edge of hearing, where meters differ.
            let hiss = f64::from(noise());
            let drum = (hiss + std::mem::replace(&mut before, hiss)) / 2.0 * (-beat * 30.0).exp();
            let level = passages[(time / 1.9) as usize % passages.len()];
            planar.push((level * (0.35 * note * (-beat * 3.0).exp() + 0.4 * drum)) as f32);
        }
    }
    planar
}

/// What FFmpeg says behind `name` in the summary of its ebur128 filter.
fn told(summary: &str, name: &str) -> f64 {
    let line = summary.lines().rev().find_map(|line| line.trim().strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn ffmpeg_measures_the_same_of_music() {
    for (channels, rate) in [(1, 44_100), (2, 44_100), (2, 48_000), (6, 48_000), (2, 96_000)] {
        let format = shape(channels, rate);
        let planar = music(format, 12);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("music.wav");
        let spec = WavSpec {
            channels: channels as u16,
            sample_rate: rate,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        interleaved(&planar, channels).into_iter().for_each(|sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        let filter = ["-nostats", "-i", path.to_str().unwrap(), "-af", "ebur128=peak=true", "-f", "null", "-"];
        let Some(summary) = ask("ffmpeg", &filter) else { return };
        let loudness = measured(&planar, format).loudness();
        let context = |what: &str| format!("{what} of {channels} channels at {rate} Hz");
        // It tells a digit behind the point.
        assert_near(&context("integrated"), loudness.integrated_lufs, told(&summary, "I:"), 0.1);
        assert_near(&context("range"), loudness.range_lu, told(&summary, "LRA:"), 0.2);
        assert_near(&context("true peak"), loudness.true_peak_dbtp, told(&summary, "Peak:"), 0.2);
    }
}
