//! The parameters with their labels, and the texts that are saved with the project; `state` has their ids.

mod loads;
mod state;

use crate::core::export::ExportControls;
use crate::core::format::{
    BitRate, Codec, Dither, ExportMethod, FileType, Files, Group, Menu, Rate, RateMatch, Split, Start,
};
use crate::core::take::{Capture, Controls, GroupSight, Song, TakeSettings};
use crate::link::{Status, Switches, Texts, groups};
use loads::Loads;
pub use loads::{HostBlock, SteadyControls};
use nice_plug::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// The largest N.
pub const MAX_N: i32 = 9999;

/// What a member of a group keeps besides, in seconds: it hears of a take after that has begun.
const GROUP_HISTORY: f32 = 4.0;

/// The longest history, in seconds.
pub const MAX_HISTORY: f32 = 300.0;

/// The lowest Threshold, in dBFS; the highest is full scale.
pub const MIN_THRESHOLD: f32 = -60.0;

/// The shortest and the longest Hold, in seconds.
pub const HOLDS: [f32; 2] = [0.5, 60.0];

/// All parameters of the operator. Shared by the host, the audio thread and the editor.
pub struct RecorderParams {
    pub record: BoolParam,
    pub pause: BoolParam,
    pub file_type: EnumParam<FileType>,
    pub codec: EnumParam<Codec>,
    pub bit_rate: EnumParam<BitRate>,
    pub unique_suffix: BoolParam,
    pub n: IntParam,
    pub rate: EnumParam<Rate>,
    pub rate_match: EnumParam<RateMatch>,
    pub time_slice: BoolParam,
    pub export_method: EnumParam<ExportMethod>,
    pub loudness: BoolParam,
    pub dither: EnumParam<Dither>,
    /// Counts changes of the saved texts. No host notices those by themselves, and would not ask to save the project.
    pub revision: IntParam,
    pub marker: BoolParam,
    pub split: EnumParam<Split>,
    pub files: EnumParam<Files>,
    /// Seconds.
    pub preroll: FloatParam,
    /// Seconds.
    pub keep: FloatParam,
    pub capture: BoolParam,
    pub start: EnumParam<Start>,
    /// dBFS.
    pub threshold: FloatParam,
    /// Seconds.
    pub hold: FloatParam,
    pub group: EnumParam<Group>,
    pub window: WindowSize,
    /// The texts that are saved, and the track's name.
    pub texts: Arc<Texts>,
    loads: Loads,
    /// What the window wants of its switches, until the parameters say the same.
    pub wishes: Arc<Wishes>,
    /// The status of the instance, which says whether a take is open.
    pub status: Arc<Status>,
}

/// The window's switches that a host which stands still does not bring back to the parameters.
#[derive(Debug, Default)]
pub struct Wishes {
    pub record: Wish,
    pub pause: Wish,
    pub marker: Wish,
}

impl Wishes {
    /// Audio thread: the host has brought the presses back, or has decided otherwise. Wait-free.
    pub fn forget(&self) {
        let Self { record, pause, marker } = self;
        [record, pause, marker].into_iter().for_each(Wish::forget);
    }
}

/// What the window wants of one switch. A VST3 host gets the press, and the parameter changes with the next block, which
/// may be long in coming.
#[derive(Debug, Default)]
pub struct Wish(AtomicU8);

impl Wish {
    const NONE: u8 = 0;

    /// Window: the switch is to be on or off.
    pub fn set(&self, on: bool) {
        self.0.store(1 + u8::from(on), Relaxed);
    }

    /// Any thread: the parameter is what the host says it is. Wait-free.
    pub fn forget(&self) {
        if self.0.load(Relaxed) != Self::NONE {
            self.0.store(Self::NONE, Relaxed);
        }
    }

    /// Returns what is wanted of a switch whose parameter stands at `value`.
    fn of(&self, value: bool) -> bool {
        match self.0.load(Relaxed) {
            Self::NONE => value,
            wanted => wanted == 2,
        }
    }
}

