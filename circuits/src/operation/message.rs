//! Signed bytes and the message, one field element, that EdDSA signs in their place.
//!
//! The bytes are zero-padded at the end to a multiple of 31 and folded word by word, big-endian: h ← P(h, word), from the
//! deployment's id, so that no signature is good for two deployments.

use halo2curves::bn256::Fr;

use super::Deployment;
use super::field::{Value, encode};
use super::table::{Described, SignedFields};
use crate::encoding::word;
use crate::poseidon::fold;

/// Bytes of a message's word.
pub const WORD_BYTES: usize = 31;

/// Something that an account signs.
pub trait Message: Described<Fields: SignedFields<Value>> {
    /// The bytes that are signed: the code, and the fields that the table lists.
    fn signed_bytes(&self) -> Vec<u8> {
        encode(Self::Fields::CODE, Self::Fields::SIGNED, &self.fields().signed())
    }

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
