//! What `demo`, `prove` and `bench` have in common: a block goes in, a checked proof and its figures come out.

use super::Context;
use super::arguments::warn_if_insecure;
use super::error::CommandError;
use super::report::{Properties, table};
use penstock_circuits::chain;
use penstock_circuits::circuit::demand::Demand;
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::operation::Block;
use penstock_circuits::trace::BlockTrace;
use penstock_prover::appliance::{Appliance, DoesNotFit, Prepared, SetupChoice};
use penstock_prover::engine::EngineSettings;
use penstock_prover::engine::lineup::{FailedAttempt, Lineup};
use penstock_prover::measure::{Span, StageSpan, Stages, Stopwatch, peak_rss_mib};
use penstock_prover::prover::CosetsOutcome;
use penstock_prover::record::{BlockRecord, ProofRecord, SetupRecord, Word};
use serde::Serialize;
use std::collections::BTreeMap;
use tracing::{info, warn};

/// How a block is to be proved: preset, setup, engine, blinding.
pub struct ProofPlan {
    /// The preset; the smallest that holds the block if there is none.
    pub preset: Option<Preset>,
    /// The setup.
    pub setup: SetupChoice,
    /// The engine, and what may happen if it fails.
    pub engine: EngineSettings,
    /// The seed of the blinding.
    pub seed: Option<[u8; 32]>,
}

/// A block's witness, with what making it took.
pub struct Witnessed<'a> {
    pub prepared: Prepared<'a>,
    span: Span,
}

/// A proof, with what making it took.
pub struct Proved {
    /// The record.
    pub record: ProofRecord,
    /// Witness, proof and stock verification.
    pub span: Span,
}

impl ProofPlan {
    /// Refuses a block that cannot fit, whatever its execution says: before signatures are checked and anything is
    /// computed.
    pub fn check_room(&self, block: &Block) -> Result<(), CommandError> {
        let preset = self.preset.unwrap_or(Preset::LARGEST);
        Ok(Demand::of_block(block).fit(&preset.capacities()).map_err(DoesNotFit::from)?)
    }

    /// Lays an executed block into the preset.
    pub fn witness<'a>(&self, trace: &'a BlockTrace, stages: &Stages) -> Result<Witnessed<'a>, CommandError> {
        let watch = Stopwatch::start();
        let prepared = stages.time("witness", || match self.preset {
            Some(preset) => Prepared::new(trace, preset),
            None => Prepared::smallest(trace),
        })?;
        if self.preset.is_none() {
            info!("preset {}: the smallest that holds the block", prepared.preset);
        }
        Ok(Witnessed { prepared, span: watch.elapsed() })
    }

    /// Gets setup and keys ready.
    pub fn open(
        &self,
        witnessed: &Witnessed<'_>,
        stages: &Stages,
        context: &Context,
    ) -> Result<Appliance, CommandError> {
        let Prepared { preset, .. } = witnessed.prepared;
        let batch = witnessed.prepared.batch();
        let data = context.data()?;
        let appliance = Appliance::open(preset, batch, &self.setup, &data, stages, &context.progress)?;
        info!("{}", appliance.keys());
        match appliance.cosets() {
            cosets @ CosetsOutcome::NotKept { .. } => warn!("{cosets}"),
            cosets => info!("{cosets}"),
        }
        warn_if_insecure(appliance.setup());
        Ok(appliance)
    }

    /// Proves the block.
    pub fn prove(
        &self,
        appliance: &Appliance,
        engines: &Lineup,
        witnessed: &Witnessed<'_>,
        block: Word,
        stages: &Stages,
    ) -> Result<Proved, CommandError> {
        let watch = Stopwatch::start();
        let record = appliance.prove(engines, &witnessed.prepared, block, self.seed, stages)?;
        Ok(Proved { record, span: witnessed.span + watch.elapsed() })
    }
}

