//! Sets parameters and texts by what a person writes on the command line.

use anyhow::{Context, Result, bail};
use headless_host::{Instance, ParamId, SavedState};
use serde_json::Value;

/// Sets the parameter or text `name` to what `text` says: a menu's id, its label or its place in the menu; on or off;
/// a number.
pub fn set(instance: &mut Instance, name: &str, text: &str) -> Result<()> {
    let state = SavedState::from_bytes(&instance.save_state()?)?;
    if state.text(name).is_some() {
        return Ok(instance.set_text(name, text)?);
    }
    let Some(present) = state.param(name) else {
        bail!("the plugin has no `{name}`; it has {}", state.names().join(", "));
    };
    let value = match present {
        Value::Bool(_) => switch(name, text)?.into(),
        Value::String(_) => menu_entry(instance, name, text)?.into(),
        Value::Number(present) if present.is_f64() => fraction(instance, name, text)?,
        _ => number(instance, name, text)?,
    };
    Ok(instance.edit_state(|state| state.set_param(name, value))?)
}

fn switch(name: &str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => bail!("`{name}` is on or off, not `{text}`"),
    }
}

/// The id of a menu's entry.
fn menu_entry(instance: &mut Instance, name: &str, text: &str) -> Result<String> {
    let entries = menu(instance, name)?;
    let is_meant = |&(place, (id, label)): &(usize, &(String, String))| {
        id == text || label.eq_ignore_ascii_case(text) || place.to_string() == text
    };
    match entries.iter().enumerate().find(is_meant) {
        Some((_, (id, _))) => Ok(id.clone()),
        None => {
            let entries: Vec<_> = entries.iter().map(|(id, label)| format!("{id} ({label})")).collect();
            bail!("`{name}` cannot be `{text}`; it can be {}", entries.join(", "))
        }
    }
}

/// The ids and labels of a menu, in order. CLAP knows the labels only; the plugin tells an id when it saves its state
/// with that entry chosen.
fn menu(instance: &mut Instance, name: &str) -> Result<Vec<(String, String)>> {
    let (_, last) = range(instance, name)?;
    let mut entries = Vec::new();
    for place in 0..=last {
        instance.edit_state(|state| state.set_param(name, place.into()))?;
        let state = SavedState::from_bytes(&instance.save_state()?)?;
        let id = state.param(name).and_then(Value::as_str).context("the plugin lost a menu")?.to_owned();
        let label = instance.value_to_text(ParamId::named(name), place as f64)?;
        entries.push((id, label.unwrap_or_default()));
    }
    Ok(entries)
}

fn number(instance: &mut Instance, name: &str, text: &str) -> Result<Value> {
    let (first, last) = range(instance, name)?;
    match text.parse::<i64>() {
        Ok(number) if (first..=last).contains(&number) => Ok(number.into()),
        _ => bail!("`{name}` is a whole number from {first} to {last}, not `{text}`"),
    }
}

/// A number that need not be a whole one. CLAP knows nothing of its range; the plugin takes what lies beyond for the default.
fn fraction(instance: &mut Instance, name: &str, text: &str) -> Result<Value> {
    let [first, last] = [0.0, 1.0].map(|end| instance.value_to_text(ParamId::named(name), end));
    let range = || Some((plain(&first.ok()??)?, plain(&last.ok()??)?));
    let (first, last) = range().context("the plugin lost a parameter")?;
    match text.parse::<f64>() {
        Ok(number) if (first..=last).contains(&number) => Ok(number.into()),
        _ => bail!("`{name}` is a number from {first} to {last}, not `{text}`"),
    }
}

/// The number before the unit.
fn plain(text: &str) -> Option<f64> {
    text.split(' ').next()?.parse().ok()
}

fn range(instance: &mut Instance, name: &str) -> Result<(i64, i64)> {
    let param = ParamId::named(name);
    let info = instance.params()?.into_iter().find(|info| info.id == param).context("the plugin lost a parameter")?;
    Ok((info.min as i64, info.max as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headless_host::Plugin;

    /// The saved value of `name` after it was set to `text`.
    fn saved(name: &str, text: &str) -> Result<Value> {
        let mut instance = Plugin::from_entry(&audio_file_out::clap_entry)?.instance()?;
        set(&mut instance, name, text)?;
        let state = SavedState::from_bytes(&instance.save_state()?)?;
        Ok(state.param(name).cloned().or_else(|| state.text(name).map(Value::from)).unwrap())
    }

    #[test]
    fn a_menu_takes_an_id_a_label_and_a_place() {
        for text in ["pcm32", "32-bit PCM", "32-BIT pcm", "2"] {
            assert_eq!(saved("codec", text).unwrap(), "pcm32");
        }
        assert_eq!(saved("bitrate", "v0").unwrap(), "v0");
        assert_eq!(saved("bitrate", "96 kb/s").unwrap(), "b96");
    }

    #[test]
    fn switches_numbers_and_texts_take_what_a_person_would_write() {
        assert_eq!(saved("uniquesuff", "off").unwrap(), false);
        assert_eq!(saved("record", "1").unwrap(), true);
        assert_eq!(saved("n", "9999").unwrap(), 9999);
        assert_eq!(saved("exportmethod", "datname").unwrap(), "datname");
        assert_eq!(saved("preroll", "0.5").unwrap(), 0.5);
        assert_eq!(saved("threshold", "-12").unwrap(), -12.0);
        assert_eq!(saved("exporttable", "chan1\t/left\nlost\t/lost").unwrap(), "chan1\t/left\nlost\t/lost");
        assert_eq!(saved("autoexportroot", "/mix").unwrap(), "/mix");
        assert_eq!(saved("exporttarget", "10.0.0.5:9000").unwrap(), "10.0.0.5:9000");
        assert_eq!(saved("file", r#"C:\my "takes"\{date}"#).unwrap(), r#"C:\my "takes"\{date}"#);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        let complaint = |name, text| saved(name, text).unwrap_err().to_string();
        assert!(complaint("codec", "pcm8").contains("pcm16 (16-bit PCM)"));
        assert!(complaint("n", "10000").contains("from 0 to 9999"));
        assert!(complaint("n", "-1").contains("from 0 to 9999"));
        assert!(complaint("preroll", "300.5").contains("from 0 to 300"));
        assert!(complaint("threshold", "-60.5").contains("from -60 to 0"));
        assert!(complaint("pause", "maybe").contains("on or off"));
        assert!(complaint("volume", "1").contains("uniquesuff"));
    }
}
