//! The program in order: one instruction a turn, registers assigned, constants in a table.
//!
//! A lane visits its threads in a circle, one *turn* a visit, and issues one instruction of the thread. A product's factors
//! are read when it is issued; its addend is read at the end of the multiplier, just before the sum. So a result serves as an
//! addend one turn later, and as a factor [`Microprogram::distance`] turns later: with a distance of two the pipeline is
//! full with half as many threads as it has stages, which halves registers, latency and what a job's end leaves idle.
//!
//! List scheduling by the longest way to the end finds an order without an idle turn for distances 1 and 2: the
//! permutation's chain of factors is shorter than its work.

use std::collections::{BTreeSet, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::program::{Addend, Id, Left, Operation, Right, hash_pair};

/// Registers of a thread.
pub const REGISTERS: usize = 8;

/// Where an instruction's first factor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftSource {
    /// Input 0 or 1.
    Input(usize),
    /// A register.
    Register(usize),
}

/// Where the second factor or the addend comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Register(usize),
    /// An index into [`Microprogram::constants`].
    Constant(usize),
}

/// `to ← left · right / R + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// First factor.
    pub left: LeftSource,
    /// Second factor.
    pub right: Source,
    /// Summand.
    pub addend: Source,
    /// Register that takes the result.
    pub to: usize,
}

/// What every thread runs. The result of the last instruction is the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Microprogram {
    /// One a turn.
    pub instructions: Vec<Instruction>,
    /// Every number that a factor or an addend refers to.
    pub constants: Vec<Fr>,
    /// Turns from an instruction to the first that may have its result as a factor.
    pub distance: usize,
    /// The multiplier's Montgomery radix is 2 to this power.
    pub radix_bits: usize,
}

/// Why there is no microprogram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Turns would pass without an instruction.
    #[error("at a distance of {distance} turns, products wait for their factors; choose a smaller one")]
    Idle {
        /// The distance asked for.
        distance: usize,
    },
    /// Too many results are alive at once.
    #[error("a distance of {distance} turns takes more than {REGISTERS} registers; choose a smaller one")]
    Registers {
        /// The distance asked for.
        distance: usize,
    },
}

impl Microprogram {
    /// The hash of a pair, for results that are factors `distance` turns later.
    ///
    /// # Errors
    /// See [`ScheduleError`]: distances 1 and 2 work.
    pub fn new(radix_bits: usize, distance: usize) -> Result<Self, ScheduleError> {
        let operations = hash_pair(radix_bits);
        let order = order(&operations, distance).ok_or(ScheduleError::Idle { distance })?;
        let registers = assign_registers(&operations, &order).ok_or(ScheduleError::Registers { distance })?;
        let mut table = Table::default();
        let instructions =
            order.iter().map(|id| instruction(&operations[*id], registers[*id], &registers, &mut table)).collect();
        Ok(Self { instructions, constants: table.constants, distance, radix_bits })
    }
}

/// What an operation reads, with the turns after which it may.
fn reads(operation: &Operation, distance: usize) -> impl Iterator<Item = (Id, usize)> {
    let left = if let Left::Value(id) = operation.left { Some((id, distance)) } else { None };
    let right = if let Right::Value(id) = operation.right { Some((id, distance)) } else { None };
    let addend = if let Addend::Value(id) = operation.addend { Some((id, 1)) } else { None };
    [left, right, addend].into_iter().flatten()
}

/// The operation of each turn, if there is one for each.
fn order(operations: &[Operation], distance: usize) -> Option<Vec<Id>> {
    // Operations only read earlier ones, so one pass backwards finds the longest ways.
    let mut way = vec![0; operations.len()];
    for (id, operation) in operations.iter().enumerate().rev() {
        for (read, turns) in reads(operation, distance) {
            way[read] = way[read].max(way[id] + turns);
        }
    }
    let mut issued: Vec<Option<usize>> = vec![None; operations.len()];
    let mut order = Vec::with_capacity(operations.len());
    for now in 0..operations.len() {
        let ready = |id: Id| {
            reads(&operations[id], distance).all(|(read, turns)| issued[read].is_some_and(|then| then + turns <= now))
        };
        // The lane writes a pair's second element while the first turn reads.
        let written = |id: Id| now > 0 || !matches!(operations[id].left, Left::Input(1));
        let waiting = (0..operations.len()).rev().filter(|&id| issued[id].is_none() && ready(id) && written(id));
        let next = waiting.max_by_key(|&id| way[id])?;
        issued[next] = Some(now);
        order.push(next);
    }
    Some(order)
}

