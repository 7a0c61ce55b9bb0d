//! Changes the sample rate of a stream, through rubato.
//!
//! # Quality
//! All inside is f64. Measured with full-scale f32 sines by `tests.rs` beside this file, by least squares; images,
//! aliases and the rounding to f32 all count into the residual of a sine that stays, and a leak is all that comes out
//! of a sine that has to go, from 1 Hz beyond the lower rate's band on:
//!
//! | from → to | ripple to 20 kHz | flat (−0.1 dB) to | residual | leak |
//! |---|---|---|---|---|
//! | 96000 → 44100 | below 10⁻⁶ dB | 21.6 kHz | −151 dB | −151 dB |
//! | 44100 → 48000 | below 10⁻⁶ dB | 21.6 kHz | −149 dB | |
//! | 48000 → 44100 | below 10⁻⁶ dB | 21.6 kHz | −150 dB | −150 dB |
//! | 192000 → 48000 | below 10⁻⁶ dB | 23.5 kHz | −152 dB | −151 dB |
//! | 44056 → 44100 (sinc) | below 10⁻⁶ dB | 21.1 kHz | −142 dB | |
//! | 96001 → 44100 (sinc) | below 10⁻⁶ dB | 21.1 kHz | −151 dB | −142 dB |
//!
//! No frame comes out late or early: a 20 kHz sine keeps its phase to 10⁻⁵ radians.
//!
//! # Which of rubato's resamplers
//! `Fft` works in blocks that hold whole periods of both rates: `rate / gcd` frames. That is 147 and 160 for
//! 44100 → 48000, but one whole second for rates without a common divisor (47999 → 48000), which would cost a second
//! of delay, and megabytes for each channel. Where the block gets longer than [`LONGEST_BLOCK`], the asynchronous sinc
//! resampler takes over: as good but for a slightly wider edge, at about a twentieth of the speed, with a few
//! milliseconds of delay at any ratio.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, SincInterpolationParameters, SincInterpolationType, WindowFunction,
    calculate_cutoff,
};
use std::fmt;

/// The largest ratio between two rates, either way: 8 to 800 kHz. It bounds the memory: at the worst some 10 MB for
/// each channel and 50 MB for the filter; usual rates take 0.1 MB and 0.2 MB.
const LARGEST_RATIO: u32 = 100;

/// Its sidelobes lie below −150 dB, those of the narrower windows at −110 to −130 dB.
const WINDOW: WindowFunction = WindowFunction::BlackmanHarris2;

/// Frames of the lower rate that one block of `Fft` holds at least; its filter is as long.
const SHORTEST_BLOCK: usize = 1024;

/// Frames of the lower rate that one block of `Fft` may hold: 93 ms at 44.1 kHz.
const LONGEST_BLOCK: usize = 4096;

/// Length of the asynchronous resampler's filter, in frames of the lower rate.
const SINC_LENGTH: usize = 512;

/// Points between two samples at which the asynchronous resampler knows its filter. Between them it interpolates.
const SINC_OVERSAMPLING: usize = 256;

/// Frames that the asynchronous resampler makes at a time.
const SINC_CHUNK: usize = 1024;

/// The two rates are further apart than [`Resampler`] goes, or one of them is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatioOutOfRange;

impl fmt::Display for RatioOutOfRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the sample rate is too far off to be converted")
    }
}

impl std::error::Error for RatioOutOfRange {}

/// How many frames a stream of `frames` frames has after resampling: `frames × to / from`, rounded to the nearest,
/// halves up.
pub fn resampled_frames(frames: u64, from: u32, to: u32) -> u64 {
    let (frames, from, to) = (u128::from(frames), u128::from(from), u128::from(to));
    ((2 * frames * to + from) / (2 * from)) as u64
}

/// Resamples one stream from one whole rate to another, without delay: the first frame that comes out is the first
/// that went in, and [`finish`](Self::finish) brings the length to exactly [`resampled_frames`].
///
/// Samples may leave ±1 on the way: where the sound was clipped, the wave between the samples is higher than they are.
/// All that come out are finite; what goes in and is not counts as 0.
pub struct Resampler {
    engine: Engine,
    from: u32,
    to: u32,
    channels: usize,
    /// Planar, `input_stride` samples for each channel, the first `filled` of them waiting.
    input: Vec<f64>,
    input_stride: usize,
    filled: usize,
    /// Planar, `output_stride` samples for each channel.
    output: Vec<f64>,
    output_stride: usize,
    /// What the sink gets: planar, without gaps.
    chunk: Vec<f32>,
    /// Frames of the filter's delay that still have to be dropped.
    delay_left: usize,
    frames_in: u64,
    frames_out: u64,
}

