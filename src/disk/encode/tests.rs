//! What holds for every file type.

use super::*;
use crate::core::format::{BitRate, Codec, Menu};
use crate::disk::testing::trial::Trial;

/// A take that goes on elsewhere would lack what is held back longer.
#[test]
fn a_refreshed_file_lacks_no_more_than_may_be_held_back() {
    for &file_type in FileType::ALL {
        for rate in [8_000, 10_000, 11_000, 22_050, 96_000] {
            for bit_rate in [BitRate::Cbr96, BitRate::VbrV0] {
                let trial = Trial::new(file_type, Codec::Pcm24, bit_rate, 2, rate);
                let mut encoder = trial.open();
                let mut written = 0;
                let mut write = |frames: u64| {
                    trial.write(&mut *encoder, &trial.sound(frames as usize));
                    written += frames;
                    encoder.refresh().unwrap();
                    written
                };
                // Decoders refuse a file without any sound.
                write(u64::from(rate));
                // The file's own blocks end elsewhere each time.
                for _ in 0..25 {
                    let written = write(u64::from(rate / 9 + 41));
                    let decoded = trial.decoded();
                    let kept = decoded.frames() as u64 * u64::from(rate) / u64::from(decoded.sample_rate);
                    assert!(kept <= written, "{kept} of {written}");
                    let lacks = written - kept;
                    let most = most_held_back(rate);
                    assert!(lacks <= most, "{}, {bit_rate:?}, {rate} Hz: {lacks} of {written}", file_type.label());
                }
            }
        }
    }
}
