//! The walls between the modules: who may name what. See the crate's documentation.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file of the plugin with its code: comments and the tests at its end left out.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let code = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    };
    files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, code(path))
        })
        .collect()
}

/// Whether `file` is the module `module` or lies in it.
fn is_in(file: &str, module: &str) -> bool {
    file == format!("{module}.rs") || file.starts_with(&format!("{module}/"))
}

/// Asserts that no file of the modules `inside` names any of `words`.
fn names_none(inside: &[&str], words: &[&str]) {
    let sources = sources();
    for module in inside {
        assert!(sources.iter().any(|(file, _)| is_in(file, module)), "there is no module {module}");
    }
    for (file, code) in sources.iter().filter(|(file, _)| inside.iter().any(|module| is_in(file, module))) {
        for word in words {
            assert!(!code.contains(word), "src/{file} names `{word}`, which its module must not");
        }
    }
}

#[test]
fn the_core_knows_no_thread_file_clock_or_framework() {
    let outside = ["std::fs", "std::thread", "std::env", "std::io", "Instant", "SystemTime", "chrono", "Mutex", "rtrb"];
    names_none(&["core"], &outside);
    names_none(&["core"], &["crate::link", "crate::rt", "crate::disk", "crate::editor", "crate::params"]);
}

#[test]
fn the_link_depends_on_the_core_alone() {
    names_none(
        &["link"],
        &["crate::rt", "crate::disk", "crate::osc", "crate::editor", "crate::params", "crate::plugin"],
    );
}

#[test]
fn the_audio_thread_and_the_disk_never_import_each_other() {
    names_none(&["rt"], &["crate::disk", "crate::osc", "crate::editor", "crate::params", "crate::plugin"]);
    names_none(&["disk"], &["crate::rt", "crate::osc", "crate::editor", "crate::params", "crate::plugin"]);
}

#[test]
fn the_audio_thread_names_no_file_lock_string_log_or_allocation() {
    let never =
        ["std::fs", "std::io", "Mutex", "RwLock", "String", "format!", "println!", "vec!", "Vec<", "Box", "log"];
    names_none(&["rt"], &never);
}

#[test]
fn the_editor_touches_neither_queue_nor_file() {
    names_none(&["editor"], &["crate::rt", "crate::disk", "crate::osc", "crate::plugin", "std::fs", "rtrb"]);
    for (file, code) in sources().iter().filter(|(file, _)| is_in(file, "editor")) {
        for of_the_link in code.split("link::").skip(1) {
            let names = of_the_link.split([';', '}', '(']).next().unwrap_or_default();
            assert!(!names.contains("Sender") && !names.contains("Receiver"), "src/{file} names an end of the queue");
        }
    }
}

#[test]
fn only_plugin_params_and_editor_name_the_framework() {
    names_none(&["core", "link", "rt", "disk", "osc"], &["nice_plug"]);
}

#[test]
fn only_the_disk_names_an_encoder_or_the_file_system() {
    let theirs = ["mp3lame", "rubato", "flac_codec", "vorbis_sys", "unsafe_libopus", "aifc", "std::fs", "trash::"];
    names_none(&["core", "link", "rt", "osc", "editor", "params", "plugin", "lib"], &theirs);
}

#[test]
fn only_the_export_names_the_network() {
    let theirs = ["rosc::", "std::net", "UdpSocket", "TcpStream", "SocketAddr"];
    names_none(&["core", "link", "rt", "disk", "editor", "params", "plugin", "lib"], &theirs);
    names_none(&["osc"], &["crate::rt", "crate::disk", "crate::editor", "crate::params", "crate::plugin"]);
}

#[test]
fn the_queue_is_named_in_the_link_alone() {
    names_none(&["core", "rt", "disk", "osc", "editor", "params", "plugin", "lib"], &["rtrb"]);
}
