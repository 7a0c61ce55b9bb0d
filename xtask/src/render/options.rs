//! The command line of `render`.

use super::gate::{Span, Time};
use anyhow::{Context, Result, bail, ensure};
use headless_host::Blocks;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `cargo xtask render --help` prints.
pub const HELP: &str = "\
cargo xtask render INPUT.wav [options]

Plays INPUT.wav through the built plugin as a DAW would, and reports each file that the plugin wrote.

  --record A..B       record from A up to B; may be given again; default: everything
  --pause A..B        pause from A up to B; may be given again
  --transport A..B    the host's transport runs from A up to B, with the host's own record on; may be given again;
                      default: the host tells nothing of a transport
  --capture T         Capture is pressed at T; may be given again
                      times are seconds (0.5..2) or, with an s behind them, samples (12345s..30001s)
  --out-folder DIR    where files without a folder of their own go; default: target/render
  --file TEMPLATE     the name of the file, with tokens such as {suffix}
  --type ID           the file type, such as wav or mp3
  --codec ID          the codec, such as pcm24
  --bitrate ID        the bit rate, such as b192
  --set ID=VALUE      any parameter or text; a menu takes its ids and its labels; may be given again
  --block N|random    frames in a block; default: 512
  --realtime          keep to the clock instead of running at full speed
  --instances N       so many plugins at once, all recording; default: 1
  --json              report as JSON
";

/// The largest block that a host may ask for here, in frames.
const MAX_BLOCK: usize = 1 << 20;

/// The largest random block, in frames.
const MAX_RANDOM_BLOCK: usize = 8192;

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub struct Options {
    pub input: PathBuf,
    pub out_folder: Option<PathBuf>,
    /// Ids and values, in the order given.
    pub settings: Vec<(String, String)>,
    pub record: Vec<Span>,
    pub pause: Vec<Span>,
    pub transport: Vec<Span>,
    pub capture: Vec<Time>,
    pub blocks: Blocks,
    pub realtime: bool,
    pub instances: usize,
    pub json: bool,
}

impl Options {
    /// Reads the command line; nothing when it asks for help.
    pub fn parse(args: Vec<OsString>) -> Result<Option<Self>> {
        let mut input = None;
        let mut options = Self {
            input: PathBuf::new(),
            out_folder: None,
            settings: Vec::new(),
            record: Vec::new(),
            pause: Vec::new(),
            transport: Vec::new(),
            capture: Vec::new(),
            blocks: Blocks::Fixed(512),
            realtime: false,
            instances: 1,
            json: false,
        };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("out-folder") => options.out_folder = Some(parser.value()?.into()),
                Long("file") => options.set("file", parser.value()?.string()?),
                Long("type") => options.set("filetype", parser.value()?.string()?),
                Long("codec") => options.set("codec", parser.value()?.string()?),
                Long("bitrate") => options.set("bitrate", parser.value()?.string()?),
                Long("set") => {
                    let text = parser.value()?.string()?;
                    let (name, value) = text.split_once('=').with_context(|| format!("--set {text} lacks a `=`"))?;
                    options.set(name, value.to_owned());
                }
                Long("record") => options.record.push(parser.value()?.string()?.parse()?),
                Long("pause") => options.pause.push(parser.value()?.string()?.parse()?),
                Long("transport") => options.transport.push(parser.value()?.string()?.parse()?),
                Long("capture") => options.capture.push(parser.value()?.string()?.parse()?),
                Long("block") => options.blocks = blocks(&parser.value()?.string()?)?,
                Long("realtime") => options.realtime = true,
                Long("instances") => options.instances = parser.value()?.parse()?,
                Long("json") => options.json = true,
                Value(path) if input.is_none() => input = Some(path.into()),
                _ => bail!("{}.\n\n{HELP}", arg.unexpected()),
            }
        }
        options.input = input.with_context(|| format!("which WAV file?\n\n{HELP}"))?;
        ensure!(options.instances > 0, "--instances has to be at least 1");
        Ok(Some(options))
    }

    fn set(&mut self, name: &str, value: String) {
        self.settings.push((name.to_owned(), value));
    }
}

fn blocks(text: &str) -> Result<Blocks> {
    if text == "random" {
        return Ok(Blocks::Random { seed: 1, max: MAX_RANDOM_BLOCK });
    }
    match text.parse() {
        Ok(size @ 1..=MAX_BLOCK) => Ok(Blocks::Fixed(size)),
        _ => bail!("--block takes a number of frames from 1 to {MAX_BLOCK}, or `random`, not `{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn every_option_is_read() {
        let line = "in.wav --out-folder out --file x{suffix} --type mp3 --codec pcm16 --bitrate=v0 --record 0..1 \
                    --record 2..3 --pause 5s..6s --transport 1..2 --capture 7s --set n=7 --set file=a=b --block random --realtime --instances 3 --json";
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Options {
            input: "in.wav".into(),
            out_folder: Some("out".into()),
            settings: vec![
                setting("file", "x{suffix}"),
                setting("filetype", "mp3"),
                setting("codec", "pcm16"),
                setting("bitrate", "v0"),
                setting("n", "7"),
                setting("file", "a=b"),
            ],
            record: vec!["0..1".parse().unwrap(), "2..3".parse().unwrap()],
            pause: vec!["5s..6s".parse().unwrap()],
            transport: vec!["1..2".parse().unwrap()],
            capture: vec!["7s".parse().unwrap()],
            blocks: Blocks::Random { seed: 1, max: MAX_RANDOM_BLOCK },
            realtime: true,
            instances: 3,
            json: true,
        };
        assert_eq!(parse(line).unwrap().unwrap(), expected);
    }

    #[test]
    fn a_slip_of_the_finger_is_refused() {
        for line in
            ["", "a.wav b.wav", "a.wav --recrod 0..1", "a.wav --block 0", "a.wav --instances 0", "a.wav --set n"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("a.wav --help").unwrap().is_none());
    }
}
