//! The mutation check's short form: every class of constraints of the batch circuit has an attack that it alone stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use penstock_circuits::circuit::soundness::{Confirmation, Subject, campaign, confirm};
use penstock_circuits::operation::Block;
use penstock_circuits::state::{Genesis, State};
use penstock_circuits::trace::BlockTrace;

const GENESIS: &str = include_str!("../../host/examples/genesis.json");
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
