//! KZG setups: the powers of a secret τ over BN254 that commitments are made with.
//!
//! A setup is either imported from a powers-of-tau ceremony, where one honest contributor is enough for nobody to know
//! τ ([`Setup::import`]), or generated here for development, where this machine knew τ and whoever learns it can
//! prove anything: such a setup says INSECURE wherever it is shown. Both are kept in one sealed file with the powers
//! themselves and their Lagrange form, the two bases a prover commits in. Which ceremony a file is from, its
//! published digest says ([`Origin`]).
//!
//! ```text
//! seed -> fixed-base products ----------------------------+
//! .ptau, halo2 file -> curve, subgroup, pairing checks ----+-> Setup <-> file
//!                   -> Lagrange form (group transform) ---+
//! ```

mod batch;
mod ceremony;
mod check;
mod checkpoint;
mod file;
mod fixed_base;
mod import;
mod lagrange;
mod origin;
#[cfg(test)]
mod samples;
mod scale;
mod source;

pub use ceremony::{Blake2b512, PublishedFile};
pub use file::SetupInfo;
pub use import::ImportOptions;
pub use origin::Origin;
pub use source::{Format, ImportError, SourceInfo};

use crate::progress::Progress;
use crate::sealed::SealedError;
use fixed_base::FixedBase;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};
use halo2curves::ff::{BatchInvert, Field, PrimeField};
use halo2curves::serde::SerdeObject;
use rand::rngs::OsRng;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// The largest k taken: the scalar field has no larger domain.
pub const MAX_K: u32 = Fr::S;

/// Why there is no setup.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The setup's file could not be read or written.
    #[error(transparent)]
    File(#[from] SealedError),
    /// A file of powers of tau that cannot be taken.
    #[error("cannot take powers of tau from {}: {source}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ImportError,
    },
    /// An imported setup of the first version, whose origin is not enough to tell what was imported.
    #[error(
        "{} was imported by a version that did not keep the imported file's BLAKE2b-512: import it again with \
         `penstock srs import`",
        path.display()
    )]
    Outdated {
        /// The setup's file.
        path: PathBuf,
    },
    /// Outside 1..=[`MAX_K`].
    #[error("k = {k} is out of range: a setup has 2^k powers with k from 1 to {MAX_K}")]
    KOutOfRange {
        /// What was asked for.
        k: u32,
    },
    /// Fewer powers than needed.
    #[error("the setup has 2^{has} powers and 2^{needs} are needed: make or import one with --k {needs}")]
    TooSmall {
        /// Its k.
        has: u32,
        /// The k asked for.
        needs: u32,
    },
    /// The points are not consecutive powers of one secret.
    #[error("the pairing check failed: {what}; get the file again from a source you trust")]
    Inconsistent {
        /// Which relation does not hold.
        what: &'static str,
    },
}

/// Powers of a secret τ up to 2^k - 1, in both bases.
///
/// The points are reference-counted: engines may keep them without copying. [`ParamsKZG`] holds a copy of its own,
/// since it lends its Lagrange basis to nobody.
#[derive(Clone, Debug)]
pub struct Setup {
    params: ParamsKZG<Bn256>,
    monomial: Arc<[G1Affine]>,
    lagrange: Arc<[G1Affine]>,
    origin: Origin,
    k: u32,
    digest: [u8; 32],
}

impl Setup {
    /// Generates a development setup: from `seed` if given, which makes it reproducible, or else from the operating
    /// system's generator.
    ///
    /// # Errors
    /// [`SetupError::KOutOfRange`].
    pub fn insecure(k: u32, seed: Option<[u8; 32]>, progress: &Progress) -> Result<Self, SetupError> {
        check_k(k)?;
        let mut rng = match seed {
            Some(seed) => ChaCha20Rng::from_seed(seed),
            None => ChaCha20Rng::from_seed(random_seed()),
        };
        let n = 1usize << k;
        // A secret in the domain would leave the Lagrange basis undefined; almost none is.
        let (secret, vanishing) = loop {
            let secret = Fr::random(&mut rng);
            let vanishing = secret.pow_vartime([n as u64]) - Fr::ONE;
            if !bool::from(vanishing.is_zero() | secret.is_zero()) {
                break (secret, vanishing);
            }
        };
        let powers: Vec<Fr> = geometric(Fr::ONE, secret, n);
        // L_i(τ) = (τ^n - 1) / n · ω^i / (τ - ω^i)
        let roots = geometric(Fr::ONE, root_of_unity(k), n);
        let mut values: Vec<Fr> = roots.iter().map(|root| secret - root).collect();
        values.iter_mut().batch_invert();
        let factor = vanishing * inverse_of_two_to(k);
        values.iter_mut().zip(&roots).for_each(|(value, root)| *value *= factor * root);

        let bar = progress.steps("INSECURE setup", 2 * n as u64);
        let table = FixedBase::new(k + 1);
        let done = |count: usize| bar.advance(count as u64);
        let monomial = table.multiply(&powers, done);
        let lagrange = table.multiply(&values, done);
        Ok(Self::assemble(k, monomial, lagrange, (G2Affine::generator() * secret).into(), Origin::Insecure))
    }

