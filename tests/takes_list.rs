//! The list of takes and the disk behind it: what the plugin has recorded in one session is there in the next, and the list
//! renames it.

mod common;

use audio_file_out::core::naming::Suffix;
use audio_file_out::disk::files::TakeLibrary;
use audio_file_out::editor::desktop::{Desktop, News};
use audio_file_out::editor::gestures::Gestures;
use audio_file_out::editor::panel::{Foreseen, Panel};
use audio_file_out::editor::theme;
use audio_file_out::link::{Preferences, Status};
use audio_file_out::params::RecorderParams;
use common::{FILE_TYPE, FILES, MP3, ONE_FOR_EACH_CHANNEL, Rig, files_in, record, sound};
use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use headless_host::{Change, Render, Setup};
use nice_plug::prelude::Param;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct NoHost;

impl Gestures for NoHost {
    fn begin<P: Param>(&self, _: &P) {}
    fn set<P: Param>(&self, _: &P, _: P::Plain) {}
    fn end<P: Param>(&self, _: &P) {}
}

struct NoDesktop;

impl Desktop for NoDesktop {
    fn choose_folder(&mut self, _: Option<&Path>) {}
    fn show(&mut self, _: &Path) {}
    fn news(&mut self) -> Option<News> {
        None
    }
}

/// A user who gave the keys to the recorder.
struct KeysToTheRecorder;

impl Preferences for KeysToTheRecorder {
    fn recorder_has_keys(&mut self) -> bool {
        true
    }

    fn give_keys(&mut self, _: bool) {}

    fn news(&mut self) -> Option<String> {
        None
    }
}

/// The window of a session that has recorded nothing yet, whose next take goes into `folder`.
fn window(folder: &Path) -> Harness<'static, Panel> {
    let status = Arc::<Status>::default();
    let path = folder.join(format!("take{}.wav", Suffix::Unique(99)));
    let foresee = move |_: &_, _: &_, _, _: &[_], _: Option<&_>| {
        Some(Foreseen::Known { path: path.clone(), folder: None, recorder_folder: None, home: None })
    };
    let library = Box::new(TakeLibrary::new(Arc::new(|| ())));
    let params = Arc::<RecorderParams>::default();
    let (desktop, foresee, preferences) = (Box::new(NoDesktop), Box::new(foresee), Box::new(KeysToTheRecorder));
    let mut panel = Panel::new(params, status, desktop, foresee, library, preferences);
    panel.opens();
    Harness::builder()
        .with_size(egui::vec2(760.0, 560.0))
        .with_context_setup(theme::apply)
        .build_ui_state(|ui, panel: &mut Panel| panel.show(ui, &NoHost), panel)
}

/// Goes on until the window says this; the disk takes its time.
#[track_caller]
fn sees(window: &mut Harness<'_, Panel>, label: &str) {
    let start = Instant::now();
    while window.query_by_label_contains(label).is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "the window does not say {label:?}");
        std::thread::sleep(Duration::from_millis(10));
        window.step();
    }
}

/// Records a take of each kind in a host, which ends then.
fn session(folder: &mut Rig) {
    for settings in [vec![], vec![(FILE_TYPE, MP3)], vec![(FILES, ONE_FOR_EACH_CHANNEL)]] {
        let mut processor = folder.instance.activate(Setup::new(48_000.0, 512)).unwrap();
        let mut changes: Vec<_> = settings.iter().map(|&(param, value)| Change::new(0, param, value)).collect();
        changes.push(record(512, true));
        Render::new(&sound(2), 0..48_512).changes(&changes).play(&mut processor).unwrap();
        let back: Vec<_> = settings.iter().map(|&(param, _)| Change::new(0, param, 0.0)).collect();
        let changes = [vec![record(0, false)], back].concat();
        Render::new(&sound(2), 0..512).changes(&changes).play(&mut processor).unwrap();
        folder.instance.deactivate(processor);
    }
}

#[test]
fn what_one_session_has_recorded_is_in_the_list_of_the_next_and_can_be_renamed_there() {
    let mut rig = Rig::new();
    session(&mut rig);
    let Rig { instance, folder } = rig;
    drop(instance);
    let names = || -> Vec<String> {
        files_in(folder.path()).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let there = names();
    assert_eq!(there, ["take-001.mp3", "take-001.wav", "take-001_L.wav", "take-001_R.wav"]);
    let mut window = window(folder.path());
    for label in
        ["take-001.wav, 0:00:01.000, ", "take-001.mp3, 0:00:01.000, ", "take-001_L.wav and 1 more, 0:00:01.000, "]
    {
        sees(&mut window, label);
    }
    window.get_by_label_contains("take-001_L.wav").focus();
    window.run_steps(2);
    window.key_press(Key::F2);
    window.run_steps(3);
    window.get_by_label("Rename to").type_text("Chorus");
    window.run_steps(2);
    window.key_press(Key::Enter);
    sees(&mut window, "Chorus_L.wav and 1 more, 0:00:01.000, ");
    assert_eq!(names(), ["Chorus_L.wav", "Chorus_R.wav", "take-001.mp3", "take-001.wav"]);
    // Outside.
    std::fs::remove_file(folder.path().join("take-001.wav")).unwrap();
    sees(&mut window, "moved or removed");
}
