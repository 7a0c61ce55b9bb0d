//! The plugin's real window in the CLAP host: what a DAW and its user do to it in the wrong moment.
//!
//! Each test runs in a process of its own, on an X server without a screen, so that a crash is that test's alone.
#![cfg(target_os = "linux")]

mod common;

use common::threads::plugin_threads;
use common::{RECORD, Rig, record, sound};
use headless_host::{HostWindow, Instance, Processor, Render, Setup, XServer};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names the test in the process that has a display.
const INSIDE: &str = "AUDIO_FILE_OUT_TEST";

/// The environment variable that names the folder of all that a user prefers.
const CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// The numbers that X has for keys.
const SPACE: u8 = 65;
const LETTER_C: u8 = 54;
const LETTER_Q: u8 = 24;

/// A place in the field of the file's name, in pixels.
const FILE_FIELD: (i16, i16) = (400, 302);

/// The middle of the tab of the page Start.
const START_TAB: (i16, i16) = (128, 230);

/// A place on the switch for the keys, on that page.
const SWITCH_OF_KEYS: (i16, i16) = (300, 374);

const SETUP: Setup = Setup::new(48_000.0, 512);

/// Runs `body` as the test `name` where there is a display, or says that there is none.
fn on_a_display(name: &str, body: fn()) {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return body();
    }
    // One at a time: without a graphics card each window takes a whole core to draw.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(server) = XServer::start() else {
        // Not println: the test runner keeps that to itself while the test passes.
        let _ = writeln!(std::io::stderr(), "skipped: {name} needs Xvfb");
        return;
    };
    // What the user prefers on this machine is none of the tests' business.
    let config = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, name)
        .env("DISPLAY", &server.display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env(CONFIG_HOME, config.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}", output.status);
}

/// Plays a tenth of a second at a time, so that the window draws meanwhile.
fn play(instance: &mut Instance, processor: &mut Processor, tenths: usize) {
    for _ in 0..tenths {
        Render::new(&sound(2), 0..4_800).play(processor).unwrap();
        instance.run_callbacks();
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Plays until the window shows more than one colour where Record is, for ten seconds at most.
fn play_until_drawn(instance: &mut Instance, processor: &mut Processor, window: &HostWindow) {
    for _ in 0..100 {
        play(instance, processor, 3);
        let picture = window.picture().unwrap();
        if picture.pixel(20, 20) != picture.pixel(1, 1) {
            return;
        }
    }
}

fn start_recording(processor: &mut Processor) {
    Render::new(&sound(2), 0..4_800).changes(&[record(0, true)]).play(processor).unwrap();
}

#[test]
fn a_take_outlives_the_window_that_is_closed_during_it() {
    on_a_display("a_take_outlives_the_window_that_is_closed_during_it", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        start_recording(&mut processor);
        play(&mut rig.instance, &mut processor, 3);
        rig.instance.close_window().unwrap();
        play(&mut rig.instance, &mut processor, 3);
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes()[0].frames(), 7 * 4_800);
    });
}

#[test]
fn a_window_opens_and_closes_fifty_times_and_leaves_nothing_open() {
    on_a_display("a_window_opens_and_closes_fifty_times_and_leaves_nothing_open", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        start_recording(&mut processor);
        let mut after_ten = 0;
        for opening in 0..50 {
            rig.instance.open_window(&window).unwrap();
            play(&mut rig.instance, &mut processor, 1);
            rig.instance.close_window().unwrap();
            if opening == 9 {
                after_ten = open_handles();
            }
        }
        assert!(open_handles() <= after_ten + 4, "{after_ten} handles became {}", open_handles());
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes()[0].frames(), 51 * 4_800);
    });
}

#[test]
fn what_a_window_asks_others_for_leaves_no_thread_behind() {
    on_a_display("what_a_window_asks_others_for_leaves_no_thread_behind", || {
        let Rig { mut instance, folder } = Rig::new();
        // No font of the window's own has it.
        instance.set_track_name("太鼓").unwrap();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = instance.activate(SETUP).unwrap();
        instance.open_window(&window).unwrap();
        // It has asked for the next take twice by then, and for a font.
        play(&mut instance, &mut processor, 20);
        instance.close_window().unwrap();
        instance.deactivate(processor);
        drop(instance);
        assert_eq!(plugin_threads().unwrap(), []);
        assert_eq!(common::files_in(folder.path()), Vec::<std::path::PathBuf>::new());
    });
}

