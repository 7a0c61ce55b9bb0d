//! The window as a person uses it: by what it says, with mouse and keyboard.

mod group;
mod keys;
mod pages;
mod rig;
mod takes;

use super::desktop::News;
use super::view::MIN_SIZE;
use crate::core::format::{
    BitRate, Codec, Dither, ExportMethod, FileType, Files, Group, Menu, Rate, RateMatch, Split, Start, StreamFormat,
};
use crate::link::{Column, Gate, Span, TakeReport, TextId};
use egui::{Key, Modifiers, Role, Vec2, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use pages::{PAGES, in_full_use};
use rig::{Asked, Rig, default_size};

const STEREO: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };

fn report(name: &str) -> TakeReport {
    TakeReport {
        paths: vec![format!("/takes/{name}").into()],
        frames: 96_000,
        sample_rate: 48_000,
        bytes: 576_044,
        peak: 0.5,
        ..TakeReport::default()
    }
}

#[test]
fn record_and_pause_set_their_parameters_through_the_host() {
    let mut rig = Rig::new();
    rig.click("Record");
    assert_eq!(rig.gestures(), ["begin Record", "set Record 1", "end Record"]);
    rig.click("Pause");
    assert_eq!(rig.gestures(), ["begin Pause", "set Pause 1", "end Pause"]);
    rig.click("Record");
    assert_eq!(rig.gestures(), ["begin Record", "set Record 0", "end Record"]);
}

/// Within one block the audio thread would see neither on nor off.
#[test]
fn marker_goes_on_until_the_audio_thread_has_seen_it_and_off_first_where_it_is_on() {
    let mut rig = Rig::new();
    rig.click("Marker");
    assert_eq!(rig.gestures(), ["begin Marker", "set Marker 1"]);
    rig.press(Key::M);
    assert_eq!(rig.gestures(), [""; 0], "one at a time");
    rig.status().set_marker(true);
    rig.harness.step();
    assert_eq!(rig.gestures(), ["set Marker 0", "end Marker"]);
    rig.press(Key::M);
    assert_eq!(rig.gestures(), ["begin Marker", "set Marker 0"], "the end of the first press was not seen yet");
    rig.status().set_marker(false);
    rig.harness.step();
    rig.status().set_marker(true);
    rig.harness.step();
    assert_eq!(rig.gestures(), ["set Marker 1", "set Marker 0", "end Marker"]);
    rig.status().set_marker(false);

    rig.set(|params| &params.marker, true);
    rig.gestures();
    rig.status().set_marker(true);
    rig.press(Key::M);
    assert_eq!(rig.gestures(), ["begin Marker", "set Marker 0"]);
    rig.status().set_marker(false);
    rig.harness.step();
    assert_eq!(rig.gestures(), ["set Marker 1"]);
    rig.status().set_marker(true);
    rig.harness.step();
    assert_eq!(rig.gestures(), ["set Marker 0", "end Marker"]);
}

#[test]
fn a_press_of_marker_that_nobody_sees_ends_by_itself() {
    let mut rig = Rig::new();
    rig.click("Marker");
    rig.gestures();
    for _ in 0..70 {
        rig.harness.step();
    }
    assert_eq!(rig.gestures(), ["set Marker 0", "end Marker"]);
}

/// A host that stands still calls no `process()`: the audio thread would never hear of it.
#[test]
fn capture_asks_the_writer_itself_and_says_where_there_is_none() {
    let mut rig = Rig::new();
    rig.status().set_stream(STEREO);
    rig.click("Capture");
    rig.sees(
        "Nothing was kept: all that has passed is in a take already, or Keep on the Start page is 0 s. Play something, then \
         press Capture again.",
    );
    rig.status().captures().open();
    rig.set(|params| &params.keep, 10.0);
    rig.set(|params| &params.file_type, FileType::Flac);
    rig.gestures();
    rig.press(Key::C);
    let asked = rig.status().captures().take().unwrap();
    assert_eq!((asked.frames, asked.settings.file_type), (480_000, FileType::Flac));
    assert_eq!((rig.status().captures().take(), rig.gestures()), (None, vec![]));
    rig.click("Capture");
    assert!(rig.status().captures().take().is_some());
    rig.page("File");
    rig.type_into("File", "c");
    assert_eq!(rig.status().captures().take(), None, "a C that is typed is none that captures");
}

