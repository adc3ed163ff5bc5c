//! The opening argument: evaluations at x and its rotations, and one SHPLONK proof for all of them
//! (Boneh, Drake, Fisch, Gabizon, "Efficient polynomial commitment schemes for multiple points and polynomials",
//! eprint 2020/081, section 4).
//!
//! Polynomials opened at the same points form a set and are added up before anything else: every polynomial is
//! touched once to evaluate it and once to add it up.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rand::RngCore;
use rayon::prelude::*;

use super::ProverError;
use super::session::Session;
use crate::engine::Basis;
use penstock_arithmetic::powers;

/// Coefficients that one task of the pool works on.
const CHUNK: usize = 1 << 11;

/// A polynomial with a point to open it at and its value there.
#[derive(Clone, Copy)]
pub(super) struct Query<'a> {
    pub coefficients: &'a [Fr],
    pub point: Fr,
    pub value: Fr,
}

/// Polynomials that are opened at the same points.
struct Set<'a> {
    points: Vec<Fr>,
    polynomials: Vec<Opened<'a>>,
}

struct Opened<'a> {
    coefficients: &'a [Fr],
    /// Values by point.
    values: Vec<(Fr, Fr)>,
}

impl Opened<'_> {
    fn opened_at(&self, points: &[Fr]) -> bool {
        self.values.len() == points.len() && self.values.iter().all(|(point, _)| points.contains(point))
    }

    fn value_at(&self, point: &Fr) -> Fr {
        self.values.iter().find(|(at, _)| at == point).map_or(Fr::ZERO, |(_, value)| *value)
    }
}

/// The value of a polynomial.
pub(super) fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    // Four interleaved polynomials in x⁴ hide the latency of a single chain.
    let x2 = x.square();
    let x4 = x2.square();
    let mut sums = [Fr::ZERO; 4];
    let (quadruples, rest) = coefficients.as_chunks::<4>();
    for quadruple in quadruples.iter().rev() {
        for (sum, coefficient) in sums.iter_mut().zip(quadruple) {
            *sum = *sum * x4 + coefficient;
        }
    }
    let tail = rest.iter().rev().fold(Fr::ZERO, |sum, coefficient| sum * x + coefficient);
    let [a, b, c, d] = sums;
    a + b * x + (c + d * x) * x2 + tail * x.pow_vartime([4 * quadruples.len() as u64])
}

/// Opens the queries in the verifier's order.
pub(super) fn open<R: RngCore>(session: &mut Session<'_, R>, queries: &[Query<'_>]) -> Result<(), ProverError> {
    let sets = group(queries);
    let mut points: Vec<Fr> = Vec::new();
    for point in sets.iter().flat_map(|set| &set.points) {
        if !points.contains(point) {
            points.push(*point);
        }
    }
    let y = session.challenge();
    let v = session.challenge();

    // S_i = Σ_j y^j P_ij, and R_i of low degree with the same values at the points of the set.
    let sums: Vec<Vec<Fr>> = sets.iter().map(|set| set.sum(y)).collect();
    let remainders: Vec<Vec<Fr>> = sets.iter().map(|set| set.remainder(y)).collect();
    let quotients: Vec<Vec<Fr>> = (sets.par_iter(), &sums, &remainders)
        .into_par_iter()
        .map(|(set, sum, remainder)| {
            let mut numerator = sum.clone();
            numerator.iter_mut().zip(remainder).for_each(|(coefficient, low)| *coefficient -= low);
            set.points.iter().for_each(|point| divide(&mut numerator, *point));
            numerator
        })
        .collect();
    let quotient = combine(&quotients, &powers(v).take(sets.len()).collect::<Vec<_>>());
    drop(quotients);
    let quotient: std::sync::Arc<[Fr]> = quotient.into();
    let pending = session.commit(Basis::Monomial, &quotient)?;
    session.write(pending)?;

    // L = Σ_i v^i Z_{T\i}(u) (S_i - R_i(u)) - Z_T(u) H vanishes at u.
    let u = session.challenge();
    let vanishing = |excluded: &[Fr]| {
        let others = points.iter().filter(|point| !excluded.contains(point));
        others.map(|point| u - point).product::<Fr>()
    };
    let mut weights: Vec<Fr> = sets.iter().zip(powers(v)).map(|(set, power)| power * vanishing(&set.points)).collect();
    // Everything is scaled so that the first set counts once.
    let scale = weights.first().and_then(|first| first.invert().into_option()).unwrap_or(Fr::ONE);
    weights.iter_mut().for_each(|weight| *weight *= scale);
    let constant: Fr = remainders.iter().zip(&weights).map(|(low, weight)| evaluate(low, u) * weight).sum();
    let mut terms: Vec<&[Fr]> = sums.iter().map(Vec::as_slice).collect();
    terms.push(&quotient);
    weights.push(-vanishing(&[]) * scale);
    let mut linear = combine(&terms, &weights);
    linear[0] -= constant;
    divide(&mut linear, u);
    let pending = session.commit(Basis::Monomial, &linear.into())?;
    session.write(pending)
}

