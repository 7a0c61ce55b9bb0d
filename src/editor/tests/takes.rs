//! The list of takes is where one decides: what is done to a take by mouse and keys, and what is asked before.

use super::*;
use crate::editor::keys::Claim;
use crate::link::LibraryNews;
use egui::{Event, OutputCommand, PointerButton};
use nice_plug_egui::KeyCapture;
use std::path::PathBuf;

const ONE: &str = "one.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost";

fn files(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| format!("/takes/{name}").into()).collect()
}

/// A window with one take.
fn with_one_take() -> Rig {
    let mut rig = Rig::new();
    rig.status().take_ends(report("one.wav"));
    rig.harness.run_steps(3);
    rig
}

/// A window with one take, which has the focus.
fn on_the_take() -> Rig {
    let mut rig = with_one_take();
    rig.tab_to(Role::Button, ONE);
    rig
}

fn open_menu_of(rig: &mut Rig, label: &str) {
    rig.harness.get_by_label(label).click_secondary();
    rig.harness.run_steps(4);
}

/// What stands in the menu, as it is there to be chosen.
const ENTRIES: [&str; 4] = ["Show in Folder", "Copy Path", "Rename…", "Move to Trash…"];

fn entry<'a>(rig: &'a Rig, label: &str) -> egui_kittest::Node<'a> {
    let mut entries = rig.harness.query_all_by_role(Role::Button).filter(|node| {
        node.accesskit_node().label().is_some_and(|there| there == label || there.starts_with(&format!("{label} ")))
    });
    entries.next().unwrap_or_else(|| panic!("the menu has no {label:?}"))
}

fn choose(rig: &mut Rig, label: &str) {
    entry(rig, label).click();
    rig.harness.run_steps(4);
}

/// Sends an event, and says what came to the clipboard in the frame that heard it.
fn copied(rig: &mut Rig, event: impl FnOnce(&mut Rig)) -> Option<String> {
    event(rig);
    for _ in 0..4 {
        rig.harness.step();
        for command in &rig.harness.output().platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                return Some(text.clone());
            }
        }
    }
    None
}

#[test]
fn the_right_button_opens_a_menu_that_shows_copies_renames_and_trashes() {
    let mut rig = with_one_take();
    for label in ENTRIES {
        open_menu_of(&mut rig, ONE);
        assert!(!entry(&rig, label).accesskit_node().is_disabled(), "{label}");
        rig.press(Key::Escape);
    }
    open_menu_of(&mut rig, ONE);
    choose(&mut rig, "Show in Folder");
    assert_eq!(rig.asked(), [Asked::Show("/takes/one.wav".into())]);
    open_menu_of(&mut rig, ONE);
    let path = copied(&mut rig, |rig| entry(rig, "Copy Path").click());
    assert_eq!(path.as_deref(), Some("/takes/one.wav"));
    open_menu_of(&mut rig, ONE);
    choose(&mut rig, "Rename…");
    assert_eq!(rig.field("Rename to").accesskit_node().value().as_deref(), Some("one"));
    rig.press(Key::Escape);
    open_menu_of(&mut rig, ONE);
    choose(&mut rig, "Move to Trash…");
    rig.sees("Move one.wav to the trash?");
    assert_eq!(rig.asked(), [], "nothing is done before it was asked");
}

#[test]
fn a_right_click_does_not_show_the_file() {
    let mut rig = with_one_take();
    open_menu_of(&mut rig, ONE);
    assert_eq!(rig.asked(), []);
}

#[test]
fn the_menu_opens_by_key_and_is_walked_through_with_the_arrows() {
    for (modifiers, key) in [(Modifiers::SHIFT, Key::F10), (Modifiers::NONE, Key::Menu)] {
        let mut rig = on_the_take();
        rig.harness.key_press_modifiers(modifiers, key);
        rig.harness.run_steps(4);
        let menu = entry(&rig, "Copy Path").rect();
        assert!(egui::Rect::from_min_size(egui::Pos2::ZERO, default_size()).contains_rect(menu), "{menu}");
        rig.press(Key::ArrowDown);
        rig.harness.run_steps(2);
        assert!(rig.focused().unwrap().label.starts_with("Show in Folder"), "{:?}", rig.focused());
        rig.press(Key::Enter);
        assert_eq!(rig.asked(), [Asked::Show("/takes/one.wav".into())], "{key:?}");
        rig.harness.run_steps(2);
        assert_eq!(rig.focused().unwrap().label, ONE, "the take has the focus again");
    }
}

#[test]
fn enter_shows_the_take_that_has_the_focus() {
    let mut rig = on_the_take();
    rig.press(Key::Enter);
    assert_eq!(rig.asked(), [Asked::Show("/takes/one.wav".into())]);
}

