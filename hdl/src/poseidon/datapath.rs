//! What executes a lane's instructions: tables, registers, the multiplier and the sum behind it.
//!
//! Cycles after the issue, L being the multiplier's latency:
//! ```text
//! 0      the instruction's number reaches the control table; the first element of a pair that starts is written
//!        (and the other in the next cycle: the first instruction does not read it)
//! 1      factors: registers, inputs and constants are addressed
//! 2      the two factors are chosen
//! 3      they enter the multiplier
//! L + 1  addend: register and constant are addressed
//! L + 2  the addend is chosen
//! L + 3  product + addend
//! L + 4  less 2p if the sum is 2^255 or more
//! L + 5  the result is written, or leaves
//! ```
//! A product is below 2p and 2^255 is 2.65p, so results stay below 2^255 whatever is added up: no other reduction is
//! needed before the hash leaves the engine.

use rust_hdl::prelude::*;

use crate::field::{DelayFlag, ELEMENT_BITS, Field, OPERAND_BITS};

use super::config::{LaneConfig, OUTSIDE_MULTIPLIER, SLOT_BITS};
use super::control::{CANONICAL_BITS, CONSTANT_BITS, ControlWord, Late, PC_BITS, REGISTER_BITS, constants, words};
use super::leaf::{DelayLine, Memory, RegisterFile, Table};
use super::multiplier::Multiplier;
use super::schedule::Microprogram;

/// Width of a result.
pub const RESULT_BITS: usize = 255;

/// A thread, and which element of its pair.
const ELEMENT_ADDRESS_BITS: usize = SLOT_BITS + 1;
/// Cycles from the issue to the multiplier.
const TO_MULTIPLIER: usize = 3;
/// Cycles from the address of the addend to the result.
const BEHIND_ADDRESS: usize = 4;

/// Executes what a sequencer issues.
#[derive(LogicBlock)]
pub struct Datapath {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Stands in the cycle of its start and the next one.
    pub pair: Signal<In, Bits<512>>,
    pub start: Signal<In, Bit>,
    pub issue: Signal<In, Bit>,
    pub finish: Signal<In, Bit>,
    pub slot: Signal<In, Bits<SLOT_BITS>>,
    pub pc: Signal<In, Bits<PC_BITS>>,
    /// The result of the instruction that was issued with `finish`.
    pub hash: Signal<Out, Bits<RESULT_BITS>>,
    pub hash_valid: Signal<Out, Bit>,
    control: Table<ControlWord, PC_BITS>,
    factors: Table<Bits<CANONICAL_BITS>, CONSTANT_BITS>,
    addends: Table<Bits<CANONICAL_BITS>, CONSTANT_BITS>,
    /// Both elements of each thread's pair.
    pairs: Memory<Bits<256>, ELEMENT_ADDRESS_BITS>,
    started: DFF<Bit>,
    registers: RegisterFile<Bits<RESULT_BITS>, REGISTER_BITS, SLOT_BITS>,
    multiplier: Multiplier,
    late_words: DelayLine<Late>,
    late_slots: DelayLine<Bits<SLOT_BITS>>,
    write_registers: DelayLine<Bits<REGISTER_BITS>>,
    write_slots: DelayLine<Bits<SLOT_BITS>>,
    issued: DelayFlag,
    writes: DelayFlag,
    finishes: DelayFlag,
    visited: DFF<Bits<SLOT_BITS>>,
    choice: DFF<ControlWord>,
    left: DFF<Bits<OPERAND_BITS>>,
    right: DFF<Bits<OPERAND_BITS>>,
    late_choice: DFF<Late>,
    addend: DFF<Bits<RESULT_BITS>>,
    sum: DFF<Bits<ELEMENT_BITS>>,
    result: DFF<Bits<RESULT_BITS>>,
    excess: Signal<Local, Bits<ELEMENT_BITS>>,
    reduced: Signal<Local, Bits<ELEMENT_BITS>>,
    twice_modulus: Constant<Bits<ELEMENT_BITS>>,
}

impl Datapath {
    /// The datapath of such a lane, with its program.
    pub fn new(config: &LaneConfig, program: &Microprogram) -> Self {
        let latency = config.multiplier_latency();
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pair: Default::default(),
            start: Default::default(),
            issue: Default::default(),
            finish: Default::default(),
            slot: Default::default(),
            pc: Default::default(),
            hash: Default::default(),
            hash_valid: Default::default(),
            control: Table::new("control", words(program)),
            factors: Table::new("constants", constants(program)),
            addends: Table::new("constants", constants(program)),
            pairs: Memory::new(2 * config.threads(), config.shape),
            registers: RegisterFile::new(config.threads()),
            multiplier: Multiplier::new(config.shape),
            late_words: DelayLine::new(latency),
            late_slots: DelayLine::new(latency),
            write_registers: DelayLine::new(BEHIND_ADDRESS),
            write_slots: DelayLine::new(BEHIND_ADDRESS),
            writes: DelayFlag::new(latency + OUTSIDE_MULTIPLIER),
            finishes: DelayFlag::new(latency + OUTSIDE_MULTIPLIER),
            issued: DelayFlag::new(TO_MULTIPLIER),
            started: Default::default(),
            visited: Default::default(),
            choice: Default::default(),
            left: Default::default(),
            right: Default::default(),
            late_choice: Default::default(),
            addend: Default::default(),
            sum: Default::default(),
            result: Default::default(),
            excess: Default::default(),
            reduced: Default::default(),
            twice_modulus: Constant::new((Field::Scalar.modulus() * 2u32).into()),
        }
    }
}

