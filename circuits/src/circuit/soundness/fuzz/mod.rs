//! Differential fuzzing: random blocks, legal and nearly legal, put to the execution and to the circuit. Both are to accept the same.
//!
//! The circuit's answer is that of its items, on what a dishonest sequencer makes of the block (`liar`): programs in order,
//! tuples balanced over the whole block, signatures checked on the messages that the programs drew. Where both accept, they must
//! also publish the same.
//!
//! ```text
//! propose ──> block ──> State::execute ──────────────────────────> accepted? public data
//!                  └──> LyingLedger ──programs──> World::judge ──> accepted? public data
//! ```

mod propose;

use std::collections::BTreeMap;
use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

use super::liar::LyingLedger;
use super::world::{Others, World};
use crate::circuit::check::Balance;
use crate::circuit::programs::frame::Shared;
use crate::circuit::programs::{Place, run_block};
use crate::circuit::slot::Constraint;
use crate::circuit::witness::signatures;
use crate::eddsa::verify;
use crate::encoding::word;
use crate::execute::BlockError;
use crate::operation::{Block, PubKeyHash};
use crate::public_inputs::PublicInputs;
use crate::state::{State, StateError};
use crate::trace::BlockTrace;
pub use propose::{genesis, ledger};

/// Chains that the circuit serves here.
const CHAINS: u8 = 8;
/// Blocks that are tried on one state.
const TRIES: usize = 64;
/// Blocks after which a new state is begun.
const BLOCKS: usize = 24;

/// What fuzzing found.
#[derive(Clone, Debug, Default)]
pub struct FuzzReport {
    /// Blocks that were put to both.
    pub blocks: usize,
    /// Of these, accepted by both.
    pub accepted: usize,
    /// Operations of accepted blocks, by kind's name.
    pub operations: BTreeMap<&'static str, usize>,
    /// Differences, told.
    pub differences: Vec<String>,
}

/// Why fuzzing cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FuzzError {
    /// The state cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// A state could not be advanced by a block that it had accepted.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// Puts so many random blocks to execution and circuit. States are kept in new folders under `folder`. The same seed makes the
/// same blocks.
///
/// # Errors
/// A state that cannot be created, read or written.
pub fn fuzz(folder: &Path, seed: u64, blocks: usize) -> Result<FuzzReport, FuzzError> {
    let mut report = FuzzReport::default();
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for number in 0.. {
        if report.blocks >= blocks {
            break;
        }
        let genesis = genesis(&mut rng);
        let state = State::init(&folder.join(format!("state-{number}")), &genesis)?;
        let mut liar = ledger(&genesis);
        for _ in 0..BLOCKS {
            let left = blocks.saturating_sub(report.blocks).min(TRIES);
            let seeds: Vec<u64> = (0..left).map(|_| rng.r#gen()).collect();
            let number = state.view()?.head().number + 1;
            let tried: Vec<_> = seeds.par_iter().map(|seed| try_block(&state, &liar, number, *seed)).collect();
            let mut next = None;
            for tried in tried {
                let Tried { block, accepted, difference } = tried?;
                report.blocks += 1;
                report.differences.extend(difference);
                if accepted {
                    report.accepted += 1;
                    for operation in &block.operations {
                        *report.operations.entry(operation.kind().name()).or_default() += 1;
                    }
                    // The state grows by the last block that it takes.
                    next = Some(block);
                }
            }
            if let Some(block) = next {
                state.apply(&block)?;
                liar.block(&block);
            }
        }
    }
    Ok(report)
}

struct Tried {
    block: Block,
    accepted: bool,
    difference: Option<String>,
}

fn try_block(state: &State, liar: &LyingLedger, number: u64, seed: u64) -> Result<Tried, FuzzError> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let block = propose::block(&mut rng, liar, number);
    let executed = match state.execute(&block) {
        Ok((trace, _)) => Ok(trace),
        Err(BlockError::State(error)) => return Err(error.into()),
        Err(error) => Err(error.to_string()),
    };
    // Now and then the sequencer takes less than it should.
    let mut liar = liar.clone();
    let falls_short = rng.gen_bool(0.1);
    liar.fall_short(if falls_short { rng.gen_range(1..4) } else { 0 });
    let trace = liar.block(&block);
    let circuit = judge(&trace);
    let told = |what: String| {
        Some(format!("seed {seed:#x}: {what}; the block: {}", serde_json::to_string(&block).unwrap_or_default()))
    };
    let difference = match (&executed, &circuit) {
        (Ok(executed), Ok(())) => {
            let published =
                |trace: &BlockTrace| trace.operations.iter().map(|it| it.pubdata.clone()).collect::<Vec<_>>();
            (published(executed) != published(&trace))
                .then(|| told("both accept, but publish different data".into()))
                .flatten()
        }
        (Err(_), Err(_)) => None,
        // What a preset does not serve is not a rule of the protocol.
        (Ok(_), Err(Refusal::Chain)) => None,
        (Ok(_), Err(_)) if falls_short => None,
        (Ok(_), Err(Refusal::Objections(objections))) => {
            told(format!("execution accepts, the circuit refuses: {objections:?}"))
        }
        (Err(rule), Ok(())) => told(format!("the circuit accepts, execution refuses: {rule}")),
    };
    Ok(Tried { accepted: executed.is_ok() && circuit.is_ok(), block, difference })
}

/// Why the circuit does not accept.
enum Refusal {
    /// A chain that it does not serve.
    Chain,
    /// Who objects.
    Objections(Vec<String>),
}

/// Whether the circuit accepts what a sequencer made of a block.
fn judge(trace: &BlockTrace) -> Result<(), Refusal> {
    let public = PublicInputs::new(trace, CHAINS).map_err(|_| Refusal::Chain)?;
    let shared = Shared::from(&public);
    let instance = public.instance();
    let (mut world, mut balance, mut objections) = (World::default(), Balance::default(), Vec::new());
    run_block(trace, &public, |place, b| {
        let called = match place {
            Place::Operation(index, traced) => {
                for ((key, signature), message) in signatures(&traced.operation).iter().zip(b.signed_messages()) {
                    if verify(key, *message, signature).is_ok() {
                        world.sign(word(&PubKeyHash::of(key).0), *message);
                    }
                }
                format!("operation {index} ({})", traced.operation.kind())
            }
            Place::Credit(number, _) => format!("fee credit {number}"),
            Place::Block => "the block".into(),
        };
        for objection in world.judge(b, shared, Others::Block(&mut balance)) {
            objections.push(format!("{called}: {objection:?}"));
        }
        // Only the block's own slot has any.
        for item in b.items() {
            if let Constraint::Instance { var, index } = item.constraint
                && instance.get(index) != Some(&b.value(var))
            {
                objections.push(format!("public input {index}"));
            }
        }
    });
    objections.extend(balance.broken().map(|class| format!("{class} is not balanced")));
    if objections.is_empty() { Ok(()) } else { Err(Refusal::Objections(objections)) }
}