#[test]
fn capture_says_how_much_it_would_save_and_the_start_page_how_much_there_is() {
    let mut rig = Rig::new();
    rig.page("Start");
    rig.status().set_stream(STEREO);
    rig.sees("Capture saves 0.0 s");
    rig.status().set_history_frames(90 * 48_000);
    rig.sees("Capture saves 60 s");
    rig.sees("90 s of what passed are in memory");
    rig.set(|params| &params.keep, 0.0);
    rig.sees("Nothing of what passes is kept");
}

#[test]
fn an_armed_recorder_says_what_it_waits_for() {
    let mut rig = Rig::new();
    rig.set(|params| &params.record, true);
    for (start, gate, word) in [
        (Start::Transport, Gate::Armed, "ARMED: STARTS WITH PLAY"),
        (Start::HostRecord, Gate::Armed, "ARMED: STARTS WITH THE HOST'S RECORD"),
        (Start::Sound, Gate::Armed, "ARMED: STARTS WITH SOUND"),
        (Start::Transport, Gate::NoTransport, "ARMED: THE HOST TELLS NO TRANSPORT"),
        // The host calls no `process()`.
        (Start::Sound, Gate::Idle, "ARMED: STARTS WITH SOUND"),
    ] {
        rig.set(|params| &params.start, start);
        rig.status().set_gate(gate);
        rig.sees(word);
    }
    rig.set(|params| &params.pause, true);
    rig.sees("PAUSED");
}

#[test]
fn the_start_page_sets_its_parameters_through_the_host() {
    let mut rig = Rig::new();
    rig.page("Start");
    rig.open_menu("Start");
    rig.click("With Sound");
    assert_eq!(rig.gestures(), ["begin Start", "set Start 1", "end Start"]);
    for (label, typed, value) in
        [("Threshold", "-12", "0.8"), ("Hold", "60", "1"), ("Pre-roll", "150", "0.5"), ("Keep", "999", "1")]
    {
        rig.tab_to(Role::SpinButton, label);
        rig.harness.get_by_role_and_label(Role::SpinButton, label).click();
        rig.harness.run_steps(3);
        rig.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        rig.harness.event(egui::Event::Text(typed.to_owned()));
        rig.press(Key::Enter);
        let gestures = rig.gestures();
        assert_eq!(gestures[0], format!("begin {label}"));
        assert_eq!(gestures.last().unwrap(), &format!("end {label}"));
        assert!(gestures.contains(&format!("set {label} {value}")), "{gestures:?}");
    }
}

#[test]
fn space_toggles_record_whatever_has_the_focus() {
    let mut rig = Rig::new();
    rig.press(Key::Space);
    assert_eq!(rig.gestures(), ["begin Record", "set Record 1", "end Record"]);
    for _ in 0..12 {
        rig.press(Key::Tab);
        if rig.harness.ctx.text_edit_focused() {
            continue;
        }
        let before = rig.params().record.value();
        rig.press(Key::Space);
        assert_eq!(rig.params().record.value(), !before, "with the focus on {:?}", rig.focused());
    }
}

#[test]
fn space_is_a_letter_while_a_text_is_typed() {
    let mut rig = Rig::new();
    rig.field("File").click();
    rig.harness.run();
    rig.press(Key::Space);
    assert!(!rig.params().record.value());
}

