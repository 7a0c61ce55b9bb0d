//! The sample rate of the file: what is wanted (`rate`), what arrives, and what happens where they differ (`srselect`).

use super::format::{Rate, RateMatch};

/// Both rates in Hz, and the user asked for an error where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatesDiffer {
    pub wanted: u32,
    pub arriving: u32,
}

/// The rate of the file in Hz. The wanted rate is the operator's first input, the host's stream its second.
pub fn file_rate(wanted: Rate, arriving: u32, how: RateMatch) -> Result<u32, RatesDiffer> {
    let Some(wanted) = wanted.hertz() else { return Ok(arriving) };
    match how {
        RateMatch::First => Ok(wanted),
        RateMatch::Maximum => Ok(wanted.max(arriving)),
        RateMatch::Minimum => Ok(wanted.min(arriving)),
        RateMatch::Error if wanted == arriving => Ok(arriving),
        RateMatch::Error => Err(RatesDiffer { wanted, arriving }),
    }
}

/// The sample rates of MPEG-1, MPEG-2 (ISO/IEC 11172-3 and 13818-3) and of the customary MPEG-2.5, in Hz.
pub const MP3_RATES: [u32; 9] = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];

/// The rate in Hz at which a take of `rate` Hz is encoded as MP3: its own where MP3 has it. Above 48 kHz 44.1 kHz for
/// its multiples, else 48 kHz. Below, the nearest in ratio (so 37.8 kHz becomes 44.1 kHz and keeps all its band).
pub fn mp3_rate(rate: u32) -> u32 {
    if rate > 48_000 && rate.is_multiple_of(44_100) && !rate.is_multiple_of(48_000) {
        return 44_100;
    }
    let distance = |other: u32| f64::from(other.max(rate)) / f64::from(other.min(rate).max(1));
    MP3_RATES.into_iter().min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(48_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_matching() {
        let wanted = Rate::R48000;
        let cases = [
            (RateMatch::First, 44_100, Ok(48_000)),
            (RateMatch::First, 96_000, Ok(48_000)),
            (RateMatch::Maximum, 44_100, Ok(48_000)),
            (RateMatch::Maximum, 96_000, Ok(96_000)),
            (RateMatch::Minimum, 44_100, Ok(44_100)),
            (RateMatch::Minimum, 96_000, Ok(48_000)),
            (RateMatch::Error, 48_000, Ok(48_000)),
            (RateMatch::Error, 44_100, Err(RatesDiffer { wanted: 48_000, arriving: 44_100 })),
        ];
        for (how, arriving, expected) in cases {
            assert_eq!(file_rate(wanted, arriving, how), expected, "{how:?} at {arriving}");
            assert_eq!(file_rate(Rate::Host, arriving, how), Ok(arriving));
        }
    }
}
