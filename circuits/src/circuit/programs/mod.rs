//! The programs of the operation slots, one a kind of operation.
//!
//! A program says what the operation demands, in the order in which it reads best: it takes the block's running state
//! ([`frame`]), opens and closes accounts (`account`), asks for signatures, and hands the running state on with the
//! operation's public data. What one program proves about an operation:
//!
//! - every state change is a Merkle path from the root that the previous operation left;
//! - amounts, fees and limits hold as integers: whatever could wrap around the field is range-checked;
//! - the signed message and the public data are recomposed from the very values that the state changes used (`fields`), in the
//!   layout of the table of operations.
//!
//! Balances are range-checked where they shrink and where value enters (Deposit); credits inside the rollup only
//! move what is there, so they cannot wrap.

pub(crate) mod account;
mod amount;
pub mod block;
mod chains;
pub(crate) mod credit;
mod deposit;
mod exit;
mod fields;
pub mod frame;
mod inputs;
mod key_change;
mod matching;
pub mod rules;
mod transfer;
mod withdraw;

use halo2curves::bn256::Fr;

use crate::circuit::slot::Builder;
use crate::operation::{Kind, SignedOperation};
use crate::public_inputs::PublicInputs;
use crate::trace::{BlockTrace, CreditTrace, OperationTrace};
use frame::{Running, Shared};
use inputs::Inputs;

/// Runs the program of a kind: on an operation of that kind, or on zeros for an empty slot.
pub fn run(kind: Kind, operation: Option<&OperationTrace>, running: &mut Running) -> Builder {
    let mut b = Builder::new(operation.is_some());
    write(&mut b, kind, operation, running);
    b
}

/// Writes the program of a kind.
pub fn write(b: &mut Builder, kind: Kind, operation: Option<&OperationTrace>, running: &mut Running) {
    macro_rules! program {
        ($program:path, $kind:ident $(, $body:ident)?) => {{
            let inputs = match operation.map(|trace| (trace, &trace.operation)) {
                Some((trace, SignedOperation::$kind(operation))) => Some((&(*operation)$(.$body)?, trace)),
                _ => None,
            };
            $program(b, &Inputs::new(inputs), running)
        }};
    }
    match kind {
        Kind::Noop => credit::noop(b, running),
        Kind::Deposit => program!(deposit::deposit, Deposit),
        Kind::TransferToNew => program!(transfer::transfer_to_new, TransferToNew, body),
        Kind::Withdraw => program!(withdraw::withdraw, Withdraw, body),
        Kind::Transfer => program!(transfer::transfer, Transfer, body),
        Kind::FullExit => program!(exit::full_exit, FullExit),
        Kind::ChangePubKey => program!(key_change::change_pub_key, ChangePubKey, body),
        Kind::ForcedExit => program!(exit::forced_exit, ForcedExit, body),
        Kind::OrderMatching => program!(matching::order_matching, OrderMatching, body),
    }
}

/// Whose program of a block runs.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// An operation, by its position.
    Operation(usize, &'a OperationTrace),
    /// A fee credit, by its number.
    Credit(usize, &'a CreditTrace),
    /// The block's own slot.
    Block,
}

/// Runs the programs of a block in order: its operations, its fee credits, its own.
pub fn run_block<'a>(trace: &'a BlockTrace, public: &PublicInputs, mut each: impl FnMut(Place<'a>, &Builder)) {
    let mut running = Running::start(trace.old_root, Shared::from(public));
    for (position, operation) in trace.operations.iter().enumerate() {
        let b = run(operation.operation.kind(), Some(operation), &mut running);
        each(Place::Operation(position, operation), &b);
    }
    let mut root = running.root;
    for (number, owed) in trace.credits.iter().enumerate() {
        let mut b = Builder::new(true);
        root = credit::credit(&mut b, Some(owed), number as u64, root);
        each(Place::Credit(number, owed), &b);
    }
    let ends = block::Ends { old_root: trace.old_root, new_root: root, credits: trace.credits.len() as u64 };
    let mut b = Builder::new(true);
    block::block(&mut b, &ends, &running, public.chain_evaluations.len() as u64);
    each(Place::Block, &b);
}

/// What one operation draws from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Levels of Merkle paths.
    pub levels: usize,
    /// Hashes beside the paths, those of the signatures' keys included.
    pub hashes: usize,
    /// Signatures.
    pub signatures: usize,
}

impl Need {
    /// Of an operation of this kind.
    pub fn of(kind: Kind) -> Self {
        Self::of_program(&run(kind, None, &mut Running::idle(Shared::default())))
    }

    /// Of a fee credit.
    pub fn of_credit() -> Self {
        let mut b = Builder::new(false);
        credit::credit(&mut b, None, 0, Fr::zero());
        Self::of_program(&b)
    }

    fn of_program(b: &Builder) -> Self {
        let signatures = b.signed_messages().len();
        Self { levels: b.path_levels(), hashes: b.hash_count() + signatures, signatures }
    }
}
