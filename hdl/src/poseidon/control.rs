//! A microprogram as the words that a lane reads.

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use num_bigint::BigUint;
use rust_hdl::prelude::*;

use super::schedule::{Instruction, LeftSource, Microprogram, REGISTERS, Source};

/// Width of an instruction's number.
pub const PC_BITS: usize = 10;
/// Width of a register's number.
pub const REGISTER_BITS: usize = REGISTERS.ilog2() as usize;
/// Width of a constant's number.
pub const CONSTANT_BITS: usize = 9;
/// Width of a canonical element.
pub const CANONICAL_BITS: usize = 254;

/// The part of an instruction that serves at the end of the multiplier.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct Late {
    /// Number of the addend's register.
    pub addend: Bits<REGISTER_BITS>,
    /// Whether the addend is a constant instead.
    pub is_constant: Bit,
    /// Number of that constant.
    pub constant: Bits<CONSTANT_BITS>,
    /// Number of the register that takes the result.
    pub to: Bits<REGISTER_BITS>,
}

/// An instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct ControlWord {
    /// Number of the first factor's register.
    pub left: Bits<REGISTER_BITS>,
    /// Whether the first factor is an input instead.
    pub is_input: Bit,
    /// Whether it is the second input.
    pub is_second: Bit,
    /// Number of the second factor's register.
    pub right: Bits<REGISTER_BITS>,
    /// Whether the second factor is a constant instead.
    pub is_constant: Bit,
    /// Number of that constant.
    pub constant: Bits<CONSTANT_BITS>,
    /// The rest.
    pub late: Late,
}

impl From<&Instruction> for ControlWord {
    fn from(instruction: &Instruction) -> Self {
        let number = |n: usize| n as LiteralType;
        let (left, is_input, is_second) = match instruction.left {
            LeftSource::Register(register) => (register, false, false),
            LeftSource::Input(input) => (0, true, input == 1),
        };
        let source = |source| match source {
            Source::Register(register) => (register, false, 0),
            Source::Constant(index) => (0, true, index),
        };
        let (right, is_constant, constant) = source(instruction.right);
        let (addend, late_is_constant, late_constant) = source(instruction.addend);
        Self {
            left: number(left).into(),
            is_input,
            is_second,
            right: number(right).into(),
            is_constant,
            constant: number(constant).into(),
            late: Late {
                addend: number(addend).into(),
                is_constant: late_is_constant,
                constant: number(late_constant).into(),
                to: number(instruction.to).into(),
            },
        }
    }
}

/// The microprogram's instructions.
pub fn words(program: &Microprogram) -> Vec<ControlWord> {
    program.instructions.iter().map(ControlWord::from).collect()
}

/// The microprogram's constants.
pub fn constants(program: &Microprogram) -> Vec<Bits<CANONICAL_BITS>> {
    let bits = |constant: &Fr| BigUint::from_bytes_le(constant.to_repr().as_ref()).into();
    program.constants.iter().map(bits).collect()
}
