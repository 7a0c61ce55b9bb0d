//! Loudness in the tags: what is known only when the sound is written.

use super::*;
use crate::core::loudness::Loudness;

const TYPES: [FileType; 3] = [FileType::Mp3, FileType::Flac, FileType::Ogg];

const LOUDNESS: Loudness = Loudness {
    integrated_lufs: Some(-23.456),
    range_lu: Some(7.0),
    max_momentary_lufs: Some(-15.0),
    max_short_term_lufs: Some(-18.0),
    true_peak_dbtp: Some(-1.0),
};

const GAIN: &str = "5.46 dB";
const PEAK: &str = "0.891251";

/// Records a second that comes to `loudness`.
fn recorded_with(file_type: FileType, header: &str, loudness: Option<Loudness>) -> Trial {
    let trial = trial(file_type, header);
    let mut encoder = trial.open();
    trial.write(&mut *encoder, &trial.sound(44_100));
    if let Some(loudness) = loudness {
        encoder.set_loudness(loudness);
    }
    encoder.finish().unwrap();
    trial
}

/// The entries whose keys hold `word`.
fn told(trial: &Trial, word: &str) -> Vec<(String, String)> {
    tags(&trial.path).into_iter().filter(|(key, _)| key.to_uppercase().contains(word)).collect()
}

#[test]
fn players_find_gain_and_peak_in_mp3_flac_and_ogg() {
    for file_type in TYPES {
        let trial = recorded_with(file_type, HEADER, Some(LOUDNESS));
        let before = if file_type == FileType::Mp3 { "TXXX:" } else { "" };
        let told = told(&trial, "REPLAYGAIN");
        let named = [("GAIN", GAIN), ("PEAK", PEAK)]
            .map(|(what, value)| (format!("{before}REPLAYGAIN_TRACK_{what}"), value.to_owned()));
        assert_eq!(told, named, "{file_type:?}");
        assert_eq!(tags(&trial.path).len(), tags(&recorded(file_type, HEADER).path).len() + 2, "nothing else goes");
        if let Some(told) = told_by_ffprobe(&trial) {
            for entry in [format!("replaygain_track_gain={GAIN}"), format!("replaygain_track_peak={PEAK}")] {
                assert!(told.contains(&format!("tag:{}\n", entry.to_lowercase())), "{file_type:?}: {told}");
            }
        }
        assert_eq!(trial.decoded().frames(), 44_100);
    }
}

#[test]
fn opus_has_its_own_gain() {
    let trial = recorded_with(FileType::Opus, HEADER, Some(LOUDNESS));
    if let Some(told) = told_by_ffprobe(&trial) {
        // 0.456 dB in parts of 256.
        assert!(told.contains("tag:r128_track_gain=117\n") && !told.contains("replaygain"), "{told}");
    }
    if let Some(told) = ask("opusinfo", &[trial.path_text()]) {
        assert!(!told.to_lowercase().contains("warning"), "{told}");
    }
}

#[test]
fn checkers_accept_the_files() {
    let mp3 = recorded_with(FileType::Mp3, HEADER, Some(LOUDNESS));
    if let Some(told) = ask("mp3val", &[mp3.path_text()]) {
        assert!(!told.contains("WARNING"), "{told}");
    }
    let ogg = recorded_with(FileType::Ogg, HEADER, Some(LOUDNESS));
    if let Some(told) = ask("ogginfo", &[ogg.path_text()]) {
        assert!(!told.to_lowercase().contains("warning") && told.contains(GAIN), "{told}");
    }
    if let Some(told) = ask("vorbiscomment", &["-l", ogg.path_text()]) {
        assert!(told.trim_end().ends_with(&format!("REPLAYGAIN_TRACK_PEAK={PEAK}")), "{told}");
    }
    let flac = recorded_with(FileType::Flac, HEADER, Some(LOUDNESS));
    ask("flac", &["--test", "--silent", flac.path_text()]);
    if let Some(told) = ask("metaflac", &["--list", flac.path_text()]) {
        assert!(told.contains(&format!("REPLAYGAIN_TRACK_GAIN={GAIN}")), "{told}");
    }
}

#[test]
fn the_room_is_there_from_the_start_so_that_no_sound_moves() {
    for file_type in TYPES {
        let [without, with] = [None, Some(LOUDNESS)].map(|loudness| recorded_with(file_type, HEADER, loudness));
        assert_eq!(with.bytes().len(), without.bytes().len(), "{file_type:?}");
        assert!(with.decoded() == without.decoded(), "{file_type:?}");
    }
}

#[test]
fn a_file_that_is_cut_short_says_nothing_of_its_loudness() {
    for file_type in TYPES {
        let trial = trial(file_type, HEADER);
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(44_100));
        encoder.refresh().unwrap();
        encoder.set_loudness(LOUDNESS);
        drop(encoder);
        for word in ["REPLAYGAIN", "ROOM"] {
            assert_eq!(told(&trial, word), [], "{file_type:?}");
        }
        trial.repair();
        assert!(trial.decoded().frames() > 22_050, "{file_type:?}");
    }
}

#[test]
fn silence_has_no_gain() {
    for file_type in TYPES {
        let trial = recorded_with(file_type, HEADER, Some(Loudness::default()));
        assert_eq!(told(&trial, "REPLAYGAIN"), [], "{file_type:?}");
    }
}

#[test]
fn what_the_header_says_itself_stays() {
    for file_type in TYPES {
        let trial = recorded_with(file_type, "ReplayGain_Track_Gain = 1 dB", Some(LOUDNESS));
        let values: Vec<_> = told(&trial, "REPLAYGAIN").into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["1 dB", PEAK], "{file_type:?}");
    }
}

/// Its comments fill several pages of Ogg.
#[test]
fn a_header_of_any_length_leaves_the_room() {
    for lines in [300, 2_500] {
        let header: String = (0..lines).map(|number| format!("key{number} = value {number}\n")).collect();
        for file_type in TYPES {
            let trial = recorded_with(file_type, &header, Some(LOUDNESS));
            assert_eq!(told(&trial, "REPLAYGAIN").len(), 2, "{file_type:?}, {lines} lines");
            assert_eq!(told(&trial, "KEY").len(), lines, "{file_type:?}, {lines} lines");
            assert_eq!(trial.decoded().frames(), 44_100, "{file_type:?}, {lines} lines");
        }
    }
}

#[test]
fn a_file_without_entries_gets_what_its_type_has_a_place_for() {
    for file_type in TYPES {
        let mut trial = trial(file_type, "");
        trial.metadata = Metadata::default();
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(44_100));
        encoder.set_loudness(LOUDNESS);
        encoder.finish().unwrap();
        // An ID3 tag without a frame is none, and there is none to come.
        let expected = if file_type == FileType::Mp3 { 0 } else { 2 };
        assert_eq!(told(&trial, "REPLAYGAIN").len(), expected, "{file_type:?}");
        assert_eq!(trial.decoded().frames(), 44_100, "{file_type:?}");
    }
}
