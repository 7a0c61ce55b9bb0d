use super::*;
use proptest::prelude::*;
use std::convert::Infallible;
use std::f64::consts::TAU;

/// Resamples planar sound, pushed in pieces of the lengths that `piece` gives.
fn resample(planar: &[f32], from: u32, to: u32, channels: usize, mut piece: impl FnMut() -> usize) -> Vec<Vec<f32>> {
    let frames = planar.len() / channels;
    let mut resampler = Resampler::new(from, to, channels).unwrap();
    let mut out = vec![Vec::new(); channels];
    let mut sink = |planar: &[f32], frames: usize| {
        assert!(frames > 0);
        for (out, samples) in out.iter_mut().zip(planar.chunks_exact(frames)) {
            out.extend_from_slice(samples);
        }
        Ok::<(), Infallible>(())
    };
    let mut at = 0;
    while at < frames {
        let count = piece().min(frames - at);
        let part: Vec<f32> =
            planar.chunks_exact(frames).flat_map(|channel| &channel[at..at + count]).copied().collect();
        let Ok(()) = resampler.push(&part, count, &mut sink);
        at += count;
    }
    let Ok(()) = resampler.finish(&mut sink);
    out
}

fn mono(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    resample(samples, from, to, 1, || 1000).remove(0)
}

fn sine(frequency: f64, rate: u32, frames: usize) -> Vec<f32> {
    (0..frames).map(|frame| (TAU * frequency * frame as f64 / f64::from(rate)).sin() as f32).collect()
}