    /// The first 2^`k` powers of the same secret. The Lagrange basis is computed anew, so this takes seconds at k = 14
    /// and minutes from k = 20 on: keep the result in a file.
    ///
    /// # Errors
    /// [`SetupError::TooSmall`], [`SetupError::KOutOfRange`].
    pub fn truncated(&self, k: u32, progress: &Progress) -> Result<Self, SetupError> {
        check_k(k)?;
        if k > self.k {
            return Err(SetupError::TooSmall { has: self.k, needs: k });
        }
        let monomial = self.monomial[..1 << k].to_vec();
        let lagrange = lagrange::from_monomial(&monomial, progress);
        Ok(Self::assemble(k, monomial, lagrange, self.s_g2(), self.origin.clone()))
    }

    /// Checks, with pairings, that the points are consecutive powers of the secret behind [`Self::s_g2`] and that the
    /// Lagrange basis belongs to them. Loading does not do this: the file's hashes vouch for what was checked once.
    ///
    /// # Errors
    /// [`SetupError::Inconsistent`].
    pub fn check(&self) -> Result<(), SetupError> {
        check::powers(&self.monomial, self.s_g2())?;
        check::lagrange(&self.monomial, &self.lagrange)
    }

    fn assemble(k: u32, monomial: Vec<G1Affine>, lagrange: Vec<G1Affine>, s_g2: G2Affine, origin: Origin) -> Self {
        let shared = (Arc::from(monomial.as_slice()), Arc::from(lagrange.as_slice()));
        // The crate's constructor from parts is a method: it needs some parameters to be called on.
        let params = ParamsKZG::setup(1, ChaCha20Rng::from_seed([0; 32])).from_parts(
            k,
            monomial,
            Some(lagrange),
            G2Affine::generator(),
            s_g2,
        );
        Self { params, monomial: shared.0, lagrange: shared.1, origin, k, digest: digest(k, &s_g2) }
    }

    /// The parameters as halo2 takes them, for key generation, the stock prover and the verifier.
    pub fn params(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }

    /// G, τ G, τ² G, ... (2^k points): the basis for coefficients.
    pub fn monomial(&self) -> &Arc<[G1Affine]> {
        &self.monomial
    }

    /// L_0(τ) G, L_1(τ) G, ... (2^k points): the basis for evaluations on the domain.
    pub fn lagrange(&self) -> &Arc<[G1Affine]> {
        &self.lagrange
    }

    /// τ times the generator of G2.
    pub fn s_g2(&self) -> G2Affine {
        self.params.s_g2()
    }

    /// Where the secret comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same points under another account of where they come from.
    pub(crate) fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Whether this machine knew the secret.
    pub fn is_insecure(&self) -> bool {
        self.origin == Origin::Insecure
    }

    /// The logarithm of the number of powers.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// SHA-256 that names this setup: k and τ G2 determine every point in it.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

fn digest(k: u32, s_g2: &G2Affine) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"penstock setup");
    hasher.update(k.to_le_bytes());
    hasher.update(s_g2.to_raw_bytes());
    hasher.finalize().into()
}

fn check_k(k: u32) -> Result<(), SetupError> {
    if (1..=MAX_K).contains(&k) { Ok(()) } else { Err(SetupError::KOutOfRange { k }) }
}

fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    seed
}

