//! For tests: every channel of a take comes back as loud as it was, in its bass, in its middle and above.

use super::trial::{Trial, noise};
use crate::core::format::{BitRate, Codec, FileType, Menu, SizedBy};
use std::f64::consts::TAU;

/// The middle of each band, in Hz.
const BANDS: [f64; 3] = [80.0, 1000.0, 4000.0];

/// The rates at which most is recorded, a low one, and one at which libvorbis has modes for 5.1, in Hz.
const RATES: [u32; 6] = [22_050, 44_100, 48_000, 64_000, 88_200, 96_000];

/// Planar, for half a second: noise, another one in each channel.
fn sound(channels: usize, rate: u32) -> Vec<f32> {
    let mut noise = noise();
    (0..channels * rate as usize / 2).map(|_| 0.5 * noise()).collect()
}

/// How loud the band around `middle` Hz is in `samples`, in dB: through a filter of an octave (R. Bristow-Johnson,
/// Audio EQ Cookbook, "BPF").
fn level(samples: impl Iterator<Item = f32>, rate: u32, middle: f64) -> f64 {
    let phase = middle / f64::from(rate) * TAU;
    let alpha = phase.sin() / (2.0 * 1.414);
    let ([mut x1, mut x2, mut y1, mut y2], mut energy, mut count) = ([0.0; 4], 0.0, 0.0);
    for x in samples.map(f64::from) {
        let y = (alpha * (x - x2) + 2.0 * phase.cos() * y1 - (1.0 - alpha) * y2) / (1.0 + alpha);
        [x1, x2, y1, y2] = [x, x1, y, y1];
        energy += y * y;
        count += 1.0;
    }
    10.0 * (energy / count).log10()
}

/// A sentence for each band that comes back more than `tolerance` dB too soft or too loud.
fn faults(file_type: FileType, bit_rate: BitRate, channels: usize, rate: u32, tolerance: f64) -> Vec<String> {
    let trial = Trial::new(file_type, Codec::Pcm24, bit_rate, channels, rate);
    let sound = sound(channels, rate);
    let frames = sound.len() / channels;
    trial.record(&sound);
    let decoded = trial.decoded();
    assert_eq!(decoded.channels, channels, "{file_type:?}");
    let mut faults = Vec::new();
    for (channel, samples) in sound.chunks_exact(frames).enumerate() {
        for middle in BANDS {
            let there = decoded.samples.iter().skip(channel).step_by(channels).copied();
            let is = level(there, decoded.sample_rate, middle);
            let was = level(samples.iter().copied(), rate, middle);
            if (is - was).abs() > tolerance {
                let place = format!("{file_type:?}, {bit_rate:?}, channel {} of {channels}", channel + 1);
                faults.push(format!("{place} at {rate} Hz: {middle} Hz comes back at {:.1} dB", is - was));
            }
        }
    }
    faults
}

/// All faults in files of the types that are sized by this menu.
fn all_faults(sized_by: SizedBy, bit_rate: BitRate, tolerance: f64) -> String {
    let mut found = Vec::new();
    for &file_type in FileType::ALL.iter().filter(|file_type| file_type.sized_by() == sized_by) {
        for channels in 1..=file_type.max_channels().min(8) {
            for rate in RATES {
                found.extend(faults(file_type, bit_rate, channels, rate, tolerance));
            }
        }
    }
    found.join("\n")
}

#[test]
fn every_channel_of_a_lossless_file_is_as_loud_as_it_was_in_three_bands() {
    assert_eq!(all_faults(SizedBy::Codec, BitRate::Cbr192, 0.001), "");
}

#[test]
fn every_channel_of_a_lossy_file_is_as_loud_as_it_was_in_three_bands() {
    assert_eq!(all_faults(SizedBy::BitRate, BitRate::VbrV0, 1.5), "");
}

/// Eight channels share it: noise becomes softer then, in all of them alike.
#[test]
fn every_channel_of_a_lossy_file_of_192_kilobits_is_there_in_three_bands() {
    assert_eq!(all_faults(SizedBy::BitRate, BitRate::Cbr192, 4.0), "");
}
