//! Many instances at once, as a DAW drives them: a few audio threads, each with its share, paced by the clock.

use super::{Bench, files, sound, usage};
use crate::recording::decode;
use crate::render::session::set_all;
use anyhow::{Context, Result, bail, ensure};
use headless_host::{Change, Instance, ParamId, Plugin, Processor, Setup};
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// Frames per second.
const RATE: usize = 48_000;

/// Frames of a block.
const BLOCK: usize = 128;

/// How long the instances idle before they record.
const IDLE_SECONDS: usize = 2;

/// File types with their codec or bit rate.
const KINDS: [(&str, (&str, &str)); 2] = [("wav", ("codec", "pcm24")), ("mp3", ("bitrate", "b192"))];

/// The kind of those that record nothing.
const KEEP: &str = "keep";

/// How many of those, and for how long: the history is full after a minute.
const KEEPING_INSTANCES: [usize; 3] = [1, 64, 256];
const KEEPING_SECONDS: usize = 75;

const INSTANCES: [usize; 6] = [1, 16, 64, 128, 256, 512];

/// So many samples in a row that are nearly 0 are silence in place of lost sound: the sound itself never rests.
const SILENCE: usize = 100;
const NEARLY_ZERO: f64 = 1e-4;

/// The instances keep up if closing the files takes less than this part of the time that they recorded.
const BACKLOG: f64 = 0.1;

/// Lets more and more instances record, until they no longer keep up.
pub fn measure(seconds: usize) -> Result<String> {
    let mut text = format!(
        "## Many instances at once\n\nStereo, 48 kHz, blocks of {BLOCK} frames, paced by the clock, {seconds} s, as many \
         audio threads as cores. Keep is 0 s, so that the history does not count. Load: the part of one core that everything \
         takes, the host's threads included. They keep up if most blocks come in time, no frame is lost and the files are closed within a tenth of the time recorded. \
         Aim: 256 on two cores, below 2 MB for an idle instance.\n\n\
         | file | instances | idle load | idle memory each | load | memory each | blocks late | frames lost | files closed after | keeps up |\n\
         |---|---|---|---|---|---|---|---|---|---|\n"
    );
    for (file_type, _) in KINDS {
        for count in INSTANCES {
            let row = row_of(&format!("{file_type}:{count}:keep=0"), seconds)?;
            text += &row;
            if row.trim_end().ends_with("no |") {
                break;
            }
        }
    }
    text += &format!(
        "\n## Many instances that only keep\n\nThe same, with the settings that a new instance has, for {KEEPING_SECONDS} s and \
         without a take: 60 s of what passes are kept for Capture. 512 MiB of memory are shared by all. Aim: 64 take no more \
         than 5 % of a core.\n\n\
         | | instances | load | memory each | blocks late |\n|---|---|---|---|---|\n"
    );
    for count in KEEPING_INSTANCES {
        text += &row_of(&format!("{KEEP}:{count}"), KEEPING_SECONDS)?;
    }
    Ok(text)
}

/// Measures so many in a process of its own: what others left in memory would hide what these take.
fn row_of(one: &str, seconds: usize) -> Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "--one", one, "--seconds", &seconds.to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{one} failed");
    let row = String::from_utf8(output.stdout)?;
    print!("{row}");
    Ok(row)
}

/// Some instances that record the same type of file, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One {
    records: bool,
    settings: Vec<(String, String)>,
    count: usize,
}

impl FromStr for One {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split(':');
        let (Some(file_type), Some(count)) = (parts.next(), parts.next()) else {
            bail!("`{text}` is not like wav:64");
        };
        let own = |text: &str| text.to_owned();
        let mut settings = Vec::new();
        if file_type != KEEP {
            let kind = KINDS.into_iter().find(|(id, _)| *id == file_type);
            let (_, (id, value)) =
                kind.with_context(|| format!("there is wav, mp3 and keep here, not `{file_type}`"))?;
            settings.extend([(own("filetype"), own(file_type)), (own(id), own(value))]);
        }
        for part in parts {
            let (id, value) = part.split_once('=').with_context(|| format!("`{part}` is not like loudness=off"))?;
            settings.push((own(id), own(value)));
        }
        Ok(Self { records: file_type != KEEP, settings, count: count.parse()? })
    }
}

