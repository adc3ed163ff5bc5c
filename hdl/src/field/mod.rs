//! Arithmetic modulo BN254's two primes, as leaves that both shapes use.
//!
//! Elements are in Montgomery form with R = 2^270 in either shape, and are not reduced fully: a bus carries *some*
//! representative, whose bound is known. Since R is 2^16 times the modulus, a product of any two operands below 2^260
//! (84p) comes out below 1.1p, so that sums, differences and small multiples feed a multiplier as they are, without a
//! coarse reduction; only what leaves the card is made canonical.

mod canonical;
mod combination;
mod delay;
mod karatsuba;
mod memo;
mod modulus;
mod multiplier;
mod pipeline;
mod pipelined;
mod ring;

pub use canonical::{CANONICAL_BITS, Canonical, CanonicalConfig};
pub use combination::{Combination, CombinationConfig, Term};
pub use delay::{Delay, DelayFlag};
pub use modulus::{Field, from_montgomery, to_montgomery};
pub use multiplier::MultiplierConfig;
pub use pipelined::PipelinedMultiplier;
pub use ring::{RING_CYCLES, RingMultiplier};

/// Width of an element's bus between blocks.
pub const ELEMENT_BITS: usize = 257;

/// Width of a multiplier's operands: sums and small multiples of elements, up to 84p.
pub const OPERAND_BITS: usize = 260;

/// R = 2^RADIX_BITS, in both shapes: 54 rows of 5 bits, or 15 digits of 18 bits.
pub const RADIX_BITS: usize = 270;

/// How the arithmetic trades area for throughput.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Digit-serial multipliers for small parts.
    Compact,
    /// One operation started in each cycle.
    Pipelined,
}

impl Shape {
    /// Bits of the longest carry chain of a sum: short ones are fast and take a register for each bit and segment.
    pub(crate) fn longest_chain(self) -> usize {
        match self {
            Shape::Compact => OPERAND_BITS + 1,
            Shape::Pipelined => 60,
        }
    }
}
