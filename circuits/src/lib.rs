//! Rollup state, operations and the batch circuit.

pub mod poseidon;
