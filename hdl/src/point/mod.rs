//! Complete addition of points of BN254's G1.
//!
//! Points are projective (X : Y : Z), in Montgomery form; on every bus each coordinate is some representative below 4p.
//! The formulas are algorithm 7 of Renes, Costello and Batina, *Complete addition formulas for prime order elliptic
//! curves* (EUROCRYPT 2016), for a = 0 and 3b = 9: 12 multiplications, and no pair of points that needs another path.
//!
//! An addition takes a fixed number of cycles, [`PointAdderConfig::latency`]; the result cannot be held back.

use rust_hdl::prelude::*;

mod compact;
mod formula;
mod pipelined;
mod schedule;
mod sequencer;

use compact::CompactPointAdder;
pub use formula::COORDINATE_BOUND;
use pipelined::PipelinedPointAdder;

use crate::field::{ELEMENT_BITS, Shape};

/// Width of a point on a bus: X, Y and Z, X in the low bits.
pub const POINT_BITS: usize = 3 * ELEMENT_BITS;

/// What an adder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointAdderConfig {
    /// `Pipelined`: twelve multipliers; `Compact`: five shared ones.
    pub shape: Shape,
}

impl PointAdderConfig {
    /// Cycles from the edge that takes an operand pair to the edge at which a consumer sees `out_valid`.
    pub fn latency(&self) -> usize {
        match self.shape {
            Shape::Pipelined => PipelinedPointAdder::<1>::latency(),
            Shape::Compact => CompactPointAdder::<1>::latency(),
        }
    }

    /// Cycles between two starts.
    pub fn interval(&self) -> usize {
        match self.shape {
            Shape::Pipelined => 1,
            Shape::Compact => schedule::ROUND,
        }
    }
}

/// Adds two points; `TAG` bits travel along.
#[derive(LogicBlock, Default)]
pub struct PointAdder<const TAG: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Of the `compact` shape's multipliers, see [`RingMultiplier`](crate::field::RingMultiplier); `pipelined` ignores it.
    pub ring_clock: Signal<In, Clock>,
    /// High in one of the ring clock's cycles.
    pub ring_strobe: Signal<In, Bit>,
    /// Forgets what is in flight.
    pub reset: Signal<In, Bit>,
    /// Taken at the rising edge with `in_ready`.
    pub in_valid: Signal<In, Bit>,
    /// High in one of `interval` cycles, whatever `in_valid` is.
    pub in_ready: Signal<Out, Bit>,
    /// The first operand.
    pub in_left: Signal<In, Bits<POINT_BITS>>,
    /// The second operand.
    pub in_right: Signal<In, Bits<POINT_BITS>>,
    /// What travels along.
    pub in_tag: Signal<In, Bits<TAG>>,
    /// High for one cycle; there is no way to hold a result back.
    pub out_valid: Signal<Out, Bit>,
    /// The sum.
    pub out_sum: Signal<Out, Bits<POINT_BITS>>,
    /// The tag that came with the operands.
    pub out_tag: Signal<Out, Bits<TAG>>,
    /// One adder, in one of the lists.
    pipelined: Vec<PipelinedPointAdder<TAG>>,
    compact: Vec<CompactPointAdder<TAG>>,
    _pipelined: usize,
    _compact: usize,
}

impl<const TAG: usize> PointAdder<TAG> {
    /// An adder of the given shape.
    pub fn new(config: &PointAdderConfig) -> Self {
        let (pipelined, compact) = match config.shape {
            Shape::Pipelined => (vec![PipelinedPointAdder::new()], vec![]),
            Shape::Compact => (vec![], vec![CompactPointAdder::new()]),
        };
        Self { _pipelined: pipelined.len(), _compact: compact.len(), pipelined, compact, ..Self::default() }
    }
}

impl<const TAG: usize> Logic for PointAdder<TAG> {
    #[hdl_gen]
    fn update(&mut self) {
        for k in 0..self._pipelined {
            self.pipelined[k].clock.next = self.clock.val();
            self.pipelined[k].reset.next = self.reset.val();
            self.pipelined[k].in_valid.next = self.in_valid.val();
            self.pipelined[k].in_left.next = self.in_left.val();
            self.pipelined[k].in_right.next = self.in_right.val();
            self.pipelined[k].in_tag.next = self.in_tag.val();
            self.in_ready.next = true;
            self.out_valid.next = self.pipelined[k].out_valid.val();
            self.out_sum.next = self.pipelined[k].out_sum.val();
            self.out_tag.next = self.pipelined[k].out_tag.val();
        }
        for k in 0..self._compact {
            self.compact[k].clock.next = self.clock.val();
            self.compact[k].reset.next = self.reset.val();
            self.compact[k].ring_clock.next = self.ring_clock.val();
            self.compact[k].ring_strobe.next = self.ring_strobe.val();
            self.compact[k].in_valid.next = self.in_valid.val();
            self.compact[k].in_left.next = self.in_left.val();
            self.compact[k].in_right.next = self.in_right.val();
            self.compact[k].in_tag.next = self.in_tag.val();
            self.in_ready.next = self.compact[k].in_ready.val();
            self.out_valid.next = self.compact[k].out_valid.val();
            self.out_sum.next = self.compact[k].out_sum.val();
            self.out_tag.next = self.compact[k].out_tag.val();
        }
    }
}
