//! When the five rings of the compact adder multiply what, and what gathers the factors of the last products.
//!
//! A ring starts a product every five cycles, so five of them, a cycle apart, are one multiplier that starts a product every
//! cycle. An addition needs twelve: one addition every twelve cycles, or *slots*, each of which belongs to one product of
//! *some* addition in flight. The first six products take slots 0 to 5 as soon as the operands' last limbs have come.
//!
//! The factors of the last six are sums of multiples of the first six. Each is gathered in a register of its own, from a bus
//! on which the products pass one by one, as they are or times eight, in the order of [`BUS`]: B - 9C is C, then 8C, taken
//! off a multiple of p, then B. A factor stands from its last term on until its register is cleared for the next addition.
//! [`LAST`] multiplies the factors while they stand, and in such an order that the products of a coordinate leave together.

use super::limbs::LIMBS;
use crate::field::RingMultiplier;

/// Rings: together they start a product each cycle.
pub(super) const RINGS: usize = RingMultiplier::INTERVAL;
/// Products of an addition.
pub(super) const PRODUCTS: usize = 12;
/// Bits of a product's place among the first or the last six: the round's parity, the product.
pub(super) const PLACE_BITS: usize = 4;
/// Cycles between two additions.
pub(super) const ROUND: usize = PRODUCTS;

/// A product of the first six.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    A,
    B,
    C,
    Xy,
    Yz,
    Xz,
}

/// The first six products, by slot. Coordinates are read one after the other, round and round, and a sum is of two neighbours.
pub(super) const FIRST: [First; 6] = [First::A, First::B, First::C, First::Yz, First::Xz, First::Xy];

/// A product on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub product: First,
    /// Times eight.
    pub eightfold: bool,
    /// For the registers that gather signed terms: it is subtracted.
    pub negative: bool,
}

const fn term(product: First, eightfold: bool, negative: bool) -> Term {
    Term { product, eightfold, negative }
}

/// What is on the bus in the cycles of a round, from [`BUS_START`] on.
pub(super) const BUS: [Term; ROUND] = [
    term(First::A, false, true),
    term(First::A, false, true),
    term(First::A, false, true),
    term(First::A, true, true),
    term(First::Xz, false, false),
    term(First::Xz, true, false),
    term(First::B, false, true),
    term(First::Xy, false, false),
    term(First::C, false, true),
    term(First::C, true, true),
    term(First::Yz, false, false),
    term(First::B, false, false),
];

/// A factor of the last products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    Xy,
    /// B + 9C.
    Sum,
    NinefoldXz,
    /// B - 9C.
    Difference,
    Yz,
    ThreefoldA,
}

impl Factor {
    /// All of them: three left factors, three right ones.
    pub(super) const ALL: [Self; 6] =
        [Self::Xy, Self::Sum, Self::NinefoldXz, Self::Difference, Self::Yz, Self::ThreefoldA];

    /// What it is the sum of, by number on the bus, in ascending order.
    pub(super) fn terms(self) -> &'static [usize] {
        match self {
            Self::Xy => &[2, 6, 7],
            Self::Sum => &[6, 8, 9],
            Self::NinefoldXz => &[2, 3, 4, 5, 8, 9],
            Self::Difference => &[8, 9, 11],
            Self::Yz => &[6, 8, 10],
            Self::ThreefoldA => &[0, 1, 2],
        }
    }

    /// Whether it takes terms with their signs.
    pub(super) fn signed(self) -> bool {
        !matches!(self, Self::Sum | Self::ThreefoldA)
    }

    /// The products that it subtracts, each as often as it does: what a multiple of p has to make up for.
    pub(super) fn subtracted(self) -> u32 {
        let negative = self.terms().iter().map(|place| BUS[*place]).filter(|term| self.signed() && term.negative);
        negative.map(|term| if term.eightfold { 8 } else { 1 }).sum()
    }

    /// The cycle of a round in which it is cleared: the last one before its first term's.
    pub(super) fn clear(self) -> usize {
        (BUS_START + self.terms()[0] + ROUND - 1) % ROUND
    }
}

