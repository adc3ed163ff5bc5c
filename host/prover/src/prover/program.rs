//! Straight-line code over blocks of rows.
//!
//! A program is a list of sums of products and multiples over registers of [`BLOCK`] rows each, so that the cost of
//! dispatch is spread over a block and the registers stay in the cache. It runs on every processor; where there is
//! AVX-512 IFMA, [`super::vector`] is much faster.

use std::borrow::Cow;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::fold::{Cell, Kind};

/// Rows that an instruction works on.
pub(super) const BLOCK: usize = 32;

/// Where an instruction finds an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Cell(usize),
    Register(usize),
}

/// A summand, its operands found by `O`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term<O> {
    Plus(O),
    Minus(O),
    Scaled(O, Fr),
    Product(O, O),
}

/// A sum and the register for it.
#[derive(Debug)]
pub(super) struct Instruction {
    pub register: usize,
    pub constant: Fr,
    pub terms: Vec<Term<Operand>>,
}

/// Straight-line code for one polynomial.
#[derive(Debug)]
pub(super) struct Program {
    /// The cells that it reads.
    pub cells: Vec<Cell>,
    pub instructions: Vec<Instruction>,
    /// The number of registers.
    pub registers: usize,
    pub result: Operand,
}

/// The columns over the coset that a program runs on.
#[derive(Clone, Copy)]
pub(super) struct Tables<'a> {
    pub fixed: &'a [Vec<Fr>],
    pub advice: &'a [Vec<Fr>],
    pub instance: &'a [Vec<Fr>],
}

impl<'a> Tables<'a> {
    /// One of the columns.
    pub fn column(&self, kind: Kind, column: usize) -> &'a [Fr] {
        match kind {
            Kind::Fixed => &self.fixed[column],
            Kind::Advice => &self.advice[column],
            Kind::Instance => &self.instance[column],
        }
    }

    /// What a cell is on the rows `start .. start + len`.
    pub fn window(&self, cell: &Cell, start: usize, len: usize) -> Cow<'a, [Fr]> {
        window(self.column(cell.kind, cell.column), start, len, cell.rotation)
    }
}

/// The rows `start .. start + len`, shifted by `rotation`, of a column that wraps around.
pub(super) fn window(column: &[Fr], start: usize, len: usize, rotation: i32) -> Cow<'_, [Fr]> {
    let n = column.len();
    let first = (start as i64 + i64::from(rotation)).rem_euclid(n as i64) as usize;
    match column.get(first..first + len) {
        Some(window) => Cow::Borrowed(window),
        None => Cow::Owned((0..len).map(|i| column[(first + i) % n]).collect()),
    }
}

impl Program {
    /// Multiplications that a row costs.
    pub fn multiplications(&self) -> usize {
        let terms = self.instructions.iter().flat_map(|instruction| &instruction.terms);
        terms.filter(|term| matches!(term, Term::Scaled(..) | Term::Product(..))).count()
    }

    /// Writes the polynomial's values on the rows from `start` on.
    pub fn run(&self, tables: Tables<'_>, start: usize, values: &mut [Fr]) {
        let mut registers = vec![[Fr::ZERO; BLOCK]; self.registers];
        for (block, values) in values.chunks_mut(BLOCK).enumerate() {
            self.run_block(tables, start + block * BLOCK, &mut registers, values);
        }
    }

    fn run_block(&self, tables: Tables<'_>, start: usize, registers: &mut [[Fr; BLOCK]], values: &mut [Fr]) {
        let len = values.len();
        let cells: Vec<Cow<'_, [Fr]>> = self.cells.iter().map(|cell| tables.window(cell, start, len)).collect();
        for Instruction { register, constant, terms } in &self.instructions {
            let mut block = [*constant; BLOCK];
            let place = |operand: &Operand| match *operand {
                Operand::Cell(cell) => &cells[cell][..],
                Operand::Register(register) => &registers[register][..],
            };
            for term in terms {
                let sums = block.iter_mut();
                match term {
                    Term::Plus(a) => sums.zip(place(a)).for_each(|(sum, a)| *sum += a),
                    Term::Minus(a) => sums.zip(place(a)).for_each(|(sum, a)| *sum -= a),
                    Term::Scaled(a, factor) => sums.zip(place(a)).for_each(|(sum, a)| *sum += a * factor),
                    Term::Product(a, b) => {
                        sums.zip(place(a)).zip(place(b)).for_each(|((sum, a), b)| *sum += a * b);
                    }
                }
            }
            registers[*register] = block;
        }
        match self.result {
            Operand::Cell(cell) => values.copy_from_slice(&cells[cell]),
            Operand::Register(register) => values.copy_from_slice(&registers[register][..len]),
        }
    }
}

impl<O: Copy> Term<O> {
    /// The term `factor · operand`.
    pub fn scaled(operand: O, factor: Fr) -> Self {
        if factor == Fr::ONE {
            Self::Plus(operand)
        } else if factor == -Fr::ONE {
            Self::Minus(operand)
        } else {
            Self::Scaled(operand, factor)
        }
    }

    /// What it is made of.
    pub fn operands(self) -> impl Iterator<Item = O> {
        let (first, second) = match self {
            Self::Plus(a) | Self::Minus(a) | Self::Scaled(a, _) => (a, None),
            Self::Product(a, b) => (a, Some(b)),
        };
        std::iter::once(first).chain(second)
    }

    /// The same term of other operands.
    pub fn map<P>(self, place: impl Fn(O) -> P) -> Term<P> {
        match self {
            Self::Plus(a) => Term::Plus(place(a)),
            Self::Minus(a) => Term::Minus(place(a)),
            Self::Scaled(a, factor) => Term::Scaled(place(a), factor),
            Self::Product(a, b) => Term::Product(place(a), place(b)),
        }
    }
}
