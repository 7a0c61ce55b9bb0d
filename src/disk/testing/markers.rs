//! For tests: markers in files of every type, as programs that are not ours read them.

use super::read_back::ask;
use super::trial::Trial;
use crate::core::format::{BitRate, Codec, FileType, Menu};
use crate::core::markers::{Marker, MarkerKind, Markers};
use crate::core::metadata::{Metadata, Origin};

const RATE: u32 = 48_000;
const FRAMES: usize = 3 * RATE as usize;

fn trial(file_type: FileType) -> Trial {
    let mut trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr128, 2, RATE);
    trial.metadata =
        Metadata::new("title = Take Five", Origin { software: "Recorder 1.0".into(), ..Origin::default() });
    trial
}

/// One of each kind, and as many of the user's.
fn markers(set: usize) -> Vec<Marker> {
    let mut markers = Markers::default();
    let kinds = [
        MarkerKind::Pause { seconds: 2.5 },
        MarkerKind::Lost { frames: 64 },
        MarkerKind::Jump { seconds: Some(8.0) },
        MarkerKind::Jump { seconds: None },
        MarkerKind::SongStart,
        MarkerKind::Song { seconds: 2.0 },
        MarkerKind::Elsewhere,
    ];
    kinds.into_iter().enumerate().for_each(|(index, kind)| markers.add(1_234 + index as u64 * 9_999, kind));
    (0..set).for_each(|index| markers.set((index * FRAMES / set) as u64));
    markers.within(0, u64::MAX)
}

/// Records a file with these markers, told in as many steps as there are parts of the sound.
fn recorded(file_type: FileType, markers: &[Marker]) -> Trial {
    let trial = trial(file_type);
    let mut encoder = trial.open();
    for part in 1..=3 {
        trial.write(&mut *encoder, &trial.sound(FRAMES / 3));
        encoder.set_markers(&markers[..markers.len() * part / 3]);
        encoder.refresh().unwrap();
    }
    encoder.finish().unwrap();
    trial
}

/// Seconds and title of each chapter, as FFmpeg has them.
fn chapters(trial: &Trial) -> Option<Vec<(f64, String)>> {
    let wanted = ["-v", "error", "-show_chapters", "-of", "default=nk=0", trial.path_text()];
    let told = ask("ffprobe", &wanted)?;
    let value =
        |name: &str| told.lines().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect::<Vec<_>>();
    let starts = value("start_time=").into_iter().map(|start| start.parse().unwrap());
    Some(starts.zip(value("TAG:title=")).collect())
}

/// As [`Markers`] has them, with the precision of the file type.
fn assert_chapters(trial: &Trial, markers: &[Marker], file_type: FileType) {
    let Some(told) = chapters(trial) else { return };
    assert_eq!(told.len(), markers.len(), "{file_type:?}");
    for ((seconds, title), marker) in told.iter().zip(markers) {
        let expected = marker.frame as f64 / f64::from(RATE);
        assert!((seconds - expected).abs() <= 0.000_6, "{file_type:?}: {seconds} for {expected}");
        assert_eq!(*title, marker.kind.to_string());
    }
}

/// Types that FFmpeg shows as chapters.
const WITH_CHAPTERS: [FileType; 5] = [FileType::Wav, FileType::Mp3, FileType::Ogg, FileType::Flac, FileType::Opus];

/// Types whose chapters are there before the file is complete.
const WITH_EARLY_CHAPTERS: [FileType; 3] = [FileType::Wav, FileType::Mp3, FileType::Flac];

#[test]
fn every_kind_of_marker_is_a_chapter_at_its_place_and_the_sound_is_whole() {
    for file_type in WITH_CHAPTERS {
        for set in [1, 40, 200] {
            let markers = markers(set);
            let trial = recorded(file_type, &markers);
            assert_chapters(&trial, &markers, file_type);
            assert_eq!(trial.decoded().frames(), FRAMES, "{file_type:?}");
        }
    }
}

/// Position and name of each marker in the one MARK chunk (Audio Interchange File Format 1.3, "Marker Chunk").
fn marks(bytes: &[u8]) -> Vec<(u64, String)> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut chunks) = (12, Vec::new());
    while at < bytes.len() {
        if &bytes[at..at + 4] == b"MARK" {
            chunks.push(at + 8);
        }
        at += 8 + number(at + 4).next_multiple_of(2);
    }
    let &[mut at] = &chunks[..] else { panic!("{} chunks", chunks.len()) };
    let count = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    at += 2;
    (0..count)
        .map(|_| {
            let (position, length) = (number(at + 2) as u64, usize::from(bytes[at + 6]));
            let name = String::from_utf8(bytes[at + 7..at + 7 + length].to_vec()).unwrap();
            at += (7 + length).next_multiple_of(2);
            (position, name)
        })
        .collect()
}

#[test]
fn aiff_has_every_marker_at_its_frame_before_the_sound_or_behind_it() {
    for set in [1, 100, 900] {
        let markers = markers(set);
        let trial = recorded(FileType::Aiff, &markers);
        assert_eq!(trial.decoded().frames(), FRAMES);
        let expected: Vec<_> = markers.iter().map(|marker| (marker.frame, marker.kind.to_string())).collect();
        assert_eq!(marks(&trial.bytes()), expected);
        if let Some(told) = ask("sndfile-info", &[trial.path_text()]) {
            assert!(told.contains(&format!("Count : {}", markers.len())), "{told}");
            // It shows no more than the first ones.
            for marker in &markers[..5] {
                assert!(
                    told.contains(&format!("Position : {}\n   Name     : {}", marker.frame, marker.kind)),
                    "{told}"
                );
            }
        }
        // A second look by the repair changes nothing.
        let before = trial.bytes();
        trial.repair();
        assert!(trial.bytes() == before);
    }
}

