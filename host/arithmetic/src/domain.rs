//! Transforms between coefficients, values over the subgroup of order n, and values over cosets of it.
//!
//! Radix-2, decimation in time, depth first: a layer's twiddles lie side by side in one table that all transforms
//! share, sub-transforms that fit a core's cache are finished before the next begins, and large ones split over the
//! rayon pool. Where there is AVX-512 IFMA, [`crate::vector_transform`] does the same in half the time. The quotient is evaluated on `pieces` cosets of size n instead of one extended domain: degree 6 costs
//! five transforms a column, where the next power of two would cost eight.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::vector_transform::{Factors, VectorTransform};

/// Below this size a transform stays on one core, iterates over its layers and fits its cache.
const LEAF: usize = 1 << 10;
/// Streams that a bit reversal writes side by side.
const PARTS: usize = 8;
/// Elements of a layer that one task of the pool combines.
const CHUNK: usize = 1 << 12;

/// The subgroup of order n = 2^k and the cosets `g_i · H`.
#[derive(Debug)]
pub struct Domain {
    k: u32,
    n_inverse: Fr,
    /// Entry m + j is the j-th power of a primitive 2m-th root of unity, for m = 1, 2, 4, …, n / 2.
    twiddles: Vec<Fr>,
    /// Does the same, where the processor can.
    vector: Option<VectorTransform>,
    cosets: Vec<Coset>,
}

/// A coset `g · H`.
#[derive(Debug)]
struct Coset {
    shift: Fr,
    powers: Powers,
}

/// The powers of g below n.
#[derive(Debug)]
enum Powers {
    BitReversed(Vec<Fr>),
    Vector(Factors),
}

impl Domain {
    /// The domain of size 2^k with `cosets` cosets. `omega` generates the subgroup.
    pub fn new(k: u32, omega: Fr, cosets: usize) -> Self {
        Self::with(k, omega, cosets, VectorTransform::new)
    }

    fn with(k: u32, omega: Fr, cosets: usize, vector: impl Fn(&[Fr]) -> Option<VectorTransform>) -> Self {
        let n = 1usize << k;
        let mut twiddles = vec![Fr::ONE; n];
        if n > 1 {
            for (twiddle, power) in twiddles[n / 2..].iter_mut().zip(powers(omega)) {
                *twiddle = power;
            }
            for m in (1..n / 2).rev() {
                twiddles[m] = twiddles[2 * m];
            }
        }
        // The cosets are told apart, and from H, by g^n: a generator's small powers do.
        let shifts = powers(Fr::MULTIPLICATIVE_GENERATOR).skip(1).take(cosets);
        let n_inverse = Fr::TWO_INV.pow_vartime([u64::from(k)]);
        let vector = vector(&twiddles);
        let mut domain = Self { k, n_inverse, twiddles, vector, cosets: Vec::new() };
        let coset = |shift| {
            let powers: Vec<Fr> = powers(shift).take(n).collect();
            let powers = match &domain.vector {
                Some(vector) => Powers::Vector(vector.factors(&powers)),
                None => Powers::BitReversed(domain.bit_reversed(&powers, |i| i)),
            };
            Coset { shift, powers }
        };
        domain.cosets = shifts.map(coset).collect();
        domain
    }

    /// The size of the subgroup.
    pub fn n(&self) -> usize {
        1 << self.k
    }

    /// The number of cosets.
    pub fn cosets(&self) -> usize {
        self.cosets.len()
    }

    /// The shift g of a coset.
    pub fn shift(&self, coset: usize) -> Fr {
        self.cosets[coset].shift
    }

    /// Coefficients from values over the subgroup.
    pub fn interpolate(&self, values: &[Fr]) -> Vec<Fr> {
        // The inverse transform is the transform of the elements with their indices negated, or with its own negated.
        if let Some(vector) = &self.vector {
            let mut coefficients = vector.run(values, &VectorTransform::factor(self.n_inverse));
            coefficients[1..].reverse();
            return coefficients;
        }
        let mut coefficients = self.bit_reversed(values, |i| i.wrapping_neg() & (self.n() - 1));
        coefficients.iter_mut().for_each(|value| *value *= self.n_inverse);
        self.butterflies(&mut coefficients);
        coefficients
    }

