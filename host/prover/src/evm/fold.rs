//! Compiles the quotient's numerator Σ y^(N-1-i) p_i(x) into as few instructions as it finds.
//!
//! Terms are grouped by their factors from fixed columns (selectors), so that q p_1 + y q p_2 + … becomes
//! q (p_1 + y p_2 + …): a selector costs one multiplication however many polynomials it guards. Inside a group, a run of
//! neighbouring powers of y is a matrix, powers by monomials, and is evaluated by rows (Horner over the p_i), except for
//! columns that are shifted multiples of each other: a recurrence with constant coefficients, such as Poseidon's partial
//! rounds, puts f(y) y^m in the column of its m-th cell, and all of them together are f(y) times one Horner sum over
//! bare cells.

use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::algebra::{Algebra, Atom, AtomId, Monomial, Poly};
use super::memory::Cell;
use super::program::Program;

/// Gaps between powers of y up to this length are filled with zeros; longer ones start another run.
const LONGEST_GAP: usize = 6;

/// One run of neighbouring powers of y: polynomials by exponent.
type Rows = BTreeMap<usize, Poly>;

/// A column of a run up to shift and scale: exponents from zero, coefficients from one.
type Column = Vec<(usize, Fr)>;

/// Turns polynomials into instructions.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    pub(super) algebra: &'a Algebra,
    pub(super) program: &'a mut Program,
}

