//! `cargo xtask interrupt`: first steps killed at random moments and taken again, as a table of how it went.
//!
//! The campaign itself is a test of the `penstock` command, in `host/tests/command/interrupted.rs`: cargo builds the program
//! with it. Its short form runs with all tests.

use std::process::Stdio;

use anyhow::{Result, ensure};

use xtask::shell;

const LONG: &str = "every_first_step_that_was_killed_at_any_moment_is_taken_up_by_the_next_run";
const SHORT: &str = "a_state_or_a_setup_whose_making_was_killed_at_any_moment_is_made_by_the_next_run";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Kills of all steps together; steps that take seconds get few of them.
    #[arg(long, default_value_t = 1_000)]
    kills: u32,
    /// Where the random delays start.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Only this step, as the table names it.
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// Some 30 kills of the steps that take a moment.
    #[arg(long, conflicts_with_all = ["kills", "seed", "step"])]
    short: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let name = format!("interrupted::{}", if arguments.short { SHORT } else { LONG });
    let words = ["cargo", "test", "--locked", "-p", "penstock", "--test", "command", "--"];
    let mut command = shell::command("", &words);
    command.args([&name, "--exact", "--include-ignored", "--nocapture"]);
    command.env("PENSTOCK_INTERRUPT_KILLS", arguments.kills.to_string());
    command.env("PENSTOCK_INTERRUPT_SEED", arguments.seed.to_string());
    if let Some(step) = &arguments.step {
        command.env("PENSTOCK_INTERRUPT_STEP", step);
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    ensure!(output.status.success(), "an interrupted step was not taken up: {}", output.status);
    // A name that no test has is no failure to cargo.
    ensure!(told.contains("1 passed"), "no test is called {name}");
    Ok(())
}
