//! The verifier contract's memory, as the key encoder sees it.
//!
//! The contract loads the key at a fixed address, and the instances and the proof right behind it. The key refers to
//! all of it by absolute 16-bit addresses, so where things are is settled here and only read there. What lies behind
//! the key can only be placed when the key's length is known: a [`Cell`] keeps it relative until then.

use super::EvmError;

/// Bytes of a word.
pub(super) const WORD: usize = 32;

/// Words of a point.
pub(super) const POINT_WORDS: usize = 2;

/// Where the contract loads the key.
pub(super) const KEY: usize = 0x280;
/// Words at the key's head (see `key.rs`).
pub(super) const HEADER_WORDS: usize = 27;

/// A word or point in the contract's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cell {
    /// At this address.
    At(usize),
    /// This many bytes behind the key's end.
    Behind(usize),
}

impl Cell {
    /// Always zero.
    pub(super) const ZERO: Self = Self::At(0x180);
    /// x^n.
    pub(super) const X_POW_N: Self = Self::At(0x1a0);
    /// The Lagrange polynomial of the first row at x.
    pub(super) const L_FIRST: Self = Self::At(0x1c0);
    /// The Lagrange polynomial of the last usable row at x.
    pub(super) const L_LAST: Self = Self::At(0x1e0);
    /// The sum of the Lagrange polynomials of all rows before the last usable one at x.
    pub(super) const L_ACTIVE: Self = Self::At(0x200);
    /// The instance column at x.
    pub(super) const INSTANCE: Self = Self::At(0x220);
    /// The commitment to the quotient at x, folded from its pieces.
    pub(super) const QUOTIENT: Self = Self::At(0x240);

    /// The cell `words` words on.
    pub(super) fn word(self, words: usize) -> Self {
        match self {
            Self::At(address) => Self::At(address + words * WORD),
            Self::Behind(offset) => Self::Behind(offset + words * WORD),
        }
    }

    /// The address, given where the key ends.
    pub(super) fn address(self, key_end: usize) -> Result<u16, EvmError> {
        let address = match self {
            Self::At(address) => address,
            Self::Behind(offset) => key_end + offset,
        };
        u16::try_from(address).map_err(|_| EvmError::KeyTooLarge { bytes: address })
    }
}
