//! The parameters with their ids and labels, and the texts that are saved with the project.

use crate::core::export::ExportControls;
use crate::core::format::{BitRate, Codec, ExportMethod, FileType, Menu, Rate, RateMatch};
use crate::core::take::{Controls, Song, TakeSettings};
use crate::link::{TextId, Texts};
use nice_plug::params::persist::PersistentField;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The largest N.
const MAX_N: i32 = 9999;

/// All parameters of the operator. Shared by the host, the audio thread and the editor.
#[derive(Params)]
pub struct RecorderParams {
    #[id = "record"]
    pub record: BoolParam,
    #[id = "pause"]
    pub pause: BoolParam,
    #[id = "filetype"]
    pub file_type: EnumParam<FileType>,
    #[id = "codec"]
    pub codec: EnumParam<Codec>,
    #[id = "bitrate"]
    pub bit_rate: EnumParam<BitRate>,
    #[id = "uniquesuff"]
    pub unique_suffix: BoolParam,
    #[id = "n"]
    pub n: IntParam,
    #[id = "rate"]
    pub rate: EnumParam<Rate>,
    #[id = "srselect"]
    pub rate_match: EnumParam<RateMatch>,
    #[id = "timeslice"]
    pub time_slice: BoolParam,
    #[id = "exportmethod"]
    pub export_method: EnumParam<ExportMethod>,
    /// Counts changes of the saved texts. No host notices those by themselves, and would not ask to save the project.
    #[id = "revision"]
    pub revision: IntParam,
    #[persist = "file"]
    file: SavedText,
    #[persist = "scope"]
    scope: SavedText,
    #[persist = "header"]
    header: SavedText,
    #[persist = "fallback"]
    fallback: SavedText,
    #[persist = "autoexportroot"]
    export_root: SavedText,
    #[persist = "exporttable"]
    export_table: SavedText,
    #[persist = "exporttarget"]
    export_target: SavedText,
    #[persist = "window"]
    pub window: WindowSize,
    /// The texts behind the saved ones.
    pub texts: Arc<Texts>,
}

impl Default for RecorderParams {
    fn default() -> Self {
        let texts = Arc::new(Texts::default());
        Self {
            record: BoolParam::new("Record", false),
            pause: BoolParam::new("Pause", false),
            file_type: EnumParam::new("File Type", FileType::Wav),
            codec: EnumParam::new("Codec", Codec::Pcm24),
            bit_rate: EnumParam::new("Bit Rate", BitRate::Cbr192),
            unique_suffix: BoolParam::new("Unique Suffix", true),
            n: IntParam::new("N", 0, IntRange::Linear { min: 0, max: MAX_N }),
            rate: EnumParam::new("Sample Rate", Rate::Host),
            rate_match: EnumParam::new("Sample Rate Match", RateMatch::First),
            time_slice: BoolParam::new("Time Slice", false),
            export_method: EnumParam::new("Export Method", ExportMethod::Off),
            revision: IntParam::new("Revision", 0, IntRange::Linear { min: 0, max: Self::REVISIONS - 1 })
                .non_automatable()
                .hide(),
            window: WindowSize::default(),
            file: SavedText { id: TextId::File, texts: Arc::clone(&texts) },
            scope: SavedText { id: TextId::Scope, texts: Arc::clone(&texts) },
            header: SavedText { id: TextId::Header, texts: Arc::clone(&texts) },
            fallback: SavedText { id: TextId::Fallback, texts: Arc::clone(&texts) },
            export_root: SavedText { id: TextId::ExportRoot, texts: Arc::clone(&texts) },
            export_table: SavedText { id: TextId::ExportTable, texts: Arc::clone(&texts) },
            export_target: SavedText { id: TextId::ExportTarget, texts: Arc::clone(&texts) },
            texts,
        }
    }
}

impl RecorderParams {
    /// The revision begins again after so many changes.
    pub const REVISIONS: i32 = 1000;