    /// Values over a coset from coefficients.
    pub fn evaluate_on_coset(&self, coefficients: &[Fr], coset: usize) -> Vec<Fr> {
        let powers = match (&self.cosets[coset].powers, &self.vector) {
            (Powers::Vector(factors), Some(vector)) => return vector.run(coefficients, factors),
            (Powers::BitReversed(powers), _) => &powers[..],
            _ => &[],
        };
        let mut values = self.bit_reversed(coefficients, |i| i);
        for (value, power) in values.iter_mut().zip(powers) {
            *value *= power;
        }
        self.butterflies(&mut values);
        values
    }

    /// The pieces h_0, h_1, … of n coefficients each of a quotient `h = N / (X^n - 1)`, from the values of N over
    /// every coset.
    ///
    /// On coset i the inverse transform gives `r_i = Σ_j c_i^j h_j` with `c_i = g_i^n`, coefficient by coefficient:
    /// the pieces are the solution of a Vandermonde system.
    pub fn quotient_pieces(&self, numerators: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
        let c: Vec<Fr> = self.cosets.iter().map(|coset| coset.shift.pow_vartime([self.n() as u64])).collect();
        let remainders: Vec<Vec<Fr>> = numerators
            .par_iter()
            .zip(self.cosets.par_iter().zip(&c))
            .map(|(values, (coset, c))| {
                // X^n - 1 is the constant c - 1 on this coset. Neither it nor g is zero.
                let vanishing_inverse = (c - Fr::ONE).invert().unwrap_or(Fr::ZERO);
                let mut remainder = self.interpolate(values);
                let unshift = coset.shift.invert().unwrap_or(Fr::ZERO);
                for (coefficient, power) in remainder.iter_mut().zip(powers(unshift)) {
                    *coefficient *= power * vanishing_inverse;
                }
                remainder
            })
            .collect();
        vandermonde_inverse(&c)
            .iter()
            .map(|row| {
                let mut piece = vec![Fr::ZERO; self.n()];
                piece.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, piece)| {
                    for (remainder, factor) in remainders.iter().zip(row) {
                        for (sum, term) in piece.iter_mut().zip(&remainder[chunk * CHUNK..]) {
                            *sum += term * factor;
                        }
                    }
                });
                piece
            })
            .collect()
    }

    /// The elements `source(i)` with i in bit-reversed order.
    fn bit_reversed(&self, elements: &[Fr], source: impl Fn(usize) -> usize) -> Vec<Fr> {
        let n = self.n();
        // Neighbours end up n / 2, n / 4, … apart: several parts are filled at once, so that whole cache lines are read.
        let parts = n.min(PARTS);
        let mut reversed = vec![Fr::ZERO; n];
        let neighbours: Vec<usize> = (0..parts).map(|part| reverse(part, parts.ilog2())).collect();
        let mut slices: Vec<_> = reversed.chunks_exact_mut(n / parts).map(|slice| slice.iter_mut()).collect();
        for i in 0..n / parts {
            let first = reverse(i, self.k);
            for (neighbour, slice) in neighbours.iter().zip(&mut slices) {
                if let Some(element) = slice.next() {
                    *element = elements[source(first + neighbour)];
                }
            }
        }
        reversed
    }

    /// The transform of bit-reversed elements, in place.
    fn butterflies(&self, elements: &mut [Fr]) {
        let n = elements.len();
        if n <= LEAF {
            let mut m = 1;
            while m < n {
                for block in elements.chunks_exact_mut(2 * m) {
                    let (left, right) = block.split_at_mut(m);
                    combine(left, right, &self.twiddles[m..2 * m]);
                }
                m *= 2;
            }
            return;
        }
        let m = n / 2;
        let (left, right) = elements.split_at_mut(m);
        rayon::join(|| self.butterflies(left), || self.butterflies(right));
        left.par_chunks_mut(CHUNK)
            .zip(right.par_chunks_mut(CHUNK))
            .zip(self.twiddles[m..n].par_chunks(CHUNK))
            .for_each(|((left, right), twiddles)| combine(left, right, twiddles));
    }
}