impl Resampler {
    /// A resampler for `channels` channels from `from` Hz to `to` Hz, where they differ.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn between(from: u32, to: u32, channels: usize) -> Result<Option<Self>, RatioOutOfRange> {
        (from != to).then(|| Self::new(from, to, channels)).transpose()
    }

    /// A resampler for `channels` channels from `from` Hz to `to` Hz.
    ///
    /// # Errors
    /// When one rate is more than 100 times the other.
    pub fn new(from: u32, to: u32, channels: usize) -> Result<Self, RatioOutOfRange> {
        let (lower, higher) = (from.min(to), from.max(to));
        if lower == 0 || higher.div_ceil(lower) > LARGEST_RATIO {
            return Err(RatioOutOfRange);
        }
        let (engine, delay_left) = Engine::new(from as usize, to as usize, channels).map_err(|_| RatioOutOfRange)?;
        let (input_stride, output_stride) = (engine.get().input_frames_max(), engine.get().output_frames_max());
        Ok(Self {
            engine,
            from,
            to,
            channels,
            input: vec![0.0; channels * input_stride],
            input_stride,
            filled: 0,
            output: vec![0.0; channels * output_stride],
            output_stride,
            chunk: Vec::with_capacity(channels * output_stride),
            delay_left,
            frames_in: 0,
            frames_out: 0,
        })
    }

    /// Takes `frames` frames, `planar` (the channels one after the other, `frames` samples each), and hands on what
    /// they complete, in pieces of the same shape: samples and number of frames, never 0.
    ///
    /// # Errors
    /// The first one of `sink`; the stream is torn then.
    pub fn push<E>(
        &mut self,
        planar: &[f32],
        frames: usize,
        mut sink: impl FnMut(&[f32], usize) -> Result<(), E>,
    ) -> Result<(), E> {
        debug_assert_eq!(planar.len(), self.channels * frames);
        let mut taken = 0;
        while taken < frames {
            let needed = self.engine.get().input_frames_next();
            let count = (needed - self.filled).min(frames - taken);
            for (from, to) in planar.chunks_exact(frames).zip(self.input.chunks_exact_mut(self.input_stride)) {
                let to = &mut to[self.filled..][..count];
                for (to, &from) in to.iter_mut().zip(&from[taken..]) {
                    // Rubato's FFT panics at anything else.
                    *to = if from.is_finite() { f64::from(from) } else { 0.0 };
                }
            }
            taken += count;
            self.filled += count;
            self.frames_in += count as u64;
            if self.filled == needed {
                self.process(u64::MAX, &mut sink)?;
            }
        }
        Ok(())
    }

    /// Hands on what the filter still holds, so that the stream has its exact length.
    ///
    /// # Errors
    /// The first one of `sink`.
    pub fn finish<E>(mut self, mut sink: impl FnMut(&[f32], usize) -> Result<(), E>) -> Result<(), E> {
        let total = resampled_frames(self.frames_in, self.from, self.to);
        while self.frames_out < total {
            let needed = self.engine.get().input_frames_next();
            for channel in self.input.chunks_exact_mut(self.input_stride) {
                channel[self.filled..needed].fill(0.0);
            }
            self.process(total - self.frames_out, &mut sink)?;
        }
        Ok(())
    }

    /// Resamples one full input buffer and hands on at most `most` frames of what comes out.
    fn process<E>(&mut self, most: u64, sink: &mut impl FnMut(&[f32], usize) -> Result<(), E>) -> Result<(), E> {
        let made = self.engine.process(&self.input, self.input_stride, &mut self.output, self.output_stride);
        self.filled = 0;
        let dropped = self.delay_left.min(made);
        self.delay_left -= dropped;
        let kept = ((made - dropped) as u64).min(most) as usize;
        if kept == 0 {
            return Ok(());
        }
        self.chunk.clear();
        for channel in self.output.chunks_exact(self.output_stride) {
            self.chunk.extend(channel[dropped..][..kept].iter().map(|&sample| to_finite(sample)));
        }
        self.frames_out += kept as u64;
        sink(&self.chunk, kept)
    }
}

