//! The straight-line program that the contract runs on field elements in memory, and its encoding.
//!
//! Every instruction writes a cell of its own, so order only has to respect what feeds what. The contract dispatches
//! once for a run of instructions of one kind and then loops tightly; the scheduler therefore drains whatever kind has
//! most instructions ready, as often as it can.

use std::collections::HashMap;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::EvmError;
use super::memory::{Cell, WORD};

/// Most pairs in one sum.
const MAX_PAIRS: usize = 7;
/// Bytes of a run's kind and end.
const RUN_HEADER: usize = 3;
/// Lists of addresses come in groups of this many.
const GROUP: usize = 4;

/// What an instruction computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// `a b`.
    Mul(Cell, Cell),
    /// `summand + Σ a b`, one to seven pairs.
    Sum { summand: Cell, pairs: Vec<(Cell, Cell)> },
    /// `Σ base^i c_i`, the highest coefficient first.
    Horner { base: Cell, coefficients: Vec<Cell> },
    /// The product of all factors.
    Product { factors: Vec<Cell> },
    /// The fifth power.
    Fifth(Cell),
}

impl Op {
    /// The contract's number for this kind of instruction.
    fn kind(&self) -> u8 {
        match self {
            Self::Sum { pairs, .. } => pairs.len() as u8,
            Self::Horner { .. } => 8,
            Self::Product { .. } => 9,
            Self::Fifth(_) => 10,
            Self::Mul(..) => 11,
        }
    }

    fn operands(&self) -> Vec<Cell> {
        match self {
            Self::Mul(a, b) => vec![*a, *b],
            Self::Sum { summand, pairs } => pairs.iter().flat_map(|&(a, b)| [a, b]).chain([*summand]).collect(),
            Self::Horner { base, coefficients } => coefficients.iter().copied().chain([*base]).collect(),
            Self::Product { factors } => factors.clone(),
            Self::Fifth(x) => vec![*x],
        }
    }

    /// Instructions of this kind come in groups of this many.
    fn group(&self) -> usize {
        match self {
            Self::Mul(..) => 5,
            Self::Sum { pairs, .. } if pairs.len() == 1 => 4,
            Self::Sum { pairs, .. } if pairs.len() == 2 => 2,
            Self::Fifth(_) => 4,
            _ => 1,
        }
    }

    /// Bytes of the encoded instruction.
    fn len(&self) -> usize {
        match self {
            Self::Mul(..) => 6,
            Self::Sum { pairs, .. } => 4 + 4 * pairs.len(),
            Self::Horner { coefficients, .. } => 6 + 2 * coefficients.len().next_multiple_of(GROUP),
            Self::Product { factors } => 4 + 2 * factors.len().next_multiple_of(GROUP),
            Self::Fifth(_) => 4,
        }
    }
}

/// A program under construction, with the constants it uses.
#[derive(Debug)]
pub(super) struct Program {
    ops: Vec<Op>,
    known: HashMap<Op, usize>,
    constants: Vec<Fr>,
    constant_index: HashMap<Fr, usize>,
    powers: HashMap<(Cell, usize), Cell>,
    constants_at: Cell,
    results_at: Cell,
}

impl Program {
    /// An empty program whose constants and results will lie from the given cells on.
    pub(super) fn new(constants_at: Cell, results_at: Cell) -> Self {
        Self {
            ops: Vec::new(),
            known: HashMap::new(),
            constants: vec![Fr::ONE],
            constant_index: HashMap::from([(Fr::ONE, 0)]),
            powers: HashMap::new(),
            constants_at,
            results_at,
        }
    }

    /// The cell of the constant 1.
    fn one(&self) -> Cell {
        self.constants_at
    }

    /// The cell of a constant.
    pub(super) fn constant(&mut self, value: Fr) -> Cell {
        let index = *self.constant_index.entry(value).or_insert_with(|| {
            self.constants.push(value);
            self.constants.len() - 1
        });
        self.constants_at.word(index)
    }

