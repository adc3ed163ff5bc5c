//! `penstock demo`: the whole way of a sample block, on a state that is thrown away.
//!
//! genesis → state → execution → witness → proof → stock verifier → verifier contract on an EVM.

use super::Context;
use super::arguments::{BlockLimit, EngineArguments, ForceArgument, SetupArguments, preset, seed};
use super::error::CommandError;
use super::input::read_block;
use super::picture::picture;
use super::proof::{ProofFigures, ProofPlan, open_engines};
use super::prove::RECORD_BYTES;
use super::report::{Location, Report};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::json;
use penstock_circuits::operation::Block;
use penstock_circuits::state::{Genesis, State};
use penstock_prover::appliance::verify_on_evm;
use penstock_prover::files::{Destination, FileError};
use penstock_prover::measure::Stages;
use penstock_prover::record::{ProofRecord, block_id};
use penstock_prover::setup::Origin;
use serde::Serialize;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

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
    /// Where a picture of the block goes, as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArgument,
}

#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    figures: ProofFigures,
    proof: Location,
    verified: bool,
    evm_verified: bool,
    evm_gas: u64,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => context.data()?.proofs().join(format!("demo-{}.json", arguments.preset)),
    };
    let destination = Destination::check(&out, arguments.force.force, RECORD_BYTES, foreign)?;
    let svg = arguments.svg.as_deref();
    let svg = svg.map(|svg| Destination::check(svg, arguments.force.force, 0, foreign_picture)).transpose()?;
    let block = match &arguments.block {
        Some(path) => read_block(path, arguments.limit.bytes)?,
        None => Block::from_json(BLOCK)?,
    };
    let plan = ProofPlan {
        preset: Some(arguments.preset),
        setup: arguments.setup.choice(),
        engine: arguments.engine.settings(),
        seed: arguments.seed,
    };
    plan.check_room(&block)?;
    let stages = Stages::new(context.progress.clone());
    let genesis: Genesis = json::from_str(GENESIS)?;
    let folder = tempfile::tempdir().map_err(|error| FileError::new("create a folder in", &env::temp_dir(), error))?;
    let (trace, _) = stages.time("execute", || State::init(folder.path(), &genesis)?.execute(&block))?;

    let witnessed = plan.witness(&trace, &stages)?;
    let appliance = plan.open(&witnessed, &stages, context)?;
    let engines = open_engines(&plan.engine, &appliance, &stages)?;
    let proved = plan.prove(&appliance, &engines, &witnessed, block_id(&block)?, &stages)?;
    let public = proved.record.verify(appliance.setup(), appliance.vk())?;
    let evm = stages
        .time("EVM", || verify_on_evm(appliance.setup(), appliance.vk(), &public.instance(), &proved.record.proof.0))?;
    if !evm.accepted() {
        return Err(CommandError::EvmRefused);
    }
    proved.record.write(&destination)?;
    if let Some(svg) = &svg {
        let drawn = picture(&block, &proved.record.block.old_root, &proved.record.block.new_root);
        svg.write(|file| file.write_all(drawn.as_bytes()))?;
    }

    let figures = ProofFigures::new(&proved.record, appliance.setup().is_insecure(), proved.span, &stages)?;
    let text = figures.tables(|properties| {
        properties
            .add("verified", "by the stock verifier and on an EVM")
            .add("gas on an EVM", evm.gas_used)
            .add("record", out.display())
    });
    let text = text + &next(&out, svg.is_some());
    let proof = Location::from(out.as_path());
    let outcome = Outcome { figures, proof, verified: true, evm_verified: evm.accepted(), evm_gas: evm.gas_used };
    Ok(Report::new(&outcome, text)?.that_did(format!("the block is proved and its proof is in {}", out.display())))
}

/// What to try next.
fn next(out: &Path, drawn: bool) -> String {
    let mut next = format!("try next:\n  penstock verify {} --evm        checks this proof again\n", out.display());
    if !drawn {
        next += "  penstock demo --svg block.svg       draws the block: chains, operations, pools\n";
    }
    next + "  penstock demo --engine card:model   has a simulated card compute the commitments\n  \
            penstock state init --state DIR     begins a state of your own, for sign and prove\n"
}

/// Why the file at the path where the picture goes is kept: another picture is not.
fn foreign_picture(path: &Path) -> Option<String> {
    let drawn = fs::read_to_string(path).is_ok_and(|text| text.starts_with("<svg"));
    (!drawn).then(|| "is there already and is no picture".into())
}

/// Why the file at the path where the record goes is kept: another demonstration's is not.
fn foreign(path: &Path) -> Option<String> {
    match ProofRecord::read(path) {
        Ok(record) if record.setup.origin == Origin::Insecure => None,
        Ok(_) => Some("is the proof record of a block that is no demonstration".into()),
        Err(_) => Some("is there already and is no proof record".into()),
    }
}
