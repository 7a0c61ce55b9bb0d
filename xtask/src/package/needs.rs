//! What the Linux plugin asks of the system that it is loaded on: read from its file, and held against a promise.

use anyhow::{Context, Result, ensure};
use object::elf::FileHeader64;
use object::read::elf::{ElfFile, FileHeader};
use object::{Endianness, Object};
use std::collections::BTreeSet;
use std::fmt;

/// What a shared library needs before it can be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The shared libraries that it names (`DT_NEEDED`).
    pub libraries: BTreeSet<String>,
    /// The oldest version of glibc that has all the symbols that it asks for.
    pub glibc: Glibc,
}

/// A version of glibc, such as 2.35, or 2.2.5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc([u16; 3]);

/// The oldest glibc that the README promises for the plugin as it is built on Debian 12, or an older system.
pub const PROMISED_GLIBC: Glibc = Glibc::new(2, 35);

/// The libraries that the README promises to need and no other. The loader's name is that of x86-64.
pub const PROMISED_LIBRARIES: [&str; 4] = ["ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6"];

impl Needs {
    /// Reads a 64-bit ELF file.
    pub fn of(file: &[u8]) -> Result<Self> {
        let elf = ElfFile::<FileHeader64<Endianness>>::parse(file).context("the plugin is no 64-bit ELF file")?;
        let mut libraries = BTreeSet::new();
        for library in elf.import_libraries()? {
            libraries.insert(String::from_utf8(library?.name().to_vec())?);
        }
        let glibc = versions(&elf, file)?.into_iter().filter_map(|version| Glibc::of_symbols(&version).transpose());
        let glibc = glibc.collect::<Result<BTreeSet<_>>>()?.pop_last().unwrap_or_default();
        Ok(Self { libraries, glibc })
    }

    /// Libraries beyond the promised ones.
    pub fn unexpected(&self) -> Vec<&str> {
        self.libraries.iter().map(String::as_str).filter(|name| !PROMISED_LIBRARIES.contains(name)).collect()
    }
}

/// The names of all symbol versions that the file asks for (`SHT_GNU_verneed`).
fn versions(elf: &ElfFile<FileHeader64<Endianness>>, file: &[u8]) -> Result<BTreeSet<String>> {
    let (endian, sections) = (elf.endian(), elf.elf_header().sections(elf.endian(), file)?);
    let mut names = BTreeSet::new();
    if let Some((needed, strings)) = sections.gnu_verneed(endian, file)? {
        let strings = sections.strings(endian, file, strings)?;
        for library in needed {
            for version in library?.1 {
                names.insert(String::from_utf8(version?.name(endian, strings)?.to_vec())?);
            }
        }
    }
    Ok(names)
}

impl Glibc {
    pub const fn new(major: u16, minor: u16) -> Self {
        Self([major, minor, 0])
    }

    /// The version behind a symbol version such as `GLIBC_2.35`; nothing for those of other libraries.
    fn of_symbols(version: &str) -> Result<Option<Self>> {
        let Some(number) = version.strip_prefix("GLIBC_") else {
            return Ok(None);
        };
        // Relative relocations: no symbol of that version, but a loader that knows them is needed.
        if number == "ABI_DT_RELR" {
            return Ok(Some(Self::new(2, 36)));
        }
        let mut parts = [0; 3];
        let mut digits = number.split('.');
        for (part, text) in parts.iter_mut().zip(&mut digits) {
            *part = text.parse().with_context(|| format!("{version} is no known version of glibc"))?;
        }
        ensure!(digits.next().is_none(), "{version} is no known version of glibc");
        Ok(Some(Self(parts)))
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}")?;
        if patch > 0 { write!(f, ".{patch}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_promises_what_is_checked() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        let line = readme.lines().find(|line| line.contains("glibc ")).expect("the README names no glibc");
        assert!(line.contains(&format!("glibc {PROMISED_GLIBC} ")), "{line}");
        for library in PROMISED_LIBRARIES {
            assert!(readme.contains(&format!("`{library}`")), "{library}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers_and_unknown_ones_are_told() {
        let glibc = |text| Glibc::of_symbols(text).unwrap();
        assert!(glibc("GLIBC_2.4") < glibc("GLIBC_2.17"));
        assert!(glibc("GLIBC_2.2.5") < glibc("GLIBC_2.3"));
        assert!(glibc("GLIBC_ABI_DT_RELR") > glibc("GLIBC_2.35"));
        assert_eq!(glibc("GCC_3.0"), None);
        assert_eq!(glibc("GLIBC_2.2.5").unwrap().to_string(), "2.2.5");
        assert!(Glibc::of_symbols("GLIBC_PRIVATE").is_err());
        assert!(Glibc::of_symbols("GLIBC_2.3.4.5").is_err());
    }

    /// This test itself is such a file.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    fn the_needs_of_this_very_program_are_found() {
        let needs = Needs::of(&std::fs::read(std::env::current_exe().unwrap()).unwrap()).unwrap();
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        assert!(needs.glibc >= Glibc::new(2, 3), "{needs:?}");
    }
}
