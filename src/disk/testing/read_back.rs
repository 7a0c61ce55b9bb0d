//! For tests: reads files back with tools that are not ours.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A file as symphonia decodes it, gapless.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    pub channels: usize,
    pub sample_rate: u32,
    /// The length that the header or tag tells, in frames.
    pub told_frames: Option<u64>,
    /// Interleaved; integers as x / 2^(bits − 1).
    pub samples: Vec<f32>,
}

impl Decoded {
    /// The length that came out, in frames.
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }
}

/// Decodes a whole file; panics at the first error in it.
pub fn decode(path: &Path) -> Decoded {
    let source = MediaSourceStream::new(Box::new(File::open(path).unwrap()), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(path.extension().unwrap().to_str().unwrap());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let told_frames = track.num_frames;
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap().clone();
    let mut decoder = opus_decoder::codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default()).unwrap();
    let mut samples = Vec::new();
    let mut piece = Vec::new();
    while let Some(packet) = format.next_packet().unwrap() {
        let buffer = decoder.decode(&packet).unwrap();
        piece.resize(buffer.samples_interleaved(), 0.0);
        buffer.copy_to_slice_interleaved(&mut piece);
        samples.extend_from_slice(&piece);
    }
    Decoded {
        channels: parameters.channels.unwrap().count(),
        sample_rate: parameters.sample_rate.unwrap(),
        told_frames,
        samples,
    }
}

/// What the file says of itself: keys as the file type has them, and their values. A key of the user's own in ID3 has its
/// name behind the frame's.
pub fn tags(path: &Path) -> Vec<(String, String)> {
    let source = MediaSourceStream::new(Box::new(File::open(path).unwrap()), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let metadata = format.metadata();
    let tags = metadata.current().into_iter().flat_map(|revision| {
        revision.media.tags.iter().chain(revision.per_track.iter().flat_map(|track| &track.metadata.tags))
    });
    let mut tags: Vec<_> = tags
        .map(|tag| {
            let names = tag.raw.sub_fields.iter().flatten().filter(|part| part.field == "DESCRIPTION");
            let key = names.fold(tag.raw.key.clone(), |key, name| format!("{key}:{}", name.value));
            (key, tag.raw.value.to_string())
        })
        .collect();
    // symphonia tells a track number and the count behind it as two.
    tags.dedup();
    tags
}

/// What `program` prints, error output behind; nothing, and a word on it, where it is not installed. Panics where it
/// fails.
pub fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program).args(arguments).output() {
        Ok(output) => output,
        Err(_) => {
            // Not println: the test runner keeps that to itself while the test passes.
            let _ = writeln!(io::stderr(), "{program} is not installed: its check is skipped");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    Some(text)
}
