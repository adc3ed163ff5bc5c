//! A board without PCI Express: the card behind a serial line.
//!
//! ```text
//! host ══ UART ══> FrameReceiver ──requests──> Requests ──AXI4-Lite──> card's registers
//!                       │                         │  ╲
//!                       │ answers                 │   CardMemory <── bursts at MEMORY_BASE
//!                       ▼                         │                       │
//!                     Tunnel <──────AXI4──────────┼──────────────── card's bus master
//!                       │ requests                │ answers
//! host <══ UART ══ FrameSender <──────────────────┘ <── interrupt
//! ```
//!
//! The protocol is [`penstock_abi::serial`]'s. The card's bus master reaches two places: its own memory on the chip, at a
//! beat every other cycle, and, through the line, whatever the host's driver has mapped, so that the same driver and the
//! same commands work as over PCI Express. After power-up the board runs the card's self-test by itself, with rings in
//! the card's memory, and shows the outcome on its LEDs.

mod line;
mod memory;
mod receiver;
mod requests;
mod sender;
mod top;
mod tunnel;
pub mod ulx3s;

pub use top::{Board, BoardConfig};
