//! The adder with five digit-serial multipliers: an addition started every twelve cycles, several in flight.
//!
//! ```text
//! limbs ─> coordinates ─> sums of neighbours ─> selectors ─> 5 rings ─> one product a slot ─┐
//!                                                   ↑                                       │
//!                           xy, yz, 9xz, ... <─ gather <── bus of the first six products <──┤
//!                                                                                           │
//!                                      limbs of X3, Y3, Z3 <── sums of two of the last six <┘
//! ```

use rust_hdl::prelude::*;

use super::LIMB_BITS;
use super::formula::coordinate_sum;
use super::gather::{Gatherer, TermBus};
use super::limbs::{Coordinates, SumLimbs};
use super::schedule::{Factor, RINGS, ROUND, latency};
use super::sequencer::{CHOICES, OperandSelector, Selector, Sequencer};
use crate::field::{Combination, ELEMENT_BITS, Field, OPERAND_BITS, RingMultiplier, Shape};

const SHAPE: Shape = Shape::Compact;

/// Adds points limb by limb, a pair every twelve cycles; `TAG` bits travel along. See [`super`].
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct CompactPointAdder<const TAG: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub ring_clock: Signal<In, Clock>,
    pub ring_strobe: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_left: Signal<In, Bits<LIMB_BITS>>,
    pub in_right: Signal<In, Bits<LIMB_BITS>>,
    pub in_tag: Signal<In, Bits<TAG>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_sum: Signal<Out, Bits<LIMB_BITS>>,
    pub out_tag: Signal<Out, Bits<TAG>>,
    sequencer: Sequencer,
    /// The operands; the coordinate that was read before, and its sum with the one being read.
    left: Coordinates,
    right: Coordinates,
    left_before: DFF<Bits<ELEMENT_BITS>>,
    right_before: DFF<Bits<ELEMENT_BITS>>,
    left_sum: Combination,
    right_sum: Combination,
    left_operand: OperandSelector,
    right_operand: OperandSelector,
    rings: [RingMultiplier; RINGS],
    product: Selector<ELEMENT_BITS>,
    bus: TermBus,
    /// The factors of the last products, in the order of [`Factor::ALL`].
    factors: [Gatherer; 6],
    sums: SumLimbs,
    /// The additions in flight, the youngest first.
    valid: Vec<DFF<Bit>>,
    tag: Vec<DFF<Bits<TAG>>>,
    leaving_valid: Signal<Local, Bit>,
    _last: usize,
}

impl<const TAG: usize> CompactPointAdder<TAG> {
    pub(super) fn latency() -> usize {
        latency()
    }

    /// An adder with nothing in flight.
    pub fn new() -> Self {
        let rounds = latency().div_ceil(ROUND);
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            ring_clock: Signal::default(),
            ring_strobe: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_left: Signal::default(),
            in_right: Signal::default(),
            in_tag: Signal::default(),
            out_valid: Signal::default(),
            out_sum: Signal::default(),
            out_tag: Signal::default(),
            sequencer: Sequencer::new(),
            left: Coordinates::new(),
            right: Coordinates::new(),
            left_before: DFF::default(),
            right_before: DFF::default(),
            left_sum: Combination::new(&coordinate_sum(SHAPE)),
            right_sum: Combination::new(&coordinate_sum(SHAPE)),
            left_operand: Selector::new(CHOICES),
            right_operand: Selector::new(CHOICES),
            rings: std::array::from_fn(|ring| RingMultiplier::new(Field::Base, ring)),
            product: Selector::new(RINGS),
            bus: TermBus::new(),
            factors: Factor::ALL.map(Gatherer::new),
            sums: SumLimbs::new(),
            valid: (0..rounds).map(|_| DFF::default()).collect(),
            tag: (0..rounds).map(|_| DFF::default()).collect(),
            leaving_valid: Signal::default(),
            _last: rounds - 1,
        }
    }
}

