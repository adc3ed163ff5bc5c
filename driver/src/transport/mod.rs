//! Transports: how a card is reached.
//!
//! A transport moves single registers and configuration bytes, makes memory reachable for the card, connects the
//! card's interrupt to an event, and resets the card. It knows nothing of commands. Every access is checked against
//! the size of what it touches and reports failure; none blocks without a limit.

pub mod uart;
pub mod vfio;
pub mod vfio_user;

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::SharedMemory;

/// A way to a card.
pub trait Transport: Send + Sync {
    /// The card's address, as people write it.
    fn name(&self) -> String;

    /// Reads a register of BAR 0.
    ///
    /// # Errors
    /// The offset is outside or unaligned, or the card cannot be reached.
    fn read(&self, offset: u32) -> Result<u32, TransportError>;

    /// Writes a register of BAR 0.
    ///
    /// # Errors
    /// As [`Transport::read`].
    fn write(&self, offset: u32, value: u32) -> Result<(), TransportError>;

    /// Reads configuration space.
    ///
    /// # Errors
    /// The range is outside, or the card cannot be reached.
    fn config_read(&self, offset: u16, out: &mut [u8]) -> Result<(), TransportError>;

    /// Writes configuration space.
    ///
    /// # Errors
    /// As [`Transport::config_read`].
    fn config_write(&self, offset: u16, data: &[u8]) -> Result<(), TransportError>;

    /// Addresses that memory may be mapped at.
    ///
    /// # Errors
    /// They cannot be found out.
    fn dma_ranges(&self) -> Result<Vec<RangeInclusive<u64>>, TransportError>;

    /// Whether memory on huge pages can be mapped.
    fn huge_pages(&self) -> bool {
        false
    }

    /// Lets the card read and write `memory` from `address` on. The caller keeps the memory until it is unmapped.
    ///
    /// # Errors
    /// The address is taken or not allowed, or pages cannot be pinned.
    fn map(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError>;

    /// Takes mapped memory away: once this returns, the card touches it no more.
    ///
    /// # Errors
    /// It is not mapped, or the card cannot be reached.
    fn unmap(&self, memory: &SharedMemory, address: u64) -> Result<(), TransportError>;

    /// Has the card's interrupt, MSI-X vector 0, raise an event; `None` disconnects it.
    ///
    /// # Errors
    /// The card has no MSI-X, or cannot be reached.
    fn connect_interrupt(&self, event: Option<BorrowedFd<'_>>) -> Result<(), TransportError>;

    /// Function-level reset: the card forgets everything but its identity, and its DMA has ended when this returns.
    ///
    /// # Errors
    /// The card cannot be reset or reached.
    fn reset(&self) -> Result<(), TransportError>;
}

/// Why a transport failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The system refused.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A socket's path that the system cannot take.
    #[error("the path of the socket {} has {bytes} bytes, at most {limit} are possible: choose a shorter one", path.display())]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        bytes: usize,
        /// The longest in bytes.
        limit: usize,
    },
    /// The peer is gone.
    #[error("the peer hung up during {what}; start it again and open the card again")]
    Closed {
        /// What was under way.
        what: &'static str,
    },
    /// The peer gave no answer.
    #[error("no answer to {what} within {after:?}: another process may have the card open, or its simulator hangs")]
    TimedOut {
        /// What was asked for.
        what: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The peer answered with an error.
    #[error("{what} was refused: {reason}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The peer's reason.
        reason: String,
    },
    /// The peer broke the protocol.
    #[error("the peer broke the protocol in {what}: {how}")]
    Protocol {
        /// What was under way.
        what: &'static str,
        /// In what way.
        how: String,
    },
    /// An access outside a register window or configuration space.
    #[error("access to {length} bytes at {offset:#x} of {space}")]
    OutOfRange {
        /// What has been accessed.
        space: &'static str,
        /// First byte.
        offset: u64,
        /// Bytes.
        length: usize,
    },
    /// The device cannot be used as it stands.
    #[error("{device} cannot be used: {reason}")]
    Unusable {
        /// The device.
        device: String,
        /// Why, and what to do.
        reason: String,
    },
}

/// Checks an access to BAR 0.
pub fn check_register(offset: u32, bar_bytes: u64) -> Result<(), TransportError> {
    if offset.is_multiple_of(4) && u64::from(offset) + 4 <= bar_bytes {
        Ok(())
    } else {
        Err(TransportError::OutOfRange { space: "BAR 0", offset: offset.into(), length: 4 })
    }
}

/// Checks an access to configuration space.
pub fn check_config(offset: u16, length: usize, config_bytes: u64) -> Result<(), TransportError> {
    if u64::from(offset) + length as u64 <= config_bytes {
        Ok(())
    } else {
        Err(TransportError::OutOfRange { space: "configuration space", offset: offset.into(), length })
    }
}
