//! Why a card did not do what it was asked for.

use std::time::Duration;

use penstock_abi::{CapabilityError, Opcode, Status};

use crate::TransportError;
use crate::memory::OutOfBounds;

/// A failure of the card, of the way to it, or of a request.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What answers is no Penstock card.
    #[error("{card} is no Penstock card: its identity reads {identity:#010x}; check the address and the bitstream")]
    NotACard {
        /// The address.
        card: String,
        /// What the identity register reads.
        identity: u32,
    },
    /// The card speaks another major version of the contract.
    #[error("{card} speaks ABI {found}, this driver {expected}; load the bitstream that was released with this driver")]
    Version {
        /// The address.
        card: String,
        /// The driver's major version.
        expected: u16,
        /// The card's.
        found: u16,
    },
    /// A capability register makes no sense.
    #[error("the card's capabilities are damaged: {0}")]
    Capability(#[from] CapabilityError),
    /// The card is gone.
    #[error("the card was lost: {reason}; open it again")]
    Lost {
        /// What was noticed.
        reason: String,
    },
    /// No completion in time. The card's state is unknown until it is reset.
    #[error("no completion of {command:?} within {after:?}; reset the card and retry")]
    TimedOut {
        /// The command.
        command: Opcode,
        /// The limit.
        after: Duration,
    },
    /// The card refused a command.
    #[error("the card refused {command:?}: {status:?} (detail {detail:#x})")]
    Rejected {
        /// The command.
        command: Opcode,
        /// Why.
        status: Status,
        /// See [`Status`].
        detail: u64,
    },
    /// The card could not reach memory.
    #[error("the card could not reach memory at {address:#x}; check that its bus mastering and mappings are in place")]
    DmaFault {
        /// The address.
        address: u64,
    },
    /// The card did what no card may do. Nothing it wrote since is trusted; reset it.
    #[error("the card broke its contract: {how}; reset it, and replace it if this happens again")]
    ProtocolViolation {
        /// What it did.
        how: String,
    },
    /// The card was reset while the command was under way.
    #[error("the card was reset while {command:?} was under way; submit it again")]
    Reset {
        /// The command.
        command: Opcode,
    },
    /// Every slot of the ring stayed taken.
    #[error("the submission ring stayed full for {after:?}; await tickets, or reset the card")]
    RingFull {
        /// The limit.
        after: Duration,
    },
    /// No DMA memory is left.
    #[error(
        "{requested} bytes of DMA memory asked for, beyond the limit of {limit}; raise the limit or submit less at once"
    )]
    OutOfMemory {
        /// Bytes asked for.
        requested: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The request is not one that this card can take.
    #[error("this card cannot take the request: {reason}")]
    Unsupported {
        /// Why not.
        reason: String,
    },
}

impl CardError {
    /// In a word, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transport(_) => "transport",
            Self::NotACard { .. } => "not_a_card",
            Self::Version { .. } => "version",
            Self::Capability(_) => "capability",
            Self::Lost { .. } => "lost",
            Self::TimedOut { .. } => "timed_out",
            Self::Rejected { .. } => "rejected",
            Self::DmaFault { .. } => "dma_fault",
            Self::ProtocolViolation { .. } => "protocol_violation",
            Self::Reset { .. } => "reset",
            Self::RingFull { .. } => "ring_full",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

impl From<OutOfBounds> for CardError {
    fn from(error: OutOfBounds) -> Self {
        // Only the card's own word can lead the driver outside a buffer.
        Self::ProtocolViolation { how: error.to_string() }
    }
}
