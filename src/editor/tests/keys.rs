//! Who gets a key, and that one press is one action.

use super::pages::KEYS;
use super::rig::User;
use super::*;
use crate::editor::keys::Claim;
use egui::Event;
use nice_plug::params::Params;
use nice_plug_egui::KeyCapture;

/// The keys that do something at once, which a held key must not do again and again.
const AT_ONCE: [Key; 4] = [Key::Space, Key::M, Key::C, Key::Enter];

/// How often the window has done what the key stands for. Enter presses Pause.
fn actions(rig: &mut Rig, of: Key) -> usize {
    let gestures = rig.gestures();
    let count = |gesture: &str| gestures.iter().filter(|it| *it == gesture).count();
    match of {
        Key::Space => count("begin Record"),
        Key::M => count("begin Marker"),
        Key::Enter => count("begin Pause"),
        _ => {
            let captures = std::iter::from_fn(|| rig.status().captures().take()).count();
            rig.status().captures().open();
            captures
        }
    }
}

/// A window in which Enter presses Pause and each C is heard.
fn on_pause() -> Rig {
    let mut rig = Rig::new();
    rig.status().captures().open();
    rig.tab_to(Role::Button, "Pause");
    rig.gestures();
    rig
}

/// Asked while the key is held: C waits for one capture at a time, as M does for one marker.
fn actions_so_far(rig: &mut Rig, key: Key, sum: &mut usize) {
    *sum += actions(rig, key);
    rig.status().set_marker(*sum % 2 == 1);
    rig.harness.step();
    rig.status().set_marker(false);
    rig.harness.step();
}

#[test]
fn a_key_that_x_repeats_while_it_is_held_acts_once() {
    for key in AT_ONCE {
        let mut rig = on_pause();
        let mut sum = 0;
        rig.keys(None, &[(key, true)]);
        for _ in 0..25 {
            rig.keys(None, &[(key, false), (key, true)]);
            actions_so_far(&mut rig, key, &mut sum);
        }
        rig.keys(None, &[(key, false)]);
        actions_so_far(&mut rig, key, &mut sum);
        assert_eq!(sum, 1, "{key:?}");
    }
}

#[test]
fn a_pair_of_x_that_falls_into_two_frames_is_a_repeat_too() {
    for key in AT_ONCE {
        let mut rig = on_pause();
        let mut sum = 0;
        rig.keys(None, &[(key, true)]);
        for _ in 0..5 {
            let time = rig.time();
            rig.keys(Some(time + 0.030), &[(key, false)]);
            rig.keys(Some(time + 0.035), &[(key, true)]);
            actions_so_far(&mut rig, key, &mut sum);
        }
        assert_eq!(sum, 1, "{key:?}");
    }
}

#[test]
fn a_key_that_the_system_itself_calls_repeated_does_nothing() {
    for key in AT_ONCE {
        let mut rig = on_pause();
        let repeat = Event::Key { key, physical_key: None, pressed: true, repeat: true, modifiers: Modifiers::NONE };
        rig.harness.input_mut().events.push(repeat);
        rig.harness.step();
        assert_eq!(actions(&mut rig, key), 0, "{key:?}");
    }
}

#[test]
fn two_quick_presses_of_a_person_are_two_actions() {
    for key in AT_ONCE {
        let mut rig = on_pause();
        let mut sum = 0;
        for _ in 0..2 {
            let time = rig.time();
            rig.keys(Some(time + 0.050), &[(key, true)]);
            rig.keys(Some(time + 0.080), &[(key, false)]);
            let (is_down, is_up) = (sum == 0, false);
            rig.status().set_marker(is_down);
            sum += actions(&mut rig, key);
            rig.keys(Some(time + 0.081), &[]);
            rig.status().set_marker(is_up);
            rig.keys(Some(time + 0.082), &[]);
        }
        assert_eq!(sum, 2, "{key:?}");
    }
}

#[test]
fn a_key_does_nothing_while_shift_alt_or_ctrl_is_held() {
    for modifiers in [Modifiers::SHIFT, Modifiers::ALT, Modifiers::CTRL, Modifiers::COMMAND] {
        for key in AT_ONCE {
            let mut rig = on_pause();
            rig.keys_with(modifiers, None, &[(key, true)]);
            rig.keys_with(modifiers, None, &[(key, false)]);
            assert_eq!(actions(&mut rig, key), 0, "{modifiers:?} and {key:?}");
        }
    }
}

