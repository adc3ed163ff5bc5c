//! Multiples of the generator by many scalars: how a setup whose secret is known is made.
//!
//! A table holds every multiple of 2^(w i) G by a w-bit digit, so that a product is one addition a window; additions
//! of a whole batch of scalars run together (see [`super::batch`]).

use super::batch::{self, BATCH};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::PrimeField;
use halo2curves::group::{Curve, Group, prime::PrimeCurveAffine};
use rayon::prelude::*;

pub(super) struct FixedBase {
    window: usize,
    /// For every window, the multiples 0, 1, ... 2^w - 1 of its power.
    multiples: Vec<Vec<G1Affine>>,
}

impl FixedBase {
    /// A table of the generator's multiples that suits about 2^`log_count` products.
    pub(super) fn new(log_count: u32) -> Self {
        let window = (log_count as usize).saturating_sub(3).clamp(4, 12);
        let windows = (Fr::NUM_BITS as usize).div_ceil(window);
        let mut power = G1::generator();
        let powers: Vec<G1> = (0..windows)
            .map(|_| {
                let current = power;
                for _ in 0..window {
                    power = power.double();
                }
                current
            })
            .collect();
        let multiples = powers.into_par_iter().map(|power| all_multiples(power, window)).collect();
        Self { window, multiples }
    }

    /// The generator times every one of `scalars`; `done` is told how many after each batch.
    pub(super) fn multiply(&self, scalars: &[Fr], done: impl Fn(usize) + Sync) -> Vec<G1Affine> {
        let mut products = vec![G1Affine::identity(); scalars.len()];
        products.par_chunks_mut(BATCH).zip(scalars.par_chunks(BATCH)).for_each(|(products, scalars)| {
            let scalars: Vec<[u8; 32]> = scalars.iter().map(|scalar| scalar.to_repr()).collect();
            for (index, multiples) in self.multiples.iter().enumerate() {
                let terms: Vec<G1Affine> =
                    scalars.iter().map(|scalar| multiples[digit(scalar, index * self.window, self.window)]).collect();
                batch::add_assign(products, &terms);
            }
            done(products.len());
        });
        products
    }
}

/// 0, P, 2P, ... (2^`window` - 1) P: each step appends the upper half, which is the lower half plus 2^i P.
fn all_multiples(power: G1, window: usize) -> Vec<G1Affine> {
    let mut multiples = vec![G1Affine::identity()];
    let mut step = power;
    for _ in 0..window {
        let mut upper = multiples.clone();
        batch::add_assign(&mut upper, &vec![step.to_affine(); multiples.len()]);
        multiples.append(&mut upper);
        step = step.double();
    }
    multiples
}

/// `width` (at most 12) bits of a little-endian scalar, from bit `start` on.
fn digit(scalar: &[u8; 32], start: usize, width: usize) -> usize {
    let byte = |index: usize| scalar.get(index).map_or(0, |byte| usize::from(*byte));
    let (first, shift) = (start / 8, start % 8);
    ((byte(first) | byte(first + 1) << 8 | byte(first + 2) << 16) >> shift) & ((1 << width) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::ff::Field;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn products_equal_double_and_add_for_every_window_width() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut scalars: Vec<Fr> = (0..5).map(|_| Fr::random(&mut rng)).collect();
        scalars.extend([Fr::ZERO, Fr::ONE, -Fr::ONE]);
        let expected: Vec<G1Affine> = scalars.iter().map(|scalar| (G1::generator() * scalar).to_affine()).collect();
        for log_count in [0, 8, 9, 12, 20] {
            assert_eq!(FixedBase::new(log_count).multiply(&scalars, |_| ()), expected);
        }
    }
}
