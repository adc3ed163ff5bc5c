//! Running other programs: shown before they start, and an error if they fail.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program to be run in `directory`, relative to the root.
pub fn command(directory: &str, words: &[&str]) -> Command {
    // Cargo says which cargo runs us, so that a pinned toolchain stays in use.
    let program = match words.first().copied().unwrap_or_default() {
        "cargo" => std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        program => program.into(),
    };
    let mut command = Command::new(program);
    command.args(words.iter().skip(1)).current_dir(root().join(directory));
    command
}

/// Runs `line`, split at spaces, in `directory` with its output shown.
///
/// # Errors
/// It cannot be started, or fails.
pub fn run(directory: &str, line: &str) -> Result<()> {
    run_words(directory, &line.split(' ').collect::<Vec<_>>())
}

/// Runs a program with arguments that may hold spaces.
///
/// # Errors
/// It cannot be started, or fails.
pub fn run_words(directory: &str, words: &[&str]) -> Result<()> {
    run_in(&root().join(directory), words)
}

/// Runs a program in a folder outside of the workspace.
///
/// # Errors
/// It cannot be started, or fails.
pub fn run_in(folder: &Path, words: &[&str]) -> Result<()> {
    let line = words.join(" ");
    eprintln!("$ {line}");
    let status = command("", words).current_dir(folder).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// The standard output of `words`, if the program starts and succeeds.
pub fn output(words: &[&str]) -> Option<String> {
    let output = command("", words).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where cargo puts what it builds.
///
/// # Errors
/// Cargo does not say.
pub fn target_folder() -> Result<PathBuf> {
    let metadata = output(&["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata.context("`cargo metadata` failed")?)?;
    Ok(metadata["target_directory"].as_str().context("cargo names no target folder")?.into())
}
