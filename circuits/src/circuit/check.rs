//! Evaluates every constraint on every row and names those that a witness breaks.
//!
//! MockProver does the same for halo2; this one works on the tables before halo2 sees them, tells constraints apart by
//! name, and is fast enough to judge thousands of tampered witnesses. The mutation check is built on it.

use std::collections::BTreeSet;

use halo2_axiom::plonk::{ConstraintSystem, Expression};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::bus::running_sum;
use super::layout::{BatchConfig, Layout};
use super::preset::Capacities;
use super::slot::Cell;
use super::table::Table;
use super::witness::Witness;

/// Name under which broken copy constraints are reported.
pub const COPIES: &str = "copies";

/// The constraints of one layout.
pub struct Checker {
    cs: ConstraintSystem<Fr>,
    layout: Layout,
    fixed: Table,
    copies: Vec<(Cell, Cell)>,
    bus: usize,
}

impl Checker {
    /// All constraints of a circuit of these capacities.
    pub fn new(capacities: &Capacities) -> Self {
        let mut cs = ConstraintSystem::default();
        let config = BatchConfig::configure(&mut cs, None);
        let layout = Layout::new(&config, capacities);
        let (fixed, copies) = (layout.fixed(), layout.copies());
        Self { cs, layout, fixed, copies, bus: config.columns.bus.index() }
    }

    /// The regions.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The fixed columns.
    pub fn fixed(&self) -> &Table {
        &self.fixed
    }

    /// The names of the constraints that the witness breaks, under the given challenges (beta, gamma). The running sum is
    /// recomputed from the witness, as a prover would.
    pub fn broken(&self, witness: &Witness, challenges: [Fr; 2]) -> BTreeSet<String> {
        let [beta, gamma] = challenges;
        let bus = running_sum(&self.layout.regions(), &witness.advice, &self.fixed, beta, gamma);
        self.broken_with_bus(witness, &bus, challenges)
    }

    /// The same for a given running sum.
    pub fn broken_with_bus(&self, witness: &Witness, bus: &[Fr], challenges: [Fr; 2]) -> BTreeSet<String> {
        let rows = self.layout.end + 1;
        let at = |column: &[Fr], row: usize, rotation: i32| {
            let row = row as i64 + i64::from(rotation);
            usize::try_from(row).ok().and_then(|row| column.get(row)).copied().unwrap_or(Fr::ZERO)
        };
        let advice = |column: usize| if column == self.bus { bus } else { &witness.advice.columns()[column] };
        let value = |expression: &Expression<Fr>, row: usize| {
            expression.evaluate(
                &|constant| constant,
                &|_| Fr::ZERO,
                &|query| at(&self.fixed.columns()[query.column_index()], row, query.rotation().0),
                &|query| at(advice(query.column_index()), row, query.rotation().0),
                &|query| at(&witness.instance, row, query.rotation().0),
                &|challenge| challenges[challenge.index()],
                &|a| -a,
                &|a, b| a + b,
                &|a, b| a * b,
                &|a, scale| a * scale,
            )
        };
        let gates = self.cs.gates().par_iter().filter(|gate| {
            gate.polynomials().iter().any(|constraint| (0..rows).any(|row| value(constraint, row) != Fr::ZERO))
        });
        let mut broken: BTreeSet<String> = gates.map(|gate| gate.name().to_owned()).collect();
        let cell = |(column, row): Cell| witness.advice.get(column, row);
        if self.copies.iter().any(|(left, right)| cell(*left) != cell(*right)) {
            broken.insert(COPIES.to_owned());
        }
        broken
    }
}
