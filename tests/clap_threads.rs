//! In the CLAP host: the plugin's threads end with its instances, so that a host can unload it, and idle ones sleep. A
//! binary of its own: it looks at all threads of the process.
#![cfg(target_os = "linux")]

mod common;

use common::threads::{PluginThread, plugin_threads};
use common::{instance_in, record, sound};
use headless_host::{Instance, Processor, Render, Setup};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

/// Both tests look at all threads of the process.
static TURN: Mutex<()> = Mutex::new(());

fn activated(count: usize, folder: &Path) -> (Vec<Instance>, Vec<Processor>) {
    let mut instances: Vec<_> = (0..count).map(|_| instance_in(folder)).collect();
    assert_eq!(threads(), [], "nothing runs before activate");
    let activate = |instance: &mut Instance| instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let processors = instances.iter_mut().map(activate).collect();
    (instances, processors)
}

fn threads() -> Vec<PluginThread> {
    plugin_threads().unwrap()
}

#[test]
fn threads_end_with_the_instances_and_idle_writers_sleep_through() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let (mut instances, mut processors) = activated(64, folder.path());
    for processor in &mut processors {
        Render::new(&sound(2), 0..2_000).play(processor).unwrap();
    }
    // A take, so that the writers have proven to wake.
    Render::new(&sound(2), 0..2_000)
        .changes(&[record(0, true), record(1_000, false)])
        .play(&mut processors[0])
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let before = threads();
    assert_eq!(before.len(), 65, "a writer for each instance and one watch: {before:?}");
    std::thread::sleep(Duration::from_millis(1_000));
    let woken = |threads: &[PluginThread]| {
        let writers: Vec<_> = threads.iter().filter(|thread| thread.name == "audio file writ").collect();
        assert_eq!(writers.len(), 64);
        writers.iter().map(|thread| thread.wakes).sum::<u64>()
    };
    let wakes = woken(&threads()) - woken(&before);
    assert!(wakes <= 64, "64 idle writers were woken {wakes} times in a second");
    for (instance, processor) in instances.iter_mut().zip(processors) {
        instance.deactivate(processor);
    }
    assert_eq!(threads(), [], "a thread outlived the instances");
    assert_eq!(common::decode(&common::files_in(folder.path())[0]).frames(), 1_000);
}

fn wakes_of_writers() -> u64 {
    threads().iter().filter(|thread| thread.name == "audio file writ").map(|thread| thread.wakes).sum()
}

#[test]
fn a_writer_that_only_keeps_what_passes_wakes_once_or_twice_a_second() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let (mut instances, mut processors) = activated(1, folder.path());
    let mut play = |span: std::ops::Range<usize>| {
        Render::new(&sound(2), span).realtime().play(&mut processors[0]).unwrap();
    };
    play(0..48_000);
    let before = wakes_of_writers();
    play(48_000..5 * 48_000);
    let wakes = wakes_of_writers() - before;
    assert!((3..=8).contains(&wakes), "{wakes} times in four seconds");
    instances[0].deactivate(processors.pop().unwrap());
}

#[test]
fn long_takes_share_one_thread_that_syncs_them_and_ends_with_the_last_one() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let (mut instances, mut processors) = activated(16, folder.path());
    for processor in &mut processors {
        Render::new(&sound(2), 0..2_000).changes(&[record(0, true)]).play(processor).unwrap();
    }
    let syncing = || threads().into_iter().filter(|thread| thread.name == "audio file sync").collect::<Vec<_>>();
    assert_eq!(syncing(), [], "takes that are short need none");
    let mut ids = Vec::new();
    // All of them are synced, and again.
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(500));
        ids.extend(syncing().iter().map(|thread| thread.id));
    }
    let once = ids[0];
    assert!(ids.len() > 5 && ids.iter().all(|&id| id == once), "more than one thread: {ids:?}");
    let (mut last, its_processor) = (instances.pop().unwrap(), processors.pop().unwrap());
    for (instance, processor) in instances.iter_mut().zip(processors) {
        instance.deactivate(processor);
    }
    assert_eq!(syncing().len(), 1);
    last.deactivate(its_processor);
    assert_eq!(threads(), [], "a thread outlived the instances");
}
