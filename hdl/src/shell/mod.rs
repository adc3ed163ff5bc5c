//! The shell: what stands between the host's bus and the engines.
//!
//! ```text
//!           ┌ lite ─ registers ─ quiesce                            fifo, resize, burst, arbiter, canonical:
//! bus ──────┤                                                       what the others are made of
//!           └ read_mux ─ reader ──┬─ submission ─ decode ─ dispatch ─┐
//!             write_mux ─ writer ─┼─ msm, poseidon  <── jobs ────────┤
//!                         record ─┴─ completion <─── replies ────────┘
//! ```
//!
//! Registers, commands, completions and checks are generated from `penstock-abi`'s tables. Nothing in a command or in
//! host memory is trusted: a command is checked before anything moves, and a refused access ends in a completion that
//! names its address. An engine always gets the words it was promised, zeros after a fault, so that no job has to be
//! aborted; a reset stops the bus first, and then forgets everything.
//!
//! `D` is the width of the DMA bus in bits (64, 128, 256 or 512), `S` the same in bytes: stable Rust cannot compute one
//! from the other.

pub mod arbiter;
pub mod burst;
pub mod canonical;
pub mod card;
pub mod completion;
pub mod decode;
pub mod dispatch;
pub mod fifo;
pub mod lite;
pub mod msm;
pub mod poseidon;
pub mod quiesce;
pub mod read_mux;
pub mod reader;
pub mod record;
pub mod registers;
pub mod resize;
pub mod self_test;
pub mod submission;
pub mod top;
pub mod write_mux;
pub mod writer;
