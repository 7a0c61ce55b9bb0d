//! `cargo xtask package`: the plugins as a musician gets them, in one archive with a script that installs them and the
//! licences of all that is in it.
//!
//! The same source, built with the same compilers, gives the same bytes: entries are sorted, times and owners fixed, and no
//! path of the machine that builds is in the plugin.

mod archive;
mod licences;
mod needs;
mod third_party;
mod trial;

use crate::bundle;
use crate::no_arguments;
use crate::test::{self, Verdict};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use archive::{Entry, Format};
use needs::{Needs, PROMISED_GLIBC};
use std::env::consts::{ARCH, OS};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of the whole workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The licence texts that LAME.txt names, where they lie in the source of its crate, and how they are called here.
const LAME_TEXTS: [(&str, &str); 2] = [("lame-3.100/COPYING", "LGPL-2.0.txt"), ("LICENSE", "LGPL-3.0.txt")];

/// Builds the plugins without a path of this machine in them, packs them into `target/package`, and tries the package.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    no_arguments("package", &args)?;
    let remapped = Remapped::paths(workspace)?;
    let folder = workspace.target.join("package");
    let built = Workspace { root: workspace.root.clone(), target: folder.join("build") };
    bundle::build_apart(&built, remapped.environment())?;
    let package = Package::of(&built)?;
    // LAME's source has its path in it, and there nothing takes it out.
    if cfg!(unix) {
        remapped.check(&package)?;
    }
    let path = package.write(&folder)?;
    if let Verdict::Skipped(reason) = trial::run(workspace, &path, &package.name)? {
        println!("not loaded in a VST3 host: {reason}");
    }
    package.report(&path);
    Ok(())
}

/// The check of `cargo xtask test`: of a package made of the plugins that are built already.
pub fn check(workspace: &Workspace) -> Result<Verdict> {
    let package = Package::of(workspace)?;
    let bytes = package.pack()?;
    ensure!(bytes == Package::of(workspace)?.pack()?, "the same files were packed twice and gave other bytes");
    let folder = tempfile::tempdir()?;
    let verdict = trial::run(workspace, &package.write(folder.path())?, &package.name)?;
    match package.beyond_promise() {
        Some(beyond) => test::skip(&beyond),
        None => Ok(verdict),
    }
}

/// What goes into the archive.
struct Package {
    /// Of the archive without its extension, and of the folder in it.
    name: String,
    entries: Vec<Entry>,
    /// Of the plugin, on Linux.
    needs: Option<Needs>,
}

impl Package {
    /// Takes the plugins that were bundled in `workspace`.
    ///
    /// # Errors
    /// When a licence text is missing, or the plugin needs a library that the README does not promise.
    fn of(workspace: &Workspace) -> Result<Self> {
        let mut entries = Vec::new();
        for bundle in [workspace.clap(), workspace.vst3()] {
            let name = bundle.file_name().unwrap_or_default().to_string_lossy();
            entries.extend(archive::files(&bundle, &name)?);
        }
        let needs = if cfg!(target_os = "linux") { Some(needs_of(&entries)?) } else { None };
        entries.extend(texts(workspace, needs.as_ref())?);
        Ok(Self { name: format!("audio-file-out-{VERSION}-{OS}-{ARCH}"), entries, needs })
    }

    fn pack(&self) -> Result<Vec<u8>> {
        Format::HERE.pack(&self.name, self.entries.clone())
    }

    /// Writes the archive and its SHA-256 into `folder`, and returns where the archive lies.
    fn write(&self, folder: &Path) -> Result<PathBuf> {
        let bytes = self.pack()?;
        let name = format!("{}.{}", self.name, Format::HERE.extension());
        let path = folder.join(&name);
        fs::create_dir_all(folder)?;
        fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        fs::write(folder.join(format!("{name}.sha256")), format!("{}  {name}\n", archive::sha256(&bytes)))?;
        Ok(path)
    }

    /// Says why the README's promise of old systems does not hold for this one, if it does not.
    fn beyond_promise(&self) -> Option<String> {
        let glibc = self.needs.as_ref()?.glibc;
        (glibc > PROMISED_GLIBC).then(|| {
            format!(
                "built on this machine the plugin needs glibc {glibc}, and the README promises that {PROMISED_GLIBC} is \
                 enough; please build packages for others on an older system"
            )
        })
    }

