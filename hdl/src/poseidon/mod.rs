//! Poseidon over BN254's scalar field with circomlib's constants: barrel lanes that run one generated microprogram.
//!
//! ```text
//! program ──> schedule ──> control            what a thread computes, in which order, as words of a table
//!                             │
//! pairs ──> engine ──> lane: sequencer ──> datapath ──> queue ──> engine ──> hashes
//! ```
//!
//! A lane is one multiplier with a sum behind it. Its threads are visited in a circle, each with a permutation of its own at
//! an instruction of its own; as the threads are as many as the multiplier's latency needs, it starts a product at every
//! opportunity: 516 a hash, loading included, and nothing else takes time. Pairs are taken in and hashes handed out beside
//! the computation, one at a time, so that a job costs its multiplications and the time in which its last threads run out.
//!
//! The hash of a pair is circomlib's `poseidon([a, b])`: width 3, S-box x⁵, 8 full and 57 partial rounds.

pub mod config;
mod control;
mod datapath;
pub mod engine;
/// The constants: derived by the same text as the circuit's, which depends on the curve library alone.
#[path = "../../../circuits/src/poseidon/grain.rs"]
mod grain;
mod lane;
mod leaf;
mod measure;
mod multiplier;
mod program;
mod queue;
pub mod schedule;
mod sequencer;
mod serial;
pub mod simulation;

pub use config::{EngineConfig, LaneConfig};
pub use engine::{MAX_LANES, PoseidonEngine};
pub use measure::{Measurement, measure};
pub use serial::SerialMultiplier;
pub use simulation::{EngineSimulation, SimulationError, design};
