//! The card behind a serial line: how boards without PCI Express carry the contract.
//!
//! ```text
//! host ──request──> card      read or write a register or a block of card memory, reset the function
//! host <──answer─── card
//! host <──request── card      read or write a run of host memory (one burst of the card's bus master)
//! host ───answer──> card
//! host <──interrupt card      not answered: a lost interrupt costs time only
//! ```
//!
//! Both directions carry frames: [`START`], a header of 16 bytes, up to [`MOST_WORDS`] words of 8 bytes, a CRC-32 over
//! header and words, all little-endian. A damaged frame is dropped, as is one that stops in the middle for longer than
//! the line's patience. Whoever asks has one request under way, numbers it, and repeats it with the same number until the
//! answer with that number comes. The host carries a repeated request out once; the card's are harmless when repeated.
//!
//! Besides host memory the card's bus master reaches a block of memory on the card, at [`MEMORY_BASE`].

/// First byte of a frame.
pub const START: u8 = 0xd5;
/// Bytes of a header.
pub const HEADER_BYTES: usize = 16;
/// Bytes of a word.
pub const WORD_BYTES: usize = 8;
/// Words that a frame may carry.
pub const MOST_WORDS: usize = 32;
/// Bytes of the check at the end.
pub const CHECK_BYTES: usize = 4;
/// Bytes of the longest frame.
pub const MOST_BYTES: usize = 1 + HEADER_BYTES + MOST_WORDS * WORD_BYTES + CHECK_BYTES;
/// In an answer to the card, in the place of [`Header::detail`]: the memory cannot be reached.
pub const REFUSED: u8 = 1;
/// Where the card's bus master finds the card's own memory: above every address that the host maps.
pub const MEMORY_BASE: u64 = 1 << 48;

/// What a frame is. Answers carry the kind of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Host: read the register at `address`; the answer has it in `value`.
    RegisterRead = 0x01,
    /// Host: write `value` to the register at `address`.
    RegisterWrite = 0x02,
    /// Host: function-level reset. It is over when CONTROL.RESET reads 0.
    Reset = 0x03,
    /// Host: read `value` words of card memory at byte `address` of it; the answer has them.
    MemoryRead = 0x04,
    /// Host: write the frame's words to card memory at byte `address` of it.
    MemoryWrite = 0x05,
    /// Card: read `value` words of host memory at `address`; the answer has them, or [`REFUSED`].
    HostRead = 0x81,
    /// Card: write the frame's words to host memory at `address`; the answer may be [`REFUSED`].
    HostWrite = 0x82,
    /// Card: MSI-X vector 0.
    Interrupt = 0x83,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::RegisterRead,
        Self::RegisterWrite,
        Self::Reset,
        Self::MemoryRead,
        Self::MemoryWrite,
        Self::HostRead,
        Self::HostWrite,
        Self::Interrupt,
    ];

    /// The kind of this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is.
    pub kind: Kind,
    /// The request's number.
    pub sequence: u8,
    /// Words that follow.
    pub words: u8,
    /// [`REFUSED`] in an answer to the card, else 0.
    pub detail: u8,
    /// See [`Kind`].
    pub value: u32,
    /// See [`Kind`].
    pub address: u64,
}

impl Header {
    /// As it travels.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let [v0, v1, v2, v3] = self.value.to_le_bytes();
        let [a0, a1, a2, a3, a4, a5, a6, a7] = self.address.to_le_bytes();
        [self.kind as u8, self.sequence, self.words, self.detail, v0, v1, v2, v3, a0, a1, a2, a3, a4, a5, a6, a7]
    }

    /// From the line; `None` if it is none.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let [kind, sequence, words, detail, v0, v1, v2, v3, address @ ..] = *bytes;
        if usize::from(words) > MOST_WORDS {
            return None;
        }
        Some(Self {
            kind: Kind::from_code(kind)?,
            sequence,
            words,
            detail,
            value: u32::from_le_bytes([v0, v1, v2, v3]),
            address: u64::from_le_bytes(address),
        })
    }
}

/// The polynomial of CRC-32 (IEEE 802.3), lowest bit first.
pub const CRC_POLYNOMIAL: u32 = 0xedb8_8320;

/// CRC-32 as in IEEE 802.3.
pub fn crc(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (CRC_POLYNOMIAL & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_that_of_ieee() {
        assert_eq!(crc(*b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn headers_travel() {
        for kind in Kind::ALL {
            let header = Header { kind, sequence: 7, words: 32, detail: 1, value: 0x1234_5678, address: u64::MAX - 5 };
            assert_eq!(Header::decode(&header.encode()), Some(header));
        }
        let header = Header { kind: Kind::Reset, sequence: 0, words: 0, detail: 0, value: 0, address: 0 };
        let mut bytes = header.encode();
        bytes[0] = 0;
        assert_eq!(Header::decode(&bytes), None);
        bytes[0] = 1;
        bytes[2] = 33;
        assert_eq!(Header::decode(&bytes), None);
    }
}
