//! The parameters with their ids and labels, and the texts that are saved with the project.

use crate::core::format::{BitRate, Codec, FileType, Menu};
use crate::core::take::{Controls, TakeSettings};
use crate::link::{TextId, Texts};
use nice_plug::params::persist::PersistentField;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    /// Counts changes of the saved texts. No host notices those by themselves, and would not ask to save the project.
    #[id = "revision"]
    pub revision: IntParam,
    #[persist = "file"]
    file: SavedText,
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
            n: IntParam::new("N", 0, IntRange::Linear { min: 0, max: 9999 }),
            revision: IntParam::new("Revision", 0, IntRange::Linear { min: 0, max: Self::REVISIONS - 1 })
                .non_automatable()
                .hide(),
            window: WindowSize::default(),
            file: SavedText { id: TextId::File, texts: Arc::clone(&texts) },
            texts,
        }
    }
}

impl RecorderParams {
    /// The revision begins again after so many changes.
    pub const REVISIONS: i32 = 1000;

    /// The parameters of the block that is being processed. Audio thread: wait-free.
    pub fn controls(&self) -> Controls {
        Controls {
            record: self.record.value(),
            pause: self.pause.value(),
            settings: TakeSettings {
                file_type: self.file_type.value(),
                codec: self.codec.value(),
                bit_rate: self.bit_rate.value(),
                unique_suffix: self.unique_suffix.value(),
                n: self.n.value() as u16,
                text_revision: self.texts.revision(),
            },
        }
    }

    /// Fills in what a saved state does not name: the framework would leave those at their present values.
    pub fn complete_state(state: &mut PluginState) {
        let defaults = Self::default();
        for (id, pointer, _) in defaults.param_map() {
            state.params.entry(id).or_insert_with(|| default_value(pointer));
        }
        for (key, text) in defaults.serialize_fields() {
            state.fields.entry(key).or_insert(text);
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

host_menus!(FileType, Codec, BitRate);
