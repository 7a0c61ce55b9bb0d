//! A plugin's saved state, as nice-plug writes it for CLAP: the length of what follows in eight bytes, little-endian,
//! then JSON: `{"version": …, "params": {name: {type: value}}, "fields": {key: JSON of the value, as a string}}`, where
//! the type is `bool`, `i32`, `f32` or, for a menu's id, `string` (`ext_state_save` in its
//! `src/wrapper/clap/wrapper.rs`, and nice-plug-core's `PluginState`).

use crate::error::HostError;
use serde_json::{Map, Value};

/// A saved state, opened to be read or edited.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedState {
    json: Value,
}

impl SavedState {
    /// Reads what [`Instance::save_state`](crate::Instance::save_state) gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HostError> {
        let bad = |reason: &str| HostError::StateFormat(reason.to_owned());
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| bad("it has no length"))?;
        if u64::from_le_bytes(*length) != rest.len() as u64 {
            return Err(bad("its length is wrong"));
        }
        let json = serde_json::from_slice(rest).map_err(|error| bad(&error.to_string()))?;
        Ok(Self { json })
    }

    /// What [`Instance::load_state`](crate::Instance::load_state) takes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = self.json.to_string();
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(json.as_bytes());
        bytes
    }

    /// The stable names of the parameters, then the keys of the texts.
    pub fn names(&self) -> Vec<String> {
        let sections = ["params", "fields"].into_iter().filter_map(|section| self.json.get(section)?.as_object());
        sections.flat_map(|section| section.keys().cloned()).collect()
    }

    /// The saved value of a parameter, by its stable name: a menu's id, a switch's `true` or `false`, a number.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.json.get("params")?.get(name)?.as_object()?.values().next()
    }

    /// Replaces the saved value of a parameter.
    pub fn set_param(&mut self, name: &str, value: Value) -> Result<(), HostError> {
        let kind = match &value {
            Value::Bool(_) => "bool",
            Value::String(_) => "string",
            Value::Number(number) if number.is_f64() => "f32",
            Value::Number(_) => "i32",
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(HostError::StateFormat(format!("{value} is no value of a parameter")));
            }
        };
        let tagged = Map::from_iter([(kind.to_owned(), value)]);
        self.section("params")?.insert(name.to_owned(), Value::Object(tagged));
        Ok(())
    }

    /// Forgets a parameter, as a state of an older version would.
    pub fn remove_param(&mut self, name: &str) -> Result<(), HostError> {
        self.section("params")?.remove(name);
        Ok(())
    }

    /// A saved text, by its key.
    pub fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.json.get("fields")?.get(key)?.as_str()?).ok()
    }

    /// Replaces a saved text.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<(), HostError> {
        let quoted = Value::from(text).to_string();
        self.section("fields")?.insert(key.to_owned(), Value::from(quoted));
        Ok(())
    }

    fn section(&mut self, name: &str) -> Result<&mut Map<String, Value>, HostError> {
        let section = self.json.get_mut(name).and_then(Value::as_object_mut);
        section.ok_or_else(|| HostError::StateFormat(format!("it has no {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_quotes_and_backslashes_survives_saving_and_loading() {
        let mut state = SavedState { json: serde_json::json!({ "params": {}, "fields": {} }) };
        state.set_text("file", r#"C:\takes\"one" ünï"#).unwrap();
        let loaded = SavedState::from_bytes(&state.to_bytes()).unwrap();
        assert_eq!(loaded.text("file").unwrap(), r#"C:\takes\"one" ünï"#);
        assert_eq!(loaded, state);
    }

    #[test]
    fn a_parameter_is_read_as_it_was_set_and_saved_with_its_type() {
        let mut state = SavedState { json: serde_json::json!({ "params": {}, "fields": {} }) };
        for value in [Value::from("pcm16"), Value::from(true), Value::from(12), Value::from(0.5)] {
            state.set_param("codec", value.clone()).unwrap();
            assert_eq!(state.param("codec"), Some(&value));
        }
        state.set_param("codec", Value::from("pcm16")).unwrap();
        assert_eq!(state.json["params"]["codec"], serde_json::json!({ "string": "pcm16" }));
    }

    #[test]
    fn a_state_that_is_cut_short_is_refused() {
        let bytes = SavedState { json: serde_json::json!({ "params": {} }) }.to_bytes();
        for length in 0..bytes.len() {
            assert!(SavedState::from_bytes(&bytes[..length]).is_err());
        }
    }
}
