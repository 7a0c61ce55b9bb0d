//! The files of a take that lie side by side, one for each channel or one for all: they are made together or not at all.

use super::error::FileError;
use super::take_file::TakeFile;
use std::path::{Path, PathBuf};

/// Makes one file of each item. `make` answers `None` where a name is not to be had.
///
/// # Errors
/// The first one. Then, as where a name is not to be had, none of the files is left.
pub(super) fn all_or_none<T>(
    items: impl IntoIterator<Item = T>,
    mut make: impl FnMut(T) -> Result<Option<TakeFile>, FileError>,
) -> Result<Option<Vec<TakeFile>>, FileError> {
    let mut made = Vec::new();
    for item in items {
        match make(item) {
            Ok(Some(file)) => made.push(file),
            other => {
                made.into_iter().for_each(TakeFile::discard);
                return other.map(|_| None);
            }
        }
    }
    Ok(Some(made))
}

/// Makes the files in which those of a take go on: `name (2).wav`, then `name (3).wav`, … Numbers of which a name cannot be had
/// are skipped. Those before still have to be completed.
///
/// # Errors
/// Then there is no new file.
pub fn next_parts(files: &[&TakeFile]) -> Result<Vec<TakeFile>, FileError> {
    let last = files.iter().map(|file| file.part()).max().unwrap_or(1);
    first_of(last + 1, |part| all_or_none(files, |file| file.try_part(part)))
}

/// As [`next_parts`], in another folder, where nothing is ever replaced.
pub fn next_parts_in(files: &[&TakeFile], folder: &Path) -> Result<Vec<TakeFile>, FileError> {
    first_of(2, |part| all_or_none(files, |file| file.try_part_in(folder, part)))
}

/// Makes the first files of a take at `paths`, or with the first numbers behind their names that are all unused. Nothing
/// is replaced.
///
/// # Errors
/// Then there is no new file.
pub(super) fn first_unused(paths: &[PathBuf], n: u16) -> Result<Vec<TakeFile>, FileError> {
    first_of(1, |part| all_or_none(paths, |path| TakeFile::kept(path.clone(), part, n)))
}

fn first_of(
    first: u32,
    mut make: impl FnMut(u32) -> Result<Option<Vec<TakeFile>>, FileError>,
) -> Result<Vec<TakeFile>, FileError> {
    let mut part = first;
    loop {
        match make(part)? {
            Some(files) => return Ok(files),
            None => part += 1,
        }
    }
}
