//! `cargo xtask screenshot`: the plugin's real window, in the project's own CLAP host, on an X server without a screen,
//! drawn in software.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;

const HELP: &str = "\
cargo xtask screenshot    records three seconds and saves the window's picture as docs/editor.png;
                          on the page `group` with two more tracks

  --state STATE           idle, recording (default), paused or error
  --page PAGE             of the settings: file (default), start, sound, tags, group or export
  --scale FACTOR          of the desktop, 1 to 2
  --size WIDTHxHEIGHT     of the window, in points
  --channels COUNT        of the track; 2 by default
  --track NAME            of the track, in any script; Drums by default
  --out FILE              instead of docs/editor.png
  --watch SECONDS         no picture: says how much CPU time the window takes while it only lies there
";

/// Set in the process that has a display.
#[cfg(target_os = "linux")]
const INSIDE: &str = "AUDIO_FILE_OUT_SCREENSHOT";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Recording,
    Paused,
    Error,
}

/// The pages of the settings, in the order of their tabs.
const PAGES: [&str; 6] = ["file", "start", "sound", "tags", "group", "export"];

struct Options {
    state: State,
    /// Index into [`PAGES`].
    page: usize,
    scale: f64,
    size: Option<[f64; 2]>,
    channels: u32,
    track: String,
    out: std::path::PathBuf,
    watch_seconds: Option<f64>,
}

/// Builds the plugin and takes its picture.
pub fn run(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let Some(options) = options(workspace, args.clone())? else {
        print!("{HELP}");
        return Ok(());
    };
    take(workspace, &options, &args)
}

