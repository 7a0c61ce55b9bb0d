//! In the CLAP host: the plugin's threads end with its instances, so that a host can unload it, and idle ones sleep. A
//! binary of its own: it looks at all threads of the process.
#![cfg(target_os = "linux")]

mod common;

use common::threads::{PluginThread, plugin_threads};
use common::{instance_in, record, sound};
use headless_host::{Render, Setup};

fn threads() -> Vec<PluginThread> {
    plugin_threads().unwrap()
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
