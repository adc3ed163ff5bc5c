//! The command line: what it takes, who does it, and how it ends.
//!
//! A command returns a [`Report`] or a [`CommandError`]. Reports go to stdout, as tables or, with `--json`, as exactly one
//! JSON object; so do errors with `--json`. Messages, progress and errors for people go to stderr ([`console`]). Exit codes are
//! those of [`class`].

mod arguments;
mod bench;
mod card;
mod class;
mod clock;
mod compare;
mod console;
mod demo;
mod error;
mod input;
mod keys;
mod manual;
mod picture;
mod presets;
mod printable;
mod proof;
mod prove;
mod report;
mod sign;
mod srs;
mod state;
mod verify;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use class::OUT_OF_MEMORY;
use console::{Console, LogFormat};
use error::CommandError;
use penstock_prover::data::DataDirectory;
use penstock_prover::progress::Progress;
use printable::{cut, printable_lines};
use rayon::ThreadPoolBuilder;
use report::Report;
use serde_json::json;
use signal_hook::consts::SIGABRT;
use signal_hook::flag::register_conditional_shutdown;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::{Level, error, warn};

/// Proves blocks of a multi-chain rollup.
#[derive(Parser)]
#[command(name = "penstock", version, about, propagate_version = true, after_help = class::in_words())]
struct Arguments {
    /// Print one JSON object on stdout, also for errors.
    #[arg(long, global = true)]
    json: bool,
    /// Where setups and keys are kept between runs [default: the platform's cache directory].
    #[arg(long, global = true, value_name = "DIR", env = "PENSTOCK_DATA")]
    data: Option<PathBuf>,
    /// How long to wait for another process that makes the same setup or keys [default: without limit].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = arguments::seconds)]
    lock_timeout: Option<Duration>,
    /// The form of messages on stderr.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t, env = "PENSTOCK_LOG")]
    log: LogFormat,
    /// Which messages go to stderr: error, warn, info or debug; progress comes with info.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info", env = "PENSTOCK_LOG_LEVEL")]
    log_level: Level,
    #[command(subcommand)]
    command: Command,
}

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
    /// Prints a shell's completions of this command.
    Completions(manual::Completions),
    /// Writes manual pages.
    Man(manual::Manual),
}

/// What every command gets.
struct Context {
    data: Option<PathBuf>,
    lock_timeout: Option<Duration>,
    progress: Progress,
}

impl Context {
    /// Where setups and keys are kept.
    fn data(&self) -> Result<DataDirectory, CommandError> {
        let directory = match &self.data {
            Some(path) => DataDirectory::new(path.clone()),
            None => DataDirectory::of_platform().ok_or_else(|| {
                CommandError::Usage("this platform names no cache directory: give one with --data DIR".into())
            })?,
        };
        Ok(directory.with_lock_timeout(self.lock_timeout))
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let console = Console::install(arguments.log, arguments.log_level);
    // Rust answers a failed allocation with a message and an abort, which nothing can return from. Without the handler the
    // exit code is the shell's for a signal.
    let armed = Arc::new(AtomicBool::new(true));
    if let Err(error) = register_conditional_shutdown(SIGABRT, OUT_OF_MEMORY.into(), armed) {
        warn!("exit code {OUT_OF_MEMORY} will not be given when memory runs out: {error}");
    }
    start_workers();
    let json = arguments.json;
    let progress = if arguments.log_level >= Level::INFO { console.progress() } else { Progress::silent() };
    match run(arguments, progress) {
        Ok(report) => match report.print(json) {
            Ok(()) => ExitCode::SUCCESS,
            Err(source) => fail(&CommandError::Report { done: report.done().into(), source }, json),
        },
        Err(error) => fail(&error, json),
    }
}

/// Starts the threads that compute: as many as the system grants. Where it grants none, this one computes alone.
fn start_workers() {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse().ok());
    let wanted = wanted.filter(|wanted| *wanted > 0);
    let wanted = wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let builder = match granted_threads(wanted) {
        0 => {
            warn!("the system grants no threads: this process computes on one core");
            ThreadPoolBuilder::new().num_threads(1).use_current_thread()
        }
        granted => ThreadPoolBuilder::new().num_threads(granted),
    };
    if let Err(error) = builder.build_global() {
        warn!("the threads that compute could not be started: {error}");
    }
}

/// How many of so many threads the system lets this process have at once: a pool that gets fewer than it asks for is of no use.
fn granted_threads(wanted: usize) -> usize {
    let (sender, receiver) = channel::<()>();
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let wait = || drop(receiver.lock().map(|receiver| receiver.recv()));
        let granted = (0..wanted).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, wait).ok()).count();
        // They all have waited for this.
        drop(sender);
        granted
    })
}

fn run(arguments: Arguments, progress: Progress) -> Result<Report, CommandError> {
    let context = Context { data: arguments.data, lock_timeout: arguments.lock_timeout, progress };
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
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
    }
}

/// Arguments that make no command: clap's own words, or the JSON of a usage error. Help and version are no errors.
fn refuse(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nobody is left to tell if the stream is gone.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // clap repeats the arguments as they came.
    let text = printable_lines(&error.render().to_string());
    let text = text.trim_end();
    if json {
        let _ = error_report(&CommandError::Usage(text.trim_start_matches("error: ").into())).print(json);
    }
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(class::USAGE.1)
}

fn fail(error: &CommandError, json: bool) -> ExitCode {
    if json {
        // If stdout is the trouble, the exit code says so.
        let _ = error_report(error).print(json);
    }
    error!("{error}");
    ExitCode::from(error.class().1)
}

/// `{"error": {kind, message, exit_code, …}}`.
fn error_report(error: &CommandError) -> Report {
    let (kind, exit_code) = error.class();
    let mut fields = error.details();
    fields.insert("kind".into(), kind.into());
    fields.insert("message".into(), cut(&error.to_string()).into());
    fields.insert("exit_code".into(), exit_code.into());
    Report::from_value(json!({ "error": fields }))
}
