//! What saved projects are made of, and so never changes: ids of parameters, their order, the entries of menus and their order. VST3
//! stores automation as a fraction of a menu's length, so not even a new entry at the end would leave it alone.

mod common;

use common::plugin;
use headless_host::{Instance, ParamId, ParamInfo, SavedState};
use serde_json::Value;

/// The parameters of 1.0, in their order.
const PARAMETERS: &str = include_str!("frozen/parameters.txt");

/// A state that 1.0 saved, without its length: nothing in it has its default.
const STATE: &str = include_str!("frozen/state.json");

fn saved(instance: &mut Instance) -> SavedState {
    SavedState::from_bytes(&instance.save_state().unwrap()).unwrap()
}

/// The ids of a menu's entries with their labels.
fn entries(instance: &mut Instance, id: &str, last: usize) -> String {
    let entry = |index: usize| {
        instance.edit_state(|state| state.set_param(id, index.into())).unwrap();
        let entry = saved(instance).param(id).and_then(Value::as_str).map(str::to_owned)?;
        Some(format!("{entry} = {}", instance.value_to_text(ParamId::named(id), index as f64).unwrap()?))
    };
    (0..=last).map_while(entry).collect::<Vec<_>>().join(", ")
}

/// A line for each parameter: its id, its label, and the values that it has.
fn line(instance: &mut Instance, ids: &[String], info: &ParamInfo) -> String {
    let id = ids.iter().find(|id| ParamId::named(id) == info.id).expect("a parameter that is saved under its id");
    let values = match saved(instance).param(id).unwrap() {
        Value::Bool(_) => "switch".to_owned(),
        Value::String(_) => entries(instance, id, info.max as usize),
        Value::Number(_) if info.stepped => format!("{} to {}", info.min, info.max),
        _ => {
            let mut text = |value: f64| instance.value_to_text(info.id, value).unwrap().unwrap();
            format!("{} to {}", text(info.min), text(info.max))
        }
    };
    format!("{id} | {} | {values}\n", info.name)
}

#[test]
fn ids_order_and_entries_are_those_of_one_point_zero() {
    let mut instance = plugin().instance().unwrap();
    let ids = saved(&mut instance).names();
    let now: String = instance.params().unwrap().iter().map(|info| line(&mut instance, &ids, info)).collect();
    assert_eq!(now, PARAMETERS);
}

#[test]
fn a_project_of_one_point_zero_loads_and_keeps_every_value() {
    let mut bytes = (STATE.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(STATE.as_bytes());
    let of_then = SavedState::from_bytes(&bytes).unwrap();
    let mut instance = plugin().instance().unwrap();
    let default = saved(&mut instance);
    instance.load_state(&bytes).unwrap();
    let now = saved(&mut instance);
    for name in of_then.names() {
        assert_eq!((now.param(&name), now.text(&name)), (of_then.param(&name), of_then.text(&name)), "{name}");
        let is_default = (default.param(&name), default.text(&name)) == (of_then.param(&name), of_then.text(&name));
        // The window's size is no text.
        assert!(!is_default || name == "window", "{name} has its default: its loss would not show");
    }
    assert_eq!(now.names(), of_then.names());
}