/// A window whose user has left the keys to the DAW, as everybody has at first.
fn left_to_the_daw() -> Rig {
    let mut rig = Rig::of(&User::default(), default_size(), 1.0);
    rig.status().captures().open();
    rig.status().take_ends(report("one.wav"));
    rig.harness.run_steps(3);
    rig
}

/// Whether the backend is told to keep this key from the host.
fn is_kept(rig: &Rig, key: &str) -> bool {
    match Claim::now(&rig.harness.ctx).capture(Modifiers::NONE) {
        KeyCapture::CaptureKeys(keys) => keys.contains(&key.parse().unwrap()),
        KeyCapture::CaptureAll => true,
        KeyCapture::IgnoreAll | KeyCapture::IgnoreKeys(_) => panic!("the keys that are kept are named"),
    }
}

/// As the backend calls them.
const OF_THE_DAW: [&str; 7] = [" ", "Enter", "Escape", "Tab", "m", "c", "r"];

#[test]
fn at_first_space_enter_escape_tab_and_letters_are_the_daws() {
    let mut rig = left_to_the_daw();
    assert_eq!(OF_THE_DAW.map(|key| is_kept(&rig, key)), [false; 7]);
    // With the focus where Enter would do something.
    rig.harness.get_by_label("Pause").focus();
    rig.harness.run_steps(2);
    let focused = rig.focused().unwrap().label;
    for key in [Key::Space, Key::Enter, Key::M, Key::C, Key::R, Key::Tab, Key::Escape] {
        rig.press(key);
        assert_eq!((rig.gestures(), rig.status().captures().take()), (vec![], None), "{key:?}");
        assert_eq!(rig.focused().unwrap().label, focused, "{key:?}");
    }
    assert_eq!(OF_THE_DAW.map(|key| is_kept(&rig, key)), [false; 7]);
}

#[test]
fn the_switch_gives_the_keys_to_the_recorder_and_takes_them_back() {
    let mut rig = left_to_the_daw();
    rig.page("Start");
    rig.click(KEYS);
    assert_eq!(OF_THE_DAW.map(|key| is_kept(&rig, key)), [true, true, true, true, true, true, false]);
    rig.press(Key::Space);
    assert_eq!(rig.gestures(), ["begin Record", "set Record 1", "end Record"]);
    rig.press(Key::C);
    assert!(rig.status().captures().take().is_some());
    rig.click(KEYS);
    assert_eq!(OF_THE_DAW.map(|key| is_kept(&rig, key)), [false; 7]);
    rig.press(Key::Space);
    assert_eq!(rig.gestures(), [""; 0]);
}

#[test]
fn the_switch_is_remembered_for_the_user_and_not_in_the_project() {
    let user = User::default();
    let mut rig = Rig::of(&user, default_size(), 1.0);
    let project = rig.params().serialize_fields();
    rig.page("Start");
    rig.click(KEYS);
    assert_eq!(rig.gestures(), [""; 0], "the host has nothing to save");
    assert_eq!(rig.params().serialize_fields(), project);
    let mut of_another_project = Rig::of(&user, default_size(), 1.0);
    of_another_project.press(Key::Space);
    assert!(of_another_project.params().record.value());
}

#[test]
fn a_switch_that_cannot_be_saved_says_so() {
    let user = User::default();
    let mut rig = Rig::of(&user, default_size(), 1.0);
    user.hear("Who has the keys could not be saved.");
    rig.sees("Who has the keys could not be saved.");
}