    /// All constants, in order of their cells.
    pub(super) fn constants(&self) -> &[Fr] {
        &self.constants
    }

    fn emit(&mut self, op: Op) -> Cell {
        let index = *self.known.entry(op).or_insert_with_key(|op| {
            self.ops.push(op.clone());
            self.ops.len() - 1
        });
        self.results_at.word(index)
    }

    /// `Σ summands + Σ a b`.
    pub(super) fn sum(&mut self, summands: &[Cell], pairs: &[(Cell, Cell)]) -> Cell {
        let (mut summand, rest) = match summands {
            [] => (Cell::ZERO, &[][..]),
            [first, rest @ ..] => (*first, rest),
        };
        let ordered = pairs.iter().map(|&(a, b)| (a.min(b), a.max(b)));
        let mut pairs: Vec<_> = ordered.chain(rest.iter().map(|&cell| (self.one(), cell))).collect();
        pairs.sort_unstable();
        for chunk in pairs.chunks(MAX_PAIRS) {
            summand = self.emit(match (summand, chunk) {
                (Cell::ZERO, &[(a, b)]) => Op::Mul(a, b),
                _ => Op::Sum { summand, pairs: chunk.to_vec() },
            });
        }
        summand
    }

    /// `a b`.
    pub(super) fn mul(&mut self, a: Cell, b: Cell) -> Cell {
        self.sum(&[], &[(a, b)])
    }

    /// `-a`.
    pub(super) fn negate(&mut self, a: Cell) -> Cell {
        let minus_one = self.constant(-Fr::ONE);
        self.mul(minus_one, a)
    }

    /// `Σ base^i c_i`, the highest coefficient first.
    pub(super) fn horner(&mut self, base: Cell, coefficients: &[Cell]) -> Cell {
        let zeros = coefficients.iter().take_while(|&&cell| cell == Cell::ZERO).count();
        match &coefficients[zeros..] {
            [] => Cell::ZERO,
            [only] => *only,
            [linear, constant] => self.sum(&[*constant], &[(base, *linear)]),
            coefficients => self.emit(Op::Horner { base, coefficients: coefficients.to_vec() }),
        }
    }

    /// The product of at least one factor.
    pub(super) fn product(&mut self, factors: &[Cell]) -> Cell {
        match factors {
            [] => self.one(),
            [only] => *only,
            [a, b] => self.mul(*a, *b),
            [a, b, c] => {
                let ab = self.mul(*a, *b);
                self.mul(ab, *c)
            }
            factors => self.emit(Op::Product { factors: factors.to_vec() }),
        }
    }

    /// `a^5`.
    pub(super) fn fifth(&mut self, a: Cell) -> Cell {
        self.emit(Op::Fifth(a))
    }

    /// `base^exponent`, from powers that exist already as far as possible.
    pub(super) fn power(&mut self, base: Cell, exponent: usize) -> Cell {
        match exponent {
            0 => return self.one(),
            1 => return base,
            _ => {}
        }
        if let Some(&cell) = self.powers.get(&(base, exponent)) {
            return cell;
        }
        let reachable = |part: &usize| self.powers.contains_key(&(base, *part)) || *part == 1;
        let part = (1..exponent).rev().find(reachable).filter(|part| part * 2 >= exponent).unwrap_or(exponent / 2);
        let (a, b) = (self.power(base, part), self.power(base, exponent - part));
        let cell = self.mul(a, b);
        self.powers.insert((base, exponent), cell);
        cell
    }

