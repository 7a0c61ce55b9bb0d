//! The state in a project file is damaged or was made by an enemy. In a child process, see [`child`]: nobody else is to
//! be hurt.

use crate::common::{files_in, plugin, record, sound};
use crate::recorder::TYPES;
use headless_host::{Instance, Render, SavedState, Setup};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The child's orders: how many states, and a folder of its own.
const ORDERS: &str = "AUDIO_FILE_OUT_TEST_STATES";

/// Every so many states are recorded with.
const RECORDED: usize = 50;

/// Texts that nobody means well with. None leads out of the folder but those that say so.
const TEXTS: [&str; 28] = [
    "",
    " ",
    ".",
    "..",
    "../../outside",
    "a/../../../outside",
    "/",
    "//",
    "~",
    "~/",
    "~root/take",
    "take\0.wav",
    "take\n\r\t\u{1b}[2J",
    "CON",
    "{track}{track}{track}",
    "{suffix}{suffix}/{suffix}",
    "{",
    "{}",
    "{nothing}",
    "take.exe",
    "take.wav.exe",
    ".wav",
    "...",
    "a\\b\\c",
    "\u{202e}vaw.ekat",
    "e\u{301}\u{1f3b5}",
    "[[[[[",
    "^^^ [z-a] * ? [",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// A value that a reader who wants this kind may take.
    fn of_the_same_kind(&mut self, value: &Value) -> Value {
        match value {
            Value::Bool(value) => Value::from(!value),
            Value::Number(_) => {
                let bits = self.below(40);
                Value::from(self.below(1 << bits) as i64 - self.below(20) as i64)
            }
            // Fields hold JSON as a text.
            Value::String(text) if text.starts_with('"') => {
                let mut text = String::new();
                for _ in 0..=self.below(3) {
                    text += TEXTS[self.below(TEXTS.len())];
                }
                Value::from(Value::from(text).to_string())
            }
            Value::String(_) => {
                let ids = [
                    "wav", "mp3", "ogg", "aiff", "flac", "opus", "pcm16", "float32", "v0", "b320", "r44100", "r192000",
                    "max",
                ];
                Value::from(ids[self.below(ids.len())])
            }
            Value::Null | Value::Array(_) | Value::Object(_) => self.value(),
        }
    }

    fn value(&mut self) -> Value {
        let text = TEXTS[self.below(TEXTS.len())];
        match self.below(14) {
            0 => Value::Null,
            1 => Value::from(self.below(2) == 0),
            2 => Value::from(-1),
            3 => Value::from(i64::MAX),
            4 => Value::from(u64::MAX),
            5 => Value::from(f64::MAX),
            6 => Value::from(-0.0),
            7 => Value::Array(vec![Value::Null; self.below(5)]),
            8 => serde_json::json!({ text: text }),
            // Fields hold JSON as a text.
            9..12 => Value::from(Value::from(text).to_string()),
            12 => Value::from(Value::from(text.repeat(1 + self.below(400))).to_string()),
            _ => Value::from(text),
        }
    }
}

/// Changes one place of a tree; deeper ones are as likely as others.
fn mutate_tree(node: &mut Value, random: &mut Random) {
    let children = match node {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    };
    if children == 0 && random.below(4) > 0 {
        *node = random.of_the_same_kind(node);
        return;
    }
    if children == 0 || random.below(40) == 0 {
        *node = random.value();
        return;
    }
    let chosen = random.below(children);
    match node {
        Value::Object(map) => {
            let key = map.keys().nth(chosen).unwrap().clone();
            match random.below(16) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(TEXTS[random.below(TEXTS.len())].to_owned(), random.value())),
                _ => mutate_tree(&mut map[&key], random),
            }
        }
        Value::Array(list) => mutate_tree(&mut list[chosen], random),
        _ => {}
    }
}

/// Another state: in some cases with some bytes changed, in most still one that is JSON.
fn mutate(original: &[u8], random: &mut Random) -> Vec<u8> {
    let (_, json) = original.split_first_chunk::<8>().unwrap();
    let mut json = json.to_vec();
    if random.below(4) > 0 {
        let mut tree: Value = serde_json::from_slice(&json).unwrap();
        for _ in 0..=random.below(3) {
            mutate_tree(&mut tree, random);
        }
        json = tree.to_string().into_bytes();
    } else {
        for _ in 0..=random.below(4) {
            let at = random.below(json.len());
            match random.below(4) {
                0 => json[at] = random.below(256) as u8,
                1 => json[at] ^= 1 << random.below(8),
                2 => drop(json.splice(at..(at + random.below(20)).min(json.len()), [])),
                _ => {
                    let from = random.below(json.len());
                    let piece = json[from..(from + 30).min(json.len())].to_vec();
                    drop(json.splice(at..at, piece));
                }
            }
        }
    }
    let length = if random.below(20) == 0 { random.below(1 << 40) as u64 } else { json.len() as u64 };
    [&length.to_le_bytes()[..], &json].concat()
}

/// Records a little with the state as it is.
fn record_a_little(instance: &mut Instance) {
    let mut processor = instance.activate(Setup::new(48_000.0, 512)).unwrap();
    let changes = [record(10, true), record(300, false)];
    let played = Render::new(&sound(2), 0..310).changes(&changes).play(&mut processor).unwrap();
    assert!(played.output_equals_input());
    instance.deactivate(processor);
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut files): (Vec<_>, Vec<_>) = files_in(folder).into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files
}

#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let (count, folder) = orders.split_once(' ').expect("two orders");
    let folder = Path::new(folder);
    faulty_disk::fence(folder);
    let mut instance = plugin().instance().unwrap();
    let original = instance.save_state().unwrap();
    let mut random = Random(1);
    let (mut loaded, mut recorded) = (0, 0);
    for number in 0..count.parse().unwrap() {
        loaded += usize::from(instance.load_state(&mutate(&original, &mut random)).is_ok());
        if number % RECORDED != 0 {
            continue;
        }
        record_a_little(&mut instance);
        let file = SavedState::from_bytes(&instance.save_state().unwrap()).unwrap().text("file").unwrap();
        let leads_out = file.trim_start().starts_with('/') || file.contains("..");
        let trespasses = faulty_disk::trespasses();
        assert!(trespasses.is_empty() || leads_out, "File is {file:?}, and {trespasses:?} was to be changed");
        for path in files_below(folder) {
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let is_ours = TYPES.iter().any(|file_type| file_type.extension == extension);
            assert!(is_ours, "File is {file:?}, and {} was made", path.display());
            recorded += 1;
            fs::remove_file(path).unwrap();
        }
    }
    instance.load_state(&original).unwrap();
    record_a_little(&mut instance);
    let files = files_below(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(crate::common::decode(&files[0]).frames(), 290);
    println!("loaded {loaded} recorded {recorded}");
}

fn run(states: usize) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["project::child", "--exact", "--ignored", "--nocapture"])
        .env(ORDERS, format!("{states} {}", folder.path().display()))
        .env("HOME", folder.path().join("home"))
        .env("AUDIO_FILE_OUT_DIR", folder.path().join("takes"))
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let figure = |name: &str| -> usize {
        text.split_once(name).and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok()).unwrap()
    };
    assert!(figure("loaded ") > states / 4, "hardly any state was one: {text}");
    assert!(figure("recorded ") > states / RECORDED / 4, "hardly anything was recorded: {text}");
}

#[test]
fn twenty_thousand_damaged_project_files() {
    run(20_000);
}

#[test]
#[ignore = "long"]
fn a_hundred_thousand_damaged_project_files() {
    run(100_000);
}
