//! Native execution of a block: the rules of every operation, and the trace that the circuit proves.
//!
//! Signatures are checked in parallel first; the operations then run one after the other on the overlay, each in the file of
//! its kind; fees gather on the way and are credited at the end, so they can be spent from the next block on. The
//! first broken rule refuses the whole block.

mod bridge;
mod exit;
mod key;
mod ledger;
mod matching;
mod rule;
mod transfer;

use rayon::prelude::*;

use crate::operation::{Block, Deployment, Kind, Message, Pubdata, Signed, SignedOperation};
use crate::state::{Changes, Overlay, State, StateError};
use crate::trace::{AccountUpdate, BlockTrace, CreditTrace, OperationTrace, Outcome};
use ledger::{Failure, Ledger};
pub(crate) use matching::quantity;
pub use rule::Rule;

/// Why a block is not applied. The state is as before.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// No operations.
    #[error("the block is empty: it needs at least one operation (a noop will do)")]
    Empty,
    /// Not the next block.
    #[error("the block has number {found}, but the state expects {expected}")]
    Number {
        /// The state's next.
        expected: u64,
        /// The block's.
        found: u64,
    },
    /// An operation breaks a rule.
    #[error("operation {index} ({kind}) is refused: {rule}")]
    Refused {
        /// Its position in the block, from 0.
        index: usize,
        /// Its kind.
        kind: Kind,
        /// The rule, with its values.
        rule: Rule,
    },
    /// The block's fees cannot be credited.
    #[error("the block's fees in token {token} cannot be credited to account {account}: {rule}")]
    Credit {
        /// Who would get them.
        account: u32,
        /// The token.
        token: u16,
        /// The rule, with its values.
        rule: Rule,
    },
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What an operation's own file returns.
struct Executed {
    pubdata: Pubdata,
    updates: Vec<AccountUpdate>,
    outcome: Outcome,
}

impl State {
    /// Runs a block without changing anything.
    ///
    /// # Errors
    /// A rule that the block breaks, or a state that cannot be read.
    pub fn execute(&self, block: &Block) -> Result<(BlockTrace, Changes), BlockError> {
        let snapshot = self.snapshot()?;
        run_block(Overlay::new(&snapshot), block)
    }

    /// Runs a block and commits it.
    ///
    /// # Errors
    /// See [`Self::execute`] and [`Self::commit`].
    pub fn apply(&self, block: &Block) -> Result<BlockTrace, BlockError> {
        let (trace, changes) = self.execute(block)?;
        self.commit(changes)?;
        Ok(trace)
    }
}

fn run_block(overlay: Overlay<'_>, block: &Block) -> Result<(BlockTrace, Changes), BlockError> {
    let head = overlay.head();
    let expected = head.number + 1;
    if block.number != expected {
        return Err(BlockError::Number { expected, found: block.number });
    }
    if block.operations.is_empty() {
        return Err(BlockError::Empty);
    }
    let context = Context { deployment: head.deployment, timestamp: block.timestamp };
    let checks: Vec<Result<(), Rule>> = block.operations.par_iter().map(|it| context.check(it)).collect();
    let mut ledger = Ledger::new(overlay);
    let mut operations = Vec::with_capacity(block.operations.len());
    for (index, (operation, check)) in block.operations.iter().zip(checks).enumerate() {
        let executed = check.map_err(Failure::from).and_then(|()| run(&mut ledger, operation));
        let Executed { pubdata, updates, outcome } = executed.map_err(|failure| match failure {
            Failure::Rule(rule) => BlockError::Refused { index, kind: operation.kind(), rule: *rule },
            Failure::State(error) => error.into(),
        })?;
        operations.push(OperationTrace { operation: operation.clone(), pubdata, updates, outcome });
    }
    let credits = credit(&mut ledger)?;
    let changes = ledger.into_changes(block.number)?;
    let trace = BlockTrace {
        number: block.number,
        timestamp: block.timestamp,
        deployment: head.deployment,
        old_root: head.root,
        new_root: changes.head().root,
        operations,
        credits,
    };
    Ok((trace, changes))
}

/// What a block's operations are checked against, beside the accounts.
#[derive(Clone, Copy)]
struct Context {
    deployment: Deployment,
    timestamp: u32,
}

impl Context {
    /// What can be checked without the accounts: values, deadlines and signatures.
    fn check(self, operation: &SignedOperation) -> Result<(), Rule> {
        operation.check()?;
        let timestamp = self.timestamp;
        if let Some((what, time)) = operation.deadlines().into_iter().find(|(_, time)| *time < timestamp) {
            return Err(Rule::Expired { what, time, timestamp });
        }
        match operation {
            SignedOperation::Noop(_) | SignedOperation::Deposit(_) | SignedOperation::FullExit(_) => Ok(()),
            SignedOperation::TransferToNew(signed) => self.signature(signed.body.from, signed),
            SignedOperation::Withdraw(signed) => self.signature(signed.body.account, signed),
            SignedOperation::Transfer(signed) => self.signature(signed.body.from, signed),
            SignedOperation::ChangePubKey(signed) => self.signature(signed.body.account, signed),
            SignedOperation::ForcedExit(signed) => self.signature(signed.body.initiator, signed),
            SignedOperation::OrderMatching(signed) => {
                let matching = &signed.body;
                self.signature(matching.maker.body.account, &matching.maker)?;
                self.signature(matching.taker.body.account, &matching.taker)?;
                self.signature(matching.submitter, signed)
            }
        }
    }

    fn signature<T: Message>(self, account: u32, signed: &Signed<T>) -> Result<(), Rule> {
        signed.verify(self.deployment).map_err(|error| Rule::Signature { account, error })
    }
}

fn run(ledger: &mut Ledger<'_>, operation: &SignedOperation) -> Result<Executed, Failure> {
    match operation {
        SignedOperation::Noop(_) => {
            Ok(Executed { pubdata: Pubdata::noop(), updates: Vec::new(), outcome: Outcome::Noop })
        }
        SignedOperation::Deposit(deposit) => bridge::deposit(ledger, deposit),
        SignedOperation::TransferToNew(signed) => transfer::transfer_to_new(ledger, signed),
        SignedOperation::Withdraw(signed) => bridge::withdraw(ledger, signed),
        SignedOperation::Transfer(signed) => transfer::transfer(ledger, signed),
        SignedOperation::FullExit(exit) => exit::full_exit(ledger, exit),
        SignedOperation::ChangePubKey(signed) => key::change_pub_key(ledger, signed),
        SignedOperation::ForcedExit(signed) => exit::forced_exit(ledger, signed),
        SignedOperation::OrderMatching(signed) => matching::order_matching(ledger, signed),
    }
}

/// Credits the block's fees to sub-account 0 of those who earned them, by account, then token.
fn credit(ledger: &mut Ledger<'_>) -> Result<Vec<CreditTrace>, BlockError> {
    let fees = ledger.take_fees();
    let credits = fees.into_iter().map(|((account, token), total)| {
        let update = ledger.open(account).and_then(|mut opened| {
            ledger.credit(&mut opened, 0, token, total)?;
            ledger.close(opened)
        });
        match update {
            Ok(update) => Ok(CreditTrace { account, token, total, update }),
            Err(Failure::Rule(rule)) => Err(BlockError::Credit { account, token, rule: *rule }),
            Err(Failure::State(error)) => Err(error.into()),
        }
    });
    credits.collect()
}
