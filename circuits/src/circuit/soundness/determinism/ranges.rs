//! Which integers values can be: intervals from range checks, carried through sums and products that cannot wrap.

use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::interval::{Interval, ceiling, floor};
use super::system::{Equation, Form, System};

/// Intervals settle in a few rounds; what would not is left wide.
const ROUNDS: usize = 64;

/// What is known of each atom in every solution of the constraints.
pub(super) struct Ranges {
    intervals: Vec<Option<Interval>>,
    nonzero: Vec<bool>,
    apart: BTreeSet<[usize; 2]>,
    impossible: bool,
}

impl Ranges {
    /// Of a system's atoms.
    pub(super) fn new(system: &System) -> Self {
        let (intervals, nonzero) = (vec![None; system.atoms], vec![false; system.atoms]);
        let mut ranges = Self { intervals, nonzero, apart: BTreeSet::new(), impossible: false };
        let bit = Interval::bits(1);
        for (atom, interval) in &system.bounds {
            ranges.narrow(*atom, interval);
        }
        for [a, b, c] in &system.products {
            if a == b && b == c {
                ranges.narrow(*a, &bit);
            }
        }
        for test in &system.zero_tests {
            ranges.narrow(test.flag, &bit);
            ranges.narrow(test.nonzero, &bit);
        }
        for _ in 0..ROUNDS {
            let mut changed = false;
            for equation in &system.equations {
                changed |= ranges.carry_through_sum(equation);
            }
            for product in &system.products {
                changed |= ranges.carry_through_product(*product);
            }
            for test in &system.zero_tests {
                if ranges.is_nonzero(test.value) {
                    changed |= ranges.narrow(test.flag, &Interval::point(BigInt::ZERO));
                }
            }
            if !changed && !ranges.compare_nonzero_values(system) {
                break;
            }
        }
        let zero = |(nonzero, interval): (&bool, &Option<Interval>)| *nonzero && interval.as_ref().is_some_and(is_zero);
        ranges.impossible |= ranges.nonzero.iter().zip(&ranges.intervals).any(zero);
        ranges.find_differing_indices(system);
        ranges
    }

    /// Whether nothing satisfies the constraints.
    pub(super) fn are_impossible(&self) -> bool {
        self.impossible
    }

    /// Whether two indices of paths are never equal.
    pub(super) fn are_apart(&self, left: usize, right: usize) -> bool {
        self.apart.contains(&[left, right]) || self.apart.contains(&[right, left])
    }

    /// What is, up to its sign, the same sum as a value that is not zero is not zero either.
    fn compare_nonzero_values(&mut self, system: &System) -> bool {
        let forms: BTreeSet<Form> =
            (0..system.atoms).filter(|atom| self.nonzero[*atom]).map(|atom| self.form(system, &[(1, atom)])).collect();
        let mut found = false;
        for test in &system.zero_tests {
            if !self.nonzero[test.value] && forms.contains(&self.form(system, &[(1, test.value)])) {
                self.nonzero[test.value] = true;
                found = true;
            }
        }
        found
    }

    fn find_differing_indices(&mut self, system: &System) {
        self.apart.extend(&system.apart);
        let forms: BTreeSet<Form> =
            (0..system.atoms).filter(|atom| self.nonzero[*atom]).map(|atom| self.form(system, &[(1, atom)])).collect();
        for (i, left) in system.paths.iter().enumerate() {
            for right in &system.paths[..i] {
                if forms.contains(&self.form(system, &[(1, left.index), (-1, right.index)])) {
                    self.apart.insert([left.index, right.index]);
                }
            }
        }
    }

    /// A sum written out, with the sign that makes its first scale positive.
    fn form(&self, system: &System, terms: &[(i8, usize)]) -> Form {
        let value = |atom: usize| self.of(atom).filter(|interval| interval.is_point()).map(|point| point.lo.clone());
        let write = |sign: i8| {
            let mut form = Form::default();
            for (scale, atom) in terms {
                system.expand(&BigInt::from(sign * scale), *atom, &value, &mut form);
            }
            form.scales.retain(|_, scale| *scale != BigInt::ZERO);
            form
        };
        let form = write(1);
        let is_negative = form.scales.values().next().is_some_and(|scale| *scale < BigInt::ZERO);
        if is_negative { write(-1) } else { form }
    }