/// The factors of the last products, from slot 6 on: of Z3, Y3, X3, X3, Y3, Z3.
pub(super) const LAST: [[Factor; 2]; 6] = [
    [Factor::Xy, Factor::ThreefoldA],
    [Factor::NinefoldXz, Factor::ThreefoldA],
    [Factor::NinefoldXz, Factor::Yz],
    [Factor::Xy, Factor::Difference],
    [Factor::Sum, Factor::Difference],
    [Factor::Sum, Factor::Yz],
];

/// The slots of the products whose sum is X3, Y3 or Z3; of X3 the first one's less the second one's.
pub(super) const SUMS: [[usize; 2]; 3] = [[9, 8], [10, 7], [11, 6]];

/// The slot whose product completes X3, which leaves at once; Y3 and Z3 follow.
pub(super) const COMPLETES: usize = SUMS[0][0];

/// Cycles from a pair's first limb to the start of the round that this schedule counts from: the third coordinates, whose
/// last limbs come in the twelfth cycle, are read in [`read`]`(2)`.
pub(super) const LOADING: usize = 10;

/// Cycles from the one in which the product that completes X3 stands to the one in which the sum's first limb leaves: into the
/// products' memory, summed into a register, and in between as long as makes the latency fit the pairs' rounds.
pub(super) const LEAVING: usize = 10;

/// The cycle of a round in which a slot's operands are read.
pub(super) fn read(slot: usize) -> usize {
    (slot + 1) % ROUND
}

/// From the cycle in which a slot's operands are read to that in which its product stands behind the rings: into the operand
/// register, through a ring, and into the register behind them.
pub(super) fn product_latency() -> usize {
    1 + RingMultiplier::LATENCY + 1
}

/// The cycle, after a round's start, in which a first product stands behind the rings and is written to where the bus
/// reads it.
pub(super) fn written(product: First) -> usize {
    let slot = FIRST.iter().position(|first| *first == product).unwrap_or(0);
    read(slot) + product_latency()
}

/// The cycle, after a round's start, in which the bus carries an addition's first term.
pub(super) const BUS_START: usize = 46;

/// The cycle, after a round's start, in which one of the last slots' factors are read.
fn last_read(slot: usize) -> usize {
    // The first factors to be complete stand when eight terms have passed.
    let stands = BUS_START + BUS.len() - 4;
    (stands..).find(|cycle| cycle % ROUND == read(FIRST.len())).unwrap_or(stands) + slot - FIRST.len()
}

/// The cycle, after a round's start, in which the product that completes X3 stands.
pub(super) fn finished() -> usize {
    last_read(COMPLETES) + product_latency()
}

/// The cycle, after a round's start, in which a limb of the sum is made of products from their memory.
fn summed(coordinate: usize, limb: usize) -> usize {
    finished() + LEAVING - 1 + coordinate * LIMBS + limb
}

/// Whether the next round's last products are being written when a coordinate of the sum is made.
pub(super) fn next_are_coming(coordinate: usize) -> bool {
    summed(coordinate, 0) >= last_read(FIRST.len()) + product_latency() + ROUND
}

