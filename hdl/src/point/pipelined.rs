//! The adder with twelve multipliers: an addition started in each cycle.
//!
//! Two ranks of six multipliers. What arrives early waits in delay lines, whose lengths follow from the blocks' latencies.

use rust_hdl::prelude::*;

use super::POINT_BITS;
use super::formula::{coordinate_sum, difference, mixed, ninefold, product_difference, product_sum, sum, threefold};
use crate::field::{
    Combination, CombinationConfig, Delay, DelayFlag, ELEMENT_BITS, Field, OPERAND_BITS, PipelinedMultiplier, Shape,
};

const SHAPE: Shape = Shape::Pipelined;

/// When things happen, in cycles after the operands' arrival.
struct Schedule {
    /// The operands of the products of sums.
    sums: usize,
    /// The first six products.
    products: usize,
    /// The operands of the last six.
    operands: usize,
    /// The last six products.
    terms: usize,
    /// The sum's coordinates.
    coordinates: usize,
}

impl Schedule {
    fn new() -> Self {
        let multiplier = PipelinedMultiplier::latency(Field::Base);
        let latest = |configs: &[CombinationConfig]| configs.iter().map(CombinationConfig::latency).max().unwrap_or(0);
        let sums = coordinate_sum(SHAPE).latency();
        let products = sums + multiplier;
        let scaled = mixed(SHAPE).latency() + ninefold(SHAPE).latency();
        let operands = products + scaled.max(latest(&[mixed(SHAPE), difference(SHAPE), sum(SHAPE), threefold(SHAPE)]));
        let terms = operands + multiplier;
        let coordinates = terms + latest(&[product_difference(SHAPE), product_sum(SHAPE)]);
        Self { sums, products, operands, terms, coordinates }
    }
}

/// Adds points, one pair a cycle; `TAG` bits travel along. See [`super`].
#[derive(LogicBlock)]
#[allow(missing_docs)]
pub struct PipelinedPointAdder<const TAG: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Of the `compact` adder's multipliers; ignored.
    pub ring_clock: Signal<In, Clock>,
    pub ring_strobe: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_left: Signal<In, Bits<POINT_BITS>>,
    pub in_right: Signal<In, Bits<POINT_BITS>>,
    pub in_tag: Signal<In, Bits<TAG>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_sum: Signal<Out, Bits<POINT_BITS>>,
    pub out_tag: Signal<Out, Bits<TAG>>,
    left_xy: Combination,
    left_yz: Combination,
    left_xz: Combination,
    right_xy: Combination,
    right_yz: Combination,
    right_xz: Combination,
    /// A, B, C, and the products of sums xy, yz, xz.
    products: [PipelinedMultiplier; 6],
    /// A, B, C when the products of sums are there.
    squares: [Delay<ELEMENT_BITS>; 3],
    xy: Combination,
    yz: Combination,
    xz: Combination,
    ninefold_xz: Combination,
    difference: Combination,
    sum: Combination,
    threefold: Combination,
    /// xy, yz, 9xz, B - 9C, B + 9C, 3A, together.
    operands: [Delay<OPERAND_BITS>; 6],
    terms: [PipelinedMultiplier; 6],
    x: Combination,
    y: Combination,
    z: Combination,
    /// X3, Y3, Z3, together.
    coordinates: [Delay<OPERAND_BITS>; 3],
    valid: DelayFlag,
    tag: Delay<TAG>,
}

impl<const TAG: usize> PipelinedPointAdder<TAG> {
    pub(super) fn latency() -> usize {
        Schedule::new().coordinates
    }

    /// An adder with nothing in flight.
    pub fn new() -> Self {
        let schedule = Schedule::new();
        let combination = |config: CombinationConfig| Combination::new(&config);
        let until_operands = |latency: usize| Delay::new(schedule.operands - schedule.products - latency);
        let until_coordinates = |latency: usize| Delay::new(schedule.coordinates - schedule.terms - latency);
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
            left_xy: combination(coordinate_sum(SHAPE)),
            left_yz: combination(coordinate_sum(SHAPE)),
            left_xz: combination(coordinate_sum(SHAPE)),
            right_xy: combination(coordinate_sum(SHAPE)),
            right_yz: combination(coordinate_sum(SHAPE)),
            right_xz: combination(coordinate_sum(SHAPE)),
            products: std::array::from_fn(|_| PipelinedMultiplier::new(Field::Base)),
            squares: std::array::from_fn(|_| Delay::new(schedule.sums)),
            xy: combination(mixed(SHAPE)),
            yz: combination(mixed(SHAPE)),
            xz: combination(mixed(SHAPE)),
            ninefold_xz: combination(ninefold(SHAPE)),
            difference: combination(difference(SHAPE)),
            sum: combination(sum(SHAPE)),
            threefold: combination(threefold(SHAPE)),
            operands: [
                until_operands(mixed(SHAPE).latency()),
                until_operands(mixed(SHAPE).latency()),
                until_operands(mixed(SHAPE).latency() + ninefold(SHAPE).latency()),
                until_operands(difference(SHAPE).latency()),
                until_operands(sum(SHAPE).latency()),
                until_operands(threefold(SHAPE).latency()),
            ],
            terms: std::array::from_fn(|_| PipelinedMultiplier::new(Field::Base)),
            x: combination(product_difference(SHAPE)),
            y: combination(product_sum(SHAPE)),
            z: combination(product_sum(SHAPE)),
            coordinates: [
                until_coordinates(product_difference(SHAPE).latency()),
                until_coordinates(product_sum(SHAPE).latency()),
                until_coordinates(product_sum(SHAPE).latency()),
            ],
            valid: DelayFlag::new(schedule.coordinates),
            tag: Delay::new(schedule.coordinates),
        }
    }
}