/// With nothing told behind the last marker.
#[test]
fn the_last_chapter_of_an_mp3_ends_with_the_sound() {
    let trial = trial(FileType::Mp3);
    let mut encoder = trial.open();
    trial.write(&mut *encoder, &trial.sound(FRAMES / 3));
    encoder.set_markers(&markers(3)[..1]);
    encoder.refresh().unwrap();
    trial.write(&mut *encoder, &trial.sound(FRAMES / 3));
    encoder.finish().unwrap();
    if let Some(told) = ask("ffprobe", &["-v", "error", "-show_chapters", trial.path_text()]) {
        assert!(told.contains("end_time=2.000000"), "{told}");
    }
}

/// As a full disk leaves it.
#[test]
fn half_of_the_markers_behind_the_sound_are_not_mended_to_sound() {
    for file_type in [FileType::Wav, FileType::Aiff] {
        for channels in [1, 2] {
            let mut trial = trial(file_type);
            trial.stream.channels = channels;
            // Odd, so that a byte of padding stands between.
            let frames = FRAMES / 3 + 1;
            let mut encoder = trial.open();
            trial.write(&mut *encoder, &trial.sound(frames));
            encoder.refresh().unwrap();
            let sizes = trial.bytes();
            encoder.set_markers(&markers(900));
            encoder.finish().unwrap();
            let complete = trial.bytes();
            let sound_end = sizes.len().next_multiple_of(2);
            for cut in [sound_end + 4, sound_end + 1_000, complete.len()] {
                // The header of before, or the one of a finished file without the markers behind it.
                let bytes = [&sizes[..], &complete[sizes.len()..cut]].concat();
                std::fs::write(&trial.path, bytes).unwrap();
                let kept = (trial.format().repair)(&trial.file).unwrap();
                assert_eq!(kept.frames, frames as u64, "{file_type:?}, {channels} channels, {cut} bytes");
                assert_eq!(trial.decoded().frames(), frames);
            }
        }
    }
}

#[test]
fn what_has_no_room_is_left_out_and_the_file_plays() {
    for file_type in [FileType::Mp3, FileType::Ogg, FileType::Flac, FileType::Opus] {
        let markers = markers(900);
        let trial = recorded(file_type, &markers);
        let told = chapters(&trial).map_or(250, |told| told.len());
        assert!((200..900).contains(&told), "{file_type:?}: {told}");
        assert_chapters(&trial, &markers[..told], file_type);
        assert_eq!(trial.decoded().frames(), FRAMES, "{file_type:?}");
    }
}

#[test]
fn after_a_kill_the_markers_of_the_last_refresh_are_there() {
    for file_type in WITH_EARLY_CHAPTERS {
        let (trial, markers) = (trial(file_type), markers(20));
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(FRAMES));
        encoder.set_markers(&markers[..10]);
        encoder.refresh().unwrap();
        encoder.set_markers(&markers);
        drop(encoder);
        assert_chapters(&trial, &markers[..10], file_type);
        trial.repair();
        assert_chapters(&trial, &markers[..10], file_type);
        assert!(trial.decoded().frames() > FRAMES - RATE as usize / 3, "{file_type:?}");
    }
}

#[test]
fn checkers_accept_files_with_markers() {
    for file_type in [FileType::Wav, FileType::Mp3, FileType::Flac, FileType::Ogg, FileType::Opus] {
        let trial = recorded(file_type, &markers(30));
        let path = trial.path_text();
        let (told, complaint) = match file_type {
            FileType::Mp3 => (ask("mp3val", &[path]), "WARNING"),
            FileType::Flac => (ask("flac", &["-t", "-w", path]), "WARNING"),
            FileType::Ogg => (ask("ogginfo", &[path]), "WARNING"),
            FileType::Opus => (ask("opusinfo", &[path]), "WARNING"),
            FileType::Wav | FileType::Aiff => (ask("sox", &[path, "-n", "stat"]), "WARN"),
        };
        assert!(told.is_none_or(|told| !told.contains(complaint)), "{file_type:?}");
    }
    let flac = recorded(FileType::Flac, &markers(2));
    if let Some(told) = ask("metaflac", &["--list", "--block-type=VORBIS_COMMENT", flac.path_text()]) {
        assert!(told.contains("CHAPTER001=00:00:00.000") && told.contains("CHAPTER001NAME=Marker 1"), "{told}");
    }
}

/// Markers may come out of order, and their texts become shorter.
#[test]
fn markers_that_change_altogether_leave_a_whole_file() {
    for &file_type in FileType::ALL {
        let trial = trial(file_type);
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(FRAMES));
        for set in [300, 3, 90, 0, 12] {
            encoder.set_markers(&markers(set)[..set]);
            encoder.refresh().unwrap();
            let whole = trial.decoded().frames();
            assert!(whole > FRAMES - RATE as usize / 3, "{file_type:?}: {whole} frames with {set} markers");
        }
        encoder.finish().unwrap();
        if WITH_CHAPTERS.contains(&file_type) {
            assert_chapters(&trial, &markers(12)[..12], file_type);
        }
    }
}
