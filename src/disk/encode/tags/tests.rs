use super::id3::id3_tag;
use super::riff_info::info_chunk;
use super::vorbis_comments::vorbis_comments;
use crate::core::format::{BitRate, Codec, FileType, Menu};
use crate::core::metadata::{Metadata, Origin};
use crate::disk::testing::read_back::{ask, tags};
use crate::disk::testing::trial::Trial;
use ::id3::Tag;
use proptest::prelude::*;
use std::io::Cursor;

mod replay_gain;
mod song_position;

const HEADER: &str = "title = Grüße, 世界\nartist = A & B\nalbum = Rehearsal\ncomment = odd=1\ngenre = Jazz\ntrack = 3/12\n\
                      Mood = blue";

fn origin() -> Origin {
    Origin {
        software: "Recorder 1.0".to_owned(),
        date: "2026-11-22".to_owned(),
        time: "21:05:09".to_owned(),
        track_name: "Drums".to_owned(),
        channel_names: vec!["L".to_owned(), "R".to_owned()],
        first_channel: 0,
        take: 7,
        tempo: Some(119.88),
        song_seconds: Some(1.5),
    }
}

fn trial(file_type: FileType, header: &str) -> Trial {
    let mut trial = Trial::new(file_type, Codec::Pcm24, BitRate::Cbr192, 2, 48_000);
    trial.metadata = Metadata::new(header, origin());
    trial
}

