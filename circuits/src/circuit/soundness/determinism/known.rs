//! Uniqueness propagation: which values are the same in any two solutions that share the inputs.
//!
//! The rules are those of Ecne (Wang, "Ecne: automated verification of ZK circuits", 2022) and Picus (Pailoor et al., "Automated
//! detection of under-constrained circuits in zero-knowledge proofs", PLDI 2023), and two of our own for what the tape provides:
//! a hash gives away what was hashed, and a path what its root commits to, as nobody finds a collision.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::interval::modulus;
use super::ranges::Ranges;
use super::system::{Equation, Form, Path, System};

/// Why a value is determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It is an input, or was shown by other means.
    Given,
    /// Its range holds one integer.
    Constant,
    /// A sum in which all else is determined.
    Sum,
    /// Parts of a determined whole, each smaller than one unit of the next, too small to wrap around the field.
    Digits,
    /// A product of determined factors, or the other factor where one is not zero.
    Product,
    /// Whether a determined value is zero.
    ZeroTest,
    /// A hash of determined values, or what a determined hash is of.
    Hash,
    /// An old leaf under a determined root, or the root after a determined new leaf.
    Path,
    /// The case contradicts the constraints.
    Impossible,
}

/// What is determined, and why.
pub(super) struct Known<'a> {
    system: &'a System,
    ranges: &'a Ranges,
    by: Vec<Option<Rule>>,
    changed: bool,
}

impl<'a> Known<'a> {
    /// All that follows from the given atoms.
    pub(super) fn new(system: &'a System, ranges: &'a Ranges, given: impl IntoIterator<Item = usize>) -> Self {
        let mut known = Self { system, ranges, by: vec![None; system.atoms], changed: true };
        for atom in given {
            known.add(atom, Rule::Given);
        }
        for atom in 0..system.atoms {
            if ranges.are_impossible() {
                known.add(atom, Rule::Impossible);
            } else if ranges.is_constant(atom) {
                known.add(atom, Rule::Constant);
            }
        }
        while known.changed {
            known.changed = false;
            known.round();
        }
        known
    }

    /// Whether an atom is determined.
    pub(super) fn has(&self, atom: usize) -> bool {
        self.by[atom].is_some()
    }

    /// Why.
    pub(super) fn rule(&self, atom: usize) -> Option<Rule> {
        self.by[atom]
    }

    fn add(&mut self, atom: usize, rule: Rule) {
        if self.by[atom].is_none() {
            self.by[atom] = Some(rule);
            self.changed = true;
        }
    }

    fn round(&mut self) {
        let system = self.system;
        for equation in &system.equations {
            self.apply_sum(equation);
        }
        for [a, b, c] in &system.products {
            if self.has(*a) && self.has(*b) {
                self.add(*c, Rule::Product);
            }
            for (factor, other) in [(a, b), (b, a)] {
                if self.has(*c) && self.has(*factor) && self.ranges.is_nonzero(*factor) {
                    self.add(*other, Rule::Product);
                }
            }
        }
        for test in &system.zero_tests {
            if self.has(test.value) {
                self.add(test.flag, Rule::ZeroTest);
                self.add(test.nonzero, Rule::ZeroTest);
            }
        }
        for [left, right, hash] in &system.hashes {
            if self.has(*left) && self.has(*right) {
                self.add(*hash, Rule::Hash);
            }
            if self.has(*hash) {
                self.add(*left, Rule::Hash);
                self.add(*right, Rule::Hash);
            }
        }
        for path in &system.paths {
            if !self.has(path.index) {
                continue;
            }
            if self.finds_leaf(path, path.old_root) {
                self.add(path.old_leaf, Rule::Path);
            }
            if self.has(path.old_root) && self.has(path.new_leaf) {
                self.add(path.new_root, Rule::Path);
            }
        }
    }

    /// Whether the leaf at a path's determined index is determined under a root: the root is, or it came about by changing another
    /// leaf of a tree under whose root this one is.
    fn finds_leaf(&self, path: &Path, root: usize) -> bool {
        let changed_elsewhere = |other: &Path| {
            other.new_root == root
                && other.levels == path.levels
                && self.ranges.are_apart(other.index, path.index)
                && self.finds_leaf(path, other.old_root)
        };
        self.has(root) || self.system.paths.iter().any(changed_elsewhere)
    }

    /// As the sum stands first; then with what its terms are sums of put in their place.
    fn apply_sum(&mut self, equation: &Equation) {
        let mut unknown = equation.terms.iter().filter(|(_, atom)| !self.has(*atom)).map(|(_, atom)| *atom);
        match (unknown.next(), unknown.next()) {
            (None, _) => return,
            (Some(only), None) => return self.add(only, Rule::Sum),
            _ => {}
        }
        // An undetermined value is no more than its own definition says.
        if equation.defines.is_some_and(|atom| !self.has(atom)) {
            return;
        }
        let mut form = Form::default();
        for (scale, atom) in &equation.terms {
            let value = |atom| self.has(atom).then_some(BigInt::ZERO);
            self.system.expand(scale, *atom, &value, &mut form);
        }
        let mut parts = form.scales;
        parts.retain(|_, scale| *scale != BigInt::ZERO);
        if let (1, Some(only)) = (parts.len(), parts.keys().next()) {
            return self.add(*only, Rule::Sum);
        }
        for atom in self.digits(&parts) {
            self.add(atom, Rule::Digits);
        }
    }

    /// The parts of a determined sum that must be equal in two solutions. Their differences d satisfy Σ scale · d = 0, as integers
    /// if the sum cannot reach the modulus; and d is zero where one unit exceeds all that smaller parts can make up for.
    fn digits(&self, parts: &BTreeMap<usize, BigInt>) -> Vec<usize> {
        let mut reaches = Vec::new();
        for (atom, scale) in parts {
            let Some(interval) = self.ranges.of(*atom) else { return Vec::new() };
            let unit: BigInt = scale.magnitude().clone().into();
            reaches.push((interval.width() * &unit, unit, *atom));
        }
        reaches.sort_by(|a, b| b.1.cmp(&a.1));
        let mut below: BigInt = reaches.iter().map(|(reach, ..)| reach).sum();
        if below >= *modulus() {
            return Vec::new();
        }
        let mut equal = Vec::new();
        for (reach, unit, atom) in reaches {
            below -= reach;
            if unit <= below {
                break;
            }
            equal.push(atom);
        }
        equal
    }
}
