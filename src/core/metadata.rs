//! What a file says of itself: the lines of `header`, and what is filled in where they are silent.

use super::loudness::Loudness;

/// More of `header` than this is not read, in bytes.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// What players bring every track to, in LUFS (ReplayGain 2.0 specification, "Reference level").
const REPLAY_GAIN_REFERENCE: f64 = -18.0;

/// The same for Opus (RFC 7845, 5.2.1).
const R128_REFERENCE: f64 = -23.0;

/// Seconds with as many digits as a position in a song may have (see
/// [`MAX_SONG_SECONDS`](super::take::MAX_SONG_SECONDS)).
const LONGEST_POSITION: f64 = -987_654_321.123_457;

/// What one entry is about. File types have places of their own for the named ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Title,
    Artist,
    Album,
    Date,
    Comment,
    Genre,
    /// The number of the track on its album.
    Track,
    /// The program that made the file.
    Software,
    /// Beats per minute.
    Bpm,
    /// Seconds from the beginning of the song to the first frame.
    SongPosition,
    /// Anything else, as the user wrote it.
    Other(String),
}

impl Key {
    /// Case does not matter. `name` is not empty.
    fn named(name: &str) -> Self {
        match name.to_lowercase().as_str() {
            "title" => Key::Title,
            "artist" => Key::Artist,
            "album" => Key::Album,
            "date" => Key::Date,
            "comment" => Key::Comment,
            "genre" => Key::Genre,
            "track" => Key::Track,
            "software" => Key::Software,
            "bpm" => Key::Bpm,
            "songposition" => Key::SongPosition,
            _ => Key::Other(name.to_owned()),
        }
    }

    /// The key as a line of `header` has it.
    pub fn name(&self) -> &str {
        match self {
            Key::Title => "title",
            Key::Artist => "artist",
            Key::Album => "album",
            Key::Date => "date",
            Key::Comment => "comment",
            Key::Genre => "genre",
            Key::Track => "track",
            Key::Software => "software",
            Key::Bpm => "bpm",
            Key::SongPosition => "songposition",
            Key::Other(name) => name,
        }
    }

    fn is(&self, other: &Key) -> bool {
        self.name().to_lowercase() == other.name().to_lowercase()
    }
}

/// Where a file comes from: what it says of itself where `header` does not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origin {
    /// The recorder's name and version.
    pub software: String,
    /// The day on which the file begins, `2026-11-22`.
    pub date: String,
    /// The local time then, `21:05:09`.
    pub time: String,
    /// The DAW's name of the track; it becomes the title.
    pub track_name: String,
    /// The track's channels that are in the file, in order.
    pub channel_names: Vec<String>,
    /// How many recorded channels of the take come before them, in other files.
    pub first_channel: usize,
    /// The number of the take.
    pub take: u64,
    /// Beats per minute at the first frame.
    pub tempo: Option<f64>,
    /// Seconds of the song at the first frame, where they are known.
    pub song_seconds: Option<f64>,
}

/// The entries of one file, each key once, none empty, on one line each and without control characters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    entries: Vec<(Key, String)>,
    origin: Origin,
    /// The place of the song's position among the entries, also while there is none; nothing where `header`
    /// has a line on it.
    position_at: Option<usize>,
    /// The position may change while the file is written.
    awaits_position: bool,
}

impl Metadata {
    /// Reads lines `key = value`; others are passed over. A key's last line counts, and an empty value leaves its entry out,
    /// also one that would be filled in.
    pub fn new(header: &str, origin: Origin) -> Self {
        let mut metadata = Self::default();
        for line in beginning(header).lines() {
            if let Some((key, value)) = line.split_once('=').map(|(key, value)| (one_line(key), one_line(value)))
                && !key.is_empty()
            {
                metadata.put(Key::named(&key), value);
            }
        }
        metadata.fill_in(Key::Title, one_line(&origin.track_name));
        metadata.fill_in(Key::Date, one_line(&origin.date));
        metadata.fill_in(Key::Bpm, number(origin.tempo));
        if metadata.lacks(&Key::SongPosition) {
            metadata.position_at = Some(metadata.entries.iter().filter(|(_, value)| !value.is_empty()).count());
        }
        metadata.fill_in(Key::SongPosition, number(origin.song_seconds));
        metadata.fill_in(Key::Software, one_line(&origin.software));
        metadata.entries.retain(|(_, value)| !value.is_empty());
        metadata.origin = origin;
        metadata
    }

    /// The entries, those of `header` first.
    pub fn entries(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.entries.iter().map(|(key, value)| (key, value.as_str()))
    }

    /// The value of an entry, where there is one.
    pub fn value(&self, key: &Key) -> Option<&str> {
        self.entries.iter().find(|(there, _)| there.is(key)).map(|(_, value)| value.as_str())
    }

