//! A synthetic circuit with the features that the batch circuit has: a recurrence with fifth powers over several kinds
//! of rows, a tape column opened at many rotations, a running sum of fractions in a second phase, copies over eight
//! columns, an instance column, degree 6.

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::plonk::{
    Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance, SecondPhase,
    Selector,
};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// Sizes of the circuit.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub k: u32,
    /// Columns of the recurrence.
    pub width: usize,
    /// Kinds of rows of the recurrence.
    pub kinds: usize,
    /// Fixed columns that guard constraints on the tape.
    pub guards: usize,
    /// The tape is opened at rotations from -reach to reach.
    pub reach: i32,
    pub instances: usize,
    /// Changes fixed columns and nothing else.
    pub salt: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { k: 7, width: 8, kinds: 2, guards: 4, reach: 3, instances: 5, salt: 0 }
    }
}

impl Shape {
    /// What the batch circuit is expected to look like.
    pub fn medium() -> Self {
        Self { k: 8, width: 16, kinds: 5, guards: 24, reach: 7, instances: 40, salt: 0 }
    }

    /// Rows in use; the tape needs margins, and the blinding rows (reach * 2 + 4 at most) stay free.
    fn rows(&self) -> usize {
        (1 << self.k) - 2 * (2 * self.reach as usize + 4) - 4
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    shape: Shape,
    tape: Column<Advice>,
    cells: Vec<Column<Advice>>,
    sum: Column<Advice>,
    instance: Column<Instance>,
    kinds: Vec<Column<Fixed>>,
    guards: Vec<Column<Fixed>>,
    running: Column<Fixed>,
    still: Selector,
    challenges: [Challenge; 2],
}

#[derive(Clone, Debug, Default)]
pub struct Synthetic {
    pub shape: Shape,
    pub seed: u64,
    /// What fills the tape.
    pub tape: u64,
}

/// Coefficients of the recurrence: two linear terms and three fifth powers.
const COEFFICIENTS: [u64; 5] = [3, 5, 7, 11, 13];

fn round_constant(kind: usize, column: usize) -> Fr {
    Fr::from((1 + kind * 100 + column) as u64).pow([17])
}

impl Synthetic {
    /// What the recurrence gives for the three values before.
    fn next(before: [Fr; 3], kind: usize, column: usize) -> Fr {
        let [a, b, c, d, e] = COEFFICIENTS.map(Fr::from);
        let five = before.map(|x| x.pow([5]));
        a * before[2] + b * before[1] + c * five[2] + d * five[1] + e * five[0] + round_constant(kind, column)
    }

    /// Rows of the recurrence.
    fn table(&self) -> Vec<Vec<Fr>> {
        let mut before = [0, 1, 2].map(|i| Fr::from(self.seed + i));
        let width = self.shape.width;
        (0..self.shape.rows())
            .map(|row| {
                (0..width)
                    .map(|column| {
                        let x = if row == 0 {
                            Fr::from(self.seed + column as u64)
                        } else {
                            Self::next(before, row % self.shape.kinds, column)
                        };
                        before = [before[1], before[2], x];
                        x
                    })
                    .collect()
            })
            .collect()
    }

    /// Where an instance is copied from: row and column of the table, which has four columns at least.
    fn source(&self, instance: usize) -> (usize, usize) {
        (instance / 3, 1 + instance % 3)
    }

