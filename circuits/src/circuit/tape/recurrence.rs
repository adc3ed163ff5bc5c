//! A Poseidon permutation (t = 3) as a sequence of 80 S-box inputs, each affine in earlier ones and their fifth powers.
//!
//! Full rounds store three inputs, partial rounds one; lane 0 of the first round is a constant and is not stored. In the
//! partial rounds the two lanes without S-box form a hidden linear state v of dimension 2. Its transition matrix N
//! satisfies N² = tr(N)·N − det(N) (Cayley-Hamilton), so that v can be eliminated: from the fourth partial round on, the
//! input x_s is the same combination of x_{s−1}, x_{s−2} and of the fifth powers of x_{s−1}, x_{s−2}, x_{s−3}, up to a constant.
//!
//! The coefficients are found by running the permutation on affine forms: the sequence so far spans the state.

use std::sync::LazyLock;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::circuit::affine::Affine;
use crate::poseidon::{Parameters, WIDTH_3};

/// Stored S-box inputs of a permutation.
pub const INPUTS: usize = 80;
/// The first two are the hashed values, plus the first round's constants.
pub const HASHED: usize = 2;

/// The sequence of a permutation.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// What x_s is, for s from [`HASHED`] to [`INPUTS`].
    pub inputs: Vec<Affine>,
    /// The hash.
    pub output: Affine,
    /// x_0 and x_1 are the hashed values plus these.
    pub offsets: [Fr; HASHED],
    /// Positions whose combination is the time-invariant one: `inputs[s]` for s in this range differ in the constant only.
    pub invariant: std::ops::Range<usize>,
}

/// The sequence of circomlib's permutation of width 3.
pub static SEQUENCE: LazyLock<Sequence> = LazyLock::new(|| Sequence::new(&WIDTH_3));

impl Sequence {
    fn new(parameters: &Parameters) -> Self {
        let mds = &parameters.mds;
        let half = parameters.full_rounds / 2;
        let partial = half..half + parameters.partial_rounds;
        let rounds = parameters.round_constants.len();
        let offsets = [parameters.round_constants[0][1], parameters.round_constants[0][2]];

        let mut inputs = vec![Affine::default(); HASHED];
        let first = parameters.round_constants[0][0].pow([5]);
        let mut outputs = [Affine::constant(first), Affine::fifth(0), Affine::fifth(1)];
        let mut start = 0;
        for round in 1..rounds {
            let mut lanes = Affine::mix(&outputs, mds, Some(&parameters.round_constants[round]));
            if partial.contains(&round) {
                if round >= partial.start + 3 {
                    if start == 0 {
                        start = inputs.len();
                    }
                    lanes = reduce(parameters, round, inputs.len());
                }
                inputs.push(lanes[0].clone());
                lanes[0] = Affine::fifth(inputs.len() - 1);
            } else {
                for lane in &mut lanes {
                    inputs.push(std::mem::replace(lane, Affine::fifth(inputs.len())));
                }
            }
            outputs = lanes;
        }
        let output = Affine::mix(&outputs, mds, None)[0].clone();
        let end = start + parameters.partial_rounds - 3;
        Self { inputs, output, offsets, invariant: start..end }
    }
}

