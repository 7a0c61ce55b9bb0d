use super::*;
use crate::core::format::{BitRate, Codec, FileType, Files, Group};
use crate::core::take::TakeSettings;
use proptest::prelude::*;

const WAV: TakeSettings = TakeSettings { n: 7, ..TakeSettings::DEFAULT };
const MP3: TakeSettings = TakeSettings { file_type: FileType::Mp3, ..WAV };

fn context<'a>(track: &'a str, settings: &'a TakeSettings) -> NameContext<'a> {
    let format = StreamFormat { channels: 2, sample_rate: 48_000 };
    NameContext { track, date: "2026-11-22", time: "14-03-59", settings, format }
}

fn pattern(file: &str, track: &str) -> NamePattern {
    NamePattern::new(file, &context(track, &WAV))
}

/// Paths are compared as texts with `/`: `Path` would not see a doubled separator.
fn text(path: &Path) -> String {
    path.to_str().expect("made from text").replace('\\', "/")
}

fn unique(file: &str, track: &str) -> String {
    text(&pattern(file, track).path(Suffix::Unique(1)))
}

fn fixed(file: &str, track: &str) -> String {
    text(&pattern(file, track).path(Suffix::Fixed(7)))
}

#[test]
fn a_missing_extension_is_added() {
    assert_eq!(unique("take", ""), "take-001.wav");
    assert_eq!(fixed("take", ""), "take.wav");
    assert_eq!(text(&NamePattern::new("take", &context("", &MP3)).path(Suffix::Fixed(0))), "take.mp3");
}

#[test]
fn another_audio_extension_is_replaced_in_any_case() {
    for file in ["take.wav", "take.mp3", "take.Flac", "take.AIFF", "take.w64", "take.ogg", "take.", "take.{type}"] {
        assert_eq!(fixed(file, ""), "take.wav", "{file}");
    }
    assert_eq!(fixed("TAKE.WAV", ""), "TAKE.wav");
    assert_eq!(unique("TAKE.MP3", ""), "TAKE-001.wav");
}

#[test]
fn another_ending_is_part_of_the_name() {
    assert_eq!(fixed("mix.v2", ""), "mix.v2.wav");
    assert_eq!(fixed("mix.v2.wav", ""), "mix.v2.wav");
    assert_eq!(unique("mix.v2", ""), "mix.v2-001.wav");
    assert_eq!(fixed("take.wav2", ""), "take.wav2.wav");
    assert_eq!(fixed("take.wav{suffix}", ""), "take.wav7.wav");
}

#[test]
fn an_extension_that_a_token_brings_is_part_of_the_name() {
    assert_eq!(unique("{track}", "drums.mp3"), "drums.mp3-001.wav");
    assert_eq!(fixed("{track}", "drums.mp3"), "drums.mp3.wav");
    assert_eq!(fixed("{track}.wav", "drums.mp3"), "drums.mp3.wav");
}

#[test]
fn the_unique_suffix_has_three_digits_or_more() {
    let at = |number| text(&pattern("take{suffix}", "").path(Suffix::Unique(number)));
    assert_eq!([at(1), at(999), at(1000)], ["take-001.wav", "take-999.wav", "take-1000.wav"]);
}

#[test]
fn a_number_that_nobody_knows_yet_is_left_open() {
    let open = |file| text(&pattern(file, "").path(Suffix::Unknown));
    assert_eq!((open("take"), open("take{suffix} b")), ("take-….wav".into(), "take-… b.wav".into()));
}

#[test]
fn the_suffix_stands_where_the_user_wrote_it() {
    assert_eq!(unique("{suffix}take", ""), "-001take.wav");
    assert_eq!(unique("a{suffix}/take", ""), "a-001/take.wav");
    assert_eq!(unique("a{suffix}/take{suffix}", ""), "a-001/take-001.wav");
    assert_eq!(fixed("take{suffix}", ""), "take7.wav");
    assert_eq!(fixed("{suffix}", ""), "7.wav");
    assert_eq!(fixed("a{suffix}/take", ""), "a7/take.wav");
}

#[test]
fn every_token_is_filled_in() {
    assert_eq!(fixed("{track} {date} {time}", "Bass"), "Bass 2026-11-22 14-03-59.wav");
    assert_eq!(fixed("{rate} {type} {bitrate}", ""), "48000 wav 2304.wav");
}

