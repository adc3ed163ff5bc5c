//! Poseidon over the BN254 scalar field, with circomlib's parameters: the only hash the rollup computes in its circuit.
//!
//! `grain` derives the parameters of a width from the Poseidon paper's generator; [`Parameters`] keeps them raw, because
//! the circuit's gates are generated from the same values; `sparse` holds the fast permutation of width 3 behind
//! [`hash2`], which hashes every tree node. [`hash5`] (width 6) serves signatures only and runs the permutation as
//! defined. Both equal circomlib's `poseidon([..])`: the capacity lane comes first and is zero, the output is lane 0.

mod grain;
mod sparse;

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use sparse::SparsePermutation;

/// Parameters of the permutation of width 3, behind [`hash2`].
pub static WIDTH_3: LazyLock<Parameters> = LazyLock::new(|| Parameters::derive(3, 8, 57));

/// Parameters of the permutation of width 6, behind [`hash5`].
pub static WIDTH_6: LazyLock<Parameters> = LazyLock::new(|| Parameters::derive(6, 8, 60));

static SPARSE_3: LazyLock<SparsePermutation> = LazyLock::new(|| SparsePermutation::new(&WIDTH_3));

/// One Poseidon instance with the S-box x⁵, as defined in the Poseidon paper (<https://eprint.iacr.org/2019/458>), section 2.3.
///
/// A round adds the round's constants, applies the S-box (to every lane in the first and last `full_rounds / 2` rounds, to
/// lane 0 alone in the `partial_rounds` between them) and multiplies by `mds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Width of the state: inputs and one capacity lane.
    pub t: usize,
    /// Rounds whose S-box covers every lane.
    pub full_rounds: usize,
    /// Rounds whose S-box covers lane 0 alone.
    pub partial_rounds: usize,
    /// `round_constants[round][lane]`, `full_rounds + partial_rounds` rows of `t`.
    pub round_constants: Vec<Vec<Fr>>,
    /// `mds[row][column]`: new lane `row` = Σ `mds[row][column]` · old lane `column`.
    pub mds: Vec<Vec<Fr>>,
}

impl Parameters {
    fn derive(t: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let (round_constants, mds) = grain::generate(t, full_rounds, partial_rounds);
        Self { t, full_rounds, partial_rounds, round_constants, mds }
    }

    /// Whether the S-box of this round covers every lane.
    pub fn is_full(&self, round: usize) -> bool {
        let half = self.full_rounds / 2;
        round < half || round >= half + self.partial_rounds
    }

    /// The permutation, round by round as defined.
    pub fn permute<const T: usize>(&self, mut state: [Fr; T]) -> [Fr; T] {
        for (round, constants) in self.round_constants.iter().enumerate() {
            let full = self.is_full(round);
            for (lane, (x, constant)) in state.iter_mut().zip(constants).enumerate() {
                *x += constant;
                if full || lane == 0 {
                    *x = fifth_power(x);
                }
            }
            let mut mixed = [Fr::ZERO; T];
            for (new, row) in mixed.iter_mut().zip(&self.mds) {
                *new = row.iter().zip(&state).map(|(m, x)| m * x).sum();
            }
            state = mixed;
        }
        state
    }
}

/// circomlib's `poseidon([a, b])`.
pub fn hash2(a: Fr, b: Fr) -> Fr {
    SPARSE_3.hash(a, b)
}

/// circomlib's `poseidon` of five inputs.
pub fn hash5(inputs: [Fr; 5]) -> Fr {
    let [a, b, c, d, e] = inputs;
    WIDTH_6.permute([Fr::ZERO, a, b, c, d, e])[0]
}

/// Folds words into one: h ← `hash2(h, word)`, from h = `start`.
pub fn fold(start: Fr, words: impl IntoIterator<Item = Fr>) -> Fr {
    words.into_iter().fold(start, hash2)
}

/// The S-box.
fn fifth_power(x: &Fr) -> Fr {
    x.square().square() * x
}

#[cfg(test)]
mod tests {
    use halo2curves::ff::PrimeField;
    use light_poseidon::{Poseidon, PoseidonBytesHasher};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    fn bytes(x: Fr) -> [u8; 32] {
        x.to_repr()
    }

    fn light(instance: &mut Poseidon<ark_bn254::Fr>, inputs: &[Fr]) -> [u8; 32] {
        let inputs: Vec<[u8; 32]> = inputs.iter().map(|x| bytes(*x)).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(|x| &x[..]).collect();
        instance.hash_bytes_le(&inputs).unwrap()
    }

    #[test]
    fn known_circomlib_vectors() {
        let hex = |x: Fr| hex::encode(bytes(x).into_iter().rev().collect::<Vec<_>>());
        assert_eq!(
            hex(hash2(Fr::from(1), Fr::from(2))),
            "115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a"
        );
        // circomlib's test/poseidoncircuit.js
        assert_eq!(
            hex(hash5([1, 2, 0, 0, 0].map(Fr::from))),
            "024058dd1e168f34bac462b6fffe58fd69982807e9884c1c6148182319cee427"
        );
    }

    #[test]
    fn equal_light_poseidon_on_random_inputs() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (mut two, mut five) =
            (Poseidon::<ark_bn254::Fr>::new_circom(2).unwrap(), Poseidon::<ark_bn254::Fr>::new_circom(5).unwrap());
        for round in 0..10_000 {
            let inputs = [(); 5].map(|()| Fr::random(&mut rng));
            assert_eq!(bytes(hash2(inputs[0], inputs[1])), light(&mut two, &inputs[..2]));
            if round < 500 {
                assert_eq!(bytes(hash5(inputs)), light(&mut five, &inputs));
            }
        }
    }

    #[test]
    fn the_sparse_permutation_equals_the_defined_one_at_the_edges_of_the_field() {
        let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::TWO_INV];
        for a in edges {
            for b in edges {
                assert_eq!(hash2(a, b), WIDTH_3.permute([Fr::ZERO, a, b])[0]);
            }
        }
        assert_ne!(hash2(Fr::ZERO, Fr::ONE), hash2(Fr::ONE, Fr::ZERO));
    }

    #[test]
    fn fold_chains_from_its_start() {
        let (start, a, b) = (Fr::from(6), Fr::from(7), Fr::from(8));
        assert_eq!(fold(start, []), start);
        assert_eq!(fold(start, [a, b]), hash2(hash2(start, a), b));
    }
}
