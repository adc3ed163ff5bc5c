//! Public data: what an operation leaves on the chain that carries the data, enough to rebuild the state.
//!
//! Whole chunks of 23 bytes, zero-padded; a chunk is one field element, most significant byte first. The first byte is the
//! kind's code; in kinds that a chain checks the second is the chain.

use halo2curves::bn256::Fr;

use super::field::{Value, encode};
use super::table::PublicFields;
use super::{Kind, KindError};
use crate::encoding::word;

/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 23;

/// An operation's public data, padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pubdata {
    kind: Kind,
    bytes: Vec<u8>,
}

/// Bytes that are no operation's public data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PubdataError {
    /// There is no first byte to say the kind.
    #[error("it is empty")]
    Empty,
    /// The first byte is the code of no kind that publishes data.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// Not the kind's number of chunks.
    #[error("a {kind} has {expected} bytes, not {found}")]
    Length {
        /// The kind.
        kind: Kind,
        /// Bytes of its chunks.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
}

impl Pubdata {
    /// The code and the fields that the table lists, padded to the kind's chunks.
    pub(super) fn new<F: PublicFields<Value>>(fields: &F) -> Self {
        Self::padded(F::KIND, encode(F::KIND.code(), F::PUBLIC, &fields.public()))
    }

    /// The public data of a noop, which has no fields.
    pub fn noop() -> Self {
        Self::padded(Kind::Noop, vec![Kind::Noop.code()])
    }

    fn padded(kind: Kind, mut bytes: Vec<u8>) -> Self {
        bytes.resize(kind.chunks() * CHUNK_BYTES, 0);
        Self { kind, bytes }
    }

    /// Takes padded bytes as they were published. Only code and length are checked: that the fields are right is what the proof
    /// shows.
    ///
    /// # Errors
    /// No kind has such bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PubdataError> {
        let kind = Kind::from_code(*bytes.first().ok_or(PubdataError::Empty)?)?;
        let (expected, found) = (kind.chunks() * CHUNK_BYTES, bytes.len());
        if found == expected { Ok(Self { kind, bytes }) } else { Err(PubdataError::Length { kind, expected, found }) }
    }

    /// The operation's kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The chain that checks this data, for the kinds that a chain checks.
    pub fn chain(&self) -> Option<u8> {
        if self.kind.is_on_chain() { self.bytes.get(1).copied() } else { None }
    }

    /// The bytes, padding included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The chunks, one field element each.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = Fr> {
        self.bytes.chunks(CHUNK_BYTES).map(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_right_length_are_taken_and_all_others_refused() {
        for kind in Kind::ALL {
            let mut bytes = vec![0; kind.chunks() * CHUNK_BYTES];
            (bytes[0], bytes[1]) = (kind.code(), 7);
            let pubdata = Pubdata::from_bytes(bytes.clone());
            let chain = kind.is_on_chain().then_some(7);
            assert_eq!(pubdata.map(|pubdata| (pubdata.kind(), pubdata.chain())), Ok((kind, chain)));
            bytes.push(0);
            assert!(matches!(Pubdata::from_bytes(bytes), Err(PubdataError::Length { .. })));
        }
        assert_eq!(Pubdata::from_bytes(Vec::new()), Err(PubdataError::Empty));
        assert!(matches!(Pubdata::from_bytes(vec![9; 23]), Err(PubdataError::Kind(KindError::Reserved { .. }))));
    }
}
