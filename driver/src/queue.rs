//! The queue pair: a submission ring and a completion ring in one buffer.
//!
//! The driver writes commands at the tail of the first and rings a doorbell; the card writes completions to the
//! second, whose phase bit flips at every turn. How many commands may be under way is the owner's to keep below
//! [`QueuePair::capacity`]; then neither ring ever overflows.

use std::sync::Arc;

use penstock_abi::{COMMAND_BYTES, COMPLETION_BYTES, Completion, phase_of, registers as r};

use crate::dma::Pool;
use crate::{CardError, DmaBuffer, Transport, TransportError};

/// The rings.
#[derive(Debug)]
pub struct QueuePair {
    memory: DmaBuffer,
    entries: u32,
    tail: u32,
    head: u32,
    /// The phase of the next new completion.
    phase: bool,
}

impl QueuePair {
    /// Rings of `entries` entries each, a power of two.
    ///
    /// # Errors
    /// There is no DMA memory.
    pub fn new(pool: &Arc<Pool>, entries: u32) -> Result<Self, CardError> {
        let memory = pool.allocate(entries as usize * (COMMAND_BYTES + COMPLETION_BYTES))?;
        Ok(Self { memory, entries, tail: 0, head: 0, phase: true })
    }

    /// Commands that may be under way: one slot stays empty, so that a full ring differs from an empty one.
    pub fn capacity(&self) -> usize {
        self.entries as usize - 1
    }

    /// Empties the rings and tells a disabled card where they are.
    ///
    /// # Errors
    /// The transport fails.
    pub fn install(&mut self, transport: &dyn Transport) -> Result<(), TransportError> {
        self.memory.clear();
        (self.tail, self.head, self.phase) = (0, 0, true);
        let submissions = self.memory.address();
        let completions = submissions + self.completion_offset(0) as u64;
        for (register, value) in [
            (r::SUBMISSION_BASE_LOW, submissions as u32),
            (r::SUBMISSION_BASE_HIGH, (submissions >> 32) as u32),
            (r::SUBMISSION_ENTRIES, self.entries),
            (r::COMPLETION_BASE_LOW, completions as u32),
            (r::COMPLETION_BASE_HIGH, (completions >> 32) as u32),
            (r::COMPLETION_ENTRIES, self.entries),
        ] {
            transport.write(register.offset, value)?;
        }
        Ok(())
    }

    /// Writes a command and rings the doorbell.
    ///
    /// # Errors
    /// The transport fails.
    pub fn push(&mut self, command: &[u8; COMMAND_BYTES], transport: &dyn Transport) -> Result<(), CardError> {
        self.memory.write(self.tail as usize * COMMAND_BYTES, command)?;
        self.tail = (self.tail + 1) % self.entries;
        // The doorbell must not overtake the command.
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        Ok(transport.write(r::SUBMISSION_TAIL.offset, self.tail)?)
    }

    /// Takes the next completion, if the card has written one; [`QueuePair::release`] gives its slot back.
    ///
    /// # Errors
    /// None that a ring inside its buffer could cause.
    pub fn pop(&mut self) -> Result<Option<Completion>, CardError> {
        let offset = self.completion_offset(self.head);
        let last = self.memory.load_acquire(offset + COMPLETION_BYTES - 8)?;
        if phase_of(last) != self.phase {
            return Ok(None);
        }
        let mut bytes = [0; COMPLETION_BYTES];
        self.memory.read(offset, &mut bytes)?;
        // As it stood when its phase was seen, whatever the card does to it now.
        bytes[COMPLETION_BYTES - 8..].copy_from_slice(&last.to_le_bytes());
        self.head = (self.head + 1) % self.entries;
        self.phase ^= self.head == 0;
        Ok(Some(Completion::decode(&bytes)))
    }

    /// Tells the card which completions have been taken.
    ///
    /// # Errors
    /// The transport fails.
    pub fn release(&self, transport: &dyn Transport) -> Result<(), TransportError> {
        transport.write(r::COMPLETION_HEAD.offset, self.head)
    }

    fn completion_offset(&self, index: u32) -> usize {
        self.entries as usize * COMMAND_BYTES + index as usize * COMPLETION_BYTES
    }
}
