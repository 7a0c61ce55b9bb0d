//! In the CLAP host: the plugin's threads end with its instances, so that a host can unload it, and idle ones sleep. A
//! binary of its own: it looks at all threads of the process.
#![cfg(target_os = "linux")]

mod common;

use common::{instance_in, record, sound};
use headless_host::{Render, Setup};
use std::fs;

/// The plugin's threads, with how often each has been woken so far.
fn threads() -> Vec<(String, u64)> {
    let mut threads = Vec::new();
    for task in fs::read_dir("/proc/self/task").unwrap() {
        // A thread that ends meanwhile is none.
        let Ok(status) = fs::read_to_string(task.unwrap().path().join("status")) else { continue };
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        let name = field("Name:");
        if name.starts_with("audio file") {
            threads.push((name, field("voluntary_ctxt_switches:").parse().unwrap()));
        }
    }
    threads
}

#[test]
fn threads_end_with_the_instances_and_idle_writers_sleep_through() {
    let folder = tempfile::tempdir().unwrap();
    let mut instances: Vec<_> = (0..64).map(|_| instance_in(folder.path())).collect();
    assert_eq!(threads(), [], "nothing runs before activate");
    let mut processors: Vec<_> =
        instances.iter_mut().map(|instance| instance.activate(Setup::new(48_000.0, 512)).unwrap()).collect();
    for processor in &mut processors {
        Render::new(&sound(2), 0..2_000).play(processor).unwrap();
    }
    // A take, so that the writers have proven to wake.
    Render::new(&sound(2), 0..2_000)
        .changes(&[record(0, true), record(1_000, false)])
        .play(&mut processors[0])
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let before = threads();
    assert_eq!(before.len(), 65, "a writer for each instance and one watch: {before:?}");
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    let woken = |threads: &[(String, u64)]| {
        threads.iter().filter(|(name, _)| name.contains("writer")).map(|(_, count)| count).sum::<u64>()
    };
    let wakes = woken(&threads()) - woken(&before);
    assert!(wakes <= 64, "64 idle writers were woken {wakes} times in a second");
    for (instance, processor) in instances.iter_mut().zip(processors) {
        instance.deactivate(processor);
    }
    assert_eq!(threads(), [], "a thread outlived the instances");
    assert_eq!(common::decode(&common::files_in(folder.path())[0]).frames(), 1_000);
}