/// Polynomials by the points that they are opened at, in the order of the queries that open them first.
fn group<'a>(queries: &[Query<'a>]) -> Vec<Set<'a>> {
    let mut polynomials: Vec<Opened<'a>> = Vec::new();
    for query in queries {
        let value = (query.point, query.value);
        match polynomials.iter_mut().find(|opened| std::ptr::eq(opened.coefficients, query.coefficients)) {
            Some(opened) => opened.values.push(value),
            None => polynomials.push(Opened { coefficients: query.coefficients, values: vec![value] }),
        }
    }
    let mut sets: Vec<Set<'a>> = Vec::new();
    for opened in polynomials {
        match sets.iter_mut().find(|set| opened.opened_at(&set.points)) {
            Some(set) => set.polynomials.push(opened),
            None => {
                let points = opened.values.iter().map(|(point, _)| *point).collect();
                sets.push(Set { points, polynomials: vec![opened] });
            }
        }
    }
    sets
}

impl Set<'_> {
    /// `Σ y^j P_j`.
    fn sum(&self, y: Fr) -> Vec<Fr> {
        let terms: Vec<&[Fr]> = self.polynomials.iter().map(|opened| opened.coefficients).collect();
        combine(&terms, &powers(y).take(terms.len()).collect::<Vec<_>>())
    }

    /// The polynomial of lowest degree that agrees with the sum at the points: Newton's divided differences.
    fn remainder(&self, y: Fr) -> Vec<Fr> {
        let value =
            |point| self.polynomials.iter().rev().fold(Fr::ZERO, |sum, opened| sum * y + opened.value_at(point));
        let mut differences: Vec<Fr> = self.points.iter().map(value).collect();
        for step in 1..self.points.len() {
            for i in (step..self.points.len()).rev() {
                // The points of a set differ from one another.
                let run = (self.points[i] - self.points[i - step]).invert().unwrap_or(Fr::ZERO);
                differences[i] = (differences[i] - differences[i - 1]) * run;
            }
        }
        let mut polynomial: Vec<Fr> = Vec::new();
        for (difference, point) in differences.iter().zip(&self.points).rev() {
            // polynomial · (X - point) + difference
            polynomial.insert(0, *difference);
            for i in 1..polynomial.len() {
                let coefficient = polynomial[i];
                polynomial[i - 1] -= coefficient * point;
            }
        }
        polynomial
    }
}

/// `Σ weights_i · polynomials_i`.
fn combine<P: AsRef<[Fr]> + Sync>(polynomials: &[P], weights: &[Fr]) -> Vec<Fr> {
    let mut sum = vec![Fr::ZERO; polynomials.first().map_or(0, |polynomial| polynomial.as_ref().len())];
    sum.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sum)| {
        for (polynomial, weight) in polynomials.iter().zip(weights) {
            for (sum, coefficient) in sum.iter_mut().zip(&polynomial.as_ref()[chunk * CHUNK..]) {
                *sum += coefficient * weight;
            }
        }
    });
    sum
}

/// Divides by `X - point` in place and drops the remainder.
fn divide(polynomial: &mut [Fr], point: Fr) {
    let mut carry = Fr::ZERO;
    for coefficient in polynomial.iter_mut().rev() {
        carry = std::mem::replace(coefficient, carry) + carry * point;
    }
}
