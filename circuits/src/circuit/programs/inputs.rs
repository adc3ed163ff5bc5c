//! What a program reads: one operation and the trace of its execution, or zeros in an empty slot.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::trace::{AccountUpdate, OperationTrace, Outcome};

/// Inputs of the program of one kind of operation.
pub struct Inputs<'a, T> {
    /// The operation.
    pub operation: T,
    trace: Option<&'a OperationTrace>,
}

impl<'a, T: Default> Inputs<'a, T> {
    /// An operation with its trace.
    pub fn new(operation: T, trace: &'a OperationTrace) -> Self {
        Self { operation, trace: Some(trace) }
    }

    /// Zeros, for an empty slot.
    pub fn empty() -> Self {
        Self { operation: T::default(), trace: None }
    }

    /// The operation's `number`-th account update.
    pub fn update(&self, number: usize) -> Option<&'a AccountUpdate> {
        self.trace.and_then(|trace| trace.updates.get(number))
    }

    /// The old value of a leaf of an update.
    pub fn leaf(&self, update: usize, leaf: usize) -> Fr {
        self.update(update).and_then(|update| update.leaves.get(leaf)).map_or(Fr::ZERO, |path| path.old_leaf)
    }

    /// The owner's address that an update found.
    pub fn owner_of(&self, update: usize) -> [u8; 32] {
        self.update(update).map_or([0; 32], |update| *update.before.owner.as_bytes())
    }

    /// The quantity that a match trades.
    pub fn quantity(&self) -> u128 {
        match self.trace.map(|trace| &trace.outcome) {
            Some(Outcome::Match { quantity, .. }) => *quantity,
            _ => 0,
        }
    }
}
