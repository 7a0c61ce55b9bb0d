//! The song's position in files that learn it while they are written.

use super::*;
use crate::disk::encode::told;

/// The position as the file tells it, in the words of its type.
fn told_position(trial: &Trial) -> Option<String> {
    told::read(trial.settings.file_type, &trial.file).unwrap().expect("one of our files").song_position
}

/// The position that a file tells which begins at this second.
fn words(file_type: FileType, seconds: Option<f64>) -> Option<String> {
    let decimal = |seconds: f64| seconds.to_string();
    match file_type {
        FileType::Wav => seconds.map(|seconds| ((seconds * 48_000.0).round() as u64).to_string()),
        _ => seconds.map(decimal),
    }
}

#[test]
fn every_type_tells_a_position_that_it_learns_late_and_still_plays_every_frame() {
    for &file_type in FileType::ALL {
        for header in ["", HEADER, "title =\ndate =\nbpm ="] {
            for (before, later) in [(None, Some(2.018_667)), (Some(3.0), Some(12_345_678.25)), (Some(13.4), None)] {
                let what = format!("{file_type:?} {header:?}: {before:?}, {later:?}");
                let mut trial = trial(file_type, header);
                let metadata = |song_seconds| Metadata::new(header, Origin { song_seconds, ..origin() });
                trial.metadata = metadata(before).awaiting_song_position();
                let mut encoder = trial.open();
                trial.write(&mut *encoder, &trial.sound(24_000));
                encoder.refresh().unwrap();
                // Ogg and Opus bring it with the end: a page that a kill tears plays no more.
                let at_end = matches!(file_type, FileType::Ogg | FileType::Opus);
                let at_first = words(file_type, before.filter(|_| !at_end));
                assert_eq!(told_position(&trial), at_first, "{what}");
                encoder.set_song_position(later);
                encoder.refresh().unwrap();
                assert_eq!(told_position(&trial), words(file_type, later.filter(|_| !at_end)), "{what}");
                trial.write(&mut *encoder, &trial.sound(24_000));
                encoder.finish().unwrap();
                assert_eq!(told_position(&trial), words(file_type, later), "{what}");
                assert_eq!(trial.decoded().frames(), 48_000, "{what}");
                // Nothing else has changed.
                let mut same = super::trial(file_type, header);
                same.metadata = metadata(later);
                same.record(&same.sound(100));
                if file_type != FileType::Wav && file_type != FileType::Aiff {
                    assert_eq!(tags(&trial.path), tags(&same.path), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_position_that_nobody_tells_takes_no_room_that_other_programs_stumble_over() {
    for &file_type in FileType::ALL {
        for song_seconds in [None, Some(1.5)] {
            let mut trial = trial(file_type, HEADER);
            trial.metadata = Metadata::new(HEADER, Origin { song_seconds, ..origin() }).awaiting_song_position();
            trial.record(&trial.sound(48_000));
            let Some(told) = told_by_ffprobe(&trial) else { return };
            assert!(told.contains("tag:title=grüße, 世界\n"), "{file_type:?}: {told}");
            assert!(!told.contains("junk"), "{file_type:?}: {told}");
            assert_eq!(trial.decoded().frames(), 48_000, "{file_type:?}");
        }
    }
}

#[test]
fn what_is_before_the_sound_is_as_long_with_one_position_as_with_another() {
    let positions =
        [None, Some(0.0), Some(-3.25), Some(1.0 / 3.0), Some(99_999_999.123_456), Some(-99_999_999.123_456)];
    for header in ["", HEADER, "title =\nbpm =\ndate =\nsoftware =", "bpm =", "songposition = bar 5"] {
        let lengths = positions.map(|song_seconds| {
            let metadata = Metadata::new(header, Origin { song_seconds, ..origin() }).awaiting_song_position();
            assert!(chunks(&info_chunk(&metadata)).len() <= 2);
            (info_chunk(&metadata).len(), id3_tag(&metadata).unwrap().len())
        });
        let [(info, _), ..] = lengths;
        let tags: Vec<_> = lengths.iter().map(|(_, tag)| *tag).filter(|&bytes| bytes > 0).collect();
        assert!(lengths.iter().all(|(bytes, _)| *bytes == info), "{header:?}: {lengths:?}");
        assert!(tags.iter().all(|&bytes| bytes == tags[0]), "{header:?}: {lengths:?}");
    }
}
