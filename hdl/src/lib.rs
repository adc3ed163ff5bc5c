//! The card's arithmetic as RTL: written in rust-hdl, emitted as Verilog, simulated with Verilator.
//!
//! ```text
//! field ──> point ──> msm ─────┐
//!   └─────> poseidon ──────────┴─> shape ──> emit ──> verilator ──> tests, reports, the simulated card
//! ```
//!
//! Every block is a rust-hdl unit beside a plain `…Config` that says its widths, its latency and its start interval, so
//! that nothing downstream hardcodes a delay. Leaf arithmetic is generated Verilog text; what composes leaves is
//! rust-hdl's language. rust-hdl's own simulator is not used: its semantics differ from the Verilog it prints.
//!
//! Conventions: one clock, `clock`; a synchronous active-high `reset`; a stream is `<name>_data`, `<name>_valid`,
//! `<name>_ready` and moves a word at each rising edge with valid and ready high.

pub mod board;
pub mod card;
pub mod emit;
pub mod field;
pub mod formal;
pub mod hierarchy;
pub mod leaf;
pub mod msm;
pub mod point;
pub mod poseidon;
pub mod shape;
pub mod shell;
pub mod simulation;
pub mod verilator;
