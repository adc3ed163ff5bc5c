//! The prover appliance: keys, prover, engines, verifier.

pub mod engine;
pub mod evm;
pub mod keys;
pub mod progress;
pub mod prover;
pub mod sealed;
pub mod setup;
pub mod transcript;
