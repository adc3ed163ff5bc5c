//! What a program reads: one operation and the trace of its execution, or zeros in an empty slot.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::trace::{AccountUpdate, OperationTrace, Outcome};

/// Inputs of the program of one kind of operation.
pub struct Inputs<'a, T> {
    operation: Option<(&'a T, &'a OperationTrace)>,
}

impl<'a, T> Inputs<'a, T> {
    /// An operation with its trace; `None` for an empty slot.
    pub fn new(operation: Option<(&'a T, &'a OperationTrace)>) -> Self {
        Self { operation }
    }

    /// A field of the operation, its type's zero in an empty slot.
    pub fn get<V: Default>(&self, field: impl Fn(&T) -> V) -> V {
        self.operation.map(|(operation, _)| field(operation)).unwrap_or_default()
    }

    /// The operation's `number`-th account update.
    pub fn update(&self, number: usize) -> Option<&'a AccountUpdate> {
        self.operation.and_then(|(_, trace)| trace.updates.get(number))
    }

    /// The old value of a leaf of an update.
    pub fn leaf(&self, update: usize, leaf: usize) -> Fr {
        self.update(update).and_then(|update| update.leaves.get(leaf)).map_or(Fr::ZERO, |path| path.old_leaf)
    }

    /// The owner's address that an update found.
    pub fn owner_of(&self, update: usize) -> [u8; 32] {
        self.update(update).map_or([0; 32], |update| update.before.owner.0)
    }

    /// The quantity that a match trades.
    pub fn quantity(&self) -> u128 {
        match self.operation.map(|(_, trace)| &trace.outcome) {
            Some(Outcome::OrderMatching(trade)) => trade.quantity,
            _ => 0,
        }
    }
}
