//! The pages of the settings: what is on them, what the keyboard reaches, and what stays in sight.

use super::*;
use crate::editor::keys::Claim;
use nice_plug_egui::KeyCapture;

/// What the switch of the keys says.
pub const KEYS: &str = "Keys: Space records, M marks, C captures";

/// The pages with everything on them that Tab reaches. What is used only sometimes is in use.
pub const PAGES: [(&str, &[&str]); 6] = [
    (
        "File",
        &["File Type", "Codec", "Unique Suffix", "N", "File", "Browse…", "Open Folder", "Split", "Files", "Fallback"],
    ),
    ("Start", &["Start", "Threshold", "Hold", "Pre-roll", "Keep", KEYS]),
    ("Sound", &["Sample Rate", "Sample Rate Match", "Time Slice", "Loudness", "Dither", "Scope"]),
    ("Tags", &["Header"]),
    ("Group", &["Group"]),
    ("Export", &["Export Method", "Export Target", "Export Table"]),
];

/// A window in which everything on the pages is in use, with one take.
pub fn in_full_use(size: Vec2, scale: f32) -> Rig {
    let mut rig = Rig::sized(size, scale);
    rig.set(|params| &params.unique_suffix, false);
    rig.set(|params| &params.rate, Rate::R96000);
    rig.set(|params| &params.start, Start::Sound);
    rig.set(|params| &params.export_method, ExportMethod::TableByName);
    rig.status().take_ends(report("one.wav"));
    rig.harness.run();
    rig
}

#[test]
fn tab_reaches_everything_on_each_page_and_brings_it_into_sight() {
    for size in [default_size(), MIN_SIZE] {
        let mut rig = in_full_use(size, 1.0);
        for (page, fields) in PAGES {
            rig.page(page);
            rig.tab_to(Role::Button, "Record");
            rig.press(Key::Tab);
            let mut reached = rig.tab_to(Role::Button, "Record");
            let panel = rig.panel().rect();
            let take = reached.pop().unwrap();
            assert!(take.label.starts_with("one.wav"), "{take:?} is no take");
            let names: Vec<_> = reached.iter().map(|reached| reached.label.as_str()).collect();
            assert_eq!(names, [&["Pause", "Marker", "Capture", page], fields].concat());
            for field in &reached[4..] {
                let is_lines = field.role == Role::MultilineTextInput;
                let seen = if is_lines {
                    field.rect.intersect(panel).height() >= 40.0
                } else {
                    panel.contains_rect(field.rect)
                };
                assert!(seen, "{field:?} is not in sight in {panel}");
            }
        }
    }
}

#[test]
fn shift_and_tab_bring_back_into_sight_what_lies_above() {
    let mut rig = in_full_use(MIN_SIZE, 1.0);
    rig.tab_to(Role::TextInput, "Fallback");
    assert!(rig.panel().rect().contains_rect(rig.focused().unwrap().rect), "it lies below");
    for _ in 0..9 {
        rig.harness.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
        rig.harness.run_steps(3);
    }
    let focused = rig.focused().unwrap();
    assert_eq!(focused.label, "File Type");
    assert!(rig.panel().rect().contains_rect(focused.rect), "{focused:?}");
}

