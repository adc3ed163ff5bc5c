//! The quotient: all constraints, folded by y, over the vanishing polynomial of the rows.
//!
//! On each coset the witness columns are evaluated, the gates run as one program, the permutation argument's
//! constraints are added in closed form, and the result is transformed back; the pieces follow from all cosets
//! together. Blocks of rows go to the pool. Only one coset of the witness is in memory at a time.

use halo2_axiom::plonk::Any;
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use super::compile::compile;
use super::fold::{Folded, Kind};
use super::key::{KeyCoset, ProverKey};
use super::permutation::Challenges;
use super::program::{BLOCK, Program, Tables, window};
use super::vector::VectorProgram;
use super::witness::Polynomial;
use penstock_arithmetic::powers;

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
        let (program, weights) = self.plan();
        let gates = Gates::new(program);
        let domain = self.key.domain();
        let numerators: Vec<_> = (0..domain.cosets()).map(|coset| self.numerator(coset, &gates, &weights)).collect();
        domain.quotient_pieces(&numerators)
    }

    /// The gates' program and the permutation constraints' weights. The last constraint counts once, the one before
    /// it y times, and so on; the gates come first.
    fn plan(&self) -> (Program, Weights) {
        let mut folding = powers(self.y);
        let weights = Weights::new(self.products.len(), &mut folding);
        let last_gate = folding.next().unwrap_or(Fr::ONE);
        (compile(&Folded::new(self.key.vk().cs(), self.challenges, self.y, last_gate)), weights)
    }

    /// All constraints' values over a coset.
    fn numerator(&self, coset: usize, gates: &Gates, weights: &Weights) -> Vec<Fr> {
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
        tasks.for_each(|(task, values)| {
            let start = task * BLOCK * BLOCKS;
            gates.run(tables, start, values);
            for (block, values) in values.chunks_mut(BLOCK).enumerate() {
                permutation.add(start + block * BLOCK, values);
            }
        });
        values
    }
}

/// The gates, by what the processor can do.
enum Gates {
    Scalar(Program),
    Vector(VectorProgram),
}

impl Gates {
    fn new(program: Program) -> Self {
        match VectorProgram::new(&program) {
            Some(vector) => Self::Vector(vector),
            None => Self::Scalar(program),
        }
    }

    fn run(&self, tables: Tables<'_>, start: usize, values: &mut [Fr]) {
        match self {
            Self::Scalar(program) => program.run(tables, start, values),
            Self::Vector(program) => program.run(tables, start, values),
        }
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

#[cfg(test)]
mod tests {
    use super::super::opening::evaluate;
    use super::super::toy::Toy;
    use super::*;
    use halo2_axiom::plonk::{keygen_pk, keygen_vk};
    use halo2_axiom::poly::Rotation;
    use halo2_axiom::poly::kzg::commitment::ParamsKZG;
    use halo2curves::bn256::Bn256;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    /// The constraints folded at a point, as the verifier computes them from evaluations.
    fn expected(constraints: &Constraints<'_>, x: Fr) -> Fr {
        let key = constraints.key;
        let (vk, pk) = (key.vk(), key.pk());
        let (cs, domain) = (vk.cs(), vk.get_domain());
        let at =
            |coefficients: &[Fr], rotation: i32| evaluate(coefficients, domain.rotate_omega(x, Rotation(rotation)));
        let fixed = |column: usize, rotation| at(&pk.fixed_polys()[column], rotation);
        let advice = |column: usize, rotation| at(&constraints.advice[column].coefficients, rotation);
        let instance = |column: usize, rotation| at(&constraints.instance[column].coefficients, rotation);
        let mut terms: Vec<Fr> = Vec::new();
        for polynomial in cs.gates().iter().flat_map(|gate| gate.polynomials()) {
            terms.push(polynomial.evaluate(
                &|constant| constant,
                &|_| unreachable!(),
                &|query| fixed(query.column_index(), query.rotation().0),
                &|query| advice(query.column_index(), query.rotation().0),
                &|query| instance(query.column_index(), query.rotation().0),
                &|challenge| constraints.challenges[challenge.index()],
                &|a| -a,
                &|a, b| a + b,
                &|a, b| a * b,
                &|a, factor| a * factor,
            ));
        }
        let Challenges { beta, gamma } = constraints.permutation;
        let last_row = -(cs.blinding_factors() as i32) - 1;
        let (l0, l_last, l_active) = (at(pk.l0(), 0), at(pk.l_last(), 0), at(pk.l_active_row(), 0));
        let products = constraints.products;
        let z_last = at(products.last().unwrap(), 0);
        terms.push(l0 * (Fr::ONE - at(&products[0], 0)));
        terms.push(l_last * (z_last * z_last - z_last));
        for pair in products.windows(2) {
            terms.push(l0 * (at(&pair[1], 0) - at(&pair[0], last_row)));
        }
        let columns = cs.permutation().get_columns();
        let chunk = cs.degree() - 2;
        let mut shift = Fr::ONE;
        for (index, (columns, z)) in columns.chunks(chunk).zip(products).enumerate() {
            let (mut left, mut right) = (at(z, 1), at(z, 0));
            for (i, column) in columns.iter().enumerate() {
                let value = match column.column_type() {
                    Any::Advice(_) => advice(column.index(), 0),
                    Any::Fixed => fixed(column.index(), 0),
                    Any::Instance => instance(column.index(), 0),
                };
                left *= value + beta * at(&pk.permutation().polys()[index * chunk + i], 0) + gamma;
                right *= value + beta * shift * x + gamma;
                shift *= Fr::DELTA;
            }
            terms.push(l_active * (left - right));
        }
        terms.into_iter().fold(Fr::ZERO, |sum, term| sum * constraints.y + term)
    }

    #[test]
    fn numerators_are_what_the_verifier_folds_whatever_the_witness() {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let params = ParamsKZG::<Bn256>::setup(7, &mut rng);
        let circuit = Toy::new(3, 100);
        let pk = keygen_pk(&params, keygen_vk(&params, &circuit).unwrap(), &circuit).unwrap();
        let key = ProverKey::new(pk).unwrap();
        let mut random = |count: usize| -> Vec<Fr> { (0..count).map(|_| Fr::random(&mut rng)).collect() };
        let mut polynomial = || Polynomial { values: [].into(), coefficients: random(128) };
        let advice: Vec<_> = (0..6).map(|_| polynomial()).collect();
        let instance = [polynomial()];
        let products = [random(128), random(128)];
        let challenges = random(2);
        let [beta, gamma, y] = random(3)[..] else { unreachable!() };
        let constraints = Constraints {
            key: &key,
            advice: &advice,
            instance: &instance,
            products: &products,
            permutation: Challenges { beta, gamma },
            challenges: &challenges,
            y,
        };
        let (program, weights) = constraints.plan();
        let gates = [Some(Gates::Scalar(program)), VectorProgram::new(&constraints.plan().0).map(Gates::Vector)];
        for (coset, gates) in (0..5).flat_map(|coset| gates.iter().flatten().map(move |gates| (coset, gates))) {
            let values = constraints.numerator(coset, gates, &weights);
            for row in [0, 1, 31, 32, 126, 127] {
                let x = key.domain().shift(coset) * key.omega().pow_vartime([row as u64]);
                assert_eq!(values[row], expected(&constraints, x), "coset {coset}, row {row}");
            }
        }
    }
}
