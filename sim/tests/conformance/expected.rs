//! Inputs and what others make of them.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use light_poseidon::{Poseidon, PoseidonHasher};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

pub fn scalars(count: usize, seed: u8) -> Vec<Fr> {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    (0..count).map(|_| Fr::random(&mut rng)).collect()
}

pub fn points(count: usize) -> Vec<G1Affine> {
    let mut rng = ChaCha20Rng::from_seed([77; 32]);
    let first = G1::random(&mut rng);
    let points: Vec<G1> =
        std::iter::successors(Some(first), |point| Some(point.double() + first)).take(count).collect();
    points.iter().map(|point| point.to_affine()).collect()
}

pub fn sum(scalars: &[Fr], points: &[G1Affine]) -> G1 {
    msm_best(scalars, &points[..scalars.len()])
}

/// circomlib's hash, by light-poseidon.
pub fn hash([a, b]: [Fr; 2]) -> Fr {
    let mut poseidon = Poseidon::<ark_bn254::Fr>::new_circom(2).unwrap();
    let input = |x: Fr| ark_bn254_from(x);
    let digest = poseidon.hash(&[input(a), input(b)]).unwrap();
    let text = digest.to_string();
    Fr::from_str_vartime(&text).unwrap()
}

fn ark_bn254_from(x: Fr) -> ark_bn254::Fr {
    let bytes = x.to_repr();
    bytes.iter().rev().fold(ark_bn254::Fr::from(0u64), |value, byte| {
        value * ark_bn254::Fr::from(256u64) + ark_bn254::Fr::from(u64::from(*byte))
    })
}

pub fn pairs(count: usize) -> Vec<[Fr; 2]> {
    scalars(2 * count, 5).as_chunks::<2>().0.to_vec()
}
