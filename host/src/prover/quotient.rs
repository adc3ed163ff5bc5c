//! The quotient: all constraints, folded by y, over the vanishing polynomial of the rows.
//!
//! On each coset the witness columns are evaluated, the gates run as one program, the permutation argument's
//! constraints are added in closed form, and the result is transformed back; the pieces follow from all cosets
//! together. Blocks of rows go to the pool. Only one coset of the witness is in memory at a time.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use super::domain::powers;
use super::fold::{Folded, Kind};
use super::key::{KeyCoset, ProverKey};
use super::permutation::Challenges;
use super::program::{BLOCK, Program, Tables, window};
use super::witness::Polynomial;
use halo2_axiom::plonk::Any;

/// Blocks that one task of the pool works on.
const BLOCKS: usize = 8;

/// What the quotient is made of.
pub(super) struct Constraints<'a> {
    pub key: &'a ProverKey,
    pub advice: &'a [Polynomial],
    pub instance: &'a [Polynomial],
    /// Coefficients of the grand products.
    pub products: &'a [Vec<Fr>],
    pub permutation: Challenges,
    /// The circuit's challenges.
    pub challenges: &'a [Fr],
    /// Folds the constraints.
    pub y: Fr,
}

impl Constraints<'_> {
    /// The quotient's pieces of n coefficients each.
    pub fn quotient(&self) -> Vec<Vec<Fr>> {
        // y^i for the permutation constraints, the last one first; the gates take the powers that follow.
        let mut folding = powers(self.y);
        let weights = Weights::new(self.products.len(), &mut folding);
        let first_of_gates = folding.next().unwrap_or(Fr::ONE);
        let program = Program::new(&Folded::new(self.key.vk().cs(), self.challenges, self.y, first_of_gates));
        let domain = self.key.domain();
        let numerators: Vec<_> = (0..domain.cosets()).map(|coset| self.numerator(coset, &program, &weights)).collect();
        domain.quotient_pieces(&numerators)
    }

    /// All constraints' values over a coset.
    fn numerator(&self, coset: usize, program: &Program, weights: &Weights) -> Vec<Fr> {
        let domain = self.key.domain();
        let evaluate = |coefficients: &[Fr]| domain.evaluate_on_coset(coefficients, coset);
        let key = self.key.coset(coset);
        let advice: Vec<_> = self.advice.par_iter().map(|column| evaluate(&column.coefficients)).collect();
        let instance: Vec<_> = self.instance.par_iter().map(|column| evaluate(&column.coefficients)).collect();
        let products: Vec<_> = self.products.par_iter().map(|product| evaluate(product)).collect();
        let tables = Tables { fixed: &key.fixed, advice: &advice, instance: &instance };

        let permutation = Products { constraints: self, weights, key: &key, tables, products: &products, coset };
        let mut values = vec![Fr::ZERO; domain.n()];
        let tasks = values.par_chunks_mut(BLOCK * BLOCKS).enumerate();
        tasks.for_each_init(
            || program.registers(),
            |registers, (task, values)| {
                for (block, values) in values.chunks_mut(BLOCK).enumerate() {
                    let start = (task * BLOCKS + block) * BLOCK;
                    program.run(tables, start, registers, values);
                    permutation.add(start, values);
                }
            },
        );
        values
    }
}

/// The powers of y that fold the permutation argument's constraints.
struct Weights {
    /// `l_0 (1 - z_0)`.
    first: Fr,
    /// `l_last (z² - z)` of the last product.
    last: Fr,
    /// `l_0 (z_i - z_{i-1}(ω^last X))`, for i ≥ 1.
    links: Vec<Fr>,
    /// The products' steps.
    steps: Vec<Fr>,
}

impl Weights {
    /// Takes the powers, the lowest first, for constraints that are folded with the first one highest.
    fn new(products: usize, powers: &mut impl Iterator<Item = Fr>) -> Self {
        let mut take = |count| {
            let mut weights: Vec<_> = powers.by_ref().take(count).collect();
            weights.reverse();
            weights
        };
        let steps = take(products);
        let links = take(products.saturating_sub(1));
        let ends = take(if products == 0 { 0 } else { 2 });
        match ends[..] {
            [first, last] => Self { first, last, links, steps },
            _ => Self { first: Fr::ZERO, last: Fr::ZERO, links, steps },
        }
    }
}

/// The permutation argument's constraints on one coset.
struct Products<'a> {
    constraints: &'a Constraints<'a>,
    weights: &'a Weights,
    key: &'a KeyCoset,
    tables: Tables<'a>,
    products: &'a [Vec<Fr>],
    coset: usize,
}

impl Products<'_> {
    /// Adds the constraints' values on the rows from `start` on: at most a block.
    fn add(&self, start: usize, values: &mut [Fr]) {
        let (Some(first), Some(last)) = (self.products.first(), self.products.last()) else { return };
        let len = values.len();
        let rotation_of_last = self.constraints.key.usable_rows() as i32;
        let here = |column| window(column, start, len, 0);
        let l0 = here(&self.key.l0);
        let l_last = window(&self.key.l0, start, len, -rotation_of_last);
        let l_active = here(&self.key.l_active);

        // What l_0 multiplies: the first product starts at one, the others where the one before ended.
        let mut starts: Vec<Fr> = here(first).iter().map(|z| (Fr::ONE - z) * self.weights.first).collect();
        for (pair, weight) in self.products.windows(2).zip(&self.weights.links) {
            let ended = window(&pair[0], start, len, rotation_of_last);
            for ((sum, z), ended) in starts.iter_mut().zip(here(&pair[1]).iter()).zip(ended.iter()) {
                *sum += (z - ended) * weight;
            }
        }
        let steps = self.steps(start, len);
        for (row, value) in values.iter_mut().enumerate() {
            let z = last[start + row];
            *value +=
                l0[row] * starts[row] + l_active[row] * steps[row] + l_last[row] * (z.square() - z) * self.weights.last;
        }
    }

    /// The weighted sum of `z(ω X) Π (p + β s + γ) - z(X) Π (p + β δ^i X + γ)`.
    fn steps(&self, start: usize, len: usize) -> Vec<Fr> {
        let Challenges { beta, gamma } = self.constraints.permutation;
        let key = self.constraints.key;
        let x = key.domain().shift(self.coset) * key.omega().pow_vartime([start as u64]);
        let identities: Vec<Fr> = powers(key.omega()).take(len).map(|power| power * x * beta).collect();
        let mut steps = vec![Fr::ZERO; len];
        for ((columns, z), weight) in key.permutation_chunks().iter().zip(self.products).zip(&self.weights.steps) {
            let mut left = window(z, start, len, 1).into_owned();
            let mut right = window(z, start, len, 0).into_owned();
            for (index, column) in columns {
                let kind = match column.column_type() {
                    Any::Advice(_) => Kind::Advice,
                    Any::Fixed => Kind::Fixed,
                    Any::Instance => Kind::Instance,
                };
                let values = &self.tables.column(kind, column.index())[start..][..len];
                let sigma = &self.key.sigma[*index][start..][..len];
                let shift = Fr::DELTA.pow_vartime([*index as u64]);
                for row in 0..len {
                    let value = values[row] + gamma;
                    left[row] *= value + beta * sigma[row];
                    right[row] *= value + identities[row] * shift;
                }
            }
            for ((step, left), right) in steps.iter_mut().zip(left).zip(right) {
                *step += (left - right) * weight;
            }
        }
        steps
    }
}
