//! When the five rings of the compact adder multiply what.
//!
//! A ring starts a product every five cycles, so five of them, a cycle apart, are one multiplier that starts a product every
//! cycle. An addition needs twelve: one addition every twelve cycles, or *slots*, each of which belongs to one product of
//! *some* addition in flight. The first six products take slots 0 to 5 right after the operands have come.
//! The last six take slots 6 to 11 of whatever round their operands are there in: every value is held in a register for
//! one round, so each operand can be read in a window, and the assignment below finds slots that lie in the windows. If
//! there is none, the first products are delayed on their way into the registers, which shifts all windows.

use std::sync::OnceLock;

use super::formula::{difference, mixed, ninefold, product_difference, product_sum, sum, threefold};
use crate::field::{RingMultiplier, Shape};

const SHAPE: Shape = Shape::Compact;

/// Rings: together they start a product each cycle.
pub(super) const RINGS: usize = RingMultiplier::INTERVAL;
/// Products of an addition.
pub(super) const PRODUCTS: usize = 12;
/// Cycles between two additions.
pub(super) const ROUND: usize = PRODUCTS;

/// The first six products, by slot. Coordinates come one after the other and go round, and a sum is of two neighbours.
pub(super) const FIRST: [First; 6] = [First::A, First::B, First::C, First::Yz, First::Xz, First::Xy];

/// The cycle of a round in which sums leave. The engine takes two cycles to find what a sum is added to next; then the
/// adder is to take the pair at once.
const LEAVE: usize = ROUND - 2;

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

/// The operands of the last six products. Products are between neighbours of a circle of six, so that each operand is
/// needed on one side only: the left ones are xy, B + 9C, 9xz; the right ones B - 9C, yz, 3A.
pub(super) const LAST: [[usize; 2]; 6] = [[0, 0], [2, 1], [1, 0], [2, 2], [1, 1], [0, 2]];

/// Cycles in which a value can be read, counted from the operands' arrival; ends are included.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: usize,
    to: usize,
}

impl Window {
    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    fn later(self, cycles: usize) -> Self {
        Self { from: self.from + cycles, to: self.to + cycles }
    }

    fn earlier(self, cycles: usize) -> Self {
        Self { from: self.from.saturating_sub(cycles), to: self.to.saturating_sub(cycles) }
    }

    /// The first cycle in the window that is `phase` modulo a round.
    fn at_phase(self, phase: usize) -> Option<usize> {
        (self.from..=self.to).find(|cycle| cycle % ROUND == phase)
    }
}

/// The schedule of an addition, in cycles after the operands' arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Cycles by which the first products are delayed.
    pub delay: usize,
    /// When each of the first products, in the order of [`FIRST`], enters its register.
    pub first_captures: [usize; 6],
    /// The slot of each of the last products, in the order of [`LAST`].
    pub last_slots: [usize; 6],
    /// When they enter their registers.
    pub last_captures: [usize; 6],
    /// When the sum leaves.
    pub latency: usize,
}

/// The cycle of a round in which a slot's operands are read: the first coordinate comes at the end of the first one.
pub(super) fn read(slot: usize) -> usize {
    (slot + 1) % ROUND
}

/// From the cycle in which a slot's operands are read to that in which its product can enter a register: into the operand
/// register, through a ring, and into the register behind the rings.
pub(super) fn product_latency() -> usize {
    1 + RingMultiplier::LATENCY + 1
}

impl Schedule {
    /// The schedule with the least delay, and with that the one with the earliest sum.
    pub(super) fn best() -> &'static Self {
        static BEST: OnceLock<Schedule> = OnceLock::new();
        let search = || (0..ROUND).find_map(Self::with_delay);
        BEST.get_or_init(|| search().unwrap_or_else(|| unreachable!("windows are wider than the last slots")))
    }

    fn with_delay(delay: usize) -> Option<Self> {
        let first_captures: [usize; 6] = std::array::from_fn(|slot| slot + read(0) + product_latency() + delay);
        let held = |product: First| {
            let slot = FIRST.iter().position(|first| *first == product).unwrap_or(0);
            window(first_captures[slot])
        };
        let [a, b, c] = [First::A, First::B, First::C].map(held);
        let mixed_window = |product: First, others: Window| held(product).and(others).later(mixed(SHAPE).latency());
        let left = [
            mixed_window(First::Xy, a.and(b)),
            b.and(c).later(sum(SHAPE).latency()),
            mixed_window(First::Xz, a.and(c)).later(ninefold(SHAPE).latency()),
        ];
        let right = [
            b.and(c).later(difference(SHAPE).latency()),
            mixed_window(First::Yz, b.and(c)),
            a.later(threefold(SHAPE).latency()),
        ];
        let windows = LAST.map(|[l, r]| left[l].and(right[r]));
        let mut best: Option<Self> = None;
        permutations(&mut [6, 7, 8, 9, 10, 11], 0, &mut |slots| {
            let reads = std::array::from_fn::<_, 6, _>(|k| windows[k].at_phase(read(slots[k])));
            let Some(captures) =
                reads.into_iter().map(|read| Some(read? + product_latency())).collect::<Option<Vec<_>>>()
            else {
                return;
            };
            let pair = |k: usize, latency: usize| window(captures[k]).and(window(captures[k + 1])).later(latency);
            // X, Y, Z leave one after the other.
            let coordinates = pair(0, product_difference(SHAPE).latency())
                .and(pair(2, product_sum(SHAPE).latency()).earlier(1))
                .and(pair(4, product_sum(SHAPE).latency()).earlier(2));
            let Some(latency) = coordinates.at_phase(LEAVE) else { return };
            if best.as_ref().is_none_or(|best| latency < best.latency) {
                best = Some(Self {
                    delay,
                    first_captures,
                    last_slots: *slots,
                    last_captures: std::array::from_fn(|k| captures[k]),
                    latency,
                });
            }
        });
        best
    }
}

/// What is captured at the end of a cycle can be read for a round.
fn window(capture: usize) -> Window {
    Window { from: capture + 1, to: capture + ROUND }
}

fn permutations(slots: &mut [usize; 6], from: usize, visit: &mut impl FnMut(&[usize; 6])) {
    if from == slots.len() {
        return visit(slots);
    }
    for k in from..slots.len() {
        slots.swap(from, k);
        permutations(slots, from + 1, visit);
        slots.swap(from, k);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::point::formula::coordinate_sum;

    use super::{FIRST, First, ROUND, SHAPE, Schedule, product_latency, read};

    #[test]
    fn every_slot_has_one_product() {
        let schedule = Schedule::best();
        let mut slots = schedule.last_slots;
        slots.sort_unstable();
        assert_eq!(slots, [6, 7, 8, 9, 10, 11]);
        assert_eq!(ROUND, 12);
    }

    #[test]
    fn sums_of_coordinates_are_there_when_the_slots_that_multiply_them_are_read() {
        let first_use = FIRST.iter().position(|product| matches!(product, First::Xy | First::Yz | First::Xz));
        // The first is of the second and the third coordinate.
        assert_eq!(FIRST[first_use.unwrap()], First::Yz);
        assert_eq!(read(first_use.unwrap()), read(0) + 2 + coordinate_sum(SHAPE).latency());
    }

    #[test]
    fn captures_follow_their_reads() {
        let schedule = Schedule::best();
        for (slot, capture) in schedule.last_slots.iter().zip(schedule.last_captures) {
            assert_eq!((capture - product_latency()) % ROUND, read(*slot));
            assert!(capture - product_latency() > schedule.first_captures[0]);
        }
        assert!(schedule.delay < ROUND);
    }
}
