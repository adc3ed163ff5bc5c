//! The mutation check's short form: every class of constraints of the batch circuit has an attack that it alone stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use halo2curves::bn256::Fr;
use penstock_circuits::circuit::soundness::{Attack, Judge, Subject, campaign, confirm, slot_values};
use penstock_circuits::operation::Block;
use penstock_circuits::state::{Genesis, State};
use penstock_circuits::trace::BlockTrace;

const GENESIS: &str = include_str!("../../host/examples/genesis.json");
const BLOCK: &str = include_str!("../../host/examples/block.json");
const TRANSFER: &str = include_str!("../../host/examples/transfer.json");

fn execute(block: &str) -> BlockTrace {
    let folder = tempfile::tempdir().unwrap();
    let genesis: Genesis = serde_json::from_str(GENESIS).unwrap();
    let state = State::init(folder.path(), &genesis).unwrap();
    state.execute(&Block::from_json(block).unwrap()).unwrap().0
}

#[test]
fn every_constraint_stops_an_attack_that_nothing_else_stops() {
    let subject = Subject::new(Subject::transfer_capacities(), &execute(TRANSFER)).unwrap();
    let report = campaign(&subject);
    assert_eq!(report.survivors().collect::<Vec<_>>(), Vec::<&str>::new());
    for (class, attack) in &report.classes {
        let attack = attack.as_ref().unwrap();
        assert!(confirm(&subject, class, attack, false), "{class}: {}", attack.name);
    }
}

#[test]
fn halo2_accepts_an_attack_where_its_gate_is_left_out_and_only_there() {
    let subject = Subject::new(Subject::transfer_capacities(), &execute(TRANSFER)).unwrap();
    let report = campaign(&subject);
    let attack = |class: &str| report.classes.iter().find(|(other, _)| other == class).unwrap().1.clone().unwrap();
    for class in ["slot.product", "tape.sibling", "signature.combined.x"] {
        assert!(confirm(&subject, class, &attack(class), true), "{class}");
        assert!(!confirm(&subject, "slot.sum", &attack(class), true), "{class} is not slot.sum");
    }
    let nothing = Attack::cells("nothing", Vec::new());
    assert!(!confirm(&subject, "slot.sum", &nothing, false));
    let two_at_once = [attack("slot.product").cells, attack("tape.hash").cells].concat();
    assert!(!confirm(&subject, "slot.product", &Attack::cells("two at once", two_at_once), false));
}

/// The only free values are the inverses that say that something is not zero, where it is zero.
#[test]
fn every_value_of_every_program_is_constrained() {
    let subject = Subject::new(Subject::all_kinds_capacities(), &execute(BLOCK)).unwrap();
    let mut judge = Judge::new(&subject);
    let value = |(column, row): (usize, usize)| subject.witness.advice.get(column, row);
    let mut free = Vec::new();
    let mut judged = 0;
    for (name, cells) in slot_values(&subject) {
        if value((16, cells[0].1)) != Fr::one() {
            continue;
        }
        judged += 1;
        // A range that the value still fits is no reason to reject it: its last digit moves along.
        let digits: Vec<_> = cells.iter().filter(|(column, _)| *column == 7).map(|(_, row)| (8, *row)).collect();
        let by = if digits.iter().all(|digit| value(*digit) != Fr::from(3)) { Fr::one() } else { -Fr::one() };
        let shifted = cells.iter().chain(&digits).map(|cell| (*cell, value(*cell) + by)).collect();
        if judge.broken(&Attack::cells(name.clone(), shifted)).is_empty() {
            let is_inverse_of_zero = cells.iter().all(|(column, row)| *column == 5 && value((4, *row)) == Fr::zero());
            free.push((name, is_inverse_of_zero));
        }
    }
    assert!(judged > 1_000);
    let unexplained: Vec<_> = free.iter().filter(|(_, is_inverse_of_zero)| !is_inverse_of_zero).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