fn open_handles() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn two_windows_of_two_instances_show_each_its_own() {
    on_a_display("two_windows_of_two_instances_show_each_its_own", || {
        let (mut one, mut two) = (Rig::new(), Rig::new());
        let windows = [HostWindow::open(1.0).unwrap(), HostWindow::open(1.0).unwrap()];
        let mut processors = [one.instance.activate(SETUP).unwrap(), two.instance.activate(SETUP).unwrap()];
        one.instance.open_window(&windows[0]).unwrap();
        two.instance.open_window(&windows[1]).unwrap();
        windows[1].move_window(800, 0).unwrap();
        start_recording(&mut processors[0]);
        let is_red = |window: &HostWindow| {
            let [red, green, blue] = window.picture().unwrap().pixel(20, 20);
            red > 200 && green < 80 && blue < 80
        };
        // A machine that draws without a graphics card, and for other tests too, takes its time.
        for round in 0..100 {
            play(&mut one.instance, &mut processors[0], 1);
            play(&mut two.instance, &mut processors[1], 1);
            if round >= 10 && is_red(&windows[0]) {
                break;
            }
        }
        assert_eq!(windows.each_ref().map(is_red), [true, false]);
        one.instance.close_window().unwrap();
        play(&mut two.instance, &mut processors[1], 2);
        two.instance.close_window().unwrap();
        let [first, second] = processors;
        one.instance.deactivate(first);
        two.instance.deactivate(second);
        assert_eq!((one.takes().len(), two.takes().len()), (1, 0));
    });
}

#[test]
fn a_plugin_that_is_destroyed_with_its_window_open_takes_nothing_down() {
    on_a_display("a_plugin_that_is_destroyed_with_its_window_open_takes_nothing_down", || {
        let Rig { mut instance, folder } = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = instance.activate(SETUP).unwrap();
        instance.open_window(&window).unwrap();
        start_recording(&mut processor);
        play(&mut instance, &mut processor, 3);
        instance.destroy_while_active(processor);
        std::thread::sleep(Duration::from_millis(300));
        let files = common::files_in(folder.path());
        assert_eq!(common::decode(&files[0]).frames(), 4 * 4_800);
    });
}

#[test]
fn a_click_on_record_records_and_the_host_hears_of_it() {
    on_a_display("a_click_on_record_records_and_the_host_hears_of_it", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        // A window that is not there yet hears no click.
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        window.click(60, 50).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        assert_eq!(rig.instance.value(RECORD).unwrap(), Some(1.0));
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes().len(), 1);
    });
}

/// The best take was played before the transport stopped, and many hosts call no `process()` then.
#[test]
fn a_click_on_capture_saves_what_was_played_although_the_host_stands_still() {
    on_a_display("a_click_on_capture_saves_what_was_played_although_the_host_stands_still", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        Render::new(&sound(2), 0..4_801).play(&mut processor).unwrap();
        window.click(338, 50).unwrap();
        let is_there = |rig: &Rig| rig.files().first().is_some_and(|path| path.metadata().unwrap().len() > 20_000);
        for _ in 0..200 {
            rig.instance.run_callbacks();
            std::thread::sleep(Duration::from_millis(50));
            if is_there(&rig) {
                break;
            }
        }
        assert!(is_there(&rig), "nothing was saved while the host stood still");
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
        let takes = rig.takes();
        assert_eq!((takes.len(), takes[0].frames() % 4_800), (1, 1));
    });
}

/// Gives the keys to the recorder, as its switch in an earlier window would.
fn give_keys_to_the_recorder() {
    let folder = PathBuf::from(std::env::var_os(CONFIG_HOME).unwrap()).join("audio-file-out");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keys"), "recorder").unwrap();
}

#[test]
fn a_space_bar_that_is_held_for_a_second_makes_one_take() {
    on_a_display("a_space_bar_that_is_held_for_a_second_makes_one_take", || {
        give_keys_to_the_recorder();
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        // Between the buttons, so that the window has the keyboard.
        window.click(4, 4).unwrap();
        play(&mut rig.instance, &mut processor, 5);
        window.press_key(SPACE).unwrap();
        let pressed = Instant::now();
        while pressed.elapsed() < Duration::from_millis(1_300) {
            play(&mut rig.instance, &mut processor, 1);
        }
        window.release_key(SPACE).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        assert_eq!(rig.instance.value(RECORD).unwrap(), Some(1.0));
        window.press_key(SPACE).unwrap();
        window.release_key(SPACE).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        assert_eq!(rig.instance.value(RECORD).unwrap(), Some(0.0));
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes().len(), 1);
    });
}