#[test]
fn the_group_and_its_take_are_filled_in_as_far_as_there_are_any() {
    let named = |settings: &TakeSettings| {
        text(&NamePattern::new("{group}{take} x", &context("", settings)).path(Suffix::Fixed(0)))
    };
    assert_eq!(named(&TakeSettings { group: Group::B, take: 7, ..WAV }), "B007 x.wav");
    assert_eq!(named(&WAV), "… x.wav");
}

#[test]
fn the_bit_rate_token_says_what_the_file_type_makes_of_it() {
    let bit_rate =
        |settings: &TakeSettings| text(&NamePattern::new("{bitrate}", &context("", settings)).path(Suffix::Fixed(0)));
    assert_eq!(bit_rate(&TakeSettings { codec: Codec::Pcm16, ..WAV }), "1536.wav");
    assert_eq!(bit_rate(&TakeSettings { codec: Codec::Float32, ..WAV }), "3072.wav");
    assert_eq!(bit_rate(&MP3), "192.mp3");
    assert_eq!(bit_rate(&TakeSettings { bit_rate: BitRate::VbrV2, ..MP3 }), "V2.mp3");
    assert_eq!(bit_rate(&TakeSettings { file_type: FileType::Flac, codec: Codec::Float32, ..WAV }), "2304.flac");
    assert_eq!(bit_rate(&TakeSettings { files: Files::Each, ..WAV }), "1152.wav");
    let opus = TakeSettings { file_type: FileType::Opus, bit_rate: BitRate::Cbr320, ..WAV };
    assert_eq!(bit_rate(&opus), "320.opus");
    assert_eq!(bit_rate(&TakeSettings { files: Files::Each, ..opus }), "260.opus");
}

#[test]
fn what_is_no_token_stays_as_written() {
    assert_eq!(fixed("a{foo}b{Track}c{", ""), "a{foo}b{Track}c{.wav");
    assert_eq!(fixed("{{track}}", "Bass"), "{Bass}.wav");
    assert_eq!(fixed("{track", "Bass"), "{track.wav");
    assert_eq!(fixed("{track}", "{suffix}{date}"), "{suffix}{date}.wav");
}

#[test]
fn an_empty_text_or_a_folder_means_the_default_name_there() {
    for file in ["", "  ", ".wav", ".", ".{type}"] {
        let folder = if file == "." { "./" } else { "" };
        assert_eq!(unique(file, ""), format!("{folder}AudioFileOut-001.wav"), "{file:?}");
    }
    assert_eq!(unique("takes/", ""), "takes/AudioFileOut-001.wav");
    assert_eq!(fixed("takes/ ", ""), "takes/AudioFileOut7.wav");
    assert_eq!(unique("takes/..", ""), "takes/../AudioFileOut-001.wav");
}

#[test]
fn a_tilde_the_user_wrote_is_home_and_no_other_is() {
    let start = |file: &str, track: &str| {
        let pattern = pattern(file, track);
        (pattern.start(), text(&pattern.path(Suffix::Unique(1))))
    };
    assert_eq!(start("~", ""), (Start::Home, "AudioFileOut-001.wav".into()));
    assert_eq!(start("~/", ""), (Start::Home, "AudioFileOut-001.wav".into()));
    assert_eq!(start("~/a/take", ""), (Start::Home, "a/take-001.wav".into()));
    assert_eq!(start("~//etc/take", ""), (Start::Home, "etc/take-001.wav".into()));
    assert_eq!(start("~take", ""), (Start::Folder, "~take-001.wav".into()));
    assert_eq!(start("{track}/take", "~"), (Start::Folder, "~/take-001.wav".into()));
}

#[cfg(unix)]
#[test]
fn an_absolute_path_stays_whole() {
    let pattern = pattern("/srv//{track}/../take", "Bass");
    assert_eq!((pattern.start(), pattern.path(Suffix::Fixed(0))), (Start::Absolute, "/srv//Bass/../take.wav".into()));
}

#[cfg(windows)]
#[test]
fn an_absolute_path_stays_whole() {
    let pattern = pattern(r"C:\srv/{track}\..\take", "Bass");
    assert_eq!((pattern.start(), pattern.path(Suffix::Fixed(0))), (Start::Absolute, r"C:\srv\Bass\..\take.wav".into()));
}

