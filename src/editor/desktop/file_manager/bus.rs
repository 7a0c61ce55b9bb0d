//! The file manager on the session bus: `ShowItems` of `org.freedesktop.FileManager1`
//! (<https://www.freedesktop.org/wiki/Specifications/file-manager-interface/>). The bus is asked through one of the
//! system's own commands: a bus that hangs then hangs a process that can be ended, and nothing of it stays behind when
//! the host unloads the plugin. (The crates for it keep threads that never end.)

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a file manager may take to answer: it may have to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one nap of that wait is.
const NAP: Duration = Duration::from_millis(20);

/// What a path keeps in a URI (RFC 3986, section 2.3). Everything else would also mean something to the commands.
const IN_URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a file manager shows the file. Waits for it.
pub fn show_item(file: &Path) -> bool {
    // A name that is no Unicode has no text to be sent as.
    let Some(uri) = std::path::absolute(file).ok().and_then(|file| uri(file.to_str()?)) else { return false };
    for mut command in [dbus_send(&uri), gdbus(&uri)] {
        match succeeds(&mut command) {
            Ok(shown) => return shown,
            // This desktop has no such command.
            Err(_) => continue,
        }
    }
    false
}

fn uri(path: &str) -> Option<String> {
    path.starts_with('/').then(|| format!("file://{}", utf8_percent_encode(path, IN_URI)))
}

/// The command of D-Bus itself.
fn dbus_send(uri: &str) -> Command {
    let mut command = Command::new("dbus-send");
    command
        .args(["--session", "--print-reply", "--dest=org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"])
        .args(["org.freedesktop.FileManager1.ShowItems", &format!("array:string:{uri}"), "string:"]);
    command
}

/// The command of GLib.
fn gdbus(uri: &str) -> Command {
    let mut command = Command::new("gdbus");
    command
        .args(["call", "--session", "--dest", "org.freedesktop.FileManager1"])
        .args(["--object-path", "/org/freedesktop/FileManager1"])
        .args(["--method", "org.freedesktop.FileManager1.ShowItems", &format!("['{uri}']"), ""]);
    command
}

/// Whether the command ends well and in time; an error where it cannot be started.
fn succeeds(command: &mut Command) -> io::Result<bool> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) => thread::sleep(NAP),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_keeps_nothing_that_a_command_could_take_for_its_own() {
        let uri = |path| uri(path).unwrap();
        assert_eq!(uri("/a b/c,'d'-001.wav"), "file:///a%20b/c%2C%27d%27-001.wav");
        assert_eq!(uri("/太鼓"), "file:///%E5%A4%AA%E9%BC%93");
    }

    /// On a session bus of their own.
    #[cfg(target_os = "linux")]
    mod on_a_bus {
        use super::super::super::reveal;
        use super::*;
        use rustbus::connection::Timeout;
        use rustbus::connection::ll_conn::force_finish_on_error;
        use rustbus::{RpcConn, standard_messages::request_name};
        use std::fs;
        use std::io::Write;
        use std::os::unix::fs::PermissionsExt;
        use std::path::PathBuf;
        use tempfile::TempDir;

        /// Names the folder of the test in the process that has a bus.
        const INSIDE: &str = "AUDIO_FILE_OUT_TEST";

        const OPENED: &str = "opened";

        /// Runs `body` as the test `name` where there is a session bus and an `xdg-open` that notes what it opens in
        /// [`OPENED`], or says that there is none. `tool` is the one command that the bus is asked with.
        fn on_a_bus(name: &str, tool: &str, body: fn(&Path)) {
            if let Some(inside) = std::env::var_os(INSIDE) {
                return body(Path::new(&inside));
            }
            let tools = ["dbus-run-session", "dbus-daemon", tool].map(in_path);
            let [Some(session), Some(daemon), Some(tool)] = tools else {
                // Not println: the test runner keeps that to itself while the test passes.
                let _ = writeln!(io::stderr(), "skipped: {name} needs dbus-run-session, dbus-daemon and {tool}");
                return;
            };
            let folder = tempfile::tempdir().unwrap();
            script(&folder, "xdg-open", &format!("printf %s \"$1\" > '{}'", folder.path().join(OPENED).display()));
            std::os::unix::fs::symlink(&tool, folder.path().join(tool.file_name().unwrap())).unwrap();
            let this = std::env::current_exe().unwrap();
            let test = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
            let output = Command::new(session)
                .arg("--dbus-daemon")
                .arg(daemon)
                .arg("--")
                .arg(this)
                .args(["--exact", &test, "--nocapture"])
                .env("PATH", folder.path())
                .env(INSIDE, folder.path())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}", output.status);
        }

        fn in_path(tool: &str) -> Option<PathBuf> {
            std::env::split_paths(&std::env::var_os("PATH")?)
                .map(|folder| folder.join(tool))
                .find(|tool| tool.is_file())
        }

        fn script(folder: &TempDir, name: &str, body: &str) {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }

        /// A file manager that shows one thing and says which.
        fn file_manager() -> thread::JoinHandle<Vec<String>> {
            let mut bus = RpcConn::session_conn(Timeout::Infinite).unwrap();
            let mut name = request_name("org.freedesktop.FileManager1", 0);
            let serial = bus.send_message(&mut name).unwrap().write_all().map_err(force_finish_on_error).unwrap();
            bus.wait_response(serial, Timeout::Infinite).unwrap();
            thread::spawn(move || {
                // GLib asks what there is first.
                bus.set_filter(Box::new(|message| message.dynheader.member.as_deref() != Some("Introspect")));
                let call = bus.wait_call(Timeout::Infinite).unwrap();
                assert_eq!(call.dynheader.member.as_deref(), Some("ShowItems"));
                let (uris, startup_id): (Vec<String>, String) = call.body.parser().get2().unwrap();
                assert_eq!(startup_id, "");
                let mut reply = call.dynheader.make_response();
                bus.send_message(&mut reply).unwrap().write_all().map_err(force_finish_on_error).unwrap();
                uris
            })
        }

        fn selects_the_file(folder: &Path) {
            let take = folder.join("a, b-001.wav");
            fs::write(&take, "").unwrap();
            let manager = file_manager();
            reveal(&take).unwrap();
            assert_eq!(manager.join().unwrap(), [format!("file://{}/a%2C%20b-001.wav", folder.display())]);
            assert!(!folder.join(OPENED).exists(), "the folder was opened, too");
        }

        #[test]
        fn the_file_manager_is_asked_to_select_the_file() {
            on_a_bus("the_file_manager_is_asked_to_select_the_file", "dbus-send", selects_the_file);
        }

        #[test]
        fn it_is_asked_without_the_command_of_d_bus_too() {
            on_a_bus("it_is_asked_without_the_command_of_d_bus_too", "gdbus", selects_the_file);
        }

        #[test]
        fn without_a_file_manager_on_the_bus_the_folder_is_opened() {
            on_a_bus("without_a_file_manager_on_the_bus_the_folder_is_opened", "dbus-send", |folder| {
                reveal(&folder.join("take-001.wav")).unwrap();
                let opened = fs::read_to_string(folder.join(OPENED)).unwrap();
                assert_eq!(opened, folder.to_string_lossy());
            });
        }
    }
}
