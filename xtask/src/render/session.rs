//! Plays a sound through instances of the plugin, each on a thread of its own.

use super::gate::Gate;
use super::settings;
use crate::sound::Sound;
use anyhow::{Context, Result};
use headless_host::{Blocks, Change, Instance, Played, Plugin, Processor, Render, Setup, Transport};
use indicatif::{ProgressBar, ProgressStyle};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Beats per minute of every song here.
const TEMPO: f64 = 120.0;

/// What is to be played, and how.
pub struct Session<'a> {
    pub sound: &'a Sound,
    /// Ids and values of parameters and texts, set before anything is played.
    pub settings: &'a [(String, String)],
    pub changes: &'a [Change],
    /// When the host's transport runs, at the input's own time, and its record with it. Without one the host tells nothing
    /// of a transport.
    pub transport: Option<&'a Gate>,
    pub blocks: Blocks,
    /// Wait for the clock instead of playing at full speed.
    pub realtime: bool,
    pub instances: usize,
    /// Draw a progress bar when it takes longer than a second.
    pub progress: bool,
}

/// What came of it.
pub struct Outcome {
    /// One for each instance.
    pub played: Vec<Played>,
    /// From the first block until the plugin was closed again.
    pub elapsed: Duration,
}

impl Session<'_> {
    /// Loads the plugin, plays, unloads it: its files are complete then.
    pub fn run(&self, plugin: &Path) -> Result<Outcome> {
        let plugin = Plugin::from_bundle(plugin)?;
        let mut instances = Vec::new();
        let mut processors = Vec::new();
        for _ in 0..self.instances {
            let (instance, processor) = self.instance(&plugin)?;
            instances.push(instance);
            processors.push(processor);
        }
        let start = Instant::now();
        let results = self.play(&mut processors);
        for (instance, processor) in instances.iter_mut().zip(processors) {
            instance.run_callbacks();
            instance.deactivate(processor);
        }
        drop(instances);
        Ok(Outcome { played: results?, elapsed: start.elapsed() })
    }

    fn instance(&self, plugin: &Plugin) -> Result<(Instance, Processor)> {
        let mut instance = plugin.instance()?;
        instance.select_layout(self.sound.channels.len() as u32)?;
        set_all(&mut instance, self.settings)?;
        let setup = Setup::new(f64::from(self.sound.rate), self.blocks.max() as u32);
        let processor = instance.activate(setup)?;
        Ok((instance, processor))
    }

    fn play(&self, processors: &mut [Processor]) -> Result<Vec<Played>> {
        let (done, total) = (AtomicUsize::new(0), self.sound.frames() * processors.len());
        thread::scope(|scope| {
            let threads: Vec<_> =
                processors.iter_mut().map(|processor| scope.spawn(|| self.play_one(processor, &done))).collect();
            let mut progress = Progress::new(total, self.progress);
            while threads.iter().any(|thread| !thread.is_finished()) {
                thread::sleep(Duration::from_millis(2));
                progress.show(done.load(Ordering::Relaxed));
            }
            threads.into_iter().map(|thread| thread.join().ok().context("a thread of the host panicked")?).collect()
        })
    }

    /// Plays the sound; blocks begin anew where the transport starts or stops.
    fn play_one(&self, processor: &mut Processor, done: &AtomicUsize) -> Result<Played> {
        let whole = 0..self.sound.frames();
        let Some(transport) = self.transport else { return self.play_stretch(processor, whole, done) };
        let mut played = Played::default();
        for (stretch, playing) in transport.stretches() {
            let seconds = self.sound.seconds(stretch.start);
            processor.set_transport(Some(Transport { playing, recording: playing, seconds, tempo: Some(TEMPO) }));
            played = played.and(self.play_stretch(processor, stretch, done)?);
        }
        Ok(played)
    }

    fn play_stretch(&self, processor: &mut Processor, span: Range<usize>, done: &AtomicUsize) -> Result<Played> {
        let mut before = 0;
        let mut progress = |frames| {
            done.fetch_add(frames - before, Ordering::Relaxed);
            before = frames;
        };
        let changes: Vec<_> = self.changes.iter().filter(|change| span.contains(&change.frame)).copied().collect();
        let mut render = Render::new(&self.sound.channels, span)
            .blocks(self.blocks.clone())
            .changes(&changes)
            .progress(&mut progress);
        if self.realtime {
            render = render.realtime();
        }
        Ok(render.play(processor)?)
    }
}

/// Sets parameters and texts, in order.
pub fn set_all(instance: &mut Instance, settings: &[(String, String)]) -> Result<()> {
    settings.iter().try_for_each(|(name, text)| settings::set(instance, name, text))
}

/// A progress bar that shows only when its task takes a while.
struct Progress {
    start: Instant,
    total: usize,
    wanted: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(total: usize, wanted: bool) -> Self {
        Self { start: Instant::now(), total, wanted, bar: None }
    }

    fn show(&mut self, done: usize) {
        if self.wanted && self.start.elapsed() > Duration::from_secs(1) {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %, {eta} left");
                ProgressBar::new(self.total as u64).with_style(style.expect("the template is valid"))
            });
            bar.set_position(done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