#[test]
fn a_track_without_a_name_is_called_track() {
    for track in ["", "  ", "...", " . "] {
        assert_eq!(fixed("{track}", track), "Track.wav", "{track:?}");
    }
}

#[test]
fn text_of_a_token_cannot_lead_elsewhere() {
    assert_eq!(fixed("{track}/take", ".."), "Track/take.wav");
    assert_eq!(fixed("{track}", "../../etc/passwd"), "_._.._etc_passwd.wav");
    assert_eq!(fixed("{track}", "/etc/passwd"), "_etc_passwd.wav");
    assert_eq!(fixed("{track}", r"C:\x"), "C__x.wav");
    assert_eq!(fixed("{track}", ".hidden"), "_hidden.wav");
    assert_eq!(fixed("{track}", "a\0b\nc"), "a_b_c.wav");
}

#[test]
fn blanks_and_dots_that_a_token_brings_to_the_ends_go() {
    assert_eq!(fixed("{track}", "  Dr. No.. "), "Dr. No.wav");
    assert_eq!(fixed("{track}/{track}", " a. "), "a/a.wav");
    assert_eq!(fixed("x/ {track} . /take", "a"), "x/a/take.wav");
}

#[test]
fn a_token_cannot_make_a_device_of_windows() {
    assert_eq!(fixed("{track}", "con"), "_con.wav");
    assert_eq!(unique("{track}", "con"), "con-001.wav");
    assert_eq!(fixed("{track}/take", "LPT²"), "_LPT²/take.wav");
    assert_eq!(fixed("{track}", "NUL .x"), "_NUL .x.wav");
    assert_eq!(fixed("CO{track}", "N"), "_CON.wav");
    assert_eq!(fixed("COM{suffix}", ""), "_COM7.wav");
    assert_eq!(fixed("{track}", "COMB"), "COMB.wav");
}

#[test]
fn what_the_user_wrote_stays_except_for_nul() {
    assert_eq!(fixed("../a//b/take", ""), "../a//b/take.wav");
    assert_eq!(fixed("a\0b", ""), "a_b.wav");
}

#[cfg(unix)]
#[test]
fn what_only_windows_takes_for_something_else_stays_elsewhere() {
    assert_eq!(fixed("CON", ""), "CON.wav");
    assert_eq!(fixed("12:30", ""), "12:30.wav");
}

#[cfg(windows)]
#[test]
fn a_name_that_the_user_wrote_leads_to_no_device() {
    assert_eq!(fixed("nul", ""), "_nul.wav");
    assert_eq!(fixed("COM1/take", ""), "_COM1/take.wav");
    assert_eq!(unique("CON", ""), "CON-001.wav");
}

#[cfg(windows)]
#[test]
fn a_colon_behind_anything_but_a_drive_leads_to_no_other_place() {
    assert_eq!(fixed("12:30", ""), "12_30.wav");
    assert_eq!(fixed("a:b/c:d", ""), "a_b/c_d.wav");
    for file in ["C:take", "C:", "C:a/take"] {
        let pattern = pattern(file, "");
        let path = pattern.path(Suffix::Fixed(0));
        assert_eq!(
            (pattern.start(), Path::new(r"D:\takes").join(&path).starts_with(r"D:\takes")),
            (Start::Folder, true),
            "{path:?}"
        );
    }
    let path = pattern(r"C:\12:30\take", "").path(Suffix::Fixed(0));
    assert_eq!(path, Path::new(r"C:\12_30\take.wav"));
}

#[test]
fn a_long_track_name_is_cut_between_characters() {
    let name = fixed("{track} {date}", &"é".repeat(300));
    assert!(name.starts_with("éé") && name.ends_with("é 2026-11-22.wav"), "{name}");
    assert!(name.len() > 180 && name.len() <= 255);
}

#[test]
fn a_long_text_of_the_users_own_is_left_to_the_system() {
    let long = "x".repeat(300);
    assert_eq!(fixed(&long, ""), long + ".wav");
}

#[test]
fn tokens_that_have_no_room_at_all_leave_a_valid_name() {
    assert_eq!(fixed(&"{track}".repeat(300), "Bass"), "_.wav");
    assert_eq!(fixed(&format!("..{}/take", "{track}".repeat(300)), "Bass"), "_/take.wav");
}