impl Default for RecorderParams {
    fn default() -> Self {
        let wishes = Arc::<Wishes>::default();
        let [for_record, for_pause, for_marker] = [&wishes; 3].map(Arc::clone);
        Self {
            record: BoolParam::new("Record", false).with_callback(Arc::new(move |_| for_record.record.forget())),
            pause: BoolParam::new("Pause", false).with_callback(Arc::new(move |_| for_pause.pause.forget())),
            file_type: EnumParam::new("File Type", FileType::Wav),
            codec: EnumParam::new("Codec", Codec::Pcm24),
            bit_rate: EnumParam::new("Bit Rate", BitRate::Cbr192),
            unique_suffix: BoolParam::new("Unique Suffix", true),
            n: IntParam::new("N", 0, IntRange::Linear { min: 0, max: MAX_N }),
            rate: EnumParam::new("Sample Rate", Rate::Host),
            rate_match: EnumParam::new("Sample Rate Match", RateMatch::First),
            time_slice: BoolParam::new("Time Slice", false),
            export_method: EnumParam::new("Export Method", ExportMethod::Off),
            loudness: BoolParam::new("Loudness", TakeSettings::DEFAULT.loudness),
            dither: EnumParam::new("Dither", Dither::Off),
            revision: IntParam::new("Revision", 0, IntRange::Linear { min: 0, max: Self::REVISIONS - 1 })
                .non_automatable()
                .hide(),
            marker: BoolParam::new("Marker", false).with_callback(Arc::new(move |_| for_marker.marker.forget())),
            split: EnumParam::new("Split", Split::Off),
            files: EnumParam::new("Files", Files::One),
            preroll: float("Pre-roll", 0.0, [0.0, MAX_HISTORY], 2, " s"),
            // Who needs it finds out when it is too late to switch it on.
            keep: float("Keep", 60.0, [0.0, MAX_HISTORY], 2, " s"),
            capture: BoolParam::new("Capture", false),
            start: EnumParam::new("Start", Start::Now),
            threshold: float("Threshold", -40.0, [MIN_THRESHOLD, 0.0], 1, " dBFS"),
            hold: float("Hold", 5.0, HOLDS, 2, " s"),
            group: EnumParam::new("Group", Group::Off),
            window: WindowSize::default(),
            texts: Arc::default(),
            loads: Loads::default(),
            wishes,
            status: Arc::default(),
        }
    }
}

fn float(name: &str, default: f32, [min, max]: [f32; 2], digits: usize, unit: &'static str) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_unit(unit)
        .with_value_to_string(formatters::v2s_f32_rounded(digits))
}

/// Frames in so many seconds.
fn frames(seconds: f32, sample_rate: u32) -> u64 {
    (f64::from(seconds) * f64::from(sample_rate)).round() as u64
}

impl RecorderParams {
    /// The revision begins again after so many changes.
    pub const REVISIONS: i32 = 1000;

    /// The parameters as they stand in a block, in the middle of a load too: the audio thread follows [`SteadyControls`].
    /// Wait-free.
    fn controls(&self, block: &HostBlock, sample_rate: u32) -> Controls {
        Controls {
            record: self.record.value(),
            pause: self.pause.value(),
            marker: self.marker.value(),
            capture: self.capture.value(),
            time_slice: self.time_slice.value(),
            start: self.start.value(),
            threshold: self.threshold.value(),
            hold_frames: frames(self.hold.value(), sample_rate),
            preroll_frames: frames(self.preroll.value(), sample_rate),
            keep_frames: frames(self.keep.value(), sample_rate),
            group: self.group.value(),
            group_frames: frames(GROUP_HISTORY, sample_rate),
            channels: self.texts.scope(block.channels),
            song: block.song,
            wraps: false,
            transport: block.transport,
            is_loaded: false,
            settings: self.settings(),
        }
    }

