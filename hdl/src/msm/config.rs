//! The engine's parameters and the address map that follows from them.
//!
//! ```text
//! bucket   = |digit| - 1 = i * columns + j                        the first level's slot: group * buckets + bucket
//! row i    holds the sum over j, column j the sum over i          second level: rows, then columns, of each group
//! row i    = a * 2^low + b, and columns alike                     third level: four quarters of each group
//! ```
//!
//! A *context* is what a pass occupies: its first level lives in one memory, its second in the other, its third in the
//! first again. With `alternate`, two contexts start in opposite memories, so that one accumulates while the other is
//! drained, reduced and read out.

use num_bigint::BigUint;
use penstock_abi::MsmLayout;

use super::{ADDRESS_BITS, POINT_BITS, words};
use crate::field::{Field, Shape, to_montgomery};
use crate::point::{LIMB_BITS, PointAdderConfig};

/// Bits of a scalar stream's word and of a base's coordinate.
pub const WORD_BITS: usize = 256;

/// Parameters of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsmConfig {
    /// The modulus of the points' coordinates.
    pub modulus: BigUint,
    /// The Montgomery form of one.
    pub one: BigUint,
    /// The modulus of the scalars.
    pub order: BigUint,
    /// Bits of a window (c), 4 to 16.
    pub window_bits: usize,
    /// Pairs of a window and a vector that one pass accumulates at most.
    pub groups: usize,
    /// Cycles from a slot memory's read to its value.
    pub memory_latency: usize,
    /// Two contexts that take turns.
    pub alternate: bool,
    /// Reduction passes over a context's buckets: 1 (rows and columns leave) or 2 (rows and columns of those).
    pub reductions: usize,
    /// Entries of the queue of pairs made by new points.
    pub pair_depth: usize,
    /// Scalars that wait as digits.
    pub digit_depth: usize,
    /// Cycles from a pair to its sum.
    pub adder_latency: usize,
    /// Cycles between two starts of the adder.
    pub adder_interval: usize,
}

impl MsmConfig {
    /// The engine of a shape.
    ///
    /// `pipelined`: 20 windows of 13 bits, so that bases stream once; two memories of 84,480 slots in UltraRAM.
    /// `compact`: one window of 11 bits a pass; 1,024 buckets and 64 rows and columns in block RAM.
    pub fn of(shape: Shape) -> Self {
        let adder = PointAdderConfig { shape };
        let pipelined = shape == Shape::Pipelined;
        Self {
            modulus: Field::Base.modulus(),
            one: to_montgomery(Field::Base, &BigUint::from(1u8)),
            order: Field::Scalar.modulus(),
            window_bits: if pipelined { 13 } else { 11 },
            groups: if pipelined { 20 } else { 1 },
            memory_latency: if pipelined { 2 } else { 1 },
            alternate: pipelined,
            reductions: 2,
            pair_depth: if pipelined { 32 } else { 8 },
            digit_depth: if pipelined { 32 } else { 8 },
            adder_latency: adder.latency(),
            adder_interval: adder.interval(),
        }
    }

