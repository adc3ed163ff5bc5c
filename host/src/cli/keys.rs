//! `penstock keys`: builds the keys that other commands would build on first use.

use super::Context;
use super::arguments::{SetupArguments, preset, warn_if_insecure};
use super::error::CommandError;
use super::report::{Location, Properties, Report};
use penstock_circuits::circuit::batch::Batch;
use penstock_circuits::circuit::preset::Preset;
use penstock_prover::appliance::SetupChoice;
use penstock_prover::keys::{self, CacheOutcome};
use penstock_prover::measure::Stopwatch;
use penstock_prover::record::{SetupRecord, Word, circuit_digest};
use serde::Serialize;
use tracing::info;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Builds the keys of a preset, or finds them in the cache.
    Build(Arguments),
}

#[derive(clap::Args)]
pub struct Arguments {
    /// Capacity preset.
    #[arg(long, value_name = "PRESET", value_parser = preset())]
    preset: Preset,
    #[command(flatten)]
    setup: SetupArguments,
}

#[derive(Serialize)]
struct Outcome {
    preset: &'static str,
    k: u32,
    keys: Location,
    /// `loaded`, `built` or `rebuilt`.
    outcome: &'static str,
    circuit: Word,
    setup: SetupRecord,
    insecure: bool,
    seconds: f64,
}

pub fn run(command: &Command, context: &Context) -> Result<Report, CommandError> {
    let Command::Build(arguments) = command;
    let watch = Stopwatch::start();
    let batch = Batch::new(arguments.preset);
    let data = context.data()?;
    let setup = match arguments.setup.choice() {
        SetupChoice::Development => data.development_setup(batch.k(), &context.progress),
        SetupChoice::File(file) => data.fitted_setup(&file, batch.k(), &context.progress),
    }?;
    warn_if_insecure(&setup);
    let (pk, outcome) = keys::load_or_build(
        &data.keys(),
        arguments.preset.name(),
        &setup,
        &batch.shape(),
        data.lock_timeout(),
        &context.progress,
    )?;
    info!("{outcome}");
    let (word, path) = match outcome {
        CacheOutcome::Loaded(path) => ("loaded", path),
        CacheOutcome::Built(path) => ("built", path),
        CacheOutcome::Rebuilt { path, .. } => ("rebuilt", path),
    };
    let outcome = Outcome {
        preset: arguments.preset.name(),
        k: batch.k(),
        keys: Location::from(path.as_path()),
        outcome: word,
        circuit: circuit_digest(pk.get_vk()),
        setup: SetupRecord { origin: setup.origin().clone(), digest: Word(setup.digest()) },
        insecure: setup.is_insecure(),
        seconds: watch.elapsed().seconds,
    };
    let text = Properties::default()
        .add("preset", outcome.preset)
        .add("keys", format_args!("{} ({word})", path.display()))
        .add("circuit", outcome.circuit)
        .add("setup", setup.origin())
        .add("seconds", format_args!("{:.1}", outcome.seconds))
        .to_string();
    Report::new(&outcome, text)
}