#[test]
fn every_state_is_said_in_large_words() {
    let mut rig = Rig::new();
    rig.sees("READY");
    rig.click("Record");
    rig.sees("WAITING FOR SOUND");
    rig.status().take_begins(48_000);
    rig.status().take_path("/takes/one.wav".into());
    rig.status().take_progress(3_725 * 48_000, 12_345_678, 0);
    rig.status().set_gate(Gate::Recording);
    rig.sees("RECORDING");
    rig.sees("Length 1:02:05.000");
    rig.sees("Take one.wav, WAV, 12.3 MB");
    rig.status().set_gate(Gate::Paused);
    rig.sees("PAUSED");
    rig.status().set_gate(Gate::Idle);
    rig.status().set_queue_fill(0.8);
    rig.sees("WRITING THE REST: 0 %");
    rig.status().set_queue_fill(0.2);
    rig.sees("WRITING THE REST: 75 %");
    rig.status().take_fails("The disk is full.");
    rig.sees("NOT RECORDING");
}

#[test]
fn an_error_stays_until_it_is_read() {
    let mut rig = Rig::new();
    rig.status().take_begins(48_000);
    rig.status().take_fails("The disk is full.");
    rig.status().take_ends(report("one.wav"));
    rig.sees("The disk is full.");
    rig.status().take_begins(48_000);
    rig.status().take_ends(report("two.wav"));
    rig.sees("The disk is full.");
    rig.click("OK: The disk is full.");
    assert!(rig.harness.query_by_label("The disk is full.").is_none());
    rig.status().take_begins(48_000);
    rig.status().take_fails("The disk is full.");
    rig.sees("The disk is full.");
}

#[test]
fn every_trouble_appears_at_once_and_none_pushes_the_others_out() {
    let mut rig = Rig::new();
    rig.status().set_stream(StreamFormat { channels: 6, ..STEREO });
    rig.set(|params| &params.file_type, FileType::Mp3);
    rig.status().take_begins(48_000);
    rig.status().count_lost(480);
    rig.status().take_loses_at(48_000);
    rig.status().take_progress(96_000, 1_000, 5);
    rig.status().count_merge();
    rig.status().count_nearly_full();
    rig.status().take_fails("\"take.wav\" is being recorded to by another instance.");
    rig.harness.run_steps(3);
    for words in [
        "another instance",
        "holds 2 channels at most",
        "480 frames were lost, the first at 0:00:01.000",
        "nearly full",
        "5 samples were louder",
        "1 take began",
    ] {
        assert_eq!(
            rig.harness.query_all_by_label_contains(words).filter(|node| !is_button(node)).count(),
            1,
            "{words}"
        );
    }
}

fn is_button(node: &egui_kittest::Node<'_>) -> bool {
    node.accesskit_node().role() == Role::Button
}

#[test]
fn each_file_type_shows_what_it_uses_and_nothing_else() {
    let mut rig = Rig::new();
    assert!(rig.harness.query_all_by_label("Codec").next().is_some());
    assert!(rig.harness.query_all_by_label("Bit Rate").next().is_none());
    rig.open_menu("File Type");
    rig.click("MP3");
    assert_eq!(rig.params().file_type.value(), FileType::Mp3);
    assert!(rig.harness.query_all_by_label("Codec").next().is_none());
    rig.open_menu("Bit Rate");
    rig.click("VBR V0");
    assert_eq!(rig.params().bit_rate.value(), BitRate::VbrV0);
    assert_eq!(rig.gestures().last().map(String::as_str), Some("end Bit Rate"));
    rig.set(|params| &params.file_type, FileType::Wav);
    rig.open_menu("Codec");
    rig.click("32-bit float");
    assert_eq!(rig.params().codec.value(), Codec::Float32);
}

#[test]
fn the_page_of_the_file_says_how_many_files_a_take_has() {
    let mut rig = Rig::new();
    rig.open_menu("Split");
    rig.click("At Song Jumps");
    assert_eq!(rig.params().split.value(), Split::Jumps);
    rig.open_menu("Files");
    rig.click("One for Each Channel");
    assert_eq!(rig.params().files.value(), Files::Each);
    assert_eq!(rig.gestures().last().map(String::as_str), Some("end Files"));
}

