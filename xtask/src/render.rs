//! `cargo xtask render`: plays a WAV file through the plugin in the project's own CLAP host.

pub mod gate;
mod options;
pub mod session;
mod settings;

use crate::bundle;
use crate::recording::{Recording, Snapshot, Watched};
use crate::sound::Sound;
use crate::workspace::Workspace;
use anyhow::{Result, bail, ensure};
use gate::Gate;
use headless_host::{Change, ParamId};
use options::{HELP, Options};
use serde_json::{Value, json};
use session::{Outcome, Session};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Renders as `args` say and reports; fails when the sound did not pass to the bit, or was not recorded.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let Some(options) = Options::parse(args)? else {
        print!("{HELP}");
        return Ok(());
    };
    let sound = Sound::read(&options.input)?;
    let record = match options.record.as_slice() {
        [] => Gate::always(sound.frames()),
        spans => Gate::new(spans, sound.frames(), sound.rate)?,
    };
    let pause = Gate::new(&options.pause, sound.frames(), sound.rate)?;
    let transport = match options.transport.as_slice() {
        [] => None,
        spans => Some(Gate::new(spans, sound.frames(), sound.rate)?),
    };
    let mut changes = automation(&record, &pause);
    for time in &options.capture {
        changes.extend(press_of_capture(time.frame(sound.rate), sound.frames())?);
    }
    let out_folder = options.out_folder.clone().unwrap_or_else(|| workspace.target.join("render"));
    let out_folder = set_out_folder(&out_folder)?;
    bundle::run(workspace, Vec::new())?;

    let watched = watched(out_folder, &options.settings);
    let before = Snapshot::of(&watched);
    let session = Session {
        sound: &sound,
        settings: &options.settings,
        changes: &changes,
        transport: transport.as_ref(),
        blocks: options.blocks.clone(),
        realtime: options.realtime,
        instances: options.instances,
        progress: !options.json,
    };
    let outcome = session.run(&workspace.clap())?;
    let files = Snapshot::of(&watched).since(&before).into_iter().map(Recording::examine).collect();
    let recorded_frames = record.without(&pause).iter().map(|range| range.len()).sum();
    Report { options: &options, sound: &sound, recorded_frames, outcome, files }.give()
}

/// The automation of Record and Pause.
pub fn automation(record: &Gate, pause: &Gate) -> Vec<Change> {
    let mut changes = record.changes(ParamId::named("record"));
    changes.extend(pause.changes(ParamId::named("pause")));
    changes
}

/// Capture is pressed at `frame` of a sound of so many `frames`, and let go with the next one.
fn press_of_capture(frame: usize, frames: usize) -> Result<Vec<Change>> {
    ensure!((1..frames).contains(&frame), "Capture has to be pressed within the input, behind its first sample");
    let press = [(frame, 1.0), (frame + 1, 0.0)].map(|(at, value)| Change::new(at, ParamId::named("capture"), value));
    Ok(press.into_iter().filter(|change| change.frame < frames).collect())
}

/// Makes the plugin put files without a folder of their own into `folder`, and returns it in full.
///
/// Only before the plugin is loaded: no other thread may run.
pub fn set_out_folder(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    // SAFETY: this program has no other thread before it plays.
    unsafe { std::env::set_var("AUDIO_FILE_OUT_DIR", &folder) };
    Ok(folder)
}

/// The folders where files can appear: the out folder with all below it, and where an absolute `file` leads.
fn watched(out_folder: PathBuf, settings: &[(String, String)]) -> Vec<Watched> {
    let mut watched = vec![Watched { folder: out_folder, depth: usize::MAX }];
    if let Some((_, file)) = settings.iter().rfind(|(name, _)| name == "file") {
        let home = std::env::home_dir().unwrap_or_default();
        let path = match file.strip_prefix('~') {
            Some(rest) => home.join(rest.trim_start_matches(['/', '\\'])),
            None => PathBuf::from(file),
        };
        if path.is_absolute() {
            watched.push(constant_part(&path));
        }
    }
    watched
}

