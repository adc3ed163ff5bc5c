//! Attacks on the running sum: it does not follow the tuples on some rows, does not start at zero, or does not end there.
//!
//! A prover who may choose the running sum on one kind of rows, or at one end, adds there whatever the rest of the block lacks.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::check::Assignment;
use crate::circuit::tape::{TAPE, row};

/// On each kind of rows, and at both ends.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let mut attacks = on_rows(subject);
    attacks.extend(at_ends(subject));
    attacks
}

/// For each gate that compares the running sum with the next row's: wrong by one from a row of this gate up to the next such row.
fn on_rows(subject: &Subject) -> Vec<Attack> {
    let checker = &subject.checker;
    let gates = checker.gates().iter().zip(checker.reads()).enumerate();
    let attacks = gates.filter_map(|(index, (gate, reads))| {
        if !reads.advice.contains(&(checker.bus_column(), 1)) {
            return None;
        }
        // Where the gate is at work, it notices that the next row has grown by one.
        let mut bus = vec![Fr::ZERO; checker.layout().end + 1];
        let value = |row: usize, bus: &[Fr]| {
            let cells = Assignment { witness: &subject.witness, bus, challenges: Subject::challenges() };
            checker.evaluate(&gate.polynomials()[0], row, &cells)
        };
        let live = (0..checker.layout().end).filter(|row| checker.is_live(index, *row));
        let mut noticed = live.filter(|row| {
            bus[row + 1] = Fr::ONE;
            let noticed = value(*row, &bus) != value(*row, &[]);
            bus[row + 1] = Fr::ZERO;
            noticed
        });
        let (first, second) = (noticed.next()?, noticed.next()?);
        let shifts = (first + 1..=second).map(|row| (row, Fr::ONE)).collect();
        let name = format!("the running sum grows by one beside {}", gate.name());
        Some(Attack { name, cells: Vec::new(), bus: Some(shifts), provides: &[] })
    });
    attacks.collect()
}

/// A hash that nobody draws, made up for at the start of the running sum, or not at all.
fn at_ends(subject: &Subject) -> [Attack; 2] {
    let checker = &subject.checker;
    let tape = &checker.layout().tape;
    let count = (TAPE, tape.cell(tape.pairs() - 1, row::INDEX));
    let mut witness = subject.witness.clone();
    witness.advice.set(count.0, count.1, Fr::ONE);
    let rest = checker.running_sum(&witness, Subject::challenges())[checker.layout().end];
    let shifts = (0..=checker.layout().end).map(|row| (row, -rest)).collect();
    let attack = |name: &str, shifts: Vec<(usize, Fr)>| Attack {
        name: name.to_owned(),
        cells: vec![(count, Fr::ONE)],
        bus: Some(shifts),
        provides: &[],
    };
    [
        attack("the running sum starts at minus what the block lacks", shifts),
        attack("the running sum ends at what the block lacks", Vec::new()),
    ]
}
