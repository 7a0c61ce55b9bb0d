//! Other names, and the trash, for real files.

use super::*;
use tempfile::TempDir;

/// A folder with files, each of which holds its first name.
struct Folder(TempDir);

impl Folder {
    fn new(names: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in names {
            fs::write(folder.path(name), name).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.path(name)).collect()
    }

    /// All files with what they hold, by name.
    fn there(&self) -> Vec<(String, String)> {
        let entries = self.0.path().read_dir().unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let file =
            |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
        let mut there: Vec<_> = files.map(file).collect();
        there.sort();
        there
    }

    #[track_caller]
    fn has(&self, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|&(name, held)| (name.to_owned(), held.to_owned())).collect();
        assert_eq!(self.there(), expected);
    }

    fn rename(&self, names: &[&str], written: &str) -> Result<Vec<PathBuf>, NotChanged> {
        rename_take(&self.paths(names), written)
    }

    /// A recorder, or anybody who locks what is open, has this file.
    fn held(&self, name: &str) -> File {
        let file = File::options().read(true).write(true).open(self.path(name)).unwrap();
        file.try_lock().unwrap();
        file
    }
}

#[test]
fn a_take_gets_its_new_name_with_all_its_files_and_all_that_is_in_them() {
    let folder = Folder::new(&["a-001_L.wav", "a-001_R.wav", "b.wav"]);
    let paths = folder.rename(&["a-001_L.wav", "a-001_R.wav"], "Chorus.mp3").unwrap();
    assert_eq!(paths, folder.paths(&["Chorus_L.wav", "Chorus_R.wav"]));
    folder.has(&[("Chorus_L.wav", "a-001_L.wav"), ("Chorus_R.wav", "a-001_R.wav"), ("b.wav", "b.wav")]);
}

#[test]
fn no_other_file_is_ever_replaced_and_the_user_hears_of_it() {
    let folder = Folder::new(&["a.wav", "b.wav"]);
    let error = folder.rename(&["a.wav"], "b").unwrap_err();
    assert!(matches!(&error, NotChanged::Taken { path } if *path == folder.path("b.wav")), "{error:?}");
    assert!(error.to_string().contains("\"b.wav\""), "{error}");
    folder.has(&[("a.wav", "a.wav"), ("b.wav", "b.wav")]);
    fs::create_dir(folder.path("c.wav")).unwrap();
    assert!(matches!(folder.rename(&["a.wav"], "c"), Err(NotChanged::Taken { .. })));
}

#[test]
fn where_one_of_the_names_is_in_use_no_file_is_renamed_and_nothing_is_left_behind() {
    let folder = Folder::new(&["a_L.wav", "a_R.wav", "b_R.wav"]);
    assert!(matches!(folder.rename(&["a_L.wav", "a_R.wav"], "b"), Err(NotChanged::Taken { .. })));
    folder.has(&[("a_L.wav", "a_L.wav"), ("a_R.wav", "a_R.wav"), ("b_R.wav", "b_R.wav")]);
}

#[test]
fn suffix_becomes_the_first_number_that_no_file_has() {
    let folder = Folder::new(&["a.wav", "b-001.wav", "b-002.wav", "b-004.wav"]);
    assert_eq!(folder.rename(&["a.wav"], "b{suffix}").unwrap(), [folder.path("b-003.wav")]);
    assert_eq!(fs::read_to_string(folder.path("b-003.wav")).unwrap(), "a.wav");
}

#[test]
fn the_name_that_a_take_has_already_is_no_error() {
    let folder = Folder::new(&["a.wav", "c-001.wav", "c-002.wav"]);
    assert_eq!(folder.rename(&["a.wav"], "a").unwrap(), [folder.path("a.wav")]);
    // The first file of a take in two may keep its name.
    let paths = folder.rename(&["c-001.wav", "c-002.wav"], "c-001").unwrap();
    assert_eq!(paths, folder.paths(&["c-001.wav", "c-001 (2).wav"]));
    folder.has(&[("a.wav", "a.wav"), ("c-001 (2).wav", "c-002.wav"), ("c-001.wav", "c-001.wav")]);
}

#[test]
fn nothing_is_no_name() {
    let folder = Folder::new(&["a.wav"]);
    assert!(matches!(folder.rename(&["a.wav"], " .wav"), Err(NotChanged::NoName)));
    folder.has(&[("a.wav", "a.wav")]);
}

#[test]
fn a_take_that_somebody_holds_is_neither_renamed_nor_trashed() {
    let folder = Folder::new(&["a_L.wav", "a_R.wav"]);
    let held = folder.held("a_R.wav");
    let files = ["a_L.wav", "a_R.wav"];
    let never = |_: &Path| panic!("it was to be left alone");
    for error in
        [folder.rename(&files, "b").map(drop), trash_take_with(&folder.paths(&files), never)].map(Result::unwrap_err)
    {
        assert!(matches!(&error, NotChanged::InUse { path } if *path == folder.path("a_R.wav")), "{error:?}");
        assert!(error.to_string().contains("is being recorded"), "{error}");
    }
    folder.has(&[("a_L.wav", "a_L.wav"), ("a_R.wav", "a_R.wav")]);
    drop(held);
    folder.rename(&files, "b").unwrap();
}

#[test]
#[cfg(unix)]
fn a_write_protected_take_is_the_users_all_the_same_unless_somebody_holds_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&["a.wav", "b.wav"]);
    let held = folder.held("a.wav");
    for name in ["a.wav", "b.wav"] {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o444)).unwrap();
    }
    assert!(matches!(folder.rename(&["a.wav"], "c"), Err(NotChanged::InUse { .. })));
    folder.rename(&["b.wav"], "d").unwrap();
    drop(held);
}

