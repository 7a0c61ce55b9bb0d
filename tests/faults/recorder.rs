//! A recorder on a disk that can fail, and what becomes of its takes.

use crate::common::{
    Decoded, FILE_TYPE, RECORD, UNIQUE_SUFFIX, count_frames, decode, decode_as_far_as_it_goes, files_in, plugin,
    record, sample, sound,
};
use crate::log;
use faulty_disk::{Disk, Fault};
use headless_host::{Change, Instance, ParamId, Processor, Render, Setup, Transport};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The menu of file types.
pub const TYPES: [Type; 6] = [
    Type { index: 0, extension: "wav", keeps_samples: true },
    Type { index: 1, extension: "mp3", keeps_samples: false },
    Type { index: 2, extension: "ogg", keeps_samples: false },
    Type { index: 3, extension: "aiff", keeps_samples: true },
    Type { index: 4, extension: "flac", keeps_samples: true },
    Type { index: 5, extension: "opus", keeps_samples: false },
];

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    pub index: usize,
    pub extension: &'static str,
    /// Lossless: every sample of [`sound`] is exact in 24 bits.
    pub keeps_samples: bool,
}

/// What is in the place of a take with Unique Suffix off. No sound: nobody may read it as such.
pub const OLD: &[u8] = b"an older take, which is not to be touched";

/// The longest that anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// One instance that records to `take…` in a folder of its own.
pub struct Recorder {
    instance: Option<(Instance, Processor)>,
    pub disk: Disk,
    pub file_type: Type,
    /// Of the host, in Hz.
    rate: u32,
    /// The first frame of the input that has not been played.
    at: usize,
    pub folder: TempDir,
}

/// What the log says of a take.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Frames that came in.
    pub frames: usize,
    /// Those of them that are not in a file.
    pub lost: usize,
    /// Where the last file is.
    pub path: Option<PathBuf>,
    /// What the window showed.
    pub errors: Vec<String>,
}

impl Recorder {
    /// With Unique Suffix off there is an [older file](OLD) already.
    pub fn new(file_type: Type, unique: bool, rate: u32) -> Self {
        log::listen();
        let folder = tempfile::tempdir().unwrap();
        let name = if unique { "take{suffix}" } else { "take" };
        if !unique {
            std::fs::write(folder.path().join("take").with_extension(file_type.extension), OLD).unwrap();
        }
        let mut instance = plugin().instance().unwrap();
        instance.set_text("file", folder.path().join(name).to_str().unwrap()).unwrap();
        // Nowhere else to go, but for tests that name another folder.
        instance.set_text("fallback", folder.path().to_str().unwrap()).unwrap();
        let mut processor = instance.activate(Setup::new(f64::from(rate), 512)).unwrap();
        let settings = [
            Change::new(0, FILE_TYPE, file_type.index as f64),
            Change::new(0, UNIQUE_SUFFIX, f64::from(unique)),
            record(0, false),
        ];
        Render::new(&sound(2), 0..1).changes(&settings).play(&mut processor).unwrap();
        let disk = Disk::below(folder.path());
        Self { instance: Some((instance, processor)), disk, file_type, rate, at: 1, folder }
    }

    /// Plays so many frames, with record on or off from the first of them on, and asserts that they pass.
    pub fn play(&mut self, frames: usize, on: bool) {
        let (_, processor) = self.instance.as_mut().unwrap();
        let span = self.at..self.at + frames;
        let changes = [Change::new(span.start, RECORD, f64::from(on))];
        let played = Render::new(&sound(2), span.clone()).changes(&changes).play(processor).unwrap();
        assert!(played.output_equals_input(), "the sound does not pass");
        self.at = span.end;
    }

