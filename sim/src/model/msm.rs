//! Grouped sums on the processor: what the card's MSM engine writes.
//!
//! The card's own method, tag reduction, in affine coordinates: a point waits in its tag's slot or meets the one that
//! waits there; pairs are added a batch at a time, with one inversion for all (Montgomery's trick), and their sums
//! arrive in their turn.

use halo2curves::bn256::{Fq, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_abi::MsmLayout;
use rayon::prelude::*;

/// Additions that share an inversion; they stay in the cache.
const BATCH: usize = 512;

/// The sums that leave the card, window by window (see [`MsmLayout`]); identities once `is_cancelled`.
pub(super) fn window_sums(
    layout: &MsmLayout,
    scalars: &[[u8; 32]],
    points: &[G1Affine],
    is_cancelled: &(impl Fn() -> bool + Sync),
) -> Vec<G1Affine> {
    let window = |window: u32| {
        if is_cancelled() {
            return vec![G1Affine::identity(); layout.window_points() as usize];
        }
        let digits = scalars.iter().zip(points).filter_map(|(scalar, point)| {
            let digit = digit(scalar, window, layout.window_bits.into());
            let point = if digit < 0 { -point } else { *point };
            (digit != 0).then(|| (digit.unsigned_abs() as usize - 1, point))
        });
        let buckets = grouped_sums(1 << layout.bucket_bits(), digits);
        let halves = halves(&buckets, layout.column_bits(), layout.row_bits());
        if layout.reductions == 1 {
            return halves.concat();
        }
        halves.iter().flat_map(|sums| self::halves(sums, layout.low_bits(), layout.high_bits())).flatten().collect()
    };
    (0..layout.windows()).into_par_iter().flat_map_iter(window).collect()
}

/// Sums by the upper and by the lower `low` bits of the numbers of what is summed, each for 2^`bits` numbers.
fn halves(sums: &[G1Affine], low: u32, bits: u32) -> [Vec<G1Affine>; 2] {
    let by = |half: &dyn Fn(usize) -> usize| {
        grouped_sums(1 << bits, sums.iter().enumerate().map(|(number, sum)| (half(number), *sum)))
    };
    [by(&|number| number >> low), by(&|number| number & ((1 << low) - 1))]
}

/// The signed digit of a window: its bits, less 2^c if the highest is set, plus the highest bit of the window below.
fn digit(scalar: &[u8; 32], window: u32, width: u32) -> i64 {
    let bits = |from: u32, count: u32| {
        (from / 8..(from + count).div_ceil(8))
            .rev()
            .fold(0i64, |bits, at| bits << 8 | i64::from(scalar.get(at as usize).copied().unwrap_or(0)))
            >> (from % 8)
            & ((1 << count) - 1)
    };
    let low = window * width;
    let own = bits(low, width);
    let carried_out = own >> (width - 1) << width;
    let carried_in = if low == 0 { 0 } else { bits(low - 1, 1) };
    own - carried_out + carried_in
}

/// The sum of the points of each tag below `tags`.
fn grouped_sums(tags: usize, items: impl Iterator<Item = (usize, G1Affine)>) -> Vec<G1Affine> {
    let mut slots = Slots { waiting: vec![G1Affine::identity(); tags], pairs: Vec::with_capacity(BATCH) };
    for (tag, point) in items {
        slots.arrive(tag, point);
        if slots.pairs.len() >= BATCH {
            slots.add_pairs();
        }
    }
    while !slots.pairs.is_empty() {
        slots.add_pairs();
    }
    slots.waiting
}

struct Slots {
    /// By tag; the identity where no point waits.
    waiting: Vec<G1Affine>,
    /// Tag, two points that are not opposite, and the denominator of their slope.
    pairs: Vec<(usize, G1Affine, G1Affine, Fq)>,
}

impl Slots {
    fn arrive(&mut self, tag: usize, b: G1Affine) {
        if bool::from(b.is_identity()) {
            return;
        }
        let a = std::mem::replace(&mut self.waiting[tag], G1Affine::identity());
        if bool::from(a.is_identity()) {
            self.waiting[tag] = b;
        } else if a.x != b.x {
            self.pairs.push((tag, a, b, b.x - a.x));
        } else if a.y == b.y {
            self.pairs.push((tag, a, b, a.y.double()));
        }
    }

    /// Adds the pairs; at most half as many meet again.
    fn add_pairs(&mut self) {
        let pairs = std::mem::replace(&mut self.pairs, Vec::with_capacity(BATCH));
        let mut product = Fq::ONE;
        let mut products = Vec::with_capacity(pairs.len());
        for (.., denominator) in &pairs {
            products.push(product);
            product *= denominator;
        }
        // Points of the curve have no zero denominator; of others, any sum is as wrong as the next.
        let mut inverse = product.invert().unwrap_or(Fq::ZERO);
        for ((tag, a, b, denominator), before) in pairs.into_iter().zip(products).rev() {
            let numerator = if a.x == b.x { a.x.square() * Fq::from(3) } else { b.y - a.y };
            let slope = numerator * inverse * before;
            inverse *= denominator;
            let x = slope.square() - a.x - b.x;
            self.arrive(tag, G1Affine { x, y: slope * (a.x - x) - a.y });
        }
    }
}

/// G + G + 2G = 4G, by way of both kinds of addition.
pub(super) fn self_test() -> bool {
    let [g, two, four] = [1, 2, 4].map(|k| G1Affine::from(G1Affine::generator() * halo2curves::bn256::Fr::from(k)));
    grouped_sums(2, [(1, g), (1, g), (1, two)].into_iter()) == [G1Affine::identity(), four]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use halo2curves::bn256::{Fr, G1};
    use halo2curves::ff::PrimeField;
    use halo2curves::group::{Curve, Group};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn digits_are_in_range_and_add_up_to_the_scalar() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let mut scalars: Vec<Fr> = (0..50).map(|_| Fr::random(&mut rng)).collect();
        scalars.extend([Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(0x8000), Fr::from(0x7fff)]);
        for width in [2, 3, 8, 13, 15, 16, 24] {
            let windows = MsmLayout { window_bits: width as u8, reductions: 1 }.windows();
            for scalar in &scalars {
                let sum = (0..windows).rev().fold(Fr::ZERO, |sum, window| {
                    let digit = digit(&scalar.to_repr(), window, width);
                    assert!(digit.abs() <= 1 << (width - 1));
                    let magnitude = Fr::from(digit.unsigned_abs());
                    sum * Fr::from(1 << width) + if digit < 0 { -magnitude } else { magnitude }
                });
                assert_eq!(sum, *scalar, "width {width}");
            }
        }
    }

    #[test]
    fn grouped_sums_equal_plain_sums_whatever_the_points() {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let base = G1::random(&mut rng).to_affine();
        let mut points: Vec<G1Affine> = (0..3 * BATCH).map(|_| G1::random(&mut rng).to_affine()).collect();
        points.extend([base; 700]);
        points.extend([-base; 500]);
        points.extend([G1Affine::identity(); 9]);
        for tags in [1, 3, 4096] {
            let tag = |index: usize| index * index % tags;
            let mut expected = vec![G1::identity(); tags];
            for (index, point) in points.iter().enumerate() {
                expected[tag(index)] += point;
            }
            let sums = grouped_sums(tags, points.iter().enumerate().map(|(index, point)| (tag(index), *point)));
            let sums: Vec<G1> = sums.iter().map(|sum| sum.to_curve()).collect();
            assert_eq!(sums, expected, "{tags} tags");
        }
    }
}
