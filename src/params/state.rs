//! The saved state: what is in it, and how all of it comes into force at one moment.
//!
//! The framework loads a state on the host's thread while `process()` runs on another: first `filter_state`, which knows
//! no instance; then every parameter that the state names, one after the other; then the saved fields, in
//! [`Params::deserialize_fields`] (`deserialize_object` in its `src/wrapper/state.rs`, for both formats). Nothing of ours is
//! called between the first two, so nothing could tell the audio thread that a load has begun. Therefore
//! [`prepare_state`](RecorderParams::prepare_state) takes the parameters away from the framework and sends them along
//! with the fields: no value changes before the one call in which all of them do. A load that breaks off earlier has
//! changed nothing.

use super::{MAX_N, RecorderParams};
use crate::core::format::{
    BitRate, Codec, Dither, ExportMethod, FileType, Files, Group, Menu, Rate, RateMatch, Split, Start,
};
use crate::link::TextId;
use nice_plug::params::InternalParamMut;
use nice_plug::params::persist::{deserialize_field, serialize_field};
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use std::collections::BTreeMap;

/// The texts that are saved, by their keys.
const TEXTS: [(&str, TextId); 7] = [
    ("file", TextId::File),
    ("scope", TextId::Scope),
    ("header", TextId::Header),
    ("fallback", TextId::Fallback),
    ("autoexportroot", TextId::ExportRoot),
    ("exporttable", TextId::ExportTable),
    ("exporttarget", TextId::ExportTarget),
];

/// The switches that a state leaves as they are while a take is open.
const TAKE_SWITCHES: [&str; 4] = ["record", "pause", "marker", "capture"];

/// The key of the window's size.
const WINDOW: &str = "window";

/// The field in which the parameters travel from `prepare_state` to the load. It is in no saved state.
const PARAMS: &str = "params";

// SAFETY: the pointers of the map lead to fields of `self`, and stay good as long as `self` is where it is.
unsafe impl Params for RecorderParams {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        self.by_id().map(|(id, pointer)| (id.to_owned(), pointer, String::new())).to_vec()
    }

    fn serialize_fields(&self) -> BTreeMap<String, String> {
        let texts = self.texts.current();
        let text_fields = TEXTS.map(|(key, id)| (key, serialize_field(texts.get(id))));
        let fields = text_fields.into_iter().chain([(WINDOW, serialize_field(&self.window.get()))]);
        fields.filter_map(|(key, json)| Some((key.to_owned(), json.ok()?))).collect()
    }

    /// Loads a state that [`prepare_state`](Self::prepare_state) has seen.
    fn deserialize_fields(&self, fields: &BTreeMap<String, String>) {
        let Some(values) = read_params(fields) else { return };
        let texts = TEXTS.iter().filter_map(|&(key, id)| Some((id, read_text(fields, key)?)));
        // All that takes long comes before the moment at which the audio thread cannot look.
        let texts = self.texts.change(texts);
        // Undo, presets and snapshots are no press: an open take goes on.
        let is_open = self.status.has_open_take();
        self.loads.change(|| {
            for (id, pointer) in self.by_id() {
                if is_open && TAKE_SWITCHES.contains(&id) {
                    continue;
                }
                if let Some(value) = values.get(id) {
                    // SAFETY: the pointer leads to a field of `self`.
                    unsafe { set(pointer, value) };
                }
            }
            texts.publish();
        });
        if is_open {
            self.status.loaded_in_take();
        }
        if let Some(size) = read_window(fields) {
            self.window.set(size);
        }
    }
}

impl RecorderParams {
    /// Makes a saved state one that loads as a whole, whatever is in it: what it does not name, or names with a value
    /// that there is not, becomes the default. The framework would keep the present values, or break off later.
    pub fn prepare_state(state: &mut PluginState) {
        let defaults = Self::default();
        let mut values = BTreeMap::new();
        for (id, pointer) in defaults.by_id() {
            let saved = state.params.remove(id).filter(|value| defaults.takes(id, pointer, value));
            values.insert(id, saved.unwrap_or_else(|| default_value(pointer)));
        }
        state.params.clear();
        for (key, default) in defaults.serialize_fields() {
            let is_readable = match key.as_str() {
                WINDOW => read_window(&state.fields).is_some(),
                text => read_text(&state.fields, text).is_some(),
            };
            if !is_readable {
                state.fields.insert(key, default);
            }
        }
        state.fields.remove(PARAMS);
        if let Ok(values) = serialize_field(&values) {
            state.fields.insert(PARAMS.to_owned(), values);
        }
    }

