//! Attacks by search: a value of a slot is shifted, in one cell, everywhere, or with another one; digits are redistributed.
//!
//! Empty slots are searched too: what they hold does not count on the bus, so cells of their tuples show whether copies are
//! checked. Lazy: the search ends when every class is accounted for.

use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::bus::BusRegion;
use crate::circuit::columns::MAIN;
use crate::circuit::slot::{Cell, Slots};

/// What single cells and values are shifted by.
const SHIFTS: [i64; 4] = [1, -1, 4, 1_000_003];

/// First digit, and number of digits, on a slot's row.
const DIGITS: std::ops::Range<usize> = 8..16;

fn shift(by: i64) -> Fr {
    let magnitude = Fr::from(by.unsigned_abs());
    if by < 0 { -magnitude } else { magnitude }
}

/// All attacks on slots and the tables, cheapest first.
pub(super) fn attacks(subject: &Subject) -> impl Iterator<Item = Attack> {
    let layout = subject.checker.layout();
    let rows = || 0..layout.credits.rows().end;
    let cell = move |cell: Cell, by: Fr| (cell, subject.witness.advice.get(cell.0, cell.1) + by);
    let singles = move |rows: std::ops::Range<usize>| {
        rows.flat_map(|row| (0..MAIN).map(move |column| (column, row))).flat_map(move |at| {
            SHIFTS.map(|by| Attack::cells(format!("cell {at:?} changed by {by}"), vec![cell(at, shift(by))]))
        })
    };
    let digits = rows().flat_map(move |row| {
        DIGITS.skip(1).map(move |above| {
            let cells = vec![cell((above - 1, row), Fr::from(4)), cell((above, row), -Fr::ONE)];
            Attack::cells(format!("digit {} on row {row} holds four of the next", above - 1 - DIGITS.start), cells)
        })
    });
    let values: Vec<(String, Vec<Cell>)> = slot_values(subject);
    let single_values = values.clone().into_iter().flat_map(move |(name, cells)| {
        SHIFTS.map(|by| {
            let cells = cells.iter().map(|at| cell(*at, shift(by))).collect();
            Attack::cells(format!("{name} changed by {by}"), cells)
        })
    });
    let linked = linked(subject, values);
    singles(layout.tape.rows().end - 10..layout.tape.rows().end)
        .chain(singles(last_signature(subject)))
        .chain(single_values)
        .chain(digits)
        .chain(linked)
        .chain(singles(rows()))
}

fn last_signature(subject: &Subject) -> std::ops::Range<usize> {
    let rows = subject.checker.layout().signatures.rows();
    rows.end - crate::circuit::signature::ROWS_PER_SLOT..rows.end
}

fn all_slots(subject: &Subject) -> Vec<(String, &Slots)> {
    let layout = subject.checker.layout();
    let kinds = layout.kinds.iter().map(|(kind, slots)| (kind.name().to_owned(), slots));
    [("block".to_owned(), &layout.block), ("credit".to_owned(), &layout.credits)].into_iter().chain(kinds).collect()
}

/// The cells of every value of every slot, named.
pub fn slot_values(subject: &Subject) -> Vec<(String, Vec<Cell>)> {
    let mut values = Vec::new();
    for (name, slots) in all_slots(subject) {
        for slot in 0..slots.count() {
            let mut cells: BTreeMap<_, Vec<Cell>> = BTreeMap::new();
            for (cell, var) in slots.cells(slot) {
                cells.entry(var).or_default().push(cell);
            }
            values.extend(cells.into_iter().map(|(var, cells)| (format!("{var:?} of {name} slot {slot}"), cells)));
        }
    }
    values
}

/// Two values that a row adds up, shifted so that their sum stays.
fn linked(subject: &Subject, values: Vec<(String, Vec<Cell>)>) -> impl Iterator<Item = Attack> {
    let owner: HashMap<Cell, usize> = values
        .iter()
        .enumerate()
        .flat_map(|(value, (_, cells))| cells.iter().map(move |cell| (*cell, value)))
        .collect();
    let rows = 0..subject.checker.layout().credits.rows().end;
    let honest = move |cell: Cell| subject.witness.advice.get(cell.0, cell.1);
    rows.flat_map(move |row| {
        let mut attacks = Vec::new();
        for (left, right) in [(0, 1), (0, 2), (1, 2), (0, 3)] {
            let scales = [left, right].map(|column| subject.checker.coefficient(column, row));
            let (Some(a), Some(b)) = (owner.get(&(left, row)), owner.get(&(right, row))) else { continue };
            let Some(inverse) = Option::<Fr>::from(scales[1].invert()) else { continue };
            let shifts = [(a, Fr::ONE), (b, -scales[0] * inverse)];
            let cells = shifts.into_iter().flat_map(|(value, by)| values[*value].1.iter().map(move |at| (*at, by)));
            let cells = cells.map(|(at, by)| (at, honest(at) + by)).collect();
            attacks.push(Attack::cells(format!("{} and {} shifted together", values[*a].0, values[*b].0), cells));
        }
        attacks
    })
}
