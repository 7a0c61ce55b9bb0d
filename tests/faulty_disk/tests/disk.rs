//! The faults reach programs that use the standard library.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

use faulty_disk::{Call, Disk, EACCES, EIO, ENOSPC, EROFS, Fault};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::Duration;

fn errno<T>(result: std::io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
fn every_kind_of_call_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    let path = folder.path().join("file");
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    file.try_lock().unwrap();
    file.write_all(b"sound").unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_exact(&mut [0; 5]).unwrap();
    file.set_len(3).unwrap();
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    file.metadata().unwrap();
    path.symlink_metadata().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    fs::rename(&path, folder.path().join("other")).unwrap();
    fs::remove_file(folder.path().join("other")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let expected = [
        Call::Open,
        Call::Lock,
        Call::Write,
        Call::Seek,
        Call::Read,
        Call::SetLength,
        Call::Sync,
        Call::Sync,
        Call::Look,
        Call::Look,
        Call::MakeFolder,
        Call::Rename,
        Call::Remove,
        Call::List,
    ];
    assert_eq!(disk.calls(), expected);
    assert_eq!(disk.threads(), [thread::current().id()]);
}

#[test]
fn one_call_fails_and_has_done_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    let path = folder.path().join("file");
    disk.set(Fault::Once { call: 1, errno: EIO });
    let mut file = File::create(&path).unwrap();
    assert_eq!(errno(file.write_all(b"lost")), Some(EIO));
    file.write_all(b"kept").unwrap();
    disk.set(Fault::None);
    assert_eq!(fs::read(&path).unwrap(), b"kept");
}

#[test]
fn a_disk_that_dies_stays_dead_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    disk.set(Fault::From { call: 1, errno: EACCES });
    let mut file = File::create(folder.path().join("file")).unwrap();
    assert_eq!(errno(file.write_all(b"lost")), Some(EACCES));
    assert_eq!(errno(file.sync_all()), Some(EACCES));
    assert_eq!(disk.failed(), 2);
    disk.set(Fault::None);
    file.write_all(b"kept").unwrap();
}

#[test]
fn a_full_disk_takes_what_fits_and_lets_what_is_there_be_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    let path = folder.path().join("file");
    disk.set(Fault::Room(6));
    let mut file = File::create(&path).unwrap();
    file.write_all(b"abcd").unwrap();
    assert_eq!(errno(file.write_all(b"efgh")), Some(ENOSPC));
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(b"ABCDEF").unwrap();
    disk.set(Fault::None);
    assert_eq!(fs::read(&path).unwrap(), b"ABCDEF");
}

#[test]
fn a_halting_disk_loses_nothing_that_is_written_with_patience() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    disk.set(Fault::Halting);
    fs::write(folder.path().join("file"), b"some more bytes").unwrap();
    assert!(disk.calls().len() > 4, "{:?}", disk.calls());
    disk.set(Fault::None);
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"some more bytes");
}

#[test]
fn a_hanging_disk_hangs_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::below(folder.path());
    disk.set(Fault::Hanging(|call| call == Call::Write));
    let path = folder.path().join("file");
    let writing = thread::spawn({
        let path = path.clone();
        move || fs::write(path, b"late")
    });
    while !disk.calls().contains(&Call::Write) {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(path.metadata().unwrap().len(), 0);
    disk.set(Fault::None);
    writing.join().unwrap().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"late");
}

#[test]
fn other_folders_and_other_calls_are_left_alone() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Disk::below(folder.path());
    fs::write(folder.path().join("file"), b"there").unwrap();
    disk.set(Fault::Every { of: |call| call == Call::Open, errno: EROFS });
    assert_eq!(errno(File::open(folder.path().join("file"))), Some(EROFS));
    fs::rename(folder.path().join("file"), folder.path().join("else")).unwrap();
    fs::write(other.path().join("file"), b"there").unwrap();
    let beside = folder.path().with_extension("beside");
    fs::write(&beside, b"there").unwrap();
    fs::remove_file(beside).unwrap();
}

#[test]
fn each_watched_disk_is_a_device_of_its_own() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disks = [Disk::below(folder.path()), Disk::below(other.path())];
    let devices = [&folder, &other].map(|folder| {
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        assert_eq!(file.metadata().unwrap().dev(), path.metadata().unwrap().dev());
        file.metadata().unwrap().dev()
    });
    assert_ne!(devices[0], devices[1]);
    drop(disks);
    assert_eq!(folder.path().metadata().unwrap().dev(), other.path().metadata().unwrap().dev());
}