    /// Where the file comes from, whatever `header` says.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the same for a file whose place in the song may change while it is written: file types keep room for it.
    pub fn awaiting_song_position(self) -> Self {
        Self { awaits_position: true, ..self }
    }

    /// Returns the same with another second of the song at the first frame, or none where it is not known. A line of
    /// `header` about it stays.
    pub fn with_song_position(&self, seconds: Option<f64>) -> Self {
        let mut metadata = self.clone();
        metadata.origin.song_seconds = seconds;
        if let Some(at) = self.position_at {
            metadata.entries.retain(|(key, _)| !key.is(&Key::SongPosition));
            let value = number(seconds);
            if !value.is_empty() {
                metadata.entries.insert(at, (Key::SongPosition, value));
            }
        }
        metadata
    }

    /// Returns the same without a song position that may change.
    pub fn for_sure(&self) -> Self {
        if self.awaits_position { self.with_song_position(None) } else { self.clone() }
    }

    /// Returns the same with the longest song position that there can be; nothing where the position stays as it is.
    pub fn with_longest_song_position(&self) -> Option<Self> {
        self.awaits_position.then(|| self.with_song_position(Some(LONGEST_POSITION)))
    }

    /// The same with what players need to play every track equally loud, where `header` does not say it (ReplayGain 2.0
    /// specification, "Metadata format"). Nothing more where there is nothing to measure.
    pub fn with_replay_gain(&self, loudness: &Loudness) -> Self {
        let mut metadata = self.clone();
        if let (Some(lufs), Some(dbtp)) = (loudness.integrated_lufs, loudness.true_peak_dbtp) {
            let gain = format!("{:.2} dB", REPLAY_GAIN_REFERENCE - lufs);
            let peak = format!("{:.6}", 10f64.powf(dbtp / 20.0));
            metadata.fill_in(Key::Other("replaygain_track_gain".to_owned()), gain);
            metadata.fill_in(Key::Other("replaygain_track_peak".to_owned()), peak);
        }
        metadata
    }

    /// As [`with_replay_gain`](Self::with_replay_gain), for Opus (RFC 7845, 5.2.1): a gain in parts of 256 of a dB.
    pub fn with_r128_gain(&self, loudness: &Loudness) -> Self {
        let mut metadata = self.clone();
        if let Some(lufs) = loudness.integrated_lufs {
            let gain = ((R128_REFERENCE - lufs) * 256.0).round() as i16;
            metadata.fill_in(Key::Other("r128_track_gain".to_owned()), gain.to_string());
        }
        metadata
    }

    fn put(&mut self, key: Key, value: String) {
        match self.entries.iter_mut().find(|(there, _)| there.is(&key)) {
            Some((_, there)) => *there = value,
            None => self.entries.push((key, value)),
        }
    }

    fn fill_in(&mut self, key: Key, value: String) {
        if self.lacks(&key) {
            self.entries.push((key, value));
        }
    }

    fn lacks(&self, key: &Key) -> bool {
        self.entries.iter().all(|(there, _)| !there.is(key))
    }
}

/// The loudness that entries as those of [`Metadata::with_replay_gain`] and [`Metadata::with_r128_gain`] tell; nothing where there
/// are none.
pub fn told_loudness(entries: &[(&str, &str)]) -> Option<Loudness> {
    let mut loudness = Loudness::default();
    for &(key, value) in entries {
        let number = || value.trim_end_matches("dB").trim_end().parse().ok().filter(|number: &f64| number.is_finite());
        match key.to_ascii_lowercase().as_str() {
            "replaygain_track_gain" => loudness.integrated_lufs = number().map(|gain| REPLAY_GAIN_REFERENCE - gain),
            "r128_track_gain" => loudness.integrated_lufs = number().map(|gain| R128_REFERENCE - gain / 256.0),
            "replaygain_track_peak" => {
                let peak = number().filter(|&peak| peak > 0.0);
                loudness.true_peak_dbtp = peak.map(|peak| 20.0 * peak.log10());
            }
            _ => {}
        }
    }
    (loudness != Loudness::default()).then_some(loudness)
}

fn beginning(header: &str) -> &str {
    let mut end = header.len().min(MAX_HEADER_BYTES);
    while !header.is_char_boundary(end) {
        end -= 1;
    }
    &header[..end]
}

/// Control characters would end a text early, or break it into two.
fn one_line(text: &str) -> String {
    let blanks = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    blanks.collect::<String>().trim().to_owned()
}

/// The number as a text, empty where there is none.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(decimal).unwrap_or_default()
}