    /// The order of execution: runs of one kind, with the indices of their instructions.
    fn schedule(&self) -> Vec<(u8, Vec<usize>)> {
        let index: HashMap<Cell, usize> = (0..self.ops.len()).map(|i| (self.results_at.word(i), i)).collect();
        let mut waiting = vec![0; self.ops.len()];
        let mut feeds = vec![Vec::new(); self.ops.len()];
        let mut ready: HashMap<u8, Vec<usize>> = HashMap::new();
        for (i, op) in self.ops.iter().enumerate() {
            for operand in op.operands().iter().filter_map(|cell| index.get(cell)) {
                waiting[i] += 1;
                feeds[*operand].push(i);
            }
            if waiting[i] == 0 {
                ready.entry(op.kind()).or_default().push(i);
            }
        }
        let mut runs = Vec::new();
        // Most ready instructions first; the kind decides ties, so that equal keys give equal bytes.
        while let Some((&kind, _)) = ready.iter().max_by_key(|(kind, list)| (list.len(), **kind)) {
            let mut queue = ready.remove(&kind).unwrap_or_default();
            let mut run = Vec::new();
            while let Some(i) = queue.pop() {
                run.push(i);
                for &fed in &feeds[i] {
                    waiting[fed] -= 1;
                    if waiting[fed] == 0 {
                        match self.ops[fed].kind() {
                            same if same == kind => queue.push(fed),
                            other => ready.entry(other).or_default().push(fed),
                        }
                    }
                }
            }
            runs.push((kind, run));
        }
        runs
    }

    /// Bytes of the encoded program.
    pub(super) fn len(&self) -> usize {
        self.schedule().iter().map(|(_, run)| RUN_HEADER + self.run_len(run)).sum::<usize>() + 1
    }

    /// Bytes of the instructions of a run, filled up to whole groups.
    fn run_len(&self, run: &[usize]) -> usize {
        let group = run.first().map_or(1, |&i| self.ops[i].group());
        let missing = run.len().next_multiple_of(group) - run.len();
        run.iter().map(|&i| self.ops[i].len()).sum::<usize>() + run.first().map_or(0, |&i| missing * self.ops[i].len())
    }

    /// Memory that the results take, in bytes.
    pub(super) fn results_len(&self) -> usize {
        self.ops.len() * WORD
    }

    /// The program's bytes, to lie at `at` in a key that ends at `key_end`.
    pub(super) fn encode(&self, at: usize, key_end: usize) -> Result<Vec<u8>, EvmError> {
        let mut bytes = Vec::new();
        let address = |cell: Cell| cell.address(key_end).map(u16::to_be_bytes);
        for (kind, run) in self.schedule() {
            let len = bytes.len() + RUN_HEADER + self.run_len(&run);
            bytes.push(kind);
            bytes.extend(address(Cell::At(at + len))?);
            for i in run {
                let op = &self.ops[i];
                let end = at + bytes.len() + op.len();
                bytes.extend(address(self.results_at.word(i))?);
                match op {
                    Op::Mul(a, b) => {
                        bytes.extend(address(*a)?);
                        bytes.extend(address(*b)?);
                    }
                    Op::Sum { summand, pairs } => {
                        bytes.extend(address(*summand)?);
                        for &(a, b) in pairs {
                            bytes.extend(address(a)?);
                            bytes.extend(address(b)?);
                        }
                    }
                    Op::Horner { base, coefficients } => {
                        bytes.extend(address(*base)?);
                        bytes.extend(address(Cell::At(end))?);
                        for cell in padded(Cell::ZERO, coefficients) {
                            bytes.extend(address(cell)?);
                        }
                    }
                    Op::Product { factors } => {
                        bytes.extend(address(Cell::At(end))?);
                        for cell in padded(self.one(), factors) {
                            bytes.extend(address(cell)?);
                        }
                    }
                    Op::Fifth(x) => bytes.extend(address(*x)?),
                }
            }
            // Zeros are instructions that write to scratch.
            bytes.resize(len, 0);
        }
        bytes.push(0);
        Ok(bytes)
    }
}

/// The list, filled up at the front to whole groups.
fn padded(filler: Cell, cells: &[Cell]) -> impl Iterator<Item = Cell> {
    let missing = cells.len().next_multiple_of(GROUP) - cells.len();
    std::iter::repeat_n(filler, missing).chain(cells.iter().copied())
}
