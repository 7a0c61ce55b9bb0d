//! symphonia reads Ogg Opus but has no decoder for it. Here is one, through opus-pure: a decoder of its own, not libopus.

use opus_pure::{MAX_PACKET_SAMPLES, OpusMSDecoder};
use std::sync::LazyLock;
use symphonia::core::audio::{AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult};
use symphonia::core::codecs::registry::{CodecRegistry, RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

/// Opus always plays at this rate, in Hz.
const RATE: u32 = 48_000;

/// Where the frames to leave out at the beginning stand in the identification header (RFC 7845, 5.1).
const PRE_SKIP_AT: usize = 10;

/// Where the channel mapping family stands there.
const FAMILY_AT: usize = 18;

/// Where in a frame of WAVE's order the channels of Vorbis's order go, for each number of channels (Vorbis I
/// specification, 4.3.9).
const PLACES: [&[usize]; 8] = [
    &[0],
    &[0, 1],
    &[0, 2, 1],
    &[0, 1, 2, 3],
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 4, 5, 3],
    &[0, 2, 1, 5, 6, 4, 3],
    &[0, 2, 1, 6, 7, 4, 5, 3],
];

const CODEC: SupportedAudioCodec =
    SupportedAudioCodec { id: CODEC_ID_OPUS, info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] } };

/// symphonia's decoders and that for Opus.
pub fn codecs() -> &'static CodecRegistry {
    static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<Opus>();
        codecs
    });
    &CODECS
}

struct Opus {
    decoder: OpusMSDecoder,
    params: AudioCodecParameters,
    is_gapless: bool,
    /// Frames still to be left out at the beginning. symphonia only says where to end.
    pre_skip: usize,
    /// One packet, interleaved in Vorbis's order.
    interleaved: Vec<f32>,
    /// The same in WAVE's order.
    sound: AudioBuffer<f32>,
}

impl AudioDecoder for Opus {
    fn reset(&mut self) {
        // Only a decoder that could not be made could not be made again.
        let _ = self.decoder.reset_state();
    }

    fn codec_info(&self) -> &CodecInfo {
        &CODEC.info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.sound.clear();
        let frames = self
            .decoder
            .decode(packet.data, MAX_PACKET_SAMPLES, &mut self.interleaved)
            .map_err(|_| Error::DecodeError("opus: damaged packet"))?;
        self.sound.render_uninit(Some(frames));
        let places = PLACES[self.decoder.channels() - 1];
        for (channel, &place) in places.iter().enumerate() {
            let samples = self.interleaved.iter().skip(channel).step_by(places.len());
            let plane = self.sound.plane_mut(place).ok_or(Error::DecodeError("opus: too few channels"))?;
            plane.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        }
        if self.is_gapless {
            self.sound.trim(0, packet.trim_end.get() as usize);
            let skipped = self.pre_skip.min(self.sound.frames());
            self.sound.trim(skipped, 0);
            self.pre_skip -= skipped;
        }
        Ok(self.last_decoded())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.sound.as_generic_audio_buffer_ref()
    }
}

impl RegisterableAudioDecoder for Opus {
    fn try_registry_new(params: &AudioCodecParameters, options: &AudioDecoderOptions) -> Result<Box<dyn AudioDecoder>> {
        let unsupported = Error::Unsupported("opus: no such layout of channels");
        let head = params.extra_data.as_deref().unwrap_or_default();
        let (Some(channels), Some(&family)) = (params.channels.clone(), head.get(FAMILY_AT)) else {
            return Err(unsupported);
        };
        let pre_skip = u16::from_le_bytes([head[PRE_SKIP_AT], head[PRE_SKIP_AT + 1]]);
        let decoder = OpusMSDecoder::new(RATE as i32, channels.count(), family).map_err(|_| unsupported)?;
        Ok(Box::new(Self {
            decoder,
            params: params.clone(),
            is_gapless: options.gapless,
            pre_skip: pre_skip.into(),
            interleaved: vec![0.0; MAX_PACKET_SAMPLES * channels.count()],
            sound: AudioBuffer::new(AudioSpec::new(RATE, channels), MAX_PACKET_SAMPLES),
        }))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        &[CODEC]
    }
}
