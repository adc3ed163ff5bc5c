//! SHPLONK at key-encoding time: which commitment is opened where, and what the contract has to compute for it.
//!
//! Queries, rotation sets and their order follow the stock verifier, since the challenges weigh them by position. With
//! T all opened points, S_i the points of set i, Z_S the polynomial that vanishes on S and everything divided by
//! Z_{T∖S_0}(u), set i weighs
//!
//! ```text
//! W_i = v^i Z_{S_0}(u) / Z_{S_i}(u)           (W_0 = 1)
//! ```
//!
//! and the evaluation at point a of S_i weighs W_i ℓ_a(u) = v^i Z_{S_0}(u) / (u - a) / Π_{b ∈ S_i, b ≠ a} (a - b). Points
//! are x ω^rotation, so the last product is x^(|S_i| - 1) times a constant, and the inverses needed at run time are only
//! those of x and of u - a for the points of T. (Boneh, Drake, Fisch, Gabizon: 2020/081, section 4.)

use std::collections::{BTreeSet, HashMap};

use halo2_axiom::plonk::VerifyingKey;
use halo2_axiom::poly::Rotation;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;

use super::EvmError;
use super::memory::Cell;
use super::program::Program;

/// A commitment, at the cell of its x coordinate, with where it is opened and the cell of each evaluation.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) commitment: Cell,
    /// Rotations modulo n, each with its evaluation.
    pub(super) evals: Vec<(usize, Cell)>,
}

/// All queries, commitments in the order in which the stock verifier meets them.
#[derive(Debug, Default)]
pub(super) struct Openings {
    list: Vec<Opening>,
    index: HashMap<Cell, usize>,
}

impl Openings {
    /// Adds a query; `rotation` is modulo n.
    pub(super) fn query(&mut self, commitment: Cell, rotation: usize, eval: Cell) -> Result<(), EvmError> {
        let index = *self.index.entry(commitment).or_insert_with(|| {
            self.list.push(Opening { commitment, evals: Vec::new() });
            self.list.len() - 1
        });
        let evals = &mut self.list[index].evals;
        if evals.iter().any(|&(other, _)| other == rotation) {
            return Err(EvmError::DuplicateQuery { rotation });
        }
        evals.push((rotation, eval));
        Ok(())
    }

    /// All rotations, sorted: the order of the contract's table of points.
    pub(super) fn rotations(&self) -> Vec<usize> {
        let all: BTreeSet<usize> = self.list.iter().flat_map(|opening| &opening.evals).map(|&(r, _)| r).collect();
        all.into_iter().collect()
    }

    /// Sets of rotations with the commitments opened there, in order of first appearance.
    fn sets(&self) -> Vec<(BTreeSet<usize>, Vec<&Opening>)> {
        let mut sets: Vec<(BTreeSet<usize>, Vec<&Opening>)> = Vec::new();
        for opening in &self.list {
            let rotations = opening.evals.iter().map(|&(rotation, _)| rotation).collect();
            match sets.iter_mut().find(|(set, _)| *set == rotations) {
                Some((_, openings)) => openings.push(opening),
                None => sets.push((rotations, vec![opening])),
            }
        }
        sets
    }
}

/// Where the contract keeps what the openings need.
#[derive(Debug)]
pub(super) struct Points {
    /// Challenges that weigh commitments in a set, and sets.
    pub(super) y: Cell,
    pub(super) v: Cell,
    pub(super) u: Cell,
    /// 1 / x.
    pub(super) x_inverse: Cell,
    /// u - x ω^rotation and their inverses, in the order of [`Openings::rotations`].
    pub(super) differences: Cell,
    pub(super) inverses: Cell,
    /// Commitments of the opening proof, and the generator.
    pub(super) h1: Cell,
    pub(super) h2: Cell,
    pub(super) generator: Cell,
}

