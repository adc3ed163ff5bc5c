//! `penstock prove`: the block is executed, proved and verified; then its record is written; then the state is committed.
//!
//! The order makes a crash harmless. Until the record is there nothing has changed. With the record and an uncommitted
//! state, running the command again takes the proof from the record and commits. With both, it reports what is there.

use super::arguments::{BlockLimit, EngineArguments, ForceArgument, SetupArguments, preset, seed, warn_if_insecure};
use super::error::CommandError;
use super::input::read_block;
use super::proof::{ProofFigures, ProofPlan, Proved, open_engines};
use super::report::{Location, Report};
use super::verify::check;
use super::{Context, clock};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::encoding::element_to_bytes;
use penstock_circuits::execute::BlockError;
use penstock_circuits::state::State;
use penstock_circuits::trace::BlockTrace;
use penstock_prover::appliance::Appliance;
use penstock_prover::files::{Destination, FileError};
use penstock_prover::measure::{Span, Stages, Stopwatch};
use penstock_prover::record::{ProofRecord, Word, block_id};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use tracing::info;

/// Room that a record must find: more than the largest takes.
pub const RECORD_BYTES: u64 = 16 << 20;

#[derive(clap::Args)]
pub struct Arguments {
    /// The block, as JSON; - is stdin.
    #[arg(value_name = "BLOCK.json")]
    block: PathBuf,
    #[command(flatten)]
    limit: BlockLimit,
    /// Prove the block even if its time is more than a day behind this machine's clock or a quarter of an hour ahead: no
    /// chain may take it.
    #[arg(long)]
    any_time: bool,
    /// The state's folder.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Where the proof record goes.
    #[arg(long, value_name = "PROOF.json")]
    out: PathBuf,
    #[command(flatten)]
    force: ForceArgument,
    /// Capacity preset [default: the smallest that holds the block].
    #[arg(long, value_name = "PRESET", value_parser = preset())]
    preset: Option<Preset>,
    /// Seed of the blinding, 32 bytes [default: the operating system's randomness]. One seed must not serve two blocks.
    #[arg(long, value_name = "HEX", value_parser = seed)]
    seed: Option<[u8; 32]>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    setup: SetupArguments,
}

#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    figures: ProofFigures,
    proof: Location,
    verified: bool,
    /// Whether the proof was taken from a record that was there already.
    resumed: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let block = read_block(&arguments.block, arguments.limit.bytes)?;
    let plan = ProofPlan {
        preset: arguments.preset,
        setup: arguments.setup.choice(),
        engine: arguments.engine.settings(),
        seed: arguments.seed,
    };
    plan.check_room(&block)?;
    let id = block_id(&block)?;
    let data = context.data()?;
    let kept = data.proofs().join(format!("{}.json", hex::encode(id.0)));
    let destination =
        Destination::check(&arguments.out, arguments.force.force, RECORD_BYTES, |path| foreign(path, id))?;
    let earlier = [destination.path(), &kept].into_iter().find_map(|path| record_of(path, id));
    // What was proved in time is committed whenever the command is run again.
    if earlier.is_none() && !arguments.any_time {
        clock::check(block.timestamp)?;
    }
    let state = State::open(&arguments.state)?;
    let stages = Stages::new(context.progress.clone());
    let executed = stages.time("execute", || state.execute(&block));
    let (trace, changes) = match (executed, earlier.as_ref()) {
        (Err(BlockError::Number { .. }), Some(record)) if is_head(&state, record)? => {
            return already_done(record, arguments, &stages, context);
        }
        (executed, _) => executed?,
    };

    let witnessed = plan.witness(&trace, &stages)?;
    let appliance = plan.open(&witnessed, &stages, context)?;
    let reusable = earlier.filter(|record| is_reusable(record, &trace, &appliance));
    let resumed = reusable.is_some();
    let Proved { record, span } = match reusable {
        Some(record) => Proved { record, span: Span::default() },
        None => {
            let engines = open_engines(&plan.engine, &appliance, &stages)?;
            plan.prove(&appliance, &engines, &witnessed, id, &stages)?
        }
    };
    if record_of(destination.path(), id).as_ref() != Some(&record) {
        record.write(&destination).map_err(|source| keep(&record, &kept, source))?;
    }
    state.commit(changes).map_err(|source| CommandError::NotCommitted { record: arguments.out.clone(), source })?;
    // A record that was kept because it could not be written is written now.
    let _ = fs::remove_file(&kept);
    let figures = ProofFigures::new(&record, appliance.setup().is_insecure(), span, &stages)?;
    report(figures, arguments, resumed)
}

/// This block's record, if it is in the file.
fn record_of(path: &Path, id: Word) -> Option<ProofRecord> {
    ProofRecord::read(path).ok().filter(|record| record.block.id == id)
}

/// Why the file at the path where the record goes is kept; this block's own record is not.
fn foreign(path: &Path, id: Word) -> Option<String> {
    match ProofRecord::read(path) {
        Ok(record) if record.block.id == id => None,
        Ok(_) => Some("is the proof record of another block".into()),
        Err(_) => Some("is there already and is no proof record".into()),
    }
}

/// Saves a record that does not go where it was to go: the proof may have taken an hour.
fn keep(record: &ProofRecord, kept: &Path, source: FileError) -> CommandError {
    let again = Destination::check(kept, true, 0, |_| None).and_then(|kept| Ok(record.write(&kept)?));
    match again {
        Ok(()) => CommandError::ProofKept { kept: kept.into(), source },
        Err(_) => source.into(),
    }
}

/// Whether the state has the record's block as its last.
fn is_head(state: &State, record: &ProofRecord) -> Result<bool, CommandError> {
    let head = state.view()?.head();
    Ok((head.number, Word(element_to_bytes(&head.root))) == (record.block.number, record.block.new_root))
}

/// Whether a record proves what was just executed, under these keys.
fn is_reusable(record: &ProofRecord, trace: &BlockTrace, appliance: &Appliance) -> bool {
    let proved = record.verify(appliance.setup(), appliance.vk());
    proved.is_ok_and(|public| (public.old_root, public.new_root) == (trace.old_root, trace.new_root))
}

/// The answer when an earlier run came to its end: the record is checked again.
fn already_done(
    record: &ProofRecord,
    arguments: &Arguments,
    stages: &Stages,
    context: &Context,
) -> Result<Report, CommandError> {
    let watch = Stopwatch::start();
    let checker = check(record, &arguments.setup.choice(), stages, context)?;
    warn_if_insecure(&checker.setup);
    info!("the block is proved and committed already");
    let figures = ProofFigures::new(record, checker.setup.is_insecure(), watch.elapsed(), stages)?;
    report(figures, arguments, true)
}

fn report(figures: ProofFigures, arguments: &Arguments, resumed: bool) -> Result<Report, CommandError> {
    let text = figures.tables(|properties| {
        properties.add("verified", "by the stock verifier").add("record", arguments.out.display())
    });
    let done = format!("the block is committed and its proof is in {}", arguments.out.display());
    let proof = Location::from(arguments.out.as_path());
    Ok(Report::new(&Outcome { figures, proof, verified: true, resumed }, text)?.that_did(done))
}
