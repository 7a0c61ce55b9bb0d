//! Figures and names as a musician reads them. Pure.

use crate::core::loudness::Loudness;

/// Frames as `h:mm:ss.mmm`.
pub fn clock(frames: u64, sample_rate: u32) -> String {
    let milliseconds = u128::from(frames) * 1_000 / u128::from(sample_rate.max(1));
    let (seconds, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    format!("{}:{:02}:{:02}.{milliseconds:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A file's size.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A short length of time.
pub fn seconds(seconds: f64) -> String {
    // Rounded down: nobody is promised more than there is.
    if seconds < 10.0 { format!("{:.1} s", (seconds * 10.0).floor() / 10.0) } else { format!("{} s", seconds as u64) }
}

/// A length of time that nobody needs to the second.
pub fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match minutes {
        0 => format!("{} s", seconds as u64),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        1_440..43_200 => format!("{} days", minutes / 1_440),
        _ => "over a month".to_owned(),
    }
}

/// A linear level in dBFS, with a real minus.
pub fn decibels(linear: f32) -> String {
    match linear {
        // NaN, too, is no level.
        level if level.is_nan() || level <= 1e-6 => "−∞".to_owned(),
        level => signed(20.0 * f64::from(level).log10()),
    }
}

/// A number of decibels with its sign and a digit behind the point.
pub fn signed(decibels: f64) -> String {
    match decibels {
        // Not "−0.0".
        _ if decibels.abs() < 0.05 => "0.0".to_owned(),
        _ if decibels > 0.0 => format!("+{decibels:.1}"),
        _ => format!("−{:.1}", -decibels),
    }
}

/// All figures of how loud a take is; nothing where there are none.
pub fn loudness(loudness: &Loudness) -> String {
    let integrated = loudness.integrated_lufs.map(|lufs| format!("{} LUFS", signed(lufs)));
    let range = loudness.range_lu.map(|lu| format!("range {lu:.1} LU"));
    let true_peak = loudness.true_peak_dbtp.map(|dbtp| format!("true peak {} dBTP", signed(dbtp)));
    [integrated, range, true_peak].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A whole number with its thousands set apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 frame`, `2 frames`.
pub fn several(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A name that breaks no line and turns no text around, whatever is in it.
pub fn printable(name: &str) -> String {
    let is_hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    name.chars().map(|c| if is_hostile(c) { '·' } else { c }).collect()
}

/// The longest beginning and end of `text` with `…` between them that `fits`; the whole text where that fits.
pub fn elide_middle(text: &str, fits: impl Fn(&str) -> bool) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| {
        // The end holds the number and the extension, which tell takes apart.
        let end = kept.div_ceil(2);
        let (head, tail) = (&chars[..kept - end], &chars[chars.len() - end..]);
        head.iter().chain(&['…']).chain(tail).collect::<String>()
    };
    let (mut fitting, mut too_many) = (0, chars.len());
    while fitting + 1 < too_many {
        let middle = fitting.midpoint(too_many);
        if fits(&shortened(middle)) { fitting = middle } else { too_many = middle }
    }
    shortened(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_clock_counts_hours_and_keeps_milliseconds() {
        assert_eq!(clock(0, 48_000), "0:00:00.000");
        assert_eq!(clock(3_725 * 48_000 + 3_000, 48_000), "1:02:05.062");
        assert_eq!(clock(44_099, 44_100), "0:00:00.999");
    }

    #[test]
    fn a_take_of_a_year_does_not_overflow_the_clock() {
        assert_eq!(clock(192_000 * 3_600 * 24 * 365, 192_000), "8760:00:00.000");
        assert!(clock(u64::MAX, 1).len() > 10);
    }

    #[test]
    fn silence_has_a_level_and_full_scale_is_zero() {
        assert_eq!(decibels(0.0), "−∞");
        assert_eq!(decibels(f32::NAN), "−∞");
        assert_eq!(decibels(1.0), "0.0");
        assert_eq!(decibels(0.999), "0.0");
        assert_eq!(decibels(0.5), "−6.0");
        assert_eq!(decibels(2.0), "+6.0");
    }

    #[test]
    fn loudness_is_told_as_far_as_there_is_any() {
        let whole = Loudness {
            integrated_lufs: Some(-23.04),
            range_lu: Some(7.25),
            true_peak_dbtp: Some(0.4),
            ..Loudness::default()
        };
        assert_eq!(loudness(&whole), "−23.0 LUFS, range 7.2 LU, true peak +0.4 dBTP");
        assert_eq!(loudness(&Loudness { integrated_lufs: None, range_lu: None, ..whole }), "true peak +0.4 dBTP");
        assert_eq!(loudness(&Loudness::default()), "");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(several(1, "frame", "frames"), "1 frame");
        assert_eq!(several(1_234_567, "frame", "frames"), "1,234,567 frames");
        assert_eq!(count(123), "123");
    }

    #[test]
    fn a_name_cannot_break_the_line_or_turn_the_text_around() {
        assert_eq!(printable("a\nb\u{202e}gpj.wav"), "a·b·gpj.wav");
    }

    #[test]
    fn durations_are_rounded_down_so_that_nobody_trusts_room_that_is_not_there() {
        assert_eq!(duration(59.9), "59 s");
        assert_eq!(duration(3_599.0), "59 min");
        assert_eq!(duration(3_660.0), "1 h 01 min");
        assert_eq!(duration(200_000.0), "2 days");
    }

    #[test]
    fn short_times_are_rounded_down_too() {
        assert_eq!([0.0, 0.19, 9.99, 10.0, 59.99].map(seconds), ["0.0 s", "0.1 s", "9.9 s", "10 s", "59 s"]);
    }

    proptest! {
        #[test]
        fn an_elided_name_fits_and_keeps_its_end(name in "\\PC{1,60}", room in 3usize..40) {
            let elided = elide_middle(&name, |text| text.chars().count() <= room);
            prop_assert!(elided.chars().count() <= room);
            prop_assert_eq!(elided.chars().last(), name.chars().last());
        }
    }
}
