//! Confirms an attack on all rows: the whole circuit rejects it, and the circuit without the attacked gate accepts it.

use halo2_axiom::dev::{MockProver, VerifyFailure};
use halo2curves::bn256::Fr;

use super::attack::Attack;
use super::subject::Subject;
use crate::circuit::check::{BUS_END, COPIES, TUPLES};

/// Whether an attack breaks `class` alone, judged on all rows. `halo2`: also that MockProver accepts it on the circuit without
/// the class, if that is a gate; takes seconds.
pub fn confirm(subject: &Subject, class: &str, attack: &Attack, halo2: bool) -> bool {
    let checker = &subject.checker;
    let mut witness = subject.witness.clone();
    for ((column, row), value) in &attack.cells {
        witness.advice.set(*column, *row, *value);
    }
    let challenges = Subject::challenges();
    let mut bus = checker.running_sum(&witness, challenges);
    for (row, by) in attack.bus.iter().flatten() {
        bus[*row] += by;
    }
    let mut broken = checker.broken_with_bus(&witness, &bus, challenges);
    // What the tape provides falsely leaves the bus unbalanced, as does the loss of a class of tuples.
    if attack.bus.is_none() && (TUPLES.contains(&class) || !attack.provides.is_empty()) {
        let unbalanced = checker.unbalanced(&witness);
        if broken.remove(BUS_END) == unbalanced.is_empty() {
            return false;
        }
        broken.extend(unbalanced.into_iter().filter(|class| !attack.provides.contains(&class.as_str())));
    }
    if broken.len() != 1 || !broken.contains(class) {
        return false;
    }
    let is_gate = !TUPLES.contains(&class) && !COPIES.contains(&class);
    // The prover computes the running sum, so attacks on it cannot be handed to halo2.
    if !halo2 || !is_gate || attack.bus.is_some() {
        return true;
    }
    let instance: Vec<Fr> = witness.instance.clone();
    let circuit = subject.without(class, witness);
    match MockProver::run(subject.k(), &circuit, vec![instance]) {
        Ok(prover) => prover.verify().err().into_iter().flatten().all(|failure| {
            !attack.provides.is_empty()
                && matches!(&failure, VerifyFailure::ConstraintNotSatisfied { constraint, .. }
                        if constraint.to_string().contains(BUS_END))
        }),
        Err(_) => false,
    }
}