#[test]
fn the_host_gets_the_keys_that_the_window_does_not_use() {
    on_a_display("the_host_gets_the_keys_that_the_window_does_not_use", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        let mut press = |keys: &[u8]| {
            play(&mut rig.instance, &mut processor, 10);
            for &key in keys {
                window.press_key(key).unwrap();
                window.release_key(key).unwrap();
                play(&mut rig.instance, &mut processor, 10);
            }
            window.heard_keys().unwrap()
        };
        window.click(4, 4).unwrap();
        assert_eq!(press(&[SPACE, LETTER_C]), [(SPACE, true), (SPACE, false), (LETTER_C, true), (LETTER_C, false)]);
        // Into the field of the file's name.
        window.click(FILE_FIELD.0, FILE_FIELD.1).unwrap();
        // Nobody types before the window has drawn the click.
        assert_eq!(press(&[]), []);
        assert_eq!(press(&[SPACE, LETTER_C]), [], "they are typed");
        assert_eq!(rig.instance.value(RECORD).unwrap(), Some(0.0));
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
        assert_eq!(rig.takes().len(), 0);
    });
}

/// Some hosts hand each key that they get on to the plugin's window.
#[test]
fn a_key_that_the_host_has_sent_does_not_come_back_to_it() {
    on_a_display("a_key_that_the_host_has_sent_does_not_come_back_to_it", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        window.click(4, 4).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        window.send_key(LETTER_C).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        assert_eq!(window.heard_keys().unwrap(), []);
        window.press_key(LETTER_Q).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        assert_eq!(window.heard_keys().unwrap(), [(LETTER_Q, true)]);
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
    });
}

#[test]
fn the_switch_of_the_keys_holds_in_other_projects_and_is_in_none() {
    on_a_display("the_switch_of_the_keys_holds_in_other_projects_and_is_in_none", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        let project = rig.instance.save_state().unwrap();
        for (x, y) in [START_TAB, SWITCH_OF_KEYS] {
            window.click(x, y).unwrap();
            play(&mut rig.instance, &mut processor, 10);
        }
        assert_eq!(rig.instance.save_state().unwrap(), project);
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);

        let mut other = Rig::new();
        let mut processor = other.instance.activate(SETUP).unwrap();
        other.instance.open_window(&window).unwrap();
        play_until_drawn(&mut other.instance, &mut processor, &window);
        window.click(4, 4).unwrap();
        play(&mut other.instance, &mut processor, 10);
        window.heard_keys().unwrap();
        for key in [SPACE, LETTER_Q] {
            window.press_key(key).unwrap();
            window.release_key(key).unwrap();
            play(&mut other.instance, &mut processor, 10);
        }
        assert_eq!(other.instance.value(RECORD).unwrap(), Some(1.0));
        assert_eq!(window.heard_keys().unwrap(), [(LETTER_Q, true), (LETTER_Q, false)], "Space was the recorder's");
        other.instance.close_window().unwrap();
        other.instance.deactivate(processor);
        assert_eq!(other.takes().len(), 1);
    });
}

#[test]
fn a_path_that_is_copied_is_in_the_clipboard_of_the_desktop() {
    on_a_display("a_path_that_is_copied_is_in_the_clipboard_of_the_desktop", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        rig.instance.open_window(&window).unwrap();
        // High enough for the menu to hang below the pointer.
        rig.instance.resize_window(&window, [760, 900]).unwrap();
        start_recording(&mut processor);
        Render::new(&sound(2), 0..4_800).changes(&[record(0, false)]).play(&mut processor).unwrap();
        play_until_drawn(&mut rig.instance, &mut processor, &window);
        window.click_right(60, 544).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        // The menu's second entry.
        window.click(90, 596).unwrap();
        play(&mut rig.instance, &mut processor, 10);
        let take = rig.files()[0].to_string_lossy().into_owned();
        assert_eq!(window.clipboard().unwrap(), Some(take));
        rig.instance.close_window().unwrap();
        rig.instance.deactivate(processor);
    });
}

#[test]
fn the_size_of_the_window_is_saved_with_the_project() {
    on_a_display("the_size_of_the_window_is_saved_with_the_project", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(1.0).unwrap();
        rig.instance.open_window(&window).unwrap();
        assert_eq!(rig.instance.resize_window(&window, [900, 640]).unwrap(), [900, 640]);
        assert_eq!(rig.instance.resize_window(&window, [10, 10]).unwrap(), [520, 360]);
        rig.instance.resize_window(&window, [900, 640]).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let state = rig.instance.save_state().unwrap();
        rig.instance.close_window().unwrap();

        let mut other = Rig::new();
        other.instance.load_state(&state).unwrap();
        assert_eq!(other.instance.open_window(&window).unwrap(), [900, 640]);
        other.instance.close_window().unwrap();
    });
}

#[test]
fn a_window_on_a_desktop_of_twice_the_size_is_twice_the_size() {
    on_a_display("a_window_on_a_desktop_of_twice_the_size_is_twice_the_size", || {
        let mut rig = Rig::new();
        let window = HostWindow::open(2.0).unwrap();
        assert_eq!(rig.instance.open_window(&window).unwrap(), [1520, 1120]);
        rig.instance.close_window().unwrap();
    });
}