#[test]
fn a_text_is_typed_with_all_keys_although_they_are_the_daws() {
    let mut rig = left_to_the_daw();
    rig.type_into("Fallback", "a");
    for key in ["F5", "x"].iter().chain(&OF_THE_DAW) {
        assert!(is_kept(&rig, key), "{key:?}");
    }
    // As the backend sends what is written on a key.
    rig.keys(None, &[(Key::Space, true)]);
    rig.harness.event(Event::Text(" ".to_owned()));
    rig.harness.run_steps(2);
    rig.keys(None, &[(Key::Space, false)]);
    for _ in 0..3 {
        rig.keys(None, &[(Key::Backspace, true), (Key::Backspace, false)]);
        rig.harness.event(Event::Text("m".to_owned()));
        rig.harness.run_steps(2);
    }
    assert_eq!(rig.params().texts.current().fallback, "am");
    assert!(!rig.params().record.value());
    rig.press(Key::Escape);
    assert!(!rig.harness.ctx.text_edit_focused(), "Escape leaves the field");
    assert_eq!(OF_THE_DAW.map(|key| is_kept(&rig, key)), [false; 7]);
}

/// A person cannot hold Backspace by pressing it again and again.
#[test]
fn a_key_that_is_held_in_a_text_goes_on() {
    let mut rig = left_to_the_daw();
    rig.type_into("Fallback", "abcdef");
    rig.keys(None, &[(Key::Backspace, true)]);
    for _ in 0..3 {
        rig.keys(None, &[(Key::Backspace, false), (Key::Backspace, true)]);
    }
    rig.harness.run_steps(2);
    assert_eq!(rig.params().texts.current().fallback, "ab");
}

#[test]
fn a_question_and_a_menu_of_the_window_are_answered_by_key_all_the_same() {
    let mut rig = left_to_the_daw();
    let row = "one.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost";
    rig.click(row);
    rig.asked();
    assert!(["Delete", "ArrowDown"].iter().all(|key| is_kept(&rig, key)), "the list has the focus");
    rig.press(Key::Delete);
    rig.sees("Move one.wav to the trash?");
    assert!(["Enter", "Escape", "Tab"].iter().all(|key| is_kept(&rig, key)));
    assert!(!is_kept(&rig, " ") && !is_kept(&rig, "m"));
    rig.press(Key::Escape);
    assert!(rig.harness.query_by_label("Move one.wav to the trash?").is_none());
    assert!(!is_kept(&rig, "Escape"));

    rig.harness.get_by_label(row).click_secondary();
    rig.harness.run_steps(4);
    assert!(["Enter", "Escape", "ArrowDown"].iter().all(|key| is_kept(&rig, key)));
    rig.press(Key::ArrowDown);
    rig.press(Key::Enter);
    assert_eq!(rig.asked(), [Asked::Show("/takes/one.wav".into())]);
}

/// Else the name that was just typed would show its file in the file manager.
#[test]
fn enter_that_is_held_after_a_name_does_nothing_more() {
    let mut rig = Rig::new();
    rig.status().take_ends(report("one.wav"));
    rig.harness.run_steps(3);
    rig.tab_to(Role::Button, "one.wav, 0:00:02.000, 576.0 kB, peak −6.0 dBFS, nothing lost");
    rig.press(Key::F2);
    rig.harness.run_steps(2);
    rig.keys(None, &[(Key::Enter, true)]);
    rig.harness.run_steps(3);
    for _ in 0..5 {
        rig.keys(None, &[(Key::Enter, false), (Key::Enter, true)]);
    }
    assert_eq!(rig.asked(), [Asked::Rename(vec!["/takes/one.wav".into()], "one".to_owned())]);
}

#[test]
fn with_shift_alt_or_ctrl_a_key_is_the_hosts() {
    let rig = on_pause();
    let kept = |modifiers| match Claim::now(&rig.harness.ctx).capture(modifiers) {
        KeyCapture::CaptureKeys(keys) => OF_THE_DAW.map(|key| keys.contains(&key.parse().unwrap())),
        KeyCapture::CaptureAll | KeyCapture::IgnoreAll | KeyCapture::IgnoreKeys(_) => panic!("nothing is typed"),
    };
    assert_eq!(kept(Modifiers::NONE), [true, true, true, true, true, true, false]);
    let shift_and_tab = [false, false, false, true, false, false, false];
    assert_eq!(kept(Modifiers::SHIFT), shift_and_tab);
    for modifiers in [Modifiers::ALT, Modifiers::CTRL, Modifiers::COMMAND] {
        assert_eq!(kept(modifiers), [false; 7], "{modifiers:?}");
    }
}
