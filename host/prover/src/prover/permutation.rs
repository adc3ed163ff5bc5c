//! The permutation argument: grand products that tie copied cells together.
//!
//! For each chunk of `degree - 2` columns, `z(ω X) Π (p + β s + γ) = z(X) Π (p + β δ^i X + γ)` on active rows; every
//! chunk's product starts where that of the chunk before ended (Halo 2 book, "Permutation argument").

use std::sync::Arc;

use halo2_axiom::plonk::{Any, Column};
use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field, PrimeField};
use rand::RngCore;
use rayon::prelude::*;

use super::session::Session;
use super::witness::Polynomial;
use super::{ProverError, ProverKey};
use crate::engine::Basis;

/// Rows that one task of the pool works on.
const CHUNK: usize = 1 << 11;

/// The challenges of the argument.
#[derive(Clone, Copy)]
pub(super) struct Challenges {
    pub beta: Fr,
    pub gamma: Fr,
}

/// Commits to the grand products. Returns their coefficients.
pub(super) fn commit<R: RngCore>(
    session: &mut Session<'_, R>,
    advice: &[Polynomial],
    instance: &[Polynomial],
    challenges: Challenges,
) -> Result<Vec<Vec<Fr>>, ProverError> {
    let key = session.key;
    let mut products: Vec<Arc<[Fr]>> = Vec::new();
    let mut pending = Vec::new();
    let mut start = Fr::ONE;
    for chunk in 0..key.permutation_chunks().len() {
        let mut product = key.grand_product(advice, instance, chunk, challenges, start);
        session.randomize(&mut product[key.usable_rows() + 1..]);
        start = product[key.usable_rows()];
        let product = product.into();
        pending.push(session.commit(Basis::Lagrange, &product)?);
        products.push(product);
    }
    let coefficients = products.par_iter().map(|product| key.domain().interpolate(product)).collect();
    for pending in pending {
        session.write(pending)?;
    }
    Ok(coefficients)
}

impl ProverKey {
    /// The running product of a chunk's ratios over the rows, from `start`.
    fn grand_product(
        &self,
        advice: &[Polynomial],
        instance: &[Polynomial],
        chunk: usize,
        Challenges { beta, gamma }: Challenges,
        start: Fr,
    ) -> Vec<Fr> {
        let columns: Vec<(&[Fr], &[Fr], Fr)> = self.permutation_chunks()[chunk]
            .iter()
            .map(|(index, column)| {
                let values = self.values(*column, advice, instance);
                let sigma = &self.pk().permutation().permutations()[*index][..];
                (values, sigma, beta * Fr::DELTA.pow_vartime([*index as u64]))
            })
            .collect();
        let mut ratios = vec![Fr::ONE; self.rows()];
        ratios.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, ratios)| {
            let first = chunk * CHUNK;
            for (values, sigma, _) in &columns {
                for ((ratio, value), sigma) in ratios.iter_mut().zip(&values[first..]).zip(&sigma[first..]) {
                    *ratio *= beta * sigma + gamma + value;
                }
            }
            ratios.batch_invert();
            let omega = self.omega();
            let x = omega.pow_vartime([first as u64]);
            for (values, _, shift) in &columns {
                let mut identity = shift * x;
                for (ratio, value) in ratios.iter_mut().zip(&values[first..]) {
                    *ratio *= identity + gamma + value;
                    identity *= omega;
                }
            }
        });
        let mut product = start;
        for ratio in &mut ratios {
            let next = product * *ratio;
            *ratio = std::mem::replace(&mut product, next);
        }
        ratios
    }

    /// A permutation column's values over the subgroup.
    fn values<'a>(&'a self, column: Column<Any>, advice: &'a [Polynomial], instance: &'a [Polynomial]) -> &'a [Fr] {
        match column.column_type() {
            Any::Advice(_) => &advice[column.index()].values,
            Any::Fixed => &self.pk().fixed_values()[column.index()],
            Any::Instance => &instance[column.index()].values,
        }
    }
}
