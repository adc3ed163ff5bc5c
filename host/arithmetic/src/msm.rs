//! Multi-scalar multiplication on the CPU: Pippenger's buckets over affine points.
//!
//! Scalars are cut into signed windows. Within a window, points are summed by bucket as the card does it, in affine
//! additions that share inversions ([`GroupedSums`]): six multiplications an addition, half of what projective buckets
//! cost. Points are read once, in order. The buckets themselves are weighted by the same grouped sums: with bucket
//! b = i · 2^h + j, Σ b·B_b = 2^h Σ i·R_i + Σ j·C_j, R and C being the sums by row and by column. Zero digits cost
//! nothing, so columns of zeros, bits and small numbers are cheap; negative numbers are small too, since scalars above
//! r / 2 are negated first.

use crate::GroupedSums;
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::Group;
use rayon::prelude::*;

/// Bits of a scalar once it is at most r / 2.
const BITS: usize = 253;
/// Bits of a small scalar.
const SMALL: usize = 32;

/// The sum of `scalars[i] · points[i]`; there is a point for every scalar.
pub fn msm(scalars: &[Fr], points: &[G1Affine]) -> G1 {
    let terms: Vec<Term> =
        scalars.par_iter().enumerate().filter_map(|(index, scalar)| Term::new(index, scalar)).collect();
    // Small scalars last: the upper windows pass them by. The order of points stays, they are read in passing.
    let (mut terms, small): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(|term| !term.is_small());
    let large = terms.len();
    terms.extend(small);
    let width = window_width(terms.len());
    let windows: Vec<G1> = (0..=BITS / width)
        .into_par_iter()
        .map(|window| {
            let terms = if window * width > SMALL { &terms[..large] } else { &terms };
            window_sum(terms, points, window, width)
        })
        .collect();
    windows.iter().rev().fold(G1::identity(), |sum, window| (0..width).fold(sum, |sum, _| sum.double()) + window)
}

/// The window width with the fewest multiplications.
fn window_width(terms: usize) -> usize {
    // An addition to a bucket costs one affine addition, weighting a bucket costs two.
    let cost = |width: &usize| (BITS / width + 1) * (terms + (2 << (width - 1)));
    (2..=15).min_by_key(cost).unwrap_or(2)
}

/// A scalar other than zero.
struct Term {
    /// Little-endian limbs of the scalar or, if that is smaller, of its negative.
    magnitude: [u64; 4],
    /// Twice the index of the point, plus one if the point is to be negated.
    point: u32,
}

impl Term {
    fn new(index: usize, scalar: &Fr) -> Option<Self> {
        if *scalar == Fr::ZERO {
            return None;
        }
        let mut magnitude = limbs(scalar);
        let negative = is_above_half(&magnitude);
        if negative {
            magnitude = limbs(&-scalar);
        }
        Some(Self { magnitude, point: (index as u32) << 1 | u32::from(negative) })
    }

    /// Whether the digits of windows that begin above bit [`SMALL`] are all zero.
    fn is_small(&self) -> bool {
        self.magnitude[0] >> SMALL == 0 && self.magnitude[1..] == [0; 3]
    }

    /// The signed digit of a window: bits `width · window - 1 ..= width · (window + 1) - 1`, the highest one negative,
    /// the lowest one carried in (Booth).
    fn digit(&self, window: usize, width: usize) -> i32 {
        let bits = match (width * window).checked_sub(1) {
            None => (self.magnitude[0] << 1) as u32,
            Some(low) => {
                let (limb, shift) = (low / 64, low % 64);
                let limb_at = |index: usize| self.magnitude.get(index).copied().unwrap_or(0);
                let two = u128::from(limb_at(limb)) | u128::from(limb_at(limb + 1)) << 64;
                (two >> shift) as u32
            }
        };
        let bits = bits & ((2 << width) - 1);
        let magnitude = (bits.div_ceil(2)) as i32;
        if bits >> width == 0 { magnitude } else { magnitude - (1 << width) }
    }
}