#[test]
fn the_window_says_which_version_it_is() {
    let mut rig = Rig::sized(MIN_SIZE, 1.0);
    rig.sees(&format!("Audio File Out {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_arrow_keys_choose_a_page_only_while_a_tab_has_the_focus() {
    let mut rig = Rig::new();
    rig.press(Key::ArrowRight);
    assert_eq!(rig.panel().accesskit_node().label().as_deref(), Some("File"));
    rig.tab_to(Role::Tab, "File");
    for (key, page) in [
        (Key::ArrowRight, "Start"),
        (Key::ArrowRight, "Sound"),
        (Key::ArrowLeft, "Start"),
        (Key::End, "Export"),
        (Key::ArrowRight, "File"),
        (Key::ArrowLeft, "Export"),
        (Key::Home, "File"),
    ] {
        rig.press(key);
        let focused = rig.focused().unwrap();
        assert_eq!((focused.role, focused.label.as_str()), (Role::Tab, page), "after {key:?}");
        assert_eq!(rig.panel().accesskit_node().label().as_deref(), Some(page), "after {key:?}");
    }
}

#[test]
fn the_host_gets_the_arrow_keys_unless_a_tab_needs_them() {
    let mut rig = Rig::new();
    let is_kept = |rig: &Rig| match Claim::now(&rig.harness.ctx).capture(Modifiers::NONE) {
        KeyCapture::CaptureKeys(keys) => keys.contains(&"ArrowLeft".parse().unwrap()),
        KeyCapture::CaptureAll | KeyCapture::IgnoreAll | KeyCapture::IgnoreKeys(_) => panic!("nothing is typed"),
    };
    assert!(!is_kept(&rig));
    rig.tab_to(Role::Tab, "File");
    assert!(is_kept(&rig));
    rig.press(Key::Tab);
    assert!(!is_kept(&rig));
}

#[test]
fn arrow_keys_that_come_fast_are_all_heard() {
    let mut rig = Rig::new();
    rig.tab_to(Role::Tab, "File");
    for _ in 0..5 {
        rig.harness.key_press(Key::ArrowRight);
        rig.harness.step();
    }
    rig.harness.run();
    assert_eq!(rig.focused().unwrap().label, "Export");
}

#[test]
fn a_screen_reader_hears_which_page_is_chosen() {
    let mut rig = Rig::new();
    rig.page("Tags");
    let tabs = rig.harness.get_by_role(Role::TabList);
    let chosen = |tab: &egui_kittest::Node<'_>| (tab.accesskit_node().label(), tab.accesskit_node().is_selected());
    let tabs: Vec<_> = tabs.children().map(|tab| chosen(&tab)).collect();
    let expected = PAGES.map(|(page, _)| (Some(page.to_owned()), Some(page == "Tags")));
    assert_eq!(tabs, expected);
}

#[test]
fn enter_presses_what_has_the_focus() {
    let mut rig = Rig::new();
    rig.tab_to(Role::Button, "Pause");
    rig.press(Key::Enter);
    assert!(rig.params().pause.value());
}

#[test]
fn each_page_fits_the_default_window_without_a_scroll_bar() {
    for scale in [1.0, 1.25, 2.0] {
        let mut rig = in_full_use(default_size(), scale);
        for &method in ExportMethod::ALL {
            rig.set(|params| &params.export_method, method);
            for (page, _) in PAGES {
                rig.page(page);
                is_in_sight(&rig.panel(), page);
            }
        }
    }
}

/// Nothing of the page reaches beyond it.
fn is_in_sight(panel: &egui_kittest::Node<'_>, page: &str) {
    let (place, margin) = (panel.rect(), 8.0);
    for node in panel.children_recursive().filter(|node| node.accesskit_node().raw_bounds().is_some()) {
        let low = place.bottom() - margin;
        assert!(node.rect().bottom() <= low, "{page}: {:?} ends below {low}", node.accesskit_node());
    }
}

#[test]
fn record_and_the_newest_take_stay_in_sight_on_each_page_of_the_smallest_window() {
    for has_trouble in [false, true] {
        let mut rig = in_full_use(MIN_SIZE, 1.0);
        if has_trouble {
            rig.status().take_begins(48_000);
            for error in ["The disk is full.", "The folder is gone."] {
                rig.status().take_fails(error);
            }
            rig.status().count_lost(5);
            rig.status().count_merge();
        }
        for (page, _) in PAGES {
            rig.page(page);
            let (panel, take) = (rig.panel().rect(), rig.harness.get_by_label_contains("one.wav,").rect());
            let record = rig.harness.get_by_label("Record").rect();
            assert!(record.top() >= 0.0, "{page}: Record lies at {record}");
            assert!(take.bottom() <= MIN_SIZE.y && take.top() >= panel.bottom(), "{page}: the take lies at {take}");
            assert!(panel.height() >= 36.0 && panel.top() > record.bottom(), "{page} lies at {panel}");
        }
    }
}

#[test]
fn an_empty_field_shows_what_it_stands_for_and_a_filled_one_does_not() {
    for (page, field, id, method, hint) in [
        ("File", "File", TextId::File, ExportMethod::Off, "AudioFileOut{suffix}"),
        ("File", "Fallback", TextId::Fallback, ExportMethod::Off, "/takes"),
        ("Sound", "Scope", TextId::Scope, ExportMethod::Off, "nothing (* for all)"),
        ("Tags", "Header", TextId::Header, ExportMethod::Off, "title = …"),
        ("Export", "Export Target", TextId::ExportTarget, ExportMethod::TableByName, "machine:port"),
        ("Export", "Export Root", TextId::ExportRoot, ExportMethod::ChannelNameIsPath, "/"),
        ("Export", "Export Table", TextId::ExportTable, ExportMethod::TableByName, "chan1 /…"),
        ("Export", "Export Table", TextId::ExportTable, ExportMethod::TableByIndex, "0 /…"),
    ] {
        let mut rig = Rig::new();
        rig.set(|params| &params.export_method, method);
        rig.page(page);
        for (text, shown) in [("", Some(hint)), ("x", None)] {
            rig.params().texts.set(id, text);
            rig.harness.run_steps(2);
            let field = rig.field(field);
            assert_eq!(field.accesskit_node().placeholder(), shown, "{hint} for {text:?}");
        }
    }
}