    /// The parameters in the order in which hosts show them, by the ids under which they are saved and automated.
    fn by_id(&self) -> [(&'static str, ParamPtr); 24] {
        [
            ("record", self.record.as_ptr()),
            ("pause", self.pause.as_ptr()),
            ("filetype", self.file_type.as_ptr()),
            ("codec", self.codec.as_ptr()),
            ("bitrate", self.bit_rate.as_ptr()),
            ("uniquesuff", self.unique_suffix.as_ptr()),
            ("n", self.n.as_ptr()),
            ("rate", self.rate.as_ptr()),
            ("srselect", self.rate_match.as_ptr()),
            ("timeslice", self.time_slice.as_ptr()),
            ("exportmethod", self.export_method.as_ptr()),
            ("revision", self.revision.as_ptr()),
            ("marker", self.marker.as_ptr()),
            ("loudness", self.loudness.as_ptr()),
            ("dither", self.dither.as_ptr()),
            ("split", self.split.as_ptr()),
            ("files", self.files.as_ptr()),
            ("preroll", self.preroll.as_ptr()),
            ("keep", self.keep.as_ptr()),
            ("capture", self.capture.as_ptr()),
            ("start", self.start.as_ptr()),
            ("threshold", self.threshold.as_ptr()),
            ("hold", self.hold.as_ptr()),
            ("group", self.group.as_ptr()),
        ]
    }

    /// Whether the parameter `id` has this value among its own.
    fn takes(&self, id: &str, pointer: ParamPtr, value: &ParamValue) -> bool {
        match (pointer, value) {
            (ParamPtr::BoolParam(_), ParamValue::Bool(_)) => true,
            (ParamPtr::FloatParam(_), ParamValue::F32(value)) => {
                // SAFETY: the parameters that the pointer leads to are those of `self`.
                let (least, most) = unsafe { (pointer.preview_plain(0.0), pointer.preview_plain(1.0)) };
                (least..=most).contains(value)
            }
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
            "dither" => Dither::IDS,
            "split" => Split::IDS,
            "files" => Files::IDS,
            "start" => Start::IDS,
            "group" => Group::IDS,
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

/// Sets a parameter as the framework does when it loads a state.
///
/// # Safety
/// The pointer leads to a parameter that is alive.
pub(super) unsafe fn set(pointer: ParamPtr, value: &ParamValue) {
    // SAFETY: the parameters are alive. Their setters are plain atomic stores; they are marked unsafe because a change
    // that the host does not hear of belongs to the framework alone, which tells the host of every load.
    unsafe {
        match (pointer, value) {
            (ParamPtr::BoolParam(param), &ParamValue::Bool(value)) => _ = (*param)._internal_set_plain_value(value),
            (ParamPtr::FloatParam(param), &ParamValue::F32(value)) => _ = (*param)._internal_set_plain_value(value),
            (ParamPtr::IntParam(param), &ParamValue::I32(value)) => _ = (*param)._internal_set_plain_value(value),
            (ParamPtr::EnumParam(param), &ParamValue::I32(index)) => _ = (*param)._internal_set_plain_value(index),
            (ParamPtr::EnumParam(param), ParamValue::String(name)) => _ = (*param).set_from_id(name),
            _ => {}
        }
    }
}

/// A text among the fields of a state, if it is there and is one.
fn read_text(fields: &BTreeMap<String, String>, key: &str) -> Option<String> {
    deserialize_field(fields.get(key)?).ok()
}

/// The window's size, width and height, among the fields of a state.
fn read_window(fields: &BTreeMap<String, String>) -> Option<[f32; 2]> {
    deserialize_field(fields.get(WINDOW)?).ok()
}

/// The parameters among the fields of a state that was prepared.
fn read_params(fields: &BTreeMap<String, String>) -> Option<BTreeMap<String, ParamValue>> {
    deserialize_field(fields.get(PARAMS)?).ok()
}