#[test]
fn markers_stand_before_the_extension() {
    let path = Path::new("a.b/take.v2.wav");
    let marked = |marker| text(&marked(path, marker));
    assert_eq!(text(&part_path(path, 2)), "a.b/take.v2 (2).wav");
    assert_eq!(marked(Marker::Recording), "a.b/take.v2 (recording).wav");
    assert_eq!(marked(Marker::Recovered(1)), "a.b/take.v2 (recovered).wav");
    assert_eq!(marked(Marker::Recovered(2)), "a.b/take.v2 (recovered 2).wav");
    assert_eq!(marked(Marker::New(3)), "a.b/take.v2 (new 3).wav");
}

#[test]
fn only_names_of_the_same_pattern_tell_their_number() {
    let name = pattern("x/{track}{suffix} end", "a-b").numbered_name(false).expect("one number, in the file name");
    assert_eq!(name.number_of("a-b-007 end.wav"), Some(7));
    assert_eq!(name.number_of("a-b-1000 end.wav"), Some(1000));
    for other in [
        "a-b-07 end.wav",
        "a-b-0007 end.wav",
        "a-b-+07 end.wav",
        "a-b end.wav",
        "a-b-007 end (2).wav",
        "a-b-007 end.mp3",
        "A-B-007 end.wav",
        "a-b-99999999999999999999999 end.wav",
    ] {
        assert_eq!(name.number_of(other), None, "{other}");
    }
}

#[test]
fn the_files_of_the_channels_lie_side_by_side_and_each_tells_the_number() {
    let channels = ["L".to_owned(), "12".to_owned()];
    let pattern = pattern("x/{track}", "a.b").for_channels(&channels);
    let [first, second] = ["x/a.b-003_L.wav", "x/a.b-003_12.wav"].map(PathBuf::from);
    assert_eq!(pattern.path(Suffix::Unique(3)), first);
    assert_eq!(pattern.paths(Suffix::Unique(3)), [first, second]);
    assert_eq!(pattern.paths(Suffix::Fixed(0)), ["x/a.b_L.wav", "x/a.b_12.wav"].map(PathBuf::from));
    let name = pattern.numbered_name(false).expect("one number, in the file name");
    assert_eq!(["a.b-004_L.wav", "a.b-005_12.wav"].map(|file| name.number_of(file)), [Some(4), Some(5)]);
    assert_eq!(["a.b-004.wav", "a.b-004_R.wav"].map(|file| name.number_of(file)), [None; 2]);
}

#[test]
fn a_file_system_that_knows_no_case_finds_numbers_in_any_case() {
    let name = pattern("Take", "").numbered_name(true).expect("one number, in the file name");
    assert_eq!(name.number_of("TAKE-012.WAV"), Some(12));
}

#[test]
fn a_number_in_a_folder_or_twice_cannot_be_told_by_a_listing() {
    for file in ["a{suffix}/take", "take{suffix}{suffix}", "a{suffix}/take{suffix}"] {
        assert_eq!(pattern(file, "").numbered_name(false), None, "{file}");
    }
}

/// What all three systems take as one name, as Microsoft's, Apple's and Linux's documents have it.
fn is_valid_everywhere(name: &str) -> bool {
    const FORBIDDEN: &str = "<>:\"/\\|?*";
    let devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].map(str::to_owned).into_iter();
    let ports = ["COM", "LPT"].into_iter().flat_map(|port| "0123456789¹²³".chars().map(move |n| format!("{port}{n}")));
    let base = name.split('.').next().unwrap_or("").trim_end_matches(' ').to_uppercase();
    !name.is_empty()
        && name != "."
        && name != ".."
        && name.len() <= 255
        && name.encode_utf16().count() <= 255
        && !name.chars().any(|c| (c as u32) < 32 || c as u32 == 127 || FORBIDDEN.contains(c))
        && !name.starts_with(char::is_whitespace)
        && !name.ends_with(|c: char| c == '.' || c.is_whitespace())
        && !devices.chain(ports).any(|device| device == base)
}

