//! Attacks on the tape's permutations: one S-box input is wrong, and everything after it follows from the wrong one.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::tape::recurrence::{HASHED, INPUTS, SEQUENCE, trace};
use crate::circuit::tape::{TAPE, WIDTH, row};

/// A false hash of (0, 0) by way of each input after the hashed ones, and one that the last inputs do not lead to.
pub(super) fn attacks(subject: &Subject) -> Vec<Attack> {
    let tape = &subject.checker.layout().tape;
    let pair = tape.pairs() - 1;
    let (honest, hash) = trace(Fr::ZERO, Fr::ZERO);
    let mut attacks: Vec<Attack> = (HASHED..INPUTS)
        .map(|wrong| {
            let mut inputs = honest;
            inputs[wrong] += Fr::ONE;
            for later in wrong + 1..INPUTS {
                inputs[later] = SEQUENCE.inputs[later].evaluate(&inputs);
            }
            let cells = inputs.iter().enumerate().map(|(s, x)| ((s % WIDTH, tape.cell(pair, s / WIDTH)), *x));
            let hash = ((TAPE, tape.cell(pair, row::OLD_HASH)), SEQUENCE.output.evaluate(&inputs));
            Attack::cells(format!("a false hash by way of S-box input {wrong}"), cells.chain([hash]).collect())
        })
        .collect();
    let wrong = ((TAPE, tape.cell(pair, row::OLD_HASH)), hash + Fr::ONE);
    attacks.push(Attack::cells("a hash that the last inputs do not lead to", vec![wrong]));
    attacks
}
