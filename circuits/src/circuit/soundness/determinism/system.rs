//! A program's items as equations over *atoms*: its values, and one more for each product inside a sum.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;

use super::cases::Case;
use super::interval::{Interval, centred, integer};
use super::program::Program;
use crate::circuit::bus::Tag;
use crate::circuit::slot::{Constraint, Var};

/// Bits of a public key hash, which the signature table guarantees.
const KEY_HASH_BITS: u64 = 160;

/// Σ scale · atom + constant = 0 in the field. Scales are of least magnitude and not zero.
pub(super) struct Equation {
    pub(super) terms: Vec<(BigInt, usize)>,
    pub(super) constant: BigInt,
    /// The atom that this equation introduces: newer than the others, and computed from them.
    pub(super) defines: Option<usize>,
}

/// flag = (value is zero): nonzero = value · inverse, flag = 1 − nonzero, value · flag = 0.
pub(super) struct ZeroTest {
    pub(super) value: usize,
    pub(super) flag: usize,
    pub(super) nonzero: usize,
}

/// A change of one leaf of a tree.
#[derive(Clone, Copy)]
pub(super) struct Path {
    pub(super) levels: u64,
    pub(super) index: usize,
    pub(super) old_leaf: usize,
    pub(super) new_leaf: usize,
    pub(super) old_root: usize,
    pub(super) new_root: usize,
}

/// What the items say.
#[derive(Default)]
pub(super) struct System {
    /// The number of atoms; values come first.
    pub(super) atoms: usize,
    pub(super) equations: Vec<Equation>,
    /// a · b = c.
    pub(super) products: Vec<[usize; 3]>,
    /// (left, right, hash).
    pub(super) hashes: Vec<[usize; 3]>,
    pub(super) paths: Vec<Path>,
    /// Range checks, indices of paths, key hashes.
    pub(super) bounds: Vec<(usize, Interval)>,
    pub(super) zero_tests: Vec<ZeroTest>,
    /// Indices of paths that differ.
    pub(super) apart: Vec<[usize; 2]>,
    /// The equation that introduces an atom.
    definitions: BTreeMap<usize, usize>,
}

/// A sum written out: scales by atom, and the constant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) scales: BTreeMap<usize, BigInt>,
    pub(super) constant: BigInt,
}

impl System {
    /// Of a slot that holds an operation, in one case.
    pub(super) fn new(program: &Program, case: &Case) -> Self {
        let operands = program.items.iter().flat_map(|item| item.constraint.operands());
        let values = operands.chain(program.inputs.iter().copied()).map(|var| var.index() + 1).max().unwrap_or(0);
        let mut system = Self { atoms: values, ..Self::default() };
        system.bounds.push((program.active.index(), Interval::point(BigInt::from(1))));
        system.bounds.extend(case.values.iter().map(|(atom, value)| (*atom, Interval::point(value.clone()))));
        system.apart.extend(case.apart);
        let declared: BTreeSet<usize> = program.inputs.iter().chain(&program.hints).map(|var| var.index()).collect();
        for item in &program.items {
            system.read(&item.constraint, &declared);
        }
        system.find_zero_tests();
        system
    }

