//! What the card's MSM engine writes: sums of buckets, window by window.

use halo2curves::bn256::G1Affine;
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_abi::MsmLayout;
use rayon::prelude::*;

use penstock_arithmetic::GroupedSums;

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
    let mut sums = GroupedSums::new(tags);
    items.for_each(|(tag, point)| sums.add(tag as u32, point));
    sums.finish()
}

/// G + G + 2G = 4G, by way of both kinds of addition.
pub(super) fn self_test() -> bool {
    let [g, two, four] = [1, 2, 4].map(|k| G1Affine::from(G1Affine::generator() * halo2curves::bn256::Fr::from(k)));
    grouped_sums(2, [(1, g), (1, g), (1, two)].into_iter()) == [G1Affine::identity(), four]
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::Fr;
    use halo2curves::ff::{Field, PrimeField};
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
}
