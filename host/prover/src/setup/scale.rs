//! Many points times as many scalars, in affine batches.
//!
//! BN254 has a cheap endomorphism φ(x, y) = (ζ x, y) that multiplies by λ, so a scalar is split as k = k₁ + k₂ λ with
//! halves of 127 bits (Gallant, Lambert, Vanstone, CRYPTO 2001). Both halves are written in signed hexadecimal digits
//! and their additions share the doublings. All points of a batch go through the same additions in step, as
//! [`super::batch`] wants them.

use super::batch;
use halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField, WithSmallOrderMulGroup};
use halo2curves::group::prime::PrimeCurveAffine;
use num_bigint::{BigInt, Sign};

/// Hexadecimal digits of a half, lowest first.
const DIGITS: usize = 32;
/// The largest magnitude of a digit.
const LARGEST: usize = 8;

/// A scalar, split and recoded: digits of magnitude up to [`LARGEST`].
#[derive(Clone)]
pub(super) struct Scalar {
    halves: [[i8; DIGITS]; 2],
}

/// Splits scalars with a short basis of the lattice {(a, b) : a + b λ = 0 mod r}.
pub(super) struct Splitter {
    order: BigInt,
    /// The basis is (b, a + b) and (a, -b).
    a: BigInt,
    b: BigInt,
}

impl Splitter {
    pub(super) fn new() -> Self {
        // BN curves are a family in one parameter u, and so is this basis. Its determinant is -r.
        let u = BigInt::from(4_965_661_367_192_848_881_u64);
        let a = 6 * &u * &u + 2 * &u;
        let b = 2 * &u + 1;
        let order = BigInt::from_bytes_le(Sign::Plus, (-Fr::ONE).to_repr().as_ref()) + 1;
        Self { order, a, b }
    }

    /// Subtracts from (k, 0) the lattice vector nearest to it, up to rounding (Babai): what is left is (k₁, k₂).
    pub(super) fn split(&self, scalar: &Fr) -> Scalar {
        let Self { order, a, b } = self;
        let scalar = BigInt::from_bytes_le(Sign::Plus, scalar.to_repr().as_ref());
        let c = a + b;
        let first: BigInt = (2 * b * &scalar + order) / (2 * order);
        let second: BigInt = (2 * &c * &scalar + order) / (2 * order);
        let k1 = scalar - &first * b - &second * a;
        let k2 = second * b - first * c;
        Scalar { halves: [recode(&k1), recode(&k2)] }
    }
}

/// Signed hexadecimal digits of a half, which is below 2^126 in magnitude: the last digit absorbs the last carry.
fn recode(half: &BigInt) -> [i8; DIGITS] {
    let (sign, bytes) = half.to_bytes_le();
    let mut carry = 0;
    std::array::from_fn(|index| {
        let byte = bytes.get(index / 2).copied().unwrap_or(0);
        let value = (byte >> (4 * (index % 2)) & 15) as i8 + carry;
        carry = i8::from(value > LARGEST as i8);
        let digit = value - 16 * carry;
        if sign == Sign::Minus { -digit } else { digit }
    })
}

/// `points[i] *= scalar(i)` for all `i`.
pub(super) fn scale<'a>(points: &mut [G1Affine], scalar: impl Fn(usize) -> &'a Scalar) {
    let scalars: Vec<&Scalar> = (0..points.len()).map(scalar).collect();
    let multiples = multiples(points);
    let endomorphic: Vec<Vec<G1Affine>> =
        multiples.iter().map(|row| row.iter().map(|p| G1Affine { x: p.x * Fq::ZETA, y: p.y }).collect()).collect();
    points.fill(G1Affine::identity());
    let mut terms = points.to_vec();
    for digit in (0..DIGITS).rev() {
        if digit + 1 < DIGITS {
            (0..4).for_each(|_| batch::double_assign(points));
        }
        for (half, table) in [&multiples, &endomorphic].into_iter().enumerate() {
            for (index, (term, scalar)) in terms.iter_mut().zip(&scalars).enumerate() {
                let value = scalar.halves[half][digit];
                let point = table[usize::from(value.unsigned_abs())][index];
                *term = if value < 0 { -point } else { point };
            }
            batch::add_assign(points, &terms);
        }
    }
}

/// Rows 0, P, 2P, ... [`LARGEST`] P for every point.
fn multiples(points: &[G1Affine]) -> Vec<Vec<G1Affine>> {
    let mut rows = vec![vec![G1Affine::identity(); points.len()]];
    for index in 0..LARGEST {
        let mut next = rows[index].clone();
        batch::add_assign(&mut next, points);
        rows.push(next);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::G1;
    use halo2curves::group::{Curve, Group};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn products_equal_double_and_add() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut scalars: Vec<Fr> = (0..200).map(|_| Fr::random(&mut rng)).collect();
        scalars.extend([Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::ZETA, -Fr::ZETA, Fr::from(8), Fr::from(9), Fr::TWO_INV]);
        let mut points: Vec<G1Affine> = scalars.iter().map(|_| G1::random(&mut rng).to_affine()).collect();
        points[1] = G1Affine::identity();
        let expected: Vec<G1Affine> = points.iter().zip(&scalars).map(|(p, s)| (p * s).to_affine()).collect();
        let splitter = Splitter::new();
        let split: Vec<Scalar> = scalars.iter().map(|scalar| splitter.split(scalar)).collect();
        scale(&mut points, |index| &split[index]);
        assert_eq!(points, expected);
    }

    #[test]
    fn halves_are_short_enough_for_their_digits() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let splitter = Splitter::new();
        for _ in 0..2000 {
            let scalar = splitter.split(&Fr::random(&mut rng));
            assert!(scalar.halves.iter().all(|half| half[DIGITS - 1].unsigned_abs() < 8));
        }
    }
}
