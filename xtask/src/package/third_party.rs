//! THIRD-PARTY.txt: everything that others made and that is linked into the plugin, with its licence in full.
//!
//! What is linked is what Cargo says for the plugin's package and a system: its dependencies and theirs, those left out
//! that only build, test or expand code.

use crate::package::licences::{INSIDE, KEPT, NOT_CHOSEN, TELLING};
use crate::workspace::{PACKAGE, Workspace};
use anyhow::{Context, Result, ensure};
use semver::{Version, VersionReq};
use serde_json::Value;
use spdx::{Expression, ParseMode};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Build tools that compile what is no Rust.
const COMPILERS: [&str; 3] = ["autotools", "cc", "cmake"];

/// How the files begin that hold licences, in lower case.
const LICENCE_FILES: [&str; 6] = ["copying", "copyright", "licence", "license", "notice", "unlicense"];

/// Between the texts.
const RULE: &str = "--------------------------------------------------------------------------------";

/// A crate, or a library or font inside one.
#[derive(Debug, Clone)]
struct Part {
    /// With its version.
    name: String,
    /// An SPDX expression.
    licence: String,
    texts: Vec<String>,
    /// Where texts are from that do not come with it.
    sources: Vec<&'static str>,
}

/// The whole text for the plugin on `target`, a triple of Rust's.
///
/// # Errors
/// When the licence of a part has no text, or a crate compiles C and nobody has said what that is.
pub fn text(workspace: &Workspace, target: &str) -> Result<String> {
    let mut parts = Vec::new();
    for linked in linked(workspace, target)? {
        parts.extend(parts_of(&linked)?);
    }
    for part in &parts {
        check(part)?;
    }
    Ok(write(&parts))
}

/// The folder of a crate that is linked into the plugin on `target`.
pub fn folder_of(workspace: &Workspace, target: &str, name: &str) -> Result<PathBuf> {
    let found = linked(workspace, target)?.into_iter().find(|linked| linked.name == name);
    Ok(found.with_context(|| format!("{name} is not linked into the plugin"))?.folder)
}

/// The folders in which the crates lie that are linked into the plugin on `target`: the registry's.
pub fn folders(workspace: &Workspace, target: &str) -> Result<BTreeSet<PathBuf>> {
    Ok(linked(workspace, target)?.iter().filter_map(|linked| linked.folder.parent().map(Path::to_owned)).collect())
}

/// A crate that is linked into the plugin.
struct Linked {
    name: String,
    version: Version,
    licence: String,
    folder: PathBuf,
    compiles_c: bool,
}

/// All of them but the plugin's own package, sorted by name and version.
fn linked(workspace: &Workspace, target: &str) -> Result<Vec<Linked>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--locked", "--package", PACKAGE, "--edges", "normal,no-proc-macro"]);
    tree.args(["--prefix", "none", "--format", "{p}", "--no-dedupe", "--target", target]);
    let wanted: BTreeSet<(String, Version)> =
        output(&mut tree)?.lines().filter(|line| !line.is_empty()).map(name_and_version).collect::<Result<_>>()?;
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]);
    let metadata: Value = serde_json::from_str(&output(&mut metadata)?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let mut linked = Vec::new();
    for (name, version) in wanted.into_iter().filter(|(name, _)| name != PACKAGE) {
        let is_it = |package: &&Value| package["name"] == *name && package["version"] == version.to_string();
        let package = packages.iter().find(is_it).with_context(|| format!("cargo metadata lacks {name} {version}"))?;
        let manifest = Path::new(package["manifest_path"].as_str().context("a package has no manifest")?);
        let licence = package["license"].as_str().with_context(|| format!("{name} {version} names no licence"))?;
        let builds_with = |dependency: &Value| {
            let is_compiler = COMPILERS.iter().any(|compiler| dependency["name"] == *compiler);
            is_compiler && dependency["kind"] == "build" && dependency["optional"] == false
        };
        linked.push(Linked {
            licence: licence.to_owned(),
            folder: manifest.parent().context("a manifest lies in no folder")?.to_owned(),
            compiles_c: package["dependencies"].as_array().is_some_and(|all| all.iter().any(builds_with)),
            name,
            version,
        });
    }
    Ok(linked)
}