impl<const TAG: usize> Default for CompactPointAdder<TAG> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const TAG: usize> Logic for CompactPointAdder<TAG> {
    #[hdl_gen]
    fn update(&mut self) {
        self.sequencer.clock.next = self.clock.val();
        self.sequencer.reset.next = self.reset.val();
        self.left_operand.clock.next = self.clock.val();
        self.right_operand.clock.next = self.clock.val();
        self.product.clock.next = self.clock.val();
        self.bus.clock.next = self.clock.val();
        self.bus.reset.next = self.reset.val();
        self.left_sum.clock.next = self.clock.val();
        self.right_sum.clock.next = self.clock.val();

        self.in_ready.next = self.sequencer.start.val();
        clock!(self, clock, left, right, left_before, right_before, sums);
        self.sums.reset.next = self.reset.val();
        self.left.reset.next = self.reset.val();
        self.left.limb.next = self.in_left.val();
        self.left.place.next = self.sequencer.place.val();
        self.left.round.next = self.sequencer.round.val();
        self.left.read_coordinate.next = self.sequencer.read_coordinate.val();
        self.left.read_round.next = self.sequencer.read_round.val();
        self.right.reset.next = self.reset.val();
        self.right.limb.next = self.in_right.val();
        self.right.place.next = self.sequencer.place.val();
        self.right.round.next = self.sequencer.round.val();
        self.right.read_coordinate.next = self.sequencer.read_coordinate.val();
        self.right.read_round.next = self.sequencer.read_round.val();
        self.left_before.d.next = self.left.coordinate.val();
        self.right_before.d.next = self.right.coordinate.val();
        self.left_sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left.coordinate.val());
        self.left_sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left_before.q.val());
        self.right_sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right.coordinate.val());
        self.right_sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right_before.q.val());

        self.left_operand.select.next = self.sequencer.left_select.val();
        self.left_operand.choices[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left.coordinate.val());
        self.left_operand.choices[1].next = self.left_sum.result.val();
        for k in 0..3 {
            self.left_operand.choices[k + 2].next = self.factors[k].factor.val();
        }
        self.right_operand.select.next = self.sequencer.right_select.val();
        self.right_operand.choices[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right.coordinate.val());
        self.right_operand.choices[1].next = self.right_sum.result.val();
        for k in 0..3 {
            self.right_operand.choices[k + 2].next = self.factors[k + 3].factor.val();
        }

        for k in 0..5 {
            self.rings[k].ring_clock.next = self.ring_clock.val();
            self.rings[k].ring_strobe.next = self.ring_strobe.val();
            self.rings[k].reset.next = self.reset.val();
            self.rings[k].left.next = self.left_operand.chosen.val();
            self.rings[k].right.next = self.right_operand.chosen.val();
            self.product.choices[k].next = self.rings[k].product.val();
        }
        self.product.select.next = self.sequencer.ring_select.val();

        self.bus.product.next = self.product.chosen.val();
        self.bus.write.next = self.sequencer.write.val();
        self.bus.write_place.next = self.sequencer.write_place.val();
        self.bus.read_place.next = self.sequencer.read_place.val();
        self.bus.eightfold.next = self.sequencer.eightfold.val();
        self.bus.negative.next = self.sequencer.negative.val();
        for k in 0..6 {
            self.factors[k].clock.next = self.clock.val();
            self.factors[k].reset.next = self.reset.val();
            self.factors[k].clear.next = self.sequencer.clear.val().get_bit(k);
            self.factors[k].gather.next = self.sequencer.gather.val().get_bit(k);
            self.factors[k].term.next = self.bus.term.val();
            self.factors[k].signed_term.next = self.bus.signed_term.val();
            self.factors[k].carry.next = self.sequencer.negative.val();
        }
        self.sums.product.next = self.product.chosen.val();
        self.sums.write.next = self.sequencer.sum_write.val();
        self.sums.write_place.next = self.sequencer.sum_write_place.val();
        self.sums.left_place.next = self.sequencer.sum_left_place.val();
        self.sums.right_place.next = self.sequencer.sum_right_place.val();
        self.sums.read_limb.next = self.sequencer.sum_limb.val();
        self.sums.difference.next = self.sequencer.sum_difference.val();
        self.out_sum.next = self.sums.limb.val();

        self.valid[0].clock.next = self.clock.val();
        self.valid[0].d.next = self.valid[0].q.val();
        self.tag[0].clock.next = self.clock.val();
        self.tag[0].d.next = self.tag[0].q.val();
        if self.sequencer.start.val() {
            self.valid[0].d.next = self.in_valid.val();
            self.tag[0].d.next = self.in_tag.val();
        }
        self.leaving_valid.next = self.valid[0].q.val();
        self.out_tag.next = self.tag[0].q.val();
        for k in 0..self._last {
            self.valid[k + 1].clock.next = self.clock.val();
            self.valid[k + 1].d.next = self.valid[k + 1].q.val();
            self.tag[k + 1].clock.next = self.clock.val();
            self.tag[k + 1].d.next = self.tag[k + 1].q.val();
            if self.sequencer.start.val() {
                self.valid[k + 1].d.next = self.valid[k].q.val();
                self.tag[k + 1].d.next = self.tag[k].q.val();
            }
            self.leaving_valid.next = self.valid[k + 1].q.val();
            self.out_tag.next = self.tag[k + 1].q.val();
        }
        if self.reset.val() {
            self.valid[0].d.next = false;
            for k in 0..self._last {
                self.valid[k + 1].d.next = false;
            }
        }
        self.out_valid.next = self.leaving_valid.val() & self.sequencer.leave.val();
    }
}
