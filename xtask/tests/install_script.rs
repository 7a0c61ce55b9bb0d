//! `package/install.sh`, run by `/bin/sh` on packages of small files, one hazard a test.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CLAP: &str = "Audio File Out.clap";
const VST3: &str = "Audio File Out.vst3";

/// A package that was unpacked, and a home folder to install it for.
struct Setting {
    place: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let setting = Self { place: tempfile::Builder::new().prefix("it's a \"place\" ").tempdir().unwrap() };
        fs::create_dir(setting.home()).unwrap();
        setting.unpack("first");
        setting
    }

    fn home(&self) -> PathBuf {
        self.place.path().join("a home")
    }

    fn package(&self) -> PathBuf {
        self.place.path().join("a package")
    }

    /// Puts a package of this version in the place of the one that is there.
    fn unpack(&self, version: &str) {
        let package = self.package();
        let _ = fs::remove_dir_all(&package);
        let code = package.join(VST3).join("Contents").join(machine());
        fs::create_dir_all(&code).unwrap();
        fs::write(code.join(format!("{version}.so")), version).unwrap();
        fs::write(package.join(CLAP), version).unwrap();
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/package/install.sh"), package.join("install.sh")).unwrap();
    }

    fn clap(&self) -> PathBuf {
        self.home().join(if cfg!(target_os = "macos") { "Library/Audio/Plug-Ins/CLAP" } else { ".clap" }).join(CLAP)
    }

    fn vst3(&self) -> PathBuf {
        self.home().join(if cfg!(target_os = "macos") { "Library/Audio/Plug-Ins/VST3" } else { ".vst3" }).join(VST3)
    }

    /// The script, to be run with these options, and with nothing else than it may ask for.
    fn script(&self, options: &[&str]) -> Command {
        let mut sh = Command::new("/bin/sh");
        sh.arg(self.package().join("install.sh")).args(options).current_dir("/");
        sh.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin");
        sh
    }

    fn version_installed(&self) -> String {
        fs::read_to_string(self.clap()).unwrap()
    }

    /// The names of the libraries in the installed VST3 bundle.
    fn libraries(&self) -> Vec<String> {
        names(&self.vst3().join("Contents").join(machine()))
    }
}

/// What a VST3 bundle calls this machine.
fn machine() -> String {
    if cfg!(target_os = "macos") { "MacOS".to_owned() } else { format!("{}-linux", std::env::consts::ARCH) }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{said}{}", String::from_utf8_lossy(&stderr));
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    said
}

