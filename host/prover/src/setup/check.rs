//! Pairing checks of a setup's points.
//!
//! Each checks all points at once on a random linear combination, so that a single wrong point goes unnoticed with a
//! probability of 2^-128 at most. Randomness comes from the operating system: whoever made the points must not be
//! able to foresee it.

use super::{SetupError, inverse_of_two_to, random_seed, root_of_unity};
use halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine, G2Prepared};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::fft::best_fft;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use halo2curves::pairing::{MillerLoopResult, MultiMillerLoop};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Checks that `points` are G, τ G, τ² G, ... for the τ of `s_g2` = τ G2; both are on their curves, and `s_g2` in its
/// subgroup.
///
/// With random ρ: e(Σ ρ_i P_i, τ G2) = e(Σ ρ_i P_{i+1}, G2).
pub(super) fn powers(points: &[G1Affine], s_g2: G2Affine) -> Result<(), SetupError> {
    if points.first() != Some(&G1Affine::generator()) {
        return Err(SetupError::Inconsistent { what: "the first power is not the generator" });
    }
    let mut rng = ChaCha20Rng::from_seed(random_seed());
    let count = points.len() - 1;
    let weights: Vec<Fr> = (0..count).map(|_| Fr::from_u128(rng.r#gen())).collect();
    let lower = msm_best(&weights, &points[..count]).to_affine();
    let upper = msm_best(&weights, &points[1..]).to_affine();
    let product = Bn256::multi_miller_loop(&[
        (&lower, &G2Prepared::from(s_g2)),
        (&-upper, &G2Prepared::from(G2Affine::generator())),
    ]);
    if bool::from(product.final_exponentiation().is_identity()) {
        Ok(())
    } else {
        Err(SetupError::Inconsistent { what: "the points are not consecutive powers of the secret in G2" })
    }
}

/// Checks that `lagrange` is the Lagrange form of `monomial` (equal lengths, a power of two): a random polynomial has
/// the same commitment in both.
pub(super) fn lagrange(monomial: &[G1Affine], lagrange: &[G1Affine]) -> Result<(), SetupError> {
    let k = monomial.len().ilog2();
    let mut rng = ChaCha20Rng::from_seed(random_seed());
    let evaluations: Vec<Fr> = monomial.iter().map(|_| Fr::random(&mut rng)).collect();
    let mut coefficients = evaluations.clone();
    best_fft(&mut coefficients, root_of_unity(k).invert().unwrap_or(Fr::ZERO), k);
    // The transform leaves a factor of n, which costs less on one point than on every coefficient.
    let by_powers = msm_best(&coefficients, monomial) * inverse_of_two_to(k);
    if msm_best(&evaluations, lagrange) == by_powers {
        Ok(())
    } else {
        Err(SetupError::Inconsistent { what: "the Lagrange basis does not belong to the powers" })
    }
}
