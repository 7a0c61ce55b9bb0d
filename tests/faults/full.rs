//! The disk is full.

use crate::recorder::{OLD, Recorder, TYPES, Type};
use faulty_disk::{EDQUOT, ENOSPC, Fault};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;

/// Of a take that does not fit.
const FRAMES: usize = 5 * RATE as usize;

/// Room on the disk, in bytes: too little for a header, for the first sound, for half a second, for more than all.
const ROOMS: [u64; 6] = [0, 20, 4_000, 30_001, 100_001, 50_000_000];

/// The sound of a WAV file stands behind so many.
const WAV_HEADER_BYTES: usize = 4_096;

/// Records a take for which there is no room, then room is made, then another one.
fn run(file_type: Type, unique: bool, room: u64) {
    let mut recorder = Recorder::new(file_type, unique, RATE);
    let first = recorder.at();
    recorder.disk.set(Fault::Room(room));
    recorder.play(FRAMES, true);
    recorder.play(100, false);
    let take = recorder.take(0);
    recorder.disk.set(Fault::None);
    let kept = take.path.as_ref().map_or(0, |path| recorder.assert_sound(path, first));
    assert!(kept > 0 || room < 100_000, "nothing is kept in {room} bytes: {take:?}");
    let told = take.frames - take.lost;
    assert_eq!(take.frames, FRAMES);
    assert_eq!(kept, told, "{take:?}");
    if room > 10_000_000 {
        assert_eq!((take.lost, &take.errors), (0, &vec![]), "{take:?}");
    } else {
        assert!(take.errors.len() == 1 && take.errors[0].contains("disk is full"), "{take:?}");
        // What is gathered for one write, or held back by the encoder, may not have fit as a whole.
        let in_files: u64 = recorder.files().iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(in_files <= room + OLD.len() as u64, "{in_files} bytes");
    }
    if file_type.extension == "wav" && kept < FRAMES {
        let fits = (room as usize).saturating_sub(WAV_HEADER_BYTES) / 6;
        assert!(kept + 1 >= fits, "{kept} frames are kept where {fits} have room");
    }
    let old = recorder.folder.path().join("take").with_extension(file_type.extension);
    assert!(unique || take.errors.is_empty() || fs::read(old).unwrap() == OLD, "{take:?}");
    recorder.assert_take_works(1);
}

#[test]
fn what_fits_is_kept_and_told_and_the_next_take_has_room_again() {
    thread::scope(|scope| {
        for file_type in TYPES {
            for unique in [true, false] {
                scope.spawn(move || ROOMS.into_iter().for_each(|room| run(file_type, unique, room)));
            }
        }
    });
}

#[test]
fn a_quota_and_a_full_disk_at_the_first_folder_are_told_too() {
    for errno in [ENOSPC, EDQUOT] {
        let mut recorder = Recorder::new(TYPES[0], true, RATE);
        recorder.disk.set(Fault::From { call: 0, errno });
        recorder.play(1_000, true);
        recorder.play(100, false);
        let take = recorder.take(0);
        assert_eq!((take.frames, take.lost, &take.path), (1_000, 1_000, &None));
        assert!(take.errors[0].contains("full"), "{take:?}");
        recorder.disk.set(Fault::None);
        assert!(recorder.files().is_empty());
    }
}

/// A host in realtime is not made to wait by a disk that is full, whatever it plays: after the error nothing is in the
/// queue for long.
#[test]
fn a_long_render_to_a_full_disk_is_not_held_up() {
    let mut recorder = Recorder::new(TYPES[0], true, RATE);
    recorder.disk.set(Fault::Room(1_000_000));
    let start = Instant::now();
    // More than the queue holds.
    recorder.play(120 * RATE as usize, true);
    recorder.play(100, false);
    let take = recorder.take(0);
    assert_eq!(take.frames, 120 * RATE as usize);
    assert!(take.lost > 100 * RATE as usize, "{take:?}");
    // Waits for a writer that is stuck end after two minutes.
    assert!(start.elapsed() < Duration::from_secs(100), "the render was held up");
}

/// A file system of one megabyte, while this lives.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(folder);
        let is_mounted = command.output().is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn a_real_file_system_of_a_megabyte() {
    for file_type in TYPES {
        let mut recorder = Recorder::new(file_type, true, RATE);
        let folder = recorder.folder.path().to_owned();
        let Some(_small) = SmallDisk::mount(&folder) else {
            let _ = writeln!(std::io::stderr(), "no file system can be mounted here: its check is skipped");
            return;
        };
        let ballast = folder.join("ballast");
        fs::write(&ballast, vec![0; 900_000]).unwrap();
        let first = recorder.at();
        recorder.play(60 * RATE as usize, true);
        recorder.play(100, false);
        let take = recorder.take(0);
        assert!(take.errors.len() == 1 && take.errors[0].contains("disk is full"), "{take:?}");
        let kept = recorder.assert_sound(take.path.as_ref().unwrap_or_else(|| panic!("{take:?}")), first);
        assert!(kept >= take.frames - take.lost && take.lost > 0, "{kept} frames are there: {take:?}");
        fs::remove_file(ballast).unwrap();
        recorder.assert_take_works(1);
        recorder.finish();
    }
}
