//! Signed bytes and the message, one field element, that EdDSA signs in their place.
//!
//! The bytes are zero-padded at the end to a multiple of 31 and folded word by word, big-endian: h ← P(h, word), from the
//! deployment's id, so that no signature is good for two deployments.

use halo2curves::bn256::Fr;

use super::Deployment;
use crate::encoding::word;
use crate::packing::{PackedAmount, PackedFee};
use crate::poseidon::fold;

/// Bytes of a message's word.
const WORD_BYTES: usize = 31;

/// Something that an account signs.
pub trait Message {
    /// The bytes that are signed, in the protocol's layout.
    fn signed_bytes(&self) -> Vec<u8>;

    /// The field element that stands for them in a deployment.
    fn message(&self, deployment: Deployment) -> Fr {
        fold(deployment.0, words(&self.signed_bytes()))
    }
}

/// Zero-padded words of 31 bytes.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = Fr> {
    bytes.chunks(WORD_BYTES).map(|chunk| {
        let mut padded = [0; WORD_BYTES];
        padded[..chunk.len()].copy_from_slice(chunk);
        word(&padded)
    })
}

/// Big-endian fields, one after the other.
#[derive(Default)]
pub(super) struct Fields(Vec<u8>);

impl Fields {
    pub(super) fn new(first: u8) -> Self {
        Self(vec![first])
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn u128(self, value: u128) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// The 5 bytes of a packed amount.
    pub(super) fn amount(self, amount: PackedAmount) -> Self {
        self.bytes(&amount.bits().to_be_bytes()[3..])
    }

    /// The 2 bytes of a packed fee.
    pub(super) fn fee(self, fee: PackedFee) -> Self {
        self.bytes(&fee.bits().to_be_bytes()[6..])
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}