impl<const TAG: usize> Default for PipelinedPointAdder<TAG> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const TAG: usize> Logic for PipelinedPointAdder<TAG> {
    #[hdl_gen]
    fn update(&mut self) {
        self.in_ready.next = true;
        self.left_xy.clock.next = self.clock.val();
        self.left_yz.clock.next = self.clock.val();
        self.left_xz.clock.next = self.clock.val();
        self.right_xy.clock.next = self.clock.val();
        self.right_yz.clock.next = self.clock.val();
        self.right_xz.clock.next = self.clock.val();
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
        self.valid.clock.next = self.clock.val();
        self.tag.clock.next = self.clock.val();
        for k in 0..6 {
            self.products[k].clock.next = self.clock.val();
            self.operands[k].clock.next = self.clock.val();
            self.terms[k].clock.next = self.clock.val();
        }
        for k in 0..3 {
            self.squares[k].clock.next = self.clock.val();
            self.coordinates[k].clock.next = self.clock.val();
        }

        self.left_xy.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(0));
        self.left_xy.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(257));
        self.left_yz.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(257));
        self.left_yz.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(514));
        self.left_xz.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(0));
        self.left_xz.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(514));
        self.right_xy.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(0));
        self.right_xy.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(257));
        self.right_yz.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(257));
        self.right_yz.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(514));
        self.right_xz.operands[0].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(0));
        self.right_xz.operands[1].next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(514));

        self.products[0].left.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(0));
        self.products[0].right.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(0));
        self.products[1].left.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(257));
        self.products[1].right.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(257));
        self.products[2].left.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_left.val().get_bits::<ELEMENT_BITS>(514));
        self.products[2].right.next =
            bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.in_right.val().get_bits::<ELEMENT_BITS>(514));
        self.products[3].left.next = self.left_xy.result.val();
        self.products[3].right.next = self.right_xy.result.val();
        self.products[4].left.next = self.left_yz.result.val();
        self.products[4].right.next = self.right_yz.result.val();
        self.products[5].left.next = self.left_xz.result.val();
        self.products[5].right.next = self.right_xz.result.val();
        for k in 0..3 {
            self.squares[k].data.next = self.products[k].product.val();
        }

        self.xy.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.products[3].product.val());
        self.xy.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[0].delayed.val());
        self.xy.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[1].delayed.val());
        self.yz.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.products[4].product.val());
        self.yz.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[1].delayed.val());
        self.yz.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[2].delayed.val());
        self.xz.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.products[5].product.val());
        self.xz.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[0].delayed.val());
        self.xz.operands[2].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[2].delayed.val());
        self.ninefold_xz.operands[0].next = self.xz.result.val();
        self.difference.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[1].delayed.val());
        self.difference.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[2].delayed.val());
        self.sum.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[1].delayed.val());
        self.sum.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[2].delayed.val());
        self.threefold.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.squares[0].delayed.val());

        self.operands[0].data.next = self.xy.result.val();
        self.operands[1].data.next = self.yz.result.val();
        self.operands[2].data.next = self.ninefold_xz.result.val();
        self.operands[3].data.next = self.difference.result.val();
        self.operands[4].data.next = self.sum.result.val();
        self.operands[5].data.next = self.threefold.result.val();

        self.terms[0].left.next = self.operands[0].delayed.val();
        self.terms[0].right.next = self.operands[3].delayed.val();
        self.terms[1].left.next = self.operands[1].delayed.val();
        self.terms[1].right.next = self.operands[2].delayed.val();
        self.terms[2].left.next = self.operands[3].delayed.val();
        self.terms[2].right.next = self.operands[4].delayed.val();
        self.terms[3].left.next = self.operands[2].delayed.val();
        self.terms[3].right.next = self.operands[5].delayed.val();
        self.terms[4].left.next = self.operands[4].delayed.val();
        self.terms[4].right.next = self.operands[1].delayed.val();
        self.terms[5].left.next = self.operands[5].delayed.val();
        self.terms[5].right.next = self.operands[0].delayed.val();

        self.x.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[0].product.val());
        self.x.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[1].product.val());
        self.y.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[2].product.val());
        self.y.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[3].product.val());
        self.z.operands[0].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[4].product.val());
        self.z.operands[1].next = bit_cast::<OPERAND_BITS, ELEMENT_BITS>(self.terms[5].product.val());
        self.coordinates[0].data.next = self.x.result.val();
        self.coordinates[1].data.next = self.y.result.val();
        self.coordinates[2].data.next = self.z.result.val();
        self.out_sum.next =
            bit_cast::<POINT_BITS, ELEMENT_BITS>(self.coordinates[0].delayed.val().get_bits::<ELEMENT_BITS>(0))
                | (bit_cast::<POINT_BITS, ELEMENT_BITS>(self.coordinates[1].delayed.val().get_bits::<ELEMENT_BITS>(0))
                    << 257)
                | (bit_cast::<POINT_BITS, ELEMENT_BITS>(self.coordinates[2].delayed.val().get_bits::<ELEMENT_BITS>(0))
                    << 514);

        self.valid.reset.next = self.reset.val();
        self.valid.flag.next = self.in_valid.val();
        self.out_valid.next = self.valid.delayed.val();
        self.tag.data.next = self.in_tag.val();
        self.out_tag.next = self.tag.delayed.val();
    }
}
