//! A program on eight rows at a time, see [`lanes`](penstock_arithmetic::lanes).
//!
//! The instructions are those of the [`Program`]. What is added here is how large each value can become: it decides
//! whether a summand is simply added, or multiplied by one to be reduced in passing, and where a long sum is cut. Both
//! are known before the first row is.

use super::fold::Cell;
use super::program::{Operand, Program, Tables, Term};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use penstock_arithmetic::lanes::{Ifma, LANES, LIMIT, LOADED, Lanes, Limbs, TERMS};

/// What the terms of one sum may come to, in multiples of the modulus.
const SUM: u64 = 32;
/// What a value may be below that is added as it is.
const ADDED: u64 = LOADED;
/// What every value is below: constant and reduction add one each.
const VALUE: u64 = SUM + 2;
// Values fit their limbs, and what a sum was cut at leaves room for the largest term.
const _: () = assert!(VALUE <= LIMIT && VALUE + VALUE * VALUE <= SUM * LIMIT && VALUE + ADDED * LIMIT <= SUM * LIMIT);

/// A program for eight rows at a time. Places are cells first, registers then.
#[derive(Debug)]
pub(super) struct VectorProgram {
    ifma: Ifma,
    cells: Vec<Cell>,
    places: usize,
    sums: Vec<Sum>,
    result: usize,
}

/// A sum and the place for it.
#[derive(Debug)]
struct Sum {
    place: usize,
    constant: Limbs,
    products: Vec<(usize, usize)>,
    scaled: Vec<(usize, Limbs)>,
    plus: Vec<usize>,
    minus: Vec<usize>,
}

impl VectorProgram {
    /// The same program, if the processor has the instructions.
    pub fn new(program: &Program) -> Option<Self> {
        let ifma = Ifma::try_new()?;
        let cells = program.cells.len();
        let place = |operand| match operand {
            Operand::Cell(cell) => cell,
            Operand::Register(register) => cells + register,
        };
        // The last place is for what a long sum has come to.
        let places = cells + program.registers + 1;
        let mut lowering = Lowering { bounds: vec![LOADED; places], sums: Vec::new() };
        for instruction in &program.instructions {
            let terms = instruction.terms.iter().map(|term| term.map(place));
            lowering.sum(cells + instruction.register, instruction.constant, terms);
        }
        let result = place(program.result);
        Some(Self { ifma, cells: program.cells.clone(), places, sums: lowering.sums, result })
    }

    /// Writes the polynomial's values on the rows from `start` on.
    pub fn run(&self, tables: Tables<'_>, start: usize, values: &mut [Fr]) {
        self.ifma.vectorize(Run { program: self, tables, start, values });
    }
}

/// A program with what it runs on.
struct Run<'a> {
    program: &'a VectorProgram,
    tables: Tables<'a>,
    start: usize,
    values: &'a mut [Fr],
}

impl pulp::NullaryFnOnce for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { program, tables, start, values } = self;
        let ifma = program.ifma;
        let mut places = vec![Lanes::zero(); program.places];
        for (block, values) in values.chunks_mut(LANES).enumerate() {
            for (cell, place) in program.cells.iter().zip(&mut places) {
                *place = ifma.load(&tables.window(cell, start + block * LANES, values.len()));
            }
            for sum in &program.sums {
                let mut total = ifma.sum(&sum.constant);
                for (a, b) in &sum.products {
                    ifma.add_product(&mut total, &places[*a], &places[*b]);
                }
                for (a, factor) in &sum.scaled {
                    ifma.add_scaled(&mut total, &places[*a], factor);
                }
                for a in &sum.plus {
                    ifma.add(&mut total, &places[*a]);
                }
                for a in &sum.minus {
                    ifma.subtract(&mut total, &places[*a]);
                }
                places[sum.place] = ifma.reduce(total);
            }
            ifma.store(&places[program.result], values);
        }
    }
}

/// Turns instructions into sums within the bounds.
struct Lowering {
    /// What the value in each place is below, in multiples of the modulus.
    bounds: Vec<u64>,
    sums: Vec<Sum>,
}

/// A sum that still takes terms.
struct Open {
    sum: Sum,
    constant: Fr,
    /// What has been added, in multiples of the modulus over [`LIMIT`].
    size: u64,
    /// Multiples of the modulus that keep it from becoming negative.
    lifted: u64,
}

impl Lowering {
    fn sum(&mut self, place: usize, constant: Fr, terms: impl Iterator<Item = Term<usize>>) {
        let mut open = Open::new(constant);
        for term in terms {
            // What is too large to be added is multiplied by one, which reduces it.
            let term = match term {
                Term::Plus(a) if self.bounds[a] > ADDED => Term::Scaled(a, Fr::ONE),
                Term::Minus(a) if self.bounds[a] > ADDED => Term::Scaled(a, -Fr::ONE),
                term => term,
            };
            let size = match term {
                Term::Plus(a) | Term::Minus(a) => self.bounds[a] * LIMIT,
                Term::Scaled(a, _) => self.bounds[a],
                Term::Product(a, b) => self.bounds[a] * self.bounds[b],
            };
            if open.size + size > SUM * LIMIT || open.terms() == TERMS {
                let rest = self.bounds.len() - 1;
                self.close(open, rest);
                open = Open::new(Fr::ZERO);
                open.sum.scaled.push((rest, Limbs::new(Fr::ONE)));
                open.size = self.bounds[rest];
            }
            match term {
                Term::Plus(a) => open.sum.plus.push(a),
                Term::Minus(a) => {
                    open.lifted += self.bounds[a];
                    open.sum.minus.push(a);
                }
                Term::Scaled(a, factor) => open.sum.scaled.push((a, Limbs::new(factor))),
                Term::Product(a, b) => open.sum.products.push((a, b)),
            }
            open.size += size;
        }
        self.close(open, place);
    }

    fn close(&mut self, open: Open, place: usize) {
        // One more for the constant, and one for the reduction.
        self.bounds[place] = open.size.div_ceil(LIMIT) + 2;
        let constant = Limbs::offset(open.constant, open.lifted);
        self.sums.push(Sum { place, constant, ..open.sum });
    }
}

impl Open {
    fn new(constant: Fr) -> Self {
        let sum = Sum {
            place: 0,
            constant: Limbs::new(Fr::ZERO),
            products: Vec::new(),
            scaled: Vec::new(),
            plus: Vec::new(),
            minus: Vec::new(),
        };
        Self { sum, constant, size: 0, lifted: 0 }
    }

    fn terms(&self) -> usize {
        self.sum.products.len() + self.sum.scaled.len() + self.sum.plus.len() + self.sum.minus.len()
    }
}
