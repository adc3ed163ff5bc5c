//! A circuit for the prover's tests: degree-6 gates, rotations both ways, a running sum in the second phase under two
//! challenges, an instance column in a gate and in copies, and seven permutation columns (two grand products).

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::plonk::{
    Advice, Assigned, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance,
    SecondPhase, Selector,
};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::program::BLOCK;

/// What to get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A cell of a gate.
    Gate,
    /// A copied cell.
    Copy,
    /// The running sum of the second phase.
    Sum,
    /// A cell without a value.
    Unknown,
    /// A cell below the usable rows.
    Row,
    /// One phase too many.
    Phase,
}

#[derive(Clone, Debug)]
pub struct Toy {
    pub start: Fr,
    pub rows: usize,
    pub fault: Option<Fault>,
}

#[derive(Clone, Debug)]
pub struct Config {
    a: Column<Advice>,
    b: Column<Advice>,
    c: Column<Advice>,
    d: Column<Advice>,
    e: Column<Advice>,
    sum: Column<Advice>,
    constants: Column<Fixed>,
    bus: Column<Fixed>,
    ends: Column<Fixed>,
    step: Selector,
    instance: Column<Instance>,
    beta: Challenge,
    gamma: Challenge,
}

/// The values of columns a, b, c.
type Trace = (Vec<Fr>, Vec<Fr>, Vec<Fr>);

impl Toy {
    pub fn new(start: u64, rows: usize) -> Self {
        assert!(rows > BLOCK / 2);
        Self { start: Fr::from(start), rows, fault: None }
    }

    pub fn with(&self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self.clone() }
    }

    fn constant(row: usize) -> Fr {
        Fr::from(row as u64 * 7 + 5)
    }

    fn trace(&self) -> Trace {
        let b: Vec<Fr> = (0..self.rows).map(|i| Fr::from(3 * i as u64) + self.start).collect();
        let (mut a, mut c) = (vec![self.start], Vec::new());
        for i in 0..self.rows {
            let before = if i == 0 { Fr::ZERO } else { b[i - 1] };
            c.push(a[i].pow_vartime([5]) + Self::constant(i) + before);
            a.push(c[i] + b[i].double());
        }
        (a, b, c)
    }

    /// The start and the last c.
    pub fn instance(&self) -> Vec<Fr> {
        vec![self.start, self.trace().2[self.rows - 1]]
    }
}

impl Circuit<Fr> for Toy {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(cs: &mut ConstraintSystem<Fr>) -> Config {
        cs.set_minimum_degree(6);
        let [a, b, c, d, e] = std::array::from_fn(|_| cs.advice_column_in(FirstPhase));
        let sum = cs.advice_column_in(SecondPhase);
        let [constants, bus, ends] = std::array::from_fn(|_| cs.fixed_column());
        let step = cs.selector();
        let instance = cs.instance_column();
        let beta = cs.challenge_usable_after(FirstPhase);
        let gamma = cs.challenge_usable_after(FirstPhase);
        for column in [b, c, d, e, a] {
            cs.enable_equality(column);
        }
        cs.enable_equality(instance);
        cs.enable_equality(constants);

