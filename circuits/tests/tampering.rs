//! Every value and cell that a prover chooses is held by some constraint: each is changed, and something must break.
//!
//! A change is judged where it can matter: on the rows that reach it by rotation, in the tuples that it changes on the bus
//! (the rest of the block is honest, so any remainder is unmet), and in the copies of the changed cells.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use halo2_axiom::plonk::{ConstraintSystem, Expression};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use penstock_circuits::circuit::bus::BusRegion;
use penstock_circuits::circuit::columns::MAIN;
use penstock_circuits::circuit::layout::{BatchConfig, Layout};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::circuit::signature::ROWS_PER_SLOT;
use penstock_circuits::circuit::slot::{Cell, Slots};
use penstock_circuits::circuit::table::Table;
use penstock_circuits::circuit::tape::{ROWS_PER_PAIR, TAPE, row};
use penstock_circuits::circuit::witness::Witness;
use penstock_circuits::operation::Block;
use penstock_circuits::public_inputs::PublicInputs;
use penstock_circuits::state::{Genesis, State};

/// No gate reaches further by rotation.
const REACH: usize = 15;

struct Bench {
    cs: ConstraintSystem<Fr>,
    bus: usize,
    layout: Layout,
    fixed: Table,
    copies: HashMap<Cell, Vec<Cell>>,
    witness: Witness,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let genesis: Genesis = serde_json::from_str(include_str!("../../host/examples/genesis.json")).unwrap();
        let state = State::init(folder.path(), &genesis).unwrap();
        let block = Block::from_json(include_str!("../../host/examples/block.json")).unwrap();
        let trace = state.execute(&block).unwrap().0;
        let capacities = Preset::Tiny.capacities();
        let mut cs = ConstraintSystem::default();
        let config = BatchConfig::configure(&mut cs, None);
        let layout = Layout::new(&config, &capacities);
        let public = PublicInputs::new(&trace, capacities.chains).unwrap();
        let witness = Witness::new(&layout, &trace, &public).unwrap();
        let mut copies: HashMap<Cell, Vec<Cell>> = HashMap::new();
        for (left, right) in layout.copies() {
            copies.entry(left).or_default().push(right);
            copies.entry(right).or_default().push(left);
        }
        let fixed = layout.fixed();
        Self { cs, bus: config.columns.bus.index(), layout, fixed, copies, witness }
    }

    /// Names of what breaks when the cells grow by these values.
    fn broken(&mut self, changes: &[(Cell, Fr)]) -> BTreeSet<String> {
        let rows: BTreeSet<usize> = changes
            .iter()
            .flat_map(|((_, row), _)| row.saturating_sub(REACH)..=(row + REACH).min(self.layout.end))
            .collect();
        let before = self.tuples(&rows);
        self.shift(changes, Fr::ONE);
        let mut broken: BTreeSet<String> = self.gates(&rows);
        for (tuple, count) in self.tuples(&rows) {
            if before.get(&tuple).copied().unwrap_or(Fr::ZERO) != count {
                broken.insert("bus".to_owned());
            }
        }
        let cell = |(column, row): Cell| self.witness.advice.get(column, row);
        for (changed, _) in changes {
            if self.copies.get(changed).is_some_and(|twins| twins.iter().any(|twin| cell(*twin) != cell(*changed))) {
                broken.insert("copies".to_owned());
            }
        }
        self.shift(changes, -Fr::ONE);
        broken
    }

    fn shift(&mut self, changes: &[(Cell, Fr)], sign: Fr) {
        for ((column, row), by) in changes {
            let value = self.witness.advice.get(*column, *row) + sign * by;
            self.witness.advice.set(*column, *row, value);
        }
    }

    fn tuples(&self, rows: &BTreeSet<usize>) -> BTreeMap<Vec<Fr>, Fr> {
        let mut tuples = BTreeMap::new();
        for region in self.layout.regions() {
            for row in rows.iter().filter(|row| region.rows().contains(row)) {
                for term in region.terms(&self.witness.advice, &self.fixed, *row) {
                    let mut key = vec![term.tag];
                    key.extend(term.elements);
                    *tuples.entry(key).or_insert(Fr::ZERO) += term.multiplicity;
                }
            }
        }
        tuples.retain(|_, count| *count != Fr::ZERO);
        tuples
    }

    fn gates(&self, rows: &BTreeSet<usize>) -> BTreeSet<String> {
        let at = |column: &[Fr], row: usize, rotation: i32| {
            usize::try_from(row as i64 + i64::from(rotation))
                .ok()
                .and_then(|row| column.get(row))
                .copied()
                .unwrap_or(Fr::ZERO)
        };
        let value = |expression: &Expression<Fr>, row: usize| {
            expression.evaluate(
                &|constant| constant,
                &|_| Fr::ZERO,
                &|query| at(&self.fixed.columns()[query.column_index()], row, query.rotation().0),
                &|query| at(&self.witness.advice.columns()[query.column_index()], row, query.rotation().0),
                &|query| at(&self.witness.instance, row, query.rotation().0),
                &|_| Fr::ZERO,
                &|a| -a,
                &|a, b| a + b,
                &|a, b| a * b,
                &|a, scale| a * scale,
            )
        };
        let on_bus = |gate: &&halo2_axiom::plonk::Gate<Fr>| gate.polynomials()[0].extract_advices().contains(&self.bus);
        let gates = self.cs.gates().iter().filter(|gate| !on_bus(gate));
        let broken = gates.filter(|gate| rows.iter().any(|row| value(&gate.polynomials()[0], *row) != Fr::ZERO));
        broken.map(|gate| gate.name().to_owned()).collect()
    }

    fn slots(&self) -> Vec<(String, &Slots)> {
        let mut all = vec![("block".to_owned(), &self.layout.block), ("credit".to_owned(), &self.layout.credits)];
        all.extend(self.layout.kinds.iter().map(|(kind, slots)| (kind.to_string(), slots)));
        all
    }

    fn single_cells_that_nothing_holds(&mut self, rows: impl Iterator<Item = usize>) -> BTreeSet<Cell> {
        let cells: Vec<Cell> = rows.flat_map(|row| (0..MAIN).map(move |column| (column, row))).collect();
        cells.into_iter().filter(|cell| self.broken(&[(*cell, Fr::from(7))]).is_empty()).collect()
    }
}

