use super::*;
use crate::disk::encode::quantise::quantise;
use crate::disk::testing::trial::noise;
use std::f64::consts::TAU;

const COUNT: usize = 1 << 16;

/// So many standard deviations are no accident.
const SIGMAS: f64 = 6.0;

/// The errors of one channel after another, in steps: what the file holds less what came in.
fn errors(bits: u16, planar: &[f32], channels: usize) -> Vec<f64> {
    let steps = f64::from(1u32 << (bits - 1));
    let mut dithered = planar.to_vec();
    let frames = planar.len() / channels;
    let mut dither = Dither::new(bits, channels);
    // In blocks that are no multiples of anything.
    for start in (0..frames).step_by(997) {
        let end = frames.min(start + 997);
        let mut block: Vec<f32> = dithered.chunks(frames).flat_map(|channel| &channel[start..end]).copied().collect();
        dither.apply(&mut block, end - start);
        for (channel, part) in dithered.chunks_mut(frames).zip(block.chunks(end - start)) {
            channel[start..end].copy_from_slice(part);
        }
    }
    let in_file = dithered.iter().map(|&sample| f64::from(quantise(sample, bits)));
    in_file.zip(planar).map(|(in_file, &sample)| in_file - f64::from(sample) * steps).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The mean of the products where `b` is `lag` samples late, as a part of what it is where both are the same.
fn correlation(a: &[f64], b: &[f64], lag: usize) -> f64 {
    let power = |signal: &[f64]| mean(signal.iter().map(|sample| sample * sample)).sqrt();
    mean(a[lag..].iter().zip(b).map(|(a, b)| a * b)) / (power(a) * power(b))
}

fn assert_uncorrelated(what: &str, a: &[f64], b: &[f64], lag: usize) {
    let found = correlation(a, b, lag);
    assert!(found.abs() < SIGMAS / (a.len() as f64).sqrt(), "{what}: {found}, {lag} samples late");
}

/// Part of a chord in each channel, loud.
fn sound(channels: usize) -> Vec<f32> {
    let sample = |index: usize| {
        let time = (index % COUNT) as f64 / 48_000.0;
        (0.5 * (time * 440.0 * TAU).sin() + 0.4 * (time * 1234.5 * TAU + (index / COUNT) as f64).sin()) as f32
    };
    (0..channels * COUNT).map(sample).collect()
}

/// With rounding alone the error is the sound's own: a sample always becomes the same step.
#[test]
fn neither_mean_nor_power_of_the_error_depends_on_where_a_sample_lies_between_two_steps() {
    for bits in [16, 24] {
        let steps = (1u32 << (bits - 1)) as f32;
        // Near full scale 24 bits are all that a float has.
        for (base, parts) in [(0.0, 8), (-1000.0, 8), (0.4 * steps, if bits == 16 { 8 } else { 2 })] {
            for part in 0..parts {
                let sample = (f32::floor(base) + part as f32 / parts as f32) / steps;
                let errors = errors(bits, &vec![sample; COUNT], 1);
                let mean_error = mean(errors.iter().copied());
                assert!(
                    mean_error.abs() < SIGMAS * 0.5 / (COUNT as f64).sqrt(),
                    "{bits}, {base}, {part}: {mean_error}"
                );
                let power = mean(errors.iter().map(|error| error * error));
                // The power of one error is 0.25 ± 0.32.
                let spread = SIGMAS * 0.32 / (COUNT as f64).sqrt();
                assert!((power - 0.25).abs() < spread, "{bits} bits, {base}, {part}: {power}");
                assert!(errors.iter().all(|error| error.abs() < 1.5));
            }
        }
    }
}

#[test]
fn the_error_is_white() {
    let errors = errors(16, &sound(1), 1);
    for lag in 1..200 {
        assert_uncorrelated("the error with itself", &errors, &errors, lag);
    }
    const SIZE: usize = 64;
    let blocks = COUNT / SIZE;
    for bin in 1..SIZE / 2 {
        let turns: Vec<(f64, f64)> =
            (0..SIZE).map(|at| (TAU * (at * bin % SIZE) as f64 / SIZE as f64).sin_cos()).collect();
        let power = mean(errors.chunks_exact(SIZE).map(|block| {
            let (sine, cosine) = block
                .iter()
                .zip(&turns)
                .fold((0.0, 0.0), |(sine, cosine), (error, turn)| (sine + error * turn.0, cosine + error * turn.1));
            (sine * sine + cosine * cosine) / SIZE as f64
        }));
        let spread = SIGMAS * 0.25 / (blocks as f64).sqrt();
        assert!((power - 0.25).abs() < spread, "{power} in band {bin} of {}", SIZE / 2);
    }
}

#[test]
fn the_error_follows_neither_the_sound_nor_another_channel_nor_another_take() {
    for bits in [16, 24] {
        let sound = sound(2);
        let both = errors(bits, &sound, 2);
        let (left, right) = both.split_at(COUNT);
        let again = errors(bits, &sound, 2);
        let signal: Vec<f64> = sound[..COUNT].iter().map(|&sample| sample.into()).collect();
        let strength: Vec<f64> = signal.iter().map(|sample| sample * sample - 0.205).collect();
        let power: Vec<f64> = left.iter().map(|error| error * error - 0.25).collect();
        for lag in 0..20 {
            assert_uncorrelated("error and sound", left, &signal, lag);
            assert_uncorrelated("power of the error and of the sound", &power, &strength, lag);
            assert_uncorrelated("left and right", left, right, lag);
            assert_uncorrelated("right and left", right, left, lag);
            assert_uncorrelated("a take and another", left, &again[..COUNT], lag);
        }
    }
}

#[test]
fn a_tone_below_one_step_is_still_there() {
    let level = 0.25;
    let tone = |frame: usize| (frame as f64 * TAU / 48.0).sin();
    let sound: Vec<f32> = (0..COUNT).map(|frame| (level * tone(frame) / 32_768.0) as f32).collect();
    assert!(sound.iter().all(|&sample| quantise(sample, 16) == 0), "rounding alone leaves nothing");
    let mut dithered = sound.clone();
    Dither::new(16, 1).apply(&mut dithered, COUNT);
    let found = mean(dithered.iter().enumerate().map(|(frame, &sample)| f64::from(sample) * 65_536.0 * tone(frame)));
    assert!((found - level).abs() < 0.01, "{found}");
}

#[test]
fn full_scale_is_never_left() {
    for bits in [16, 24] {
        let mut samples = [[1.0; 999], [-1.0; 999]].concat();
        Dither::new(bits, 2).apply(&mut samples, 999);
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
        let largest = i32::MAX >> (32 - bits);
        assert!(samples[..999].iter().all(|&sample| (largest - 1..=largest).contains(&quantise(sample, bits))));
        assert!(samples[999..].iter().all(|&sample| (-largest - 1..=-largest).contains(&quantise(sample, bits))));
    }
}

#[test]
fn the_file_holds_what_dither_chose() {
    for bits in [16, 24] {
        let mut noise = noise();
        let mut samples: Vec<f32> = (0..10_000).map(|_| noise()).collect();
        Dither::new(bits, 1).apply(&mut samples, 10_000);
        let steps = (1u32 << (bits - 1)) as f32;
        assert!(samples.iter().all(|sample| (sample * steps).fract() == 0.0), "encoders have nothing to round");
    }
}
