//! From the powers to the Lagrange basis when the secret is not known: an inverse Fourier transform over points.
//!
//! L_i(τ) G = 1/n Σ_j ω^(-ij) τ^j G. The transform is Stockham's: every stage reads two halves and writes the whole in
//! order, so that no bit reversal is needed and every chunk of a stage is a run of consecutive pairs (a, b), which
//! become a + b and (a - b) w. Nearly all the time goes into the products by w (see [`super::scale`]).
//!
//! A transform can be stopped after any stage and taken up again: at large k that is worth minutes.

use super::batch::{self, BATCH};
use super::scale::{Scalar, Splitter, scale};
use super::{geometric, inverse_of_two_to, root_of_unity};
use crate::progress::Progress;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use rayon::prelude::*;

/// The Lagrange basis of 2^k powers.
pub(super) fn from_monomial(monomial: &[G1Affine], progress: &Progress) -> Vec<G1Affine> {
    let mut transform = Transform::new(monomial.to_vec(), 0);
    let bar = progress.steps("Lagrange basis", u64::from(transform.k));
    while !transform.is_done() {
        transform.step();
        bar.reach(transform.stage().into());
    }
    transform.into_points()
}

/// An inverse transform over points, between two of its k stages.
pub(super) struct Transform {
    points: Vec<G1Affine>,
    k: u32,
    stage: u32,
    splitter: Splitter,
    /// ω^(-e) for e below n / 2.
    twiddles: Vec<Scalar>,
}

impl Transform {
    /// Takes up a transform of 2^k points (k at least 1) after `stage` stages; with none done, `points` are the powers.
    pub(super) fn new(points: Vec<G1Affine>, stage: u32) -> Self {
        let k = points.len().ilog2();
        let splitter = Splitter::new();
        let twiddles = twiddles(&splitter, Fr::ONE, k);
        Self { points, k, stage, splitter, twiddles }
    }

    /// Stages done so far.
    pub(super) fn stage(&self) -> u32 {
        self.stage
    }

    /// Whether all stages are done.
    pub(super) fn is_done(&self) -> bool {
        self.stage == self.k
    }

    /// The points as they are after [`Self::stage`] stages.
    pub(super) fn points(&self) -> &[G1Affine] {
        &self.points
    }

    /// As [`Self::points`]: the result, once all stages are done.
    pub(super) fn into_points(self) -> Vec<G1Affine> {
        self.points
    }

    /// Does one stage.
    pub(super) fn step(&mut self) {
        let run = 1 << self.stage;
        let (left, right) = self.points.split_at(self.points.len() / 2);
        let (mut sums, mut differences) = (left.to_vec(), left.to_vec());
        // The factor 1/n belongs on every point once. In the first stage the differences are multiplied anyway.
        let first = (self.stage == 0)
            .then(|| inverse_of_two_to(self.k))
            .map(|factor| (self.splitter.split(&factor), twiddles(&self.splitter, factor, self.k)));
        let twiddles = first.as_ref().map_or(&self.twiddles, |(_, twiddles)| twiddles);
        sums.par_chunks_mut(BATCH)
            .zip(differences.par_chunks_mut(BATCH))
            .zip(right.par_chunks(BATCH))
            .enumerate()
            .for_each(|(chunk, ((sums, differences), right))| {
                batch::add_assign(sums, right);
                let negated: Vec<G1Affine> = right.iter().map(|point| -point).collect();
                batch::add_assign(differences, &negated);
                let exponent = |index: usize| (chunk * BATCH + index) / run * run;
                if let Some((factor, _)) = &first {
                    scale(sums, |_| factor);
                }
                if first.is_some() || exponent(differences.len() - 1) > 0 {
                    scale(differences, |index| &twiddles[exponent(index)]);
                }
            });
        self.points.par_chunks_mut(2 * run).zip(sums.par_chunks(run)).zip(differences.par_chunks(run)).for_each(
            |((points, sums), differences)| {
                let (left, right) = points.split_at_mut(run);
                left.copy_from_slice(sums);
                right.copy_from_slice(differences);
            },
        );
        self.stage += 1;
    }
}

/// factor · ω^(-e) for e below 2^(k-1).
fn twiddles(splitter: &Splitter, factor: Fr, k: u32) -> Vec<Scalar> {
    let ratio = root_of_unity(k).invert().unwrap_or(Fr::ZERO);
    geometric(factor, ratio, 1 << (k - 1)).par_iter().map(|twiddle| splitter.split(twiddle)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::G1;
    use halo2curves::fft::best_fft;
    use halo2curves::group::{Curve, Group};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn random_points(k: u32) -> Vec<G1Affine> {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        (0..1 << k).map(|_| G1::random(&mut rng).to_affine()).collect()
    }

    #[test]
    fn equals_the_curve_library_s_transform() {
        for k in [1, 2, 3, 7] {
            let points = random_points(k);
            let mut expected: Vec<G1> = points.iter().map(Into::into).collect();
            best_fft(&mut expected, root_of_unity(k).invert().unwrap_or(Fr::ZERO), k);
            let expected: Vec<G1Affine> =
                expected.iter().map(|point| (point * inverse_of_two_to(k)).to_affine()).collect();
            assert_eq!(from_monomial(&points, &Progress::silent()), expected, "k = {k}");
        }
    }

    #[test]
    fn a_transform_taken_up_again_ends_in_the_same_points() {
        let points = random_points(4);
        let mut first = Transform::new(points.clone(), 0);
        first.step();
        first.step();
        let stage = first.stage();
        let mut second = Transform::new(first.into_points(), stage);
        while !second.is_done() {
            second.step();
        }
        assert_eq!(second.into_points(), from_monomial(&points, &Progress::silent()));
    }
}
