//! The command line: what it takes, who does it, and how it ends.
//!
//! A command returns a [`Report`] or a [`CommandError`]. Reports go to stdout, as tables or, with `--json`, as exactly one
//! JSON object; so do errors with `--json`. Notes, progress and errors for people go to stderr. Exit codes are those of
//! [`CommandError::exit_code`].

mod arguments;
mod bench;
mod card;
mod clock;
mod compare;
mod demo;
mod error;
mod input;
mod keys;
mod presets;
mod proof;
mod prove;
mod report;
mod sign;
mod srs;
mod state;
mod verify;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use error::{CommandError, OUT_OF_MEMORY};
use penstock_prover::data::DataDirectory;
use penstock_prover::progress::Progress;
use report::Report;
use signal_hook::consts::SIGABRT;
use signal_hook::flag::register_conditional_shutdown;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Proves blocks of a multi-chain rollup.
#[derive(Parser)]
#[command(name = "penstock", version, about, propagate_version = true, after_help = EXIT_CODES)]
struct Arguments {
    /// Print one JSON object on stdout, also for errors.
    #[arg(long, global = true)]
    json: bool,
    /// Where setups and keys are kept between runs [default: the platform's cache directory].
    #[arg(long, global = true, value_name = "DIR", env = "PENSTOCK_DATA")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 2 usage; 3 the input was refused; 4 a proof does not verify; \
5 the engine or card failed; 6 out of memory or disk; 7 keys or setup do not match.";

#[derive(Subcommand)]
enum Command {
    /// Executes, proves and verifies a sample block over three chains on a throw-away state.
    Demo(demo::Arguments),
    /// Executes a block, proves it, verifies the proof, writes its record, then commits the state.
    Prove(prove::Arguments),
    /// Checks a proof record: public data, keys, proof.
    Verify(verify::Arguments),
    /// Shows what the capacity presets hold and cost.
    Presets,
    /// Creates, shows and exports a state.
    #[command(subcommand)]
    State(state::Command),
    /// Imports, generates and shows setups (powers of tau).
    #[command(subcommand)]
    Srs(srs::Command),
    /// Builds and caches keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Signs an operation, an order or a match; makes keys.
    Sign(sign::Arguments),
    /// Finds, shows, checks and measures cards.
    #[command(subcommand)]
    Card(card::Command),
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Command),
}

/// What every command gets.
struct Context {
    data: Option<PathBuf>,
    progress: Progress,
}

impl Context {
    /// Where setups and keys are kept.
    fn data(&self) -> Result<DataDirectory, CommandError> {
        match &self.data {
            Some(path) => Ok(DataDirectory::new(path.clone())),
            None => DataDirectory::of_platform().ok_or_else(|| {
                CommandError::Usage("this platform names no cache directory: give one with --data DIR".into())
            }),
        }
    }
}

/// Says something to people.
fn note(text: impl std::fmt::Display) {
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Rust answers a failed allocation with a message and an abort, which nothing can return from. Without the handler the
    // exit code is the shell's for a signal.
    let armed = Arc::new(AtomicBool::new(true));
    if let Err(error) = register_conditional_shutdown(SIGABRT, OUT_OF_MEMORY.into(), armed) {
        note(format_args!("warning: exit code {OUT_OF_MEMORY} will not be given when memory runs out: {error}"));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let json = arguments.json;
    let printed = run(arguments).and_then(|report| report.print(json).map_err(CommandError::Stdout));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, json),
    }
}

fn run(arguments: Arguments) -> Result<Report, CommandError> {
    let context = Context { data: arguments.data, progress: Progress::Terminal };
    match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments, &context),
        Command::Prove(arguments) => prove::run(&arguments, &context),
        Command::Verify(arguments) => verify::run(&arguments, &context),
        Command::Presets => presets::run(),
        Command::State(command) => state::run(&command),
        Command::Srs(command) => srs::run(&command, &context),
        Command::Keys(command) => keys::run(&command, &context),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Card(command) => card::run(&command),
        Command::Bench(command) => bench::run(&command, &context),
    }
}

/// Arguments that make no command: clap's own words, or the JSON of a usage error. Help and version are no errors.
fn refuse(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if json && !is_help {
        return fail(&CommandError::Usage(error.render().to_string().trim_end().into()), json);
    }
    // Nobody is left to tell if the streams are gone.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn fail(error: &CommandError, json: bool) -> ExitCode {
    if json {
        // If stdout is the trouble, the exit code says so.
        let _ = error.report().print(json);
    }
    note(format_args!("error: {error}"));
    ExitCode::from(error.exit_code())
}
