use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::dev::MockProver;
use halo2_axiom::plonk::{Circuit, Column, ConstraintSystem, Error, Fixed};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::*;
use crate::circuit::bus::{BusRegion, Tag, running_sum};
use crate::circuit::columns::{Columns, MAIN};
use crate::circuit::gates::Gates;
use crate::circuit::table::Table;

/// What the program of the test slots reads: a · b + 7 = public input, a below 2^19, and whether b is zero.
#[derive(Clone, Copy)]
struct Inputs {
    a: u64,
    b: u64,
}

fn program(builder: &mut Builder, inputs: Inputs, public: bool) {
    let a = builder.integer(u128::from(inputs.a), 19);
    let b = builder.input(Fr::from(inputs.b));
    let product = builder.product(a, b);
    let result = builder.sum(&[(Fr::ONE, product)], Fr::from(7));
    let zero = builder.is_zero(b);
    let chosen = builder.select(zero, a, result);
    let flags = [1u64, 2, 4, 8, 16].map(|weight| (Fr::from(weight), zero));
    let weighted = builder.sum(&flags, Fr::ZERO);
    if public {
        let public = builder.instance(0, builder.value(result));
        builder.assert_equal(public, result);
        builder.provide(Tag::Credit, &[a, b]);
        builder.draw(Tag::Credit, &[chosen, weighted]);
    } else {
        builder.draw(Tag::Credit, &[a, b]);
        builder.provide(Tag::Credit, &[chosen, weighted]);
    }
}

/// One slot with the public input, and two slots of which the first answers it and the second is empty.
#[derive(Clone)]
struct TestCircuit {
    advice: Table,
}

struct Regions {
    first: Slots,
    second: Slots,
}

impl Regions {
    fn new(config: &(Columns, SlotConfig, Column<Fixed>)) -> Self {
        let inputs = Inputs { a: 0, b: 0 };
        let plan = |holds, public| {
            let mut builder = Builder::new(holds);
            program(&mut builder, inputs, public);
            Plan::new(&builder)
        };
        let first = Slots::new(plan(true, true), 0, 1, &config.1, &config.0);
        let second = Slots::new(plan(true, false), first.rows().end, 2, &config.1, &config.0);
        Self { first, second }
    }

    fn end(&self) -> usize {
        self.second.rows().end
    }
}

fn configure(cs: &mut ConstraintSystem<Fr>) -> (Columns, SlotConfig, Column<Fixed>) {
    cs.set_minimum_degree(6);
    let columns = Columns::configure(cs);
    let slots = SlotConfig::configure(cs);
    let edge = cs.fixed_column();
    let mut gates = Gates::new(cs, None);
    slots.gates(&mut gates, &columns);
    gates.add("edge", |cells| {
        cells.query_fixed(edge, halo2_axiom::poly::Rotation::cur())
            * cells.query_advice(columns.bus, halo2_axiom::poly::Rotation::cur())
    });
    (columns, slots, edge)
}

impl TestCircuit {
    fn new(inputs: Inputs) -> Self {
        let config = configure(&mut ConstraintSystem::default());
        let regions = Regions::new(&config);
        let mut advice = Table::new(MAIN, regions.end() + 1);
        for (slots, slot, holds, public, inputs) in [
            (&regions.first, 0, true, true, inputs),
            (&regions.second, 0, true, false, inputs),
            (&regions.second, 1, false, false, Inputs { a: 0, b: 0 }),
        ] {
            let mut builder = Builder::new(holds);
            program(&mut builder, inputs, public);
            slots.fill(&mut advice, slot, &builder);
        }
        Self { advice }
    }

    fn accepted(&self, public: u64) -> bool {
        let prover = MockProver::run(9, self, vec![vec![Fr::from(public)]]).unwrap();
        prover.verify().is_ok()
    }
}

impl Circuit<Fr> for TestCircuit {
    type Config = (Columns, SlotConfig, Column<Fixed>);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(cs: &mut ConstraintSystem<Fr>) -> Self::Config {
        configure(cs)
    }

    fn synthesize(&self, config: Self::Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let regions = Regions::new(&config);
        let mut fixed = Table::new(config.2.index() + 1, regions.end() + 1);
        regions.first.fill_fixed(&mut fixed);
        regions.second.fill_fixed(&mut fixed);
        fixed.set(config.2.index(), 0, Fr::ONE);
        fixed.set(config.2.index(), regions.end(), Fr::ONE);
        layouter.assign_region(
            || "test",
            |mut region| {
                for column in config.0.coefficients.iter().chain([&config.1.selector, &config.2]) {
                    for (row, value) in fixed.columns()[column.index()].iter().enumerate() {
                        region.assign_fixed(*column, row, *value);
                    }
                }
                let mut cells = Vec::new();
                for (column, values) in config.0.main.iter().zip(self.advice.columns()) {
                    let assign =
                        |(row, value): (usize, &Fr)| region.assign_advice(*column, row, Value::known(*value)).cell();
                    cells.push(values.iter().enumerate().map(assign).collect::<Vec<_>>());
                }
                for (left, right) in regions.first.copies(&[]).into_iter().chain(regions.second.copies(&[])) {
                    region.constrain_equal(cells[left.0][left.1], cells[right.0][right.1]);
                }
                let challenges = region.get_challenge(config.0.beta).zip(region.get_challenge(config.0.gamma));
                let sums = challenges.map(|(beta, gamma)| {
                    running_sum(&[&regions.first, &regions.second], &self.advice, &fixed, beta, gamma)
                });
                for row in 0..=regions.end() {
                    region.assign_advice(config.0.bus, row, sums.as_ref().map(|sums| sums[row]));
                }
                Ok(())
            },
        )
    }
}

#[test]
fn programs_that_hold_are_accepted() {
    assert!(TestCircuit::new(Inputs { a: 6, b: 7 }).accepted(49));
    assert!(TestCircuit::new(Inputs { a: 6, b: 0 }).accepted(7));
    assert!(TestCircuit::new(Inputs { a: (1 << 19) - 1, b: 1 }).accepted((1 << 19) + 6));
}

#[test]
fn another_public_input_is_rejected() {
    assert!(!TestCircuit::new(Inputs { a: 6, b: 7 }).accepted(50));
}

#[test]
fn values_out_of_range_are_rejected() {
    assert!(!TestCircuit::new(Inputs { a: 1 << 19, b: 1 }).accepted((1 << 19) + 7));
}
