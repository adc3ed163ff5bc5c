//! Who an account belongs to: the owner's address on the chains, and the hash of the key that signs for it.

use std::fmt;
use std::str::FromStr;

use halo2curves::bn256::Fr;
use serde::{Deserialize, Serialize};

use crate::babyjubjub::Point;
use crate::encoding::{self, EncodingError, element_to_bytes, format_hex};
use crate::poseidon::hash2;

/// The address that owns an account: 32 bytes, shorter addresses zero-padded in front. All zero: nobody.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(#[serde(with = "encoding::bytes")] pub [u8; 32]);

impl Owner {
    /// How many bytes are in the first of the two words that the hash is of.
    pub const SPLIT: usize = 25;

    /// Whether this is nobody.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 32]
    }

    /// The first 25 bytes and the last 7, as integers.
    pub fn words(&self) -> [Fr; 2] {
        [encoding::word(&self.0[..Self::SPLIT]), encoding::word(&self.0[Self::SPLIT..])]
    }

    /// P(first 25 bytes, last 7 bytes).
    pub fn hash(&self) -> Fr {
        let [high, low] = self.words();
        hash2(high, low)
    }
}

/// Which rollup signatures are for: a field element that is fixed when its contracts are deployed, the same on all chains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deployment(#[serde(with = "encoding::element")] pub Fr);

impl FromStr for Deployment {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, EncodingError> {
        encoding::element_from_bytes(&encoding::parse_hex(text)?).map(Self)
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_hex(&element_to_bytes(&self.0)))
    }
}

/// The low 160 bits of P(Ax, Ay), big-endian. All zero: no key.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PubKeyHash(#[serde(with = "encoding::bytes")] pub [u8; 20]);

impl PubKeyHash {
    /// The hash of a public key.
    pub fn of(public_key: &Point) -> Self {
        let hash = element_to_bytes(&hash2(public_key.x, public_key.y));
        let mut low = [0; 20];
        low.copy_from_slice(&hash[12..]);
        Self(low)
    }

    /// Whether this is no key.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 20]
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_hex(&self.0))
    }
}

impl fmt::Display for PubKeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_hex(&self.0))
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for PubKeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
