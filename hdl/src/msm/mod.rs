//! Multi-scalar multiplication by tag reduction.
//!
//! The one primitive is a *grouped sum*: a stream of tagged points in, one sum a tag out. A tag owns a slot that holds at
//! most one waiting operand; whatever arrives, a new point or a result of the adder, waits there or pairs with what
//! waits there. There is no order to keep, so no distribution of scalars stalls the adder.
//!
//! ```text
//! scalar ─> recoder ─> digit queue ─┐                       ┌─> pairs of results ──┐  (these first)
//! base ────────────────────────────>├─> items ─> slots ─────┤                      ├─> adder ─> results ─┐
//!             ┌─────────────────────┘            ^ │        └─> pairs of new items ┘                     │
//!             │                                  │ │                                                     │
//!             └── reducer <── sums read out ─────┼─┘                                                     │
//!                    └──────> sums that leave    └───────────────────────────────────────────────────────┘
//! ```
//!
//! An engine's buses take a point at once, or a limb of 64 bits a cycle: what goes with a point then goes with its first word, and
//! no stage is entered by another point before the last word has passed.
//!
//! An item takes two cycles from its choice to the slots, one for the look-up of valid bits, one for the decision, and
//! the memory's latency until its pair is queued. Every stage moves every cycle: only the choice is held back.

pub mod behavioural;
pub mod bench;
pub mod config;
pub mod core;
mod delay;
mod digits;
pub mod finish;
pub mod intake;
pub mod measure;
mod memory;
pub(crate) mod pairs;
pub mod pass;
pub mod plan;
mod reduce;
pub mod scalars;
pub(crate) mod slot_unit;
pub(crate) mod slots;
mod sum_queue;
pub mod top;

/// Bits of a coordinate between blocks.
pub const COORDINATE_BITS: usize = 257;
/// Bits of a projective point: X, Y, Z, little end first.
pub const POINT_BITS: usize = 3 * COORDINATE_BITS;
/// Bits of the words in which sums leave an engine whose points cross at once; one whose points cross in limbs gives limbs.
pub const SUM_WORD_BITS: usize = 256;
/// Bits of a word's number in a point.
const PLACE_BITS: usize = 4;
/// Words in which a point crosses an engine whose buses have so many bits: one, or a limb in each of twelve cycles.
const fn words(bus_bits: usize) -> usize {
    POINT_BITS / bus_bits
}
/// Bits of an affine base: x, y, little end first.
pub const BASE_BITS: usize = 512;
/// Bits of a sum that leaves: X, Y, Z in 256 bits each, not reduced; all zero for an empty slot.
pub const OUT_BITS: usize = 768;
/// Bits of a slot's address.
pub const ADDRESS_BITS: usize = 18;
/// Bits of a tag: the unit (bit 0), the context (bit 1), the address.
pub const TAG_BITS: usize = ADDRESS_BITS + 2;
/// Bits of a recoded scalar.
const DIGIT_BITS: usize = 272;
/// Windows that a scalar has at most.
const WINDOWS: usize = 64;
