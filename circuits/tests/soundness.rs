//! The mutation check's short form: every class of constraints of the batch circuit has an attack that it alone stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use halo2curves::bn256::Fr;
use penstock_circuits::circuit::soundness::{Attack, Confirmation, Judge, Subject, campaign, confirm, slot_values};
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
        assert_eq!(confirm(&subject, class, attack, false), Confirmation::Confirmed, "{class}: {}", attack.name);
    }
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
        let shifted = cells.iter().map(|cell| (*cell, value(*cell) + Fr::one())).collect();
        if judge.broken(&Attack::cells(name.clone(), shifted)).is_empty() {
            let is_inverse_of_zero = cells.iter().all(|(column, row)| *column == 5 && value((4, *row)) == Fr::zero());
            free.push((name, is_inverse_of_zero));
        }
    }
    assert!(judged > 1_000);
    let unexplained: Vec<_> = free.iter().filter(|(_, is_inverse_of_zero)| !is_inverse_of_zero).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
    // Flags of the match in the sample block, and of the exits.
    assert!(free.len() < 20, "{free:?}");
}
