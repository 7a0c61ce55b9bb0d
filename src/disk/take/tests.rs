//! Takes on real files, frame by frame.

mod channels;
mod split;

use super::*;
use crate::core::channels::ChannelSet;
use crate::core::format::{Codec, Rate};
use crate::core::take::{Song, TakeSettings};
use tempfile::TempDir;

/// A recorder that records to `take…` in a folder of its own.
struct Recorder {
    folder: TempDir,
    settings: TakeSettings,
    arriving: StreamFormat,
}

impl Recorder {
    /// Every sample of its files is the one that came in.
    fn new(channels: usize, sample_rate: u32) -> Self {
        let settings = TakeSettings { codec: Codec::Float32, ..TakeSettings::DEFAULT };
        Self { folder: tempfile::tempdir().unwrap(), settings, arriving: StreamFormat { channels, sample_rate } }
    }

    /// A take whose song begins at `seconds`.
    fn begin(&self, seconds: f64) -> OpenTake {
        let file = self.folder.path().join("take").to_str().unwrap().to_owned();
        let texts = TextSet { file, ..TextSet::default() };
        let song = Song { position_frames: Some(0), seconds: Some(seconds), tempo: None };
        let start = TakeStart { settings: self.settings, channels: ChannelSet::first(self.arriving.channels), song };
        OpenTake::begin(Rc::default(), Arc::new(texts), start, self.arriving, self.arriving.channels).unwrap()
    }

    /// Names of its files.
    fn names(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The sound: every sample is another one, and none of them clips.
fn sample(channel: usize, frame: u64) -> f32 {
    let mixed = (frame * 64 + channel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 40) as i32 - (1 << 23)) as f32 / (1 << 24) as f32
}

/// Writes the sound's frames from `start` on.
fn write(take: &mut OpenTake, start: u64, frames: usize) {
    let channels = 0..take.arriving.channels;
    let mut planar: Vec<f32> =
        channels.flat_map(|channel| (start..start + frames as u64).map(move |frame| sample(channel, frame))).collect();
    take.write(&mut planar, frames).unwrap();
}

/// Ends the take and says where its files are.
fn finish(take: OpenTake) -> Vec<PathBuf> {
    let (figures, result) = take.finish();
    result.unwrap();
    assert_eq!(figures.news, Vec::<String>::new());
    figures.paths
}

/// Interleaved.
fn samples_of(path: &Path) -> Vec<f32> {
    hound::WavReader::open(path).unwrap().samples::<f32>().map(Result::unwrap).collect()
}