    /// What a take that begins now is recorded with. Wait-free.
    pub fn settings(&self) -> TakeSettings {
        TakeSettings {
            file_type: self.file_type.value(),
            codec: self.codec.value(),
            bit_rate: self.bit_rate.value(),
            unique_suffix: self.unique_suffix.value(),
            n: self.n.value() as u16,
            rate: self.rate.value(),
            rate_match: self.rate_match.value(),
            loudness: self.loudness.value(),
            dither: self.dither.value(),
            split: self.split.value(),
            files: self.files.value(),
            group: self.group.value(),
            take: 0,
            text_revision: self.texts.revision(),
            keeps_existing: false,
        }
    }

    /// The group before the first block, if there is one, and what it has come to.
    pub fn group_sight(&self) -> Option<GroupSight> {
        let group = self.group.value();
        (group != Group::Off).then(|| GroupSight {
            group,
            events: groups::group(group).signals().events(),
            settings: self.settings(),
            song: Song::default(),
            at: groups::now(),
            open_event: groups::group(group).signals().open_event(),
            time: groups::group(group).signals().time(),
            waits: 0,
        })
    }

    /// Whether Record is wanted, as far as the window and the host have said. Not for the audio thread.
    pub fn wants_record(&self) -> bool {
        self.wishes.record.of(self.record.value())
    }

    /// The same of Pause.
    pub fn wants_pause(&self) -> bool {
        self.wishes.pause.of(self.pause.value())
    }

    /// What the export does right now. Any thread: wait-free.
    pub fn export_controls(&self) -> ExportControls {
        ExportControls { method: self.export_method.value(), record: self.record.value(), pause: self.pause.value() }
    }
}

impl Switches for RecorderParams {
    fn record(&self) -> bool {
        self.wants_record()
    }

    fn pause(&self) -> bool {
        self.wants_pause()
    }

    fn marker(&self) -> bool {
        self.wishes.marker.of(self.marker.value())
    }

    fn capture(&self) -> bool {
        self.capture.value()
    }

    fn capture_request(&self, sample_rate: u32) -> Capture {
        let frames = frames(self.keep.value(), sample_rate);
        Capture { settings: self.settings(), frames, tempo: None, event: None }
    }
}

/// The window's size in logical points, saved with the project.
pub struct WindowSize(AtomicU64);

impl WindowSize {
    const DEFAULT: [f32; 2] = [760.0, 560.0];

    /// Width and height.
    pub fn get(&self) -> [f32; 2] {
        let bits = self.0.load(Relaxed);
        [f32::from_bits((bits >> 32) as u32), f32::from_bits(bits as u32)]
    }

    /// Sets width and height; a size that no window can have is left out.
    pub fn set(&self, [width, height]: [f32; 2]) {
        let is_usable = |side: f32| (1.0..=16_384.0).contains(&side);
        if is_usable(width) && is_usable(height) {
            self.0.store(u64::from(width.to_bits()) << 32 | u64::from(height.to_bits()), Relaxed);
        }
    }
}

impl Default for WindowSize {
    fn default() -> Self {
        let size = Self(AtomicU64::new(0));
        size.set(Self::DEFAULT);
        size
    }
}

macro_rules! host_menus {
    ($($menu:ty),+) => {
        $(impl Enum for $menu {
            fn variants() -> &'static [&'static str] {
                Self::LABELS
            }

            fn ids() -> Option<&'static [&'static str]> {
                Some(Self::IDS)
            }

            fn to_index(self) -> usize {
                Menu::index(self)
            }

            fn from_index(index: usize) -> Self {
                Menu::from_index(index)
            }
        })+
    };
}

host_menus!(FileType, Codec, BitRate, Rate, RateMatch, ExportMethod, Dither, Split, Files, Start, Group);

#[cfg(test)]
mod tests;
