//! A proving key with what proofs share: transforms, the quotient's plan, fixed columns on their cosets.
//!
//! Fixed columns, permutation columns and Lagrange polynomials do not change from proof to proof, and neither do
//! their values on the cosets. They are computed on first use or come from a file (see [`cosets`]), and are
//! kept as long as they fit a budget of bytes; cosets beyond the budget are computed again in every proof.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use halo2_axiom::plonk::{Any, Column, ProvingKey, VerifyingKey};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use super::ProverError;
use super::compile::compile;
use super::cosets::{self, CosetsOutcome};
use super::fold::{Folded, check_gates};
use crate::progress::Progress;
use penstock_arithmetic::{Domain, powers};

/// Bytes that the values on cosets may take by default.
pub const DEFAULT_CACHE_BYTES: usize = 6 << 30;

/// A proving key, ready to prove.
#[derive(Debug)]
pub struct ProverKey {
    pk: ProvingKey<G1Affine>,
    domain: Domain,
    /// Columns of the permutation argument with their indices, one chunk a grand product.
    permutation_chunks: Vec<Vec<(usize, Column<Any>)>>,
    /// Fixed columns that a gate or the permutation argument reads.
    fixed_in_use: Vec<bool>,
    /// The cosets within the budget.
    cache: Vec<OnceLock<Arc<KeyCoset>>>,
}

/// The values of the key's polynomials over one coset.
#[derive(Debug, PartialEq)]
pub(super) struct KeyCoset {
    /// Fixed columns; empty where unused.
    pub fixed: Vec<Vec<Fr>>,
    /// Permutation polynomials.
    pub sigma: Vec<Vec<Fr>>,
    /// One on row 0, zero on the others.
    pub l0: Vec<Fr>,
    /// One on the rows that are neither blinding rows nor the last row.
    pub l_active: Vec<Fr>,
}

impl ProverKey {
    /// Takes a proving key in, with the default budget for values on cosets.
    ///
    /// # Errors
    /// The circuit has lookup arguments or gates of a degree beyond the key's.
    pub fn new(pk: ProvingKey<G1Affine>) -> Result<Self, ProverError> {
        Self::with_cache(pk, DEFAULT_CACHE_BYTES)
    }

    /// Takes a proving key in. Values on cosets take at most `bytes`.
    ///
    /// # Errors
    /// As [`ProverKey::new`].
    pub fn with_cache(pk: ProvingKey<G1Affine>, bytes: usize) -> Result<Self, ProverError> {
        let vk = pk.get_vk();
        let cs = vk.cs();
        if !cs.lookups().is_empty() {
            return Err(ProverError::Lookups(cs.lookups().len()));
        }
        let degree = cs.degree();
        let pieces = vk.get_domain().get_quotient_poly_degree();
        if pieces + 1 != degree {
            return Err(ProverError::Pieces { pieces, degree });
        }
        let rows = pk.l0().len();
        if rows < cs.minimum_rows() {
            return Err(ProverError::Rows { rows, blinding: cs.blinding_factors() });
        }
        check_gates(cs)?;

        let domain = Domain::new(vk.get_domain().k(), vk.get_domain().get_omega(), pieces);
        let columns: Vec<_> = cs.permutation().get_columns().into_iter().enumerate().collect();
        let mut fixed_in_use = vec![false; cs.num_fixed_columns()];
        let queried = cs.fixed_queries().iter().map(|(column, _)| column.index());
        let copied = columns.iter().filter(|(_, column)| *column.column_type() == Any::Fixed);
        for index in queried.chain(copied.map(|(_, column)| column.index())) {
            if let Some(in_use) = fixed_in_use.get_mut(index) {
                *in_use = true;
            }
        }
        let kept = fixed_in_use.iter().filter(|in_use| **in_use).count() + columns.len() + 2;
        let cached = (bytes / (kept * rows * size_of::<Fr>())).min(pieces);
        Ok(Self {
            permutation_chunks: columns.chunks(degree - 2).map(<[_]>::to_vec).collect(),
            cache: (0..cached).map(|_| OnceLock::new()).collect(),
            fixed_in_use,
            domain,
            pk,
        })
    }