    fn report(&self, path: &Path) {
        println!("\n{}\n", path.display());
        for entry in &self.entries {
            println!("{:>10}  {}", entry.content.len(), entry.path);
        }
        if let Some(needs) = &self.needs {
            let libraries: Vec<_> = needs.libraries.iter().map(String::as_str).collect();
            println!("\nneeds glibc {} or newer, {}", needs.glibc, libraries.join(", "));
        }
        if let Some(beyond) = self.beyond_promise() {
            println!("!!! {beyond}");
        }
    }
}

/// What the plugin needs; both formats are the same library.
fn needs_of(entries: &[Entry]) -> Result<Needs> {
    let library = entries.iter().find(|entry| entry.path.ends_with(".so")).context("there is no plugin to pack")?;
    let needs = Needs::of(&library.content)?;
    let unexpected = needs.unexpected();
    ensure!(
        unexpected.is_empty(),
        "the plugin needs {unexpected:?}, which the README does not name. Where that is wanted, please name it there and in \
         xtask/src/package/needs.rs."
    );
    Ok(needs)
}

/// Everything but the plugins.
fn texts(workspace: &Workspace, needs: Option<&Needs>) -> Result<Vec<Entry>> {
    let host = host()?;
    let mut entries = vec![
        Entry::text("INSTALL.txt", filled(INSTALL, needs)),
        Entry::text("licences/LAME.txt", filled(include_str!("../package/LAME.txt"), needs)),
        Entry::text("licences/GPL-3.0.txt", include_str!("../package/licences/GPL-3.0.txt")),
        Entry::text("licences/THIRD-PARTY.txt", third_party::text(workspace, &host)?),
        Entry::text("licences/Rust-standard-library.html", standard_library_notices()?),
    ];
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        entries.push(Entry::text(&format!("licences/{name}"), read(&workspace.root.join(name))?));
    }
    let lame = third_party::folder_of(workspace, &host, "mp3lame-sys")?;
    for (source, name) in LAME_TEXTS {
        entries.push(Entry::text(&format!("licences/{name}"), read(&lame.join(source))?));
    }
    if cfg!(unix) {
        let script = Entry::text("install.sh", include_str!("../package/install.sh"));
        entries.push(Entry { is_executable: true, ..script });
    }
    Ok(entries)
}

const INSTALL: &str = if cfg!(windows) {
    include_str!("../package/INSTALL-windows.txt")
} else if cfg!(target_os = "macos") {
    include_str!("../package/INSTALL-macos.txt")
} else {
    include_str!("../package/INSTALL-linux.txt")
};

