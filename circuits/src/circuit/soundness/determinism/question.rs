//! What propagation leaves, as a question in SMT-LIB: can a value differ between two solutions that share the inputs?
//!
//! Undetermined values have two copies, a and b; determined ones are shared. A field equation becomes an integer one only where
//! ranges show that it cannot wrap. Where a determined value has no range, the difference of the two copies' equations is
//! used, from which it drops out; an undetermined value without a range then stands for its distance from such a
//! value. Products are not multiplied out: lemmas say what the answer needs, each true of all integers in range, so
//! that the question stays linear. Leaving a constraint out only adds solutions: `unsat` proves that the value is determined.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use num_bigint::BigInt;

use super::interval::{Interval, modulus};
use super::known::Known;
use super::ranges::Ranges;
use super::system::{Equation, System};

/// The two solutions.
const COPIES: [&str; 2] = ["a", "b"];

/// Writes questions about one program.
pub(super) struct Questions<'a> {
    system: &'a System,
    ranges: &'a Ranges,
    known: &'a Known<'a>,
    /// Ranges of undetermined atoms' distances from a determined but unnamed value.
    distances: BTreeMap<usize, Interval>,
}

impl<'a> Questions<'a> {
    /// About what is not known.
    pub(super) fn new(system: &'a System, ranges: &'a Ranges, known: &'a Known<'a>) -> Self {
        let mut questions = Self { system, ranges, known, distances: BTreeMap::new() };
        while system.equations.iter().any(|equation| questions.measure(equation)) {}
        questions
    }

    /// One undetermined atom without a range, and otherwise ranges: it is as far from the rest of the sum.
    fn measure(&mut self, equation: &Equation) -> bool {
        let mut unmeasured = None;
        let mut rest = Interval::point(BigInt::ZERO);
        for (scale, atom) in equation.terms.iter().filter(|(_, atom)| !self.known.has(*atom)) {
            match self.span(*atom) {
                Some(interval) => rest = rest.plus(&interval.times(scale)),
                None if unmeasured.is_none() => unmeasured = Some((scale, *atom)),
                None => return false,
            }
        }
        let Some((scale, atom)) = unmeasured else { return false };
        let distance = rest.times(&-scale);
        let is_unit = scale.magnitude() == BigInt::from(1).magnitude();
        let found = is_unit && distance.is_unique();
        if found {
            self.distances.insert(atom, distance);
        }
        found
    }

    /// The range of an atom, or of its distance.
    fn span(&self, atom: usize) -> Option<&Interval> {
        self.ranges.of(atom).or_else(|| self.distances.get(&atom))
    }

    /// The question whether `goal` can differ; `None` if nothing bounds it.
    pub(super) fn about(&self, goal: usize) -> Option<String> {
        self.span(goal)?;
        let (atoms, equations, products) = self.neighbourhood(goal);
        let mut text = String::from("(set-logic QF_LIA)\n");
        let mut asserts = String::new();
        for equation in equations {
            self.assert_sum(equation, &mut asserts);
        }
        for product in products {
            self.assert_product(product, &mut asserts);
        }
        for test in &self.system.zero_tests {
            let is_near = atoms.contains(&test.flag) && atoms.contains(&test.value);
            if is_near && self.ranges.of(test.value).is_some() {
                self.assert_each(&mut asserts, |copy| {
                    let (value, flag) = (self.name(test.value, copy), self.name(test.flag, copy));
                    format!("(ite (= {value} 0) (= {flag} 1) (= {flag} 0))")
                });
            }
        }
        for atom in atoms {
            let Some(interval) = self.span(atom) else { continue };
            let names: BTreeSet<_> = COPIES.map(|copy| self.name(atom, copy)).into();
            for name in names {
                let (lo, hi) = (number(&interval.lo), number(&interval.hi));
                let _ = writeln!(text, "(declare-const {name} Int)\n(assert (<= {lo} {name} {hi}))");
            }
        }
        let [a, b] = COPIES.map(|copy| self.name(goal, copy));
        let _ = write!(text, "{asserts}(assert (not (= {a} {b})))\n(check-sat)\n");
        Some(text)
    }

    /// All that undetermined atoms connect with the goal: atoms, sums, products.
    fn neighbourhood(&self, goal: usize) -> (BTreeSet<usize>, Vec<&'a Equation>, Vec<[usize; 3]>) {
        let system = self.system;
        let (mut atoms, mut reached) = (BTreeSet::from([goal]), BTreeSet::from([goal]));
        loop {
            let touches = |reads: &[usize]| reads.iter().any(|atom| reached.contains(atom));
            let reads = |equation: &Equation| equation.terms.iter().map(|(_, atom)| *atom).collect::<Vec<_>>();
            let equations: Vec<_> = system.equations.iter().filter(|equation| touches(&reads(equation))).collect();
            let products: Vec<_> = system.products.iter().copied().filter(|product| touches(product)).collect();
            let tests = system.zero_tests.iter().map(|test| vec![test.value, test.flag]).filter(|test| touches(test));
            let found = equations.iter().flat_map(|equation| reads(equation)).chain(products.iter().flatten().copied());
            atoms.extend(found.chain(tests.flatten()));
            let next: BTreeSet<_> = atoms.iter().copied().filter(|atom| self.is_asked(*atom)).collect();
            if next == reached {
                return (atoms, equations, products);
            }
            reached = next;
        }
    }