/// To the millionth, without zeros at the end.
fn decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin() -> Origin {
        Origin {
            software: "Recorder 1.0".to_owned(),
            date: "2026-11-22".to_owned(),
            track_name: "Drums".to_owned(),
            tempo: Some(119.88),
            song_seconds: Some(12.0),
            ..Origin::default()
        }
    }

    fn entries(header: &str) -> Vec<(String, String)> {
        let metadata = Metadata::new(header, origin());
        metadata.entries().map(|(key, value)| (key.name().to_owned(), value.to_owned())).collect()
    }

    fn value(header: &str, key: &str) -> Option<String> {
        entries(header).into_iter().find(|(there, _)| there == key).map(|(_, value)| value)
    }

    #[test]
    fn an_empty_header_is_filled_in_from_the_take() {
        let expected = [
            ("title", "Drums"),
            ("date", "2026-11-22"),
            ("bpm", "119.88"),
            ("songposition", "12"),
            ("software", "Recorder 1.0"),
        ];
        assert_eq!(entries(""), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_the_user_wrote_counts_in_any_case_and_spacing() {
        for header in
            ["title = Take Five", "TITLE=Take Five", "  Title\t=  Take Five  \r\n", "x = y\ntitle = Take Five"]
        {
            assert_eq!(value(header, "title").as_deref(), Some("Take Five"), "{header:?}");
        }
        assert_eq!(value("Mood = blue", "Mood").as_deref(), Some("blue"));
        assert_eq!(value("comment = 1 = 1", "comment").as_deref(), Some("1 = 1"));
    }

    #[test]
    fn the_last_line_of_a_key_counts_and_keeps_the_first_ones_place() {
        let header = "Mood = blue\nartist = A\nmood = red";
        assert_eq!(entries(header)[..2], [("Mood".into(), "red".into()), ("artist".into(), "A".into())]);
    }

    #[test]
    fn an_empty_value_leaves_the_entry_out() {
        assert_eq!(value("title =\nbpm=", "title"), None);
        assert_eq!(value("title =\nbpm=", "bpm"), None);
    }

    #[test]
    fn lines_without_a_key_or_an_equals_sign_are_passed_over() {
        assert_eq!(entries("nonsense\n= value\n\n  =  \n").len(), entries("").len());
    }

    #[test]
    fn a_position_that_is_told_later_stands_where_it_would_have_stood() {
        for header in ["", "title =\nbpm =", "artist = A", "software ="] {
            let told = |song_seconds| Metadata::new(header, Origin { song_seconds, ..origin() });
            let entries = |metadata: &Metadata| metadata.entries.clone();
            for later in [None, Some(0.0), Some(2.5)] {
                for before in [None, Some(3.0)] {
                    let metadata = told(before).with_song_position(later);
                    assert_eq!(entries(&metadata), entries(&told(later)), "{header:?}: {before:?}, {later:?}");
                    assert_eq!(metadata.origin().song_seconds, later);
                }
            }
        }
    }

    #[test]
    fn a_position_that_the_user_wrote_or_left_out_stays_so() {
        for header in ["songposition = bar 5", "SongPosition ="] {
            let metadata = Metadata::new(header, origin());
            let later = metadata.with_song_position(Some(7.0));
            assert_eq!(later.value(&Key::SongPosition), metadata.value(&Key::SongPosition), "{header}");
            assert_eq!(later.origin().song_seconds, Some(7.0));
        }
    }

    #[test]
    fn no_position_is_longer_than_the_one_that_room_is_kept_for() {
        let longest = number(Some(LONGEST_POSITION)).len();
        let most = crate::core::take::MAX_SONG_SECONDS;
        for seconds in [most, -most, -most + 0.123_456, most - 1.0 / 3.0, -0.333_333, 1.0 / 3.0] {
            let length = number(Some(seconds)).len();
            assert!(length <= longest, "{seconds}: {length} > {longest}");
        }
    }

    #[test]
    fn what_the_host_does_not_tell_is_not_filled_in() {
        let metadata = Metadata::new("", Origin { tempo: Some(f64::NAN), ..Origin::default() });
        assert_eq!(metadata.entries().count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_gives_keys_that_differ_and_values_of_one_line(header in any::<String>(), repeats in 1usize..400) {
            let metadata = Metadata::new(&header.repeat(repeats), origin());
            let mut names = Vec::new();
            let mut bytes = 0;
            for (key, value) in metadata.entries() {
                let name = key.name().to_lowercase();
                prop_assert!(!names.contains(&name), "{name} twice");
                prop_assert!(!value.is_empty() && !name.is_empty());
                prop_assert!(!value.chars().chain(name.chars()).any(char::is_control));
                bytes += name.len() + value.len();
                names.push(name);
            }
            prop_assert!(bytes <= 2 * MAX_HEADER_BYTES);
        }
    }
}