#[test]
fn the_keys_for_copying_copy_the_paths_of_all_files_of_the_take_that_has_the_focus() {
    let mut rig = Rig::new();
    rig.keep(&[&["a_L.wav", "a_R.wav"]], &[]);
    rig.tab_to(Role::Button, "a_L.wav and 1 more, 0:00:02.000, 576.0 kB");
    let copied_here = copied(&mut rig, |rig| rig.harness.event(Event::Copy));
    let paths = ["a_L.wav", "a_R.wav"].map(|name| PathBuf::from("/takes").join(name).display().to_string());
    assert_eq!(copied_here, Some(paths.join("\n")));
    rig.tab_to(Role::Button, "Record");
    assert_eq!(copied(&mut rig, |rig| rig.harness.event(Event::Copy)), None);
}

/// R reaches the window everywhere; not every windowing system hands F2 on.
#[test]
fn a_take_is_renamed_with_f2_or_r_a_name_and_enter() {
    for key in [Key::F2, Key::R] {
        let mut rig = on_the_take();
        rig.press(key);
        rig.harness.run_steps(2);
        assert_eq!(rig.focused().unwrap().role, Role::TextInput);
        rig.sees(".wav");
        // The old name is chosen, and gives way to what is typed.
        rig.field("Rename to").type_text("Chorus");
        rig.harness.run_steps(2);
        rig.press(Key::Enter);
        assert_eq!(rig.asked(), [Asked::Rename(files(&["one.wav"]), "Chorus".to_owned())], "{key:?}");
        rig.harness.run_steps(2);
        assert_eq!(rig.focused().unwrap().label, ONE, "the take has the focus again");
    }
}

#[test]
fn a_renamed_take_shows_its_new_name_and_shows_the_new_file() {
    let mut rig = with_one_take();
    rig.hear(LibraryNews::Renamed { from: files(&["one.wav"]), to: files(&["Chorus.wav"]) });
    rig.click("Chorus.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost");
    assert_eq!(rig.asked(), [Asked::Show("/takes/Chorus.wav".into())]);
}

#[test]
fn escape_tab_and_a_click_elsewhere_leave_the_name_as_it_is() {
    let leave: [fn(&mut Rig); 3] = [
        |rig| rig.press(Key::Escape),
        |rig| rig.press(Key::Tab),
        |rig| {
            let corner = egui::pos2(3.0, 3.0);
            rig.harness.drag_at(corner);
            rig.harness.drop_at(corner);
            rig.harness.run_steps(3);
        },
    ];
    for leave in leave {
        let mut rig = on_the_take();
        rig.press(Key::F2);
        rig.harness.run_steps(2);
        rig.field("Rename to").type_text("Chorus");
        rig.harness.run_steps(2);
        leave(&mut rig);
        rig.harness.run_steps(3);
        assert_eq!(rig.asked(), []);
        rig.sees(ONE);
    }
}

#[test]
fn the_letters_of_a_new_name_are_no_keys_of_the_window() {
    let mut rig = on_the_take();
    rig.press(Key::F2);
    rig.harness.run_steps(2);
    for key in [Key::M, Key::R, Key::Space, Key::Delete] {
        rig.press(key);
    }
    assert!(!rig.params().record.value());
    assert_eq!(rig.gestures(), [""; 0]);
    assert_eq!(rig.focused().unwrap().role, Role::TextInput);
}

#[test]
fn delete_asks_and_enter_moves_all_files_to_the_trash() {
    let mut rig = Rig::new();
    rig.keep(&[&["a_L.wav", "a_R.wav"]], &[]);
    rig.tab_to(Role::Button, "a_L.wav and 1 more, 0:00:02.000, 576.0 kB");
    rig.press(Key::Delete);
    rig.sees("Move a_L.wav and 1 more (2 files) to the trash?");
    assert_eq!(rig.asked(), [], "nothing is done before it was answered");
    assert_eq!(rig.focused().unwrap().label, "Move to Trash");
    rig.press(Key::Enter);
    assert_eq!(rig.asked(), [Asked::Trash(files(&["a_L.wav", "a_R.wav"]))]);
}

#[test]
fn keep_and_escape_keep_the_take() {
    for keep in [|rig: &mut Rig| rig.click("Keep"), |rig: &mut Rig| rig.press(Key::Escape)] {
        let mut rig = on_the_take();
        rig.press(Key::Delete);
        rig.harness.run_steps(2);
        keep(&mut rig);
        rig.harness.run_steps(2);
        assert_eq!(rig.asked(), []);
        assert_eq!(rig.focused().unwrap().label, ONE, "the take has the focus again");
    }
}

#[test]
fn a_take_in_the_trash_is_not_listed_any_more() {
    let mut rig = with_one_take();
    rig.hear(LibraryNews::Trashed(files(&["one.wav"])));
    assert!(rig.harness.query_by_label(ONE).is_none());
}

#[test]
fn why_something_was_not_done_stays_until_it_is_read() {
    let mut rig = with_one_take();
    rig.hear(LibraryNews::Failed("There is no trash.".to_owned()));
    rig.sees("There is no trash.");
    rig.click("OK: There is no trash.");
    assert!(rig.harness.query_by_label("There is no trash.").is_none());
}

