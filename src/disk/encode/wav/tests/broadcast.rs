//! What a file says of its place and its markers.

use super::*;
use crate::core::markers::{MOST_MARKERS, MarkerKind, Markers};
use crate::core::metadata::Origin;

const RATE: u32 = 48_000;

fn origin(song_seconds: Option<f64>) -> Origin {
    Origin {
        software: "Recorder 1.0".to_owned(),
        date: "2026-11-22".to_owned(),
        time: "21:05:09".to_owned(),
        track_name: "Bass & <Drums>".to_owned(),
        channel_names: vec!["L".to_owned(), "R".to_owned()],
        first_channel: 0,
        take: 12,
        tempo: Some(120.0),
        song_seconds,
    }
}

/// A file of 1,000 frames with these markers.
fn recorded(codec: Codec, channels: usize, metadata: &Metadata, markers: &[Marker]) -> Take {
    let take = Take::new();
    let file = Arc::clone(&take.file);
    let mut encoder = Box::new(WavEncoder::open(codec, stream(channels, RATE), metadata, file).unwrap());
    write(&mut encoder, &sound(channels, 1_000), channels, || 333);
    encoder.set_markers(markers);
    encoder.finish().unwrap();
    take
}

/// The fields of a chunk, found by its place in the row of chunks.
fn chunk<'a>(bytes: &'a [u8], id: &[u8; 4]) -> Option<&'a [u8]> {
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let size = word(bytes, at + 4) as usize;
        if &bytes[at..at + 4] == id {
            return Some(&bytes[at + 8..at + 8 + size]);
        }
        at += 8 + size.next_multiple_of(2);
    }
    None
}

fn text(field: &[u8]) -> &str {
    std::str::from_utf8(field).unwrap().trim_end_matches('\0')
}

#[test]
fn the_sound_begins_at_a_page_and_every_chunk_at_an_even_place() {
    let long = format!("comment = {}", "odd".repeat(1_777));
    for channels in [1, 2, 3, 64] {
        for header in ["", "title = x", &long] {
            let metadata = Metadata::new(header, origin(Some(1.0)));
            let bytes = recorded(Codec::Float32, channels, &metadata, &[]).bytes();
            assert_eq!(header_length(&bytes) % 4_096, 0);
            let data = chunk(&bytes, b"data").expect("the chunks lead to the sound");
            assert_eq!(data.len(), 1_000 * channels * 4);
        }
    }
}

#[test]
fn bext_tells_the_songs_frame_the_day_and_how_the_file_was_made() {
    // At 2^32 frames the high word begins.
    let cases = [(0.0, 0), (62.5, 3_000_000), (90_000.0, 4_320_000_000), (1.000_010_4, 48_000), (-3.25, 0)];
    for (seconds, frames) in cases {
        let metadata = Metadata::new("title = Take Five", origin(Some(seconds)));
        let bytes = recorded(Codec::Pcm24, 2, &metadata, &[]).bytes();
        let bext = chunk(&bytes, b"bext").unwrap();
        assert_eq!(u64::from_le_bytes(bext[338..346].try_into().unwrap()), frames, "{seconds} s");
        assert_eq!(u16::from_le_bytes([bext[346], bext[347]]), 2, "the version");
        assert!(text(&bext[..256]).starts_with("Take Five"));
        assert_eq!(text(&bext[..256]).contains("3.250 s before"), seconds < 0.0);
        let texts = [&bext[256..288], &bext[320..330], &bext[330..338]].map(text);
        assert_eq!(texts, ["Recorder 1.0", "2026-11-22", "21:05:09"]);
        assert_eq!(bext[412..422], [0xFF, 0x7F].repeat(5), "a loudness that nobody measured");
        assert_eq!(text(&bext[602..]), "A=PCM,F=48000,W=24,M=stereo,T=Recorder 1.0\r\n");
    }
}

#[test]
fn a_take_at_an_unknown_position_says_0_and_says_so() {
    let bytes = recorded(Codec::Pcm24, 2, &Metadata::new("", origin(None)), &[]).bytes();
    let bext = chunk(&bytes, b"bext").unwrap();
    assert_eq!(bext[338..346], [0; 8]);
    assert!(text(&bext[..256]).contains("position unknown"), "{}", text(&bext[..256]));
}