/// One layer of butterflies.
fn combine(left: &mut [Fr], right: &mut [Fr], twiddles: &[Fr]) {
    if twiddles.len() == 1 {
        // The only twiddle is one.
        let (a, b) = (left[0], right[0]);
        (left[0], right[0]) = (a + b, a - b);
        return;
    }
    for ((a, b), twiddle) in left.iter_mut().zip(right).zip(twiddles) {
        let product = *b * twiddle;
        *b = *a - product;
        *a += product;
    }
}

/// The lowest bits in reverse.
fn reverse(index: usize, bits: u32) -> usize {
    index.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0)
}

/// 1, x, x², …
pub fn powers(x: Fr) -> impl Iterator<Item = Fr> {
    std::iter::successors(Some(Fr::ONE), move |power| Some(power * x))
}

/// The inverse of the matrix with entries `points[i]^j` in row i; the points differ from one another.
fn vandermonde_inverse(points: &[Fr]) -> Vec<Vec<Fr>> {
    let mut inverse = vec![vec![Fr::ZERO; points.len()]; points.len()];
    for (i, point) in points.iter().enumerate() {
        // Column i holds the coefficients of the Lagrange polynomial that is one at `point` and zero at the others.
        let mut lagrange = vec![Fr::ONE];
        let mut scale = Fr::ONE;
        for (_, other) in points.iter().enumerate().filter(|(j, _)| *j != i) {
            lagrange.insert(0, Fr::ZERO);
            for j in 1..lagrange.len() {
                let next = lagrange[j];
                lagrange[j - 1] -= next * other;
            }
            scale *= point - other;
        }
        let scale = scale.invert().unwrap_or(Fr::ZERO);
        for (row, coefficient) in inverse.iter_mut().zip(&lagrange) {
            row[i] = coefficient * scale;
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn omega(k: u32) -> Fr {
        (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
    }

    fn random(n: usize) -> Vec<Fr> {
        let mut rng = ChaCha20Rng::from_seed([n as u8; 32]);
        (0..n).map(|_| Fr::random(&mut rng)).collect()
    }

    fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
        coefficients.iter().rev().fold(Fr::ZERO, |sum, coefficient| sum * x + coefficient)
    }

    #[test]
    fn transforms_agree_with_evaluation_at_every_size_class() {
        let domains = [1, 2, 5, 10, 11, 13].map(|k| (k, Domain::with(k, omega(k), 2, |_| None)));
        let vectors = [5, 6, 7, 10, 11, 13, 14].map(|k| (k, Domain::new(k, omega(k), 2)));
        for (k, domain) in domains.into_iter().chain(vectors) {
            let coefficients = random(domain.n());
            for coset in 0..2 {
                let values = domain.evaluate_on_coset(&coefficients, coset);
                for i in [0, 1, domain.n() / 2, domain.n() - 1] {
                    let x = domain.shift(coset) * omega(k).pow_vartime([i as u64]);
                    assert_eq!(values[i], evaluate(&coefficients, x), "k {k}, coset {coset}, row {i}");
                }
            }
            let values = random(domain.n());
            let coefficients = domain.interpolate(&values);
            for i in [0, 1, domain.n() / 2, domain.n() - 1] {
                assert_eq!(values[i], evaluate(&coefficients, omega(k).pow_vartime([i as u64])), "k {k}, row {i}");
            }
        }
    }

    #[test]
    fn quotients_split_into_their_pieces() {
        for pieces in [1, 2, 5] {
            let domain = Domain::new(5, omega(5), pieces);
            let expected: Vec<Vec<Fr>> =
                (0..pieces).map(|i| random(32).iter().map(|c| c + Fr::from(i as u64)).collect()).collect();
            let h: Vec<Fr> = expected.concat();
            let numerators: Vec<Vec<Fr>> = (0..pieces)
                .map(|coset| {
                    let points = powers(omega(5)).take(32).map(|power| power * domain.shift(coset));
                    points.map(|x| evaluate(&h, x) * (x.pow_vartime([32]) - Fr::ONE)).collect()
                })
                .collect();
            assert_eq!(domain.quotient_pieces(&numerators), expected);
        }
    }
}
