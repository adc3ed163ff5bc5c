//! Poseidon: barrel lanes that run a microprogram.

#[path = "../../../circuits/src/poseidon/grain.rs"]
mod grain;

pub mod config;
pub mod control;
pub mod datapath;
pub mod engine;
pub mod lane;
pub mod leaf;
pub mod measure;
pub mod program;
pub mod queue;
pub mod schedule;
pub mod sequencer;
pub mod simulation;
pub mod standin;

pub use config::{EngineConfig, LaneConfig};
pub use engine::{MAX_LANES, PoseidonEngine};
pub use measure::{Measurement, measure};
pub use simulation::{EngineSimulation, SimulationError, design};
