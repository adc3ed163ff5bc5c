//! `penstock verify`: checks a proof record against keys of one's own.

use super::Context;
use super::arguments::{SetupArguments, warn_if_insecure};
use super::error::CommandError;
use super::proof::by_chain;
use super::report::{Properties, Report, table};
use halo2_axiom::plonk::VerifyingKey;
use halo2curves::bn256::G1Affine;
use penstock_circuits::circuit::batch::Batch;
use penstock_circuits::public_inputs::PublicInputs;
use penstock_prover::appliance::{SetupChoice, verify_on_evm};
use penstock_prover::keys;
use penstock_prover::measure::Stages;
use penstock_prover::record::{ProofRecord, Word};
use penstock_prover::setup::Setup;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The proof record.
    #[arg(value_name = "PROOF.json")]
    proof: PathBuf,
    #[command(flatten)]
    setup: SetupArguments,
    /// Have the verifier contract check it on an EVM, too.
    #[arg(long)]
    evm: bool,
}

/// What a record was checked with, and what it proves.
pub struct Checked {
    pub setup: Setup,
    pub vk: VerifyingKey<G1Affine>,
    pub public: PublicInputs,
}

#[derive(Serialize)]
struct Outcome {
    verified: bool,
    block: u64,
    operations: usize,
    operations_by_chain: BTreeMap<String, usize>,
    old_root: Word,
    new_root: Word,
    preset: &'static str,
    circuit: Word,
    setup: Word,
    insecure: bool,
    /// Whether the contract accepts it; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    evm_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evm_gas: Option<u64>,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let record = ProofRecord::read(&arguments.proof)?;
    let stages = Stages::new(context.progress.clone());
    let Checked { setup, vk, public } = check(&record, &arguments.setup.choice(), &stages, context)?;
    warn_if_insecure(&setup);
    let evm = match arguments.evm {
        true => Some(verify_on_evm(&setup, &vk, &public.instance(), &record.proof.0)?),
        false => None,
    };
    if evm.is_some_and(|evm| !evm.accepted()) {
        return Err(CommandError::EvmRefused);
    }
    let outcome = Outcome {
        verified: true,
        block: record.block.number,
        operations: record.block.operations.len(),
        operations_by_chain: by_chain(&record.block)?,
        old_root: record.block.old_root,
        new_root: record.block.new_root,
        preset: record.preset.name(),
        circuit: record.circuit,
        setup: record.setup.digest,
        insecure: setup.is_insecure(),
        evm_verified: evm.map(|evm| evm.accepted()),
        evm_gas: evm.map(|evm| evm.gas_used),
    };
    let properties = Properties::default()
        .add("proof", "verified")
        .add("block", outcome.block)
        .add("old root", outcome.old_root)
        .add("new root", outcome.new_root)
        .add("preset", outcome.preset)
        .add("setup", setup.origin());
    let properties = match outcome.evm_gas {
        Some(gas) => properties.add("gas on an EVM", gas),
        None => properties,
    };
    let chains = outcome.operations_by_chain.iter().map(|(chain, count)| [chain.clone(), count.to_string()]);
    let text = format!("{}{properties}", table(["operations", "number"], chains));
    Report::new(&outcome, text)
}

/// Checks a record with one's own setup and keys; keys that are not cached are built, setups are never generated.
pub fn check(
    record: &ProofRecord,
    setup: &SetupChoice,
    stages: &Stages,
    context: &Context,
) -> Result<Checked, CommandError> {
    let batch = Batch::new(record.preset);
    let data = context.data()?;
    let setup = stages.time("setup", || match setup {
        SetupChoice::Development => data.existing_development_setup(batch.k()),
        SetupChoice::File(file) => data.fitted_setup(file, batch.k(), &context.progress).map(Some),
    })?;
    let setup = setup.ok_or(CommandError::NoSetup { preset: record.preset })?;
    // Keys may take minutes; a record of another setup is not worth them.
    record.check_setup(&setup)?;
    let vk = stages.time("keys", || {
        let (directory, name, shape) = (data.keys(), record.preset.name(), batch.shape());
        match keys::load_verifying_key(&directory, name, &setup, &shape)? {
            Some(vk) => Ok(vk),
            None => keys::load_or_build(&directory, name, &setup, &shape, data.lock_timeout(), &context.progress)
                .map(|(pk, _)| pk.get_vk().clone()),
        }
    })?;
    let public = stages.time("verify", || record.verify(&setup, &vk))?;
    Ok(Checked { setup, vk, public })
}
