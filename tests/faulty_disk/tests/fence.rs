//! The fence, in a process of its own: it stays.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

use std::fs::{self, File};

#[test]
fn nothing_outside_the_fence_can_be_changed_and_every_try_is_told() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("there"), b"there").unwrap();
    faulty_disk::fence(inside.path());
    fs::write(inside.path().join("file"), b"mine").unwrap();
    fs::create_dir(inside.path().join("folder")).unwrap();
    assert!(faulty_disk::trespasses().is_empty());

    assert!(fs::read(outside.path().join("there")).is_ok());
    assert!(File::create(outside.path().join("new")).is_err());
    assert!(fs::create_dir(outside.path().join("folder")).is_err());
    assert!(fs::rename(inside.path().join("file"), outside.path().join("file")).is_err());
    assert!(fs::remove_file(outside.path().join("there")).is_err());
    assert!(File::create(inside.path().join("../beside")).is_err());
    assert_eq!(faulty_disk::trespasses().len(), 5);
}
