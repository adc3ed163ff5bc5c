//! Frames on the line: writing one, and finding them again in what comes.

use penstock_abi::serial::{CHECK_BYTES, HEADER_BYTES, Header, Kind, MOST_BYTES, MOST_WORDS, START, WORD_BYTES, crc};

/// Bytes of the longest payload.
pub const MOST_PAYLOAD: usize = MOST_WORDS * WORD_BYTES;

/// A header and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The header; its `words` is what `data` has.
    pub header: Header,
    /// Whole words.
    pub data: Vec<u8>,
}

impl Frame {
    /// A frame; `data` is whole words, at most [`MOST_PAYLOAD`] bytes.
    pub fn new(kind: Kind, sequence: u8, value: u32, address: u64, data: Vec<u8>) -> Self {
        let words = (data.len() / WORD_BYTES) as u8;
        Self { header: Header { kind, sequence, words, detail: 0, value, address }, data }
    }

    /// As it travels.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MOST_BYTES);
        bytes.push(START);
        bytes.extend(self.header.encode());
        bytes.extend(&self.data);
        bytes.extend(crc(bytes[1..].iter().copied()).to_le_bytes());
        bytes
    }
}

/// Finds frames among bytes.
#[derive(Debug, Default)]
pub struct Finder {
    pending: Vec<u8>,
}

impl Finder {
    /// Forgets a frame that stopped in the middle.
    pub fn give_up(&mut self) {
        // What looked like a start may have been none: there can be a frame behind it.
        self.pending.drain(..self.pending.len().min(1));
    }

    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend(bytes);
    }

    /// The next whole and undamaged frame.
    pub fn next(&mut self) -> Option<Frame> {
        loop {
            let start = self.pending.iter().position(|byte| *byte == START).unwrap_or(self.pending.len());
            self.pending.drain(..start);
            let header = self.pending.get(1..).and_then(|rest| rest.first_chunk::<HEADER_BYTES>())?;
            let Some(header) = Header::decode(header) else {
                self.give_up();
                continue;
            };
            let end = 1 + HEADER_BYTES + usize::from(header.words) * WORD_BYTES;
            let check = self.pending.get(end..).and_then(|rest| rest.first_chunk::<CHECK_BYTES>())?;
            if u32::from_le_bytes(*check) != crc(self.pending[1..end].iter().copied()) {
                self.give_up();
                continue;
            }
            let data = self.pending[1 + HEADER_BYTES..end].to_vec();
            self.pending.drain(..end + CHECK_BYTES);
            return Some(Frame { header, data });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sequence: u8) -> Frame {
        // Data that looks like the start of frames.
        let data = vec![START; WORD_BYTES * usize::from(sequence)];
        Frame::new(Kind::MemoryWrite, sequence, 0xd5d5_d5d5, 0xd5, data)
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let frames: Vec<_> = (0..20).map(frame).collect();
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        for size in [1, 2, 3, 17, 64, bytes.len()] {
            let mut finder = Finder::default();
            let mut found = Vec::new();
            for part in bytes.chunks(size) {
                finder.push(part);
                found.extend(std::iter::from_fn(|| finder.next()));
            }
            assert_eq!(found, frames);
            assert!(finder.pending.is_empty());
        }
    }

    #[test]
    fn noise_and_damage_cost_no_frame_but_their_own() {
        let good = frame(3);
        for at in 0..good.encode().len() {
            for flip in [1, 0x80] {
                let mut finder = Finder::default();
                let mut damaged = good.encode();
                damaged[at] ^= flip;
                finder.push(&[0, START, 1, 2, 3]);
                finder.push(&damaged);
                finder.push(&frame(4).encode());
                finder.push(&[0; MOST_BYTES]);
                let found: Vec<_> = std::iter::from_fn(|| finder.next()).collect();
                assert!(found.contains(&frame(4)), "byte {at}");
                assert!(!found.iter().any(|found| found.header.sequence == 3 && *found != good), "byte {at}");
            }
        }
    }

    #[test]
    fn a_frame_that_stops_is_given_up() {
        let mut finder = Finder::default();
        finder.push(&frame(5).encode()[..30]);
        assert_eq!(finder.next(), None);
        while !finder.pending.is_empty() {
            finder.give_up();
            assert_eq!(finder.next(), None);
        }
        finder.push(&frame(2).encode());
        assert_eq!(finder.next(), Some(frame(2)));
    }
}