#[test]
fn the_measure_of_validity_refuses_what_it_should() {
    for bad in ["", ".", "..", "a/b", "a\\b", "a.", " a", "con", "Lpt1.wav", "COM² .x", "a\tb", &"x".repeat(256)] {
        assert!(!is_valid_everywhere(bad), "{bad:?}");
    }
    for good in ["a", "a.b", "COMB", "com10", "é", ".a", &"x".repeat(255)] {
        assert!(is_valid_everywhere(good), "{good:?}");
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "..",
        ".",
        "/",
        "\\",
        "~",
        "../",
        "..\\..\\",
        "/etc/passwd",
        "C:",
        "\\\\server\\share\\",
        "CON",
        "con.wav",
        "NUL",
        "COM1",
        "COM¹",
        "LPT³.",
        "aux ",
        "\0",
        "\n",
        " ",
        "\u{a0}",
        "\u{2028}",
        "\u{85}",
        "{track}",
        "{suffix}",
        "-001",
        ".wav",
        "é",
        "😀",
        "e\u{301}",
        "\u{202e}",
        "a",
        "N",
        "1",
        ".",
    ]);
    let pieces = prop::collection::vec(nasty, 0..6).prop_map(|pieces| pieces.concat());
    let long = (prop::sample::select(vec!["x", "é", "😀", "日 ", "."]), 80usize..400).prop_map(|(c, n)| c.repeat(n));
    prop_oneof![any::<String>(), pieces.clone(), (pieces, long).prop_map(|(a, b)| a + &b)]
}

/// One path component as a user may write it, with a token in it.
fn written() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{track}",
        "{date}",
        "{time}",
        "{rate}",
        "{type}",
        "{bitrate}",
        "a",
        "-",
        " ",
        ".",
        "..",
        "CO",
        "N",
        "COM",
        "{",
        "}",
        "é",
        ".mp3",
    ]);
    let pieces = || prop::collection::vec(piece.clone(), 0..4).prop_map(|pieces| pieces.concat());
    (pieces(), pieces()).prop_map(|(before, after)| before + "{track}" + &after)
}

proptest! {
    #[test]
    fn hostile_tokens_stay_in_the_folder_and_make_valid_names(
        components in prop::collection::vec(written(), 1..4),
        suffix_in in prop::option::of(0usize..4),
        (track, date, time) in (hostile(), hostile(), hostile()),
        suffix in prop_oneof![any::<u64>().prop_map(Suffix::Unique), any::<u16>().prop_map(Suffix::Fixed)],
    ) {
        let mut components = components;
        if let Some(component) = suffix_in.and_then(|at| components.get_mut(at)) {
            component.push_str("{suffix}");
        }
        let context = NameContext { track: &track, date: &date, time: &time, ..context("", &WAV) };
        let pattern = NamePattern::new(&components.join("/"), &context);
        prop_assert_eq!(pattern.start(), Start::Folder);
        let path = pattern.path(suffix);
        let text = text(&path);
        let names: Vec<&str> = text.split('/').collect();
        prop_assert_eq!(names.len(), components.len(), "{}", text);
        for name in names {
            prop_assert!(is_valid_everywhere(name), "{:?} in {:?}", name, text);
        }
        prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
        let longest = marked(&part_path(&path, u32::MAX), Marker::Recovered(u32::MAX));
        let longest = longest.file_name().and_then(|name| name.to_str()).expect("made from text");
        prop_assert!(is_valid_everywhere(longest), "{:?}", longest);
    }

    #[test]
    fn any_texts_at_all_give_a_file_name_with_the_right_extension(file in any::<String>(), track in hostile(), n in 1u64..) {
        let path = NamePattern::new(&file, &context(&track, &MP3)).path(Suffix::Unique(n));
        prop_assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("mp3"));
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("made from text");
        prop_assert!(!stem.is_empty());
    }

    #[test]
    fn every_number_has_a_name_of_its_own_that_tells_it(
        written in written(), track in hostile(), a in 1u64.., b in 1u64.., any_case: bool,
    ) {
        for file in [written.clone(), written + "{suffix}"] {
            let pattern = pattern(&file, &track);
            let path = |number| pattern.path(Suffix::Unique(number));
            prop_assert_eq!(path(a) == path(b), a == b);
            let names = pattern.numbered_name(any_case).expect("one number, in the file name");
            let path = path(a);
            let name = path.file_name().and_then(|name| name.to_str()).expect("made from text");
            prop_assert_eq!(names.number_of(name), Some(a), "{}", name);
        }
    }
}
