//! Rollup state, operations and the batch circuit.

pub mod babyjubjub;
pub mod chain;
pub mod circuit;
pub mod eddsa;
pub mod encoding;
pub mod execute;
pub mod json;
pub mod operation;
pub mod packing;
pub mod poseidon;
pub mod public_inputs;
pub mod state;
pub mod trace;
pub mod tree;
