//! Gate polynomials as sums of products over memory cells.
//!
//! halo2 hands out gates as trees without sharing. Here equal subexpressions become one atom, a polynomial is a map from
//! monomials (sorted atoms) to coefficients, and a parenthesised sum is an atom of its own, scaled to a leading
//! coefficient of one so that multiples of it are equal too. Products of sums are not expanded, which could grow without
//! bound, except for a single term times two (b (b - 1) is cheaper as b² - b).

use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::memory::Cell;

/// Index of an atom.
pub(super) type AtomId = usize;
/// A product of atoms, sorted; the empty one is 1.
pub(super) type Monomial = Vec<AtomId>;

/// What monomials are made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// A value in memory; `fixed` if it belongs to the key's columns (selectors above all), by which gates are grouped.
    Cell { cell: Cell, fixed: bool },
    /// A sum of at least two terms.
    Sum(Poly),
}

/// A sum of products: monomials with their coefficients, none of them zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Poly(pub(super) BTreeMap<Monomial, Fr>);

impl Poly {
    /// A constant.
    pub(super) fn constant(value: Fr) -> Self {
        Self::term(Monomial::new(), value)
    }

    /// A monomial with a coefficient.
    pub(super) fn term(monomial: Monomial, coefficient: Fr) -> Self {
        let mut poly = Self::default();
        poly.add_term(monomial, coefficient);
        poly
    }

    /// Adds a monomial with a coefficient.
    pub(super) fn add_term(&mut self, monomial: Monomial, coefficient: Fr) {
        let sum = self.0.remove(&monomial).unwrap_or(Fr::ZERO) + coefficient;
        if sum != Fr::ZERO {
            self.0.insert(monomial, sum);
        }
    }

    /// Adds `scale` times another polynomial.
    pub(super) fn add_scaled(&mut self, other: &Self, scale: Fr) {
        for (monomial, coefficient) in &other.0 {
            self.add_term(monomial.clone(), *coefficient * scale);
        }
    }

    /// This polynomial times a constant.
    pub(super) fn scaled(&self, scale: Fr) -> Self {
        let mut poly = Self::default();
        poly.add_scaled(self, scale);
        poly
    }

    /// The only term, if there is exactly one.
    pub(super) fn single(&self) -> Option<(&Monomial, &Fr)> {
        self.0.first_key_value().filter(|_| self.0.len() == 1)
    }
}

/// All atoms met so far.
#[derive(Debug, Default)]
pub(super) struct Algebra {
    atoms: Vec<Atom>,
    index: HashMap<Atom, AtomId>,
}

impl Algebra {
    /// The atom of this id.
    pub(super) fn atom(&self, id: AtomId) -> &Atom {
        &self.atoms[id]
    }

    fn intern(&mut self, atom: Atom) -> AtomId {
        if let Some(&id) = self.index.get(&atom) {
            return id;
        }
        let id = self.atoms.len();
        self.atoms.push(atom.clone());
        self.index.insert(atom, id);
        id
    }

    /// The polynomial that is this cell's value.
    pub(super) fn cell(&mut self, cell: Cell, fixed: bool) -> Poly {
        Poly::term(vec![self.intern(Atom::Cell { cell, fixed })], Fr::ONE)
    }

    /// Whether the atom depends on fixed columns only.
    pub(super) fn is_fixed(&self, id: AtomId) -> bool {
        match &self.atoms[id] {
            Atom::Cell { fixed, .. } => *fixed,
            Atom::Sum(poly) => poly.0.keys().flatten().all(|&atom| self.is_fixed(atom)),
        }
    }

    /// The polynomial as one monomial and a coefficient; a sum becomes an atom.
    fn factor(&mut self, poly: &Poly) -> (Monomial, Fr) {
        match (poly.single(), poly.0.last_key_value()) {
            (Some((monomial, coefficient)), _) => (monomial.clone(), *coefficient),
            (None, Some((_, leading))) => {
                // Coefficients are not zero.
                let normal = poly.scaled(leading.invert().unwrap_or(Fr::ZERO));
                (vec![self.intern(Atom::Sum(normal))], *leading)
            }
            (None, None) => (Monomial::new(), Fr::ZERO),
        }
    }

    /// The product of two polynomials.
    pub(super) fn mul(&mut self, a: &Poly, b: &Poly) -> Poly {
        for (one, other) in [(a, b), (b, a)] {
            if let Some((monomial, coefficient)) = one.single() {
                let free = |atoms: &Monomial| !atoms.iter().any(|&atom| self.is_fixed(atom));
                if monomial.is_empty() {
                    return other.scaled(*coefficient);
                }
                if other.0.len() == 2 && free(monomial) && other.0.keys().all(free) {
                    let mut poly = Poly::default();
                    for (m, c) in &other.0 {
                        poly.add_term(join(monomial, m), *c * coefficient);
                    }
                    return poly;
                }
            }
        }
        let ((m, c), (n, d)) = (self.factor(a), self.factor(b));
        Poly::term(join(&m, &n), c * d)
    }
}

/// The product of two monomials.
fn join(a: &Monomial, b: &Monomial) -> Monomial {
    let mut product = [&a[..], b].concat();
    product.sort_unstable();
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_of_a_sum_share_one_atom() {
        let mut algebra = Algebra::default();
        let [a, b, c] = [0, 1, 2].map(|i| algebra.cell(Cell::At(i), false));
        let mut sum = a.clone();
        sum.add_scaled(&b, Fr::from(3));
        sum.add_scaled(&c, Fr::from(5));
        let (plain, scaled) = (algebra.mul(&a, &sum), algebra.mul(&a, &sum.scaled(Fr::from(7))));
        assert_eq!(plain.scaled(Fr::from(7)), scaled);
        assert!(plain.single().is_some(), "kept as a product");
    }

    #[test]
    fn a_bit_constraint_is_expanded_and_a_selector_stays_a_factor() {
        let mut algebra = Algebra::default();
        let (b, q) = (algebra.cell(Cell::At(0), false), algebra.cell(Cell::At(1), true));
        let mut less = b.clone();
        less.add_scaled(&Poly::constant(Fr::ONE), -Fr::ONE);
        let bit = algebra.mul(&b, &less);
        assert_eq!(bit.0.len(), 2);
        assert!(algebra.mul(&q, &bit).single().is_some());
    }

    #[test]
    fn what_cancels_is_gone() {
        let mut algebra = Algebra::default();
        let a = algebra.cell(Cell::At(0), false);
        let mut zero = a.clone();
        zero.add_scaled(&a, -Fr::ONE);
        assert_eq!(zero, Poly::default());
        assert_eq!(algebra.mul(&a, &zero), Poly::default());
    }
}
