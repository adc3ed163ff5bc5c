//! The block's own slot: ties the running state to the public inputs, at both ends.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::frame::Running;
use crate::circuit::bus::Tag;
use crate::circuit::slot::{Builder, Var};

/// Where a block stands before its first operation and after its last fee credit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// State root before the block.
    pub old_root: Fr,
    /// State root after the fee credits.
    pub new_root: Fr,
    /// Number of fee credits.
    pub credits: u64,
}

/// Public inputs in order: old root, new root, pubdata fold, z, deployment, timestamp, evaluation of all chunks, then of each
/// chain's. Returns the values that all slots share: z, deployment, timestamp.
pub fn block(b: &mut Builder, ends: &Ends, running: &Running, chains: u64) -> [Var; 3] {
    b.assert_sum(&[(-Fr::ONE, b.active())], Fr::ONE);
    let old_root = b.instance(0, ends.old_root);
    let new_root = b.instance(1, ends.new_root);
    let fold = b.instance(2, running.fold);
    let z = b.instance(3, running.shared.z);
    let deployment = b.instance(4, running.shared.deployment);
    let timestamp = b.instance(5, running.shared.timestamp);
    b.range(timestamp, 32);
    let evaluation = b.instance(6, running.evaluation);

    let (zero, one) = (b.zero(), b.constant(Fr::ONE));
    b.provide(Tag::Block, &[zero, old_root, zero, one]);
    let operations = b.input(Fr::from(running.sequence));
    b.assert_nonzero(operations);
    let root = b.input(running.root);
    b.draw(Tag::Block, &[operations, root, fold, evaluation]);

    b.provide(Tag::Credit, &[zero, root]);
    let credits = b.input(Fr::from(ends.credits));
    b.draw(Tag::Credit, &[credits, new_root]);

    for id in 1..=chains {
        let state = running.chain(id);
        let chain = b.constant(Fr::from(id));
        let evaluation = b.instance(6 + id as usize, state.evaluation);
        let last = b.input(Fr::from(state.last));
        b.provide(Tag::Chain, &[chain, zero, one]);
        b.draw(Tag::Chain, &[chain, last, evaluation]);
    }
    [z, deployment, timestamp]
}