    fn is_asked(&self, atom: usize) -> bool {
        !self.known.has(atom) && self.span(atom).is_some()
    }

    fn name(&self, atom: usize, copy: &str) -> String {
        if self.known.has(atom) { format!("v{atom}") } else { format!("v{atom}{copy}") }
    }

    /// An assertion for each copy.
    fn assert_each(&self, text: &mut String, assertion: impl Fn(&str) -> String) {
        for copy in COPIES {
            let _ = writeln!(text, "(assert {})", assertion(copy));
        }
    }

    fn assert_sum(&self, equation: &Equation, text: &mut String) {
        let parts = equation.terms.iter().map(|(scale, atom)| Some(self.ranges.of(*atom)?.times(scale)));
        let whole = parts.reduce(|sum, part| Some(sum?.plus(&part?))).flatten();
        if whole.is_some_and(|whole| whole.plus(&Interval::point(equation.constant.clone())).is_within_modulus()) {
            let constant = number(&-&equation.constant);
            return self.assert_each(text, |copy| {
                let terms = equation.terms.iter().map(|(scale, atom)| (scale.clone(), self.name(*atom, copy)));
                format!("(= {} {constant})", sum(terms))
            });
        }
        let unknown: Vec<_> = equation.terms.iter().filter(|(_, atom)| !self.known.has(*atom)).collect();
        let reaches = unknown.iter().map(|(scale, atom)| {
            let width = self.span(*atom).map(Interval::width);
            width.map(|width| width * BigInt::from(scale.magnitude().clone()))
        });
        let reach = reaches.reduce(|sum, reach| Some(sum? + reach?)).flatten();
        if reach.is_some_and(|reach| reach < *modulus()) {
            let signs = [("a", 1), ("b", -1)];
            let copies = unknown.iter().flat_map(|(scale, atom)| {
                signs.map(|(copy, sign)| (scale * BigInt::from(sign), self.name(*atom, copy)))
            });
            let _ = writeln!(text, "(assert (= {} 0))", sum(copies));
        }
    }

    fn assert_product(&self, [x, y, whole]: [usize; 3], text: &mut String) {
        let Some((left, right)) = self.ranges.of(x).zip(self.ranges.of(y)) else { return };
        if self.ranges.is_zero(whole) {
            return self
                .assert_each(text, |copy| format!("(or (= {} 0) (= {} 0))", self.name(x, copy), self.name(y, copy)));
        }
        let product = left.product(right);
        let exact = |interval: &Interval| interval.cannot_wrap(&product);
        if !product.is_unique() || !self.ranges.of(whole).is_some_and(exact) {
            return;
        }
        let mut is_exact = false;
        for (factor, interval, other) in [(x, left, y), (y, right, x)] {
            let names = |copy: &str| (self.name(factor, copy), self.name(other, copy), self.name(whole, copy));
            if interval.is_point() {
                // A constant times a value.
                let scale = number(&interval.lo);
                self.assert_each(text, |copy| format!("(= {} (* {scale} {}))", names(copy).2, names(copy).1));
                is_exact = true;
            } else if interval.is_bit() {
                // 0 · y = 0 and 1 · y = y.
                self.assert_each(text, |copy| {
                    let (bit, other, whole) = names(copy);
                    format!("(= {whole} (ite (= {bit} 0) 0 {other}))")
                });
                is_exact = true;
            } else if self.known.has(factor) && interval.lo >= BigInt::ZERO {
                // With x ≥ 0 in both copies: y < y' → x · y + x ≤ x · y'.
                for [lesser, greater] in [["a", "b"], ["b", "a"]] {
                    let ((factor, less, small), (_, more, large)) = (names(lesser), names(greater));
                    let _ = writeln!(text, "(assert (=> (< {less} {more}) (<= (+ {small} {factor}) {large})))");
                }
            }
        }
        if !is_exact {
            // Equal factors have equal products.
            let [x, y, whole] = [x, y, whole].map(|atom| COPIES.map(|copy| self.name(atom, copy)));
            let equal = |[a, b]: [String; 2]| format!("(= {a} {b})");
            let _ = writeln!(text, "(assert (=> (and {} {}) {}))", equal(x), equal(y), equal(whole));
        }
    }
}

fn number(value: &BigInt) -> String {
    if *value < BigInt::ZERO { format!("(- {})", value.magnitude()) } else { value.to_string() }
}

fn sum(terms: impl Iterator<Item = (BigInt, String)>) -> String {
    let terms: Vec<_> = terms.map(|(scale, name)| format!("(* {} {name})", number(&scale))).collect();
    format!("(+ 0 {})", terms.join(" "))
}
