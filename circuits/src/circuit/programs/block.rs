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

/// Public inputs in order: old root, new root, pubdata fold, z, evaluation of all chunks, then of each chain's.
pub fn block(b: &mut Builder, ends: &Ends, running: &Running, chains: u64) -> Var {
    b.assert_sum(&[(-Fr::ONE, b.active())], Fr::ONE);
    let old_root = b.instance(0, ends.old_root);
    let new_root = b.instance(1, ends.new_root);
    let fold = b.instance(2, running.fold);
    let z = b.instance(3, running.z);
    let evaluation = b.instance(4, running.evaluation);

    let (zero, one) = (b.zero(), b.constant(Fr::ONE));
    b.provide(Tag::Block, &[zero, old_root, zero, one]);
    let operations = b.witness(Fr::from(running.sequence));
    let root = b.witness(running.root);
    b.draw(Tag::Block, &[operations, root, fold, evaluation]);

    b.provide(Tag::Credit, &[zero, root]);
    let credits = b.witness(Fr::from(ends.credits));
    b.draw(Tag::Credit, &[credits, new_root]);

    for id in 1..=chains {
        let state = running.chain(id);
        let chain = b.constant(Fr::from(id));
        let evaluation = b.instance(4 + id as usize, state.evaluation);
        let last = b.witness(Fr::from(state.last));
        b.provide(Tag::Chain, &[chain, zero, one]);
        b.draw(Tag::Chain, &[chain, last, evaluation]);
    }
    z
}
