//! Complete addition of points of BN254's G1.
//!
//! Points are projective (X : Y : Z), in Montgomery form; on every bus each coordinate is some representative below 4p.
//! The formulas are algorithm 7 of Renes, Costello and Batina, *Complete addition formulas for prime order elliptic
//! curves* (EUROCRYPT 2016), for a = 0 and 3b = 9: 12 multiplications, and no pair of points that needs another path.
//!
//! An adder takes operands and a tag at the rising edge with `in_valid` and `in_ready`, which is high in one of `interval`
//! cycles, whatever `in_valid` is; reset forgets what is in flight. The `pipelined` one takes and gives points at once. The
//! `compact` one takes and gives them limb by limb, X's lowest with the handshake, the others in the cycles after.
//!
//! An addition takes a fixed number of cycles, [`PointAdderConfig::latency`]; the result cannot be held back.

mod compact;
mod formula;
mod gather;
mod limbs;
mod pipelined;
mod schedule;
mod sequencer;

pub use compact::CompactPointAdder;
pub use formula::COORDINATE_BOUND;
pub use pipelined::PipelinedPointAdder;

use crate::field::{ELEMENT_BITS, Shape};

/// Width of a point on a bus: X, Y and Z, X in the low bits.
pub const POINT_BITS: usize = 3 * ELEMENT_BITS;

/// Bits of a limb, in which a point crosses narrow buses: those of X first, the lowest first.
pub const LIMB_BITS: usize = 64;

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