/// The two resamplers of rubato that we use.
enum Engine {
    Fft(Fft<f64>),
    Sinc {
        sinc: Async<f64>,
        ratio: f64,
        /// The first frame, with the step that aligns all others, has been made.
        aligned: bool,
    },
}

impl Engine {
    /// The engine for these rates, and its delay in frames that it makes.
    fn new(from: usize, to: usize, channels: usize) -> Result<(Self, usize), rubato::ResamplerConstructionError> {
        let divisor = greatest_common_divisor(from, to);
        let period = from.min(to) / divisor;
        // Of even length, so that half a block, the filter's delay, is a whole number of frames at both rates.
        let periods = SHORTEST_BLOCK.div_ceil(period).next_multiple_of(2);
        if periods * period > LONGEST_BLOCK {
            return Self::sinc(from, to, channels);
        }
        let block = periods * (from / divisor);
        let fft = Fft::new_custom(from, to, block, 1, channels, WINDOW, FixedSync::Both)?;
        let delay = fft.fft_size_out() / 2;
        Ok((Engine::Fft(fft), delay))
    }

    /// The asynchronous resampler. Its delay is no whole number of frames; to make it one, so that a frame falls on
    /// the first frame of the input, its first step is longer than the others.
    fn sinc(from: usize, to: usize, channels: usize) -> Result<(Self, usize), rubato::ResamplerConstructionError> {
        let ratio = to as f64 / from as f64;
        // A lower output rate needs a filter that is longer by the ratio, and as much smoother.
        let stretch = ratio.min(1.0);
        let length = ((SINC_LENGTH as f64 / stretch) as usize).next_multiple_of(8);
        let oversampling = ((SINC_OVERSAMPLING as f64 * stretch).ceil() as usize).max(8);
        let parameters = SincInterpolationParameters {
            sinc_len: length,
            f_cutoff: Some(calculate_cutoff((length as f64 * stretch) as usize, WINDOW)),
            oversampling_factor: oversampling,
            interpolation: SincInterpolationType::Cubic,
            window: WINDOW,
        };
        let mut sinc = Async::new_sinc(ratio, 2.0, &parameters, SINC_CHUNK, channels, FixedAsync::Output)?;
        // Frame k of rubato's output lies at input frame `first step − delay + k / ratio`.
        let delay = length as f64 / 2.0 - 1.0 / oversampling as f64;
        let frames = (delay * ratio).floor() - 1.0;
        let first_step = delay - frames / ratio;
        rubato::Adjustable::set_resample_ratio(&mut sinc, 1.0 / first_step, false)
            .and_then(|()| rubato::Resizable::set_chunk_size(&mut sinc, 1))
            .expect("the first step is one to two steps long");
        Ok((Engine::Sinc { sinc, ratio, aligned: false }, frames as usize))
    }

    fn get(&self) -> &dyn rubato::Resampler<f64> {
        match self {
            Engine::Fft(fft) => fft,
            Engine::Sinc { sinc, .. } => sinc,
        }
    }

    /// Resamples one full buffer and returns how many frames came out.
    fn process(&mut self, input: &[f64], input_stride: usize, output: &mut [f64], output_stride: usize) -> usize {
        use rubato::{Adjustable, Resampler, Resizable};
        const FITS: &str = "the buffers have the size that rubato named";
        let channels = input.len() / input_stride;
        let input = SequentialSlice::new(input, channels, input_stride).expect(FITS);
        let mut output = SequentialSlice::new_mut(output, channels, output_stride).expect(FITS);
        let result = match self {
            Engine::Fft(fft) => fft.process_into_buffer(&input, &mut output, None),
            Engine::Sinc { sinc, ratio, aligned } => {
                let result = sinc.process_into_buffer(&input, &mut output, None);
                if !*aligned {
                    *aligned = true;
                    sinc.set_resample_ratio(*ratio, false)
                        .and_then(|()| sinc.set_chunk_size(SINC_CHUNK))
                        .expect("it was made with them");
                }
                result
            }
        };
        result.expect(FITS).1
    }
}

fn to_finite(sample: f64) -> f32 {
    sample.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