/// Cycles from the operands' first limb to the sum's.
pub(super) fn latency() -> usize {
    LOADING + finished() + LEAVING
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{CombinationConfig, ELEMENT_BITS, Shape};
    use crate::point::LIMB_BITS;
    use crate::point::formula::{coordinate_sum, difference, mixed, ninefold, sum, threefold};

    const SHAPE: Shape = Shape::Compact;

    #[test]
    fn coordinates_are_read_when_their_last_limbs_have_come_and_before_the_second_next_ones_do() {
        let limbs = ELEMENT_BITS / LIMB_BITS;
        for slot in 0..3 {
            let written = (slot + 1) * limbs - 1;
            assert!(LOADING + read(slot) > written);
            // The sums read the coordinates once more.
            assert!(LOADING + read(slot + 3) < written + 2 * ROUND);
        }
    }

    #[test]
    fn sums_of_coordinates_are_there_when_the_slots_that_multiply_them_are_read() {
        let first_use = FIRST.iter().position(|product| matches!(product, First::Xy | First::Yz | First::Xz));
        // The first is of the second and the third coordinate.
        assert_eq!(FIRST[first_use.unwrap()], First::Yz);
        assert_eq!(read(first_use.unwrap()), read(0) + 2 + coordinate_sum(SHAPE).latency());
    }

    #[test]
    fn the_bus_reads_products_after_they_were_written_and_before_the_second_next_ones_are() {
        for (place, term) in BUS.iter().enumerate() {
            let (cycle, written) = (BUS_START + place, written(term.product));
            assert!(cycle > written && cycle <= written + 2 * ROUND, "{term:?}");
            // A memory of two rounds is told by the round's parity which of them it is.
            assert!(cycle / ROUND - written / ROUND <= 1, "{term:?}");
        }
    }

    #[test]
    fn factors_stand_when_they_are_multiplied() {
        for (place, factors) in LAST.iter().enumerate() {
            let read = last_read(FIRST.len() + place);
            for factor in factors {
                let terms = factor.terms();
                let from = BUS_START + terms[terms.len() - 1] + 1;
                // What clears them for the next addition takes effect a cycle later.
                let to = BUS_START + ROUND + terms[0] - 1;
                assert!((from..=to).contains(&read), "{factor:?} stands from {from} to {to} and is read at {read}");
                assert_eq!(factor.clear(), to % ROUND);
            }
        }
    }

    #[test]
    fn sums_read_products_after_they_were_written_and_before_the_second_next_ones_are() {
        let written = |slot| last_read(slot) + product_latency();
        for (coordinate, slots) in SUMS.into_iter().enumerate() {
            for limb in 0..LIMBS {
                let cycle = summed(coordinate, limb);
                for slot in slots {
                    assert!(cycle > written(slot) && cycle <= written(slot) + 2 * ROUND, "{coordinate} {limb}");
                }
                // A memory of two rounds is told by the round's parity which of them it is.
                let rounds = (cycle - written(FIRST.len())) / ROUND;
                assert_eq!(rounds, usize::from(next_are_coming(coordinate)), "{coordinate} {limb}");
            }
        }
    }

    #[test]
    fn factors_are_those_of_the_formulas() {
        use First::{A, B, C, Xy, Xz, Yz};
        // A combination's coefficients, of these products.
        let coefficients = |config: &CombinationConfig, products: &[First], times: i32| -> Vec<(First, i32)> {
            let terms = config.terms.iter().map(|term| term.coefficient * times);
            products.iter().copied().zip(terms).collect()
        };
        let ninefold = ninefold(SHAPE).terms[0].coefficient;
        for (factor, expected) in [
            (Factor::Xy, coefficients(&mixed(SHAPE), &[Xy, A, B], 1)),
            (Factor::Yz, coefficients(&mixed(SHAPE), &[Yz, B, C], 1)),
            (Factor::NinefoldXz, coefficients(&mixed(SHAPE), &[Xz, A, C], ninefold)),
            (Factor::Sum, coefficients(&sum(SHAPE), &[B, C], 1)),
            (Factor::Difference, coefficients(&difference(SHAPE), &[B, C], 1)),
            (Factor::ThreefoldA, coefficients(&threefold(SHAPE), &[A], 1)),
        ] {
            let coefficient = |product: First| -> i32 {
                let terms = factor.terms().iter().map(|place| BUS[*place]).filter(|term| term.product == product);
                let signed = |term: Term| if factor.signed() && term.negative { -1 } else { 1 };
                terms.map(|term| if term.eightfold { 8 * signed(term) } else { signed(term) }).sum()
            };
            for product in FIRST {
                let expected = expected.iter().find(|(of, _)| *of == product).map_or(0, |(_, times)| *times);
                assert_eq!(coefficient(product), expected, "{product:?} in {factor:?}");
            }
        }
    }
}
