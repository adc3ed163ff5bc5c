//! The card's contract: registers, commands, completions.
//!
//! One definition, shared by everything that has to agree on it: the RTL generates its decode from [`REGISTERS`] and the
//! field tables, the driver and the simulated cards encode and decode with the types here, and `REGISTERS.md` is
//! printed by [`page::Page`]. Host memory is little-endian throughout, as is every byte order here.
//!
//! The card is a PCI function with one register window (BAR 0, 32-bit registers) and one queue pair in host memory. The
//! driver writes 64-byte [`Command`]s into the submission ring and rings a doorbell; the card reads them, moves its
//! data by DMA, and writes 32-byte [`Completion`]s into the completion ring, with a phase bit that flips at every
//! turn of the ring, so that a new entry is told from an old one without another read.

#![no_std]

mod capabilities;
mod command;
mod completion;
mod field;
mod msm;
pub mod page;
pub mod registers;
pub mod serial;

pub use capabilities::{Capabilities, CapabilityError};
pub use command::{COMMAND_BYTES, COMMANDS, Command, CommandLayout, Opcode, Rejection};
pub use completion::{COMPLETION_BYTES, COMPLETION_FIELDS, Completion, STATUSES, Status, phase_of};
pub use field::Field;
pub use msm::{ELEMENT_BYTES, MsmLayout, POINT_BYTES};
pub use registers::{Access, REGISTERS, Register};

/// PCI vendor: AMD (Xilinx), whose bridge block carries the card on its boards.
pub const PCI_VENDOR: u16 = 0x10ee;
/// PCI device.
pub const PCI_DEVICE: u16 = 0x5053;
/// PCI class code: processing accelerator.
pub const PCI_CLASS: u32 = 0x12_00_00;
/// Bytes of the register window, BAR 0.
pub const BAR0_BYTES: u32 = 4096;
/// What [`registers::IDENTITY_REGISTER`] reads: "PNSK" in the order of the bytes.
pub const IDENTITY: u32 = u32::from_le_bytes(*b"PNSK");
/// What a register reads when the card is gone from its bus.
pub const ALL_ONES: u32 = u32::MAX;
/// Major version: a driver and a card of different major versions do not talk.
pub const ABI_MAJOR: u16 = 1;
/// Minor version: raised by additions that an older driver need not know.
pub const ABI_MINOR: u16 = 0;
/// Every address in a command is a multiple of this, so that no card of any data width has to shift lanes.
pub const ALIGNMENT: u64 = 64;
