//! Gadget: how an operation takes part in its block.
//!
//! The block's running state travels over the bus from operation to operation, in order, through whatever slots hold
//! them: (sequence number, state root, pubdata fold, pubdata evaluation). Each on-chain operation also carries its chain's
//! evaluation on, and each fee the total owed to its receiver; the block's own slot starts and ends all of these.

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::bus::Tag;
use crate::circuit::slot::{Builder, Var};

/// Number of the shared value z, the point at which pubdata is evaluated.
pub const GLOBAL_Z: usize = 0;
/// Bits of the distance between two operations of one chain: no block holds 2^16 operations.
const DISTANCE_BITS: usize = 16;

/// A chain's on-chain operations so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// One more than the sequence number of its last operation; 0 at the start.
    pub last: u64,
    /// Evaluation of its chunks.
    pub evaluation: Fr,
}

/// The values that travel, as they stand before an operation.
#[derive(Clone, Debug)]
pub struct Running {
    /// Number of operations so far.
    pub sequence: u64,
    /// State root.
    pub root: Fr,
    /// Poseidon fold of the chunks.
    pub fold: Fr,
    /// Evaluation of the chunks at z.
    pub evaluation: Fr,
    /// The point of evaluation.
    pub z: Fr,
    /// By chain id.
    pub chains: BTreeMap<u64, ChainState>,
    /// Totals by account and token.
    pub fees: BTreeMap<(u64, u64), Fr>,
}

impl Running {
    /// The state before the first operation of a block.
    pub fn start(root: Fr, z: Fr) -> Self {
        let (chains, fees) = (BTreeMap::new(), BTreeMap::new());
        Self { sequence: 0, root, fold: Fr::ZERO, evaluation: Fr::ONE, z, chains, fees }
    }

    /// The state of a chain.
    pub fn chain(&self, chain: u64) -> ChainState {
        self.chains.get(&chain).copied().unwrap_or(ChainState { last: 0, evaluation: Fr::ONE })
    }
}

/// The running state as an operation found it.
pub struct Frame {
    sequence: Var,
    /// State root before the operation.
    pub root: Var,
    fold: Var,
    evaluation: Var,
    z: Var,
}

fn small(value: Fr) -> u64 {
    let bytes = value.to_bytes();
    u64::from_le_bytes(std::array::from_fn(|i| bytes[i]))
}

impl Frame {
    /// Takes the running state from the bus.
    pub fn enter(b: &mut Builder, running: &Running) -> Self {
        let sequence = b.witness(Fr::from(running.sequence));
        let root = b.witness(running.root);
        let fold = b.witness(running.fold);
        let evaluation = b.witness(running.evaluation);
        b.draw(Tag::Block, &[sequence, root, fold, evaluation]);
        let z = b.import(GLOBAL_Z, running.z);
        Self { sequence, root, fold, evaluation, z }
    }

    /// Absorbs the operation's chunks and hands the running state on with a new root.
    pub fn leave(self, b: &mut Builder, running: &mut Running, root: Var, chunks: &[Var]) {
        let mut fold = self.fold;
        for chunk in chunks {
            fold = b.hash(fold, *chunk);
        }
        let evaluation = evaluate(b, self.z, self.evaluation, chunks);
        let next = b.sum(&[(Fr::ONE, self.sequence)], Fr::ONE);
        b.provide(Tag::Block, &[next, root, fold, evaluation]);
        running.sequence += 1;
        running.root = b.value(root);
        running.fold = b.value(fold);
        running.evaluation = b.value(evaluation);
    }

    /// Absorbs the chunks of an on-chain operation into its chain's evaluation. A chain's operations keep the block's
    /// order, since the sequence number must have grown.
    pub fn report(&self, b: &mut Builder, running: &mut Running, chain: Var, chunks: &[Var]) {
        let id = small(b.value(chain));
        let before = running.chain(id);
        let last = b.witness(Fr::from(before.last));
        let evaluation = b.witness(before.evaluation);
        b.draw(Tag::Chain, &[chain, last, evaluation]);
        let distance = b.sub(self.sequence, last);
        b.range(distance, DISTANCE_BITS);
        let after = evaluate(b, self.z, evaluation, chunks);
        let next = b.sum(&[(Fr::ONE, self.sequence)], Fr::ONE);
        b.provide(Tag::Chain, &[chain, next, after]);
        running.chains.insert(id, ChainState { last: running.sequence + 1, evaluation: b.value(after) });
    }
}

/// Horner: evaluation · z + chunk for each chunk.
fn evaluate(b: &mut Builder, z: Var, evaluation: Var, chunks: &[Var]) -> Var {
    chunks.iter().fold(evaluation, |sum, chunk| b.multiply_add(Fr::ONE, sum, z, *chunk))
}

/// Adds a fee to what `account` is owed in `token` at the end of the block.
pub fn owe(b: &mut Builder, running: &mut Running, account: Var, token: Var, fee: Var) {
    let key = (small(b.value(account)), small(b.value(token)));
    let before = b.witness(running.fees.get(&key).copied().unwrap_or(Fr::ZERO));
    b.draw(Tag::Fee, &[account, token, before]);
    let after = b.add(before, fee);
    b.provide(Tag::Fee, &[account, token, after]);
    if b.holds_operation() {
        running.fees.insert(key, b.value(after));
    }
}