#[test]
fn the_page_of_the_sound_sets_its_parameters() {
    let mut rig = Rig::new();
    rig.page("Sound");
    rig.click("Time Slice");
    assert!(rig.params().time_slice.value());
    rig.click("Loudness");
    assert!(rig.params().loudness.value());
    rig.open_menu("Sample Rate");
    rig.click("96 kHz");
    assert_eq!(rig.params().rate.value(), Rate::R96000);
    rig.open_menu("Sample Rate Match");
    rig.click("Error If Rates Differ");
    assert_eq!(rig.params().rate_match.value(), RateMatch::Error);
    assert_eq!(rig.gestures().last().map(String::as_str), Some("end Sample Rate Match"));
    rig.open_menu("Dither");
    rig.click("TPDF");
    assert_eq!(rig.params().dither.value(), Dither::Tpdf);
}

#[test]
fn the_texts_of_the_export_show_only_where_they_count() {
    let mut rig = Rig::new();
    rig.page("Export");
    for (label, fields) in [
        ("Off", [false, false, false]),
        ("Channel Name is Path", [true, true, false]),
        ("Table by Name", [true, false, true]),
        ("Table by Index", [true, false, true]),
    ] {
        if label != "Off" {
            rig.open_menu("Export Method");
            rig.click(label);
            rig.harness.run_steps(3);
        }
        let shows = ["Export Target", "Export Root", "Export Table"]
            .map(|field| rig.harness.query_all_by_label(field).next().is_some());
        assert_eq!(shows, fields, "{label}");
    }
    assert_eq!(rig.params().export_method.value(), ExportMethod::TableByIndex);
    assert_eq!(rig.gestures().last().map(String::as_str), Some("end Export Method"));
}

#[test]
fn the_texts_of_the_export_are_kept_as_they_are_typed() {
    let mut rig = Rig::new();
    rig.page("Export");
    rig.open_menu("Export Method");
    rig.click("Channel Name is Path");
    rig.type_into("Export Root", "/x");
    rig.type_into("Export Target", "1");
    rig.open_menu("Export Method");
    rig.click("Table by Name");
    rig.type_into("Export Table", "chan1 /left");
    rig.press(Key::Enter);
    rig.field("Export Table").type_text("lost /gone");
    rig.harness.run();
    let texts = rig.params().texts.current();
    assert_eq!((texts.export_root.as_str(), texts.export_target.as_str()), ("/audiofileout/x", "127.0.0.1:70001"));
    assert_eq!(texts.export_table, "chan1 /left\nlost /gone");
    assert!(rig.params().revision.value() > 0, "the host has to know that there is something to save");
}

#[test]
fn an_export_that_sends_nothing_says_so_as_long_as_that_is_so() {
    let mut rig = Rig::new();
    rig.status().set_export_note(Some("\"x\" is no Export Target.".to_owned()));
    rig.sees("\"x\" is no Export Target.");
    assert!(rig.harness.query_by_label_contains("OK:").is_none());
    rig.status().set_export_note(None);
    rig.harness.run_steps(2);
    assert!(rig.harness.query_by_label_contains("Export Target").is_none());
}

#[test]
fn the_fallback_is_kept_as_it_is_typed() {
    let mut rig = Rig::new();
    rig.type_into("Fallback", "/spare");
    assert_eq!(rig.params().texts.current().fallback, "/spare");
}

#[test]
fn the_header_takes_several_lines() {
    let mut rig = Rig::new();
    rig.page("Tags");
    rig.type_into("Header", "title = X");
    rig.press(Key::Enter);
    rig.field("Header").type_text("artist = Y");
    rig.harness.run();
    assert_eq!(rig.params().texts.current().header, "title = X\nartist = Y");
}

#[test]
fn n_can_be_set_only_where_it_is_used() {
    let mut rig = Rig::new();
    let is_enabled = |rig: &Rig| !rig.harness.get_by_role(Role::SpinButton).accesskit_node().is_disabled();
    assert!(!is_enabled(&rig));
    rig.click("Unique Suffix");
    assert_eq!(rig.gestures(), ["begin Unique Suffix", "set Unique Suffix 0", "end Unique Suffix"]);
    assert!(is_enabled(&rig));
}

