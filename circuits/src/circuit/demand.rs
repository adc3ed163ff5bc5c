//! How much of a batch circuit a block takes: counted from the kinds of its operations, before anything is executed.
//!
//! What an operation draws from the tables depends on its kind alone, since control flow in the [programs](super::programs)
//! does not depend on values: [`Need`] counts it in the program itself. Only the fee credits wait for the execution,
//! which knows who earns what. So a block that no execution could make fit is refused in milliseconds, and one that is too
//! large for a preset is not laid out in vain.
//!
//! ```text
//! Block ──of_block──> Demand without credits ──fit──> refused before signatures are checked
//! BlockTrace ──of_trace──> Demand ──fit──> refused before the witness is made
//! ```

use std::collections::BTreeMap;

use super::preset::{Capacities, Preset};
use super::programs::Need;
use super::signature::Signatures;
use crate::operation::{Block, Kind};
use crate::trace::BlockTrace;

/// What a block takes from the tables of a batch circuit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    operations: BTreeMap<Kind, usize>,
    credits: usize,
    signatures: usize,
    levels: usize,
    hashes: usize,
}

/// The block does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the block is too large: it needs {needed} {table}, {available} fit, {} too many; {}",
    needed.saturating_sub(*available),
    remedy(*larger)
)]
pub struct CapacityError {
    /// What is used up first.
    pub table: String,
    /// How many the block needs.
    pub needed: usize,
    /// How many there are.
    pub available: usize,
    /// The smallest preset that holds as much.
    pub larger: Option<Preset>,
}

fn remedy(larger: Option<Preset>) -> String {
    match larger {
        Some(preset) => format!("take the larger preset {preset}, or split the block"),
        None => "no preset holds it: split the block".to_owned(),
    }
}

impl Demand {
    /// Of a block that has not been executed: without fee credits, and what these draw.
    pub fn of_block(block: &Block) -> Self {
        Self::of_kinds(block.operations.iter().map(|operation| operation.kind()))
    }

    /// Of an executed block.
    pub fn of_trace(trace: &BlockTrace) -> Self {
        let mut demand = Self::of_kinds(trace.operations.iter().map(|traced| traced.operation.kind()));
        demand.credits = trace.credits.len();
        if demand.credits > 0 {
            demand.draw(&Need::of_credit(), demand.credits);
        }
        demand
    }

    fn of_kinds(kinds: impl Iterator<Item = Kind>) -> Self {
        let mut demand = Self::default();
        for kind in kinds {
            *demand.operations.entry(kind).or_default() += 1;
        }
        for (kind, count) in demand.operations.clone() {
            demand.draw(&Need::of(kind), count);
        }
        demand
    }

    fn draw(&mut self, need: &Need, times: usize) {
        self.signatures += need.signatures * times;
        self.levels += need.levels * times;
        // The signature table draws those of the keys; see `pairs`.
        self.hashes += (need.hashes - need.signatures) * times;
    }

    /// Signatures.
    pub fn signatures(&self) -> usize {
        self.signatures
    }

    /// Pairs of permutations, beside a signature table of so many slots.
    pub fn pairs(&self, signature_slots: usize) -> usize {
        let hashes = self.hashes + Signatures::hashes(signature_slots, self.signatures);
        self.levels + hashes.div_ceil(2)
    }

    /// Checks that a circuit holds as much.
    ///
    /// # Errors
    /// The first table that is too small.
    pub fn fit(&self, capacities: &Capacities) -> Result<(), CapacityError> {
        let Some((table, needed, available)) = self.excess(capacities) else { return Ok(()) };
        let larger = Preset::ALL.into_iter().find(|preset| self.excess(&preset.capacities()).is_none());
        Err(CapacityError { table, needed, available, larger })
    }

    /// The first table that is too small, how much is needed of it and how much there is.
    fn excess(&self, capacities: &Capacities) -> Option<(String, usize, usize)> {
        let slots =
            |kind: Kind| capacities.slots.iter().filter(|(other, _)| *other == kind).map(|(_, slots)| slots).sum();
        let operations =
            self.operations.iter().map(|(kind, needed)| (format!("{kind} operations"), *needed, slots(*kind)));
        let tables = [
            ("fee credits", self.credits, capacities.credits),
            ("signatures", self.signatures, capacities.signatures),
            ("pairs of permutations", self.pairs(capacities.signatures), capacities.pairs),
        ];
        let tables = tables.into_iter().map(|(table, needed, available)| (table.to_owned(), needed, available));
        operations.chain(tables).find(|(_, needed, available)| needed > available)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Noop, SignedOperation};

    fn noops(count: usize) -> Block {
        Block { number: 1, timestamp: 0, operations: vec![SignedOperation::Noop(Noop {}); count] }
    }

    /// `count` operations of each of these kinds.
    fn demand(kinds: &[(Kind, usize)]) -> Demand {
        Demand::of_kinds(kinds.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count)))
    }

    #[test]
    fn a_preset_that_is_too_small_names_the_next_that_is_not() {
        let error = Demand::of_block(&noops(5)).fit(&Preset::Tiny.capacities()).unwrap_err();
        assert_eq!((error.table.as_str(), error.needed, error.available), ("noop operations", 5, 1));
        assert_eq!(error.larger, Some(Preset::Medium));
        assert!(error.to_string().contains("4 too many; take the larger preset medium"), "{error}");
        assert_eq!(Demand::of_block(&noops(1)).fit(&Preset::Tiny.capacities()), Ok(()));
    }

    #[test]
    fn nobody_is_sent_to_a_larger_preset_than_there_is() {
        for preset in Preset::ALL {
            let error = Demand::of_block(&noops(200_000)).fit(&preset.capacities()).unwrap_err();
            assert_eq!((error.needed, error.larger), (200_000, None));
            assert!(error.to_string().ends_with("no preset holds it: split the block"), "{error}");
        }
    }

    #[test]
    fn signatures_and_permutations_run_out_where_slots_do_not() {
        let capacities = Preset::Small.capacities();
        let full: Vec<(Kind, usize)> = capacities.slots.clone();
        let error = demand(&full).fit(&capacities).unwrap_err();
        assert_eq!(error.table, "signatures");
        let unsigned: Vec<(Kind, usize)> =
            full.into_iter().filter(|(kind, _)| Need::of(*kind).signatures == 0).collect();
        assert_eq!(demand(&unsigned).fit(&capacities), Ok(()));
        let tight = Capacities { pairs: demand(&unsigned).pairs(capacities.signatures), ..capacities };
        assert_eq!(demand(&unsigned).fit(&tight), Ok(()));
        let error = demand(&unsigned).fit(&Capacities { pairs: tight.pairs - 1, ..tight }).unwrap_err();
        assert_eq!(
            (error.table.as_str(), error.needed, error.larger),
            ("pairs of permutations", tight.pairs, Some(Preset::Small))
        );
    }
}
