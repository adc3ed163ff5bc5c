//! `penstock bench prove`: a block full of Transfers, each between accounts of its own, and what its proof costs.

use super::Context;
use super::arguments::{EngineArguments, SetupArguments, preset};
use super::compare::{Comparison, compare};
use super::error::CommandError;
use super::proof::{ProofFigures, ProofPlan, open_engines};
use super::report::Report;
use halo2curves::bn256::Fr;
use penstock_circuits::chain::Chain;
use penstock_circuits::circuit::preset::{Capacities, Preset};
use penstock_circuits::eddsa::{PrivateKey, SignatureError};
use penstock_circuits::operation::{
    Block, Deployment, FIRST_USER, Kind, Owner, POOLED_USD, PubKeyHash, Signed, SignedOperation, Transfer,
};
use penstock_circuits::packing::{NotPackable, PackedAmount, PackedFee};
use penstock_circuits::state::{Genesis, GenesisAccount, GenesisBalance, GenesisReserve, State};
use penstock_prover::appliance::verify_on_evm;
use penstock_prover::engine::{EngineChoice, EngineSettings};
use penstock_prover::files::FileError;
use penstock_prover::measure::{Span, Stages, Stopwatch};
use penstock_prover::record::block_id;
use serde::Serialize;
use std::env;

/// What every account starts with.
const BALANCE: u128 = 1_000_000;
const AMOUNT: u128 = 1_000;
const FEE: u128 = 10;
/// A stablecoin that pools into [`POOLED_USD`].
const STABLECOIN: u16 = 17;

/// The rollup of the benchmark's people.
const DEPLOYMENT: Deployment = Deployment(Fr::from_raw([0x62_656e_6368, 0, 0, 1]));

#[derive(clap::Subcommand)]
pub enum Command {
    /// Proves a block full of Transfers.
    Prove(Arguments),
}

#[derive(clap::Args)]
pub struct Arguments {
    /// Capacity preset.
    #[arg(long, value_name = "PRESET", value_parser = preset())]
    preset: Preset,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    setup: SetupArguments,
    /// Prove the block with this engine too, by turns, and compare the wall times.
    #[arg(long, value_name = "ENGINE")]
    against: Option<EngineChoice>,
    /// Proofs with each engine that are compared.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "against", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    figures: ProofFigures,
    transfers: usize,
    /// Witness, proof and stock verification.
    cpu_seconds_per_transfer: f64,
    /// From the start of the command: genesis, signatures, setup and keys from the disk, EVM and all.
    command_seconds: f64,
    command_cpu_seconds: f64,
    command_cpu_seconds_per_transfer: f64,
    verified: bool,
    evm_verified: bool,
    evm_gas: u64,
    comparison: Option<Comparison>,
}

