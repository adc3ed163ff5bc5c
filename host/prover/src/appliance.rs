//! The appliance: one preset's circuit, setup and keys, ready to turn executed blocks into checked proofs on any engine.
//!
//! ```text
//! BlockTrace --Prepared--> public inputs, circuit with witness     (refused here if it does not fit)
//! data directory --Appliance::open--> setup, keys                  (minutes the first time, seconds later)
//! its bases --Lineup::open--> engines                              (a card has them pinned)
//! all --Appliance::prove--> proof --stock verifier--> ProofRecord  (nothing unchecked leaves)
//! ```

use crate::data::DataDirectory;
use crate::engine::lineup::{Attempted, Lineup};
use crate::engine::{Bases, Engine};
use crate::evm::{Evm, EvmError, EvmOutcome, encode_verifying_key};
use crate::keys::{self, CacheOutcome, KeysError};
use crate::limits::available_memory;
use crate::measure::{MIB, Stages};
use crate::progress::Progress;
use crate::prover::{self, CosetsOutcome, ProverError, ProverKey, VerifyError};
use crate::record::{BlockRecord, Bytes, ProofRecord, SetupRecord, VERSION, Word, circuit_digest, words};
use crate::setup::{Setup, SetupError};
use halo2_axiom::plonk::VerifyingKey;
use halo2curves::bn256::{Fr, G1Affine};
use penstock_circuits::circuit::batch::{Batch, BatchCircuit};
use penstock_circuits::circuit::demand::{CapacityError, Demand};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::public_inputs::{ChainNotServed, PublicInputs};
use penstock_circuits::trace::BlockTrace;
use std::path::PathBuf;

/// Which setup the keys are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SetupChoice {
    /// The development setup of the data directory: INSECURE.
    #[default]
    Development,
    /// A setup's file, imported or generated.
    File(PathBuf),
}

/// An executed block laid into a preset's circuit.
pub struct Prepared<'a> {
    trace: &'a BlockTrace,
    /// The preset.
    pub preset: Preset,
    public: PublicInputs,
    batch: Batch,
    circuit: BatchCircuit,
}

/// Why a block does not go into a preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoesNotFit {
    /// More of something than the preset has.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    /// A chain beyond the preset's.
    #[error(transparent)]
    Chain(#[from] ChainNotServed),
}

/// A preset, ready to prove.
pub struct Appliance {
    preset: Preset,
    setup: Setup,
    key: ProverKey,
    keys: CacheOutcome,
    cosets: CosetsOutcome,
}

/// Why an appliance does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No setup.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Keys that the prover does not take.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// Less memory than a proof needs.
    #[error(
        "preset {preset} needs about {needed} MiB of memory and {available} MiB are available: free some, or use a smaller preset"
    )]
    Memory {
        /// The preset.
        preset: Preset,
        /// MiB needed at least.
        needed: u64,
        /// MiB there are.
        available: u64,
    },
}

/// Why there is no checked proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The prover failed.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// The prover's own proof is refused.
    #[error(
        "the engine {engine} made a proof that does not verify ({source}): nothing was written; run the command again, and report it if it happens again"
    )]
    Refused {
        /// The engine.
        engine: String,
        /// What the verifier says.
        source: VerifyError,
    },
}

impl ProveError {
    /// Whether an engine that fails or answers wrongly could be behind this.
    fn may_be_the_engines(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Prover(ProverError::Engine(_) | ProverError::Transcript(_)))
    }
}

impl<'a> Prepared<'a> {
    /// Lays a block into a preset's circuit.
    ///
    /// # Errors
    /// The block does not fit.
    pub fn new(trace: &'a BlockTrace, preset: Preset) -> Result<Self, DoesNotFit> {
        let capacities = preset.capacities();
        Demand::of_trace(trace).fit(&capacities)?;
        let batch = Batch::new(preset);
        let public = PublicInputs::new(trace, capacities.chains)?;
        let circuit = batch.assign(trace, &public)?;
        Ok(Self { trace, preset, public, batch, circuit })
    }

    /// Lays a block into the smallest preset that holds it.
    ///
    /// # Errors
    /// It does not fit the largest.
    pub fn smallest(trace: &'a BlockTrace) -> Result<Self, DoesNotFit> {
        let demand = Demand::of_trace(trace);
        let farthest = trace.operations.iter().filter_map(|traced| traced.operation.chain()).max().unwrap_or(0);
        let holds = |preset: &Preset| {
            let capacities = preset.capacities();
            farthest <= capacities.chains && demand.fit(&capacities).is_ok()
        };
        Self::new(trace, Preset::ALL.into_iter().find(holds).unwrap_or(Preset::LARGEST))
    }

    /// The preset's circuit.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }
}