impl Logic for Datapath {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, started, visited, choice, left, right, late_choice, addend, sum, result);
        clock!(self, clock, control, factors, addends, pairs, registers, multiplier);
        clock!(self, clock, late_words, late_slots, write_registers, write_slots, writes, finishes, issued);
        self.issued.reset.next = self.reset.val();
        self.writes.reset.next = self.reset.val();
        self.finishes.reset.next = self.reset.val();

        self.control.address.next = self.pc.val();
        self.visited.d.next = self.slot.val();
        self.started.d.next = self.start.val();
        self.pairs.write.next = self.start.val() | self.started.q.val();
        self.pairs.write_address.next = bit_cast::<ELEMENT_ADDRESS_BITS, SLOT_BITS>(self.slot.val()) << 1;
        self.pairs.write_data.next = self.pair.val().get_bits::<256>(0);
        if self.started.q.val() {
            self.pairs.write_address.next =
                (bit_cast::<ELEMENT_ADDRESS_BITS, SLOT_BITS>(self.visited.q.val()) << 1) | 1;
            self.pairs.write_data.next = self.pair.val().get_bits::<256>(256);
        }

        self.choice.d.next = self.control.data.val();
        self.factors.address.next = self.control.data.val().constant;
        self.pairs.read_address.next = bit_cast::<ELEMENT_ADDRESS_BITS, SLOT_BITS>(self.visited.q.val()) << 1;
        if self.control.data.val().is_second {
            self.pairs.read_address.next = (bit_cast::<ELEMENT_ADDRESS_BITS, SLOT_BITS>(self.visited.q.val()) << 1) | 1;
        }
        self.registers.left_register.next = self.control.data.val().left;
        self.registers.right_register.next = self.control.data.val().right;
        self.registers.factor_slot.next = self.visited.q.val();

        self.left.d.next = bit_cast::<OPERAND_BITS, RESULT_BITS>(self.registers.left.val());
        if self.choice.q.val().is_input {
            self.left.d.next = bit_cast::<OPERAND_BITS, 256>(self.pairs.read_data.val());
        }
        self.right.d.next = bit_cast::<OPERAND_BITS, RESULT_BITS>(self.registers.right.val());
        if self.choice.q.val().is_constant {
            self.right.d.next = bit_cast::<OPERAND_BITS, CANONICAL_BITS>(self.factors.data.val());
        }
        self.issued.flag.next = self.issue.val();
        self.multiplier.start.next = self.issued.delayed.val();
        self.multiplier.left.next = self.left.q.val();
        self.multiplier.right.next = self.right.q.val();

        self.late_words.word.next = self.control.data.val().late;
        self.late_slots.word.next = self.visited.q.val();
        self.late_choice.d.next = self.late_words.delayed.val();
        self.addends.address.next = self.late_words.delayed.val().constant;
        self.registers.addend_register.next = self.late_words.delayed.val().addend;
        self.registers.addend_slot.next = self.late_slots.delayed.val();
        self.addend.d.next = self.registers.addend.val();
        if self.late_choice.q.val().is_constant {
            self.addend.d.next = bit_cast::<RESULT_BITS, CANONICAL_BITS>(self.addends.data.val());
        }

        self.sum.d.next = self.multiplier.product.val() + bit_cast::<ELEMENT_BITS, RESULT_BITS>(self.addend.q.val());
        self.excess.next = 0.into();
        if self.sum.q.val().get_bits::<2>(255).any() {
            self.excess.next = self.twice_modulus.val();
        }
        self.reduced.next = self.sum.q.val() - self.excess.val();
        self.result.d.next = bit_cast::<RESULT_BITS, ELEMENT_BITS>(self.reduced.val());

        self.writes.flag.next = self.issue.val();
        self.write_registers.word.next = self.late_words.delayed.val().to;
        self.write_slots.word.next = self.late_slots.delayed.val();
        self.registers.write.next = self.writes.delayed.val();
        self.registers.write_register.next = self.write_registers.delayed.val();
        self.registers.write_slot.next = self.write_slots.delayed.val();
        self.registers.write_data.next = self.result.q.val();

        self.finishes.flag.next = self.finish.val();
        self.hash.next = self.result.q.val();
        self.hash_valid.next = self.finishes.delayed.val();
    }
}
