//! How large takes become. Pure.

use crate::core::format::{BitRate, Files, SizedBy, StreamFormat};
use crate::core::take::TakeSettings;

/// Bytes that a second comes to at most, in all files of a take whose sound has this format together.
pub fn bytes_per_second(settings: &TakeSettings, format: StreamFormat) -> f64 {
    let kilobits = match settings.file_type.sized_by() {
        SizedBy::Codec => {
            let samples = f64::from(format.sample_rate) * format.channels as f64;
            return samples * f64::from(settings.codec.bits_per_sample()) / 8.0;
        }
        SizedBy::BitRate => match settings.bit_rate {
            BitRate::Cbr96 => 96.0,
            BitRate::Cbr128 => 128.0,
            BitRate::Cbr192 => 192.0,
            BitRate::Cbr256 => 256.0,
            // The most that a variable bit rate comes to.
            BitRate::Cbr320 | BitRate::VbrV2 | BitRate::VbrV0 => 320.0,
        },
    };
    let files = match settings.files {
        Files::One => 1.0,
        Files::Each => format.channels as f64,
    };
    files * kilobits * 1_000.0 / 8.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::FileType;

    #[test]
    fn a_take_is_as_large_as_its_type_its_channels_and_its_files_make_it() {
        let stereo = StreamFormat { channels: 2, sample_rate: 48_000 };
        let wav = TakeSettings::DEFAULT;
        assert_eq!(bytes_per_second(&wav, stereo), 288_000.0);
        let mp3 = TakeSettings { file_type: FileType::Mp3, ..wav };
        assert_eq!(bytes_per_second(&mp3, stereo), 24_000.0);
        assert_eq!(bytes_per_second(&TakeSettings { files: Files::Each, ..mp3 }, stereo), 48_000.0);
    }
}