        cs.create_gate("step", |cells| {
            let step = cells.query_selector(step);
            let (a, c) = (cells.query_advice(a, Rotation::cur()), cells.query_advice(c, Rotation::cur()));
            let before = cells.query_advice(b, Rotation::prev());
            let constant = cells.query_fixed(constants, Rotation::cur());
            let fifth = a.clone() * a.clone() * a.clone() * a.clone() * a;
            vec![step * (fifth + constant + before - c)]
        });
        cs.create_gate("next", |cells| {
            let bus = cells.query_fixed(bus, Rotation::cur());
            let next = cells.query_advice(a, Rotation::next());
            let (b, c) = (cells.query_advice(b, Rotation::cur()), cells.query_advice(c, Rotation::cur()));
            vec![bus * (next - c - b * Fr::from(2))]
        });
        cs.create_gate("sum", |cells| {
            let bus = cells.query_fixed(bus, Rotation::cur());
            let ends = cells.query_fixed(ends, Rotation::cur());
            let [b, c, d, e] = [b, c, d, e].map(|column| cells.query_advice(column, Rotation::cur()));
            let (now, next) = (cells.query_advice(sum, Rotation::cur()), cells.query_advice(sum, Rotation::next()));
            let provided = gamma.expr() + b + beta.expr() * c;
            let drawn = gamma.expr() + d + beta.expr() * e;
            let grown = (next - now.clone()) * provided.clone() * drawn.clone();
            vec![bus * (grown - drawn + provided), ends * now]
        });
        cs.create_gate("instance", |cells| {
            // Of the rows of `ends`, only row 0 has a step of the bus.
            let first = cells.query_fixed(ends, Rotation::cur()) * cells.query_fixed(bus, Rotation::cur());
            let (start, end) =
                (cells.query_instance(instance, Rotation::cur()), cells.query_instance(instance, Rotation::next()));
            let a = cells.query_advice(a, Rotation::cur());
            vec![first * (start - a) * (end + Expression::Constant(Fr::ONE))]
        });
        Config { a, b, c, d, e, sum, constants, bus, ends, step, instance, beta, gamma }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let (mut a, b, c) = self.trace();
        let last = self.rows - 1;
        if self.fault == Some(Fault::Gate) {
            a[last] += Fr::ONE;
        }
        let cells = layouter.assign_region(
            || "main",
            |mut region| {
                let mut copies = Vec::new();
                region.assign_advice(config.a, self.rows, Value::known(a[self.rows]));
                for i in 0..self.rows {
                    let mut assign = |column, value| region.assign_advice(column, i, Value::known(value)).cell();
                    assign(config.a, a[i]);
                    let (b_cell, c_cell) = (assign(config.b, b[i]), assign(config.c, c[i]));
                    // Columns d and e are b and c upside down.
                    let copied =
                        b[last - i] + if self.fault == Some(Fault::Copy) && i == 3 { Fr::ONE } else { Fr::ZERO };
                    let (d_cell, e_cell) = (assign(config.d, copied), assign(config.e, c[last - i]));
                    copies.push([b_cell, c_cell, d_cell, e_cell]);
                    region.assign_fixed(config.constants, i, Self::constant(i));
                    if i > 0 {
                        config.step.enable(&mut region, i)?;
                    }
                    region.assign_fixed(config.bus, i, Fr::ONE);
                }
                for i in 0..self.rows {
                    region.constrain_equal(copies[i][0], copies[last - i][2]);
                    region.constrain_equal(copies[i][1], copies[last - i][3]);
                }
                match self.fault {
                    Some(Fault::Unknown) => drop(region.assign_advice(config.a, 1, Value::<Fr>::unknown())),
                    Some(Fault::Row) => drop(region.assign_advice(config.a, 1 << 20, Value::known(Fr::ONE))),
                    _ => {}
                }
                region.next_phase();
                if self.fault == Some(Fault::Phase) {
                    region.next_phase();
                    region.next_phase();
                }
                let (beta, gamma) = (region.get_challenge(config.beta), region.get_challenge(config.gamma));
                let mut sum = Value::known(Fr::ZERO);
                for i in 0..=self.rows {
                    if self.fault == Some(Fault::Sum) && i == last / 2 {
                        sum = sum.map(|sum| sum + Fr::ONE);
                    }
                    // As a fraction, to have one.
                    let fraction = sum.map(|sum| Assigned::Rational(sum.double(), Fr::from(2)));
                    region.assign_advice(config.sum, i, fraction);
                    if i == self.rows {
                        break;
                    }
                    let denominator = |b: Fr, c: Fr| gamma.zip(beta).map(|(gamma, beta)| gamma + b + beta * c);
                    let inverse = |value: Value<Fr>| value.map(|value| value.invert().unwrap_or(Fr::ZERO));
                    let provided = inverse(denominator(b[i], c[i]));
                    let drawn = inverse(denominator(b[last - i], c[last - i]));
                    sum = sum + provided - drawn;
                }
                region.assign_fixed(config.ends, 0, Fr::ONE);
                region.assign_fixed(config.ends, self.rows, Fr::ONE);
                Ok(copies[last][1])
            },
        )?;
        layouter.constrain_instance(cells, config.instance, 1);
        Ok(())
    }
}