impl Appliance {
    /// Gets setup and keys of a preset ready.
    ///
    /// # Errors
    /// One of them cannot be had, or there is too little memory.
    pub fn open(
        preset: Preset,
        batch: &Batch,
        setup: &SetupChoice,
        data: &DataDirectory,
        stages: &Stages,
        progress: &Progress,
    ) -> Result<Self, OpenError> {
        check_memory(preset, batch)?;
        let setup = stages.time("setup", || match setup {
            SetupChoice::Development => data.development_setup(batch.k(), progress),
            SetupChoice::File(file) => data.fitted_setup(file, batch.k(), progress),
        })?;
        let (pk, keys) = stages.time("keys", || {
            keys::load_or_build(&data.keys(), preset.name(), &setup, &batch.shape(), data.lock_timeout(), progress)
        })?;
        let key = ProverKey::new(pk)?;
        let beside = keys.path().with_extension("cosets");
        let cosets = stages.time("cosets", || key.load_or_compute_cosets(&beside, data.lock_timeout(), progress));
        Ok(Self { preset, setup, key, keys, cosets })
    }

    /// What commitments are computed over.
    pub fn bases(&self) -> Bases {
        Bases { monomial: self.setup.monomial().clone(), lagrange: self.setup.lagrange().clone() }
    }

    /// Proves a block and has the stock verifier check the proof: on the engines in their order, see [`Lineup`]. The
    /// stages of failed attempts count too.
    ///
    /// # Errors
    /// There is no proof, or it does not verify.
    pub fn prove(
        &self,
        engines: &Lineup,
        prepared: &Prepared<'_>,
        block: Word,
        seed: Option<[u8; 32]>,
        stages: &Stages,
    ) -> Result<ProofRecord, ProveError> {
        let instance = prepared.public.instance();
        let work = |engine: &dyn Engine| self.prove_once(engine, prepared, &instance, seed, stages);
        let Attempted { value: proof, engine, failed } = engines.attempt(work, ProveError::may_be_the_engines)?;
        Ok(ProofRecord {
            version: VERSION,
            preset: self.preset,
            engine,
            failed_attempts: failed,
            setup: self.setup_record(),
            circuit: circuit_digest(self.key.vk()),
            block: BlockRecord::new(block, prepared.trace),
            instances: words(&instance),
            proof: Bytes(proof),
            stages: stages.spans(),
        })
    }

    fn prove_once(
        &self,
        engine: &dyn Engine,
        prepared: &Prepared<'_>,
        instance: &[Fr],
        seed: Option<[u8; 32]>,
        stages: &Stages,
    ) -> Result<Vec<u8>, ProveError> {
        let proof = prover::prove(&self.key, engine, &prepared.circuit, &[instance], seed, stages)?;
        stages
            .time("verify", || prover::verify(self.key.vk(), self.setup.params(), &[instance], &proof))
            .map_err(|source| ProveError::Refused { engine: engine.name().into(), source })?;
        Ok(proof)
    }

    /// The setup.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The setup, by name.
    pub fn setup_record(&self) -> SetupRecord {
        SetupRecord { origin: self.setup.origin().clone(), digest: Word(self.setup.digest()) }
    }

    /// The verifying key.
    pub fn vk(&self) -> &VerifyingKey<G1Affine> {
        self.key.vk()
    }

    /// Where the keys came from.
    pub fn keys(&self) -> &CacheOutcome {
        &self.keys
    }

    /// Where the keys' values on cosets came from.
    pub fn cosets(&self) -> &CosetsOutcome {
        &self.cosets
    }
}

/// What the verifier contract on an EVM in memory says to a proof.
///
/// # Errors
/// The key cannot be put there, or the call not be made; a refused proof is an outcome.
pub fn verify_on_evm(
    setup: &Setup,
    vk: &VerifyingKey<G1Affine>,
    instance: &[Fr],
    proof: &[u8],
) -> Result<EvmOutcome, EvmError> {
    let key = encode_verifying_key(setup.params(), vk, instance.len())?;
    let mut evm = Evm::new()?;
    let address = evm.deploy_key(&key)?;
    evm.verify(address, proof, instance)
}

/// Refuses to start what would end in the system killing the process.
fn check_memory(preset: Preset, batch: &Batch) -> Result<(), OpenError> {
    let (needed, available) = (memory_needed(batch) / MIB, available_memory().map(|bytes| bytes / MIB));
    match available {
        Some(available) if available < needed => Err(OpenError::Memory { preset, needed, available }),
        _ => Ok(()),
    }
}

/// Bytes that a proof takes, as measured within a tenth: the key's columns as values, coefficients and on every coset; the
/// advice as values, coefficients and on one coset; the quotient's pieces twice; two bases, each twice (a point is two
/// elements); and a quarter more for everything else.
fn memory_needed(batch: &Batch) -> u64 {
    let report = batch.report();
    let cosets = report.degree - 1;
    let key = (report.fixed_columns + report.copy_columns + 2) * (2 + cosets);
    let polynomials = key + 3 * report.advice_columns + 2 * cosets + 2 * 2 * 2;
    ((polynomials * size_of::<Fr>()) as u64 * 5 / 4) << batch.k()
}
