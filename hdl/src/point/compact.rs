//! The adder with five digit-serial multipliers: an addition started every twelve cycles, several in flight.
//!
//! ```text
//! coordinates ─> sums of neighbours ─> selectors ─> 5 rings ─> one product a slot ─┐
//!                ┌─────────────────────────────────────────────────────────────────┘
//!                ├─> delay ─> 6 registers ─> xy, yz, 9xz, ... ─> selectors
//!                └─> 6 registers ─> X3, Y3, Z3
//! ```

use rust_hdl::prelude::*;

use super::formula::{coordinate_sum, difference, mixed, ninefold, product_difference, product_sum, sum, threefold};
use super::schedule::{PRODUCTS, RINGS, ROUND, Schedule};
use super::sequencer::{CHOICES, COORDINATES, OperandSelector, Selector, Sequencer};
use crate::field::{Combination, CombinationConfig, Delay, ELEMENT_BITS, Field, OPERAND_BITS, RingMultiplier, Shape};

const SHAPE: Shape = Shape::Compact;

/// Adds points word by word, a pair every twelve cycles; `TAG` bits travel along. See [`super`].
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct CompactPointAdder<const TAG: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub ring_clock: Signal<In, Clock>,
    pub ring_strobe: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_left: Signal<In, Bits<ELEMENT_BITS>>,
    pub in_right: Signal<In, Bits<ELEMENT_BITS>>,
    pub in_tag: Signal<In, Bits<TAG>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_sum: Signal<Out, Bits<ELEMENT_BITS>>,
    pub out_tag: Signal<Out, Bits<TAG>>,
    sequencer: Sequencer,
    /// The coordinates of this round's operands, which go round; the sum of neighbours.
    left: [DFF<Bits<ELEMENT_BITS>>; COORDINATES],
    right: [DFF<Bits<ELEMENT_BITS>>; COORDINATES],
    left_sum: Combination,
    right_sum: Combination,
    left_operand: OperandSelector,
    right_operand: OperandSelector,
    rings: [RingMultiplier; RINGS],
    product: Selector<ELEMENT_BITS>,
    waiting: Delay<ELEMENT_BITS>,
    /// A, B, C, the products of sums yz, xz, xy, and the last six products.
    held: [DFF<Bits<ELEMENT_BITS>>; PRODUCTS],
    xy: Combination,
    yz: Combination,
    xz: Combination,
    ninefold_xz: Combination,
    difference: Combination,
    sum: Combination,
    threefold: Combination,
    x: Combination,
    y: Combination,
    z: Combination,
    /// The additions in flight, the youngest first.
    valid: Vec<DFF<Bit>>,
    tag: Vec<DFF<Bits<TAG>>>,
    leaving_valid: Signal<Local, Bit>,
    _last: usize,
}

impl<const TAG: usize> CompactPointAdder<TAG> {
    pub(super) fn latency() -> usize {
        Schedule::best().latency
    }