/// The folders of `path` up to the first token.
fn constant_part(path: &Path) -> Watched {
    let folders = path.parent().unwrap_or(path);
    let has_token = |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains('{');
    let folder: PathBuf = folders.components().take_while(|part| !has_token(part)).collect();
    let depth = folders.components().count() - folder.components().count();
    Watched { folder, depth }
}

/// What came of a render.
struct Report<'a> {
    options: &'a Options,
    sound: &'a Sound,
    /// Frames during which record was on and pause was off.
    recorded_frames: usize,
    outcome: Outcome,
    files: Vec<Recording>,
}

impl Report<'_> {
    /// Prints the report and fails if something is wrong.
    fn give(&self) -> Result<()> {
        if self.options.json {
            println!("{:#}", self.to_json());
        } else {
            self.print();
        }
        if let Some(frame) = self.first_difference() {
            bail!("the output differs from the input, first at sample {frame}");
        }
        let starts_by_itself = self.options.settings.iter().any(|(name, value)| name == "start" && value != "now");
        if self.files.is_empty() && self.recorded_frames > 0 && !starts_by_itself {
            bail!("record was on, but no file appeared; run it with NICE_LOG=stderr to see the plugin's log");
        }
        match self.files.iter().find(|file| file.content.is_err()) {
            Some(file) => bail!("{} cannot be played", file.path.display()),
            None => Ok(()),
        }
    }

    fn first_difference(&self) -> Option<usize> {
        self.outcome.played.iter().filter_map(|played| played.first_difference).min()
    }

    /// How many times as fast as the sound itself, all instances together.
    fn speed(&self) -> f64 {
        self.sound.seconds(self.sound.frames()) * self.options.instances as f64 / self.outcome.elapsed.as_secs_f64()
    }

    fn to_json(&self) -> Value {
        json!({
            "input": self.options.input.to_string_lossy(),
            "channels": self.sound.channels.len(),
            "rate": self.sound.rate,
            "frames": self.sound.frames(),
            "recorded_frames": self.recorded_frames,
            "instances": self.options.instances,
            "seconds_taken": self.outcome.elapsed.as_secs_f64(),
            "speed": self.speed(),
            "output_equals_input": self.first_difference().is_none(),
            "first_difference": self.first_difference(),
            "files": self.files.iter().map(Recording::to_json).collect::<Vec<_>>(),
        })
    }

    fn print(&self) {
        println!();
        self.files.iter().for_each(Recording::print);
        let frames = self.recorded_frames;
        println!("\nRecord was on for {frames} frames, {:.3} s, pauses left out.", self.sound.seconds(frames));
        match self.first_difference() {
            None => println!("The output equals the input to the bit."),
            Some(frame) => println!("The output differs from the input, first at sample {frame}."),
        }
        let seconds = self.outcome.elapsed.as_secs_f64();
        println!("It took {seconds:.2} s, {:.0} times realtime.", self.speed());
    }
}

/// A folder below `parent` that was not there before: `1`, `2`, …
pub fn fresh_folder(parent: &Path) -> Result<PathBuf> {
    fs::create_dir_all(parent)?;
    for number in 1_u32.. {
        let folder = parent.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("{} is full", parent.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_file_is_watched_from_its_first_token_on() {
        let root = std::path::absolute("/").unwrap();
        let watch = |file: &str| {
            let file = root.join(file).to_string_lossy().into_owned();
            let mut watched = watched("out".into(), &[("file".to_owned(), file)]);
            assert_eq!(watched.len(), 2);
            watched.remove(1)
        };
        assert_eq!(watch("a/b/take{suffix}.wav"), Watched { folder: root.join("a/b"), depth: 0 });
        assert_eq!(watch("a/{date}/b/take.wav"), Watched { folder: root.join("a"), depth: 2 });
    }

    #[test]
    fn a_relative_file_lies_in_the_out_folder() {
        let watched = watched("out".into(), &[("file".to_owned(), "sub/take".to_owned())]);
        assert_eq!(watched, [Watched { folder: "out".into(), depth: usize::MAX }]);
    }
}
