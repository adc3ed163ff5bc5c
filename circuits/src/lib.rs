//! The rollup's state, its operations, and the circuit that proves a block of them.
//!
//! ```text
//! JSON ──operation──> Block ──state, execute──> BlockTrace ──┬─> public_inputs ──┐
//!                                                           │                   ├─circuit──> halo2 columns
//!                                                           └───────────────────┘
//! below: chain, encoding, packing (bytes and amounts); tree; eddsa over babyjubjub; poseidon
//! ```
//!
//! - [`operation`]: the nine operations, their signed bytes and public data. [`state`]: accounts, balances and orders in an
//!   embedded database. [`execute`]: the rules. [`trace`]: what execution leaves for the circuit.
//! - [`public_inputs`]: what a proof is about. [`circuit`]: the batch circuit, and what shows that it is sound.
//!
//! The rules in words are in `circuits/PROTOCOL.md`. Nothing here knows of cards, keys or proofs: `penstock-prover` does.
//!
//! # Example
//! A block is executed, and laid into the circuit of a preset:
//!
//! ```
//! use penstock_circuits::{Batch, Block, Genesis, Preset, PublicInputs, State};
//!
//! let genesis: Genesis = serde_json::from_str(include_str!("../../host/examples/genesis.json"))?;
//! let block = Block::from_json(include_str!("../../host/examples/transfer.json"))?;
//! let folder = tempfile::tempdir()?;
//! let state = State::init(folder.path(), &genesis)?;
//!
//! // Checks every rule and signature, and changes nothing until the changes are committed.
//! let (trace, changes) = state.execute(&block)?;
//!
//! let batch = Batch::new(Preset::Tiny);
//! let public = PublicInputs::new(&trace, batch.capacities().chains)?;
//! let circuit = batch.assign(&trace, &public)?;
//!
//! state.commit(changes)?;
//! assert_eq!(state.view()?.root(), trace.new_root);
//! # let _ = circuit;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

pub use circuit::batch::{Batch, BatchCircuit};
pub use circuit::preset::Preset;
pub use execute::{BlockError, Rule};
pub use operation::{Block, Deployment, Kind, SignedOperation};
pub use public_inputs::PublicInputs;
pub use state::{Genesis, State};
pub use trace::BlockTrace;