#[test]
fn a_position_that_is_told_later_leaves_a_header_that_plays_whichever_of_its_pages_a_kill_keeps_from_the_disk() {
    let long = format!("comment = {}", "odd".repeat(3_000));
    for header in ["", "bpm =", "title =\nbpm =\ndate =\nsoftware =", &long] {
        for (before, later) in [(None, Some(2.018_667)), (Some(3.0), None), (Some(0.0), Some(98_765_432.123_456))] {
            let take = Take::new();
            let metadata = Metadata::new(header, origin(before)).awaiting_song_position();
            let mut encoder =
                WavEncoder::open(Codec::Pcm24, stream(2, RATE), &metadata, Arc::clone(&take.file)).unwrap();
            let pages = |bytes: Vec<u8>| bytes.chunks(512).map(<[u8]>::to_vec).collect::<Vec<_>>();
            let old = pages(take.bytes());
            encoder.set_song_position(later);
            encoder.refresh().unwrap();
            let new = pages(take.bytes());
            assert_eq!(old.len(), new.len());
            for torn in 0..=old.len() {
                let bytes = [&new[..torn], &old[torn..]].concat().concat();
                let data = chunk(&bytes, b"data").unwrap_or_else(|| panic!("{header:?}: no sound behind {torn}"));
                assert!(data.is_empty());
                assert!(chunk(&bytes, b"iXML").is_some_and(|document| std::str::from_utf8(document).is_ok()));
            }
        }
    }
}

#[test]
fn a_loudness_and_markers_that_were_told_before_the_position_stay() {
    let take = Take::new();
    let metadata = Metadata::new("", origin(None)).awaiting_song_position();
    let file = Arc::clone(&take.file);
    let mut encoder = Box::new(WavEncoder::open(Codec::Pcm24, stream(2, RATE), &metadata, file).unwrap());
    write(&mut encoder, &sound(2, 1_000), 2, || 333);
    let markers = markers(5);
    encoder.set_markers(&markers);
    encoder.set_loudness(Loudness { integrated_lufs: Some(-23.0), ..Loudness::default() });
    encoder.set_song_position(Some(2.5));
    encoder.finish().unwrap();
    let bytes = take.bytes();
    let bext = chunk(&bytes, b"bext").unwrap();
    assert_eq!(u64::from_le_bytes(bext[338..346].try_into().unwrap()), 120_000);
    assert_eq!(bext[412..414], (-2_300i16).to_le_bytes());
    assert!(!text(&bext[..256]).contains("unknown"));
    assert_eq!(told(&bytes).len(), 5);
    let document = std::str::from_utf8(chunk(&bytes, b"iXML").unwrap()).unwrap();
    assert!(document.contains("<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>120000</"), "{document}");
}

#[test]
fn a_position_that_is_no_number_is_unknown() {
    for seconds in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bytes = recorded(Codec::Pcm24, 2, &Metadata::new("", origin(Some(seconds))), &[]).bytes();
        let bext = chunk(&bytes, b"bext").unwrap();
        assert_eq!(bext[338..346], [0; 8]);
        assert!(text(&bext[..256]).contains("position unknown"), "{}", text(&bext[..256]));
    }
}

#[test]
fn other_programs_read_the_songs_position_from_bext() {
    let metadata = Metadata::new("title = Grüße", origin(Some(62.5)));
    let take = recorded(Codec::Pcm24, 2, &metadata, &[]);
    let path = take.path.to_str().unwrap();
    if let Some(told) = ask("ffprobe", &["-v", "error", "-show_entries", "format_tags", "-of", "default=nw=1", path]) {
        for entry in ["time_reference=3000000", "date=2026-11-22", "creation_time=21:05:09", "encoded_by=Recorder 1.0"]
        {
            assert!(told.to_lowercase().contains(&format!("tag:{entry}").to_lowercase()), "{entry}: {told}");
        }
    }
    if let Some(told) = ask("sndfile-info", &["--broadcast", path]) {
        for entry in ["62.500000 seconds", "2026-11-22", "21:05:09"] {
            assert!(told.contains(entry), "{entry}: {told}");
        }
    }
}

#[test]
fn ixml_is_a_document_with_the_take_its_tracks_and_its_time() {
    let metadata = Metadata::new("title = A < B\nproject = R&D", origin(Some(90_000.0)));
    let bytes = recorded(Codec::Pcm24, 2, &metadata, &[]).bytes();
    let document = std::str::from_utf8(chunk(&bytes, b"iXML").unwrap()).unwrap();
    for element in [
        "<PROJECT>R&amp;D</PROJECT>",
        "<SCENE>A &lt; B</SCENE>",
        "<TAKE>12</TAKE>",
        "<FILE_SAMPLE_RATE>48000</FILE_SAMPLE_RATE>",
        "<AUDIO_BIT_DEPTH>24</AUDIO_BIT_DEPTH>",
        "<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>1</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>",
        "<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>25032704</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>",
        "<TIMESTAMP_SAMPLE_RATE>48000</TIMESTAMP_SAMPLE_RATE>",
        "<TRACK_COUNT>2</TRACK_COUNT>",
        "<NAME>Bass &amp; &lt;Drums&gt; R</NAME>",
    ] {
        assert!(document.contains(element), "{element}: {document}");
    }
}