/// Puts in what is known only now.
fn filled(text: &str, needs: Option<&Needs>) -> String {
    let text = text.replace("{version}", VERSION).replace("{arch}", ARCH);
    let text = text.replace("{rust}", env!("CARGO_PKG_RUST_VERSION"));
    let Some(needs) = needs else {
        return text;
    };
    let libraries: Vec<_> = needs.libraries.iter().map(String::as_str).collect();
    text.replace("{glibc}", &needs.glibc.to_string()).replace("{libraries}", &libraries.join(", "))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What the Rust project says of the standard library, which comes with the compiler.
fn standard_library_notices() -> Result<Vec<u8>> {
    let path = sysroot()?.join("share").join("doc").join("rust").join("COPYRIGHT-library.html");
    read(&path).context("the compiler lacks the notices of Rust's standard library; that of rustup has them")
}

/// The compiler's own folder.
fn sysroot() -> Result<PathBuf> {
    Ok(rustc(&["--print", "sysroot"])?.trim().into())
}

/// This machine's target triple.
fn host() -> Result<String> {
    said_by_rustc("host")
}

/// What stands behind `key` in rustc's long version.
fn said_by_rustc(key: &str) -> Result<String> {
    let version = rustc(&["--version", "--verbose"])?;
    let value = version.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    Ok(value.with_context(|| format!("rustc does not say its {key}"))?.to_owned())
}

fn rustc(args: &[&str]) -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(args).output().context("cannot run rustc")?;
    ensure!(output.status.success(), "rustc failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Folders of this machine that the compiler would write into the plugin, each with what stands there instead.
struct Remapped(Vec<(PathBuf, String)>);

impl Remapped {
    fn paths(workspace: &Workspace) -> Result<Self> {
        let mut folders = vec![(workspace.root.clone(), "audio-file-out".to_owned())];
        for folder in third_party::folders(workspace, &host()?)? {
            folders.push((folder, "crates".to_owned()));
        }
        // Where the standard library's source is installed, the compiler names it in place of what it was built from.
        let source = sysroot()?.join("lib").join("rustlib").join("src").join("rust");
        folders.push((source, format!("/rustc/{}", said_by_rustc("commit-hash")?)));
        Ok(Self(folders))
    }

    /// What tells the compilers. Cargo takes rustc's flags from this variable instead of all others.
    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment = vec![("CARGO_ENCODED_RUSTFLAGS", self.flags("--remap-path-prefix=", "\u{1f}"))];
        // Microsoft's compiler knows nothing of the kind.
        if cfg!(unix) {
            environment.push(("CFLAGS", self.flags("-ffile-prefix-map=", " ")));
        }
        environment
    }

    fn flags(&self, flag: &str, separator: &str) -> OsString {
        let mut flags = OsString::new();
        for (from, to) in &self.0 {
            if !flags.is_empty() {
                flags.push(separator);
            }
            for part in [flag.as_ref(), from.as_os_str(), "=".as_ref(), to.as_ref()] {
                flags.push(part);
            }
        }
        flags
    }

    /// Fails when one of them is in the package nevertheless.
    fn check(&self, package: &Package) -> Result<()> {
        for (folder, _) in &self.0 {
            let folder = folder.as_os_str().as_encoded_bytes();
            for Entry { path, content, .. } in &package.entries {
                let is_in = content.windows(folder.len()).any(|window| window == folder);
                ensure!(!is_in, "{path} names a folder of this machine, {}", String::from_utf8_lossy(folder));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_folder_of_this_machine_in_a_plugin_is_refused_and_named() {
        let remapped = Remapped(vec![("/home/me/crates".into(), "crates".to_owned())]);
        let package = |content: &[u8]| {
            let entries = vec![Entry::text("plugin.so", content)];
            Package { name: String::new(), entries, needs: None }
        };
        remapped.check(&package(b"\x7fELF crates/rtrb/src/lib.rs /home/me")).unwrap();
        let error = remapped.check(&package(b"\x7fELF/home/me/crates/rtrb/src/lib.rs")).unwrap_err().to_string();
        assert!(error.contains("plugin.so") && error.contains("/home/me/crates"), "{error}");
    }

    #[test]
    fn a_newer_glibc_than_promised_is_told_and_a_library_more_is_refused() {
        let needs = |glibc| Needs { libraries: BTreeSet::from(["libc.so.6".to_owned()]), glibc };
        let package = |glibc| Package { name: String::new(), entries: Vec::new(), needs: Some(needs(glibc)) };
        assert_eq!(package(PROMISED_GLIBC).beyond_promise(), None);
        assert_eq!(package(needs::Glibc::new(2, 4)).beyond_promise(), None);
        assert!(package(needs::Glibc::new(2, 36)).beyond_promise().is_some());
        let mut needs = needs(PROMISED_GLIBC);
        assert!(needs.unexpected().is_empty());
        needs.libraries.insert("libjack.so.0".to_owned());
        assert_eq!(needs.unexpected(), ["libjack.so.0"]);
    }

    #[test]
    fn no_page_has_a_gap_where_something_is_to_be_put_in() {
        let needs = Needs { libraries: BTreeSet::from(["libc.so.6".to_owned()]), glibc: PROMISED_GLIBC };
        for page in [
            include_str!("../package/INSTALL-linux.txt"),
            include_str!("../package/INSTALL-macos.txt"),
            include_str!("../package/INSTALL-windows.txt"),
            include_str!("../package/LAME.txt"),
        ] {
            let page = filled(page, Some(&needs));
            assert!(page.contains(VERSION), "{page}");
            assert!(!page.contains("{version}") && !page.contains("{arch}") && !page.contains("{rust}"), "{page}");
            assert!(!page.contains("{glibc}") && !page.contains("{libraries}"), "{page}");
        }
    }
}
