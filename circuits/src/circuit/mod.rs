//! The batch circuit.

pub mod bus;
pub mod columns;
pub mod gates;
pub mod table;
