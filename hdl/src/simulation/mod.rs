//! The card's RTL at work: Verilated, with a host's memory behind its bus.
//!
//! ```text
//! test, simulated card ──registers──> RtlCard ── Verilated top ──AXI──> AxiBus ──> Memory
//! pseudo-terminal ──bytes──> RtlBoard ── Verilated board, at its pins
//! ```

mod axi;
mod board;
mod card;
mod memory;

pub use axi::{AxiBus, AxiOptions};
pub use board::RtlBoard;
pub use card::{CardError, RtlCard};
pub use memory::{BusError, Memory, Ram};
