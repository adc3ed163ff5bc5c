//! The witness of a batch: the trace of an executed block laid into the regions.

use halo2curves::bn256::Fr;

use super::demand::{CapacityError, Demand};
use super::layout::Layout;
use super::programs::credit::credit;
use super::programs::frame::{Running, Shared};
use super::programs::{Place, run, run_block};
use super::signature::SignatureUse;
use super::slot::{Builder, Slots};
use super::table::Table;
use super::tape::{HashUse, TapeError};
use crate::babyjubjub::Point;
use crate::circuit::columns::MAIN;
use crate::eddsa::Signature;
use crate::operation::SignedOperation;
use crate::public_inputs::PublicInputs;
use crate::trace::{AccountUpdate, BlockTrace, PathUpdate};

/// First-phase advice and public inputs of one batch.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Main columns.
    pub advice: Table,
    /// The instance column.
    pub instance: Vec<Fr>,
}

impl Witness {
    /// Lays out an executed block.
    ///
    /// # Errors
    /// The block needs more of something than the layout has.
    pub fn new(layout: &Layout, trace: &BlockTrace, public: &PublicInputs) -> Result<Self, CapacityError> {
        Demand::of_trace(trace).fit(&layout.capacities)?;
        let mut advice = Table::new(MAIN, layout.end + 1);
        let mut requests = Requests::default();
        let mut used = vec![0; layout.kinds.len()];
        run_block(trace, public, |place, builder| match place {
            Place::Operation(_, traced) => {
                let kind = traced.operation.kind();
                if let Some(position) = layout.kinds.iter().position(|(other, _)| *other == kind) {
                    layout.kinds[position].1.fill(&mut advice, used[position], builder);
                    used[position] += 1;
                }
                requests.take(builder, &traced.updates);
                requests.sign(builder, &traced.operation);
            }
            Place::Credit(number, owed) => {
                layout.credits.fill(&mut advice, number, builder);
                requests.take(builder, std::slice::from_ref(&owed.update));
            }
            Place::Block => layout.block.fill(&mut advice, 0, builder),
        });
        for ((kind, slots), used) in layout.kinds.iter().zip(&used) {
            let empty = run(*kind, None, &mut Running::idle(Shared::from(public)));
            fill_empty(slots, &mut advice, *used, &empty);
        }
        let mut empty = Builder::new(false);
        credit(&mut empty, None, 0, Fr::zero());
        fill_empty(&layout.credits, &mut advice, trace.credits.len(), &empty);

        let mut hashes = layout.signatures.fill(&mut advice, &requests.signatures);
        hashes.extend(requests.hashes.iter().map(|(left, right)| HashUse { left: *left, right: *right, count: 1 }));
        layout.tape.fill(&mut advice, &requests.paths, &hashes).map_err(|TapeError::Full { needed, available }| {
            CapacityError { table: "pairs of permutations".to_owned(), needed, available, larger: None }
        })?;
        Ok(Self { advice, instance: public.instance() })
    }
}

/// What the slots draw from the tables.
#[derive(Default)]
struct Requests<'a> {
    hashes: Vec<(Fr, Fr)>,
    paths: Vec<&'a PathUpdate>,
    signatures: Vec<SignatureUse>,
}

impl<'a> Requests<'a> {
    /// The hashes of a program, and the paths of the accounts that it opens.
    fn take(&mut self, builder: &Builder, updates: &'a [AccountUpdate]) {
        self.hashes.extend_from_slice(builder.drawn_hashes());
        self.paths.extend(updates.iter().flat_map(|update| update.leaves.iter().chain([&update.path])));
    }

    /// The signatures that a program draws, as the operation has them.
    fn sign(&mut self, builder: &Builder, operation: &SignedOperation) {
        let signed = signatures(operation).into_iter().zip(builder.signed_messages());
        self.signatures.extend(signed.map(|((key, signature), message)| SignatureUse {
            ax: key.x,
            ay: key.y,
            r8x: signature.r8.x,
            r8y: signature.r8.y,
            s: signature.s,
            message: *message,
            count: 1,
        }));
    }
}

fn fill_empty(slots: &Slots, advice: &mut Table, used: usize, empty: &Builder) {
    for slot in used..slots.count() {
        slots.fill(advice, slot, empty);
    }
}

/// Keys and signatures in the order in which the operation's program draws them.
pub(crate) fn signatures(operation: &SignedOperation) -> Vec<(Point, Signature)> {
    match operation {
        SignedOperation::Noop(_) | SignedOperation::Deposit(_) | SignedOperation::FullExit(_) => Vec::new(),
        SignedOperation::TransferToNew(signed) => vec![(signed.public_key, signed.signature)],
        SignedOperation::Withdraw(signed) => vec![(signed.public_key, signed.signature)],
        SignedOperation::Transfer(signed) => vec![(signed.public_key, signed.signature)],
        SignedOperation::ChangePubKey(signed) => vec![(signed.public_key, signed.signature)],
        SignedOperation::ForcedExit(signed) => vec![(signed.public_key, signed.signature)],
        SignedOperation::OrderMatching(signed) => {
            let (maker, taker) = (&signed.body.maker, &signed.body.taker);
            vec![
                (maker.public_key, maker.signature),
                (taker.public_key, taker.signature),
                (signed.public_key, signed.signature),
            ]
        }
    }
}
