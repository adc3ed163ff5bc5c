//! Items are what their rows say: what breaks an item breaks the gates of its rows and no others, and the tuples that items draw and
//! provide are those that the rows put on the bus.
//!
//! The campaign over items judges values; this ties its verdicts to the circuit.

use std::collections::{BTreeMap, BTreeSet};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::scenario::{CHAINS, Program};
use crate::circuit::bus::{BusRegion, Tag, Term};
use crate::circuit::check::{Assignment, Checker};
use crate::circuit::columns::MAIN;
use crate::circuit::preset::Capacities;
use crate::circuit::slot::{Builder, Constraint, Slots, Var};
use crate::circuit::table::Table;
use crate::circuit::witness::Witness;

/// A circuit with one slot of a program.
pub struct Rows {
    program: Program,
    checker: Checker,
}

impl Rows {
    /// Lays out one slot of a program.
    pub fn new(program: Program) -> Self {
        let slots = match program {
            Program::Operation(kind) => vec![(kind, 1)],
            Program::Credit | Program::Block => Vec::new(),
        };
        let chains = CHAINS as u8;
        let capacities = Capacities { k: 10, chains, slots, credits: 1, signatures: 0, pairs: 1 };
        Self { program, checker: Checker::new(&capacities) }
    }

    fn slots(&self) -> Option<&Slots> {
        let layout = self.checker.layout();
        match self.program {
            Program::Operation(_) => layout.kinds.first().map(|(_, slots)| slots),
            Program::Credit => Some(&layout.credits),
            Program::Block => Some(&layout.block),
        }
    }

    /// The numbers of the items whose rows a program's values break. `None`: a row breaks that holds no item, or the bus does not get
    /// what the items say.
    pub fn broken(&self, b: &Builder) -> Option<BTreeSet<usize>> {
        let slots = self.slots()?;
        let mut advice = Table::new(MAIN, self.checker.layout().end + 1);
        slots.fill(&mut advice, 0, b);
        let mut instance = vec![Fr::ZERO; self.checker.layout().end + 1];
        for item in b.items() {
            if let Constraint::Instance { var, index } = item.constraint {
                instance[index] = b.value(var);
            }
        }
        let witness = Witness { advice, instance };
        if self.terms(slots, &witness) != terms_of_items(b) {
            return None;
        }
        self.broken_rows(slots, b, &witness)
    }

    fn terms(&self, slots: &Slots, witness: &Witness) -> BTreeMap<(Fr, Vec<Fr>), Fr> {
        let terms = slots.rows_of(0).flat_map(|row| slots.terms(&witness.advice, self.checker.fixed(), row));
        added_up(terms)
    }

    fn broken_rows(&self, slots: &Slots, b: &Builder, witness: &Witness) -> Option<BTreeSet<usize>> {
        let cells = Assignment { witness, bus: &[], challenges: [Fr::ZERO; 2] };
        let reads_bus = |gate: usize| {
            self.checker.reads()[gate].advice.iter().any(|(column, _)| *column == self.checker.bus_column())
        };
        let mut broken = BTreeSet::new();
        for (index, gate) in self.checker.gates().iter().enumerate().filter(|(index, _)| !reads_bus(*index)) {
            for row in slots.rows_of(0).filter(|row| self.checker.is_live(index, *row)) {
                if self.checker.evaluate(&gate.polynomials()[0], row, &cells) == Fr::ZERO {
                    continue;
                }
                let lane = |constraint: &Constraint| match gate.name() {
                    "slot.sum" => matches!(constraint, Constraint::Sum { .. } | Constraint::Instance { .. }),
                    "slot.product" => matches!(constraint, Constraint::Product(_)),
                    _ => matches!(constraint, Constraint::Range { .. }),
                };
                let items = b.items().iter().enumerate();
                let mut holders = items.filter(|(number, item)| {
                    lane(&item.constraint) && slots.rows_of_item(0, *number).any(|other| other == row)
                });
                broken.insert(holders.next()?.0);
            }
        }
        Some(broken)
    }
}

fn terms_of_items(b: &Builder) -> BTreeMap<(Fr, Vec<Fr>), Fr> {
    let active = b.value(b.active());
    let values = |vars: &[Var]| vars.iter().map(|var| b.value(*var)).collect();
    let terms = b.items().iter().filter_map(|item| match &item.constraint {
        Constraint::Tuple { tag, sign, elements } => {
            let multiplicity = if *sign > 0 { active } else { -active };
            Some(Term { multiplicity, tag: tag.value(), elements: values(elements) })
        }
        Constraint::Path { levels, elements } => {
            Some(Term { multiplicity: -active, tag: Tag::Path(*levels).value(), elements: values(elements) })
        }
        Constraint::Hash(vars) => Some(Term { multiplicity: -active, tag: Tag::Hash.value(), elements: values(vars) }),
        _ => None,
    });
    added_up(terms)
}

fn added_up(terms: impl Iterator<Item = Term>) -> BTreeMap<(Fr, Vec<Fr>), Fr> {
    let mut sums = BTreeMap::new();
    for Term { multiplicity, tag, elements } in terms {
        *sums.entry((tag, elements)).or_insert(Fr::ZERO) += multiplicity;
    }
    sums.retain(|_, sum| *sum != Fr::ZERO);
    sums
}
