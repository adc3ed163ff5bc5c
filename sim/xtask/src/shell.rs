//! Running other programs: shown before they start, and an error if they fail.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program to be run in `directory`, relative to the root, with words split at spaces.
pub(crate) fn command(directory: &str, line: &str) -> Command {
    let mut words = line.split(' ');
    // Cargo says which cargo runs us, so that a pinned toolchain stays in use.
    let program = match words.next().unwrap_or_default() {
        "cargo" => std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        program => program.into(),
    };
    let mut command = Command::new(program);
    command.args(words).current_dir(root().join(directory));
    command
}

/// Runs `line` in `directory` with its output shown.
pub(crate) fn run(directory: &str, line: &str) -> Result<()> {
    eprintln!("$ {line}");
    let status = command(directory, line).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// The standard output of `line`, if it starts and succeeds.
pub(crate) fn output(line: &str) -> Option<String> {
    let output = command("", line).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