    pub fn instances(&self) -> Vec<Fr> {
        let table = self.table();
        (0..self.shape.instances)
            .map(|i| {
                let (row, column) = self.source(i);
                table[row][column]
            })
            .collect()
    }
}

impl Circuit<Fr> for Synthetic {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Shape;

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn params(&self) -> Shape {
        self.shape
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        Self::configure_with_params(meta, Shape::default())
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> Config {
        meta.set_minimum_degree(6);
        let tape = meta.advice_column();
        let cells: Vec<_> = (0..shape.width).map(|_| meta.advice_column()).collect();
        let sum = meta.advice_column_in(SecondPhase);
        let instance = meta.instance_column();
        let challenges = [meta.challenge_usable_after(FirstPhase), meta.challenge_usable_after(FirstPhase)];
        let kinds: Vec<_> = (0..shape.kinds).map(|_| meta.fixed_column()).collect();
        let guards: Vec<_> = (0..shape.guards).map(|_| meta.fixed_column()).collect();
        let running = meta.fixed_column();
        let still = meta.selector();
        meta.enable_equality(instance);
        meta.enable_equality(tape);
        cells.iter().take(6).for_each(|&cell| meta.enable_equality(cell));

        for (kind, &q) in kinds.iter().enumerate() {
            meta.create_gate("recurrence", |meta| {
                let q = meta.query_fixed(q, Rotation::cur());
                let width = shape.width as i32;
                let mut cell = |column: i32| {
                    let rotation = if column < 0 { Rotation::prev() } else { Rotation::cur() };
                    meta.query_advice(cells[column.rem_euclid(width) as usize], rotation)
                };
                (0..width)
                    .map(|column| {
                        let before = [3, 2, 1].map(|back| cell(column - back));
                        let fifth = |x: &Expression<Fr>| {
                            let square = x.clone() * x.clone();
                            square.clone() * square * x.clone()
                        };
                        let [a, b, c, d, e] = COEFFICIENTS.map(Fr::from);
                        let next = before[2].clone() * a
                            + before[1].clone() * b
                            + fifth(&before[2]) * c
                            + fifth(&before[1]) * d
                            + fifth(&before[0]) * e
                            + Expression::Constant(round_constant(kind, column as usize));
                        q.clone() * (cell(column) - next)
                    })
                    .collect::<Vec<_>>()
            });
        }
        meta.create_gate("tape", |meta| {
            let positions: Vec<_> =
                (-shape.reach..=shape.reach).map(|at| meta.query_advice(tape, Rotation(at))).collect();
            let challenge = meta.query_challenge(challenges[1]);
            let guards: Vec<_> = guards.iter().map(|&guard| meta.query_fixed(guard, Rotation::cur())).collect();
            let first = meta.query_advice(cells[0], Rotation::cur());
            guards
                .into_iter()
                .enumerate()
                .map(|(i, guard)| {
                    let (a, b) = (positions[i % positions.len()].clone(), positions[(i + 1) % positions.len()].clone());
                    guard
                        * match i % 4 {
                            0 => a - b,
                            1 => a.clone() * b.clone() - b.clone() * b,
                            2 => (a.clone() - b) * a * (first.clone() + Expression::Constant(Fr::from(9))),
                            _ => challenge.clone() * (a.clone() - b.clone()) * (a + b + first.clone()),
                        }
                })
                .collect::<Vec<_>>()
        });
        meta.create_gate("running sum of fractions", |meta| {
            let q = meta.query_fixed(running, Rotation::cur());
            let [alpha, beta] = challenges.map(|challenge| meta.query_challenge(challenge));
            let mut cell = |i: usize| meta.query_advice(cells[i], Rotation::cur());
            let left = alpha.clone() + cell(0) + beta.clone() * cell(1);
            let right = alpha + cell(2) + beta * cell(3);
            let step = meta.query_advice(sum, Rotation::next()) - meta.query_advice(sum, Rotation::cur());
            [q * (step * left.clone() * right.clone() - left - right)]
        });
        meta.create_gate("still", |meta| {
            let still = meta.query_selector(still);
            [still * (meta.query_advice(tape, Rotation::next()) - meta.query_advice(tape, Rotation::cur()))]
        });
        Config { shape, tape, cells, sum, instance, kinds, guards, running, still, challenges }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let (table, rows, reach) = (self.table(), config.shape.rows(), config.shape.reach as usize);
        let sources = layouter.assign_region(
            || "all",
            |mut region| {
                let mut sources = vec![None; config.shape.instances];
                let mut tape = Vec::new();
                for (row, values) in table.iter().enumerate() {
                    tape.push(region.assign_advice(config.tape, row, Value::known(Fr::from(self.tape))).cell());
                    for (column, &cell) in config.cells.iter().enumerate() {
                        let assigned = region.assign_advice(cell, row, Value::known(values[column])).cell();
                        for i in (0..sources.len()).filter(|&i| self.source(i) == (row, column)) {
                            sources[i] = Some(assigned);
                        }
                    }
                    if row > 0 {
                        region.assign_fixed(config.kinds[row % config.shape.kinds], row, Fr::ONE);
                    }
                }
                region.constrain_equal(tape[1], tape[5]);
                for (i, &guard) in config.guards.iter().enumerate() {
                    region.assign_fixed(guard, reach + 2, Fr::from(i as u64 + 2 + config.shape.salt));
                }
                config.still.enable(&mut region, 3)?;
                region.next_phase();
                let [alpha, beta] = config.challenges.map(|challenge| region.get_challenge(challenge));
                let mut sum = Value::known(Fr::ZERO);
                for (row, cells) in table.iter().enumerate() {
                    region.assign_advice(config.sum, row, sum);
                    for pair in cells[..4].chunks(2) {
                        sum = sum + (alpha + beta * Value::known(pair[1])).map(|x| (x + pair[0]).invert().unwrap());
                    }
                    if row + 1 < rows {
                        region.assign_fixed(config.running, row, Fr::ONE);
                    }
                }
                Ok(sources)
            },
        )?;
        for (row, source) in sources.into_iter().enumerate() {
            layouter.constrain_instance(source.unwrap(), config.instance, row);
        }
        Ok(())
    }
}
