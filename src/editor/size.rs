//! How large takes become. Pure.

use crate::core::format::{Files, SizedBy, StreamFormat};
use crate::core::take::TakeSettings;

/// Bytes that a second comes to at most, in all files of a take whose sound has this format together.
pub fn bytes_per_second(settings: &TakeSettings, format: StreamFormat) -> f64 {
    let (files, file) = match settings.files {
        Files::One => (1.0, format),
        Files::Each => (format.channels as f64, StreamFormat { channels: 1, ..format }),
    };
    let bits = match settings.file_type.sized_by() {
        SizedBy::Codec => {
            let samples = f64::from(file.sample_rate) * file.channels as f64;
            samples * f64::from(settings.file_type.bits_per_sample(settings.codec))
        }
        SizedBy::BitRate => f64::from(settings.file_type.max_kilobits(settings.bit_rate, file)) * 1_000.0,
    };
    files * bits / 8.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::{BitRate, FileType};

    #[test]
    fn a_take_is_as_large_as_its_type_its_channels_and_its_files_make_it() {
        let stereo = StreamFormat { channels: 2, sample_rate: 48_000 };
        let wav = TakeSettings::DEFAULT;
        assert_eq!(bytes_per_second(&wav, stereo), 288_000.0);
        let mp3 = TakeSettings { file_type: FileType::Mp3, ..wav };
        assert_eq!(bytes_per_second(&mp3, stereo), 24_000.0);
        assert_eq!(bytes_per_second(&TakeSettings { files: Files::Each, ..mp3 }, stereo), 48_000.0);
        // libopus gives no channel more than 260 kb/s.
        let opus = TakeSettings { file_type: FileType::Opus, bit_rate: BitRate::Cbr320, ..wav };
        assert_eq!(bytes_per_second(&opus, stereo), 40_000.0);
        assert_eq!(bytes_per_second(&TakeSettings { files: Files::Each, ..opus }, stereo), 65_000.0);
    }
}
