//! Which classes an attack breaks, from the neighbourhood of the cells it changes.
//!
//! An honest witness breaks nothing, so only gates that read a changed cell, tuples of rows that hold one, and copies of one can
//! break. Gates that read the running sum follow it, whatever the cells hold: for changed cells the tuples are compared instead.

use std::collections::{BTreeSet, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::bus::BusRegion;
use crate::circuit::check::{Assignment, Balance, Checker};
use crate::circuit::slot::Cell;
use crate::circuit::tape::{ROWS_PER_PAIR, row};
use crate::circuit::witness::Witness;

/// Judges attacks on one subject.
pub struct Judge<'a> {
    checker: &'a Checker,
    witness: Witness,
    bus: Vec<Fr>,
    /// Gates that read a column, with the rotation, by column. The running sum's is last.
    readers: Vec<Vec<(usize, i32)>>,
    copies: HashMap<Cell, Vec<(Cell, &'static str)>>,
}

impl<'a> Judge<'a> {
    /// Of attacks on this subject.
    pub fn new(subject: &'a Subject) -> Self {
        let checker = &subject.checker;
        let mut readers = vec![Vec::new(); checker.bus_column() + 1];
        for (gate, reads) in checker.reads().iter().enumerate() {
            for (column, rotation) in &reads.advice {
                readers[*column].push((gate, *rotation));
            }
        }
        let mut copies: HashMap<Cell, Vec<(Cell, &'static str)>> = HashMap::new();
        for (left, right, class) in checker.copies() {
            copies.entry(*left).or_default().push((*right, class));
            copies.entry(*right).or_default().push((*left, class));
        }
        let bus = checker.running_sum(&subject.witness, Subject::challenges());
        Self { checker, witness: subject.witness.clone(), bus, readers, copies }
    }

    /// The classes that the attack breaks, without what the attacked region provides falsely.
    pub fn broken(&mut self, attack: &Attack) -> BTreeSet<String> {
        let honest: Vec<(Cell, Fr)> =
            attack.cells.iter().map(|(cell, _)| (*cell, self.witness.advice.get(cell.0, cell.1))).collect();
        let rows = if attack.bus.is_none() { self.tuple_rows(attack) } else { BTreeSet::new() };
        let mut balance = Balance::default();
        self.add_terms(&rows, &mut balance, -Fr::ONE);
        self.write(&attack.cells);
        self.add_terms(&rows, &mut balance, Fr::ONE);

        let mut broken: BTreeSet<String> =
            balance.broken().filter(|class| !attack.provides.contains(&class.as_str())).collect();
        self.add_gates(attack, &mut broken);
        self.add_copies(attack, &mut broken);

        self.write(&honest);
        broken
    }

    fn write(&mut self, cells: &[(Cell, Fr)]) {
        for ((column, row), value) in cells {
            self.witness.advice.set(*column, *row, *value);
        }
    }

    /// The running sum under an attack on it.
    fn attacked_sum(&self, attack: &Attack) -> Option<Vec<Fr>> {
        let shifts = attack.bus.as_ref()?;
        let mut bus = self.checker.running_sum(&self.witness, Subject::challenges());
        shifts.iter().for_each(|(row, by)| bus[*row] += by);
        Some(bus)
    }

    fn add_gates(&self, attack: &Attack, broken: &mut BTreeSet<String>) {
        let bus = self.attacked_sum(attack);
        let moved = bus.iter().flat_map(|bus| (0..bus.len()).filter(|row| bus[*row] != self.bus[*row]));
        let changed = attack.cells.iter().map(|(cell, _)| *cell);
        let changed = changed.chain(moved.map(|row| (self.checker.bus_column(), row)));
        let mut touched = BTreeSet::new();
        for (column, row) in changed {
            for (gate, rotation) in &self.readers[column] {
                let row = row as i64 - i64::from(*rotation);
                if let Ok(row) = usize::try_from(row) {
                    touched.insert((*gate, row));
                }
            }
        }
        let cells = Assignment {
            witness: &self.witness,
            bus: bus.as_ref().unwrap_or(&self.bus),
            challenges: Subject::challenges(),
        };
        for (gate, row) in touched {
            let follows =
                self.checker.reads()[gate].advice.iter().any(|(column, _)| *column == self.checker.bus_column());
            if row > self.checker.layout().end || (follows && bus.is_none()) || !self.checker.is_live(gate, row) {
                continue;
            }
            let gate = &self.checker.gates()[gate];
            if !broken.contains(gate.name()) && self.checker.evaluate(&gate.polynomials()[0], row, &cells) != Fr::ZERO {
                broken.insert(gate.name().to_owned());
            }
        }
    }

    fn add_copies(&self, attack: &Attack, broken: &mut BTreeSet<String>) {
        let value = |cell: Cell| self.witness.advice.get(cell.0, cell.1);
        for (cell, _) in &attack.cells {
            let unequal =
                self.copies.get(cell).into_iter().flatten().filter(|(other, _)| value(*other) != value(*cell));
            broken.extend(unequal.map(|(_, class)| (*class).to_owned()));
        }
    }

    /// Rows whose tuples hold a changed cell. Tuples of the tape's pairs are on the anchor, and depend on the pair before.
    fn tuple_rows(&self, attack: &Attack) -> BTreeSet<usize> {
        let tape = self.checker.layout().tape.rows();
        let rows = attack.cells.iter().flat_map(|((_, at), _)| {
            if !tape.contains(at) {
                return vec![*at];
            }
            let anchor = at - (at - tape.start) % ROWS_PER_PAIR + row::ANCHOR;
            vec![anchor, anchor + ROWS_PER_PAIR]
        });
        rows.filter(|row| *row < tape.end).collect()
    }

    fn add_terms(&self, rows: &BTreeSet<usize>, balance: &mut Balance, scale: Fr) {
        let regions = self.checker.layout().regions();
        for row in rows {
            let Some(region) = regions.iter().find(|region| region.rows().contains(row)) else { continue };
            for term in region.terms(&self.witness.advice, self.checker.fixed(), *row) {
                balance.add(term, scale);
            }
        }
    }
}