fn options(workspace: &Workspace, args: Vec<OsString>) -> Result<Option<Options>> {
    use lexopt::prelude::*;
    let mut options = Options {
        state: State::Recording,
        page: 0,
        scale: 1.0,
        size: None,
        channels: 2,
        track: "Drums".to_owned(),
        out: workspace.root.join("docs").join("editor.png"),
        watch_seconds: None,
    };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("state") => options.state = state(&parser.value()?.string()?)?,
            Long("page") => options.page = page(&parser.value()?.string()?)?,
            Long("scale") => options.scale = parser.value()?.parse()?,
            Long("size") => {
                let text = parser.value()?.string()?;
                let (width, height) = text.split_once('x').context("a size looks like 760x560")?;
                options.size = Some([width.parse()?, height.parse()?]);
            }
            Long("channels") => options.channels = parser.value()?.parse()?,
            Long("track") => options.track = parser.value()?.string()?,
            Long("out") => options.out = parser.value()?.into(),
            Long("watch") => options.watch_seconds = Some(parser.value()?.parse()?),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn state(text: &str) -> Result<State> {
    Ok(match text {
        "idle" => State::Idle,
        "recording" => State::Recording,
        "paused" => State::Paused,
        "error" => State::Error,
        _ => bail!("there is no state `{text}`"),
    })
}

fn page(text: &str) -> Result<usize> {
    PAGES.iter().position(|&page| page == text).with_context(|| format!("there is no page `{text}`"))
}

#[cfg(not(target_os = "linux"))]
fn take(_: &Workspace, _: &Options, _: &[OsString]) -> Result<()> {
    bail!("pictures are taken on Linux, with Xvfb")
}

/// The part that needs a display runs in a process of its own, which ends before its X server does.
#[cfg(target_os = "linux")]
fn take(workspace: &Workspace, options: &Options, args: &[OsString]) -> Result<()> {
    use crate::bundle;
    use anyhow::ensure;
    if std::env::var_os(INSIDE).is_some() {
        return session::run(workspace, options);
    }
    bundle::run(workspace, Vec::new())?;
    let server = headless_host::XServer::start().context("Xvfb is needed for a picture: install the package xvfb")?;
    // A home of its own, so that the picture shows the path that a user sees.
    let home = tempfile::tempdir()?;
    let config = home.path().join(".config");
    std::fs::create_dir_all(&config)?;
    std::fs::write(config.join("user-dirs.dirs"), "XDG_MUSIC_DIR=\"$HOME/Music\"\n")?;
    let status = std::process::Command::new(std::env::current_exe()?)
        .arg("screenshot")
        .args(args)
        .env(INSIDE, "1")
        .env("DISPLAY", &server.display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", config)
        .env_remove("AUDIO_FILE_OUT_DIR")
        .status()?;
    ensure!(status.success(), "the window's host ended with {status}");
    Ok(())
}

#[cfg(target_os = "linux")]
mod session {
    use super::{Options, PAGES, State};
    use crate::render::session::set_all;
    use crate::workspace::Workspace;
    use anyhow::{Context, Result, bail};
    use headless_host::{Change, HostWindow, Instance, ParamId, Picture, Plugin, Processor, Setup};
    use std::f32::consts::TAU;
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// Hz.
    const RATE: usize = 48_000;
    const BLOCK: usize = 512;
    /// Of the window's layout, in points.
    const MARGIN: f64 = 8.0;
    const HEADER_HEIGHT: f64 = 96.0;
    const TAB_WIDTH: f64 = 72.0;
    const TAB_HEIGHT: f64 = 28.0;
    /// The tracks that record with it on the page of the group, and all their colours.
    const OTHERS: [&str; 2] = ["Bass", "Voice"];
    const COLORS: [[u8; 3]; 3] = [[0xd9, 0x5f, 0x43], [0x4a, 0x90, 0xd9], [0x6c, 0xb8, 0x5c]];
    const RECORD: ParamId = ParamId::named("record");
    const PAUSE: ParamId = ParamId::named("pause");

    pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
        let folder = std::path::PathBuf::from(std::env::var_os("HOME").context("no home folder")?);
        let plugin = Plugin::from_bundle(&workspace.clap())?;
        let others: &[&str] = if PAGES[options.page] == "group" { &OTHERS } else { &[] };
        let tracks = [options.track.as_str()].into_iter().chain(others.iter().copied()).zip(COLORS);
        let mut tracks = tracks.map(|(name, color)| track(&plugin, name, color, options, !others.is_empty()));
        let (mut instance, processor) = tracks.next().context("there is no track")??;
        let others: Vec<_> = tracks.collect::<Result<_>>()?;
        let window = HostWindow::open(options.scale)?;
        // The mouse lies in the middle of the screen at first, and so in a large window.
        window.move_to(i16::MAX, i16::MAX)?;
        instance.open_window(&window)?;
        if let Some(size) = options.size {
            instance.resize_window(&window, size.map(|side| (side * options.scale) as u32))?;
        }
        let mut player = Player { instance, processor, others, channels: options.channels as usize, frame: 0 };
        player.choose_page(options, &window)?;
        if let Some(seconds) = options.watch_seconds {
            player.watch(seconds)?;
        } else {
            player.play(options.state, &folder)?;
            save(&window.picture()?, &options.out)?;
            println!("The window's picture: {}", options.out.display());
        }
        let Player { mut instance, processor, others, .. } = player;
        instance.close_window()?;
        instance.deactivate(processor);
        for (mut instance, processor) in others {
            instance.deactivate(processor);
        }
        Ok(())
    }

    /// The plugin on a track of this name and colour, in a group or in none.
    fn track(
        plugin: &Plugin,
        name: &str,
        color: [u8; 3],
        options: &Options,
        is_in_group: bool,
    ) -> Result<(Instance, Processor)> {
        let mut instance = plugin.instance()?;
        instance.set_track_color(color);
        instance.set_track_name(name)?;
        if is_in_group {
            let settings = [("file", "{group}{take} {track}"), ("group", "a")];
            set_all(&mut instance, &settings.map(|(name, value)| (name.to_owned(), value.to_owned())))?;
        } else {
            instance.set_text("file", "{track}{suffix}")?;
        }
        if options.channels != 2 {
            instance.select_layout(options.channels)?;
        }
        let processor = instance.activate(Setup::new(RATE as f64, BLOCK as u32))?;
        Ok((instance, processor))
    }

    /// Where the tabs begin in a window of this height without trouble, below header and waveform; in points.
    fn top_of_tabs(height: f64) -> f64 {
        let waveform = (height * 0.2 - 16.0).clamp(56.0, 240.0);
        MARGIN + HEADER_HEIGHT + MARGIN + waveform + MARGIN
    }

    /// Plays in real time, as a DAW does.
    struct Player {
        instance: Instance,
        processor: Processor,
        others: Vec<(Instance, Processor)>,
        channels: usize,
        frame: usize,
    }

    impl Player {
        /// Clicks the page's tab until it has the colour of the page below it: a window that is not drawn yet hears no click.
        fn choose_page(&mut self, options: &Options, window: &HostWindow) -> Result<()> {
            let [_, height] = self.instance.window_size()?.context("the window has no size")?;
            let pixels = |[x, y]: [f64; 2]| [(x * options.scale) as i16, (y * options.scale) as i16];
            let (left, top) =
                (MARGIN + TAB_WIDTH * options.page as f64, top_of_tabs(f64::from(height) / options.scale));
            let [tab, page] = [8.0, TAB_HEIGHT + 4.0].map(|below| pixels([left + 8.0, top + below]));
            for _ in 0..100 {
                self.instance.run_callbacks();
                std::thread::sleep(Duration::from_millis(100));
                let picture = window.picture()?;
                let color = |[x, y]: [i16; 2]| picture.pixel(x as u32, y as u32);
                if color(tab) == color(page) && color(tab) != color(pixels([1.0, 1.0])) {
                    window.move_to(i16::MAX, i16::MAX)?;
                    return Ok(());
                }
                window.click(tab[0], tab[1])?;
            }
            bail!("the page's tab is not where it should be")
        }

        fn play(&mut self, state: State, folder: &Path) -> Result<()> {
            self.seconds(0.6, &[])?;
            // Two takes that are done, so that the list has something to show.
            for seconds in [0.9, 1.4] {
                self.seconds(seconds, &[(RECORD, 1.0)])?;
                self.seconds(0.3, &[(RECORD, 0.0)])?;
            }
            match state {
                State::Idle => self.seconds(0.5, &[]),
                State::Recording => self.seconds(3.0, &[(RECORD, 1.0)]),
                State::Paused => {
                    self.seconds(2.0, &[(RECORD, 1.0)])?;
                    self.seconds(1.0, &[(PAUSE, 1.0)])
                }
                State::Error => {
                    let file = folder.join("not a folder");
                    fs::write(&file, "")?;
                    self.instance.set_text("file", &file.join("take").to_string_lossy())?;
                    self.seconds(1.0, &[(RECORD, 1.0)])
                }
            }
        }

        /// Plays so many seconds; `changes` come with the first frame.
        fn seconds(&mut self, seconds: f64, changes: &[(ParamId, f64)]) -> Result<()> {
            let start = Instant::now();
            let mut changes: Vec<Change> = changes.iter().map(|&(param, value)| Change::new(0, param, value)).collect();
            let blocks = (seconds * RATE as f64) as usize / BLOCK;
            for block in 0..blocks {
                let input: Vec<Vec<f32>> = (0..self.channels).map(|channel| self.sound(channel)).collect();
                let mut output = input.clone();
                self.processor.process(&input, &mut output, &changes)?;
                for (other, processor) in &mut self.others {
                    processor.process(&input, &mut output, &[])?;
                    other.run_callbacks();
                }
                changes.clear();
                self.frame += BLOCK;
                self.instance.run_callbacks();
                let due = start + Duration::from_secs_f64((block + 1) as f64 * BLOCK as f64 / RATE as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            Ok(())
        }

        /// A kick drum, a hi-hat and a bass, two beats a second.
        fn sound(&self, channel: usize) -> Vec<f32> {
            let gain = 1.0 / (1.0 + channel as f32 * 0.15);
            let sample = |frame: usize| {
                let time = frame as f32 / RATE as f32;
                let beat = time % 0.5;
                let kick = (TAU * (45.0 * beat + 6.0 * (1.0 - (-beat * 30.0).exp()))).sin() * (-beat * 9.0).exp();
                let noise = (frame as u64 ^ channel as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                let hat = (noise as f32 / (1 << 23) as f32 - 1.0) * (-(time % 0.25) * 40.0).exp();
                let note = [55.0, 55.0, 65.4, 49.0][(time * 2.0) as usize % 4];
                let bass = (TAU * note * time).sin() * (-beat * 3.0).exp();
                gain * (0.55 * kick + 0.12 * hat + 0.25 * bass)
            };
            (self.frame..self.frame + BLOCK).map(sample).collect()
        }

        /// Says how much CPU time this process takes while the window lies there and silence plays.
        fn watch(&mut self, seconds: f64) -> Result<()> {
            let pause = Duration::from_millis(10);
            std::thread::sleep(Duration::from_secs(1));
            let (start, used) = (Instant::now(), cpu_seconds()?);
            while start.elapsed().as_secs_f64() < seconds {
                self.instance.run_callbacks();
                std::thread::sleep(pause);
            }
            let share = (cpu_seconds()? - used) / start.elapsed().as_secs_f64();
            println!("The open window took {:.2} % of one core.", share * 100.0);
            Ok(())
        }
    }

    /// CPU time of this process so far, user and system.
    fn cpu_seconds() -> Result<f64> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|ticks| ticks.parse::<f64>().ok());
        // Linux counts these in hundredths of a second on every machine.
        Ok((ticks(11).context("no user time")? + ticks(12).context("no system time")?) / 100.0)
    }

    fn save(picture: &Picture, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = std::io::BufWriter::new(fs::File::create(path)?);
        let mut encoder = png::Encoder::new(file, picture.width, picture.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        Ok(encoder.write_header()?.write_image_data(&picture.rgb)?)
    }
}
