//! The archive of a package: the same files give the same bytes, whenever and wherever it is made.

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The time of every file, in seconds since 1970: the beginning of 1980, the earliest that a ZIP archive knows.
const TIME: u64 = 315_532_800;

/// RFC 1952: an operating system that is not known.
const UNKNOWN_SYSTEM: u8 = 255;

/// A file in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the archive's own folder on, with slashes.
    pub path: String,
    pub content: Vec<u8>,
    pub is_executable: bool,
}

impl Entry {
    /// A text, which nobody runs.
    pub fn text(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content: content.into(), is_executable: false }
    }

    fn mode(&self) -> u32 {
        if self.is_executable { 0o755 } else { 0o644 }
    }
}

/// What kind of archive a system's users can unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    TarGz,
    Zip,
}

impl Format {
    /// The kind for the users of this machine's system.
    pub const HERE: Self = if cfg!(windows) { Self::Zip } else { Self::TarGz };

    /// What its files' names end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// Packs the entries, in whatever order they come, into one folder.
    pub fn pack(self, folder: &str, mut entries: Vec<Entry>) -> Result<Vec<u8>> {
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        match self {
            Self::TarGz => tar_gz(folder, &entries),
            Self::Zip => zip(folder, &entries),
        }
    }
}

/// Owners, times and rights are the same for all machines; there are no entries for folders.
fn tar_gz(folder: &str, entries: &[Entry]) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.content.len() as u64);
        header.set_mode(entry.mode());
        header.set_mtime(TIME);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{folder}/{}", entry.path), entry.content.as_slice())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn zip(folder: &str, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(entry.mode());
        zip.start_file(format!("{folder}/{}", entry.path), options)?;
        zip.write_all(&entry.content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Every file at or below `path`, as `name` in the archive.
pub fn files(path: &Path, name: &str) -> Result<Vec<Entry>> {
    let in_path = || format!("cannot read {}", path.display());
    if !path.is_dir() {
        let is_executable = is_executable(&fs::metadata(path).with_context(in_path)?);
        let content = fs::read(path).with_context(in_path)?;
        return Ok(vec![Entry { path: name.to_owned(), content, is_executable }]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(in_path)? {
        let entry = entry?;
        let file = entry.file_name().into_string().ok().context("a file's name is not valid Unicode")?;
        found.extend(files(&entry.path(), &format!("{name}/{file}"))?);
    }
    Ok(found)
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// The SHA-256 of `bytes`, in the digits that `sha256sum` prints.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::time::{Duration, SystemTime};

    const FORMATS: [Format; 2] = [Format::TarGz, Format::Zip];
    const FILES: [(&str, &str); 4] =
        [("b.txt", "second"), ("a b/plugin.so", "code"), ("a b/c.txt", ""), ("INSTALL.txt", "please")];

    /// A folder with the files, made in the order given, with the times and rights given.
    fn tree(files: impl Iterator<Item = (&'static str, &'static str)>, age: Duration, mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
            set_mode(&path, mode);
        }
        folder
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn set_mode(_: &Path, _: u32) {}

    #[test]
    fn the_same_files_made_in_another_order_at_another_time_give_the_same_bytes() {
        let one = tree(FILES.into_iter(), Duration::ZERO, 0o644);
        let other = tree(FILES.into_iter().rev(), Duration::from_secs(100_000), 0o600);
        for format in FORMATS {
            let pack = |folder: &tempfile::TempDir, is_reversed: bool| {
                let mut entries = files(folder.path(), "in").unwrap();
                if is_reversed {
                    entries.reverse();
                }
                format.pack("package", entries).unwrap()
            };
            assert!(pack(&one, false) == pack(&other, true), "{format:?}");
        }
    }

    #[test]
    fn what_is_packed_comes_out_again_with_its_rights() {
        let mut entries = FILES.map(|(path, text)| Entry::text(path, text)).to_vec();
        entries[1].is_executable = true;
        // Longer than the 100 bytes that a tar header has for a name.
        entries.push(Entry::text(&format!("{}/end.txt", "long name ".repeat(15)), "far down"));
        let mut expected = entries.clone();
        expected.sort_by(|one, other| one.path.cmp(&other.path));
        for format in FORMATS {
            let bytes = format.pack("package", entries.clone()).unwrap();
            assert_eq!(unpacked(format, &bytes), expected, "{format:?}");
        }
    }

    /// All below the folder `package`.
    fn unpacked(format: Format, bytes: &[u8]) -> Vec<Entry> {
        let entry = |path: &str, content, mode: u32| {
            let path = path.strip_prefix("package/").unwrap().to_owned();
            Entry { path, content, is_executable: mode & 0o100 != 0 }
        };
        let mut entries = Vec::new();
        match format {
            Format::TarGz => {
                for file in tar::Archive::new(flate2::read::GzDecoder::new(bytes)).entries().unwrap() {
                    let mut file = file.unwrap();
                    let (path, mode) = (file.path().unwrap().to_string_lossy().into_owned(), file.header().mode());
                    let mut content = Vec::new();
                    file.read_to_end(&mut content).unwrap();
                    entries.push(entry(&path, content, mode.unwrap()));
                }
            }
            Format::Zip => {
                let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
                for index in 0..archive.len() {
                    let mut file = archive.by_index(index).unwrap();
                    let (path, mode) = (file.name().unwrap().into_owned(), file.unix_mode().unwrap());
                    let mut content = Vec::new();
                    file.read_to_end(&mut content).unwrap();
                    entries.push(entry(&path, content, mode));
                }
            }
        }
        entries
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        // FIPS 180-2, B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