    /// The parameters of the block that is being processed on a track of `channels` channels. Audio thread: wait-free.
    pub fn controls(&self, channels: usize, song: Song) -> Controls {
        Controls {
            record: self.record.value(),
            pause: self.pause.value(),
            time_slice: self.time_slice.value(),
            channels: self.texts.scope(channels),
            song,
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
            text_revision: self.texts.revision(),
        }
    }

    /// What the export does right now. Any thread: wait-free.
    pub fn export_controls(&self) -> ExportControls {
        ExportControls { method: self.export_method.value(), record: self.record.value(), pause: self.pause.value() }
    }

    /// Makes a saved state one that can be loaded as it is: what it does not name, or names with a value that there is
    /// not, becomes the default. The framework would keep the present values, or break off later.
    pub fn complete_state(state: &mut PluginState) {
        let defaults = Self::default();
        for (id, pointer, _) in defaults.param_map() {
            let has_value = state.params.get(&id).is_some_and(|value| defaults.takes(&id, pointer, value));
            if !has_value {
                state.params.insert(id, default_value(pointer));
            }
        }
        for (key, text) in defaults.serialize_fields() {
            state.fields.entry(key).or_insert(text);
        }
    }

    /// Whether the parameter `id` has this value among its own.
    fn takes(&self, id: &str, pointer: ParamPtr, value: &ParamValue) -> bool {
        match (pointer, value) {
            (ParamPtr::BoolParam(_), ParamValue::Bool(_)) => true,
            (ParamPtr::FloatParam(_), ParamValue::F32(value)) => value.is_finite(),
            (ParamPtr::IntParam(_), ParamValue::I32(value)) => {
                let most = if id == "n" { MAX_N } else { Self::REVISIONS - 1 };
                (0..=most).contains(value)
            }
            (ParamPtr::EnumParam(_), ParamValue::I32(index)) => {
                // SAFETY: the parameters that the pointer leads to are those of `self`.
                let steps = unsafe { pointer.step_count() }.unwrap_or(0);
                usize::try_from(*index).is_ok_and(|index| index <= steps)
            }
            (ParamPtr::EnumParam(_), ParamValue::String(name)) => self.menu_ids(id).contains(&name.as_str()),
            _ => false,
        }
    }

    /// The ids of the entries of the menu `id`.
    fn menu_ids(&self, id: &str) -> &'static [&'static str] {
        match id {
            "filetype" => FileType::IDS,
            "codec" => Codec::IDS,
            "bitrate" => BitRate::IDS,
            "rate" => Rate::IDS,
            "srselect" => RateMatch::IDS,
            "exportmethod" => ExportMethod::IDS,
            _ => &[],
        }
    }
}

fn default_value(pointer: ParamPtr) -> ParamValue {
    // SAFETY: the parameters that the pointer leads to outlive this call.
    let plain = unsafe { pointer.preview_plain(pointer.default_normalized_value()) };
    match pointer {
        ParamPtr::FloatParam(_) => ParamValue::F32(plain),
        ParamPtr::BoolParam(_) => ParamValue::Bool(plain > 0.5),
        ParamPtr::IntParam(_) | ParamPtr::EnumParam(_) => ParamValue::I32(plain as i32),
    }
}

/// A text that is saved with the project; the words themselves are kept with all others in [`Texts`].
struct SavedText {
    id: TextId,
    texts: Arc<Texts>,
}

impl PersistentField<'_, String> for SavedText {
    fn set(&self, text: String) {
        self.texts.set(self.id, &text);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        f(&self.texts.current().get(self.id).to_owned())
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

impl PersistentField<'_, [f32; 2]> for WindowSize {
    fn set(&self, size: [f32; 2]) {
        WindowSize::set(self, size);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&[f32; 2]) -> R,
    {
        f(&self.get())
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

host_menus!(FileType, Codec, BitRate, Rate, RateMatch, ExportMethod);
