//! The batch circuit on executed blocks: honest ones are accepted, tampered ones are rejected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use halo2_axiom::dev::MockProver;
use halo2_axiom::plonk::ConstraintSystem;
use halo2curves::bn256::Fr;
use penstock_circuits::circuit::batch::Batch;
use penstock_circuits::circuit::check::Checker;
use penstock_circuits::circuit::demand::Demand;
use penstock_circuits::circuit::layout::{BatchConfig, Layout};
use penstock_circuits::circuit::preset::{Capacities, Preset};
use penstock_circuits::circuit::tape::{TAPE, row};
use penstock_circuits::circuit::witness::Witness;
use penstock_circuits::operation::{Block, Kind};
use penstock_circuits::public_inputs::PublicInputs;
use penstock_circuits::state::{Genesis, State};
use penstock_circuits::trace::BlockTrace;

const GENESIS: &str = include_str!("../../host/examples/genesis.json");
const BLOCK: &str = include_str!("../../host/examples/block.json");

fn sample() -> BlockTrace {
    let folder = tempfile::tempdir().unwrap();
    let genesis: Genesis = serde_json::from_str(GENESIS).unwrap();
    let state = State::init(folder.path(), &genesis).unwrap();
    state.execute(&Block::from_json(BLOCK).unwrap()).unwrap().0
}

fn challenges() -> [Fr; 2] {
    [Fr::from(0x1234_5678_9abc_def1), -Fr::from(0x9876_5432_10fe_dcb7)]
}

#[test]
fn the_sample_block_satisfies_every_constraint() {
    let trace = sample();
    let capacities = Preset::Tiny.capacities();
    let checker = Checker::new(&capacities);
    let public = PublicInputs::new(&trace, capacities.chains).unwrap();
    let witness = Witness::new(checker.layout(), &trace, &public).unwrap();
    assert_eq!(checker.broken(&witness, challenges()), BTreeSet::new());
}

#[test]
fn halo2_accepts_the_sample_block_and_no_other_public_input() {
    let trace = sample();
    let batch = Batch::new(Preset::Tiny);
    let public = PublicInputs::new(&trace, batch.capacities().chains).unwrap();
    let circuit = batch.assign(&trace, &public).unwrap();
    let honest = public.instance();
    MockProver::run(batch.k(), &circuit, vec![honest.clone()]).unwrap().assert_satisfied();
    let checker = Checker::new(batch.capacities());
    for index in 0..honest.len() {
        let mut witness = circuit.witness.clone().unwrap();
        witness.instance[index] += Fr::one();
        assert!(!checker.broken(&witness, challenges()).is_empty(), "public input {index}");
    }
}

#[test]
fn every_preset_fits_its_rows() {
    for preset in Preset::ALL {
        let batch = Batch::new(preset);
        let mut columns = ConstraintSystem::default();
        let _ = BatchConfig::configure(&mut columns, None);
        let usable = (1 << batch.k()) - columns.blinding_factors() - 1;
        assert!(batch.report().rows < usable, "{preset}");
    }
}

#[test]
fn a_block_takes_as_many_pairs_of_permutations_as_are_counted() {
    let trace = sample();
    for spare in [0, 1] {
        let signatures = Demand::of_trace(&trace).signatures() + spare;
        let capacities = Capacities { signatures, ..Preset::Tiny.capacities() };
        let layout = Layout::new(&BatchConfig::configure(&mut ConstraintSystem::default(), None), &capacities);
        let public = PublicInputs::new(&trace, capacities.chains).unwrap();
        let witness = Witness::new(&layout, &trace, &public).unwrap();
        let cell = |pair, row| witness.advice.get(TAPE, layout.tape.cell(pair, row));
        let is_used = |pair| [row::PATH, row::INDEX, row::LEVELS].iter().any(|row| cell(pair, *row) != Fr::zero());
        let used = (0..layout.tape.pairs()).filter(|pair| is_used(*pair)).count();
        assert_eq!(Demand::of_trace(&trace).pairs(signatures), used);
    }
}

#[test]
fn what_a_block_takes_is_known_before_its_execution_but_for_the_fee_credits() {
    let trace = sample();
    let block = Block::from_json(BLOCK).unwrap();
    let without = BlockTrace { credits: Vec::new(), ..trace.clone() };
    assert_eq!(Demand::of_block(&block), Demand::of_trace(&without));
    assert!(!trace.credits.is_empty());
    assert_ne!(Demand::of_block(&block), Demand::of_trace(&trace));
}

#[test]
fn operations_stay_within_their_budget_of_cells() {
    let report = Batch::new(Preset::Tiny).report();
    let cells = |kind| report.cells.iter().find(|(other, _)| *other == kind).unwrap().1;
    assert!(cells(Kind::Transfer) <= 22_000);
    assert!(cells(Kind::OrderMatching) <= 60_000);
    assert_eq!(report.degree, 6);
}
