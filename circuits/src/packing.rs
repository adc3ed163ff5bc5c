//! Packed amounts: a mantissa and a decimal exponent of 5 bits, `mantissa · 10^exponent`.
//!
//! Public data carries amounts of transfers and orders in 40 bits and fees in 16. A value that does not fit is refused, never
//! rounded. Packing takes the smallest exponent, and JSON says the value in decimal digits. What a wallet has signed with another
//! exponent is good as well; JSON says it as mantissa and exponent: "30e17" is 3·10^18.

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

/// No mantissa of `mantissa` bits with a decimal exponent of 5 bits stands for the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} does not pack: it is no multiple of a power of ten with a mantissa below 2^{mantissa}; round it")]
pub struct NotPackable {
    /// The value that does not pack.
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

    /// Takes packed bits, whatever their exponent; `None` if the value is 2^128 or more, or there are more bits than the form has.
    pub fn from_bits(bits: u64) -> Option<Self> {
        let exponent = (bits & ((1 << EXPONENT_BITS) - 1)) as u32;
        let mantissa = bits >> EXPONENT_BITS;
        if mantissa >> MANTISSA != 0 {
            return None;
        }
        Some(Self { value: 10u128.pow(exponent).checked_mul(mantissa.into())?, bits })
    }

    /// Mantissa and exponent in decimal digits: "30e17".
    fn from_parts(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once('e')?;
        let digits = |text: &str| encoding::parse_amount(text).ok();
        let (mantissa, exponent) = (u64::try_from(digits(mantissa)?).ok()?, u64::try_from(digits(exponent)?).ok()?);
        if mantissa >> MANTISSA != 0 || exponent >> EXPONENT_BITS != 0 {
            return None;
        }
        Self::from_bits(mantissa << EXPONENT_BITS | exponent)
    }

    /// The amount that it stands for: mantissa · 10^exponent.
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
        match Self::new(self.value) {
            Ok(smallest) if smallest.bits == self.bits => encoding::amount::serialize(&self.value, serializer),
            _ => {
                let (mantissa, exponent) = (self.bits >> EXPONENT_BITS, self.bits & ((1 << EXPONENT_BITS) - 1));
                serializer.collect_str(&format_args!("{mantissa}e{exponent}"))
            }
        }
    }
}

impl<'de, const MANTISSA: u32> Deserialize<'de> for Packed<MANTISSA> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Self::from_parts(&text) {
            Some(packed) => Ok(packed),
            None => Self::new(encoding::parse_amount(&text).map_err(D::Error::custom)?).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn bits_are_refused_when_they_overflow_and_taken_with_any_exponent() {
        assert_eq!(PackedAmount::from_bits(u64::MAX >> 24), None);
        assert_eq!(PackedFee::from_bits(1 << 16), None);
        assert_eq!(PackedFee::from_bits(10 << 5).unwrap().value(), PackedFee::from_bits(1 << 5 | 1).unwrap().value());
    }

    #[test]
    fn another_exponent_than_the_smallest_keeps_its_place_in_json() {
        let packed = PackedAmount::from_bits(30 << 5 | 17).unwrap();
        assert_eq!(packed.value(), 3 * 10u128.pow(18));
        assert_eq!(serde_json::to_string(&packed).unwrap(), "\"30e17\"");
        assert_eq!(serde_json::from_str::<PackedAmount>("\"30e17\"").unwrap(), packed);
        let smallest = PackedAmount::new(packed.value()).unwrap();
        assert_eq!(serde_json::to_string(&smallest).unwrap(), "\"3000000000000000000\"");
        assert_ne!(smallest, packed);
        for text in ["1e32", "-1e1", "1e", "e1", "01e1", "1e01", "1E1", "34359738368e0", "10000000000e29", "1.5e1"] {
            assert!(serde_json::from_str::<PackedAmount>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(mantissa in 0u64..1 << 35, exponent in 0u64..28) {
            let value = PackedAmount::from_bits(mantissa << 5 | exponent).unwrap().value();
            prop_assert_eq!(value, u128::from(mantissa) * 10u128.pow(exponent as u32));
            let packed = PackedAmount::new(value).unwrap();
            prop_assert_eq!(PackedAmount::from_bits(packed.bits()), Some(packed));
            prop_assert!(packed.bits() & 31 <= exponent);
        }
    }
}
