//! Penstock's task runner: `cargo xtask <task>`.
//!
//! What a contributor or the CI runs beyond `cargo build` lives here, in Rust, so that it works alike everywhere and
//! needs nothing installed but Rust. Every task runs from the workspace's root. The campaigns, which need half of the workspace
//! built, are a program of their own that this one starts.

mod apt;
mod ci;
mod contracts;
mod interrupt;
mod licences;
mod setup;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use xtask::shell;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Penstock's set-up, checks and campaigns")]
#[command(
    after_help = "Campaigns, each with --help: soundness, rtl, bitstream, formal, conformance, rtl-proof, vm-test"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what tests and campaigns need beyond Rust.
    Setup,
    /// Runs formatter, lints, licence check and tests: what has to pass before a merge.
    Ci,
    /// Checks the licence and the source of every dependency against deny.toml.
    Licences,
    /// Compiles the verifier contract again with the pinned compiler (needs node and npm).
    Contracts {
        /// Compare with the committed artefact instead of replacing it.
        #[arg(long)]
        check: bool,
    },
    /// Kills the first steps of the `penstock` command (state, setups, keys) at random moments and takes them again.
    Interrupt(interrupt::Arguments),
    /// A campaign and its arguments.
    #[command(external_subcommand)]
    Campaign(Vec<OsString>),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Ci => ci::run(),
        Task::Licences => licences::run(),
        Task::Contracts { check } => contracts::run(check),
        Task::Interrupt(arguments) => interrupt::run(&arguments),
        Task::Campaign(words) => {
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            let words = words.iter().map(|word| &**word);
            let program = ["cargo", "run", "--quiet", "--locked", "--package", "penstock-campaigns", "--"];
            shell::run_words("", &program.into_iter().chain(words).collect::<Vec<_>>())
        }
    }
}
