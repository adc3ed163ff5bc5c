//! The prover: halo2 proofs (KZG on BN254, SHPLONK openings, Keccak transcript) from a stock proving key.
//!
//! Frontend, keys and verifier are halo2-axiom's; the prover is ours, so that commitments run asynchronously on an
//! [`Engine`], what does not change from proof to proof is computed once ([`ProverKey`]), and degree-6 gates cost
//! five cosets. The order of what enters the transcript is the stock verifier's. A mistake here costs a proof,
//! never soundness: [`verify()`] is the stock verifier.
//!
//! Data flow: circuit → advice columns (`witness`) → grand products (`permutation`) → quotient (`quotient`,
//! from gates folded in `fold`, compiled in `compile` and run in `program` or `vector`) → evaluations and opening (`opening`).

mod compile;
mod cosets;
mod error;
mod fold;
mod key;
mod observer;
mod opening;
#[cfg(test)]
mod oracle;
mod permutation;
mod program;
mod quotient;
mod session;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toy;
mod vector;
mod verify;
mod witness;

use std::sync::Arc;

use halo2_axiom::plonk::{Circuit, VerifyingKey};
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use rand::rngs::OsRng;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::engine::{Basis, Engine};

pub use cosets::CosetsOutcome;
pub use error::{ProverError, VerifyError};
pub use key::{DEFAULT_CACHE_BYTES, ProverKey};
pub use observer::{Observer, Stage};
pub use verify::verify;

use opening::Query;
use quotient::Constraints;
use session::Session;
use witness::Polynomial;

/// Proves that the circuit is satisfied with these instances (one slice a column).
///
/// Blinding comes from ChaCha20 under `seed`, the key and the instances, or under a seed of the operating system if there is
/// none. The same seed makes the same proof. It is hashed with the key's digest and the instances, so that one seed used
/// for two statements or under two keys does not blind both alike, which would no longer be zero-knowledge.
/// That the circuit is satisfied is not checked here: of an unsatisfied one comes a proof that [`verify()`] rejects.
///
/// # Errors
/// The instances or the synthesis do not fit the key, or the engine failed.
pub fn prove<C: Circuit<Fr>>(
    key: &ProverKey,
    engine: &dyn Engine,
    circuit: &C,
    instances: &[&[Fr]],
    seed: Option<[u8; 32]>,
    observer: &dyn Observer,
) -> Result<Vec<u8>, ProverError> {
    let rng = match seed {
        Some(seed) => ChaCha20Rng::from_seed(seed_of_statement(seed, key.vk(), instances)),
        None => ChaCha20Rng::from_rng(OsRng)?,
    };
    prove_with(key, engine, circuit, instances, rng, observer)
}

fn seed_of_statement(seed: [u8; 32], vk: &VerifyingKey<G1Affine>, instances: &[&[Fr]]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(seed).chain_update(vk.transcript_repr().to_repr());
    for instance in instances.iter().flat_map(|column| column.iter()) {
        hasher.update(instance.to_repr());
    }
    hasher.finalize().into()
}

fn prove_with<C: Circuit<Fr>>(
    key: &ProverKey,
    engine: &dyn Engine,
    circuit: &C,
    instances: &[&[Fr]],
    rng: impl RngCore + Send + Sync,
    observer: &dyn Observer,
) -> Result<Vec<u8>, ProverError> {
    let instance = instance_polynomials(key, instances)?;
    let mut session = Session::new(key, engine, observer, rng)?;

    // Blinds the quotient's evaluation. It depends on nothing, so the engine works on it during synthesis.
    let mut random = vec![Fr::ZERO; key.rows()];
    session.randomize(&mut random);
    let random: Arc<[Fr]> = random.into();
    let random_commitment = session.commit(Basis::Monomial, &random)?;

    let (advice, challenges) = witness::commit(&mut session, circuit, instances)?;

    session.begin(Stage::Permutation);
    // The challenge of the lookup argument, of which there is none.
    session.challenge();
    let permutation = permutation::Challenges { beta: session.challenge(), gamma: session.challenge() };
    let products = permutation::commit(&mut session, &advice, &instance, permutation)?;
    session.write(random_commitment)?;
    session.end(Stage::Permutation);

    session.begin(Stage::Quotient);
    let y = session.challenge();
    let constraints = Constraints {
        key,
        advice: &advice,
        instance: &instance,
        products: &products,
        permutation,
        challenges: &challenges,
        y,
    };
    let pieces: Vec<Arc<[Fr]>> = constraints.quotient().into_iter().map(Arc::from).collect();
    session.end(Stage::Quotient);

    session.begin(Stage::Pieces);
    let pending: Vec<_> =
        pieces.iter().map(|piece| session.commit(Basis::Monomial, piece)).collect::<Result<_, _>>()?;
    for pending in pending {
        session.write(pending)?;
    }
    session.end(Stage::Pieces);

    session.begin(Stage::Evaluation);
    let x = session.challenge();
    let quotient = fold_pieces(&pieces, x.pow_vartime([key.rows() as u64]));
    drop(pieces);
    let queries = Queries { key, advice: &advice, products: &products, random: &random, quotient: &quotient, x };
    let (written, opened) = queries.evaluate();
    for value in written {
        session.write_scalar(value)?;
    }
    session.end(Stage::Evaluation);

    session.begin(Stage::Opening);
    opening::open(&mut session, &opened)?;
    session.end(Stage::Opening);
    Ok(session.finish())
}

