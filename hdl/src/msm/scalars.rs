//! Scalars for measurements, and their digits.
//!
//! The distributions are those on which published engines lose their speed, beside the uniform one that they quote.

use num_bigint::BigUint;

use super::bench::Scalar;
use super::config::MsmConfig;

/// How scalars are distributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform below the order.
    Uniform,
    /// One value everywhere.
    AllEqual,
    /// One of two values.
    TwoValues,
    /// Uniform, then sorted.
    Sorted,
    /// Nine in ten are one, the others uniform.
    MostlyOnes,
    /// Like a padded column of a witness: bits, bytes, 64-bit and full-size values, short and long runs of zeros.
    WitnessLike,
    /// Given values, repeated as often as needed.
    Given(Vec<Scalar>),
}

impl Distribution {
    /// `count` scalars below `order`, the same at every call.
    pub fn scalars(&self, count: usize, order: &BigUint) -> Vec<Scalar> {
        let mut random = Random::new(0x5eed);
        let values = [random.below(order), random.below(order)];
        let mut scalars: Vec<Scalar> = (0..count)
            .map(|index| match self {
                Self::Uniform | Self::Sorted => random.below(order),
                Self::AllEqual => values[0],
                Self::TwoValues => values[(random.next() >> 60 & 1) as usize],
                Self::MostlyOnes => match random.next() % 10 {
                    0 => random.below(order),
                    _ => [1, 0, 0, 0],
                },
                // A column is filled to four fifths; blinding rows end it.
                Self::WitnessLike if index > count * 4 / 5 && index + 6 < count => [0; 4],
                Self::WitnessLike => match random.next() % 8 {
                    0 | 1 => [0; 4],
                    2 | 3 => [random.next() & 1, 0, 0, 0],
                    4 => [random.next() & 255, 0, 0, 0],
                    5 => [random.next(), 0, 0, 0],
                    _ => random.below(order),
                },
                Self::Given(values) => values.get(index % values.len().max(1)).copied().unwrap_or_default(),
            })
            .collect();
        if *self == Self::Sorted {
            scalars.sort_unstable_by(|left, right| left.iter().rev().cmp(right.iter().rev()));
        }
        scalars
    }
}

/// For each window, whether a scalar has a non-zero digit there.
pub fn used_windows<'a>(config: &MsmConfig, scalars: impl Iterator<Item = &'a Scalar>) -> Vec<bool> {
    let mut used = vec![false; config.windows()];
    let offset = config.recoding_offset().to_u64_digits();
    let bits = config.window_bits;
    for scalar in scalars.filter(|scalar| **scalar != [0; 4]) {
        let mut biased = [0u64; 6];
        let mut carry = 0;
        for (index, word) in biased.iter_mut().enumerate().take(5) {
            let word_of = |words: &[u64]| u128::from(words.get(index).copied().unwrap_or(0));
            let sum = word_of(scalar) + word_of(&offset) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
        for (window, used) in used.iter_mut().enumerate() {
            let (word, bit) = (window * bits / 64, window * bits % 64);
            let pair = u128::from(biased[word]) | u128::from(biased[word + 1]) << 64;
            *used |= (pair >> bit) as u64 & ((1 << bits) - 1) != 1 << (bits - 1);
        }
    }
    used
}

/// A small generator, so that measurements are the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, order: &BigUint) -> Scalar {
        let words: Vec<u32> = (0..4).map(|_| self.next()).flat_map(|word| [word as u32, (word >> 32) as u32]).collect();
        let digits = (BigUint::new(words) % order).to_u64_digits();
        std::array::from_fn(|index| digits.get(index).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Shape;

    #[test]
    fn the_windows_of_small_scalars_are_the_low_ones() {
        let config = MsmConfig::of(Shape::Pipelined);
        let used = |scalar: Scalar| used_windows(&config, [scalar].iter());
        let low = |count: usize| (0..config.windows()).map(|window| window < count).collect::<Vec<_>>();
        assert_eq!(used([0; 4]), low(0));
        assert_eq!(used([1, 0, 0, 0]), low(1));
        assert_eq!(used([(1 << 12) - 1, 0, 0, 0]), low(1));
        // Half a window is minus half and a carry.
        assert_eq!(used([1 << 12, 0, 0, 0]), low(2));
        assert_eq!(used([1 << 13, 0, 0, 0]).iter().position(|used| *used), Some(1));
        assert_eq!(config.windows_up_to(&BigUint::from(4095u32)), 1);
        assert_eq!(config.windows_up_to(&BigUint::from(4096u32)), 2);
    }

    #[test]
    fn digits_add_up_in_every_window_of_the_largest_scalar() {
        let config = MsmConfig::of(Shape::Pipelined);
        let digits = (&config.order - 1u8).to_u64_digits();
        let used = used_windows(&config, [[digits[0], digits[1], digits[2], digits[3]]].iter());
        assert!(*used.last().unwrap());
    }
}
