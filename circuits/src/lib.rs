//! Rollup state, operations and the batch circuit.

pub mod babyjubjub;
pub mod circuit;
pub mod eddsa;
pub mod poseidon;