fn ixml_of(channels: usize, metadata: &Metadata) -> String {
    let bytes = recorded(Codec::Pcm24, channels, metadata, &[]).bytes();
    String::from_utf8(chunk(&bytes, b"iXML").unwrap().to_vec()).unwrap()
}

#[test]
fn ixml_leaves_out_what_nobody_told() {
    let nothing = Origin { track_name: String::new(), ..origin(None) };
    let document = ixml_of(2, &Metadata::new("", nothing));
    for element in ["PROJECT", "SCENE", "NOTE", "TIMESTAMP"] {
        assert!(!document.contains(element), "{element}: {document}");
    }
    assert!(document.contains("<TAKE>12</TAKE>"));
    let document = ixml_of(2, &Metadata::new("comment = Loud\nproject = P", origin(Some(0.0))));
    for element in ["<PROJECT>P<", "<NOTE>Loud<", "_LO>0<"] {
        assert!(document.contains(element), "{element}: {document}");
    }
}

#[test]
fn ixml_tells_which_channel_of_the_take_is_in_the_file_and_where() {
    let second = Origin { first_channel: 1, channel_names: vec!["R".to_owned()], ..origin(None) };
    let document = ixml_of(1, &Metadata::new("", second));
    assert!(document.contains("<CHANNEL_INDEX>2<") && document.contains("<INTERLEAVE_INDEX>1<"), "{document}");
    let document = ixml_of(2, &Metadata::new("", origin(None)));
    for index in 1..=2 {
        let both = format!("<CHANNEL_INDEX>{index}</CHANNEL_INDEX>\n<INTERLEAVE_INDEX>{index}<");
        assert!(document.contains(&both), "{document}");
    }
}

/// The description has 256 bytes.
#[test]
fn a_long_title_does_not_cut_off_that_the_position_is_unknown() {
    for length in [1, 232, 233, 234, 256, 300] {
        for seconds in [None, Some(-3.25)] {
            let metadata = Metadata::new(&format!("title = {}", "x".repeat(length)), origin(seconds));
            let bytes = recorded(Codec::Pcm24, 1, &metadata, &[]).bytes();
            let description = text(&chunk(&bytes, b"bext").unwrap()[..256]).to_owned();
            let end = if seconds.is_none() { "; song position unknown" } else { "; begins 3.250 s before the song" };
            assert!(description.ends_with(end), "{length}: {description}");
            let shown = length.min(256 - end.len());
            assert_eq!(description.len(), shown + end.len(), "{description}");
        }
    }
}

#[test]
fn bext_tells_the_loudness_that_was_measured_and_leaves_out_what_was_not() {
    let loudness = Loudness {
        integrated_lufs: Some(-23.456),
        range_lu: None,
        true_peak_dbtp: Some(1.5),
        max_momentary_lufs: Some(-15.0),
        max_short_term_lufs: Some(-18.25),
    };
    let take = Take::new();
    let mut encoder = take.open(Codec::Pcm24, stream(2, RATE));
    write(&mut encoder, &sound(2, 1_000), 2, || 333);
    encoder.set_loudness(loudness);
    encoder.finish().unwrap();
    let bytes = take.bytes();
    let bext = chunk(&bytes, b"bext").unwrap();
    let values: Vec<_> = bext[412..422].as_chunks::<2>().0.iter().map(|value| i16::from_le_bytes(*value)).collect();
    assert_eq!(values, [-2_346, 0x7FFF, 150, -1_500, -1_825]);
    if let Some(told) = ask("sndfile-info", &["--broadcast", take.path.to_str().unwrap()]) {
        for line in ["Loudness value           : -23.46 LUFS", "Max. true peak level     :   1.50 dBTP"] {
            assert!(told.contains(line), "{line}: {told}");
        }
    }
}

