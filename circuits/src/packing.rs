//! Packed amounts: a mantissa and a decimal exponent of 5 bits, `mantissa · 10^exponent`.
//!
//! Public data carries amounts of transfers and orders in 40 bits and fees in 16. A value that does not fit is refused, never
//! rounded. Encoding takes the smallest exponent; decoding accepts any.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::encoding;

/// Bits of the exponent.
pub const EXPONENT_BITS: u32 = 5;

/// An amount whose mantissa fits `MANTISSA` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packed<const MANTISSA: u32> {
    value: u128,
    bits: u64,
}

/// 40 bits: amounts of transfers and orders.
pub type PackedAmount = Packed<35>;
/// 16 bits: fees.
pub type PackedFee = Packed<11>;

/// The value has no mantissa of `mantissa` bits with an exponent of 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} does not pack: it is no multiple of a power of ten with a mantissa below 2^{mantissa}; round it")]
pub struct NotPackable {
    /// What was given.
    pub value: u128,
    /// Bits of the mantissa.
    pub mantissa: u32,
}

impl<const MANTISSA: u32> Packed<MANTISSA> {
    /// Packs a value.
    ///
    /// # Errors
    /// When it cannot be packed exactly.
    pub fn new(value: u128) -> Result<Self, NotPackable> {
        let mut mantissa = value;
        for exponent in 0..1u64 << EXPONENT_BITS {
            if mantissa >> MANTISSA == 0 {
                return Ok(Self { value, bits: (mantissa as u64) << EXPONENT_BITS | exponent });
            }
            if !mantissa.is_multiple_of(10) {
                break;
            }
            mantissa /= 10;
        }
        Err(NotPackable { value, mantissa: MANTISSA })
    }

    /// The value of packed bits; `None` from 2^128 up or when there are more bits than the form has.
    pub fn decode(bits: u64) -> Option<u128> {
        let exponent = (bits & ((1 << EXPONENT_BITS) - 1)) as u32;
        let mantissa = u128::from(bits >> EXPONENT_BITS);
        if mantissa >> MANTISSA != 0 {
            return None;
        }
        10u128.pow(exponent).checked_mul(mantissa)
    }

    /// The value.
    pub fn value(&self) -> u128 {
        self.value
    }

    /// `mantissa << 5 | exponent`, in `MANTISSA + 5` bits.
    pub fn bits(&self) -> u64 {
        self.bits
    }
}

impl<const MANTISSA: u32> fmt::Display for Packed<MANTISSA> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

impl<const MANTISSA: u32> Serialize for Packed<MANTISSA> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encoding::amount::serialize(&self.value, serializer)
    }
}

impl<'de, const MANTISSA: u32> Deserialize<'de> for Packed<MANTISSA> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(encoding::amount::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_exponent_is_taken() {
        assert_eq!(PackedFee::new(0).unwrap().bits(), 0);
        assert_eq!(PackedFee::new(2_000).unwrap().bits(), 2_000 << 5);
        assert_eq!(PackedFee::new(20_000).unwrap().bits(), 2_000 << 5 | 1);
        assert_eq!(PackedAmount::new((1 << 35) - 1).unwrap().bits(), ((1 << 35) - 1) << 5);
        assert_eq!(PackedAmount::new(10u128.pow(38)).unwrap().bits(), 10_000_000_000 << 5 | 28);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(PackedFee::new(2_048), Err(NotPackable { value: 2_048, mantissa: 11 }));
        assert!(PackedFee::new(2_047).is_ok() && PackedFee::new(2_048_000).is_err() && PackedFee::new(20_470).is_ok());
        assert!(PackedAmount::new((1 << 35) + 1).is_err());
        assert!(PackedAmount::new(u128::MAX).is_err());
        // The mantissa would fit with an exponent of 32.
        assert!(PackedFee::new(10u128.pow(36)).is_err() && PackedFee::new(10u128.pow(34)).is_ok());
    }

    #[test]
    fn decoding_refuses_overflow_and_takes_any_exponent() {
        assert_eq!(PackedAmount::decode(u64::MAX >> 24), None);
        assert_eq!(PackedFee::decode(1 << 16), None);
        assert_eq!(PackedFee::decode(10 << 5), PackedFee::decode(1 << 5 | 1));
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(mantissa in 0u64..1 << 35, exponent in 0u64..28) {
            let value = PackedAmount::decode(mantissa << 5 | exponent).unwrap();
            prop_assert_eq!(value, u128::from(mantissa) * 10u128.pow(exponent as u32));
            let packed = PackedAmount::new(value).unwrap();
            prop_assert_eq!(PackedAmount::decode(packed.bits()), Some(value));
            prop_assert!(packed.bits() & 31 <= exponent);
        }
    }
}