    fn read(&mut self, constraint: &Constraint, declared: &BTreeSet<usize>) {
        match constraint {
            Constraint::Sum { terms, product, constant } => {
                let mut scales: BTreeMap<usize, BigInt> = BTreeMap::new();
                let terms = terms.iter().map(|(scale, var)| (integer(scale), var.index()));
                let product = integer(product);
                let factors = constraint.operands();
                let whole = (product != BigInt::ZERO && factors.len() > 1).then(|| {
                    let atom = self.atoms;
                    self.atoms += 1;
                    self.products.push([factors[0].index(), factors[1].index(), atom]);
                    (product, atom)
                });
                for (scale, atom) in terms.chain(whole) {
                    *scales.entry(atom).or_default() += scale;
                }
                self.state(scales, integer(constant), constraint, declared);
            }
            Constraint::Product(vars) => self.products.push(vars.map(Var::index)),
            Constraint::Hash(vars) => self.hashes.push(vars.map(Var::index)),
            Constraint::Range { var, bits } => self.bounds.push((var.index(), Interval::bits(*bits as u64))),
            Constraint::Path { levels, elements } => {
                let [index, old_leaf, new_leaf, old_root, new_root] = elements.map(Var::index);
                self.paths.push(Path { levels: *levels, index, old_leaf, new_leaf, old_root, new_root });
                self.bounds.push((index, Interval::bits(*levels)));
            }
            Constraint::Tuple { tag: Tag::Signature, elements, .. } => {
                self.bounds.push((elements[0].index(), Interval::bits(KEY_HASH_BITS)));
            }
            Constraint::Tuple { .. } | Constraint::Instance { .. } | Constraint::Import { .. } => {}
        }
    }

    fn state(
        &mut self,
        scales: BTreeMap<usize, BigInt>,
        constant: BigInt,
        constraint: &Constraint,
        declared: &BTreeSet<usize>,
    ) {
        let newest = constraint.operands().into_iter().map(Var::index).max();
        let defines = newest.filter(|atom| {
            !declared.contains(atom)
                && !self.definitions.contains_key(atom)
                && scales.get(atom).is_some_and(|scale| scale.magnitude() == BigInt::from(1).magnitude())
        });
        if let Some(atom) = defines {
            self.definitions.insert(atom, self.equations.len());
        }
        let terms = scales.into_iter().filter(|(_, scale)| *scale != BigInt::ZERO);
        self.equations.push(Equation { terms: terms.map(|(atom, scale)| (scale, atom)).collect(), constant, defines });
    }

    /// Adds scale · atom to a form: atoms with a value count as that, others are written out as what they are sums of.
    pub(super) fn expand(
        &self,
        scale: &BigInt,
        atom: usize,
        value: &impl Fn(usize) -> Option<BigInt>,
        form: &mut Form,
    ) {
        if let Some(value) = value(atom) {
            form.constant = centred(&form.constant + scale * value);
            return;
        }
        let Some(definition) = self.definitions.get(&atom) else {
            let total = form.scales.entry(atom).or_default();
            *total = centred(&*total + scale);
            return;
        };
        let Equation { terms, constant, .. } = &self.equations[*definition];
        // The definition's own scale is 1 or −1, its own inverse.
        let own: BigInt = terms.iter().filter(|(_, other)| *other == atom).map(|(own, _)| own).sum();
        form.constant = centred(&form.constant - scale * &own * constant);
        for (other_scale, other) in terms.iter().filter(|(_, other)| *other != atom) {
            self.expand(&centred(-scale * &own * other_scale), *other, value, form);
        }
    }

    fn find_zero_tests(&mut self) {
        let zero = |equation: &&Equation| equation.terms.len() == 1 && equation.constant == BigInt::ZERO;
        let zeros: BTreeSet<usize> = self.equations.iter().filter(zero).map(|equation| equation.terms[0].1).collect();
        let one = BigInt::from(1);
        for [value, flag, c] in &self.products {
            let complement = self.definitions.get(flag).map(|equation| &self.equations[*equation]);
            let Some(Equation { terms, constant, .. }) = complement.filter(|_| zeros.contains(c)) else { continue };
            let [(scale, first), (other_scale, second)] = terms.as_slice() else { continue };
            let nonzero = if first == flag { *second } else { *first };
            let adds_up = scale == other_scale && -scale == *constant && scale.magnitude() == one.magnitude();
            let tested = |[a, b, c]: &[usize; 3]| *c == nonzero && (a == value || b == value);
            if adds_up && self.products.iter().any(tested) {
                self.zero_tests.push(ZeroTest { value: *value, flag: *flag, nonzero });
            }
        }
    }
}