#[test]
fn every_value_of_every_program_is_held() {
    let mut bench = Bench::new();
    let values: Vec<(String, Vec<Cell>)> = bench
        .slots()
        .into_iter()
        .flat_map(|(name, slots)| {
            let mut by_value: BTreeMap<_, Vec<Cell>> = BTreeMap::new();
            for (cell, var) in slots.cells(0) {
                by_value.entry(var).or_default().push(cell);
            }
            by_value.into_values().map(move |cells| (name.clone(), cells)).collect::<Vec<_>>()
        })
        .collect();
    let mut free: BTreeMap<String, usize> = BTreeMap::new();
    for (name, cells) in values {
        let changes: Vec<_> = cells.iter().map(|cell| (*cell, Fr::ONE)).collect();
        if bench.broken(&changes).is_empty() {
            // The hint for the inverse of a value that is zero: its product with that value is zero whatever it is.
            let [(column, row)] = cells[..] else { panic!("{name}: cells {cells:?} are free") };
            assert_eq!((column, bench.witness.advice.get(4, row)), (5, Fr::ZERO), "{name}: row {row}");
            *free.entry(name).or_default() += 1;
        }
    }
    // A full exit to the account's own, existing owner; no order left in the slots, no limit on the match, one order used up.
    assert_eq!(free, BTreeMap::from([("full_exit".to_owned(), 1), ("order_matching".to_owned(), 6)]));
}

#[test]
fn every_cell_of_a_signature_slot_is_held() {
    let mut bench = Bench::new();
    let start = bench.layout.signatures.rows().start;
    let free = bench.single_cells_that_nothing_holds(start..start + ROWS_PER_SLOT);
    // Columns that a row does not use: link, absorb, two full rounds, ten rows of partial rounds, two full rounds, output, ladder.
    let unused = |row: usize| match row {
        1 => 8..MAIN,
        2 => 9..MAIN,
        3 | 4 | 15 | 16 => 12..MAIN,
        5..=14 => 11..MAIN,
        17 => 6..MAIN,
        37.. => 16..MAIN,
        _ => MAIN..MAIN,
    };
    let mut expected: BTreeSet<Cell> =
        (0..ROWS_PER_SLOT).flat_map(|row| unused(row).map(move |column| (column, start + row))).collect();
    expected.insert((0, start + 2));
    assert_eq!(free, expected);
}

#[test]
fn every_cell_of_the_tape_is_held() {
    let mut bench = Bench::new();
    let tape = bench.layout.tape.rows();
    // The start of a path of 21 levels, its end with the start of the next one, and free hashes at the tape's end.
    let pairs = |range: std::ops::Range<usize>| {
        tape.start + range.start * ROWS_PER_PAIR..tape.start + range.end * ROWS_PER_PAIR
    };
    let last = bench.layout.tape.pairs();
    let free = bench.single_cells_that_nothing_holds(pairs(0..2).chain(pairs(20..22)).chain(pairs(last - 2..last)));
    let roots = [row::OLD_ROOT, row::NEW_ROOT];
    let expected = [0, 1, 20, 21, last - 2, last - 1].into_iter().flat_map(|pair| {
        let without_path = if pair >= last - 2 { roots.as_slice() } else { &[] };
        let rows: Vec<usize> = without_path.iter().copied().chain([row::NEW_HASH - 1]).collect();
        rows.into_iter().map(move |row| (TAPE, tape.start + pair * ROWS_PER_PAIR + row))
    });
    assert_eq!(free, expected.collect());
}