    /// An adder with nothing in flight.
    pub fn new() -> Self {
        let schedule = Schedule::best();
        let rounds = schedule.latency.div_ceil(ROUND);
        let combination = |config: CombinationConfig| Combination::new(&config);
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
            sequencer: Sequencer::new(schedule),
            left: std::array::from_fn(|_| DFF::default()),
            right: std::array::from_fn(|_| DFF::default()),
            left_sum: combination(coordinate_sum(SHAPE)),
            right_sum: combination(coordinate_sum(SHAPE)),
            left_operand: Selector::new(CHOICES),
            right_operand: Selector::new(CHOICES),
            rings: std::array::from_fn(|ring| RingMultiplier::new(Field::Base, ring)),
            product: Selector::new(RINGS),
            waiting: Delay::new(schedule.delay),
            held: std::array::from_fn(|_| DFF::default()),
            xy: combination(mixed(SHAPE)),
            yz: combination(mixed(SHAPE)),
            xz: combination(mixed(SHAPE)),
            ninefold_xz: combination(ninefold(SHAPE)),
            difference: combination(difference(SHAPE)),
            sum: combination(sum(SHAPE)),
            threefold: combination(threefold(SHAPE)),
            x: combination(product_difference(SHAPE)),
            y: combination(product_sum(SHAPE)),
            z: combination(product_sum(SHAPE)),
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
        self.waiting.clock.next = self.clock.val();
        self.left_sum.clock.next = self.clock.val();
        self.right_sum.clock.next = self.clock.val();
        self.xy.clock.next = self.clock.val();
        self.yz.clock.next = self.clock.val();
        self.xz.clock.next = self.clock.val();
        self.ninefold_xz.clock.next = self.clock.val();
        self.difference.clock.next = self.clock.val();
        self.sum.clock.next = self.clock.val();
        self.threefold.clock.next = self.clock.val();
        self.x.clock.next = self.clock.val();
        self.y.clock.next = self.clock.val();
        self.z.clock.next = self.clock.val();

        self.in_ready.next = self.sequencer.start.val();
        for k in 0..3 {
            self.left[k].clock.next = self.clock.val();
            self.right[k].clock.next = self.clock.val();
        }
        self.left[0].d.next = self.left[2].q.val();
        self.right[0].d.next = self.right[2].q.val();
        if self.sequencer.fill.val() {
            self.left[0].d.next = self.in_left.val();
            self.right[0].d.next = self.in_right.val();
        }
        for k in 0..2 {
            self.left[k + 1].d.next = self.left[k].q.val();
            self.right[k + 1].d.next = self.right[k].q.val();
        }
        self.left_sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left[0].q.val());
        self.left_sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left[1].q.val());
        self.right_sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right[0].q.val());
        self.right_sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right[1].q.val());

        self.left_operand.select.next = self.sequencer.left_select.val();
        self.left_operand.choices[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.left[0].q.val());
        self.left_operand.choices[1].next = self.left_sum.result.val();
        self.left_operand.choices[2].next = self.xy.result.val();
        self.left_operand.choices[3].next = self.sum.result.val();
        self.left_operand.choices[4].next = self.ninefold_xz.result.val();
        self.right_operand.select.next = self.sequencer.right_select.val();
        self.right_operand.choices[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.right[0].q.val());
        self.right_operand.choices[1].next = self.right_sum.result.val();
        self.right_operand.choices[2].next = self.difference.result.val();
        self.right_operand.choices[3].next = self.yz.result.val();
        self.right_operand.choices[4].next = self.threefold.result.val();

        for k in 0..5 {
            self.rings[k].ring_clock.next = self.ring_clock.val();
            self.rings[k].ring_strobe.next = self.ring_strobe.val();
            self.rings[k].reset.next = self.reset.val();
            self.rings[k].left.next = self.left_operand.chosen.val();
            self.rings[k].right.next = self.right_operand.chosen.val();
            self.product.choices[k].next = self.rings[k].product.val();
        }
        self.product.select.next = self.sequencer.ring_select.val();
        self.waiting.data.next = self.product.chosen.val();
        for k in 0..6 {
            self.held[k].clock.next = self.clock.val();
            self.held[k].d.next = self.held[k].q.val();
            if self.sequencer.capture.val().get_bit(k) {
                self.held[k].d.next = self.waiting.delayed.val();
            }
        }
        for k in 6..12 {
            self.held[k].clock.next = self.clock.val();
            self.held[k].d.next = self.held[k].q.val();
            if self.sequencer.capture.val().get_bit(k) {
                self.held[k].d.next = self.product.chosen.val();
            }
        }

        self.xy.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[5].q.val());
        self.xy.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[0].q.val());
        self.xy.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[1].q.val());
        self.yz.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[3].q.val());
        self.yz.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[1].q.val());
        self.yz.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[2].q.val());
        self.xz.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[4].q.val());
        self.xz.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[0].q.val());
        self.xz.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[2].q.val());
        self.ninefold_xz.operands[0].next = self.xz.result.val();
        self.difference.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[1].q.val());
        self.difference.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[2].q.val());
        self.sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[1].q.val());
        self.sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[2].q.val());
        self.threefold.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[0].q.val());
        self.x.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[6].q.val());
        self.x.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[7].q.val());
        self.y.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[8].q.val());
        self.y.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[9].q.val());
        self.z.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[10].q.val());
        self.z.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.held[11].q.val());
        self.out_sum.next = self.x.result.val().get_bits::<ELEMENT_BITS>(0);
        if self.sequencer.second.val() {
            self.out_sum.next = self.y.result.val().get_bits::<ELEMENT_BITS>(0);
        }
        if self.sequencer.third.val() {
            self.out_sum.next = self.z.result.val().get_bits::<ELEMENT_BITS>(0);
        }

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
        self.out_valid.next = self.leaving_valid.val() & self.sequencer.finish.val();
    }
}
