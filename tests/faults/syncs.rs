//! Long takes are brought to the medium while they go on, those on one disk in turn.

use crate::common::{decode, files_in, instance_in, record, sound};
use crate::log;
use crate::recorder::{Recorder, TYPES, assert_holds};
use faulty_disk::{Call, Disk, Fault};
use headless_host::{Instance, Processor, Render, Setup};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RATE: u32 = 48_000;

/// Of sound, and how long it is waited after it was played.
const STEP: Duration = Duration::from_millis(100);

/// Longer than two syncs of a take are apart, twice over.
const SOME_SYNCS: Duration = Duration::from_secs(9);

const PATIENCE: Duration = Duration::from_secs(60);

/// Takes that go on side by side on one disk.
struct Takes {
    // Dropped first: they still write into the folder.
    instances: Vec<(Instance, Processor)>,
    disk: Disk,
    /// Frames so far.
    frames: usize,
    folder: TempDir,
}

impl Takes {
    fn begin(count: usize) -> Self {
        log::listen();
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::below(folder.path());
        let begin = |_| {
            let mut instance = instance_in(folder.path());
            let mut processor = instance.activate(Setup::new(f64::from(RATE), 512)).unwrap();
            Render::new(&sound(2), 0..1).changes(&[record(0, true)]).play(&mut processor).unwrap();
            (instance, processor)
        };
        Self { instances: (0..count).map(begin).collect(), disk, frames: 1, folder }
    }

    /// Plays in about realtime until something has come about.
    fn play_until(&mut self, what: &str, has_come: impl Fn(&Disk) -> bool) {
        let start = Instant::now();
        while !has_come(&self.disk) {
            assert!(start.elapsed() < PATIENCE, "waited for {what} in vain");
            let end = self.frames + (f64::from(RATE) * STEP.as_secs_f64()) as usize;
            for (_, processor) in &mut self.instances {
                Render::new(&sound(2), self.frames..end).play(processor).unwrap();
            }
            self.frames = end;
            thread::sleep(STEP);
        }
    }

    /// Switches record off.
    fn end(&mut self) {
        for (_, processor) in &mut self.instances {
            let span = self.frames..self.frames + 1;
            Render::new(&sound(2), span).changes(&[record(self.frames, false)]).play(processor).unwrap();
        }
    }

    /// How many are closed.
    fn closed(&self) -> usize {
        let lines = log::of(&self.disk.threads());
        lines.iter().filter(|line| line.starts_with("take closed")).count()
    }

    fn wait_until_closed(&self, count: usize) {
        let start = Instant::now();
        while self.closed() < count {
            assert!(start.elapsed() < PATIENCE, "{} takes are closed", self.closed());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asserts that every take holds every frame.
    fn assert_whole(&self) {
        let files = files_in(self.folder.path());
        assert_eq!(files.len(), self.instances.len());
        for path in files {
            let take = decode(&path);
            assert_eq!(take.frames(), self.frames);
            assert_holds(&take, 0, &path);
        }
    }
}

fn syncs(disk: &Disk) -> usize {
    disk.calls().iter().filter(|&&call| call == Call::Sync).count()
}

#[test]
fn takes_on_one_disk_are_synced_one_at_a_time_and_all_of_them() {
    let mut takes = Takes::begin(4);
    takes.disk.set(Fault::Hanging(|call| call == Call::Sync));
    takes.play_until("a sync", |disk| syncs(disk) > 0);
    let since = Instant::now();
    takes.play_until("time", |_| since.elapsed() > SOME_SYNCS);
    assert_eq!(syncs(&takes.disk), 1, "one is under way, and the disk is so slow that it is the only one");
    takes.disk.set(Fault::None);
    // None of them can have had two turns meanwhile.
    let since = Instant::now();
    takes.play_until("the others", |disk| syncs(disk) >= 3);
    assert!(since.elapsed() < SOME_SYNCS / 3, "those that waited had to ask again");
    takes.end();
    takes.wait_until_closed(4);
    takes.assert_whole();
}

#[test]
fn a_disk_that_hangs_holds_up_no_sync_of_another_one() {
    let mut hanging = Recorder::new(TYPES[0], true, RATE);
    hanging.disk.set(Fault::Hanging(|call| call == Call::Sync));
    hanging.play_until("a sync", |recorder| syncs(&recorder.disk) > 0);
    let mut takes = Takes::begin(1);
    // The second one is only begun when the first is done.
    takes.play_until("two syncs", |disk| syncs(disk) == 2);
    takes.end();
    takes.wait_until_closed(1);
    takes.assert_whole();
    assert_eq!(syncs(&hanging.disk), 1);
}

/// Only the disk itself holds up the end of a take.
#[test]
fn a_take_that_ends_waits_for_no_turn() {
    let mut takes = Takes::begin(3);
    let in_turn = |call| call == Call::Sync && thread::current().name() == Some("audio file sync");
    takes.disk.set(Fault::Hanging(in_turn));
    takes.play_until("a sync", |disk| syncs(disk) > 0);
    let since = Instant::now();
    // The others have come into the queue.
    takes.play_until("time", |_| since.elapsed() > SOME_SYNCS / 9);
    takes.end();
    takes.wait_until_closed(2);
    assert_eq!(takes.closed(), 2, "the one whose turn it is waits for the disk");
    takes.disk.set(Fault::None);
    takes.wait_until_closed(3);
    takes.assert_whole();
}
