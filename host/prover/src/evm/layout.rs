//! Where everything of one circuit's key and proof lies in the contract's memory.
//!
//! Follows the stock verifier read by read: the order of commitments, challenges and evaluations in the transcript, and
//! the order of the opening queries.

use halo2_axiom::plonk::VerifyingKey;
use halo2curves::bn256::G1Affine;

use super::EvmError;
use super::memory::{Cell, HEADER_WORDS, KEY, POINT_WORDS, WORD};
use super::opening::Openings;

/// The evaluations of one permutation product: here, one row on, and in the last usable row (all but the last product).
#[derive(Clone, Copy, Debug)]
pub(super) struct ProductEvals {
    pub(super) current: Cell,
    pub(super) next: Cell,
    pub(super) last: Option<Cell>,
}

/// The cells of one circuit. Commitments are the cells of their x coordinates.
#[derive(Debug)]
pub(super) struct Layout {
    // In the key.
    fixed: Vec<Cell>,
    sigmas: Vec<Cell>,
    pub(super) generator: Cell,
    // In the proof.
    advice: Vec<Cell>,
    products: Vec<Cell>,
    pub(super) random: Cell,
    pub(super) quotient_pieces: Vec<Cell>,
    pub(super) evals_at: Cell,
    pub(super) advice_evals: Vec<Cell>,
    pub(super) fixed_evals: Vec<Cell>,
    pub(super) random_eval: Cell,
    pub(super) sigma_evals: Vec<Cell>,
    pub(super) product_evals: Vec<ProductEvals>,
    pub(super) h1: Cell,
    pub(super) h2: Cell,
    pub(super) proof_bytes: usize,
    // Challenges.
    pub(super) challenges_at: Cell,
    pub(super) user: Vec<Cell>,
    pub(super) beta: Cell,
    pub(super) gamma: Cell,
    pub(super) y: Cell,
    pub(super) x: Cell,
    pub(super) opening_y: Cell,
    pub(super) v: Cell,
    pub(super) u: Cell,
    /// What is absorbed (bytes) before how many challenges.
    pub(super) schedule: Vec<(usize, usize)>,
    /// The first cell behind the challenges.
    pub(super) free: Cell,
}

/// Hands out consecutive cells.
struct Allocator(Cell);

impl Allocator {
    fn words(&mut self, words: usize) -> Cell {
        let cell = self.0;
        self.0 = cell.word(words);
        cell
    }

    fn scalars(&mut self, count: usize) -> Vec<Cell> {
        (0..count).map(|_| self.words(1)).collect()
    }

    fn points(&mut self, count: usize) -> Vec<Cell> {
        (0..count).map(|_| self.words(POINT_WORDS)).collect()
    }
}

/// Records what is absorbed and squeezed.
#[derive(Default)]
struct Schedule(Vec<(usize, usize)>);

impl Schedule {
    /// Absorbing nothing continues the last squeezing, squeezing nothing the last absorbing.
    fn step(&mut self, bytes: usize, squeezes: usize) {
        match self.0.last_mut() {
            Some(last) if last.1 == 0 || bytes == 0 => *last = (last.0 + bytes, last.1 + squeezes),
            _ => self.0.push((bytes, squeezes)),
        }
    }
}

