//! The rendezvous: every arriving item waits in its slot, or pairs with what waits there.
//!
//! ```text
//! cycle      look-up          decision             + memory latency
//! new ──────> toggle banks ──> push ─> slot memory
//!             (both ports)     pop  ─> slot memory ──> pair of a new item
//! result ───> toggle banks ──> push ─> slot memory
//!                              pop  ─> slot memory ──> pair of a result
//!             same tag in one cycle ─────────────────> pair of a result; the slot stays as it is
//! take ─────> toggle banks ──> pop  ─> slot memory ──> read-out (or: the slot is empty)
//! ```
//!
//! Two units, each with its memory; an insertion and a take of one cycle always go to different units. After a reset
//! all slots are cleared, one a cycle, and results of before the reset are ignored meanwhile.

use rust_hdl::prelude::*;

use super::config::MsmConfig;
use super::delay::{Delay, FlagDelay, PointDelay, Register};
use super::slot_unit::SlotUnit;
use super::{ADDRESS_BITS, TAG_BITS};

/// Both units, and the operands on their way beside the memories.
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct Slots<const W: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Low while slots are being cleared after a reset.
    pub clean: Signal<Out, Bit>,
    /// An item to insert.
    pub new_valid: Signal<In, Bit>,
    pub new_tag: Signal<In, Bits<TAG_BITS>>,
    pub new_point: Signal<In, Bits<W>>,
    /// A slot to read out and empty.
    pub take_valid: Signal<In, Bit>,
    pub take_unit: Signal<In, Bit>,
    pub take_address: Signal<In, Bits<ADDRESS_BITS>>,
    /// A result of the adder.
    pub result_valid: Signal<In, Bit>,
    pub result_tag: Signal<In, Bits<TAG_BITS>>,
    pub result_point: Signal<In, Bits<W>>,
    /// A pair made by a new item.
    pub new_pair: Signal<Out, Bit>,
    pub new_pair_tag: Signal<Out, Bits<TAG_BITS>>,
    pub new_pair_left: Signal<Out, Bits<W>>,
    pub new_pair_right: Signal<Out, Bits<W>>,
    /// A pair made by a result.
    pub result_pair: Signal<Out, Bit>,
    pub result_pair_tag: Signal<Out, Bits<TAG_BITS>>,
    pub result_pair_left: Signal<Out, Bits<W>>,
    pub result_pair_right: Signal<Out, Bits<W>>,
    /// The answer to a take: the slot's sum, if it held one.
    pub answer: Signal<Out, Bit>,
    pub answer_full: Signal<Out, Bit>,
    pub answer_address: Signal<Out, Bits<ADDRESS_BITS>>,
    pub answer_point: Signal<Out, Bits<W>>,
    /// Items that came to rest in a slot, or were joined to another, in this cycle, with the bit of their context.
    pub new_rested: Signal<Out, Bit>,
    pub new_context: Signal<Out, Bit>,
    pub result_left: Signal<Out, Bit>,
    pub result_context: Signal<Out, Bit>,
    first: SlotUnit<W>,
    second: SlotUnit<W>,
    cleared: Register<Bits<ADDRESS_BITS>>,
    clearing: Register<Bit>,
    clear_end: Constant<Bits<ADDRESS_BITS>>,
    new_operand: PointDelay<W>,
    new_aside: PointDelay<W>,
    result_operand: PointDelay<W>,
    result_aside: PointDelay<W>,
    looked: Delay<Bit>,
    looked_second: Delay<Bit>,
    look_address: Delay<Bits<ADDRESS_BITS>>,
    new_at: Delay<Bits<TAG_BITS>>,
    result_at: Delay<Bits<TAG_BITS>>,
    new_popped: Delay<Bit>,
    result_popped: Delay<Bit>,
    joined: FlagDelay,
    answered: Delay<Bit>,
    answer_held: Delay<Bit>,
    answered_address: Delay<Bits<ADDRESS_BITS>>,
    new_second: FlagDelay,
    result_second: FlagDelay,
    new_paired_tag: Delay<Bits<TAG_BITS>>,
    result_paired_tag: Delay<Bits<TAG_BITS>>,
    open: Signal<Local, Bit>,
    together: Signal<Local, Bit>,
    new_push: Signal<Local, Bit>,
    new_pop: Signal<Local, Bit>,
    result_push: Signal<Local, Bit>,
    result_pop: Signal<Local, Bit>,
    answered_second: FlagDelay,
}