fn limbs(scalar: &Fr) -> [u64; 4] {
    let bytes = scalar.to_repr();
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_ref().as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

fn is_above_half(magnitude: &[u64; 4]) -> bool {
    // (r - 1) / 2, most significant limb first.
    const HALF: [u64; 4] = [0x183227397098d014, 0xdc2822db40c0ac2e, 0x9419f4243cdcb848, 0xa1f0fac9f8000000];
    magnitude.iter().rev().cmp(HALF.iter()).is_gt()
}

/// `Σ digit · point` of one window.
fn window_sum(terms: &[Term], points: &[G1Affine], window: usize, width: usize) -> G1 {
    // Slot b - 1 collects the digits ±b.
    let mut sums = GroupedSums::new(1 << (width - 1));
    for term in terms {
        let digit = term.digit(window, width);
        if digit != 0 {
            let point = points[(term.point >> 1) as usize];
            let negative = (digit < 0) ^ (term.point & 1 == 1);
            sums.add(digit.unsigned_abs() - 1, if negative { -point } else { point });
        }
    }
    if sums.is_empty() { G1::identity() } else { weighted(&sums.finish()) }
}

/// `Σ (i + 1) · sums[i]`.
fn weighted(sums: &[G1Affine]) -> G1 {
    if sums.len() <= 64 {
        let mut running = G1::identity();
        return sums.iter().rev().fold(G1::identity(), |total, sum| {
            running += sum;
            total + running
        });
    }
    // i = row · columns + column: the rows weigh `columns` times their index, the columns their index plus one.
    let columns = 1 << (sums.len().ilog2() / 2);
    let mut rows = GroupedSums::new(sums.len().div_ceil(columns));
    let mut across = GroupedSums::new(columns);
    for (i, sum) in sums.iter().enumerate() {
        rows.add((i / columns) as u32, *sum);
        across.add((i % columns) as u32, *sum);
    }
    let rows = weighted(&rows.finish()[1..]);
    (0..columns.ilog2()).fold(rows, |sum, _| sum.double()) + weighted(&across.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::group::Curve;
    use halo2curves::group::prime::PrimeCurveAffine;
    use halo2curves::msm::msm_best;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn points(n: usize) -> Vec<G1Affine> {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        let base = G1::random(&mut rng);
        let multiples: Vec<G1> =
            std::iter::successors(Some(base), |point| Some(point.double() + base)).take(n).collect();
        let mut points = vec![G1Affine::identity(); n];
        G1::batch_normalize(&multiples, &mut points);
        points
    }

    fn random(n: usize) -> Vec<Fr> {
        let mut rng = ChaCha20Rng::from_seed([10; 32]);
        (0..n).map(|_| Fr::random(&mut rng)).collect()
    }

    #[test]
    fn agrees_with_halo2curves_at_every_size_class() {
        for n in [0, 1, 2, 3, 31, 500, 3000, 1 << 14] {
            let (scalars, points) = (random(n), points(n));
            assert_eq!(msm(&scalars, &points), msm_best(&scalars, &points), "{n} terms");
        }
    }

    #[test]
    fn few_distinct_scalars_of_either_sign_agree() {
        let n = 1541;
        let points = points(n);
        for values in
            [[0, 1, 1, 1], [1, -1, 0, 2], [3, 3, 3, 3], [-2, -2, 5, i64::MAX], [i64::MIN + 1, 65536, -65536, 4]]
        {
            let value =
                |i: usize| Fr::from(values[i % 4].unsigned_abs()) * if values[i % 4] < 0 { -Fr::ONE } else { Fr::ONE };
            let scalars: Vec<Fr> = (0..n).map(value).collect();
            let expected = msm_best(&scalars, &points);
            assert_eq!(msm(&scalars, &points), expected, "{values:?}");
        }
    }

    #[test]
    fn equal_opposite_and_missing_points_agree() {
        let base = points(1)[0];
        let scalars = random(300);
        let scalar = |points: &[G1Affine]| scalars.iter().zip(points).map(|(scalar, point)| point * scalar).sum::<G1>();
        for cycle in [vec![base], vec![base, -base], vec![base, G1Affine::identity(), -base, base]] {
            let points: Vec<_> = cycle.iter().copied().cycle().take(300).collect();
            assert_eq!(msm(&scalars, &points), scalar(&points));
            let ones = vec![Fr::ONE; 300];
            assert_eq!(msm(&ones, &points), points.iter().map(|point| point.to_curve()).sum::<G1>());
        }
        assert_eq!(msm(&scalars, &vec![G1Affine::identity(); 300]), G1::identity());
    }

    proptest! {
        #[test]
        fn digits_add_up_to_the_scalar(bytes in any::<[u8; 32]>(), width in 2usize..=16) {
            // Reduced by construction: the top bits are cut off.
            let mut repr = bytes;
            repr[31] &= 0x1f;
            let scalar = Fr::from_repr(repr).unwrap();
            let Some(term) = Term::new(3, &scalar) else { return Ok(()) };
            let radix = Fr::from(1 << width);
            let sum = (0..=BITS / width).rev().fold(Fr::ZERO, |sum, window| {
                let digit = term.digit(window, width);
                assert!(digit.unsigned_abs() <= 1 << (width - 1));
                let magnitude = Fr::from(u64::from(digit.unsigned_abs()));
                sum * radix + if digit < 0 { -magnitude } else { magnitude }
            });
            prop_assert_eq!(if term.point & 1 == 1 { -sum } else { sum }, scalar);
            prop_assert_eq!(term.point >> 1, 3);
        }
    }
}