impl Compiler<'_> {
    /// The cell of Σ y^(N-1-i) p_i.
    pub(super) fn fold(&mut self, polys: &[Poly], y: Cell) -> Cell {
        let uses = self.count_uses(polys);
        let mut groups: BTreeMap<Monomial, Rows> = BTreeMap::new();
        for (exponent, poly) in polys.iter().rev().enumerate() {
            for (monomial, coefficient) in &poly.0 {
                let (selector, rest): (Monomial, Monomial) =
                    monomial.iter().partition(|&&atom| self.algebra.is_fixed(atom));
                let row = groups.entry(selector).or_default().entry(exponent).or_default();
                match rest[..] {
                    // A sum that is needed nowhere else is added term by term.
                    [atom] if uses[&atom] == 1 => match self.algebra.atom(atom) {
                        Atom::Sum(sum) => row.add_scaled(sum, *coefficient),
                        Atom::Cell { .. } => row.add_term(rest, *coefficient),
                    },
                    _ => row.add_term(rest, *coefficient),
                }
            }
        }
        // Kinds of rows often differ in round constants alone: runs by what is left without constants.
        let mut alike: BTreeMap<Rows, Vec<(Cell, usize, Rows)>> = BTreeMap::new();
        for (selector, rows) in groups {
            let selector = self.product(&selector);
            for (start, run) in split(rows) {
                let (varying, constant) = split_constants(&run);
                alike.entry(varying).or_default().push((selector, start, constant));
            }
        }
        // Products of selectors and runs, by the power of y at which the run starts; and what spans several powers.
        let mut runs: BTreeMap<usize, Vec<(Cell, Cell)>> = BTreeMap::new();
        let mut parts: Vec<(Cell, Cell)> = Vec::new();
        for (mut varying, members) in alike {
            if let [(selector, start, constant)] = &members[..] {
                for (&exponent, poly) in constant {
                    varying.entry(exponent).or_default().add_scaled(poly, Fr::ONE);
                }
                runs.entry(*start).or_default().push((*selector, self.run(varying, y)));
                continue;
            }
            let selectors: Vec<_> =
                members.iter().map(|&(selector, start, _)| (self.program.power(y, start), selector)).collect();
            parts.push((self.program.sum(&[], &selectors), self.run(varying, y)));
            for (selector, start, constant) in members.into_iter().filter(|(_, _, constant)| !constant.is_empty()) {
                runs.entry(start).or_default().push((selector, self.run(constant, y)));
            }
        }
        let sums: Vec<(usize, Cell)> =
            runs.into_iter().map(|(start, pairs)| (start, self.program.sum(&[], &pairs))).collect();
        for sums in split_by(sums, |&(start, _)| start) {
            let start = sums[0].0;
            let mut coefficients = vec![Cell::ZERO; sums[sums.len() - 1].0 - start + 1];
            let degree = coefficients.len() - 1;
            sums.iter().for_each(|&(exponent, sum)| coefficients[degree + start - exponent] = sum);
            parts.push((self.program.power(y, start), self.program.horner(y, &coefficients)));
        }
        self.program.sum(&[], &parts)
    }

    /// How often each atom stands in a monomial.
    fn count_uses(&self, polys: &[Poly]) -> HashMap<AtomId, usize> {
        let mut uses = HashMap::new();
        let mut open: Vec<&Poly> = polys.iter().collect();
        while let Some(poly) = open.pop() {
            for &atom in poly.0.keys().flatten() {
                let count = uses.entry(atom).or_insert(0);
                *count += 1;
                if let (1, Atom::Sum(sum)) = (*count, self.algebra.atom(atom)) {
                    open.push(sum);
                }
            }
        }
        uses
    }

    /// The cell of Σ y^e p_e.
    fn run(&mut self, mut rows: Rows, y: Cell) -> Cell {
        let recurrences = self.take_recurrences(&mut rows, y);
        let top = rows.keys().chain(recurrences.keys()).max().map_or(0, |&exponent| exponent + 1);
        let coefficients: Vec<Cell> = (0..top)
            .rev()
            .map(|exponent| {
                let poly = rows.remove(&exponent).unwrap_or_default();
                self.evaluate(&poly, recurrences.get(&exponent).map_or(&[], |pairs| pairs))
            })
            .collect();
        self.program.horner(y, &coefficients)
    }

    /// Takes columns that are shifted multiples of each other out of the rows; gives the products that replace them, by
    /// the power of y that they carry.
    fn take_recurrences(&mut self, rows: &mut Rows, y: Cell) -> BTreeMap<usize, Vec<(Cell, Cell)>> {
        let mut columns: BTreeMap<Monomial, Column> = BTreeMap::new();
        for (&exponent, poly) in rows.iter() {
            for (monomial, &coefficient) in poly.0.iter().filter(|(monomial, _)| !monomial.is_empty()) {
                columns.entry(monomial.clone()).or_default().push((exponent, coefficient));
            }
        }
        // By shape and scale: first exponent and monomial.
        let mut alike: BTreeMap<(Column, Fr), Vec<(usize, Monomial)>> = BTreeMap::new();
        for (monomial, column) in columns {
            let (first, scale) = column[0];
            let normal = scale.invert().unwrap_or(Fr::ZERO);
            let shape = column.iter().map(|&(exponent, c)| (exponent - first, c * normal)).collect();
            alike.entry((shape, scale)).or_default().push((first, monomial));
        }
        let mut products: BTreeMap<usize, Vec<(Cell, Cell)>> = BTreeMap::new();
        for ((shape, scale), mut members) in alike {
            // Exponents must differ to share a Horner sum; the later of two with the same exponent stays in its row.
            members.sort_by_key(|(first, _)| *first);
            members.dedup_by_key(|(first, _)| *first);
            for members in split_by(members, |(first, _)| *first) {
                let [(start, _), .., (last, _)] = &members[..] else { continue };
                // Gas: a pair in a row's sum is about 50, an entry of a Horner sum 40, and two of those are set up.
                if 50 * members.len() * shape.len() <= 40 * (last - start + shape.len()) + 310 {
                    continue;
                }
                let mut cells = vec![Cell::ZERO; last - start + 1];
                for (first, monomial) in &members {
                    cells[last - first] = self.product(monomial);
                    for &(offset, c) in &shape {
                        if let Some(row) = rows.get_mut(&(first + offset)) {
                            row.add_term(monomial.clone(), -(c * scale));
                        }
                    }
                }
                let mut factor = vec![Cell::ZERO; shape[shape.len() - 1].0 + 1];
                let degree = factor.len() - 1;
                for &(offset, c) in &shape {
                    factor[degree - offset] = self.program.constant(c * scale);
                }
                let pair = (self.program.horner(y, &factor), self.program.horner(y, &cells));
                products.entry(*start).or_default().push(pair);
            }
        }
        products
    }

    /// The cell of a polynomial plus products of cells.
    fn evaluate(&mut self, poly: &Poly, extra: &[(Cell, Cell)]) -> Cell {
        let (mut summands, mut pairs) = (Vec::new(), extra.to_vec());
        // Products with a coefficient other than one: summed first, scaled once.
        let mut scaled: BTreeMap<Fr, Vec<(Cell, Cell)>> = BTreeMap::new();
        for (monomial, &coefficient) in &poly.0 {
            match (&monomial[..], coefficient == Fr::ONE) {
                ([], _) => summands.push(self.program.constant(coefficient)),
                ([_], true) => summands.push(self.product(monomial)),
                ([_], false) => pairs.push((self.program.constant(coefficient), self.product(monomial))),
                ([.., _], true) => pairs.push(self.pair(monomial)),
                ([.., _], false) => {
                    let pair = self.pair(monomial);
                    scaled.entry(coefficient).or_default().push(pair);
                }
            }
        }
        for (coefficient, products) in scaled {
            let sum = self.program.sum(&[], &products);
            pairs.push((self.program.constant(coefficient), sum));
        }
        match (&summands[..], &pairs[..]) {
            ([], []) => Cell::ZERO,
            ([only], []) => *only,
            _ => self.program.sum(&summands, &pairs),
        }
    }

    fn atom(&mut self, atom: AtomId) -> Cell {
        match self.algebra.atom(atom).clone() {
            Atom::Cell { cell, .. } => cell,
            Atom::Sum(poly) => self.evaluate(&poly, &[]),
        }
    }

    /// The factors of a monomial, fifth powers taken together.
    fn factors(&mut self, monomial: &Monomial) -> Vec<Cell> {
        let mut factors = Vec::new();
        for equal in monomial.chunk_by(|a, b| a == b) {
            let cell = self.atom(equal[0]);
            for _ in 0..equal.len() / 5 {
                factors.push(self.program.fifth(cell));
            }
            factors.extend(std::iter::repeat_n(cell, equal.len() % 5));
        }
        factors
    }

    fn product(&mut self, monomial: &Monomial) -> Cell {
        let factors = self.factors(monomial);
        self.program.product(&factors)
    }

    /// A monomial as the product of two cells.
    fn pair(&mut self, monomial: &Monomial) -> (Cell, Cell) {
        let factors = self.factors(monomial);
        match &factors[..] {
            [] => (Cell::ZERO, Cell::ZERO),
            [only] => (self.program.constant(Fr::ONE), *only),
            [rest @ .., last] => (self.program.product(rest), *last),
        }
    }
}

/// Splits at gaps that are too long; exponents in each run count from its start.
fn split(rows: Rows) -> Vec<(usize, Rows)> {
    split_by(rows.into_iter().collect(), |(exponent, _)| *exponent)
        .into_iter()
        .map(|run| {
            let start = run[0].0;
            (start, run.into_iter().map(|(exponent, poly)| (exponent - start, poly)).collect())
        })
        .collect()
}

/// The run without its constants, and its constants.
fn split_constants(run: &Rows) -> (Rows, Rows) {
    let (mut varying, mut constant) = (Rows::new(), Rows::new());
    for (&exponent, poly) in run {
        for (monomial, &coefficient) in &poly.0 {
            let part = if monomial.is_empty() { &mut constant } else { &mut varying };
            part.entry(exponent).or_default().add_term(monomial.clone(), coefficient);
        }
    }
    (varying, constant)
}

fn split_by<T>(items: Vec<T>, exponent: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut runs: Vec<Vec<T>> = Vec::new();
    for item in items {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| exponent(&item) - exponent(last) <= LONGEST_GAP) => {
                run.push(item)
            }
            _ => runs.push(vec![item]),
        }
    }
    runs
}