impl<const W: usize> Slots<W> {
    /// The slots of an engine.
    pub fn new(config: &MsmConfig) -> Self {
        let latency = config.memory_latency;
        let [first, second] = config.slots();
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            clean: Signal::default(),
            new_valid: Signal::default(),
            new_tag: Signal::default(),
            new_point: Signal::default(),
            take_valid: Signal::default(),
            take_unit: Signal::default(),
            take_address: Signal::default(),
            result_valid: Signal::default(),
            result_tag: Signal::default(),
            result_point: Signal::default(),
            new_pair: Signal::default(),
            new_pair_tag: Signal::default(),
            new_pair_left: Signal::default(),
            new_pair_right: Signal::default(),
            result_pair: Signal::default(),
            result_pair_tag: Signal::default(),
            result_pair_left: Signal::default(),
            result_pair_right: Signal::default(),
            answer: Signal::default(),
            answer_full: Signal::default(),
            answer_address: Signal::default(),
            answer_point: Signal::default(),
            new_rested: Signal::default(),
            new_context: Signal::default(),
            result_left: Signal::default(),
            result_context: Signal::default(),
            first: SlotUnit::new(first, latency),
            second: SlotUnit::new(second, latency),
            cleared: Register::default(),
            clearing: Register::default(),
            clear_end: Constant::new(config.clear_cycles().to_bits()),
            new_operand: PointDelay::new(1),
            new_aside: PointDelay::new(latency),
            result_operand: PointDelay::new(1),
            result_aside: PointDelay::new(latency),
            looked: Delay::new(1),
            looked_second: Delay::new(1),
            look_address: Delay::new(1),
            new_at: Delay::new(1),
            result_at: Delay::new(1),
            new_popped: Delay::new(latency),
            result_popped: Delay::new(latency),
            joined: FlagDelay::new(latency),
            answered: Delay::new(latency),
            answer_held: Delay::new(latency),
            answered_address: Delay::new(latency),
            new_second: FlagDelay::new(latency),
            result_second: FlagDelay::new(latency),
            new_paired_tag: Delay::new(latency),
            result_paired_tag: Delay::new(latency),
            open: Signal::default(),
            together: Signal::default(),
            new_push: Signal::default(),
            new_pop: Signal::default(),
            result_push: Signal::default(),
            result_pop: Signal::default(),
            answered_second: FlagDelay::new(latency),
        }
    }
}

