//! What a multiplier of either shape is to those who use it.

use super::{Field, PipelinedMultiplier, RADIX_BITS, RingMultiplier, Shape};

/// A Montgomery multiplier: a b / R modulo p, below 2p, for operands below 2^260.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MultiplierConfig {
    /// The field.
    pub field: Field,
    /// `Pipelined`: [`PipelinedMultiplier`]; `Compact`: [`RingMultiplier`].
    pub shape: Shape,
}

impl MultiplierConfig {
    /// Cycles from operands to product.
    pub fn latency(&self) -> usize {
        match self.shape {
            Shape::Pipelined => PipelinedMultiplier::latency(self.field),
            Shape::Compact => RingMultiplier::LATENCY,
        }
    }

    /// Cycles between two starts.
    pub fn interval(&self) -> usize {
        match self.shape {
            Shape::Pipelined => 1,
            Shape::Compact => RingMultiplier::INTERVAL,
        }
    }

    /// R is 2 to this power.
    pub fn radix_bits(&self) -> usize {
        RADIX_BITS
    }
}
