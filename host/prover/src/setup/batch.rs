//! Affine additions of many independent pairs at once, the building block of every other computation here.
//!
//! An affine addition needs an inversion; Montgomery's trick shares one inversion among all pairs, which leaves six
//! multiplications an addition where projective formulas take eleven or more. Points are public, so branches on them
//! are harmless. The group has prime order, so no point but the identity has order two.

use halo2curves::bn256::{Fq, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;

/// Pairs to hand to one call: enough to make the shared inversion negligible, few enough to stay in cache.
pub(super) const BATCH: usize = 512;

/// `points[i] += others[i]` for all `i`; the slices have equal lengths.
pub(super) fn add_assign(points: &mut [G1Affine], others: &[G1Affine]) {
    let mut denominators: Vec<Fq> = points.iter().zip(others).map(|(p, q)| denominator(p, q)).collect();
    invert_all(&mut denominators);
    for ((p, q), inverse) in points.iter_mut().zip(others).zip(denominators) {
        *p = sum(p, q, inverse);
    }
}

/// `points[i] += points[i]` for all `i`.
pub(super) fn double_assign(points: &mut [G1Affine]) {
    let mut denominators: Vec<Fq> =
        points.iter().map(|p| if is_identity(p) { Fq::ONE } else { p.y.double() }).collect();
    invert_all(&mut denominators);
    for (p, inverse) in points.iter_mut().zip(denominators) {
        if !is_identity(p) {
            *p = chord(p, p, tangent(p) * inverse);
        }
    }
}

/// The identity is encoded as (0, 0), and no other point has y = 0.
fn is_identity(point: &G1Affine) -> bool {
    bool::from(point.y.is_zero())
}

/// The denominator of the slope through `p` and `q`, or one where no slope is needed.
fn denominator(p: &G1Affine, q: &G1Affine) -> Fq {
    if is_identity(p) || is_identity(q) {
        Fq::ONE
    } else if p.x != q.x {
        q.x - p.x
    } else if p.y == q.y {
        p.y.double()
    } else {
        Fq::ONE
    }
}

fn sum(p: &G1Affine, q: &G1Affine, inverse: Fq) -> G1Affine {
    if is_identity(q) {
        *p
    } else if is_identity(p) {
        *q
    } else if p.x != q.x {
        chord(p, q, (q.y - p.y) * inverse)
    } else if p.y == q.y {
        chord(p, p, tangent(p) * inverse)
    } else {
        G1Affine::identity()
    }
}

/// The numerator of the tangent's slope at `p`, on y^2 = x^3 + 3.
fn tangent(p: &G1Affine) -> Fq {
    let square = p.x.square();
    square.double() + square
}

/// The third point of the line through `p` and `q` with this slope, negated.
fn chord(p: &G1Affine, q: &G1Affine, slope: Fq) -> G1Affine {
    let x = slope.square() - p.x - q.x;
    G1Affine { x, y: slope * (p.x - x) - p.y }
}

/// Inverts every value; none is zero.
fn invert_all(values: &mut [Fq]) {
    let mut product = Fq::ONE;
    let mut prefixes = Vec::with_capacity(values.len());
    for value in &*values {
        prefixes.push(product);
        product *= value;
    }
    let mut inverse = product.invert().unwrap_or(Fq::ONE);
    for (value, prefix) in values.iter_mut().zip(prefixes).rev() {
        (*value, inverse) = (inverse * prefix, inverse * *value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::{Fr, G1};
    use halo2curves::group::{Curve, Group};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn points(count: usize) -> Vec<G1Affine> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        (0..count).map(|_| G1::random(&mut rng).to_affine()).collect()
    }

    #[test]
    fn sums_equal_projective_ones_also_in_the_special_cases() {
        let (mut left, mut right) = (points(8), points(16).split_off(8));
        right[1] = left[1];
        right[2] = -left[2];
        right[3] = G1Affine::identity();
        left[4] = G1Affine::identity();
        (left[5], right[5]) = (G1Affine::identity(), G1Affine::identity());
        let expected: Vec<G1Affine> = left.iter().zip(&right).map(|(p, q)| (p + q).to_affine()).collect();
        add_assign(&mut left, &right);
        assert_eq!(left, expected);
        assert_eq!(left[2], G1Affine::identity());
    }

    #[test]
    fn doubles_equal_multiples_by_two() {
        let mut doubled = points(5);
        doubled[3] = G1Affine::identity();
        let expected: Vec<G1Affine> = doubled.iter().map(|p| (p * Fr::from(2)).to_affine()).collect();
        double_assign(&mut doubled);
        assert_eq!(doubled, expected);
    }
}