/// The state at the start of a partial round whose lane 0 is x_s, in terms of x_{s−1}, x_{s−2} and the fifth powers of x_{s−1},
/// x_{s−2}, x_{s−3} alone. With v the two hidden lanes and w = (m01, m02):
/// w·v_{s−3} and w·v_{s−2} are known from x_{s−2} and x_{s−1}, which determines v_{s−3}, hence all that follows.
fn reduce(parameters: &Parameters, round: usize, s: usize) -> [Affine; 3] {
    let m = &parameters.mds;
    let constants = |back: usize| &parameters.round_constants[round - back];
    // w·v = x_next − m00·x^5 − constant, for v at the rounds of x_{s−3} and x_{s−2}.
    let known = [3usize, 2].map(|back| {
        Affine::linear(s - back + 1)
            .add(-m[0][0], &Affine::fifth(s - back))
            .add(-Fr::ONE, &Affine::constant(constants(back - 1)[0]))
    });
    // w·v_{s−2} = w·(N·v_{s−3} + (m10, m20)·x_{s−3}^5 + constants): a second equation for v_{s−3}.
    let w = [m[0][1], m[0][2]];
    let wn: [Fr; 2] = std::array::from_fn(|lane| w[0] * m[1][lane + 1] + w[1] * m[2][lane + 1]);
    let second = known[1]
        .clone()
        .add(-(w[0] * m[1][0] + w[1] * m[2][0]), &Affine::fifth(s - 3))
        .add(-(w[0] * constants(2)[1] + w[1] * constants(2)[2]), &Affine::constant(Fr::ONE));
    let inverse = (w[0] * wn[1] - w[1] * wn[0]).invert().unwrap_or(Fr::ZERO);
    let mut hidden = [
        Affine::default().add(inverse * wn[1], &known[0]).add(-inverse * w[1], &second),
        Affine::default().add(-inverse * wn[0], &known[0]).add(inverse * w[0], &second),
    ];
    let mut lanes = [Affine::default(), Affine::default(), Affine::default()];
    for back in [3, 2, 1] {
        let next = |lane: usize| {
            Affine::constant(constants(back - 1)[lane])
                .add(m[lane][0], &Affine::fifth(s - back))
                .add(m[lane][1], &hidden[0])
                .add(m[lane][2], &hidden[1])
        };
        lanes = [next(0), next(1), next(2)];
        hidden = [lanes[1].clone(), lanes[2].clone()];
    }
    lanes
}

/// The stored inputs and the hash of (left, right).
pub fn trace(left: Fr, right: Fr) -> ([Fr; INPUTS], Fr) {
    let parameters = &*WIDTH_3;
    let mut inputs = [Fr::ZERO; INPUTS];
    let mut stored = 0;
    let mut state = [Fr::ZERO, left, right];
    for (round, constants) in parameters.round_constants.iter().enumerate() {
        for lane in 0..3 {
            state[lane] += constants[lane];
            if lane == 0 || parameters.is_full(round) {
                if round > 0 || lane > 0 {
                    inputs[stored] = state[lane];
                    stored += 1;
                }
                state[lane] *= state[lane].square().square();
            }
        }
        state = std::array::from_fn(|lane| (0..3).map(|other| parameters.mds[lane][other] * state[other]).sum());
    }
    (inputs, state[0])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::poseidon::hash2;

    #[test]
    fn every_input_is_what_the_sequence_says() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        for _ in 0..20 {
            let (left, right) = (Fr::random(&mut rng), Fr::random(&mut rng));
            let (inputs, hash) = trace(left, right);
            assert_eq!(hash, hash2(left, right));
            assert_eq!(inputs[..HASHED], [left + SEQUENCE.offsets[0], right + SEQUENCE.offsets[1]]);
            for (s, affine) in SEQUENCE.inputs.iter().enumerate().skip(HASHED) {
                assert_eq!(affine.evaluate(&inputs), inputs[s], "input {s}");
            }
            assert_eq!(SEQUENCE.output.evaluate(&inputs), hash);
        }
    }

    #[test]
    fn the_partial_rounds_are_one_combination_up_to_a_constant() {
        let relative = |s: usize| {
            let mut terms: Vec<_> =
                SEQUENCE.inputs[s].terms.iter().map(|(index, linear, fifth)| (s - index, *linear, *fifth)).collect();
            terms.sort_by_key(|term| term.0);
            terms
        };
        for s in SEQUENCE.invariant.clone() {
            assert_eq!(relative(s), relative(SEQUENCE.invariant.start), "input {s}");
            assert!(relative(s).iter().all(|(back, ..)| (1..=3).contains(back)));
        }
        assert_eq!(SEQUENCE.invariant, 14..68);
    }

    #[test]
    fn all_inputs_are_stored() {
        assert_eq!(SEQUENCE.inputs.len(), INPUTS);
    }
}
