//! From an executed block to a checked proof.
//!
//! ```text
//! powers of tau ──setup──> Setup ─┐
//!                                 ├─keys──> proving key ─┐
//! circuit of a preset ────────────┘                      │
//! executed block ──appliance::Prepared──> witness ───────┴─prover::prove──> proof ──prover::verify──> record::ProofRecord
//!                                                             │ scalars ⇅ points                        │
//!                                                        engine: cpu, or a card                     evm: the same check
//!                                                                                                   by a contract
//! ```
//!
//! [`appliance::Appliance`] is the whole way for a preset of the batch circuit; the modules below it take any halo2 circuit.
//! Files are [`sealed`]: whole or absent. What long work costs is told by [`measure`] and [`progress`].

pub mod appliance;
pub mod card;
pub mod data;
pub mod engine;
pub mod evm;
pub mod files;
pub mod keys;
pub mod limits;
pub mod measure;
pub mod progress;
pub mod prover;
pub mod record;
pub mod sealed;
pub mod setup;
pub mod transcript;
