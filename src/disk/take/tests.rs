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
        let channels = ChannelSet::first(self.arriving.channels);
        let start = TakeStart { settings: self.settings, channels, song, preroll_frames: 0, event: None };
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

/// Whether the file has this marker at this frame, in its one row of places (Multimedia Programming Interface 1.0, section 3,
/// "Cue-Points Chunk").
fn has_one_marker(path: &Path, frame: u32, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let cue: Vec<_> = bytes.windows(4).enumerate().filter(|(_, id)| id == b"cue ").map(|(at, _)| at).collect();
    let [at] = cue[..] else { return false };
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(at + 8), number(at + 32)) == (1, frame) && bytes.windows(text.len()).any(|there| there == text.as_bytes())
}

#[test]
fn lost_frames_are_marked_where_they_are_silence_and_time_that_brought_no_sound_is_not() {
    let recorder = Recorder::new(2, 48_000);
    let mut take = recorder.begin(0.0);
    write(&mut take, 0, 500);
    take.write_gap(300, 0).unwrap();
    take.begin_gap(64);
    take.write_gap(200, 64).unwrap();
    write(&mut take, 1_000, 500);
    let (figures, result) = take.finish();
    result.unwrap();
    assert_eq!((figures.frames, figures.lost_frames), (1_500, 64));
    assert!(has_one_marker(&figures.paths[0], 800, "64 frames lost"));
}
