//! The programs that a user would run instead, and how each is told to do the same.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// A file type with its settings, and what else makes such a file.
pub struct Kind {
    /// As the table says it.
    pub name: &'static str,
    /// The plugin's settings.
    pub settings: &'static [(&'static str, &'static str)],
    /// Command lines; `IN` and `OUT` stand for files, `IN16` and `IN24` for whole samples of so many
    /// bits.
    pub rivals: &'static [&'static str],
}

macro_rules! kinds {
    ($($name:literal $extension:literal [$($id:literal = $value:literal),*] { $($rival:literal)* })*) => {
        &[$(Kind {
            name: $name,
            settings: &[("filetype", $extension), $(($id, $value)),*],
            rivals: &[$($rival),*],
        }),*]
    };
}

/// Every type and codec. Dither is off where a program would add it, for the plugin adds none.
pub const KINDS: &[Kind] = kinds! {
    "WAV, 16 bits" "wav" ["codec" = "pcm16"] {
        "sox -D IN -b 16 OUT" "ffmpeg -i IN -c:a pcm_s16le OUT" "sndfile-convert -pcm16 IN OUT"
    }
    "WAV, 24 bits" "wav" ["codec" = "pcm24"] {
        "sox -D IN -b 24 OUT" "ffmpeg -i IN -c:a pcm_s24le OUT" "sndfile-convert -pcm24 IN OUT"
    }
    "WAV, 32 bits" "wav" ["codec" = "pcm32"] {
        "sox -D IN -e signed -b 32 OUT" "ffmpeg -i IN -c:a pcm_s32le OUT" "sndfile-convert -pcm32 IN OUT"
    }
    "WAV, float" "wav" ["codec" = "float32"] {
        "sox IN -e float -b 32 OUT" "ffmpeg -i IN -c:a pcm_f32le OUT" "sndfile-convert -float32 IN OUT"
    }
    "AIFF, 16 bits" "aiff" ["codec" = "pcm16"] {
        "sox -D IN -b 16 OUT" "ffmpeg -i IN -c:a pcm_s16be OUT" "sndfile-convert -pcm16 IN OUT"
    }
    "AIFF, 24 bits" "aiff" ["codec" = "pcm24"] {
        "sox -D IN -b 24 OUT" "ffmpeg -i IN -c:a pcm_s24be OUT" "sndfile-convert -pcm24 IN OUT"
    }
    "AIFF, 32 bits" "aiff" ["codec" = "pcm32"] {
        "sox -D IN -b 32 OUT" "ffmpeg -i IN -c:a pcm_s32be OUT" "sndfile-convert -pcm32 IN OUT"
    }
    "AIFF, float" "aiff" ["codec" = "float32"] {
        "ffmpeg -i IN -c:a pcm_f32be OUT" "sndfile-convert -float32 IN OUT"
    }
    "FLAC, 16 bits" "flac" ["codec" = "pcm16"] { "flac -5 --silent -o OUT IN16" }
    "FLAC, 24 bits" "flac" ["codec" = "pcm24"] { "flac -5 --silent -o OUT IN24" }
    "MP3, 192 kb/s" "mp3" ["bitrate" = "b192"] { "lame --quiet -b 192 -q 2 IN24 OUT" }
    "MP3, V0" "mp3" ["bitrate" = "v0"] { "lame --quiet -V 0 IN24 OUT" }
    "Ogg Vorbis, 192 kb/s" "ogg" ["bitrate" = "b192"] { "oggenc --quiet -b 192 -o OUT IN24" }
    "Opus, 192 kb/s" "opus" ["bitrate" = "b192"] { "opusenc --quiet --cvbr --bitrate 192 IN24 OUT" }
};

/// The programs with the argument that makes them tell their version, and the word that this follows.
const VERSIONS: &[(&str, &str, &str)] = &[
    ("sox", "--version", "v"),
    ("ffmpeg", "-version", "version "),
    ("sndfile-convert", "--help", ""),
    ("flac", "--version", "flac "),
    ("lame", "--version", "version "),
    ("oggenc", "--version", "vorbis-tools "),
    ("opusenc", "--version", "opus-tools "),
];

/// Each program with its version, or that it is missing.
pub fn versions() -> Vec<String> {
    let version = |&(program, argument, before): &(&str, &str, &str)| {
        let Ok(output) = Command::new(program).arg(argument).output() else { return format!("{program} is missing") };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let first = text.lines().next().unwrap_or_default();
        let version = first.split_once(before).and_then(|(_, rest)| rest.split_whitespace().next());
        match version {
            Some(version) if !before.is_empty() => format!("{program} {version}"),
            _ => program.to_owned(),
        }
    };
    VERSIONS.iter().map(version).collect()
}

/// The program of a command line.
pub fn program(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// Whether there is such a program.
pub fn is_installed(program: &str) -> bool {
    let spawned = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    spawned.is_ok()
}

/// Runs the command `line` on the files of `inputs`, which lie in its folder under the names of the placeholders.
pub fn run(line: &str, inputs: &Path, output: &Path) -> Result<()> {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().context("an empty command")?);
    if program(line) == "ffmpeg" {
        command.args(["-nostdin", "-loglevel", "error", "-y"]);
    }
    for word in words {
        match word {
            "OUT" => command.arg(output),
            "IN" | "IN16" | "IN24" => command.arg(inputs.join(word).with_extension("wav")),
            _ => command.arg(word),
        };
    }
    let done = command.stdin(Stdio::null()).output()?;
    ensure!(done.status.success(), "`{line}` failed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
