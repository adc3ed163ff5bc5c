//! Rollup state, operations and the batch circuit.

pub mod babyjubjub;
pub mod circuit;
pub mod chain;
pub mod eddsa;
pub mod encoding;
pub mod operation;
pub mod packing;
pub mod poseidon;
pub mod trace;
