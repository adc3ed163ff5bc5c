//! Affine combinations of cells and of their fifth powers: what a Poseidon round is in terms of earlier S-box inputs.

use halo2_axiom::plonk::Expression;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// `constant + Σ linear · x_i + Σ fifth · x_i^5`, as (index, linear, fifth).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affine {
    /// Added constant.
    pub constant: Fr,
    /// Terms by index in the sequence.
    pub terms: Vec<(usize, Fr, Fr)>,
}

impl Affine {
    /// A constant.
    pub fn constant(constant: Fr) -> Self {
        Self { constant, terms: Vec::new() }
    }

    /// x_index^5.
    pub fn fifth(index: usize) -> Self {
        Self { constant: Fr::ZERO, terms: vec![(index, Fr::ZERO, Fr::ONE)] }
    }

    /// x_index.
    pub fn linear(index: usize) -> Self {
        Self { constant: Fr::ZERO, terms: vec![(index, Fr::ONE, Fr::ZERO)] }
    }

    /// `self + scale · other`.
    pub fn add(mut self, scale: Fr, other: &Self) -> Self {
        self.constant += scale * other.constant;
        for (index, linear, fifth) in &other.terms {
            match self.terms.iter_mut().find(|(known, ..)| known == index) {
                Some((_, known_linear, known_fifth)) => {
                    *known_linear += scale * linear;
                    *known_fifth += scale * fifth;
                }
                None => self.terms.push((*index, scale * linear, scale * fifth)),
            }
        }
        self.terms.retain(|(_, linear, fifth)| *linear != Fr::ZERO || *fifth != Fr::ZERO);
        self
    }

    /// Poseidon's mixing layer on affine lanes, the next round's constants added.
    pub fn mix<const T: usize>(lanes: &[Self; T], mds: &[Vec<Fr>], constants: Option<&[Fr]>) -> [Self; T] {
        std::array::from_fn(|lane| {
            let constant = constants.map_or(Fr::ZERO, |constants| constants[lane]);
            lanes.iter().zip(&mds[lane]).fold(Self::constant(constant), |sum, (x, m)| sum.add(*m, x))
        })
    }

    /// The combination without its constant, `cell` giving the expression of x_index.
    pub fn expression(&self, mut cell: impl FnMut(usize) -> Expression<Fr>) -> Expression<Fr> {
        self.terms.iter().fold(Expression::Constant(Fr::ZERO), |mut sum, (index, linear, fifth)| {
            let x = cell(*index);
            if *linear != Fr::ZERO {
                sum = sum + x.clone() * *linear;
            }
            if *fifth != Fr::ZERO {
                let square = x.clone() * x.clone();
                sum = sum + square.clone() * square * x * *fifth;
            }
            sum
        })
    }

    /// The value under given inputs.
    pub fn evaluate(&self, inputs: &[Fr]) -> Fr {
        let term = |(index, linear, fifth): &(usize, Fr, Fr)| {
            let x = inputs[*index];
            // As `x · (linear + fifth · x^4)`; `pow` takes the same time for every exponent, 128 multiplications here.
            x * (*linear + *fifth * x.square().square())
        };
        self.constant + self.terms.iter().map(term).sum::<Fr>()
    }
}