/// The instance columns, padded with zeros.
fn instance_polynomials(key: &ProverKey, instances: &[&[Fr]]) -> Result<Vec<Polynomial>, ProverError> {
    let expected = key.vk().cs().num_instance_columns();
    if instances.len() != expected {
        return Err(ProverError::InstanceColumns { expected, given: instances.len() });
    }
    let polynomial = |(column, values): (usize, &&[Fr])| {
        if values.len() > key.usable_rows() {
            return Err(ProverError::InstanceTooLong { column, values: values.len(), rows: key.usable_rows() });
        }
        let mut padded = values.to_vec();
        padded.resize(key.rows(), Fr::ZERO);
        Ok(Polynomial { coefficients: key.domain().interpolate(&padded), values: padded.into() })
    };
    instances.iter().enumerate().map(polynomial).collect()
}

/// `Σ_i x^(n i) h_i`.
fn fold_pieces(pieces: &[Arc<[Fr]>], xn: Fr) -> Vec<Fr> {
    let mut folded = pieces.last().map_or_else(Vec::new, |last| last.to_vec());
    for piece in pieces.iter().rev().skip(1) {
        folded.par_iter_mut().zip(&piece[..]).for_each(|(sum, coefficient)| *sum = *sum * xn + coefficient);
    }
    folded
}

/// What is evaluated at x and its rotations.
struct Queries<'a> {
    key: &'a ProverKey,
    advice: &'a [Polynomial],
    products: &'a [Vec<Fr>],
    random: &'a [Fr],
    quotient: &'a [Fr],
    x: Fr,
}

impl<'a> Queries<'a> {
    /// The values in the order of the proof, and the queries in the order of the opening argument.
    fn evaluate(&self) -> (Vec<Fr>, Vec<Query<'a>>) {
        let pk = self.key.pk();
        let cs = self.key.vk().cs();
        let at = |coefficients: &'a [Fr], rotation: Rotation| (coefficients, rotation);
        let advice = cs
            .advice_queries()
            .iter()
            .map(|(column, rotation)| at(&self.advice[column.index()].coefficients, *rotation));
        let fixed =
            cs.fixed_queries().iter().map(|(column, rotation)| at(&pk.fixed_polys()[column.index()], *rotation));
        let sigma = pk.permutation().polys().iter().map(|sigma| at(sigma, Rotation::cur()));
        let random = [at(self.random, Rotation::cur())];
        let quotient = [at(self.quotient, Rotation::cur())];
        let (current, next) = (Rotation::cur(), Rotation::next());
        let last = Rotation(self.key.usable_rows() as i32 - self.key.rows() as i32);
        let steps = self.products.iter().flat_map(|product| [at(product, current), at(product, next)]);
        // Where all but the last product end.
        let ends = self.products.iter().rev().skip(1).map(|product| at(product, last));

        let advice = self.values(advice);
        let fixed = self.values(fixed);
        let random = self.values(random);
        let sigma = self.values(sigma);
        let steps = self.values(steps);
        let ends = self.values(ends);
        let quotient = self.values(quotient);

        let mut written: Vec<Fr> =
            [&advice, &fixed, &random, &sigma].into_iter().flatten().map(|query| query.value).collect();
        for (product, step) in steps.chunks(2).enumerate() {
            written.extend(step.iter().map(|query| query.value));
            let end = (ends.len().checked_sub(product + 1)).and_then(|index| ends.get(index));
            written.extend(end.map(|query| query.value));
        }
        (written, [advice, steps, ends, fixed, sigma, quotient, random].concat())
    }

    fn values(&self, queries: impl IntoIterator<Item = (&'a [Fr], Rotation)>) -> Vec<Query<'a>> {
        let domain = self.key.vk().get_domain();
        let queries: Vec<_> = queries.into_iter().collect();
        let value = |(coefficients, rotation): &(&'a [Fr], Rotation)| {
            let point = domain.rotate_omega(self.x, *rotation);
            Query { coefficients, point, value: opening::evaluate(coefficients, point) }
        };
        queries.par_iter().map(value).collect()
    }
}
