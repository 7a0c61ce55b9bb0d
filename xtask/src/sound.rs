//! The sound that goes into the plugin.

use anyhow::{Context, Result, bail, ensure};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::path::Path;

/// Planar samples in memory: one list for each channel, all of the same length.
pub struct Sound {
    /// Frames per second.
    pub rate: u32,
    pub channels: Vec<Vec<f32>>,
}

impl Sound {
    /// Reads a WAV file of any depth.
    pub fn read(path: &Path) -> Result<Self> {
        let reader = WavReader::open(path);
        let mut reader = reader.with_context(|| format!("cannot read {} as WAV", path.display()))?;
        let spec = reader.spec();
        let samples: Result<Vec<f32>, hound::Error> = match (spec.sample_format, spec.bits_per_sample) {
            (SampleFormat::Float, 32) => reader.samples::<f32>().collect(),
            (SampleFormat::Int, bits @ 1..=32) => {
                let full_scale = f64::from(1u32 << (bits - 1));
                reader.samples::<i32>().map(|sample| Ok((f64::from(sample?) / full_scale) as f32)).collect()
            }
            (_, bits) => bail!("{} has {bits} bits per sample, which is not supported", path.display()),
        };
        let samples = samples.with_context(|| format!("{} is damaged", path.display()))?;
        let count = usize::from(spec.channels);
        ensure!(count > 0 && samples.len() >= count, "{} holds no sound", path.display());
        let channel = |index| samples.iter().skip(index).step_by(count).copied().collect();
        Ok(Self { rate: spec.sample_rate, channels: (0..count).map(channel).collect() })
    }

    /// Writes a WAV file of 32-bit floats.
    pub fn write(&self, path: &Path) -> Result<()> {
        let spec = WavSpec {
            channels: self.channels.len() as u16,
            sample_rate: self.rate,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = WavWriter::create(path, spec)?;
        for frame in 0..self.frames() {
            for channel in &self.channels {
                writer.write_sample(channel[frame])?;
            }
        }
        Ok(writer.finalize()?)
    }

    /// The length.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// The length of so many frames.
    pub fn seconds(&self, frames: usize) -> f64 {
        frames as f64 / f64::from(self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(bits: u16, samples: &[i32]) -> Sound {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        let sample_format = SampleFormat::Int;
        let spec = WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: bits, sample_format };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        Sound::read(&path).unwrap()
    }

    #[test]
    fn every_depth_reads_as_the_same_sound() {
        for bits in [8, 16, 24, 32] {
            let half = 1 << (bits - 2);
            let sound = read_back(bits, &[half, -half, 0, -2 * (half - 1) - 2]);
            assert_eq!(sound.channels, [[0.5, 0.0], [-0.5, -1.0]], "{bits} bits");
        }
    }

    #[test]
    fn floats_survive_writing_and_reading_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        let channels = vec![vec![0.1, -3.5, f32::MIN_POSITIVE], vec![-0.0, 1.0, 2.0]];
        let sound = Sound { rate: 48_000, channels };
        sound.write(&path).unwrap();
        let read = Sound::read(&path).unwrap();
        assert_eq!(read.rate, 48_000);
        let bits =
            |sound: &Sound| -> Vec<_> { sound.channels.concat().iter().map(|sample| sample.to_bits()).collect() };
        assert_eq!(bits(&read), bits(&sound));
    }
}
