//! The sample files under host/examples: what they are made from, that they are up to date, and that they execute.
//!
//! To write them anew: `PENSTOCK_RECORD=1 cargo test -p penstock-circuits --test examples`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};

use common::*;
use penstock_circuits::operation::{Block, SignedOperation};
use penstock_circuits::public_inputs::PublicInputs;
use penstock_circuits::state::Genesis;
use penstock_circuits::trace::Outcome;
use serde::Serialize;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/examples").join(name)
}

fn assert_recorded<T: Serialize>(name: &str, value: &T) -> String {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("PENSTOCK_RECORD").is_some() {
        std::fs::write(path(name), &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path(name)).unwrap(), text, "{name} is out of date");
    text
}

fn transfer_block() -> Block {
    let transfer = SUBMITTER.sign(transfer_body(SUBMITTER_ID, ALICE_ID, ALICE.owner(), USD, 3 * ONE, 0));
    Block { number: 1, timestamp: TIME, operations: vec![SignedOperation::Transfer(transfer)] }
}

#[test]
fn the_files_are_up_to_date_and_read_back_as_written() {
    let genesis = assert_recorded("genesis.json", &genesis());
    assert_eq!(serde_json::from_str::<Genesis>(&genesis).unwrap(), common::genesis());
    let block = assert_recorded("block.json", &sample_block());
    assert_eq!(Block::from_json(&block).unwrap(), sample_block());
    let transfer = assert_recorded("transfer.json", &transfer_block());
    assert_eq!(Block::from_json(&transfer).unwrap(), transfer_block());
}

#[test]
fn the_sample_block_moves_what_its_story_says() {
    let (_folder, state) = fresh(&genesis());
    let trace = state.apply(&sample_block()).unwrap();
    assert_consistent(&trace);
    let view = state.view().unwrap();
    view.check().unwrap();
    let milli = ONE / 1_000;
    // Alice: 2 ether − 1 sold; 20 + 2500 − 2.5 fee − 100.1 to Bob − 0.2 for the forced exit.
    assert_eq!(view.balances(ALICE_ID).unwrap(), [(0, USD, 2_417_200 * milli), (0, ETHER, ONE)]);
    // Bob: 6000 − 2500 + 100 − 50.1; 1 ether − 0.002 fee − 0.901 withdrawn.
    assert_eq!(view.balances(BOB_ID).unwrap(), [(0, USD, 3_549_900 * milli), (0, ETHER, 97 * milli)]);
    // Carol: 1.5; Linea had 1.5 − 0.9 left for her exit.
    assert_eq!(view.balances(5).unwrap(), [(0, ETHER, 900 * milli)]);
    // Dave: 50 − 0.5, which left to Polygon.
    assert_eq!(view.balances(6).unwrap(), []);
    assert_eq!(
        view.balances(1).unwrap(),
        [(ETHEREUM, 2, 120 * ONE), (ETHEREUM, ETHER, 2 * ONE), (POLYGON, 2, 5_950_500 * milli), (LINEA, ETHER, 0)]
            .into_iter()
            .filter(|(_, _, amount)| *amount != 0)
            .collect::<Vec<_>>()
    );
    assert_eq!(view.balances(0).unwrap(), [(0, USD, 1_100 * milli), (0, ETHER, milli)]);
    assert_eq!(view.balances(SUBMITTER_ID).unwrap(), [(0, USD, 102_300 * milli), (0, ETHER, 2 * milli)]);
    // Bob's order has 0.2 ether left, Alice's slot has moved on.
    let slots =
        |id| view.slots(id).unwrap().into_iter().map(|(_, _, slot)| (slot.nonce, slot.residue)).collect::<Vec<_>>();
    assert_eq!((slots(ALICE_ID), slots(BOB_ID)), (vec![(1, 0)], vec![(0, 200 * milli)]));
    let exits: Vec<u128> = trace
        .operations
        .iter()
        .filter_map(|operation| match operation.outcome {
            Outcome::FullExit { amount } | Outcome::ForcedExit { amount } => Some(amount),
            _ => None,
        })
        .collect();
    assert_eq!(exits, [600 * milli, 49_500 * milli]);
    assert_eq!(view.account(6).unwrap().pkh, DAVE.pkh());
    let chains = |id| view.account(id).unwrap().chains.iter().collect::<Vec<_>>();
    assert_eq!([3, 4, 5, 6].map(chains), [[ETHEREUM], [POLYGON], [LINEA], [POLYGON]]);
    assert_eq!(PublicInputs::new(&trace, 3).unwrap().instance().len(), 10);
}

#[test]
fn the_transfer_executes_on_the_same_genesis() {
    let (_folder, state) = fresh(&genesis());
    assert_consistent(&state.apply(&transfer_block()).unwrap());
    assert_eq!(state.view().unwrap().balance(ALICE_ID, 0, USD).unwrap(), 23 * ONE);
}
