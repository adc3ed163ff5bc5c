//! Attacks on the running sum: it does not follow the tuples on some rows.
//!
//! A prover who may choose the running sum on one kind of rows adds there whatever the rest of the block lacks.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;

/// For each gate on the running sum: wrong by one from a row of this gate up to the next such row.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let checker = &subject.checker;
    let column = checker.bus_column();
    let attacks = checker.gates().iter().zip(checker.reads()).filter_map(|(gate, reads)| {
        let rows = if reads.advice.contains(&(column, 1)) {
            // Where the gate is at work, it notices that the next row has grown by one.
            let (witness, challenges) = (&subject.witness, Subject::challenges());
            let mut bus = vec![Fr::ZERO; checker.layout().end + 1];
            let mut noticed = (0..checker.layout().end).filter(|row| {
                bus[row + 1] = Fr::ONE;

                let at = |bus: &[Fr]| {
                    let cells = crate::circuit::check::Assignment { witness, bus, challenges };
                    checker.evaluate(&gate.polynomials()[0], *row, &cells)
                };
                let noticed = at(&bus) != at(&[]);
                bus[row + 1] = Fr::ZERO;
                noticed
            });
            let (first, second) = (noticed.next()?, noticed.next()?);
            first + 1..second + 1
        } else if reads.advice.contains(&(column, 0)) {
            0..checker.layout().end + 1
        } else {
            return None;
        };
        let bus = rows.map(|row| (row, Fr::ONE)).collect();
        let name = format!("the running sum grows by one beside {}", gate.name());
        Some(Attack { name, cells: Vec::new(), bus, provides: &[] })
    });
    attacks.collect()
}