    /// Gets the values on cosets from the file at `path`, or computes them now and keeps them there. Without this, each is
    /// computed when a proof first needs it.
    pub fn load_or_compute_cosets(
        &self,
        path: &Path,
        lock_timeout: Option<Duration>,
        progress: &Progress,
    ) -> CosetsOutcome {
        cosets::load_or_compute(self, path, lock_timeout, progress)
    }

    /// The verifying key.
    pub fn vk(&self) -> &VerifyingKey<G1Affine> {
        self.pk.get_vk()
    }

    /// The rows of the table, 2^k.
    pub fn rows(&self) -> usize {
        self.domain.n()
    }

    /// The rows that a circuit may assign; one more and those that blind follow.
    pub fn usable_rows(&self) -> usize {
        self.rows() - self.vk().cs().blinding_factors() - 1
    }

    /// Multiplications that the gates cost a row of one coset, once they are folded.
    pub fn gate_multiplications(&self) -> usize {
        let cs = self.vk().cs();
        // The count depends on the challenges only if two terms happen to cancel; these here are as good as any.
        let mut challenges = powers(Fr::MULTIPLICATIVE_GENERATOR).skip(1);
        let y = challenges.next().unwrap_or(Fr::ONE);
        let challenges: Vec<_> = challenges.take(cs.num_challenges()).collect();
        compile(&Folded::new(cs, &challenges, y, y)).multiplications()
    }

    pub(super) fn pk(&self) -> &ProvingKey<G1Affine> {
        &self.pk
    }

    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }

    pub(super) fn omega(&self) -> Fr {
        self.vk().get_domain().get_omega()
    }

    pub(super) fn permutation_chunks(&self) -> &[Vec<(usize, Column<Any>)>] {
        &self.permutation_chunks
    }

    /// The key's polynomials over a coset.
    pub(super) fn coset(&self, coset: usize) -> Arc<KeyCoset> {
        match self.cache.get(coset) {
            Some(cached) => cached.get_or_init(|| Arc::new(self.compute_coset(coset))).clone(),
            None => Arc::new(self.compute_coset(coset)),
        }
    }

    /// Cosets that are kept once they are there.
    pub(super) fn cached_cosets(&self) -> usize {
        self.cache.len()
    }

    /// Fixed columns that have values on cosets.
    pub(super) fn fixed_in_use(&self) -> &[bool] {
        &self.fixed_in_use
    }

    /// Takes cosets in, the first one first.
    pub(super) fn keep(&self, cosets: Vec<KeyCoset>) {
        for (cached, coset) in self.cache.iter().zip(cosets) {
            cached.get_or_init(|| Arc::new(coset));
        }
    }

    fn compute_coset(&self, coset: usize) -> KeyCoset {
        let evaluate = |coefficients: &[Fr]| self.domain.evaluate_on_coset(coefficients, coset);
        let fixed = self.pk.fixed_polys().par_iter().zip(&self.fixed_in_use);
        KeyCoset {
            fixed: fixed.map(|(poly, in_use)| if *in_use { evaluate(poly) } else { Vec::new() }).collect(),
            sigma: self.pk.permutation().polys().par_iter().map(|poly| evaluate(poly)).collect(),
            l0: evaluate(self.pk.l0()),
            l_active: evaluate(self.pk.l_active_row()),
        }
    }
}

impl KeyCoset {
    /// All columns with values.
    pub fn columns(&self) -> impl Iterator<Item = &Vec<Fr>> {
        let fixed = self.fixed.iter().filter(|column| !column.is_empty());
        fixed.chain(&self.sigma).chain([&self.l0, &self.l_active])
    }
}