#[test]
fn ixml_has_no_character_that_xml_forbids() {
    let track_name = "Bass\u{1}\u{FFFE}".to_owned();
    let metadata = Metadata::new("project = a\u{FFFF}b", Origin { track_name, ..origin(None) });
    let bytes = recorded(Codec::Pcm24, 1, &metadata, &[]).bytes();
    let document = std::str::from_utf8(chunk(&bytes, b"iXML").unwrap()).unwrap();
    assert!(document.contains("<PROJECT>a b</PROJECT>") && !document.contains('\u{1}'), "{document}");
    assert!(!document.contains(['\u{FFFE}', '\u{FFFF}']), "{document}");
}

fn markers(count: usize) -> Vec<Marker> {
    let mut markers = Markers::default();
    (0..count).for_each(|index| markers.set((index * 1_000 / count) as u64));
    markers.within(0, u64::MAX)
}

/// Place and text of each, read from the chunks.
fn told(bytes: &[u8]) -> Vec<(u32, String)> {
    let Some(cue) = chunk(bytes, b"cue ") else { return Vec::new() };
    assert_eq!(cue.len(), 4 + 24 * word(cue, 0) as usize);
    let mut lists = Vec::new();
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let size = word(bytes, at + 4) as usize;
        if &bytes[at..at + 4] == b"LIST" && &bytes[at + 8..at + 12] == b"adtl" {
            lists.push(&bytes[at + 12..at + 8 + size]);
        }
        at += 8 + size.next_multiple_of(2);
    }
    let &[mut labels] = &lists[..] else { panic!("{} lists of labels", lists.len()) };
    cue[4..]
        .chunks_exact(24)
        .map(|point| {
            assert_eq!((&point[8..12], word(point, 4)), (&b"data"[..], word(point, 20)));
            let size = word(labels, 4) as usize;
            assert_eq!((&labels[..4], word(labels, 8)), (&b"labl"[..], word(point, 0)));
            let label = text(&labels[12..8 + size]).to_owned();
            labels = &labels[8 + size.next_multiple_of(2)..];
            (word(point, 20), label)
        })
        .collect()
}

#[test]
fn every_marker_up_to_the_most_is_in_the_file_once_whether_or_not_it_has_room_before_the_sound() {
    for count in [0, 1, 2, 30, 31, 32, 33, 60, 200, MOST_MARKERS] {
        for channels in [1, 2] {
            let markers = markers(count);
            let bytes = recorded(Codec::Pcm24, channels, &Metadata::default(), &markers).bytes();
            let expected: Vec<_> =
                markers.iter().map(|marker| (marker.frame as u32, marker.kind.to_string())).collect();
            assert_eq!(told(&bytes), expected);
            assert_eq!(word(&bytes, 4) as usize + 8, bytes.len());
        }
    }
}

#[test]
fn after_a_kill_the_markers_of_the_last_refresh_that_have_room_before_the_sound_are_there() {
    for count in [1, 25, 400] {
        let take = Take::new();
        let mut encoder = take.open(Codec::Pcm24, stream(2, RATE));
        write(&mut encoder, &sound(2, 1_000), 2, || 333);
        let markers = markers(count);
        encoder.set_markers(&markers);
        encoder.refresh().unwrap();
        write(&mut encoder, &sound(2, 1_000), 2, || 333);
        let told = told(&take.bytes());
        assert!(told.len() == count || told.len() >= 30, "{} of {count}", told.len());
        repair(&take.file).unwrap();
        assert_eq!(self::told(&take.bytes()), told);
    }
}

#[test]
fn other_programs_read_each_marker_at_its_frame() {
    let kinds = [
        MarkerKind::Set { number: 1 },
        MarkerKind::Pause { seconds: 2.5 },
        MarkerKind::Lost { frames: 64 },
        MarkerKind::Jump { seconds: Some(8.0) },
        MarkerKind::Jump { seconds: None },
        MarkerKind::Elsewhere,
    ];
    let markers: Vec<_> =
        kinds.iter().enumerate().map(|(index, &kind)| Marker { frame: index as u64 * 100, kind }).collect();
    let take = recorded(Codec::Pcm24, 2, &Metadata::default(), &markers);
    let path = take.path.to_str().unwrap();
    if let Some(told) = ask("sndfile-info", &[path]) {
        assert!(!told.contains("***") && told.contains("Count : 6"), "{told}");
    }
    let wanted = ["-v", "error", "-show_chapters", "-of", "compact", path];
    if let Some(told) = ask("ffprobe", &wanted) {
        for marker in &markers {
            assert!(told.contains(&format!("|start={}|", marker.frame)), "{}: {told}", marker.frame);
            assert!(told.contains(&marker.kind.to_string()), "{}: {told}", marker.kind);
        }
    }
}
