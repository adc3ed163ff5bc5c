//! All gates as one polynomial.
//!
//! Once y is known, `Σ y^i · gate_i` is a single polynomial in the cells of a row and its neighbours, with known
//! coefficients. Expanding it merges like monomials: twenty Poseidon gates under one selector become
//! `q · Σ (c · cell + c' · cell^5)`. Not everything is expanded: a product of two sums is multiplied out only if
//! that makes it no longer; else the shorter sum becomes an atom of its own, shared wherever it appears again, and
//! the longer one is distributed over it, so that its terms still merge with those of other gates.

use std::collections::{BTreeMap, HashMap};

use halo2_axiom::plonk::{ConstraintSystem, Expression};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::ProverError;

/// Which table a cell lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Fixed,
    Advice,
    Instance,
}

/// A cell relative to the current row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell {
    pub kind: Kind,
    pub column: usize,
    pub rotation: i32,
}

/// Index of an atom, in the order of their first appearance.
pub(super) type AtomId = usize;
/// Atoms with their exponents, by ascending id; empty for the constant term.
pub(super) type Monomial = Vec<(AtomId, u32)>;
/// Terms with coefficients other than zero.
pub(super) type Polynomial = BTreeMap<Monomial, Fr>;

/// What monomials are made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    Cell(Cell),
    /// A sum that is not expanded where it is a factor.
    Sum(Vec<(Monomial, Fr)>),
}

/// The folded gates.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub atoms: Vec<Atom>,
    /// Whether an atom depends on fixed columns only.
    pub is_fixed: Vec<bool>,
    pub polynomial: Polynomial,
    index: HashMap<Atom, AtomId>,
}

/// Checks that the gates are of a form and degree that the key covers.
pub(super) fn check_gates(cs: &ConstraintSystem<Fr>) -> Result<(), ProverError> {
    let limit = cs.degree();
    for gate in cs.gates() {
        for polynomial in gate.polynomials() {
            let degree = polynomial.degree();
            if degree > limit {
                return Err(ProverError::Degree { gate: gate.name().into(), degree, limit });
            }
            if holds_selector(polynomial) {
                return Err(ProverError::Selector);
            }
        }
    }
    Ok(())
}

fn holds_selector(expression: &Expression<Fr>) -> bool {
    match expression {
        Expression::Selector(_) => true,
        Expression::Negated(a) | Expression::Scaled(a, _) => holds_selector(a),
        Expression::Sum(a, b) | Expression::Product(a, b) => holds_selector(a) || holds_selector(b),
        _ => false,
    }
}

impl Folded {
    /// `Σ scale · y^(m-1-i) · gate_i` over the m gate polynomials in their order.
    pub fn new(cs: &ConstraintSystem<Fr>, challenges: &[Fr], y: Fr, scale: Fr) -> Self {
        let mut folded = Self::default();
        let mut sum = Polynomial::new();
        let mut power = scale;
        let expressions: Vec<_> = cs.gates().iter().flat_map(|gate| gate.polynomials()).collect();
        for expression in expressions.into_iter().rev() {
            let expanded = folded.expand(expression, challenges);
            add_scaled(&mut sum, &expanded, power);
            power *= y;
        }
        folded.polynomial = sum;
        folded
    }

    fn expand(&mut self, expression: &Expression<Fr>, challenges: &[Fr]) -> Polynomial {
        match expression {
            Expression::Constant(constant) => self.constant(*constant),
            Expression::Challenge(challenge) => self.constant(challenges[challenge.index()]),
            // Excluded by `check_gates`.
            Expression::Selector(_) => Polynomial::new(),
            Expression::Fixed(query) => self.cell(Kind::Fixed, query.column_index(), query.rotation().0),
            Expression::Advice(query) => self.cell(Kind::Advice, query.column_index(), query.rotation().0),
            Expression::Instance(query) => self.cell(Kind::Instance, query.column_index(), query.rotation().0),
            Expression::Negated(a) => scaled(self.expand(a, challenges), -Fr::ONE),
            Expression::Scaled(a, factor) => scaled(self.expand(a, challenges), *factor),
            Expression::Sum(a, b) => {
                let mut sum = self.expand(a, challenges);
                add_scaled(&mut sum, &self.expand(b, challenges), Fr::ONE);
                sum
            }
            Expression::Product(a, b) => {
                let (a, b) = (self.expand(a, challenges), self.expand(b, challenges));
                self.product(a, b)
            }
        }
    }

    fn constant(&self, constant: Fr) -> Polynomial {
        scaled(Polynomial::from([(Monomial::new(), Fr::ONE)]), constant)
    }

    fn cell(&mut self, kind: Kind, column: usize, rotation: i32) -> Polynomial {
        let atom = self.intern(Atom::Cell(Cell { kind, column, rotation }), kind == Kind::Fixed);
        Polynomial::from([(vec![(atom, 1)], Fr::ONE)])
    }

    fn intern(&mut self, atom: Atom, is_fixed: bool) -> AtomId {
        *self.index.entry(atom).or_insert_with_key(|atom| {
            self.atoms.push(atom.clone());
            self.is_fixed.push(is_fixed);
            self.atoms.len() - 1
        })
    }

    fn product(&mut self, a: Polynomial, b: Polynomial) -> Polynomial {
        let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        if short.len() <= 1 {
            return multiply(&short, &long);
        }
        // A sum of fixed columns is a selector and stays one factor.
        let (factor, sum) = match (self.depends_on_fixed_only(&short), self.depends_on_fixed_only(&long)) {
            (false, true) => (long, short),
            (true, false) => (short, long),
            _ => {
                if long.len() <= EXPANDABLE {
                    let product = multiply(&short, &long);
                    if product.len() <= long.len() + 1 {
                        return product;
                    }
                }
                (short, long)
            }
        };
        let is_fixed = self.depends_on_fixed_only(&factor);
        let atom = self.intern(Atom::Sum(factor.into_iter().collect()), is_fixed);
        multiply(&Polynomial::from([(vec![(atom, 1)], Fr::ONE)]), &sum)
    }

    fn depends_on_fixed_only(&self, polynomial: &Polynomial) -> bool {
        polynomial.keys().flatten().all(|(atom, _)| self.is_fixed[*atom])
    }
}

/// Sums longer than this are not tried for expansion.
const EXPANDABLE: usize = 16;

fn multiply(a: &Polynomial, b: &Polynomial) -> Polynomial {
    let mut product = Polynomial::new();
    for (left, x) in a {
        for (right, y) in b {
            let mut monomial = BTreeMap::from_iter(left.iter().copied());
            for (atom, exponent) in right {
                *monomial.entry(*atom).or_default() += exponent;
            }
            add_term(&mut product, monomial.into_iter().collect(), x * y);
        }
    }
    product
}

fn scaled(mut polynomial: Polynomial, factor: Fr) -> Polynomial {
    polynomial.retain(|_, coefficient| {
        *coefficient *= factor;
        !bool::from(coefficient.is_zero())
    });
    polynomial
}

fn add_scaled(sum: &mut Polynomial, terms: &Polynomial, factor: Fr) {
    for (monomial, coefficient) in terms {
        add_term(sum, monomial.clone(), coefficient * factor);
    }
}

fn add_term(sum: &mut Polynomial, monomial: Monomial, coefficient: Fr) {
    let total = sum.entry(monomial.clone()).or_insert(Fr::ZERO);
    *total += coefficient;
    if bool::from(total.is_zero()) {
        sum.remove(&monomial);
    }
}