/// What a script says that fails.
#[track_caller]
fn fails(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(!status.success(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn it_installs_from_any_folder_whatever_cdpath_says_and_names_where() {
    let setting = Setting::new();
    let said = succeeds(&mut setting.script(&[]));
    assert!(said.contains(&format!("installed {}\n", setting.clap().display())), "{said}");
    assert!(said.contains(&format!("installed {}\n", setting.vst3().display())), "{said}");

    setting.unpack("second");
    // With a relative path, `cd` looks in CDPATH first, and prints where it went.
    let mut from_beside = Command::new("/bin/sh");
    from_beside.arg("a package/install.sh").current_dir(setting.place.path()).env_clear();
    from_beside.env("HOME", setting.home()).env("PATH", "/usr/bin:/bin").env("CDPATH", setting.place.path());
    succeeds(&mut from_beside);
    assert_eq!(setting.version_installed(), "second");
}

#[test]
fn a_newer_version_leaves_nothing_of_the_older_one() {
    let setting = Setting::new();
    succeeds(&mut setting.script(&[]));
    setting.unpack("second");
    succeeds(&mut setting.script(&[]));
    assert_eq!(setting.version_installed(), "second");
    assert_eq!(setting.libraries(), ["second.so"]);
    assert_eq!(names(setting.clap().parent().unwrap()), [CLAP]);
    assert_eq!(names(setting.vst3().parent().unwrap()), [VST3]);
}

#[test]
fn a_running_daw_keeps_the_file_that_it_has_open() {
    use std::io::Read;
    let setting = Setting::new();
    succeeds(&mut setting.script(&[]));
    let mut open = fs::File::open(setting.clap()).unwrap();
    setting.unpack("second");
    succeeds(&mut setting.script(&[]));
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "first");
}

#[test]
fn uninstalling_leaves_nothing_but_what_others_put_there() {
    let setting = Setting::new();
    let folder = setting.vst3().parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("Another.vst3"), "").unwrap();
    succeeds(&mut setting.script(&[]));
    fs::remove_dir_all(setting.package().join(VST3)).unwrap();
    fs::remove_file(setting.package().join(CLAP)).unwrap();
    succeeds(&mut setting.script(&["--uninstall"]));
    assert!(!setting.clap().parent().unwrap().exists());
    assert_eq!(names(&folder), ["Another.vst3"]);
}

#[test]
fn uninstalling_what_is_not_there_says_so_and_is_no_error() {
    let setting = Setting::new();
    let said = succeeds(&mut setting.script(&["--uninstall"]));
    assert_eq!(said.matches("was not there: ").count(), 2, "{said}");
    assert_eq!(names(&setting.home()), [""; 0]);
}

#[test]
fn a_link_to_the_plugin_of_a_developer_is_replaced_and_its_target_stays() {
    let setting = Setting::new();
    let own = setting.place.path().join("own build");
    fs::create_dir_all(own.join("Contents")).unwrap();
    fs::create_dir_all(setting.vst3().parent().unwrap()).unwrap();
    symlink(&own, setting.vst3()).unwrap();
    succeeds(&mut setting.script(&[]));
    assert_eq!(setting.libraries(), ["first.so"]);
    assert_eq!(names(&own), ["Contents"]);
    assert_eq!(names(&own.join("Contents")), [""; 0]);
}

#[test]
fn an_incomplete_package_is_refused_before_anything_is_touched() {
    let setting = Setting::new();
    succeeds(&mut setting.script(&[]));
    for missing in [CLAP, VST3] {
        setting.unpack("second");
        fs::rename(setting.package().join(missing), setting.place.path().join(missing)).unwrap();
        assert!(fails(&mut setting.script(&[])).contains("unpack the whole archive"), "{missing}");
        assert_eq!(setting.version_installed(), "first");
        assert_eq!(setting.libraries(), ["first.so"]);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_what_to_do() {
    let setting = Setting::new();
    let folder = setting.vst3().parent().unwrap().to_owned();
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    fs::write(&folder, "a file in its place").unwrap();
    let said = fails(&mut setting.script(&[]));
    assert!(said.contains(&format!("Nothing can be written to {}. Please", folder.display())), "{said}");
    assert_eq!(names(setting.clap().parent().unwrap()), [""; 0]);
}

#[test]
fn a_package_for_another_kind_of_computer_is_refused() {
    let setting = Setting::new();
    let contents = setting.package().join(VST3).join("Contents");
    fs::rename(contents.join(machine()), contents.join("m68k-amiga")).unwrap();
    assert!(fails(&mut setting.script(&[])).contains("another kind of computer"));
    assert_eq!(names(&setting.home()), [""; 0]);
}

#[test]
fn a_copy_that_fails_leaves_the_old_version_and_no_pieces() {
    let setting = Setting::new();
    succeeds(&mut setting.script(&[]));
    setting.unpack("second");
    // A `cp` that comes as far as a full disk lets it.
    let tools = setting.place.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let cp = tools.join("cp");
    fs::write(&cp, "#!/bin/sh\ncase $2 in *.vst3) mkdir \"$3\"; exit 1;; esac\nexec /bin/cp \"$@\"\n").unwrap();
    fs::set_permissions(&cp, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    assert!(fails(setting.script(&[]).env("PATH", path)).contains("the disk has room"));
    assert_eq!(setting.version_installed(), "first");
    assert_eq!(setting.libraries(), ["first.so"]);
    assert_eq!(names(setting.clap().parent().unwrap()), [CLAP]);
    assert_eq!(names(setting.vst3().parent().unwrap()), [VST3]);
}

#[test]
fn without_a_home_folder_it_says_what_is_missing() {
    let setting = Setting::new();
    assert!(fails(setting.script(&[]).env_remove("HOME")).contains("HOME"));
    assert!(fails(setting.script(&[]).env("HOME", "")).contains("HOME"));
}

#[test]
fn an_unknown_option_installs_nothing() {
    let setting = Setting::new();
    assert!(fails(&mut setting.script(&["--unistall"])).contains("--unistall"));
    assert_eq!(names(&setting.home()), [""; 0]);
}

#[test]
fn for_everyone_it_leaves_the_home_folder_alone_and_others_can_read_it() {
    let setting = Setting::new();
    let system = setting.place.path().join("a system");
    let everyone = |options: &[&str]| {
        let mut sh = Command::new("/bin/sh");
        // The strictest administrator.
        sh.arg("-c").arg("umask 077; exec /bin/sh \"$0\" \"$@\"").arg(setting.package().join("install.sh"));
        sh.args(options).env_clear().env("PATH", "/usr/bin:/bin").env("DESTDIR", &system);
        sh
    };
    succeeds(&mut everyone(&["--system"]));
    let folder = if cfg!(target_os = "macos") { "Library/Audio/Plug-Ins/VST3" } else { "usr/lib/vst3" };
    let bundle = system.join(folder).join(VST3);
    for path in [&bundle, &bundle.join("Contents").join(machine())] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o055, 0o055, "{}", path.display());
    }
    assert_eq!(names(&setting.home()), [""; 0]);
    succeeds(&mut everyone(&["--uninstall", "--system"]));
    assert!(!bundle.parent().unwrap().exists());
}

#[test]
fn with_sudo_but_not_for_everyone_it_asks_what_is_meant() {
    let setting = Setting::new();
    let tools = setting.place.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let id = tools.join("id");
    fs::write(&id, "#!/bin/sh\necho 0\n").unwrap();
    fs::set_permissions(&id, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let said = fails(setting.script(&[]).env("PATH", path).env("SUDO_USER", "musician"));
    assert!(said.contains("--system"), "{said}");
    assert_eq!(names(&setting.home()), [""; 0]);
}