#[test]
fn a_take_that_has_gone_is_told_of() {
    let folder = Folder::new(&["a_L.wav"]);
    let files = ["a_L.wav", "a_R.wav"];
    assert!(matches!(folder.rename(&files, "b"), Err(NotChanged::Gone { .. })));
    assert!(matches!(trash_take_with(&folder.paths(&files), |_| Ok(())), Err(NotChanged::Gone { .. })));
    folder.has(&[("a_L.wav", "a_L.wav")]);
}

#[test]
fn a_name_that_the_system_does_not_take_changes_nothing() {
    let folder = Folder::new(&["a.wav"]);
    let error = folder.rename(&["a.wav"], &"x".repeat(300)).unwrap_err();
    assert!(matches!(error, NotChanged::NotRenamed { .. }), "{error:?}");
    folder.has(&[("a.wav", "a.wav")]);
}

#[test]
fn where_the_last_file_cannot_be_renamed_the_others_get_their_names_back() {
    let folder = Folder::new(&["a_1.wav", "a_2.wav", "a_3.wav"]);
    let files = folder.paths(&["a_1.wav", "a_2.wav", "a_3.wav", "a_4.wav"]);
    let paths = folder.paths(&["b_1.wav", "b_2.wav", "b_3.wav", "b_4.wav"]);
    let Reserved::All(places) = reserve(&files, &paths).unwrap() else { panic!("the names are unused") };
    // There is no fourth file.
    assert!(matches!(give_names(&files, &paths, places), Err(NotChanged::NotRenamed { .. })));
    folder.has(&[("a_1.wav", "a_1.wav"), ("a_2.wav", "a_2.wav"), ("a_3.wav", "a_3.wav")]);
}

#[test]
fn a_file_does_not_get_its_name_back_from_another_one_and_the_user_hears_which_it_is() {
    let folder = Folder::new(&["a_1.wav", "b_1.wav"]);
    assert!(go_back(&folder.path("b_1.wav"), &folder.path("a_1.wav")).is_err());
    folder.has(&[("a_1.wav", "a_1.wav"), ("b_1.wav", "b_1.wav")]);
    let error = NotChanged::NotRenamed { path: folder.path("a_2.wav"), source: io::ErrorKind::NotFound.into() };
    let told = error.in_part(vec![folder.path("b_1.wav")]).to_string();
    assert!(told.contains("\"a_2.wav\"") && told.contains("done before: \"b_1.wav\""), "{told}");
}

#[test]
fn where_a_file_does_not_go_to_the_trash_the_user_hears_which_ones_did() {
    let folder = Folder::new(&["a_L.wav", "a_R.wav"]);
    let only_left = |path: &Path| match path.ends_with("a_L.wav") {
        true => fs::remove_file(path).map_err(|error| error.to_string()),
        false => Err("no room".to_owned()),
    };
    let error = trash_take_with(&folder.paths(&["a_L.wav", "a_R.wav"]), only_left).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("no room") && told.contains("done before: \"a_L.wav\""), "{told}");
    folder.has(&[("a_R.wav", "a_R.wav")]);
}

/// Names the folder of the test in the process that has a trash of its own, or none.
#[cfg(all(unix, not(target_os = "macos")))]
const INSIDE: &str = "AUDIO_FILE_OUT_TEST";

/// Runs `body` as the test `name` in a process whose data lie in `data`, a path in its folder.
#[cfg(all(unix, not(target_os = "macos")))]
fn with_data_in(name: &str, data: &str, body: fn(&Folder)) {
    if std::env::var_os(INSIDE).is_some() {
        let folder = Folder(tempfile::tempdir_in(std::env::var_os(INSIDE).unwrap()).unwrap());
        return body(&folder);
    }
    let folder = Folder::new(&["a file"]);
    let test = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .env("XDG_DATA_HOME", folder.path(data))
        .env(INSIDE, folder.0.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}", output.status);
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn the_files_of_a_take_lie_in_the_desktops_trash_which_knows_where_they_were() {
    with_data_in("the_files_of_a_take_lie_in_the_desktops_trash_which_knows_where_they_were", "data", |folder| {
        for name in ["a_L.wav", "a_R.wav"] {
            fs::write(folder.path(name), name).unwrap();
        }
        trash_take(&folder.paths(&["a_L.wav", "a_R.wav"])).unwrap();
        folder.has(&[]);
        let trash = PathBuf::from(std::env::var_os("XDG_DATA_HOME").unwrap()).join("Trash");
        for name in ["a_L.wav", "a_R.wav"] {
            assert_eq!(fs::read_to_string(trash.join("files").join(name)).unwrap(), name);
            let info = fs::read_to_string(trash.join("info").join(format!("{name}.trashinfo"))).unwrap();
            assert!(info.contains(&format!("Path={}", folder.path(name).display())), "{info}");
            assert!(info.contains("DeletionDate="), "{info}");
        }
    });
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn without_a_trash_the_take_stays_and_the_user_hears_that_there_is_none() {
    // No folder can be made below a file.
    with_data_in("without_a_trash_the_take_stays_and_the_user_hears_that_there_is_none", "a file/data", |folder| {
        fs::write(folder.path("a.wav"), "a").unwrap();
        let error = trash_take(&folder.paths(&["a.wav"])).unwrap_err();
        assert!(error.to_string().starts_with("There is no trash for \""), "{error}");
        folder.has(&[("a.wav", "a")]);
    });
}