/// Else Delete, pressed just when a take ends, would ask about that one.
#[test]
fn the_focus_stays_on_its_take_when_a_new_one_comes() {
    let mut rig = on_the_take();
    rig.status().take_ends(report("two.wav"));
    rig.harness.run_steps(3);
    assert_eq!(rig.focused().unwrap().label, ONE);
    rig.press(Key::Delete);
    rig.sees("Move one.wav to the trash?");
    rig.status().take_ends(report("three.wav"));
    rig.sees("Move one.wav to the trash?");
    rig.press(Key::Enter);
    assert_eq!(rig.asked(), [Asked::Trash(files(&["one.wav"]))]);
}

#[test]
fn a_take_that_was_moved_or_removed_says_so_and_can_only_be_looked_for() {
    let mut rig = Rig::new();
    rig.status().take_ends(report("one.wav"));
    rig.keep(&[&["old.wav"]], &["one.wav", "old.wav"]);
    // What ended right before that is not asked for again until something changes.
    rig.status().take_ends(report("two.wav"));
    rig.harness.run_steps(3);
    for label in [&format!("{ONE}, moved or removed"), "old.wav, 0:00:02.000, 576.0 kB, moved or removed"] {
        rig.tab_to(Role::Button, label);
        for key in [Key::F2, Key::Delete] {
            rig.press(key);
            rig.harness.run_steps(2);
            assert_eq!(rig.focused().unwrap().label, label, "{key:?}");
        }
        open_menu_of(&mut rig, label);
        let enabled = ENTRIES.map(|label| !entry(&rig, label).accesskit_node().is_disabled());
        assert_eq!(enabled, [true, false, false, false], "{label}");
        rig.press(Key::Escape);
    }
}

#[test]
fn the_takes_of_the_folder_are_there_when_the_window_opens_on_a_new_session() {
    let mut rig = Rig::new();
    rig.keep(&[&["b.wav"], &["a.wav"]], &[]);
    assert_eq!(rig.looked_into(), Some("/takes".into()), "the next take goes there");
    let tops = ["b.wav, 0:00:02.000, 576.0 kB", "a.wav, 0:00:02.000, 576.0 kB"]
        .map(|label| rig.harness.get_by_label(label).rect().top());
    assert!(tops[0] < tops[1], "newest first");
    rig.click("b.wav, 0:00:02.000, 576.0 kB");
    assert_eq!(rig.asked(), [Asked::Show("/takes/b.wav".into())]);
}

#[test]
fn the_host_gets_the_keys_of_takes_unless_a_take_needs_them() {
    let is_kept = |rig: &Rig, key: &str| match Claim::now(&rig.harness.ctx).capture(Modifiers::NONE) {
        KeyCapture::CaptureKeys(keys) => keys.contains(&key.parse().unwrap()),
        KeyCapture::CaptureAll => true,
        KeyCapture::IgnoreAll | KeyCapture::IgnoreKeys(_) => panic!("keys are kept"),
    };
    let keys = ["Delete", "F2", "r", "F10", "ContextMenu", "ArrowDown", "ArrowUp"];
    let mut rig = with_one_take();
    assert_eq!(keys.map(|key| is_kept(&rig, key)), [false; 7]);
    rig.tab_to(Role::Button, ONE);
    assert_eq!(keys.map(|key| is_kept(&rig, key)), [true; 7]);
    assert!(!is_kept(&rig, "ArrowLeft"));
    open_menu_of(&mut rig, ONE);
    assert!(is_kept(&rig, "ArrowLeft"), "an open menu is walked through");
    rig.press(Key::Escape);
    rig.tab_to(Role::Button, "Record");
    assert_eq!(keys.map(|key| is_kept(&rig, key)), [false; 7]);
}

#[test]
fn what_is_asked_about_the_longest_name_stays_in_sight_in_the_smallest_window() {
    for name in hostile_names() {
        for key in [Key::F2, Key::Delete] {
            let mut rig = Rig::sized(MIN_SIZE, 1.0);
            for _ in 0..20 {
                rig.status().take_ends(report("other.wav"));
            }
            rig.status().take_ends(report(&name));
            rig.status().take_ends(report("last.wav"));
            rig.harness.run_steps(3);
            rig.tab_to(Role::Button, "last.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost");
            rig.press(Key::Tab);
            rig.press(key);
            rig.harness.run_steps(3);
            stays_inside(&rig, MIN_SIZE, &name);
            let asked = rig.focused().unwrap();
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, MIN_SIZE);
            assert!(window.contains_rect(asked.rect) && asked.rect.width() > 50.0, "{key:?}: {asked:?}");
            assert_ne!(asked.label, "Record");
        }
    }
}

#[test]
fn only_the_right_button_opens_the_menu() {
    let mut rig = with_one_take();
    let middle = rig.harness.get_by_label(ONE).rect().center();
    for pressed in [true, false] {
        let (pos, button, modifiers) = (middle, PointerButton::Middle, Modifiers::NONE);
        rig.harness.event(Event::PointerButton { pos, button, pressed, modifiers });
        rig.harness.run_steps(2);
    }
    assert!(rig.harness.query_by_label_contains("Copy Path").is_none());
}
