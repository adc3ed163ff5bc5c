//! Broken programs: each lacks one line's constraints, and then a value is a prover's choice that was not before.
//!
//! An analysis that still accepted them would say nothing. Lines are found by their text, so that they may move.

use std::panic::Location;

use super::program::Program;
use crate::circuit::slot::Item;

/// What is left out, and what is lost by it.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// The kind of slot.
    pub program: &'static str,
    /// The kind of constraint.
    pub kind: &'static str,
    /// Part of the line that states it.
    pub line: &'static str,
    /// The kind of constraint, and part of its line, that first uses a value which is no longer determined.
    pub loses: (&'static str, &'static str),
    /// Whether a solver showed that the value was determined. Otherwise propagation did.
    pub by_solver: bool,
}

/// A mutation names no constraint of its program.
#[derive(Debug, thiserror::Error)]
#[error("{} has no {} on a line with {:?}: correct the mutation", .0.program, .0.kind, .0.line)]
pub struct NotThere(Mutation);

impl Mutation {
    /// The program without the constraint; `text` is the source's line at a site.
    ///
    /// # Errors
    /// There is no such constraint.
    pub fn apply(&self, program: &Program, text: impl Fn(&Location<'_>) -> String) -> Result<Program, NotThere> {
        let dropped = |item: &Item| item.constraint.kind() == self.kind && text(item.site).contains(self.line);
        let broken = program.without(dropped);
        if broken.items.len() == program.items.len() { Err(NotThere(*self)) } else { Ok(broken) }
    }
}

const SIGNATURE: (&str, &str) = ("tuple", "b.signature(pkh, signed)");
const MESSAGE: (&str, &str) = ("hash", "words.into_iter().fold(self.deployment");
const CHUNK: (&str, &str) = ("hash", "fold = b.hash(fold, *chunk)");
const OWED: (&str, &str) = ("tuple", "b.provide(Tag::Fee, &[account, token, after])");
const AUTH: (&str, &str) = ("hash", "let keys = b.hash(auth, owner)");
const BALANCE: (&str, &str) = ("path", "self.balances = b.path(");
const ORDER: (&str, &str) = ("path", "self.orders = b.path(");

const fn propagated(
    program: &'static str,
    (kind, line): (&'static str, &'static str),
    loses: (&'static str, &'static str),
) -> Mutation {
    Mutation { program, kind, line, loses, by_solver: false }
}

const fn solved(
    program: &'static str,
    (kind, line): (&'static str, &'static str),
    loses: (&'static str, &'static str),
) -> Mutation {
    Mutation { by_solver: true, ..propagated(program, (kind, line), loses) }
}

/// All of them.
pub const MUTATIONS: [Mutation; 20] = [
    propagated("OrderMatching", ("range", "b.hint_integer(nonce, Form::Nonce.bits())"), SIGNATURE),
    propagated("Transfer", ("range", "u.before.chains.bits())), 32)"), SIGNATURE),
    propagated("Transfer", ("sum", "b.assert_sum(&terms, Fr::ZERO)"), SIGNATURE),
    propagated("Transfer", ("sum", "b.assert_equal(computed, hash)"), MESSAGE),
    propagated("Withdraw", ("range", "b.range(limb, 8 * (to - from))"), MESSAGE),
    propagated("TransferToNew", ("range", "b.range(limb, 8 * (to - from))"), CHUNK),
    propagated("TransferToNew", ("sum", "b.assert_equal(whole, value)"), CHUNK),
    propagated("ChangePubKey", ("range", "b.range(old_pkh, 160)"), AUTH),
    propagated("FullExit", ("product", "let entitled = b.is_zero(other)"), BALANCE),
    propagated("OrderMatching", ("range", "b.range(remainder, bits.next_multiple_of(8))"), OWED),
    propagated("OrderMatching", ("range", "b.range(slack, bits.next_multiple_of(8))"), OWED),
    propagated("OrderMatching", ("range", "let stored = b.hint_integer(stored, RESIDUE_BITS)"), ORDER),
    solved("Deposit", ("range", "b.range(room, 32)"), AUTH),
    solved("Deposit", ("sum", "b.assert_equal(whole, chains)"), AUTH),
    solved("FullExit", ("range", "b.range(rest, 128)"), BALANCE),
    solved("ForcedExit", ("product", "b.assert_product(rests[0], rests[1], b.zero())"), BALANCE),
    solved("OrderMatching", ("range", "b.range(rest, RESIDUE_BITS)"), ORDER),
    solved("OrderMatching", ("range", "b.range(room, 128)"), ORDER),
    solved("OrderMatching", ("range", "b.range(claimed, PRICE_BITS)"), ORDER),
    solved("OrderMatching", ("product", "b.assert_product(left, right, b.zero())"), ORDER),
];
