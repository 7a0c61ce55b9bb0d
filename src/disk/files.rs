//! The files of a take.
use crate::core::format::{Menu, StreamFormat};
use crate::core::take::TakeSettings;
use crate::link::TextSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Default)]
pub struct TakeFiles {}
pub struct Wanted<'a> {
    pub texts: &'a TextSet,
    pub settings: &'a TakeSettings,
    pub format: StreamFormat,
}
pub struct TakeFile {
    file: Arc<File>,
    path: PathBuf,
}
#[derive(Debug)]
pub struct FileError(std::io::Error);
impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl std::error::Error for FileError {}
impl TakeFiles {
    pub fn begin(&mut self, wanted: Wanted<'_>) -> Result<TakeFile, FileError> {
        let folder = PathBuf::from(std::env::var("AUDIO_FILE_OUT_DIR").unwrap_or(".".into()));
        std::fs::create_dir_all(&folder).map_err(FileError)?;
        let mut n = 1;
        loop {
            let path = folder.join(format!(
                "{}.{}",
                wanted.texts.file.replace("{suffix}", &format!("-{n:03}")),
                wanted.settings.file_type.id()
            ));
            match File::create_new(&path) {
                Ok(file) => return Ok(TakeFile { file: Arc::new(file), path }),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => n += 1,
                Err(e) => return Err(FileError(e)),
            }
        }
    }
}
impl TakeFile {
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
    pub fn path(&self) -> &Path {
        &self.path
    }
    pub fn next_part(&self) -> Result<TakeFile, FileError> {
        unimplemented!()
    }
    pub fn complete(self) -> Result<PathBuf, FileError> {
        Ok(self.path)
    }
    pub fn discard(self) {
        let _ = std::fs::remove_file(self.path);
    }
}