    /// Plays, recording, a tenth of a second at 48 kHz at a time in about realtime, until something has come about.
    pub fn play_until(&mut self, what: &str, has_come: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !has_come(self) {
            assert!(start.elapsed() < PATIENCE, "waited for {what} in vain");
            self.play(4_800, true);
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sets a parameter, while no take is open.
    pub fn set(&mut self, param: ParamId, value: f64) {
        let (_, processor) = self.instance.as_mut().unwrap();
        let span = self.at..self.at + 1;
        Render::new(&sound(2), span.clone()).changes(&[Change::new(self.at, param, value)]).play(processor).unwrap();
        self.at = span.end;
    }

    /// Sets one of the texts that are saved with the project.
    pub fn set_text(&mut self, key: &str, text: &str) {
        self.instance.as_mut().unwrap().0.set_text(key, text).unwrap();
    }

    /// Puts the song to a second, from which it runs on.
    pub fn set_song(&mut self, seconds: f64) {
        let transport = Transport { playing: true, recording: false, seconds, tempo: Some(120.0) };
        self.instance.as_mut().unwrap().1.set_transport(Some(transport));
    }

    /// The next frame of the input to be played.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Waits until the take with this number, counted from 0, is closed, and says what the log says of it.
    pub fn take(&self, number: usize) -> Told {
        let start = Instant::now();
        loop {
            let takes = told(&log::of(&self.disk.threads()));
            if let Some(take) = takes.get(number) {
                return take.clone();
            }
            assert!(start.elapsed() < PATIENCE, "take {number} was not closed: {:?}", log::of(&self.disk.threads()));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The takes that are closed by now.
    pub fn takes(&self) -> Vec<Told> {
        told(&log::of(&self.disk.threads()))
    }

    /// Waits until the log has a line that begins like this.
    pub fn wait_for_log(&self, begins: &str) {
        let start = Instant::now();
        while !log::of(&self.disk.threads()).iter().any(|line| line.starts_with(begins)) {
            assert!(start.elapsed() < PATIENCE, "{begins:?} was not told: {:?}", log::of(&self.disk.threads()));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Records a take and asserts that it, with this number, is whole.
    pub fn assert_take_works(&mut self, number: usize) {
        let first = self.at;
        self.play(3_000, true);
        self.play(100, false);
        let take = self.take(number);
        assert_eq!((take.frames, take.lost, &take.errors), (3_000, 0, &vec![]), "take {number}: {take:?}");
        assert_eq!(self.assert_sound(take.path.as_ref().unwrap(), first), 3_000);
    }

    /// Ends the activation, and with it the open take, and begins another one.
    pub fn activate_again(&mut self) {
        if let Some((mut instance, processor)) = self.instance.take() {
            instance.deactivate(processor);
            let processor = instance.activate(Setup::new(f64::from(self.rate), 512)).unwrap();
            self.instance = Some((instance, processor));
        }
    }

    /// Ends the activation, and with it the open take, and destroys the instance.
    pub fn finish(&mut self) {
        if let Some((mut instance, processor)) = self.instance.take() {
            instance.deactivate(processor);
        }
    }

    /// The files in the folder.
    pub fn files(&self) -> Vec<PathBuf> {
        files_in(self.folder.path())
    }

    /// How many frames of the input from `first` on the open take's file holds by now.
    pub fn kept_so_far(&self, first: usize) -> usize {
        let path = self.files().pop().unwrap();
        let take = decode_as_far_as_it_goes(&path);
        if self.file_type.keeps_samples {
            assert_holds(&take, first, &path);
        }
        take.frames()
    }

    /// Asserts that the file holds the frames of the input from `first` on, as many as it has, and says how many.
    pub fn assert_sound(&self, path: &Path, first: usize) -> usize {
        if !self.file_type.keeps_samples {
            return count_frames(path, self.rate);
        }
        let take = decode(path);
        assert_holds(&take, first, path);
        take.frames()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.disk.set(Fault::None);
        self.finish();
    }
}

/// Asserts that a take holds the frames of [`sound`] from `first` on, as many as it has.
pub fn assert_holds(take: &Decoded, first: usize, path: &Path) {
    for (channel, samples) in take.planar.iter().enumerate() {
        for (frame, &value) in samples.iter().enumerate() {
            let expected = f64::from(sample(channel, first + frame));
            assert_eq!(value, expected, "{}: frame {frame} of {}, channel {channel}", path.display(), samples.len());
        }
    }
}

/// The closed takes that a log tells of.
fn told(lines: &[String]) -> Vec<Told> {
    let mut takes = Vec::new();
    let mut errors = Vec::new();
    for line in lines {
        if let Some(error) = line.strip_prefix("take failed: ") {
            errors.push(error.to_owned());
        } else if let Some(closed) = line.strip_prefix("take closed: ") {
            let (figures, path) = closed.split_once(": ").expect("figures, then a path");
            let mut numbers = figures.split(", ").map(|figure| figure.split(' ').next().unwrap().parse().unwrap());
            let (frames, lost) = (numbers.next().unwrap(), numbers.next().unwrap());
            let path = (path != "no file").then(|| PathBuf::from(path));
            takes.push(Told { frames, lost, path, errors: std::mem::take(&mut errors) });
        }
    }
    takes
}