/// Reads a line of `cargo tree`, such as `rtrb v0.4.1`; the place of a package of ours may follow.
fn name_and_version(line: &str) -> Result<(String, Version)> {
    let mut words = line.split_whitespace();
    let name = words.next().context("cargo tree names no crate")?;
    let version = words.next().and_then(|word| word.strip_prefix('v'));
    let version = version.with_context(|| format!("cargo tree gives {name} no version"))?;
    Ok((name.to_owned(), version.parse()?))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The crate itself, and what it brings along.
fn parts_of(linked: &Linked) -> Result<Vec<Part>> {
    let Linked { name, version, folder, .. } = linked;
    let inside: Vec<_> = INSIDE.iter().filter(|inside| inside.of_crate == name).collect();
    ensure!(
        !linked.compiles_c || !inside.is_empty(),
        "{name} {version} compiles C, and INSIDE in xtask/src/package/licences.rs does not say what that is"
    );
    let (mut texts, mut sources) = (own_texts(name, folder)?, Vec::new());
    for kept in KEPT.iter().filter(|kept| kept.crates.contains(&name.as_str())) {
        if VersionReq::parse(kept.versions)?.matches(version) {
            texts.extend(kept.texts.iter().map(|text| tidy(text)));
            sources.push(kept.source);
        }
    }
    let mut parts = Vec::new();
    for inside in inside {
        let of_it = inside.texts.iter().map(|text| read(&folder.join(text))).collect::<Result<Vec<_>>>()?;
        // What the crate says of its licence is meant for these, too.
        texts.extend(of_it.iter().cloned());
        let name = format!("{}, in {name} {version}", inside.name);
        parts.push(Part { name, licence: inside.licence.to_owned(), texts: of_it, sources: Vec::new() });
    }
    parts.insert(0, Part { name: format!("{name} {version}"), licence: linked.licence.clone(), texts, sources });
    Ok(parts)
}

/// The licence files in the crate's own folder, and those in its source, where code of others lies.
fn own_texts(name: &str, folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).with_context(|| format!("cannot read {}", inside.display()))? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_licence = LICENCE_FILES.iter().any(|begin| file.to_lowercase().starts_with(begin));
            if path.is_dir() {
                if path.starts_with(folder.join("src")) {
                    folders.push(path);
                }
            } else if is_licence && !file.ends_with(".rs") && !NOT_CHOSEN.contains(&(name, &file)) {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(tidy(&String::from_utf8_lossy(&bytes)))
}

/// The text with nothing at the ends of its lines, nor before its first and after its last one.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Fails unless the texts of a part are enough for its licence.
fn check(part: &Part) -> Result<()> {
    let Part { name, licence, texts, .. } = part;
    let expression = Expression::parse_mode(licence, ParseMode::LAX)
        .map_err(|error| anyhow::anyhow!("the licence of {name} cannot be understood: {error}"))?;
    let told: BTreeSet<&str> = texts.iter().flat_map(|text| licences_in(text)).collect();
    let has_text = |wanted: &spdx::LicenseReq| {
        let id = wanted.license.id();
        wanted.addition.is_none() && id.is_some_and(|id| told.iter().any(|told| is_same(told, id.name)))
    };
    ensure!(
        expression.evaluate(has_text),
        "{name} is under {licence}, and there is no text for that: there are {} texts, of {told:?}. Please find the text, \
         and keep it in xtask/package/licences and KEPT in xtask/src/package/licences.rs.",
        texts.len()
    );
    Ok(())
}

/// GNU's licences have several names for one text.
fn is_same(one: &str, other: &str) -> bool {
    let base = |name: &str| name.trim_end_matches("-or-later").trim_end_matches("-only").to_owned();
    base(one) == base(other)
}

/// Which licences a text holds.
fn licences_in(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase().replace("//", " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    TELLING.iter().filter(|(_, words)| words.iter().all(|word| text.contains(word))).map(|(id, _)| *id).collect()
}

/// A licence text, and the parts that it is for.
struct Text<'a> {
    text: &'a str,
    parts: Vec<&'a str>,
}

/// The parts, and after them each text once.
fn write(parts: &[Part]) -> String {
    let mut texts: Vec<Text> = Vec::new();
    let mut list = String::new();
    for part in parts {
        let mut numbers = BTreeSet::new();
        for text in &part.texts {
            let index = texts.iter().position(|other| has_same_words(other.text, text)).unwrap_or_else(|| {
                texts.push(Text { text, parts: Vec::new() });
                texts.len() - 1
            });
            if numbers.insert(index + 1) {
                texts[index].parts.push(&part.name);
            }
        }
        let numbers: Vec<_> = numbers.iter().map(usize::to_string).collect();
        let _ = writeln!(list, "{}\n    {}; {}", part.name, part.licence, numbers.join(", "));
        for source in &part.sources {
            let _ = writeln!(list, "    text from {source}");
        }
    }
    let mut out = format!(
        "{}\nParts: {}\n\n{list}\nTexts: {}\n",
        include_str!("../../package/THIRD-PARTY-head.txt"),
        parts.len(),
        texts.len()
    );
    for (number, Text { text, parts }) in (1..).zip(&texts) {
        let _ = write!(out, "\n{RULE}\nText {number}, of {}\n{RULE}\n\n{text}\n", parts.join("; "));
    }
    out
}

fn has_same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = include_str!("../../package/licences/dasp-MIT.txt");

    fn part(licence: &str, texts: &[&str]) -> Part {
        let texts = texts.iter().map(|text| tidy(text)).collect();
        Part { name: "a 1.0.0".to_owned(), licence: licence.to_owned(), texts, sources: Vec::new() }
    }

    #[test]
    fn a_part_without_the_text_of_its_licence_is_refused() {
        for licence in ["MIT", "MIT OR Apache-2.0", "Apache-2.0/MIT", "Apache-2.0 WITH LLVM-exception OR MIT"] {
            check(&part(licence, &[MIT])).unwrap();
            let error = check(&part(licence, &[])).unwrap_err().to_string();
            assert!(error.contains("a 1.0.0"), "{error}");
        }
        for licence in ["Apache-2.0", "MIT AND Zlib", "(MIT OR Apache-2.0) AND OFL-1.1", "no licence"] {
            assert!(check(&part(licence, &[MIT])).is_err(), "{licence}");
        }
    }

    #[test]
    fn a_file_that_only_names_its_licences_is_no_text() {
        let names = "This is under the MIT License, https://opensource.org/licenses/MIT, or the Apache License, 2.0.";
        assert!(check(&part("MIT OR Apache-2.0", &[names])).is_err());
    }

    #[test]
    fn a_crate_that_compiles_c_and_does_not_say_what_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LICENSE"), MIT).unwrap();
        let linked = |compiles_c| Linked {
            name: "a".to_owned(),
            version: Version::new(1, 0, 0),
            licence: "MIT".to_owned(),
            folder: folder.path().to_owned(),
            compiles_c,
        };
        assert_eq!(parts_of(&linked(false)).unwrap().len(), 1);
        assert!(parts_of(&linked(true)).is_err());
    }

    #[test]
    fn the_licence_of_code_that_a_crate_took_over_is_found_and_code_about_licences_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("LICENSE", MIT),
            ("src/theirs/LICENSE", "theirs"),
            ("src/licence.rs", "fn a() {}"),
            ("tests/LICENSE", "tests"),
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(own_texts("a", folder.path()).unwrap(), [&tidy(MIT), "theirs"]);
    }

    #[test]
    fn a_text_that_several_parts_share_stands_there_once_and_names_them() {
        let mut other = part("MIT", &[&MIT.replace('\n', "\r\n")]);
        other.name = "b 2.0.0".to_owned();
        let text = write(&[part("MIT", &[MIT]), other]);
        assert_eq!(text.matches("Permission is hereby granted").count(), 1);
        assert!(text.contains("Text 1, of a 1.0.0; b 2.0.0\n"));
    }

    fn is_complete_on(target: &str) {
        let text = text(&Workspace::find().unwrap(), target).unwrap();
        for name in ["LAME 3.100", "libvorbis", "libogg", "Ubuntu Light", "unsafe-libopus", "nice-plug 0."] {
            assert!(text.contains(name), "{target}: {name}");
        }
        for name in ["tempfile", "symphonia", "cc", "serde_derive"] {
            assert!(!text.contains(&format!("\n{name} ")), "{target}: {name} is not in the plugin");
        }
    }

    #[test]
    fn the_text_is_complete_and_names_every_library_in_c_and_no_tool() {
        is_complete_on(&crate::package::host().unwrap());
    }

    #[test]
    #[ignore = "downloads the crates of other systems"]
    fn the_text_is_complete_on_every_system() {
        for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"] {
            is_complete_on(target);
        }
    }
}