    /// The interval of an atom, if it has one.
    pub(super) fn of(&self, atom: usize) -> Option<&Interval> {
        self.intervals[atom].as_ref()
    }

    /// Whether the atom is never zero.
    pub(super) fn is_nonzero(&self, atom: usize) -> bool {
        self.nonzero[atom] || self.of(atom).is_some_and(Interval::excludes_zero)
    }

    /// Whether the atom is the same in all solutions.
    pub(super) fn is_constant(&self, atom: usize) -> bool {
        self.of(atom).is_some_and(Interval::is_point)
    }

    /// Whether it is zero in all solutions.
    pub(super) fn is_zero(&self, atom: usize) -> bool {
        self.of(atom).is_some_and(is_zero)
    }

    /// Adds a fact. Two facts of one atom hold of the same integer if congruent integers of the two must be equal; otherwise
    /// the narrower one is kept.
    fn narrow(&mut self, atom: usize, fact: &Interval) -> bool {
        let narrowed = match &self.intervals[atom] {
            None => Some(fact.clone()),
            Some(old) if old.cannot_wrap(fact) => {
                let meet = old.meet(fact);
                self.impossible |= meet.is_none();
                meet
            }
            Some(old) => (fact.width() < old.width()).then(|| fact.clone()),
        };
        let narrowed = narrowed.map(|interval| match interval {
            Interval { lo, hi } if self.nonzero[atom] && lo == BigInt::ZERO && hi > lo => Interval { lo: lo + 1, hi },
            other => other,
        });
        let Some(narrowed) = narrowed.filter(|interval| interval.is_unique()) else { return false };
        let changed = self.intervals[atom].as_ref() != Some(&narrowed);
        self.intervals[atom] = Some(narrowed);
        changed
    }

    /// scale · atom ≡ −(the rest of the sum).
    fn carry_through_sum(&mut self, equation: &Equation) -> bool {
        let mut changed = false;
        for (i, (scale, atom)) in equation.terms.iter().enumerate() {
            let mut rest = Some(Interval::point(-&equation.constant));
            for (j, (other_scale, other)) in equation.terms.iter().enumerate() {
                if i != j {
                    let part = self.of(*other).map(|interval| interval.times(&-other_scale));
                    rest = rest.zip(part).map(|(rest, part)| rest.plus(&part));
                }
            }
            let Some(rest) = rest else { continue };
            let is_unit = scale.magnitude() == BigInt::from(1).magnitude();
            let exact = self.of(*atom).is_some_and(|interval| interval.times(scale).cannot_wrap(&rest));
            if (is_unit || exact)
                && let Some(fact) = rest.divided(scale).filter(Interval::is_unique)
            {
                changed |= self.narrow(*atom, &fact);
            }
        }
        changed
    }

    fn carry_through_product(&mut self, [a, b, c]: [usize; 3]) -> bool {
        let mut changed = false;
        if self.is_nonzero(c) {
            for factor in [a, b] {
                changed |= !self.nonzero[factor];
                self.nonzero[factor] = true;
                if let Some(interval) = self.of(factor).cloned() {
                    changed |= self.narrow(factor, &interval);
                }
            }
        }
        if self.is_zero(a) || self.is_zero(b) {
            return self.narrow(c, &Interval::point(BigInt::ZERO)) || changed;
        }
        let Some((left, right)) = self.of(a).cloned().zip(self.of(b).cloned()) else { return changed };
        let product = left.product(&right);
        if !product.is_unique() {
            return changed;
        }
        changed |= self.narrow(c, &product);
        // As integers, a · b = c: if a is positive and c is not negative, b is between c / a's ends.
        let Some(whole) = self.of(c).cloned().filter(|whole| whole.cannot_wrap(&product)) else { return changed };
        for (factor, other) in [(left, b), (right, a)] {
            if factor.lo > BigInt::ZERO && whole.lo >= BigInt::ZERO {
                let fact = Interval { lo: ceiling(&whole.lo, &factor.hi), hi: floor(&whole.hi, &factor.lo) };
                changed |= fact.lo <= fact.hi && self.narrow(other, &fact);
            }
        }
        changed
    }
}

fn is_zero(interval: &Interval) -> bool {
    interval.is_point() && interval.lo == BigInt::ZERO
}
