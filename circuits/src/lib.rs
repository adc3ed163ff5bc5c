//! Rollup state, operations and the batch circuit.