#[test]
fn dragging_n_is_one_gesture() {
    let mut rig = Rig::new();
    rig.click("Unique Suffix");
    rig.gestures();
    let from = rig.harness.get_by_role(Role::SpinButton).rect().center();
    rig.harness.drag_at(from);
    rig.harness.step();
    for step in 1..20 {
        rig.harness.hover_at(from + vec2(10.0 * step as f32, 0.0));
        rig.harness.step();
    }
    rig.harness.drop_at(from + vec2(200.0, 0.0));
    rig.harness.run_steps(2);
    let gestures = rig.gestures();
    assert_eq!(gestures.first().map(String::as_str), Some("begin N"));
    assert_eq!(gestures.last().map(String::as_str), Some("end N"));
    assert_eq!(gestures.iter().filter(|gesture| !gesture.starts_with("set")).count(), 2, "{gestures:?}");
    assert!(rig.params().n.value() > 10);
}

#[test]
fn the_next_path_follows_what_is_typed() {
    let mut rig = Rig::new();
    rig.sees("Next take: /takes/AudioFileOut{suffix}-001");
    rig.type_into("File", "X");
    assert_eq!(rig.params().texts.current().file, "AudioFileOut{suffix}X");
    rig.sees("Next take: /takes/AudioFileOut{suffix}X-001");
    assert_eq!(rig.params().revision.value(), 1, "the host has to know that there is something to save");
    rig.click("Unique Suffix");
    rig.sees("Next take: /takes/AudioFileOut{suffix}X0");
}

#[test]
fn browse_asks_the_desktop_and_puts_the_folder_in_front_of_the_name() {
    let mut rig = Rig::new();
    rig.click("Browse…");
    assert_eq!(rig.asked(), [Asked::Folder("/takes".into())]);
    rig.tell(News::Folder("music".into()));
    rig.harness.run();
    let file = std::path::Path::new("music").join("AudioFileOut{suffix}");
    assert_eq!(rig.params().texts.current().file, file.to_string_lossy());
}

#[test]
fn a_desktop_that_cannot_is_told_of_until_it_is_read() {
    let mut rig = Rig::new();
    rig.tell(News::Failed("No dialog here.".into()));
    rig.sees("No dialog here.");
    rig.click("OK: No dialog here.");
    assert!(rig.harness.query_by_label("No dialog here.").is_none());
}

#[test]
fn a_click_on_a_take_shows_its_file_and_the_folder_button_its_folder() {
    let mut rig = Rig::new();
    for take in 0..100 {
        rig.status().take_ends(report(&format!("take-{take:03}.wav")));
    }
    rig.harness.run();
    let row = "take-099.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost";
    rig.click(row);
    assert_eq!(rig.asked(), [Asked::Show("/takes/take-099.wav".into())]);
    rig.click("Open Folder");
    assert_eq!(rig.asked(), [Asked::Show("/takes".into())]);
    assert_eq!(rig.harness.query_all_by_label_contains("nothing lost").count(), 100);
}

#[test]
fn a_clip_light_stays_until_it_is_clicked() {
    let mut rig = Rig::new();
    rig.play(&[0.5, 1.5]);
    rig.harness.step();
    rig.play(&[0.5, 0.5]);
    rig.harness.run_steps(200);
    assert!(rig.harness.query_by_label("Clip light of channel 1").is_none());
    rig.harness.get_by_label("Clip light of channel 2").click();
    rig.harness.run_steps(2);
    assert!(rig.harness.query_by_label("Clip light of channel 2").is_none());
}

#[test]
fn the_waveform_tells_record_pause_and_loss_apart() {
    let mut rig = Rig::new();
    for (span, columns) in [(Span::Recorded, 300), (Span::Paused, 1), (Span::Lost, 50)] {
        for _ in 0..columns {
            rig.status().waveform().push(Column { low: -0.5, high: 0.5, span, begins: false });
        }
    }
    rig.sees("Waveform: 3.0 s recorded, 0.5 s with lost frames, pauses: 1");
}

#[test]
fn a_window_on_silence_comes_to_rest() {
    let mut rig = Rig::new();
    rig.status().set_stream(STEREO);
    rig.play(&[0.0, 0.0]);
    // Panics where the window goes on redrawing itself.
    rig.harness.run();
}

