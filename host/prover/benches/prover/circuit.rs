//! A synthetic circuit in the shape of the batch circuit: 17 advice columns of Poseidon-like recurrences under four
//! kinds of rows, a bus column in the second phase, eight permutation columns, degree 6.

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::plonk::{
    Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance, SecondPhase,
    VirtualCells,
};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};

const WIDTH: usize = 17;
const KINDS: usize = 4;
const COPYABLE: usize = 8;

/// A table of `rows` rows that follow one another like a permutation's rounds.
#[derive(Clone, Debug)]
pub struct Wide {
    pub rows: usize,
}

#[derive(Clone, Debug)]
pub struct Config {
    cells: [Column<Advice>; WIDTH],
    bus: Column<Advice>,
    kinds: [Column<Fixed>; KINDS],
    constants: [Column<Fixed>; WIDTH],
    instance: Column<Instance>,
    beta: Challenge,
    gamma: Challenge,
}

/// The recurrence's coefficients: of two cells and of three fifth powers.
fn coefficients(kind: usize, column: usize) -> [Fr; 5] {
    std::array::from_fn(|i| Fr::from((7 * kind + 3 * column + i) as u64).pow_vartime([9]) + Fr::from(2))
}

fn constant(row: usize, column: usize) -> Fr {
    Fr::from((row * WIDTH + column) as u64)
}

impl Wide {
    /// The cells in reading order: each follows from the three before it.
    fn cells(&self) -> Vec<Fr> {
        let coefficients: Vec<_> = (0..KINDS * WIDTH).map(|index| coefficients(index / WIDTH, index % WIDTH)).collect();
        let mut cells: Vec<Fr> = (0..WIDTH).map(|column| Fr::from(column as u64 + 1)).collect();
        for index in WIDTH..self.rows * WIDTH {
            let (row, column) = (index / WIDTH, index % WIDTH);
            let before = [cells[index - 1], cells[index - 2], cells[index - 3]];
            let fifth = before.map(|x| x.square().square() * x);
            let [a, b, c, d, e] = coefficients[row % KINDS * WIDTH + column];
            cells.push(
                a * before[0] + b * before[1] + c * fifth[0] + d * fifth[1] + e * fifth[2] + constant(row, column),
            );
        }
        cells
    }

    pub fn instance(&self) -> Vec<Fr> {
        vec![Fr::ONE]
    }
}

impl Circuit<Fr> for Wide {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(cs: &mut ConstraintSystem<Fr>) -> Config {
        cs.set_minimum_degree(6);
        let cells = std::array::from_fn(|_| cs.advice_column_in(FirstPhase));
        let bus = cs.advice_column_in(SecondPhase);
        let kinds = std::array::from_fn(|_| cs.fixed_column());
        let constants = std::array::from_fn(|_| cs.fixed_column());
        let instance = cs.instance_column();
        cells[..COPYABLE - 1].iter().for_each(|column| cs.enable_equality(*column));
        cs.enable_equality(instance);
        let beta = cs.challenge_usable_after(FirstPhase);
        let gamma = cs.challenge_usable_after(FirstPhase);
        let fifth = |x: Expression<Fr>| x.clone() * x.clone() * x.clone() * x.clone() * x;
        for (kind, selector) in kinds.into_iter().enumerate() {
            for column in 0..WIDTH {
                cs.create_gate("round", |meta| {
                    let before = |meta: &mut VirtualCells<'_, Fr>, back: usize| {
                        let index = WIDTH + column - back;
                        let rotation = Rotation(index as i32 / WIDTH as i32 - 1);
                        meta.query_advice(cells[index % WIDTH], rotation)
                    };
                    let [x, y, z] = [1, 2, 3].map(|back| before(meta, back));
                    let [a, b, c, d, e] = coefficients(kind, column);
                    let sum = x.clone() * a + y.clone() * b + fifth(x) * c + fifth(y) * d + fifth(z) * e;
                    let constant = meta.query_fixed(constants[column], Rotation::cur());
                    let cell = meta.query_advice(cells[column], Rotation::cur());
                    vec![meta.query_fixed(selector, Rotation::cur()) * (sum + constant - cell)]
                });
            }
            cs.create_gate("bus", |meta| {
                let (now, next) = (meta.query_advice(bus, Rotation::cur()), meta.query_advice(bus, Rotation::next()));
                let denominator = |meta: &mut VirtualCells<'_, Fr>, first: usize| {
                    let [x, y, z] = [0, 1, 2].map(|i| meta.query_advice(cells[first + i], Rotation::cur()));
                    gamma.expr() + x + beta.expr() * (y + beta.expr() * z)
                };
                let (provided, drawn) = (denominator(meta, kind), denominator(meta, kind + 6));
                let grown = (next - now) * provided.clone() * drawn.clone();
                vec![meta.query_fixed(selector, Rotation::cur()) * (grown - drawn + provided)]
            });
        }
        Config { cells, bus, kinds, constants, instance, beta, gamma }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let cells = self.cells();
        let first = layouter.assign_region(
            || "rounds",
            |mut region| {
                let mut first = None;
                for (index, value) in cells.iter().enumerate() {
                    let (row, column) = (index / WIDTH, index % WIDTH);
                    let cell = region.assign_advice(config.cells[column], row, Value::known(*value)).cell();
                    first = first.or(Some(cell));
                    region.assign_fixed(config.constants[column], row, constant(row, column));
                }
                for row in 1..self.rows {
                    region.assign_fixed(config.kinds[row % KINDS], row, Fr::ONE);
                }
                region.next_phase();
                let (beta, gamma) = (region.get_challenge(config.beta), region.get_challenge(config.gamma));
                let sums = beta.zip(gamma).map(|(beta, gamma)| self.bus(&cells, beta, gamma));
                for row in 0..=self.rows {
                    region.assign_advice(config.bus, row, sums.as_ref().map(|sums| sums[row]));
                }
                first.ok_or(Error::Synthesis)
            },
        )?;
        layouter.constrain_instance(first, config.instance, 0);
        Ok(())
    }
}

impl Wide {
    /// The running sum of the bus before every row, and at the end.
    fn bus(&self, cells: &[Fr], beta: Fr, gamma: Fr) -> Vec<Fr> {
        let denominator = |row: usize, first: usize| {
            let at = |i| cells[row * WIDTH + first + i];
            gamma + at(0) + beta * (at(1) + beta * at(2))
        };
        let kind = |row| row % KINDS;
        let mut inverses: Vec<[Fr; 2]> =
            (0..self.rows).map(|row| [denominator(row, kind(row)), denominator(row, kind(row) + 6)]).collect();
        inverses.iter_mut().flatten().batch_invert();
        let mut sums = vec![Fr::ZERO];
        for (row, [provided, drawn]) in inverses.into_iter().enumerate() {
            let step = if row == 0 { Fr::ZERO } else { provided - drawn };
            sums.push(sums[row] + step);
        }
        sums
    }
}