impl Layout {
    /// Lays out a circuit whose instance column holds `instances` values.
    pub(super) fn new(vk: &VerifyingKey<G1Affine>, instances: usize) -> Self {
        let cs = vk.cs();
        let mut key = Allocator(Cell::At(KEY).word(HEADER_WORDS));
        let fixed = key.points(vk.fixed_commitments().len());
        let sigmas = key.points(vk.permutation().commitments().len());
        let generator = key.words(POINT_WORDS);

        // One permutation product takes as many columns as the degree allows (chunks of degree - 2).
        let product_count = sigmas.len().div_ceil(Self::chunk_len(vk));
        let mut proof = Allocator(Cell::Behind(0).word(instances));
        let mut schedule = Schedule::default();
        schedule.step(WORD * (1 + instances), 0);
        let (column_phases, challenge_phases) = (cs.advice_column_phase(), cs.challenge_phase());
        let mut advice = vec![Cell::ZERO; column_phases.len()];
        // Challenges in the order of squeezing.
        let mut user_order = Vec::new();
        for phase in 0..=column_phases.iter().copied().max().unwrap_or(0) {
            let columns: Vec<_> = (0..column_phases.len()).filter(|&column| column_phases[column] == phase).collect();
            for &column in &columns {
                advice[column] = proof.words(POINT_WORDS);
            }
            let squeezed: Vec<_> = (0..challenge_phases.len()).filter(|&i| challenge_phases[i] == phase).collect();
            schedule.step(WORD * POINT_WORDS * columns.len(), squeezed.len());
            user_order.extend(squeezed);
        }
        schedule.step(0, 3); // theta, beta, gamma
        let products = proof.points(product_count);
        let random = proof.words(POINT_WORDS);
        schedule.step(WORD * POINT_WORDS * (product_count + 1), 1); // y
        let quotient_pieces = proof.points(vk.get_domain().get_quotient_poly_degree());
        schedule.step(WORD * POINT_WORDS * quotient_pieces.len(), 1); // x
        let evals_at = proof.0;
        let advice_evals = proof.scalars(cs.advice_queries().len());
        let fixed_evals = proof.scalars(cs.fixed_queries().len());
        let random_eval = proof.words(1);
        let sigma_evals = proof.scalars(sigmas.len());
        let product_evals: Vec<_> = (1..=product_count)
            .map(|i| ProductEvals {
                current: proof.words(1),
                next: proof.words(1),
                last: (i < product_count).then(|| proof.words(1)),
            })
            .collect();
        let evals =
            advice_evals.len() + fixed_evals.len() + 1 + sigma_evals.len() + (3 * product_count).saturating_sub(1);
        schedule.step(WORD * evals, 2); // y and v of the opening
        let h1 = proof.words(POINT_WORDS);
        schedule.step(WORD * POINT_WORDS, 1); // u
        let h2 = proof.words(POINT_WORDS);
        let points = advice.len() + products.len() + 1 + quotient_pieces.len() + 2;

        let mut behind = Allocator(proof.0);
        let challenges_at = behind.0;
        let mut user = vec![Cell::ZERO; user_order.len()];
        for index in user_order {
            user[index] = behind.words(1);
        }
        let _theta = behind.words(1);
        Self {
            fixed,
            sigmas,
            generator,
            advice,
            products,
            random,
            quotient_pieces,
            evals_at,
            advice_evals,
            fixed_evals,
            random_eval,
            sigma_evals,
            product_evals,
            h1,
            h2,
            proof_bytes: WORD * (POINT_WORDS * points + evals),
            challenges_at,
            user,
            beta: behind.words(1),
            gamma: behind.words(1),
            y: behind.words(1),
            x: behind.words(1),
            opening_y: behind.words(1),
            v: behind.words(1),
            u: behind.words(1),
            schedule: schedule.0,
            free: behind.0,
        }
    }

    /// Columns of one permutation product.
    pub(super) fn chunk_len(vk: &VerifyingKey<G1Affine>) -> usize {
        // The quotient has degree - 1 pieces.
        vk.get_domain().get_quotient_poly_degree().saturating_sub(1).max(1)
    }

    /// The queries in the stock verifier's order, up to those of the vanishing argument.
    pub(super) fn openings(&self, vk: &VerifyingKey<G1Affine>) -> Result<Openings, EvmError> {
        let cs = vk.cs();
        let n = vk.get_domain().get_n() as i32;
        let modulo = |rotation: i32| rotation.rem_euclid(n) as usize;
        let mut openings = Openings::default();
        for ((column, rotation), &eval) in cs.advice_queries().iter().zip(&self.advice_evals) {
            openings.query(self.advice[column.index()], modulo(rotation.0), eval)?;
        }
        for (&product, evals) in self.products.iter().zip(&self.product_evals) {
            openings.query(product, 0, evals.current)?;
            openings.query(product, 1, evals.next)?;
        }
        let last = modulo(-(cs.blinding_factors() as i32 + 1));
        for (&product, evals) in self.products.iter().zip(&self.product_evals).rev() {
            if let Some(eval) = evals.last {
                openings.query(product, last, eval)?;
            }
        }
        for ((column, rotation), &eval) in cs.fixed_queries().iter().zip(&self.fixed_evals) {
            openings.query(self.fixed[column.index()], modulo(rotation.0), eval)?;
        }
        for (&sigma, &eval) in self.sigmas.iter().zip(&self.sigma_evals) {
            openings.query(sigma, 0, eval)?;
        }
        Ok(openings)
    }
}
