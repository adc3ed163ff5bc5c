//! A recipe's Tcl, run in tclsh with commands that only write down what they are asked.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use xtask::shell;

const STUBS: &str = include_str!("stubs.tcl");

/// How the tools, were they there, would answer.
pub(super) struct Answers {
    /// Slack of the worst path, in ns.
    pub(super) slack: f64,
    /// Whether every net is routed.
    pub(super) routed: bool,
}

/// What came of a run.
pub(super) struct Run {
    /// The script ended well.
    pub(super) done: bool,
    /// What it said on its error output.
    pub(super) error: String,
    /// Each call's words.
    pub(super) calls: Vec<Vec<String>>,
}

impl Run {
    /// The calls of a command.
    pub(super) fn of<'a>(&'a self, command: &'a str) -> impl Iterator<Item = &'a [String]> {
        self.calls.iter().filter(move |words| words[0] == command).map(|words| &words[1..])
    }

    /// The value that a property of an object got last.
    pub(super) fn property(&self, object: &str, name: &str) -> Option<&str> {
        self.of("set_property").filter(|words| words[0] == name && words[2] == object).last().map(|words| &*words[1])
    }
}

/// Runs `build.tcl` of a folder with `output` as its argument.
pub(super) fn run(recipe: &Path, output: &Path, answers: &Answers) -> Result<Run> {
    let scratch = tempfile::tempdir().context("cannot make a folder for tclsh")?;
    let (stubs, calls) = (scratch.path().join("stubs.tcl"), scratch.path().join("calls"));
    fs::write(&stubs, STUBS)?;
    let script = recipe.join("build.tcl");
    let words = ["tclsh", &stubs.to_string_lossy(), &script.to_string_lossy(), &output.to_string_lossy()];
    let ended = shell::command("", &words)
        .env("CALLS", &calls)
        .env("SLACK", answers.slack.to_string())
        .env("ROUTED", if answers.routed { "1" } else { "0" })
        .output()
        .context("cannot start tclsh (Debian package tcl); run `cargo xtask setup` first")?;
    let lines = fs::read_to_string(&calls).context("tclsh wrote no calls")?;
    Ok(Run {
        done: ended.status.success(),
        error: String::from_utf8_lossy(&ended.stderr).into_owned(),
        calls: lines.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect(),
    })
}