/// Records a second and returns the take.
fn recorded(file_type: FileType, header: &str) -> Trial {
    let trial = trial(file_type, header);
    trial.record(&trial.sound(48_000));
    assert_eq!(trial.decoded().frames(), 48_000, "{file_type:?}");
    trial
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// As FFmpeg has it, each entry as `key=value` in lower case.
fn told_by_ffprobe(trial: &Trial) -> Option<String> {
    let entries = ["-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "default=nw=1", trial.path_text()];
    ask("ffprobe", &entries).map(|told| told.to_lowercase())
}

#[test]
fn every_type_keeps_the_header_where_players_look_for_it() {
    for &file_type in FileType::ALL {
        let trial = recorded(file_type, HEADER);
        let Some(told) = told_by_ffprobe(&trial) else { return };
        for entry in
            ["title=grüße, 世界", "artist=a & b", "album=rehearsal", "genre=jazz", "track=3/12", "date=2026-11-22"]
        {
            assert!(told.contains(&format!("tag:{entry}\n")), "{file_type:?} lacks {entry}: {told}");
        }
        for text in ["odd=1", "blue", "recorder 1.0", "1.5"] {
            assert!(told.contains(text), "{file_type:?} lacks {text}: {told}");
        }
    }
}

#[test]
fn mp3_begins_with_the_frames_of_id3v2_4() {
    let trial = recorded(FileType::Mp3, HEADER);
    assert!(trial.bytes().starts_with(b"ID3\x04\0"));
    let frames = [
        ("TIT2", "Grüße, 世界"),
        ("TPE1", "A & B"),
        ("TALB", "Rehearsal"),
        ("COMM", "odd=1"),
        ("TCON", "Jazz"),
        ("TRCK", "3/12"),
        ("TXXX:MOOD", "blue"),
        ("TDRC", "2026-11-22"),
        ("TBPM", "120"),
        ("TXXX:SONGPOSITION", "1.5"),
        ("TSSE", "Recorder 1.0"),
    ];
    assert_eq!(tags(&trial.path), expected(&frames));
    ask("mp3val", &[trial.path_text()]);
}

#[test]
fn aiff_has_the_same_tag_in_a_chunk_before_the_sound() {
    let trial = recorded(FileType::Aiff, HEADER);
    let tag = id3_tag(&trial.metadata).unwrap();
    let chunk = [b"ID3 ", &(tag.len() as u32).to_be_bytes()[..], &tag].concat();
    let bytes = trial.bytes();
    let at = bytes.windows(chunk.len()).position(|window| window == chunk).unwrap();
    assert!(at < bytes.windows(4).position(|window| window == b"SSND").unwrap());
}

#[test]
fn ogg_flac_and_opus_have_vorbis_comments() {
    let fields = [
        ("TITLE", "Grüße, 世界"),
        ("ARTIST", "A & B"),
        ("ALBUM", "Rehearsal"),
        ("COMMENT", "odd=1"),
        ("GENRE", "Jazz"),
        ("TRACKNUMBER", "3/12"),
        ("MOOD", "blue"),
        ("DATE", "2026-11-22"),
        ("BPM", "119.88"),
        ("SONGPOSITION", "1.5"),
        ("ENCODER", "Recorder 1.0"),
    ];
    for file_type in [FileType::Ogg, FileType::Flac, FileType::Opus] {
        assert_eq!(tags(&recorded(file_type, HEADER).path), expected(&fields), "{file_type:?}");
    }
    ask("flac", &["--test", "--silent", recorded(FileType::Flac, HEADER).path_text()]);
    ask("ogginfo", &[recorded(FileType::Ogg, HEADER).path_text()]);
    ask("opusinfo", &[recorded(FileType::Opus, HEADER).path_text()]);
}

/// The chunks of a WAV file, and within LIST those of INFO.
fn chunks(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(8).filter(|(head, _)| !head.is_empty()) {
        let size = u32::from_le_bytes(head[4..].try_into().unwrap()) as usize;
        found.push((String::from_utf8(head[..4].to_vec()).unwrap(), rest[..size].to_vec()));
        bytes = &rest[size.next_multiple_of(2)..];
    }
    assert!(bytes.is_empty(), "bytes behind the last chunk");
    found
}

#[test]
fn wav_has_its_texts_before_the_sound_and_sizes_that_count_them() {
    let bytes = recorded(FileType::Wav, HEADER).bytes();
    assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize, bytes.len() - 8);
    let all = chunks(&bytes[12..]);
    assert_eq!(
        all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["JUNK", "fmt ", "bext", "iXML", "LIST", "JUNK", "data"]
    );
    let list = &all[4].1;
    assert!(list.starts_with(b"INFO"));
    let info: Vec<_> = chunks(&list[4..])
        .into_iter()
        .map(|(id, text)| {
            let (zero, text) = text.split_last().unwrap();
            assert_eq!(*zero, 0, "{id}");
            (id, String::from_utf8(text.to_vec()).unwrap())
        })
        .collect();
    let texts = [
        ("INAM", "Grüße, 世界"),
        ("IART", "A & B"),
        ("IPRD", "Rehearsal"),
        ("IGNR", "Jazz"),
        ("ITRK", "3/12"),
        ("IPRT", "3/12"),
        ("ICRD", "2026-11-22"),
        ("ISFT", "Recorder 1.0"),
        ("ICMT", "odd=1; Mood = blue; bpm = 119.88; songposition = 1.5"),
    ];
    assert_eq!(info, expected(&texts));
}

#[test]
fn no_entries_leave_no_empty_tag() {
    let nothing = Metadata::default();
    assert!(id3_tag(&nothing).unwrap().is_empty());
    assert!(info_chunk(&nothing).is_empty());
}

#[test]
fn a_file_that_could_not_be_ended_is_repaired_with_its_header() {
    for &file_type in FileType::ALL {
        let trial = trial(file_type, HEADER);
        let mut encoder = trial.open();
        trial.write(&mut *encoder, &trial.sound(48_000));
        encoder.refresh().unwrap();
        drop(encoder);
        trial.repair();
        assert!(trial.decoded().frames() > 24_000, "{file_type:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_header_gives_tags_that_can_be_read(header in "(\\PC{0,20}[=\n\r\0 ]){0,40}", track_name in any::<String>()) {
        let metadata = Metadata::new(&header, Origin { track_name, ..origin() });
        let tag = id3_tag(&metadata).unwrap();
        prop_assert!(Tag::read_from2(Cursor::new(tag)).unwrap().frames().next().is_some());
        let info = info_chunk(&metadata);
        prop_assert_eq!(chunks(&chunks(&info)[0].1[4..]).is_empty(), false);
        for (name, value) in vorbis_comments(&metadata) {
            prop_assert!(name.bytes().all(|byte| (0x20..=0x7D).contains(&byte) && byte != b'='), "{}", name);
            prop_assert!(!value.contains('\0'));
        }
    }

    #[test]
    fn any_header_leaves_a_file_of_every_type_that_decodes(header in "(\\PC{0,20}[=\n\r\0 ]){0,40}") {
        for &file_type in FileType::ALL {
            let trial = trial(file_type, &header);
            trial.record(&trial.sound(100));
            prop_assert_eq!(trial.decoded().frames(), 100);
        }
    }
}

#[test]
fn the_longest_header_leaves_a_file_of_every_type_that_decodes() {
    let header: String = (0..20_000).map(|number| format!("key{number} = value {number}\n")).collect();
    for &file_type in FileType::ALL {
        recorded(file_type, &header);
    }
}