impl One {
    /// Measures and prints one row of the table.
    pub fn print(&self, bench: &Bench, seconds: usize) -> Result<()> {
        let (kind, more) = self.settings.split_at(self.settings.len().min(2));
        let kind = kind.iter().map(|(_, value)| value.clone());
        let more = more.iter().map(|(id, value)| format!("{id}={value}"));
        let name = kind.chain(more).collect::<Vec<_>>().join(" ");
        let mut host = Host::start(bench, &self.settings, self.count)?;
        if self.records {
            println!("{}", host.record(bench, seconds)?.row(&name, self.count, seconds));
        } else {
            let (late_blocks, share) = host.play(seconds, false)?;
            println!("{}", keeping_row(&name, self.count, &share, late_blocks, seconds));
            host.stop();
        }
        Ok(())
    }
}

/// What came of so many instances.
struct Outcome {
    idle: Share,
    recording: Share,
    late_blocks: usize,
    lost_frames: u64,
    closed_after: Duration,
}

/// What was used: processor time of the time that passed, and bytes for each instance.
#[derive(Default)]
struct Share {
    load: Option<f64>,
    memory: Option<f64>,
}

impl Share {
    fn percent(&self, digits: usize) -> String {
        self.load.map_or("–".to_owned(), |load| format!("{:.digits$} %", load * 100.0))
    }

    fn megabytes(&self) -> String {
        self.memory.map_or("–".to_owned(), |bytes| format!("{:.2} MB", bytes / 1e6))
    }
}

impl Outcome {
    fn keeps_up(&self, seconds: usize) -> bool {
        let in_time = 2 * self.late_blocks < seconds * RATE / BLOCK;
        in_time && self.lost_frames == 0 && self.closed_after.as_secs_f64() < BACKLOG * seconds as f64
    }

    fn row(&self, name: &str, count: usize, seconds: usize) -> String {
        format!(
            "| {name} | {count} | {} | {} | {} | {} | {:.2} % | {} | {:.2} s | {} |",
            self.idle.percent(0),
            self.idle.megabytes(),
            self.recording.percent(0),
            self.recording.megabytes(),
            self.late_blocks as f64 / (seconds * RATE / BLOCK) as f64 * 100.0,
            self.lost_frames,
            self.closed_after.as_secs_f64(),
            if self.keeps_up(seconds) { "yes" } else { "no" },
        )
    }
}

/// Instances that play, and what is used for them.
struct Host {
    // Dropped first: they belong to the plugin.
    instances: Vec<Instance>,
    processors: Vec<Processor>,
    plugin: Plugin,
    sound: Vec<Vec<f32>>,
    memory_before: Option<u64>,
}

impl Host {
    fn start(bench: &Bench, settings: &[(String, String)], count: usize) -> Result<Self> {
        let plugin = Plugin::from_bundle(&bench.plugin)?;
        // What the first instance loads once, the others do not pay for.
        drop(plugin.instance()?);
        let sound = sound(1).channels;
        let memory_before = usage::memory();
        let mut host = Self { instances: Vec::new(), processors: Vec::new(), plugin, sound, memory_before };
        for _ in 0..count {
            let mut instance = host.plugin.instance()?;
            set_all(&mut instance, settings)?;
            host.processors.push(instance.activate(Setup::new(RATE as f64, BLOCK as u32))?);
            host.instances.push(instance);
        }
        Ok(host)
    }

    /// Plays, and says how many blocks came late and what was used.
    fn play(&mut self, seconds: usize, record: bool) -> Result<(usize, Share)> {
        let (late_blocks, load) = play(&mut self.processors, &self.sound, seconds, record)?;
        Ok((late_blocks, Share { load, memory: grown(self.memory_before, self.processors.len()) }))
    }