pub fn run(command: &Command, context: &Context) -> Result<Report, CommandError> {
    let Command::Prove(arguments) = command;
    let watch = Stopwatch::start();
    let stages = Stages::new(context.progress.clone());
    let transfers = capacity(&arguments.preset.capacities());
    let sample = |error: &dyn std::fmt::Display| CommandError::Usage(format!("the sample block is broken: {error}"));
    let people: Vec<Person> = (0..transfers.max(2)).map(Person::new).collect();
    let block = stages.time("sign", || block(&people, transfers)).map_err(|error| sample(&error))?;
    let folder = tempfile::tempdir().map_err(|error| FileError::new("create a folder in", &env::temp_dir(), error))?;
    let state = stages.time("genesis", || State::init(folder.path(), &genesis(&people)))?;
    let (trace, _) = stages.time("execute", || state.execute(&block))?;

    let plan = ProofPlan {
        preset: Some(arguments.preset),
        setup: arguments.setup.choice(),
        engine: arguments.engine.settings(),
        seed: None,
    };
    let witnessed = plan.witness(&trace, &stages)?;
    let appliance = plan.open(&witnessed, &stages, context)?;
    let engines = open_engines(&plan.engine, &appliance, &stages)?;
    let id = block_id(&block)?;
    let proved = plan.prove(&appliance, &engines, &witnessed, id, &stages)?;
    let public = proved.record.verify(appliance.setup(), appliance.vk())?;
    let evm = stages
        .time("EVM", || verify_on_evm(appliance.setup(), appliance.vk(), &public.instance(), &proved.record.proof.0))?;
    if !evm.accepted() {
        return Err(CommandError::EvmRefused);
    }

    let comparison = match &arguments.against {
        None => None,
        Some(against) => {
            let settings = EngineSettings { engine: against.clone(), ..EngineSettings::default() };
            let against = open_engines(&settings, &appliance, &stages)?;
            let prepared = &witnessed.prepared;
            Some(compare(&appliance, prepared, id, [&engines, &against], arguments.rounds)?)
        }
    };

    let figures = ProofFigures::new(&proved.record, appliance.setup().is_insecure(), proved.span, &stages)?;
    let Span { seconds, cpu_seconds } = watch.elapsed();
    let each = |cpu_seconds: f64| cpu_seconds / transfers as f64;
    let outcome = Outcome {
        transfers,
        cpu_seconds_per_transfer: each(figures.cpu_seconds),
        command_seconds: seconds,
        command_cpu_seconds: cpu_seconds,
        command_cpu_seconds_per_transfer: each(cpu_seconds),
        verified: true,
        evm_verified: evm.accepted(),
        evm_gas: evm.gas_used,
        comparison,
        figures,
    };
    let text = outcome.figures.tables(|properties| {
        let properties = match &outcome.comparison {
            None => properties,
            Some(Comparison { against, rounds, seconds, against_seconds, ratio, .. }) => properties.add(
                &format!("against {against}"),
                format_args!("{seconds:.2} s : {against_seconds:.2} s = {ratio:.3}, medians of {rounds} rounds"),
            ),
        };
        properties
            .add("gas on an EVM", outcome.evm_gas)
            .add("transfers", transfers)
            .add("CPU seconds a transfer", format_args!("{:.3}", outcome.cpu_seconds_per_transfer))
            .add("the whole command's", format_args!("{:.3}", outcome.command_cpu_seconds_per_transfer))
    });
    Report::new(&outcome, text)
}

/// How many Transfers fill a preset.
fn capacity(capacities: &Capacities) -> usize {
    let slots = capacities.slots.iter().find(|(kind, _)| *kind == Kind::Transfer).map_or(0, |(_, slots)| *slots);
    slots.min(capacities.signatures)
}

/// Somebody with an address and a key, both made of a number.
struct Person {
    owner: Owner,
    key: PrivateKey,
}

impl Person {
    fn new(number: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
        Self { owner: Owner(bytes), key: PrivateKey::new(bytes) }
    }
}

/// Everybody with a key and a balance; the collector has an address above theirs.
fn genesis(people: &[Person]) -> Genesis {
    let account = |person: &Person| GenesisAccount {
        owner: person.owner,
        pub_key_hash: PubKeyHash::of(&person.key.public_key()),
        balances: vec![GenesisBalance { sub: 0, token: POOLED_USD, amount: BALANCE }],
    };
    let collector = Owner([0xff; 32]);
    Genesis {
        deployment: DEPLOYMENT,
        collector: GenesisAccount { owner: collector, pub_key_hash: PubKeyHash::default(), balances: Vec::new() },
        accounts: people.iter().map(account).collect(),
        reserves: vec![GenesisReserve {
            chain: Chain::Ethereum.id(),
            l1_token: STABLECOIN,
            l2_token: POOLED_USD,
            amount: BALANCE * people.len() as u128,
        }],
    }
}

/// Why the sample block is none.
#[derive(Debug, thiserror::Error)]
enum SampleError {
    #[error(transparent)]
    Amount(#[from] NotPackable),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Each account sends to the next.
fn block(people: &[Person], transfers: usize) -> Result<Block, SampleError> {
    let (amount, fee) = (PackedAmount::new(AMOUNT)?, PackedFee::new(FEE)?);
    let operations = people.iter().take(transfers).zip(FIRST_USER..).map(|(person, from)| {
        let next = (from - FIRST_USER + 1) % people.len() as u32;
        let body = Transfer {
            from,
            from_sub: 0,
            token: POOLED_USD,
            amount,
            to: FIRST_USER + next,
            to_sub: 0,
            to_owner: people[next as usize].owner,
            fee,
            nonce: 0,
            time: 0,
        };
        Ok(SignedOperation::Transfer(Signed::sign(body, &person.key, DEPLOYMENT)?))
    });
    Ok(Block { number: 1, timestamp: 0, operations: operations.collect::<Result<_, SampleError>>()? })
}
