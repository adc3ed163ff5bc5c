//! Gadget: how an operation takes part in its block.
//!
//! The block's running state travels over the bus from operation to operation, in order, through whatever slots hold
//! them: (sequence number, state root, pubdata fold, pubdata evaluation). Each on-chain operation also carries its chain's
//! evaluation on, and each fee the total owed to its receiver; the block's own slot starts and ends all of these.

use std::collections::BTreeMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::fields::{Cell, signed_words};
use crate::circuit::bus::Tag;
use crate::circuit::slot::{Builder, Var};
use crate::operation::Form;
use crate::operation::table::SignedFields;
use crate::public_inputs::PublicInputs;

/// Numbers of the values that all slots share: z, deployment, timestamp.
const GLOBAL_Z: usize = 0;
const GLOBAL_DEPLOYMENT: usize = 1;
const GLOBAL_TIMESTAMP: usize = 2;
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

/// What a block's operations share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// The point at which public data is evaluated.
    pub z: Fr,
    /// Which rollup the operations are signed for.
    pub deployment: Fr,
    /// When the block was made, in seconds since 1970.
    pub timestamp: Fr,
}

impl Shared {
    /// By the number under which slots import them.
    pub fn values(self) -> [Fr; 3] {
        [self.z, self.deployment, self.timestamp]
    }
}

impl From<&PublicInputs> for Shared {
    fn from(public: &PublicInputs) -> Self {
        Self { z: public.z, deployment: public.deployment, timestamp: Fr::from(u64::from(public.timestamp)) }
    }
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
    /// What does not change on the way.
    pub shared: Shared,
    /// By chain id.
    pub chains: BTreeMap<u64, ChainState>,
    /// Totals by account and token.
    pub fees: BTreeMap<(u64, u64), Fr>,
}

impl Running {
    /// The state before the first operation of a block.
    pub fn start(root: Fr, shared: Shared) -> Self {
        let (chains, fees) = (BTreeMap::new(), BTreeMap::new());
        Self { sequence: 0, root, fold: Fr::ZERO, evaluation: Fr::ONE, shared, chains, fees }
    }

    /// For the program of an empty slot.
    pub fn idle(shared: Shared) -> Self {
        Self::start(Fr::ZERO, shared)
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
        let sequence = b.input(Fr::from(running.sequence));
        let root = b.input(running.root);
        let fold = b.input(running.fold);
        let evaluation = b.input(running.evaluation);
        b.draw(Tag::Block, &[sequence, root, fold, evaluation]);
        let z = b.import(GLOBAL_Z, running.shared.z);
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
        let last = b.input(Fr::from(before.last));
        let evaluation = b.input(before.evaluation);
        b.draw(Tag::Chain, &[chain, last, evaluation]);
        let distance = b.sub(self.sequence, last);
        b.range(distance, DISTANCE_BITS);
        let after = evaluate(b, self.z, evaluation, chunks);
        let next = b.sum(&[(Fr::ONE, self.sequence)], Fr::ONE);
        b.provide(Tag::Chain, &[chain, next, after]);
        running.chains.insert(id, ChainState { last: running.sequence + 1, evaluation: b.value(after) });
    }
}

/// What every signed operation has in common: it is signed for one deployment, and for blocks up to a time.
pub struct Signing {
    deployment: Var,
    timestamp: Var,
}

impl Signing {
    /// Takes both from the block.
    pub fn enter(b: &mut Builder, running: &Running) -> Self {
        let deployment = b.import(GLOBAL_DEPLOYMENT, running.shared.deployment);
        let timestamp = b.import(GLOBAL_TIMESTAMP, running.shared.timestamp);
        Self { deployment, timestamp }
    }

    /// The last second in which a block may carry what is signed. The block's own slot holds its timestamp within 32
    /// bits, so a difference of 32 bits is not negative.
    pub fn deadline(&self, b: &mut Builder, time: u32) -> Var {
        let time = b.integer(u128::from(time), Form::Time.bits());
        let left = b.sub(time, self.timestamp);
        // An empty slot has no deadline.
        let left = b.product(left, b.active());
        b.range(left, Form::Time.bits());
        time
    }

    /// Folds the words of the signed bytes, the deployment first: the field element that is signed.
    pub fn message<'a>(&self, b: &mut Builder, fields: &impl SignedFields<Cell<'a>>) -> Var {
        let words = signed_words(b, fields);
        words.into_iter().fold(self.deployment, |fold, word| b.hash(fold, word))
    }
}

/// Horner: evaluation · z + chunk for each chunk.
fn evaluate(b: &mut Builder, z: Var, evaluation: Var, chunks: &[Var]) -> Var {
    chunks.iter().fold(evaluation, |sum, chunk| b.multiply_add(Fr::ONE, sum, z, *chunk))
}

/// Adds a fee to what `account` is owed in `token` at the end of the block.
pub fn owe(b: &mut Builder, running: &mut Running, account: Var, token: Var, fee: Var) {
    let key = (small(b.value(account)), small(b.value(token)));
    let before = b.input(running.fees.get(&key).copied().unwrap_or(Fr::ZERO));
    b.draw(Tag::Fee, &[account, token, before]);
    let after = b.add(before, fee);
    b.provide(Tag::Fee, &[account, token, after]);
    if b.holds_operation() {
        running.fees.insert(key, b.value(after));
    }
}