impl<const W: usize> Logic for Slots<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.looked.clock.next = self.clock.val();
        self.looked_second.clock.next = self.clock.val();
        self.look_address.clock.next = self.clock.val();
        self.new_at.clock.next = self.clock.val();
        self.result_at.clock.next = self.clock.val();
        self.new_popped.clock.next = self.clock.val();
        self.result_popped.clock.next = self.clock.val();
        self.joined.clock.next = self.clock.val();
        self.joined.reset.next = self.reset.val();
        self.answered.clock.next = self.clock.val();
        self.answer_held.clock.next = self.clock.val();
        self.answered_address.clock.next = self.clock.val();
        self.answered_second.clock.next = self.clock.val();
        self.answered_second.reset.next = self.reset.val();
        self.new_second.clock.next = self.clock.val();
        self.new_second.reset.next = self.reset.val();
        self.result_second.clock.next = self.clock.val();
        self.result_second.reset.next = self.reset.val();
        self.new_paired_tag.clock.next = self.clock.val();
        self.result_paired_tag.clock.next = self.clock.val();
        self.first.clock.next = self.clock.val();
        self.first.reset.next = self.reset.val();
        self.second.clock.next = self.clock.val();
        self.second.reset.next = self.reset.val();
        self.new_operand.clock.next = self.clock.val();
        self.new_operand.reset.next = self.reset.val();
        self.new_aside.clock.next = self.clock.val();
        self.new_aside.reset.next = self.reset.val();
        self.result_operand.clock.next = self.clock.val();
        self.result_operand.reset.next = self.reset.val();
        self.result_aside.clock.next = self.clock.val();
        self.result_aside.reset.next = self.reset.val();

        dff_setup!(self, clock, cleared, clearing);
        if self.clearing.q.val() {
            self.cleared.d.next = self.cleared.q.val() + 1;
            if self.cleared.q.val() == self.clear_end.val() {
                self.clearing.d.next = false;
            }
        }
        if self.reset.val() {
            self.cleared.d.next = 0.into();
            self.clearing.d.next = true;
        }
        self.open.next = !(self.clearing.q.val() | self.reset.val());
        self.clean.next = self.open.val();
        self.first.clear.next = self.clearing.q.val();
        self.second.clear.next = self.clearing.q.val();
        self.first.clear_address.next = self.cleared.q.val();
        self.second.clear_address.next = self.cleared.q.val();

        // look-up
        self.first.insert.next = self.new_valid.val() & !self.new_tag.val().get_bit(0);
        self.second.insert.next = self.new_valid.val() & self.new_tag.val().get_bit(0);
        self.first.take.next = self.take_valid.val() & !self.take_unit.val();
        self.second.take.next = self.take_valid.val() & self.take_unit.val();
        self.first.new_address.next = self.new_tag.val().get_bits::<ADDRESS_BITS>(2);
        self.second.new_address.next = self.new_tag.val().get_bits::<ADDRESS_BITS>(2);
        if self.first.take.val() {
            self.first.new_address.next = self.take_address.val();
        }
        if self.second.take.val() {
            self.second.new_address.next = self.take_address.val();
        }
        self.first.result.next = self.result_valid.val() & !self.result_tag.val().get_bit(0);
        self.second.result.next = self.result_valid.val() & self.result_tag.val().get_bit(0);
        self.first.result_address.next = self.result_tag.val().get_bits::<ADDRESS_BITS>(2);
        self.second.result_address.next = self.result_tag.val().get_bits::<ADDRESS_BITS>(2);
        self.new_operand.valid.next = self.new_valid.val();
        self.new_operand.point.next = self.new_point.val();
        self.result_operand.valid.next = self.result_valid.val();
        self.result_operand.point.next = self.result_point.val();
        self.new_at.d.next = self.new_tag.val();
        self.result_at.d.next = self.result_tag.val();
        self.looked.d.next = self.take_valid.val() & self.open.val();
        self.looked_second.d.next = self.take_unit.val();
        self.look_address.d.next = self.take_address.val();

        // decision
        self.first.new_data.next = self.new_operand.delayed.val();
        self.second.new_data.next = self.new_operand.delayed.val();
        self.first.result_data.next = self.result_operand.delayed.val();
        self.second.result_data.next = self.result_operand.delayed.val();
        self.together.next = self.first.together.val() | self.second.together.val();
        self.new_push.next = self.first.new_push.val() | self.second.new_push.val();
        self.new_pop.next = self.first.new_pop.val() | self.second.new_pop.val();
        self.result_push.next = self.first.result_push.val() | self.second.result_push.val();
        self.result_pop.next = self.first.result_pop.val() | self.second.result_pop.val();
        self.new_rested.next = self.new_push.val() | self.together.val();
        self.new_context.next = self.new_at.q.val().get_bit(1);
        self.result_left.next = self.result_push.val();
        self.result_context.next = self.result_at.q.val().get_bit(1);

        // beside the memories
        self.new_aside.valid.next = self.new_pop.val() | self.together.val();
        self.new_aside.point.next = self.new_operand.delayed.val();
        self.result_aside.valid.next = self.result_pop.val() | self.together.val();
        self.result_aside.point.next = self.result_operand.delayed.val();
        self.new_popped.d.next = self.new_pop.val();
        self.result_popped.d.next = self.result_pop.val() | self.together.val();
        self.joined.valid.next = self.result_pop.val() | self.together.val();
        self.joined.flag.next = self.together.val();
        self.new_second.valid.next = self.new_pop.val();
        self.new_second.flag.next = self.new_at.q.val().get_bit(0);
        self.result_second.valid.next = self.result_pop.val();
        self.result_second.flag.next = self.result_at.q.val().get_bit(0);
        self.new_paired_tag.d.next = self.new_at.q.val();
        self.result_paired_tag.d.next = self.result_at.q.val();
        self.answered.d.next = self.looked.q.val();
        self.answer_held.d.next = self.first.taken.val() | self.second.taken.val();
        self.answered_second.valid.next = self.looked.q.val();
        self.answered_second.flag.next = self.looked_second.q.val();
        self.answered_address.d.next = self.look_address.q.val();

        // pairs and answers
        self.new_pair.next = self.new_popped.q.val();
        self.new_pair_tag.next = self.new_paired_tag.q.val();
        self.new_pair_left.next = self.new_aside.delayed.val();
        self.new_pair_right.next = self.first.new_value.val();
        if self.new_second.delayed.val() {
            self.new_pair_right.next = self.second.new_value.val();
        }
        self.result_pair.next = self.result_popped.q.val();
        self.result_pair_tag.next = self.result_paired_tag.q.val();
        self.result_pair_left.next = self.result_aside.delayed.val();
        self.result_pair_right.next = self.first.result_value.val();
        if self.result_second.delayed.val() {
            self.result_pair_right.next = self.second.result_value.val();
        }
        if self.joined.delayed.val() {
            self.result_pair_right.next = self.new_aside.delayed.val();
        }
        self.answer.next = self.answered.q.val();
        self.answer_full.next = self.answer_held.q.val();
        self.answer_address.next = self.answered_address.q.val();
        self.answer_point.next = self.first.new_value.val();
        if self.answered_second.delayed.val() {
            self.answer_point.next = self.second.new_value.val();
        }
    }
}
