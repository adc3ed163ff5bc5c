//! The honest witness that attacks start from.

use halo2curves::bn256::Fr;

use crate::circuit::batch::{BatchCircuit, BatchParams};
use crate::circuit::bus::BusRegion;
use crate::circuit::check::{Checker, TUPLES, tuple_class};
use crate::circuit::demand::CapacityError;
use crate::circuit::preset::Capacities;
use crate::circuit::programs::frame::Shared;
use crate::circuit::signature::ROWS_PER_SLOT;
use crate::circuit::tape::ROWS_PER_PAIR;
use crate::circuit::witness::Witness;
use crate::operation::Kind;
use crate::public_inputs::{ChainNotServed, PublicInputs};
use crate::trace::BlockTrace;

/// Pairs at the end of the tape that attacks may overwrite.
pub const IDLE_PAIRS: usize = 6;

/// An executed block in a circuit with room to spare.
pub struct Subject {
    /// The circuit's constraints.
    pub checker: Checker,
    /// The block, laid out.
    pub witness: Witness,
    shared: Shared,
    capacities: Capacities,
}

/// Why a block cannot be a subject.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// It is too large.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    /// It needs more chains.
    #[error(transparent)]
    Chain(#[from] ChainNotServed),
    /// No room is left to attack.
    #[error("the attacks need an idle signature and {IDLE_PAIRS} idle pairs of permutations: take larger capacities")]
    NoRoom,
}

impl Subject {
    /// Lays out a block. Attacks need an idle signature and `IDLE_PAIRS` idle pairs on the tape.
    ///
    /// # Errors
    /// The block does not fit, or leaves no room.
    pub fn new(capacities: Capacities, block: &BlockTrace) -> Result<Self, SubjectError> {
        let checker = Checker::new(&capacities);
        let public = PublicInputs::new(block, capacities.chains)?;
        let witness = Witness::new(checker.layout(), block, &public)?;
        let layout = checker.layout();
        let unused = |region: &dyn BusRegion, last_rows: usize, class: &[&str]| {
            let rows = region.rows();
            let mut terms = (rows.end.saturating_sub(last_rows)..rows.end)
                .flat_map(|row| region.terms(&witness.advice, checker.fixed(), row));
            rows.len() >= last_rows
                && terms.all(|term| term.multiplicity == Fr::zero() || !class.contains(&tuple_class(term.tag)))
        };
        if !unused(&layout.tape, IDLE_PAIRS * ROWS_PER_PAIR, &TUPLES)
            || !unused(&layout.signatures, ROWS_PER_SLOT, &["bus:signature"])
        {
            return Err(SubjectError::NoRoom);
        }
        Ok(Self { checker, witness, shared: Shared::from(&public), capacities })
    }

    /// Capacities for a block of one transfer, with an empty slot of some other kinds: quick to judge.
    pub fn transfer_capacities() -> Capacities {
        let slots = vec![(Kind::Noop, 1), (Kind::Deposit, 1), (Kind::Transfer, 2)];
        Capacities { k: 13, chains: 2, slots, credits: 2, signatures: 2, pairs: 180 }
    }

    /// Capacities for a block of all kinds, with an empty slot of each kind.
    pub fn all_kinds_capacities() -> Capacities {
        let count = |kind| if kind == Kind::Deposit { 4 } else { 2 };
        let slots = Kind::ALL.into_iter().map(|kind| (kind, count(kind))).collect();
        Capacities { k: 15, chains: 8, slots, credits: 8, signatures: 9, pairs: 1_450 }
    }

    /// The circuit without the constraint `dropped`, assigned another witness.
    pub fn without(&self, dropped: &str, witness: Witness) -> BatchCircuit {
        let params = BatchParams { capacities: self.capacities.clone(), dropped: Some(dropped.to_owned()) };
        BatchCircuit { params, witness: Some(witness) }
    }

    /// What the block's operations share.
    pub fn shared(&self) -> Shared {
        self.shared
    }

    /// Rows are 2^k.
    pub fn k(&self) -> u32 {
        self.capacities.k
    }

    /// beta and gamma: any two numbers that no attack was made for.
    pub fn challenges() -> [Fr; 2] {
        [Fr::from_raw([3, 1, 4, 1]), Fr::from_raw([2, 7, 1, 8])]
    }
}
