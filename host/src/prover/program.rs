//! Straight-line code over blocks of rows.
//!
//! A program is a list of products and linear combinations over registers of [`BLOCK`] rows each, so that the cost of
//! dispatch is spread over a block and the registers stay in the cache.

use std::borrow::Cow;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::fold::{Cell, Kind};

/// Rows that an instruction works on.
pub(super) const BLOCK: usize = 32;

/// Where an instruction finds an operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Cell(usize),
    Register(usize),
}

/// A coefficient by what it costs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Coefficient {
    One,
    MinusOne,
    Other(Fr),
}

/// What an instruction computes.
#[derive(Debug)]
pub(super) enum Operation {
    Product(Operand, Operand),
    Combination(Fr, Vec<(Operand, Coefficient)>),
}

/// An operation and the register for its result.
#[derive(Debug)]
pub(super) struct Instruction {
    pub register: usize,
    pub operation: Operation,
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
        let count = |instruction: &Instruction| match &instruction.operation {
            Operation::Product(..) => 1,
            Operation::Combination(_, terms) => {
                terms.iter().filter(|(_, coefficient)| matches!(coefficient, Coefficient::Other(_))).count()
            }
        };
        self.instructions.iter().map(count).sum()
    }

    /// Registers for one thread.
    pub fn new_registers(&self) -> Vec<[Fr; BLOCK]> {
        vec![[Fr::ZERO; BLOCK]; self.registers]
    }

    /// Writes the polynomial's values on the rows from `start` on: at most a block.
    pub fn run(&self, tables: Tables<'_>, start: usize, registers: &mut [[Fr; BLOCK]], values: &mut [Fr]) {
        let len = values.len();
        let cells: Vec<Cow<'_, [Fr]>> = self
            .cells
            .iter()
            .map(|cell| window(tables.column(cell.kind, cell.column), start, len, cell.rotation))
            .collect();
        for Instruction { register, operation } in &self.instructions {
            let mut block = [Fr::ZERO; BLOCK];
            match operation {
                Operation::Product(a, b) => {
                    let (a, b) = (operand(*a, &cells, registers), operand(*b, &cells, registers));
                    for ((value, a), b) in block.iter_mut().zip(a).zip(b) {
                        *value = a * b;
                    }
                }
                Operation::Combination(constant, terms) => {
                    block.fill(*constant);
                    for (term, coefficient) in terms {
                        let terms = block.iter_mut().zip(operand(*term, &cells, registers));
                        match coefficient {
                            Coefficient::One => terms.for_each(|(value, term)| *value += term),
                            Coefficient::MinusOne => terms.for_each(|(value, term)| *value -= term),
                            Coefficient::Other(factor) => terms.for_each(|(value, term)| *value += term * factor),
                        }
                    }
                }
            }
            registers[*register] = block;
        }
        values.copy_from_slice(&operand(self.result, &cells, registers)[..len]);
    }
}

fn operand<'a>(operand: Operand, cells: &'a [Cow<'_, [Fr]>], registers: &'a [[Fr; BLOCK]]) -> &'a [Fr] {
    match operand {
        Operand::Cell(cell) => &cells[cell],
        Operand::Register(register) => &registers[register],
    }
}

impl From<Fr> for Coefficient {
    fn from(factor: Fr) -> Self {
        if factor == Fr::ONE {
            Self::One
        } else if factor == -Fr::ONE {
            Self::MinusOne
        } else {
            Self::Other(factor)
        }
    }
}
