//! Where things lie.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Cargo package of the plugin.
pub const PACKAGE: &str = "audio_file_out";

/// The name of the plugin, as in `bundler.toml`.
const PLUGIN: &str = "Audio File Out";

/// This checkout.
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks Cargo, which must have started this program.
    pub fn find() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").context("please run this through `cargo xtask`")?;
        let root = Path::new(&package).parent().context("the workspace has no folder")?.to_owned();
        let mut metadata = cargo(&root);
        metadata.args(["metadata", "--format-version", "1", "--no-deps"]);
        let output = metadata.output().context("cannot run cargo")?;
        ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let target = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
        Ok(Self { target: target.into(), root })
    }

    /// A Cargo command in this workspace.
    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// The plugin for CLAP hosts, once it is built.
    pub fn clap(&self) -> PathBuf {
        self.bundled("clap")
    }

    /// The plugin for VST3 hosts, once it is built.
    pub fn vst3(&self) -> PathBuf {
        self.bundled("vst3")
    }

    fn bundled(&self, format: &str) -> PathBuf {
        self.target.join("bundled").join(format!("{PLUGIN}.{format}"))
    }
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}
