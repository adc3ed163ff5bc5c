//! Public data: what an operation leaves on the chain that carries the data, enough to rebuild the state.
//!
//! Whole chunks of 23 bytes, zero-padded; a chunk is one field element, most significant byte first.

use halo2curves::bn256::Fr;

use super::Kind;
use super::message::Fields;
use crate::encoding::word;

/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 23;

/// An operation's public data, padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pubdata(Vec<u8>);

impl Pubdata {
    /// Pads the kind's fields (its code first) to the kind's chunks.
    pub(super) fn new(kind: Kind, fields: Fields) -> Self {
        let mut bytes = fields.finish();
        bytes.resize(kind.chunks() * CHUNK_BYTES, 0);
        Self(bytes)
    }

    /// Of a noop.
    pub fn noop() -> Self {
        Self::new(Kind::Noop, Fields::new(Kind::Noop.code()))
    }

    /// The bytes, padding included.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The field elements.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = Fr> {
        self.0.chunks(CHUNK_BYTES).map(word)
    }
}
