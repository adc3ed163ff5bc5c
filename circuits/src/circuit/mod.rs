//! The batch circuit: proves that a block's operations lead from the old state root to the new one, and what public
//! data they publish.
//!
//! ```text
//! BlockTrace ──programs──> slots ──draw──┐
//!                            │           ├─ bus (LogUp) ─ hash and path tape, signature table
//!                            └─ running state over the bus, from operation to operation
//! Witness (plain tables) ──batch──> halo2 columns
//! ```
//!
//! - [`columns`], [`table`], `gates`: 17 shared advice columns, the tables that fill them, named constraints.
//! - [`bus`]: the LogUp argument that connects the regions.
//! - [`slot`]: rows that run the [`programs`], one program a kind of operation.
//! - [`tape`]: Poseidon permutations, two a Merkle level or two free hashes.
//! - [`signature`]: EdDSA over Baby Jubjub.
//! - [`check`], [`soundness`]: which constraints a witness breaks, and whether each of them is needed.
//! - [`preset`], [`demand`]: how much a circuit holds, and how much a block takes.
//! - [`layout`], [`witness`], [`batch`]: rows, values, and the halo2 circuit.

mod affine;
pub mod batch;
pub mod bus;
pub mod check;
pub mod columns;
pub mod demand;
mod gates;
pub mod layout;
pub mod preset;
pub mod programs;
pub mod signature;
pub mod slot;
pub mod soundness;
pub mod table;
pub mod tape;
pub mod witness;