    /// Checks what the address map and the digits rely on.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn check(&self) -> Result<(), String> {
        let fits = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        fits((4..=16).contains(&self.window_bits), "a window has 4 to 16 bits")?;
        fits((1..=256).contains(&self.groups), "a pass has 1 to 256 groups")?;
        fits(self.memory_latency >= 1, "a slot memory answers after 1 cycle or more")?;
        fits(matches!(self.reductions, 1 | 2), "there are 1 or 2 reduction passes")?;
        fits(
            self.pair_depth > self.on_the_way() && self.pair_depth < 256,
            "the pair queue needs room for items on their way",
        )?;
        fits(
            self.adder_interval.is_multiple_of(self.words()),
            "an adder that takes a limb a cycle starts every twelve cycles or slower",
        )?;
        fits(
            (self.adder_latency + self.pair_latency()).is_multiple_of(self.adder_interval),
            "a slow adder has to take the pair of a result when it comes",
        )?;
        fits((8..256).contains(&self.digit_depth), "the digit queue has 8 to 255 entries")?;
        fits(self.clear_cycles() < 1 << ADDRESS_BITS, "the slots do not fit their addresses")
    }

    /// Windows of a whole scalar.
    pub fn windows(&self) -> usize {
        self.windows_up_to(&(&self.order - 1u8))
    }

    /// Windows that hold the digits of every scalar up to `largest`: the last carry must not leave the last of them.
    pub fn windows_up_to(&self, largest: &BigUint) -> usize {
        let half = BigUint::from(1u8) << (self.window_bits - 1);
        let mut windows = 0;
        let mut biased = largest.clone();
        while biased.bits() > (self.window_bits * windows) as u64 {
            biased += &half << (self.window_bits * windows);
            windows += 1;
        }
        windows
    }

    /// The constant whose addition turns a scalar's windows into digits biased by half a window.
    pub fn recoding_offset(&self) -> BigUint {
        let half = BigUint::from(1u8) << (self.window_bits - 1);
        (0..self.windows()).map(|window| &half << (self.window_bits * window)).sum()
    }

    /// Buckets of a group.
    pub fn buckets(&self) -> usize {
        1 << self.bucket_bits()
    }

    /// How buckets are cut and what leaves.
    pub fn layout(&self) -> MsmLayout {
        MsmLayout { window_bits: self.window_bits as u8, reductions: self.reductions as u8 }
    }

    /// Bits of a bucket's number.
    pub fn bucket_bits(&self) -> usize {
        self.layout().bucket_bits() as usize
    }

    /// Bits of a column's number.
    pub fn column_bits(&self) -> usize {
        self.layout().column_bits() as usize
    }

    /// Bits of a row's number, at least those of a column's.
    pub fn row_bits(&self) -> usize {
        self.layout().row_bits() as usize
    }

    /// Of a row's or column's number, the bits of the lower part.
    pub fn low_bits(&self) -> usize {
        self.layout().low_bits() as usize
    }

    /// Of a row's or column's number, the bits of the upper part, at least those of the lower.
    pub fn high_bits(&self) -> usize {
        self.layout().high_bits() as usize
    }

    /// Bits of a slot's number within a group's rows and columns.
    pub fn second_bits(&self) -> usize {
        self.row_bits() + 1
    }

    /// Bits of a slot's number within a group's four quarters.
    pub fn third_bits(&self) -> usize {
        self.high_bits() + 2
    }

    /// Where rows and columns start in their memory.
    pub fn second_base(&self) -> usize {
        if self.alternate { self.groups * self.buckets() } else { 0 }
    }

    /// Points that leave for each group.
    pub fn sums(&self) -> usize {
        self.layout().window_points() as usize
    }

    /// Slots of the two memories.
    pub fn slots(&self) -> [usize; 2] {
        let first = self.groups * self.buckets().max(1 << self.third_bits());
        let second = self.groups << self.second_bits();
        if self.alternate { [first.max(self.second_base() + second); 2] } else { [first, second] }
    }

    /// Cycles that clearing takes after a reset: a slot a cycle, and until the adder has run dry.
    pub fn clear_cycles(&self) -> usize {
        let [first, second] = self.slots();
        first.max(second).max(2 * self.adder_latency + 64)
    }

    /// Words in which a point crosses the engine: an adder that does not start in every cycle leaves time for a limb a cycle,
    /// and saves the wires of eleven.
    pub fn words(&self) -> usize {
        words(if self.adder_interval == 1 { POINT_BITS } else { LIMB_BITS })
    }

    /// Cycles from a result to the pair that it makes with what waits in its slot.
    pub fn pair_latency(&self) -> usize {
        1 + self.memory_latency
    }

    /// Items that can still reach the pair queue when it calls a halt.
    pub fn on_the_way(&self) -> usize {
        5 + self.memory_latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_of_the_full_size_needs_the_windows_that_hold_its_carries() {
        for (bits, windows) in [(4, 64), (8, 32), (10, 26), (11, 24), (12, 22), (13, 20), (16, 16)] {
            let config = MsmConfig { window_bits: bits, ..MsmConfig::of(Shape::Pipelined) };
            assert_eq!(config.windows(), windows, "{bits}");
        }
    }

    #[test]
    fn a_deeper_address_map_than_the_addresses_is_refused() {
        assert!(MsmConfig::of(Shape::Pipelined).check().is_ok());
        assert!(MsmConfig { groups: 200, ..MsmConfig::of(Shape::Pipelined) }.check().is_err());
    }

    #[test]
    fn an_adder_that_is_not_ready_for_the_pair_of_its_result_is_refused() {
        let config = MsmConfig::of(Shape::Compact);
        assert!(config.check().is_ok());
        assert!(MsmConfig { adder_latency: config.adder_latency + 1, ..config }.check().is_err());
    }
}