/// A register for each result. A result is written after everything that is issued in its own turn or before has been read,
/// so a register is free for the operation that reads it last.
fn assign_registers(operations: &[Operation], order: &[Id]) -> Option<Vec<usize>> {
    let mut last_read = vec![0; operations.len()];
    for (turn, &id) in order.iter().enumerate() {
        for (read, _) in reads(&operations[id], 0) {
            last_read[read] = turn;
        }
    }
    let mut free: BTreeSet<usize> = (0..REGISTERS).collect();
    let mut registers = vec![0; operations.len()];
    for (turn, &id) in order.iter().enumerate() {
        let done: BTreeSet<Id> =
            reads(&operations[id], 0).map(|(read, _)| read).filter(|read| last_read[*read] == turn).collect();
        free.extend(done.into_iter().map(|read| registers[read]));
        registers[id] = free.pop_first()?;
    }
    Some(registers)
}

/// Constants by value.
#[derive(Default)]
struct Table {
    constants: Vec<Fr>,
    places: HashMap<[u8; 32], usize>,
}

impl Table {
    fn place(&mut self, constant: Fr) -> usize {
        *self.places.entry(constant.to_repr()).or_insert_with(|| {
            self.constants.push(constant);
            self.constants.len() - 1
        })
    }
}

fn instruction(operation: &Operation, to: usize, registers: &[usize], table: &mut Table) -> Instruction {
    Instruction {
        left: match operation.left {
            Left::Input(input) => LeftSource::Input(input),
            Left::Value(id) => LeftSource::Register(registers[id]),
        },
        right: match operation.right {
            Right::Value(id) => Source::Register(registers[id]),
            Right::Constant(constant) => Source::Constant(table.place(constant)),
        },
        addend: match operation.addend {
            Addend::Value(id) => Source::Register(registers[id]),
            Addend::Constant(constant) => Source::Constant(table.place(constant)),
        },
        to,
    }
}

/// Runs the microprogram on one pair, a turn at a time, with results that become visible as late as in the lane: to factors
/// [`Microprogram::distance`] turns later, to addends and the second input one turn later.
pub fn interpret(program: &Microprogram, inputs: [Fr; 2]) -> Fr {
    let radix_inverse = Fr::from(2).pow([program.radix_bits as u64]).invert().unwrap_or(Fr::ZERO);
    let mut early = [Fr::ZERO; REGISTERS];
    let mut late = [Fr::ZERO; REGISTERS];
    let mut in_flight: Vec<(usize, usize, Fr)> = Vec::new();
    let mut result = Fr::ZERO;
    for (turn, instruction) in program.instructions.iter().enumerate() {
        for &(issued, to, value) in &in_flight {
            if issued + program.distance == turn {
                early[to] = value;
            }
            if issued + 1 == turn {
                late[to] = value;
            }
        }
        let left = match instruction.left {
            LeftSource::Input(1) if turn == 0 => Fr::ZERO,
            LeftSource::Input(input) => inputs[input],
            LeftSource::Register(register) => early[register],
        };
        let read = |source: Source, registers: &[Fr; REGISTERS]| match source {
            Source::Register(register) => registers[register],
            Source::Constant(index) => program.constants[index],
        };
        result = left * read(instruction.right, &early) * radix_inverse + read(instruction.addend, &late);
        in_flight.push((turn, instruction.to, result));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_one_and_two_leave_no_turn_idle() {
        for distance in [1, 2] {
            let program = Microprogram::new(270, distance).unwrap();
            assert_eq!(program.instructions.len(), 516, "distance {distance}");
            assert!(program.constants.len() <= 512, "{} constants", program.constants.len());
        }
    }

    #[test]
    fn a_distance_beyond_the_chain_of_factors_is_refused() {
        assert_eq!(Microprogram::new(270, 3), Err(ScheduleError::Idle { distance: 3 }));
    }
}
