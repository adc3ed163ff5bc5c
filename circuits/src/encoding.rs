//! How the protocol's values look in JSON, for `#[serde(with = …)]`, and how they lie in bytes.
//!
//! Amounts are decimal strings (they exceed what JSON numbers hold), bytes and field elements are 0x-hex of their exact
//! width, most significant first. Everything else about a form is refused: signs, leading zeros, missing prefixes,
//! coordinates that are not canonical.

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use crate::babyjubjub::Point;

/// Why a value's text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// Not an integer below 2^128 in decimal digits.
    #[error("'{0}' is not an amount: decimal digits without sign or leading zeros, below 2^128")]
    Amount(String),
    /// Not 0x-hex of the expected width.
    #[error("'{text}' is not 0x followed by {bytes} bytes in hexadecimal")]
    Hex {
        /// What was given.
        text: String,
        /// The width that was expected.
        bytes: usize,
    },
    /// 32 bytes that are not below the field's modulus.
    #[error("0x{0} is not below the BN254 scalar field's modulus")]
    NotCanonical(String),
}

/// Reads an amount.
pub fn parse_amount(text: &str) -> Result<u128, EncodingError> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let amount = canonical.then(|| text.parse().ok()).flatten();
    amount.ok_or_else(|| EncodingError::Amount(text.into()))
}

/// Reads 0x-hex of exactly `N` bytes.
pub fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], EncodingError> {
    let mut bytes = [0; N];
    match text.strip_prefix("0x").map(|digits| hex::decode_to_slice(digits, &mut bytes)) {
        Some(Ok(())) => Ok(bytes),
        _ => Err(EncodingError::Hex { text: text.into(), bytes: N }),
    }
}

/// Writes bytes as 0x-hex.
pub fn format_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// The 32 bytes of a field element, most significant first.
pub fn element_to_bytes(element: &Fr) -> [u8; 32] {
    let mut bytes = element.to_repr();
    bytes.reverse();
    bytes
}

/// The field element of 32 bytes, most significant first; refused when not below the modulus.
pub fn element_from_bytes(bytes: &[u8; 32]) -> Result<Fr, EncodingError> {
    let mut little = *bytes;
    little.reverse();
    Option::from(Fr::from_repr(little)).ok_or_else(|| EncodingError::NotCanonical(hex::encode(bytes)))
}

/// The field element of at most 31 bytes, most significant first: always below the modulus.
///
/// Bytes before the last 31 are ignored.
pub fn word(bytes: &[u8]) -> Fr {
    bytes.iter().rev().take(31).rev().fold(Fr::zero(), |sum, byte| sum * Fr::from(256) + Fr::from(u64::from(*byte)))
}

/// `u128` as a decimal string.
pub mod amount {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes an amount.
    pub fn serialize<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    /// Reads an amount.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        super::parse_amount(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// `[u8; N]` as 0x-hex.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes bytes.
    pub fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format_hex(bytes))
    }

    /// Reads bytes.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
        super::parse_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// `Fr` as 32 bytes of 0x-hex.
pub mod element {
    use halo2curves::bn256::Fr;
    use serde::{Deserializer, Serializer, de::Error};

    /// Writes a field element.
    pub fn serialize<S: Serializer>(element: &Fr, serializer: S) -> Result<S::Ok, S::Error> {
        super::bytes::serialize(&super::element_to_bytes(element), serializer)
    }

    /// Reads a field element.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fr, D::Error> {
        super::element_from_bytes(&super::bytes::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// `Point` as x ‖ y, 64 bytes of 0x-hex. Whether it lies on the curve is for the signature check to find out.
pub mod point {
    use serde::{Deserializer, Serializer, de::Error};

    use super::{Point, element_from_bytes, element_to_bytes};

    /// Writes a point.
    pub fn serialize<S: Serializer>(point: &Point, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&element_to_bytes(&point.x));
        bytes[32..].copy_from_slice(&element_to_bytes(&point.y));
        super::bytes::serialize(&bytes, serializer)
    }

    /// Reads a point.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
        let bytes: [u8; 64] = super::bytes::deserialize(deserializer)?;
        let coordinate = |at: usize| {
            let mut half = [0; 32];
            half.copy_from_slice(&bytes[at..at + 32]);
            element_from_bytes(&half).map_err(D::Error::custom)
        };
        Ok(Point { x: coordinate(0)?, y: coordinate(32)? })
    }
}

#[cfg(test)]
mod tests {
    use halo2curves::ff::Field;

    use super::*;

    #[test]
    fn amounts_are_plain_decimal_digits_below_2_to_128() {
        assert_eq!(parse_amount("0"), Ok(0));
        assert_eq!(parse_amount("340282366920938463463374607431768211455"), Ok(u128::MAX));
        for text in ["", "+1", "-1", "01", "1.0", "1e3", " 1", "0x1", "340282366920938463463374607431768211456"] {
            assert_eq!(parse_amount(text), Err(EncodingError::Amount(text.into())), "{text}");
        }
    }

    #[test]
    fn hex_has_a_prefix_and_its_exact_width() {
        assert_eq!(parse_hex("0x01fF"), Ok([1, 255]));
        for text in ["01ff", "0x01f", "0x01", "0x01ff00", "0x01fg", "0X01ff", ""] {
            assert!(parse_hex::<2>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn elements_are_canonical() {
        let largest = -Fr::ONE;
        let mut bytes = element_to_bytes(&largest);
        assert_eq!(element_from_bytes(&bytes), Ok(largest));
        bytes[31] += 1;
        assert!(matches!(element_from_bytes(&bytes), Err(EncodingError::NotCanonical(_))));
    }

    #[test]
    fn words_are_big_endian() {
        assert_eq!(word(&[1, 2]), Fr::from(258));
        assert_eq!(word(&[255; 31]), Fr::from(256).pow([31]) - Fr::ONE);
        assert_eq!(word(&[]), Fr::ZERO);
    }
}
