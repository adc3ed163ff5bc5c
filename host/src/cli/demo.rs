//! `penstock demo`: the whole way of a sample block, on a state that is thrown away.
//!
//! genesis → state → execution → witness → proof → stock verifier → verifier contract on an EVM.

use super::Context;
use super::arguments::{BlockLimit, EngineArguments, SetupArguments, preset, seed};
use super::error::CommandError;
use super::input::read_block;
use super::proof::{Means, ProofFigures, open_engines};
use super::report::Report;
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::json;
use penstock_circuits::operation::Block;
use penstock_circuits::state::{Genesis, State};
use penstock_prover::appliance::verify_on_evm;
use penstock_prover::measure::Stages;
use penstock_prover::record::block_id;
use penstock_prover::sealed::SealedError;
use serde::Serialize;
use std::env;
use std::path::PathBuf;

pub const GENESIS: &str = include_str!("../../examples/genesis.json");
const BLOCK: &str = include_str!("../../examples/block.json");

#[derive(clap::Args)]
pub struct Arguments {
    /// Capacity preset.
    #[arg(long, value_name = "PRESET", default_value = Preset::Tiny.name(), value_parser = preset())]
    preset: Preset,
    /// Seed of the blinding, 32 bytes [default: the operating system's randomness].
    #[arg(long, value_name = "HEX", value_parser = seed)]
    seed: Option<[u8; 32]>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    setup: SetupArguments,
    /// A block for the sample genesis, of any time [default: the sample block].
    #[arg(long, value_name = "FILE")]
    block: Option<PathBuf>,
    #[command(flatten)]
    limit: BlockLimit,
    /// Where the proof record goes [default: proofs/demo-PRESET.json in the data directory].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    figures: ProofFigures,
    proof: PathBuf,
    verified: bool,
    evm_verified: bool,
    evm_gas: u64,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => context.data()?.proofs().join(format!("demo-{}.json", arguments.preset)),
    };
    let block = match &arguments.block {
        Some(path) => read_block(path, arguments.limit.bytes)?,
        None => Block::from_json(BLOCK)?,
    };
    let means = Means {
        preset: Some(arguments.preset),
        setup: arguments.setup.choice(),
        engine: arguments.engine.settings(),
        seed: arguments.seed,
    };
    means.check_room(&block)?;
    let stages = Stages::new(context.progress.spinner("proof"));
    let genesis: Genesis = json::from_str(GENESIS)?;
    let folder = tempfile::tempdir().map_err(|error| SealedError::io("create a folder in", &env::temp_dir(), error))?;
    let (trace, _) = stages.time("execute", || State::init(folder.path(), &genesis)?.execute(&block))?;

    let witnessed = means.witness(&trace, &stages)?;
    let appliance = means.open(&witnessed, &stages, context)?;
    let engines = open_engines(&means.engine, &appliance, &stages)?;
    let proved = means.prove(&appliance, &engines, &witnessed, block_id(&block)?, &stages)?;
    let public = proved.record.verify(appliance.setup(), appliance.vk())?;
    let evm = stages
        .time("EVM", || verify_on_evm(appliance.setup(), appliance.vk(), &public.instance(), &proved.record.proof.0))?;
    if !evm.accepted() {
        return Err(CommandError::EvmRefused);
    }
    proved.record.write(&out)?;

    let figures = ProofFigures::new(&proved.record, appliance.setup().is_insecure(), proved.span, &stages)?;
    let text = figures.tables(|facts| {
        facts
            .add("verified", "by the stock verifier and on an EVM")
            .add("gas on an EVM", evm.gas_used)
            .add("record", out.display())
    });
    let outcome = Outcome { figures, proof: out, verified: true, evm_verified: evm.accepted(), evm_gas: evm.gas_used };
    Report::new(&outcome, text)
}