/// The generator of the domain of size 2^`k`, as halo2 chooses it.
fn root_of_unity(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

fn inverse_of_two_to(k: u32) -> Fr {
    Fr::TWO_INV.pow_vartime([u64::from(k)])
}

/// first, first · ratio, first · ratio², ... (`count` values).
fn geometric(first: Fr, ratio: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |value| Some(value * ratio)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_axiom::poly::EvaluationDomain;
    use halo2_axiom::poly::commitment::{Blind, Params, ParamsProver};
    use halo2curves::group::Curve;

    fn small() -> Setup {
        Setup::insecure(5, Some([7; 32]), &Progress::silent()).unwrap()
    }

    #[test]
    fn equals_the_setup_that_halo2_makes_from_the_same_secret() {
        let seed = [9; 32];
        let ours = Setup::insecure(6, Some(seed), &Progress::silent()).unwrap();
        let theirs = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::from_seed(seed));
        let bytes = |params: &ParamsKZG<Bn256>| {
            let mut bytes = Vec::new();
            params.write(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(ours.params()), bytes(&theirs));
        assert_eq!(ours.monomial().as_ref(), theirs.get_g());
    }

    #[test]
    fn both_bases_commit_to_the_same_polynomial() {
        let setup = small();
        let domain = EvaluationDomain::new(1, setup.k());
        let evaluations = domain.lagrange_from_vec((0..32).map(|i| Fr::from(i * i + 3)).collect());
        let coefficients = domain.lagrange_to_coeff(evaluations.clone());
        let commit = |values: &[Fr], basis: &[G1Affine]| halo2curves::msm::msm_best(values, basis).to_affine();
        let expected = setup.params().commit(&coefficients, Blind::default()).to_affine();
        assert_eq!(commit(&coefficients, setup.monomial()), expected);
        assert_eq!(commit(&evaluations, setup.lagrange()), expected);
    }

    #[test]
    fn a_seed_makes_it_reproducible_and_no_seed_makes_it_fresh() {
        let random = || Setup::insecure(2, None, &Progress::silent()).unwrap().digest();
        assert_eq!(small().digest(), small().digest());
        assert_ne!(random(), random());
    }

    #[test]
    fn a_truncated_setup_equals_the_one_generated_at_that_size() {
        let seed = Some([3; 32]);
        let large = Setup::insecure(12, seed, &Progress::silent()).unwrap();
        // From k = 11 on a stage of the transform is more than one batch.
        for k in [1, 2, 5, 11] {
            let expected = Setup::insecure(k, seed, &Progress::silent()).unwrap();
            let truncated = large.truncated(k, &Progress::silent()).unwrap();
            assert_eq!(truncated.lagrange(), expected.lagrange(), "k = {k}");
            assert_eq!(truncated.digest(), expected.digest());
            truncated.check().unwrap();
        }
        assert!(matches!(large.truncated(13, &Progress::silent()), Err(SetupError::TooSmall { has: 12, needs: 13 })));
    }

    #[test]
    fn the_check_notices_one_wrong_point_in_either_basis_or_another_secret() {
        let good = small();
        let rebuilt = |monomial: &[G1Affine], lagrange: &[G1Affine], s_g2| {
            Setup::assemble(5, monomial.to_vec(), lagrange.to_vec(), s_g2, Origin::Insecure).check()
        };
        rebuilt(good.monomial(), good.lagrange(), good.s_g2()).unwrap();
        for index in [0, 1, 17, 31] {
            let mut bad = good.monomial().to_vec();
            bad[index] = (bad[index] + G1Affine::generator()).to_affine();
            assert!(rebuilt(&bad, good.lagrange(), good.s_g2()).is_err(), "power {index}");
            let mut bad = good.lagrange().to_vec();
            bad.swap(index, index ^ 1);
            assert!(rebuilt(good.monomial(), &bad, good.s_g2()).is_err(), "Lagrange {index}");
        }
        assert!(rebuilt(good.monomial(), good.lagrange(), G2Affine::generator()).is_err());
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        for k in [0, 29, u32::MAX] {
            assert!(matches!(Setup::insecure(k, None, &Progress::silent()), Err(SetupError::KOutOfRange { .. })));
        }
    }

    #[test]
    fn a_development_setup_says_insecure() {
        assert!(small().origin().to_string().contains("INSECURE"));
    }
}