/// Opens the engines; people hear of failed attempts when they happen.
pub fn open_engines(settings: &EngineSettings, appliance: &Appliance, stages: &Stages) -> Result<Lineup, CommandError> {
    let listener = |failed: &FailedAttempt| warn!("{failed}");
    Ok(stages.time("engine", || Lineup::open(settings, &appliance.bases(), listener))?)
}

/// What is told of a proof.
#[derive(Serialize)]
pub struct ProofFigures {
    pub block: u64,
    pub operations: usize,
    pub operations_by_chain: BTreeMap<String, usize>,
    pub old_root: Word,
    pub new_root: Word,
    pub preset: &'static str,
    pub engine: String,
    pub failed_attempts: Vec<FailedAttempt>,
    pub setup: SetupRecord,
    pub insecure: bool,
    pub circuit: Word,
    pub proof_bytes: usize,
    pub prove_seconds: f64,
    pub cpu_seconds: f64,
    pub peak_rss_mib: Option<u64>,
    pub stages: Vec<StageSpan>,
}

impl ProofFigures {
    /// Of a proof that took `span`, in a command whose stages were these.
    pub fn new(record: &ProofRecord, insecure: bool, span: Span, stages: &Stages) -> Result<Self, CommandError> {
        Ok(Self {
            block: record.block.number,
            operations: record.block.operations.len(),
            operations_by_chain: by_chain(&record.block)?,
            old_root: record.block.old_root,
            new_root: record.block.new_root,
            preset: record.preset.name(),
            engine: record.engine.clone(),
            failed_attempts: record.failed_attempts.clone(),
            setup: record.setup.clone(),
            insecure,
            circuit: record.circuit,
            proof_bytes: record.proof.0.len(),
            prove_seconds: span.seconds,
            cpu_seconds: span.cpu_seconds,
            peak_rss_mib: peak_rss_mib(),
            stages: stages.spans(),
        })
    }

    /// The tables: operations by chain, stages, and the properties of every proof with `more` behind them.
    pub fn tables(&self, more: impl FnOnce(Properties) -> Properties) -> String {
        let chains = self.operations_by_chain.iter().map(|(chain, count)| [chain.clone(), count.to_string()]);
        let row = |name: &str, seconds: f64, cpu: f64| [name.into(), format!("{seconds:.2}"), format!("{cpu:.2}")];
        let stages = self.stages.iter().map(|span| row(&span.stage, span.seconds, span.cpu_seconds));
        let total = [row("witness to checked proof", self.prove_seconds, self.cpu_seconds)];
        let known = Properties::default()
            .add("block", self.block)
            .add("old root", self.old_root)
            .add("new root", self.new_root)
            .add("preset", self.preset)
            .add("engine", self.engine_in_words())
            .add("setup", &self.setup.origin)
            .add("proof", format_args!("{} bytes", self.proof_bytes))
            .add("peak memory", megabytes(self.peak_rss_mib));
        [
            table(["operations", "number"], chains),
            table(["stage", "seconds", "CPU seconds"], stages.chain(total)),
            more(known).to_string(),
        ]
        .concat()
    }

    fn engine_in_words(&self) -> String {
        match self.failed_attempts.len() {
            0 => self.engine.clone(),
            failed => format!("{}, after {failed} failures", self.engine),
        }
    }
}

/// Mebibytes for people.
pub fn megabytes(mib: Option<u64>) -> String {
    mib.map_or_else(|| "unknown".into(), |mib| format!("{mib} MiB"))
}

/// How many operations each chain checks, and how many none does.
pub fn by_chain(block: &BlockRecord) -> Result<BTreeMap<String, usize>, CommandError> {
    let mut counts = BTreeMap::new();
    for pubdata in block.pubdata()? {
        let name = pubdata.chain().map_or_else(|| "in the rollup".into(), chain::name);
        *counts.entry(name).or_default() += 1;
    }
    Ok(counts)
}
