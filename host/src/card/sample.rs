//! Work for a card that is checked or measured: points, scalars and pairs, the same each time.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Points without a pattern that an adder could notice: each is twice the one before, and the generator.
pub(super) fn points(count: usize) -> Vec<G1Affine> {
    let generator = G1::generator();
    let multiples: Vec<G1> =
        std::iter::successors(Some(generator), |point| Some(point.double() + generator)).take(count).collect();
    let mut points = vec![G1Affine::identity(); count];
    G1::batch_normalize(&multiples, &mut points);
    points
}

pub(super) fn scalars(count: usize) -> Vec<Fr> {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    (0..count).map(|_| Fr::random(&mut rng)).collect()
}

pub(super) fn pairs(count: usize) -> Vec<[Fr; 2]> {
    scalars(2 * count).as_chunks::<2>().0.to_vec()
}