    fn record(&mut self, bench: &Bench, seconds: usize) -> Result<Outcome> {
        let (_, idle) = self.play(IDLE_SECONDS, false)?;
        let (late_blocks, recording) = self.play(seconds, true)?;
        let count = self.instances.len();
        let start = Instant::now();
        self.stop();
        let closed_after = start.elapsed();
        self.instances.clear();
        let lost_frames = lost_frames(&bench.folder, count, seconds)?;
        Ok(Outcome { idle, recording, late_blocks, lost_frames, closed_after })
    }

    fn stop(&mut self) {
        for (instance, processor) in self.instances.iter_mut().zip(self.processors.drain(..)) {
            instance.deactivate(processor);
        }
    }
}

fn keeping_row(name: &str, count: usize, share: &Share, late_blocks: usize, seconds: usize) -> String {
    let late = late_blocks as f64 / (seconds * RATE / BLOCK) as f64 * 100.0;
    format!("| {name} | {count} | {} | {} | {late:.2} % |", share.percent(1), share.megabytes())
}

fn grown(before: Option<u64>, count: usize) -> Option<f64> {
    Some(usage::memory()?.saturating_sub(before?) as f64 / count as f64)
}

/// Plays the sound to all, over and over, and counts the blocks that came more than a block late. Also gives the load.
fn play(
    processors: &mut [Processor],
    sound: &[Vec<f32>],
    seconds: usize,
    record: bool,
) -> Result<(usize, Option<f64>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = processors.len().div_ceil(threads);
    let (start, spent) = (Instant::now(), usage::processor_time());
    let late = thread::scope(|scope| {
        let shares: Vec<_> = processors.chunks_mut(share).collect();
        let threads: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(move || play_share(share, sound, seconds, record))).collect();
        let late = threads.into_iter().map(|thread| thread.join().ok().context("a thread of the host panicked")?);
        late.collect::<Result<Vec<usize>>>()
    })?;
    let load = spent.zip(usage::processor_time()).map(|(before, after)| (after - before).as_secs_f64());
    Ok((late.into_iter().max().unwrap_or(0), load.map(|load| load / start.elapsed().as_secs_f64())))
}

fn play_share(processors: &mut [Processor], sound: &[Vec<f32>], seconds: usize, record: bool) -> Result<usize> {
    let block = Duration::from_secs_f64(BLOCK as f64 / RATE as f64);
    let switch = [Change::new(0, ParamId::named("record"), 1.0)];
    let mut output = vec![vec![0.0; BLOCK]; sound.len()];
    let mut late = 0;
    let start = Instant::now();
    for number in 0..seconds * RATE / BLOCK {
        let due = Duration::from_secs_f64((number * BLOCK) as f64 / RATE as f64);
        thread::sleep(due.saturating_sub(start.elapsed()));
        late += usize::from(start.elapsed() > due + block);
        let first = number * BLOCK % RATE;
        let input: Vec<&[f32]> = sound.iter().map(|channel| &channel[first..first + BLOCK]).collect();
        let changes = if record && number == 0 { switch.as_slice() } else { &[] };
        for processor in processors.iter_mut() {
            processor.process(&input, &mut output, changes)?;
        }
    }
    Ok(late)
}

/// Frames that are missing or silent in the files of all instances.
fn lost_frames(folder: &Path, count: usize, seconds: usize) -> Result<u64> {
    let expected = (count * seconds * RATE) as u64;
    let (mut kept, mut silent) = (0, 0);
    for file in files(folder)? {
        let mut run = 0;
        decode(&file, |_, planar| {
            kept += planar[0].len() as u64;
            for sample in &planar[0] {
                run = if sample.abs() < NEARLY_ZERO { run + 1 } else { 0 };
                silent += match run {
                    ..SILENCE => 0,
                    SILENCE => SILENCE as u64,
                    _ => 1,
                };
            }
        })?;
    }
    Ok(expected.abs_diff(kept) + silent)
}