/// A Horner chain over points: `weight (… (p_0 base + p_1) base + …)`; no weight means one.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) points: Vec<Cell>,
    pub(super) base: Cell,
    pub(super) weight: Option<Cell>,
}

impl Chain {
    /// Bytes of the encoded chain.
    pub(super) fn len(&self) -> usize {
        6 + 2 * self.points.len()
    }

    /// `end ‖ base ‖ weight ‖ points`, for a chain at `at` in a key that ends at `key_end`.
    pub(super) fn encode(&self, at: usize, key_end: usize) -> Result<Vec<u8>, EvmError> {
        let head = [Cell::At(at + self.len()), self.base, self.weight.unwrap_or(Cell::At(0))];
        let words: Result<Vec<_>, _> = head.iter().chain(&self.points).map(|cell| cell.address(key_end)).collect();
        Ok(words?.into_iter().flat_map(u16::to_be_bytes).collect())
    }
}

/// Adds the scalar side of the openings to the program; gives the chains whose sum R makes `e(h2, [s]G2) = e(R, G2)`.
pub(super) fn compile(
    openings: &Openings,
    vk: &VerifyingKey<G1Affine>,
    points: &Points,
    program: &mut Program,
) -> Vec<Chain> {
    let table: HashMap<usize, usize> = openings.rotations().into_iter().enumerate().map(|(i, r)| (r, i)).collect();
    let omega = |rotation: usize| vk.get_domain().rotate_omega(Fr::ONE, Rotation(rotation as i32));
    let sets = openings.sets();
    let first: Vec<Cell> =
        sets.iter().take(1).flat_map(|(set, _)| set).map(|r| points.differences.word(table[r])).collect();
    let z_first = program.product(&first);

    let mut chains = Vec::new();
    let mut low_degree = Vec::new();
    for (i, (set, members)) in sets.iter().enumerate() {
        let scale = if i == 0 {
            z_first
        } else {
            let v = program.power(points.v, i);
            program.mul(v, z_first)
        };
        let inverses: Vec<Cell> = set.iter().map(|r| points.inverses.word(table[r])).collect();
        let weight = (i > 0).then(|| program.product(&[&inverses[..], &[scale]].concat()));
        // The evaluations at each point, folded over the members.
        let folded: Vec<Cell> = set
            .iter()
            .map(|rotation| {
                let at = |opening: &&Opening| opening.evals.iter().find(|(r, _)| r == rotation).map(|&(_, cell)| cell);
                let evals: Vec<Cell> = members.iter().rev().filter_map(at).collect();
                program.horner(points.y, &evals)
            })
            .collect();
        low_degree.push(match (&folded[..], weight) {
            ([only], None) => (program.constant(Fr::ONE), *only),
            ([only], Some(weight)) => (weight, *only),
            _ => {
                let pairs: Vec<_> = set
                    .iter()
                    .zip(&inverses)
                    .zip(&folded)
                    .map(|((&a, &inverse), &eval)| {
                        let others = set.iter().filter(|&&b| b != a);
                        let product: Fr = others.map(|&b| omega(a) - omega(b)).product();
                        // Distinct powers of a root of unity differ.
                        let constant = program.constant(product.invert().unwrap_or(Fr::ZERO));
                        (program.mul(constant, inverse), eval)
                    })
                    .collect();
                let sum = program.sum(&[], &pairs);
                let x = program.power(points.x_inverse, set.len() - 1);
                (program.mul(scale, x), sum)
            }
        });
        let points_ = members.iter().rev().map(|opening| opening.commitment).collect();
        chains.push(Chain { points: points_, base: points.y, weight });
    }
    let low_degree = program.sum(&[], &low_degree);
    let scalars =
        [(points.generator, program.negate(low_degree)), (points.h1, program.negate(z_first)), (points.h2, points.u)];
    chains.extend(scalars.map(|(point, scalar)| Chain { points: vec![point], base: Cell::ZERO, weight: Some(scalar) }));
    chains
}
