//! `penstock prove`: the block is executed, proved and verified; then its record is written; then the state is committed.
//!
//! The order makes a crash harmless. Until the record is there nothing has changed. With the record and an uncommitted
//! state, running the command again takes the proof from the record and commits. With both, it reports what is there.

use super::arguments::{BlockLimit, EngineArguments, SetupArguments, preset, seed, warn_if_insecure};
use super::error::CommandError;
use super::input::read_block;
use super::proof::{Means, ProofFigures, Proved, open_engines};
use super::report::Report;
use super::verify::check;
use super::{Context, clock, note};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::encoding::element_to_bytes;
use penstock_circuits::execute::BlockError;
use penstock_circuits::state::State;
use penstock_circuits::trace::BlockTrace;
use penstock_prover::appliance::Appliance;
use penstock_prover::measure::{Span, Stages, Stopwatch};
use penstock_prover::record::{ProofRecord, RecordError, Word, block_id};
use penstock_prover::sealed;
use serde::Serialize;
use std::path::{Path, PathBuf};

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
    proof: PathBuf,
    verified: bool,
    /// Whether the proof was taken from a record that was there already.
    resumed: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let block = read_block(&arguments.block, arguments.limit.bytes)?;
    let means = Means {
        preset: arguments.preset,
        setup: arguments.setup.choice(),
        engine: arguments.engine.settings(),
        seed: arguments.seed,
    };
    means.check_room(&block)?;
    let id = block_id(&block)?;
    let earlier = earlier_record(&arguments.out, id)?;
    // What was proved in time is committed whenever the command is run again.
    if earlier.is_none() && !arguments.any_time {
        clock::check(block.timestamp)?;
    }
    let state = State::open(&arguments.state)?;
    let stages = Stages::new(context.progress.spinner("proof"));
    let executed = stages.time("execute", || state.execute(&block));
    let (trace, changes) = match (executed, earlier.as_ref()) {
        (Err(BlockError::Number { .. }), Some(record)) if is_head(&state, record)? => {
            return already_done(record, arguments, &stages, context);
        }
        (executed, _) => executed?,
    };

    let witnessed = means.witness(&trace, &stages)?;
    sealed::probe(&arguments.out)?;
    let appliance = means.open(&witnessed, &stages, context)?;
    let reusable = earlier.filter(|record| is_reusable(record, &trace, &appliance));
    let resumed = reusable.is_some();
    let Proved { record, span } = match reusable {
        Some(record) => Proved { record, span: Span::default() },
        None => {
            let engines = open_engines(&means.engine, &appliance, &stages)?;
            means.prove(&appliance, &engines, &witnessed, id, &stages)?
        }
    };
    if !resumed {
        record.write(&arguments.out)?;
    }
    state.commit(changes).map_err(|source| CommandError::NotCommitted { record: arguments.out.clone(), source })?;
    let figures = ProofFigures::new(&record, appliance.setup().is_insecure(), span, &stages)?;
    report(figures, arguments, resumed)
}

/// The record at the path where the proof should go, if it is this block's.
fn earlier_record(out: &Path, id: Word) -> Result<Option<ProofRecord>, CommandError> {
    let taken = |what: &str| Err(CommandError::OutputTaken { path: out.into(), what: what.into() });
    match ProofRecord::read(out) {
        Ok(record) if record.block.id == id => Ok(Some(record)),
        Ok(_) => taken("is the proof record of another block"),
        Err(RecordError::File(error)) if error.is_not_found() => Ok(None),
        Err(_) => taken("is there already and is no proof record"),
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
    note("the block is proved and committed already");
    let figures = ProofFigures::new(record, checker.setup.is_insecure(), watch.elapsed(), stages)?;
    report(figures, arguments, true)
}

fn report(figures: ProofFigures, arguments: &Arguments, resumed: bool) -> Result<Report, CommandError> {
    let text =
        figures.tables(|facts| facts.add("verified", "by the stock verifier").add("record", arguments.out.display()));
    Report::new(&Outcome { figures, proof: arguments.out.clone(), verified: true, resumed }, text)
}