fn decibels(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

/// What a sine became. All relative to the sine that went in.
struct Fit {
    gain_db: f64,
    /// Radians that it lags behind.
    lag: f64,
    /// All that is not this sine, as the amplitude of a sine of the same power.
    residual_db: f64,
    /// All that there is.
    total_db: f64,
}

/// Fits a sine of `frequency` to the inner half of `samples`, by least squares.
fn fit(samples: &[f32], frequency: f64, rate: u32) -> Fit {
    let inner = samples.len() / 4..samples.len() * 3 / 4;
    let basis = |frame: usize| (TAU * frequency * frame as f64 / f64::from(rate)).sin_cos();
    let (mut ss, mut cc, mut sc, mut ys, mut yc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for frame in inner.clone() {
        let ((s, c), y) = (basis(frame), f64::from(samples[frame]));
        (ss, cc, sc, ys, yc) = (ss + s * s, cc + c * c, sc + s * c, ys + y * s, yc + y * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant);
    let (mut residual, mut total) = (0.0, 0.0);
    for frame in inner.clone() {
        let ((s, c), y) = (basis(frame), f64::from(samples[frame]));
        residual += (y - a * s - b * c).powi(2);
        total += y * y;
    }
    let amplitude = |power: f64| (2.0 * power / inner.len() as f64).sqrt();
    Fit {
        gain_db: decibels(a.hypot(b)),
        lag: -b.atan2(a),
        residual_db: decibels(amplitude(residual)),
        total_db: decibels(amplitude(total)),
    }
}

/// The figures of the module's documentation.
#[derive(Debug)]
struct Quality {
    ripple_db: f64,
    flat_to_hz: f64,
    residual_db: f64,
    leak_db: f64,
}

fn quality(from: u32, to: u32) -> Quality {
    let nyquist = f64::from(from.min(to)) / 2.0;
    let mut quality = Quality { ripple_db: 0.0, flat_to_hz: 0.0, residual_db: -999.0, leak_db: -999.0 };
    let frames = from as usize / 4;
    // The middle of the band, then closely up to its edge, where images and aliases lie nearest.
    let steps = [31.0, 997.0, 5003.0, 9973.0, 14983.0]
        .into_iter()
        .chain((0..30).map(|step| nyquist * 0.9 + 79.3 * f64::from(step)));
    for frequency in steps.filter(|frequency| *frequency < nyquist) {
        let fit = fit(&mono(&sine(frequency, from, frames), from, to), frequency, to);
        if frequency <= 20_000.0f64.min(nyquist * 0.907) {
            quality.ripple_db = quality.ripple_db.max(fit.gain_db.abs());
            assert!(fit.lag.abs() < 1e-5, "{frequency} Hz lags by {} radians", fit.lag);
        }
        if fit.gain_db > -0.1 {
            quality.flat_to_hz = quality.flat_to_hz.max(frequency);
        }
        quality.residual_db = quality.residual_db.max(fit.residual_db);
    }
    let beyond = f64::from(from) / 2.0 - nyquist;
    for step in 0..if beyond > 0.0 { 30 } else { 0 } {
        // Dense at the edge, wide above.
        let frequency = nyquist + 1.0 + (beyond - 2.0) * (f64::from(step) / 29.0).powi(3);
        let fit = fit(&mono(&sine(frequency, from, frames), from, to), 1000.0, to);
        quality.leak_db = quality.leak_db.max(fit.total_db);
    }
    println!("{from} → {to}: {quality:?}");
    quality
}

#[test]
fn usual_rates_stay_flat_to_20_khz_and_let_no_image_or_alias_through() {
    for (from, to) in [(96000, 44100), (44100, 48000), (48000, 44100), (192_000, 48000), (88200, 44100)] {
        let quality = quality(from, to);
        assert!(quality.ripple_db < 0.001 && quality.flat_to_hz > 21_400.0, "{from} → {to}: {quality:?}");
        assert!(quality.residual_db < -140.0 && quality.leak_db < -150.0, "{from} → {to}: {quality:?}");
    }
}

#[test]
fn odd_rates_are_as_good_as_the_usual_ones() {
    for (from, to) in [(47999, 48000), (96001, 44100), (44056, 44100)] {
        assert!(matches!(Resampler::new(from, to, 1).unwrap().engine, Engine::Sinc { .. }));
        let quality = quality(from, to);
        assert!(quality.ripple_db < 0.001 && quality.flat_to_hz > 20_900.0, "{from} → {to}: {quality:?}");
        assert!(quality.residual_db < -140.0 && quality.leak_db < -140.0, "{from} → {to}: {quality:?}");
    }
}

#[test]
fn the_length_is_the_rounded_one_to_the_frame() {
    assert_eq!([0, 1, 2, 3].map(|frames| resampled_frames(frames, 2, 1)), [0, 1, 1, 2]);
    assert_eq!(resampled_frames(160, 48_000, 44_100), 147);
    assert_eq!(resampled_frames(u64::from(u32::MAX) << 20, 192_000, 48_000), (u64::from(u32::MAX) << 20) / 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_two_rates_give_the_exact_length_and_any_cutting_the_same_samples(
        from in prop_oneof![Just(44_100u32), Just(48_000), Just(96_000), 8_000u32..200_000],
        to in prop_oneof![Just(44_100u32), Just(48_000), Just(8_000), 8_000u32..200_000],
        frames in 0usize..30_000,
        channels in 1usize..4,
        pieces in prop::collection::vec(1usize..5000, 1..9),
    ) {
        let mut seed = 1u32;
        let planar: Vec<f32> = (0..channels * frames)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        let whole = resample(&planar, from, to, channels, || frames);
        prop_assert_eq!(whole[0].len() as u64, resampled_frames(frames as u64, from, to));
        let mut pieces = pieces.iter().copied().cycle();
        prop_assert_eq!(&resample(&planar, from, to, channels, || pieces.next().unwrap()), &whole);
        // Each channel as if it were alone: the filters of several channels are not to the bit those of one.
        for (channel, alone) in whole.iter().zip(planar.chunks_exact(frames.max(1))) {
            let alone = mono(alone, from, to);
            prop_assert!(channel.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}

#[test]
fn neither_the_first_nor_the_last_frames_are_lost() {
    // A tone that swells and fades within 10 ms, at either end of the stream, against the same tone made at the
    // other rate.
    let burst = |rate: u32, seconds: f64, start: f64| -> Vec<f32> {
        let frames = (seconds * f64::from(rate)).round() as usize;
        let at = |frame: usize| {
            let time = frame as f64 / f64::from(rate) - start;
            let swell = if (0.0..0.01).contains(&time) { (TAU / 0.02 * time).sin().powi(8) } else { 0.0 };
            (swell * (TAU * 3000.0 * time).sin()) as f32
        };
        (0..frames).map(at).collect()
    };
    for (from, to) in [(96_000, 44_100), (44_100, 48_000), (47_999, 48_000), (8_000, 96_000), (192_000, 44_101)] {
        for start in [0.0, 0.49] {
            let made = mono(&burst(from, 0.5, start), from, to);
            let mut expected = burst(to, 0.5, start);
            expected.resize(made.len(), 0.0);
            let worst = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{from} → {to} from {start} s: {worst}");
        }
    }
}

#[test]
fn no_ratio_takes_more_memory_than_the_limit_says() {
    for from in [8_000, 11_025, 44_056, 44_100, 47_999, 48_000, 96_000, 191_999, 192_000, 768_000, 799_999] {
        for to in [8_000, 8_001, 44_100, 48_000, 192_000] {
            let resampler = Resampler::new(from, to, 1).unwrap();
            let samples = resampler.input_stride + resampler.output_stride;
            let ratio = (f64::from(from) / f64::from(to)).max(f64::from(to) / f64::from(from));
            assert!(samples as f64 <= 4.0 * LONGEST_BLOCK as f64 * ratio, "{from} → {to}: {samples}");
        }
    }
}

#[test]
fn rates_too_far_apart_are_refused() {
    for (from, to) in [(0, 44_100), (44_100, 0), (0, 0), (1, 8_000), (1, 101), (u32::MAX, 48_000)] {
        assert_eq!(Resampler::new(from, to, 2).err(), Some(RatioOutOfRange), "{from} → {to}");
    }
    assert!(Resampler::new(100, 1, 2).is_ok() && Resampler::new(1, 100, 2).is_ok());
}

#[test]
fn what_is_not_finite_neither_panics_nor_comes_out() {
    let hostile = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-42, 0.5];
    let samples: Vec<f32> = hostile.iter().copied().cycle().take(20_000).collect();
    for (from, to) in [(96_000, 44_100), (47_999, 48_000)] {
        assert!(mono(&samples, from, to).iter().all(|sample| sample.is_finite()), "{from} → {to}");
    }
}

#[test]
fn the_sinks_error_stops_the_stream() {
    let mut resampler = Resampler::new(96_000, 48_000, 1).unwrap();
    let mut calls = 0;
    let result = resampler.push(&[0.5; 100_000], 100_000, |_, _| {
        calls += 1;
        Err("full")
    });
    assert_eq!((result, calls), (Err("full"), 1));
    assert_eq!(resampler.finish(|_, _| Err("still full")), Err("still full"));
}
