//! Where the next take goes, for whoever wants to show it: the rules of [`TakeFiles`](super::TakeFiles) without a look
//! at what lies there.

use super::{FOLDER_VARIABLE, Wanted, pattern, root, user_dirs};
use crate::core::naming::Suffix;
use chrono::Local;
use directories::UserDirs;
use std::env;
use std::path::{Path, PathBuf};

/// Foresees the paths of one plugin instance's takes. Touches no take and no folder; the user's folders are looked up
/// once.
#[derive(Debug, Default)]
pub struct Foresight {
    user: Option<UserDirs>,
}

impl Foresight {
    /// The path of a take that begins now, if it gets this suffix; `None` where there is no home folder.
    pub fn path(&mut self, wanted: &Wanted, suffix: Suffix) -> Option<PathBuf> {
        let pattern = pattern(wanted, Local::now());
        let root = root(pattern.start(), env::var_os(FOLDER_VARIABLE), || user_dirs(&mut self.user)).ok()?;
        Some(root.join(pattern.path(suffix)))
    }

    /// The user's home folder, which `~` stands for.
    pub fn home(&mut self) -> Option<&Path> {
        Some(user_dirs(&mut self.user)?.home_dir())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::{BitRate, Codec, FileType, StreamFormat};
    use crate::core::take::TakeSettings;
    use crate::disk::files::TakeFiles;
    use crate::link::TextSet;

    #[test]
    fn the_first_take_in_an_empty_folder_gets_the_foreseen_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("{track} {rate}{suffix}").to_string_lossy().into_owned();
        let texts = TextSet { file, track: "Drums".to_owned(), ..TextSet::default() };
        for unique_suffix in [true, false] {
            let settings = TakeSettings {
                file_type: FileType::Wav,
                codec: Codec::Pcm24,
                bit_rate: BitRate::Cbr192,
                unique_suffix,
                n: 7,
                ..TakeSettings::DEFAULT
            };
            let format = StreamFormat { channels: 2, sample_rate: 48_000 };
            let wanted = Wanted { texts: &texts, settings: &settings, format };
            let suffix = if unique_suffix { Suffix::Unique(1) } else { Suffix::Fixed(7) };
            let foreseen = Foresight::default().path(&wanted, suffix).unwrap();
            assert_eq!(TakeFiles::default().begin(&wanted).unwrap().path(), foreseen);
        }
    }
}
