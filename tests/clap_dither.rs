//! In the CLAP host: dither is in every file whose samples are rounded to 16 or 24 bits, and in no other.

mod common;

use common::{CODEC, FILE_TYPE, FLOAT32, PCM16, PCM32, Rig, record, sample, sound};
use headless_host::{Change, ParamId, Render, Setup};

const PCM24: f64 = 1.0;
const WAV: f64 = 0.0;
const AIFF: f64 = 3.0;
const FLAC: f64 = 4.0;

const FRAMES: usize = 20_000;

/// The mean of the squared errors of a take, and the largest error, in steps of so many bits.
fn error(file_type: f64, codec: f64, dither: bool, bits: u32) -> (f64, f64) {
    let mut rig = Rig::new();
    let mut processor = rig.instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let settings = [(FILE_TYPE, file_type), (CODEC, codec), (ParamId::named("dither"), f64::from(dither))];
    let mut changes: Vec<Change> = settings.map(|(id, value)| Change::new(0, id, value)).to_vec();
    changes.push(record(0, true));
    let played = Render::new(&sound(2), 0..FRAMES).changes(&changes).play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    assert!(played.output_equals_input());
    let take = rig.takes().pop().unwrap();
    assert_eq!((take.channels(), take.frames()), (2, FRAMES));
    let steps = f64::from(1u32 << (bits - 1));
    let channels = take.planar.iter().enumerate();
    let errors = channels.flat_map(|(channel, samples)| {
        samples.iter().enumerate().map(move |(frame, value)| (value - f64::from(sample(channel, frame))) * steps)
    });
    let (power, most) =
        errors.fold((0.0, 0.0_f64), |(power, most), error| (power + error * error, most.max(error.abs())));
    (power / (2 * FRAMES) as f64, most)
}

#[test]
fn samples_of_16_and_24_bits_have_the_error_of_triangular_noise_in_every_file_type() {
    for file_type in [WAV, AIFF, FLAC] {
        for (codec, bits) in [(PCM16, 16), (PCM24, 24)] {
            let (power, most) = error(file_type, codec, true, bits);
            assert!((power - 0.25).abs() < 0.02 && most <= 1.5, "{file_type}, {bits} bits: {power}, {most}");
        }
    }
}

#[test]
fn what_needs_no_rounding_stays_as_it_is() {
    for (file_type, codec) in [(WAV, PCM32), (WAV, FLOAT32), (AIFF, PCM32), (AIFF, FLOAT32)] {
        assert_eq!(error(file_type, codec, true, 24), (0.0, 0.0), "{file_type}, {codec}");
    }
}

#[test]
fn switched_off_samples_are_the_nearest() {
    for file_type in [WAV, AIFF, FLAC] {
        let (power, most) = error(file_type, PCM16, false, 16);
        assert!((power - 1.0 / 12.0).abs() < 0.005, "{power}");
        // Nothing is above the largest value that there is.
        assert!(most <= 1.0, "{most}");
        assert_eq!(error(file_type, PCM24, false, 24), (0.0, 0.0));
    }
}