/// What a user types.
const TEXTS: [TextId; 7] = [
    TextId::File,
    TextId::Scope,
    TextId::Header,
    TextId::Fallback,
    TextId::ExportRoot,
    TextId::ExportTable,
    TextId::ExportTarget,
];

/// Names and texts that a layout may trip over.
fn hostile_names() -> [String; 5] {
    [
        "a".repeat(255) + ".wav",
        "W".repeat(3_000),
        "one\ntwo\r\nthree\tfour.wav".to_owned(),
        "\u{202e}vaw.\u{202d}abc\u{200b}".to_owned(),
        "Ünïcödé ñame with spaces and { braces } {suffix}.wav".to_owned(),
    ]
}

#[test]
fn hostile_names_stay_inside_the_window_at_every_size_and_scale() {
    for name in hostile_names() {
        for (size, scale) in [(MIN_SIZE, 1.0), (MIN_SIZE, 2.0), (default_size(), 1.5), (vec2(1600.0, 1000.0), 1.0)] {
            let mut rig = Rig::sized(size, scale);
            rig.params().texts.set(TextId::File, &name);
            rig.harness.state_mut().panel.set_track(&name, Some([200, 60, 40]));
            rig.status().take_begins(48_000);
            rig.status().take_path(name.clone().into());
            rig.status().take_ends(report(&name));
            rig.harness.run_steps(3);
            stays_inside(&rig, size, &name);
        }
    }
}

#[test]
fn hostile_texts_stay_inside_the_narrowest_window_on_each_page() {
    for text in hostile_names() {
        for method in [ExportMethod::ChannelNameIsPath, ExportMethod::TableByName] {
            let mut rig = in_full_use(MIN_SIZE, 1.0);
            for id in TEXTS {
                rig.params().texts.set(id, &text);
            }
            rig.set(|params| &params.export_method, method);
            rig.status().set_export_note(Some(format!("{text} is no Export Target.")));
            for (page, _) in PAGES {
                rig.page(page);
                stays_inside(&rig, MIN_SIZE, &text);
            }
        }
    }
}

#[test]
fn sixty_four_channels_and_their_clip_lights_fit_into_the_smallest_window() {
    let mut rig = Rig::sized(MIN_SIZE, 1.0);
    rig.play(&[2.0; 64]);
    rig.harness.run_steps(2);
    for channel in 1..=64 {
        let label = format!("Channel {channel}:");
        let meter = rig.harness.get_by_label_contains(&label);
        assert!(meter.rect().width() >= 3.0, "channel {channel} is {} wide", meter.rect().width());
        assert!(rig.harness.query_by_label(&format!("Clip light of channel {channel}")).is_some());
    }
    stays_inside(&rig, MIN_SIZE, "64 channels");
}

#[test]
fn record_and_the_trouble_stay_in_sight_in_the_smallest_window() {
    let mut rig = Rig::sized(MIN_SIZE, 1.0);
    for error in ["The disk is full.", "The folder is gone."] {
        rig.status().take_begins(48_000);
        rig.status().take_fails(error);
    }
    rig.status().count_lost(5);
    rig.status().count_merge();
    rig.harness.run_steps(3);
    for label in ["Record", "Pause", "The folder is gone. (2 times)"] {
        let rect = rig.harness.get_by_label(label).rect();
        assert!(rect.max.y <= MIN_SIZE.y && rect.min.y >= 0.0, "{label} lies at {rect:?}");
    }
}

/// Nothing may stick out at the sides. Below, the settings and the takes scroll.
fn stays_inside(rig: &Rig, size: Vec2, what: &str) {
    for node in rig.harness.root().children_recursive() {
        // The text of a field is longer than the field, which shows a part of it.
        if node.accesskit_node().raw_bounds().is_none() || node.accesskit_node().role() == Role::TextRun {
            continue;
        }
        let rect = node.rect();
        let inside = rect.min.x >= -0.5 && rect.max.x <= size.x + 0.5;
        assert!(inside || !rect.is_finite(), "{what:.40?}: {:?} lies at {rect:?}", node.accesskit_node().label());
    }
}
