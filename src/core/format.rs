//! The menus of the recorder (file type, codec, bit rate, …) and the shape of a stream.

use super::rate::mp3_rate;

/// One menu of the operator: an enum with a stable id and a label for each entry.
///
/// The order of the entries is the order of the menu, and so of the automation values.
pub trait Menu: Copy + PartialEq + Sized + 'static {
    /// All entries, in menu order.
    const ALL: &'static [Self];
    /// The ids that saved states and the command line use, in menu order.
    const IDS: &'static [&'static str];
    /// The texts that a musician reads, in menu order.
    const LABELS: &'static [&'static str];

    /// The position of this entry in the menu.
    fn index(self) -> usize;

    /// The entry at `index`; the first one where there is none.
    fn from_index(index: usize) -> Self {
        Self::ALL.get(index).copied().unwrap_or(Self::ALL[0])
    }

    /// The stable id of this entry.
    fn id(self) -> &'static str {
        Self::IDS[self.index()]
    }

    /// The label of this entry.
    fn label(self) -> &'static str {
        Self::LABELS[self.index()]
    }
}

macro_rules! menu {
    ($(#[$doc:meta])* $name:ident { $($(#[$entry_doc:meta])* $entry:ident = $id:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$entry_doc])* $entry,)+ }

        impl Menu for $name {
            const ALL: &'static [Self] = &[$(Self::$entry),+];
            const IDS: &'static [&'static str] = &[$($id),+];
            const LABELS: &'static [&'static str] = &[$($label),+];

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

menu! {
    /// The container of the file. Its id is also the file name's extension.
    FileType {
        Wav = "wav", "WAV";
        Mp3 = "mp3", "MP3";
        Ogg = "ogg", "Ogg Vorbis";
        Aiff = "aiff", "AIFF";
        Flac = "flac", "FLAC";
        Opus = "opus", "Opus";
    }
}

/// Which menu says how many bytes the sound takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizedBy {
    /// The samples are stored as they are, or packed without loss.
    Codec,
    /// The sound is stored with loss.
    BitRate,
}

impl FileType {
    /// One line for each type: the most channels, and which menu is its own.
    const fn facts(self) -> (usize, SizedBy) {
        match self {
            FileType::Wav => (64, SizedBy::Codec),
            FileType::Mp3 => (2, SizedBy::BitRate),
            FileType::Ogg => (8, SizedBy::BitRate),
            FileType::Aiff => (64, SizedBy::Codec),
            FileType::Flac => (8, SizedBy::Codec),
            FileType::Opus => (8, SizedBy::BitRate),
        }
    }

    /// The most channels that a file of this type holds.
    pub const fn max_channels(self) -> usize {
        self.facts().0
    }

    /// Which menu says how many bytes a take of this type takes.
    pub const fn sized_by(self) -> SizedBy {
        self.facts().1
    }

    /// Bits that one sample takes in a file of this type, packed without loss or not.
    pub fn bits_per_sample(self, codec: Codec) -> u16 {
        match self {
            FileType::Flac => codec.bits_per_sample().min(MAX_FLAC_BITS),
            FileType::Wav | FileType::Mp3 | FileType::Ogg | FileType::Aiff | FileType::Opus => codec.bits_per_sample(),
        }
    }

    /// kb/s that the sound of one file of this type and shape gets: what `bit_rate` asks for, or the nearest that there
    /// is. Nothing where the quality is constant instead.
    pub fn kilobits(self, bit_rate: BitRate, stream: StreamFormat) -> Option<u32> {
        bit_rate.kilobits().map(|asked| match self {
            FileType::Mp3 => asked.min(max_mp3_kilobits(stream.sample_rate)),
            FileType::Opus => asked.min(MAX_OPUS_KILOBITS.saturating_mul(stream.channels as u32)),
            FileType::Ogg => match ogg_kilobits(stream) {
                Some((least, most)) => asked.clamp(least, most),
                None => asked,
            },
            FileType::Wav | FileType::Aiff | FileType::Flac => asked,
        })
    }

    /// The same, and where the quality is constant nearly the most that the sound comes to.
    pub fn max_kilobits(self, bit_rate: BitRate, stream: StreamFormat) -> u32 {
        self.kilobits(bit_rate, stream).unwrap_or_else(|| match self {
            FileType::Mp3 => max_mp3_kilobits(stream.sample_rate),
            _ => VARIABLE_KILOBITS.saturating_mul(stream.channels.max(2) as u32),
        })
    }
}

/// 32-bit FLAC is young: many players do not read it.
const MAX_FLAC_BITS: u16 = 24;

/// The most that libopus gives each channel (`OPUS_SET_BITRATE` of CELT).
pub const MAX_OPUS_KILOBITS: u32 = 260;

/// Hardly more come to each channel where the quality is constant.
const VARIABLE_KILOBITS: u32 = 160;

/// The highest constant bit rate of an MP3 file whose take has this rate in Hz. MPEG-2 ends at 160 kb/s (ISO/IEC
/// 13818-3), MPEG-2.5 in LAME at 64.
pub fn max_mp3_kilobits(sample_rate: u32) -> u32 {
    match mp3_rate(sample_rate) {
        0..16_000 => 64,
        16_000..32_000 => 160,
        32_000.. => 320,
    }
}

/// The least and the most kb/s that an Ogg Vorbis file of this shape has nominally (vorbisenc, `rate_mapping_…`);
/// nothing where libvorbis does not say. Qualities below 0 are left out where their blocks are too long.
fn ogg_kilobits(stream: StreamFormat) -> Option<(u32, u32)> {
    // Stereo has modes of its own, and those of other numbers where these end.
    let (stereo, each) = match stream.sample_rate {
        8000..9000 => ((5, 42), (8, 42)),
        9000..15_000 => ((8, 50), (14, 50)),
        15_000..19_000 => ((10, 100), (16, 100)),
        19_000..26_000 => ((14, 90), (22, 90)),
        26_000..40_000 => ((28, 190), (42, 190)),
        40_000..=50_000 => ((32, 250), (48, 240)),
        _ => return None,
    };
    let channels = stream.channels as u32;
    let (least, most) = if channels == 2 { stereo } else { each };
    Some((least * channels, most * channels))
}

menu! {
    /// How samples are stored in the file types that store them as they are.
    Codec {
        Pcm16 = "pcm16", "16-bit PCM";
        Pcm24 = "pcm24", "24-bit PCM";
        Pcm32 = "pcm32", "32-bit PCM";
        Float32 = "float32", "32-bit float";
    }
}

impl Codec {
    /// Bits that one sample takes in the file.
    pub const fn bits_per_sample(self) -> u16 {
        match self {
            Codec::Pcm16 => 16,
            Codec::Pcm24 => 24,
            Codec::Pcm32 | Codec::Float32 => 32,
        }
    }
}

menu! {
    /// The bit rate of the lossy file types.
    BitRate {
        Cbr96 = "b96", "96 kb/s";
        Cbr128 = "b128", "128 kb/s";
        Cbr192 = "b192", "192 kb/s";
        Cbr256 = "b256", "256 kb/s";
        Cbr320 = "b320", "320 kb/s";
        VbrV2 = "v2", "VBR V2";
        VbrV0 = "v0", "VBR V0";
    }
}

impl BitRate {
    /// kb/s; none where the quality is constant instead.
    pub const fn kilobits(self) -> Option<u32> {
        match self {
            BitRate::Cbr96 => Some(96),
            BitRate::Cbr128 => Some(128),
            BitRate::Cbr192 => Some(192),
            BitRate::Cbr256 => Some(256),
            BitRate::Cbr320 => Some(320),
            BitRate::VbrV2 | BitRate::VbrV0 => None,
        }
    }
}

menu! {
    /// The rate that is wanted in the file.
    Rate {
        /// Whatever the host's rate is.
        Host = "host", "Host";
        R44100 = "r44100", "44.1 kHz";
        R48000 = "r48000", "48 kHz";
        R88200 = "r88200", "88.2 kHz";
        R96000 = "r96000", "96 kHz";
        R176400 = "r176400", "176.4 kHz";
        R192000 = "r192000", "192 kHz";
    }
}

impl Rate {
    /// Frames per second, where they do not depend on the host.
    pub const fn hertz(self) -> Option<u32> {
        match self {
            Rate::Host => None,
            Rate::R44100 => Some(44_100),
            Rate::R48000 => Some(48_000),
            Rate::R88200 => Some(88_200),
            Rate::R96000 => Some(96_000),
            Rate::R176400 => Some(176_400),
            Rate::R192000 => Some(192_000),
        }
    }
}

menu! {
    /// What happens when the wanted and the arriving rate differ.
    RateMatch {
        First = "first", "Resample At First Rate";
        Maximum = "max", "Resample At Maximum Rate";
        Minimum = "min", "Resample At Minimum Rate";
        Error = "err", "Error If Rates Differ";
    }
}

menu! {
    /// Noise that is added before samples are rounded to 16 or 24 bits.
    Dither {
        Off = "off", "Off";
        /// Triangular, of ±1 of the smallest step.
        Tpdf = "tpdf", "TPDF";
    }
}

menu! {
    /// What a take waits for while record is on.
    Start {
        /// For nothing.
        Now = "now", "At Once";
        /// For the host's transport to run.
        Transport = "transport", "With Transport";
        /// For the host's transport to run with its own record on.
        HostRecord = "hostrecord", "With Host's Record";
        /// For sound that is loud enough.
        Sound = "sound", "With Sound";
    }
}

menu! {
    /// Which instances of a host record together.
    Group {
        /// Each for itself.
        Off = "off", "Off";
        A = "a", "A";
        B = "b", "B";
        C = "c", "C";
        D = "d", "D";
        E = "e", "E";
        F = "f", "F";
        G = "g", "G";
        H = "h", "H";
    }
}

menu! {
    /// Where a take goes on in its next file.
    Split {
        /// Nowhere.
        Off = "off", "Off";
        M5 = "m5", "5 min";
        M15 = "m15", "15 min";
        M30 = "m30", "30 min";
        M60 = "m60", "60 min";
        /// Every pass of a loop has a file of its own.
        Jumps = "jumps", "At Song Jumps";
    }
}

impl Split {
    /// How many minutes each file lasts, where that is fixed.
    pub const fn minutes(self) -> Option<u64> {
        match self {
            Split::Off | Split::Jumps => None,
            Split::M5 => Some(5),
            Split::M15 => Some(15),
            Split::M30 => Some(30),
            Split::M60 => Some(60),
        }
    }
}

menu! {
    /// How many files hold the channels of a take.
    Files {
        One = "one", "One";
        /// A mono file each.
        Each = "each", "One for Each Channel";
    }
}

menu! {
    /// Which addresses the recorder's channels are sent to.
    ExportMethod {
        /// Nothing is sent.
        Off = "off", "Off";
        ChannelNameIsPath = "autoname", "Channel Name is Path";
        TableByName = "datname", "Table by Name";
        TableByIndex = "datindex", "Table by Index";
    }
}

/// The shape of the sound that arrives; fixed from `activate` to `deactivate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFormat {
    /// Channels of the track, 1 to 64.
    pub channels: usize,
    /// Frames per second, rounded to Hz: file headers hold whole numbers.
    pub sample_rate: u32,
}

impl StreamFormat {
    /// The shape for `channels` channels at the host's rate in Hz.
    pub fn new(channels: usize, host_rate: f64) -> Self {
        Self { channels: channels.max(1), sample_rate: (host_rate.round() as u32).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries_are_distinct<M: Menu + std::fmt::Debug>() {
        for (index, &entry) in M::ALL.iter().enumerate() {
            assert_eq!(entry.index(), index);
            assert_eq!(M::from_index(index), entry);
            assert_eq!(M::IDS.iter().filter(|&&id| id == entry.id()).count(), 1);
            assert_eq!(M::LABELS.iter().filter(|&&label| label == entry.label()).count(), 1);
        }
        assert_eq!(M::from_index(M::ALL.len()), M::ALL[0]);
    }

    #[test]
    fn every_menu_entry_has_its_own_id_and_label() {
        entries_are_distinct::<FileType>();
        entries_are_distinct::<Codec>();
        entries_are_distinct::<BitRate>();
        entries_are_distinct::<Rate>();
        entries_are_distinct::<RateMatch>();
        entries_are_distinct::<Dither>();
        entries_are_distinct::<ExportMethod>();
        entries_are_distinct::<Split>();
        entries_are_distinct::<Files>();
    }
}
